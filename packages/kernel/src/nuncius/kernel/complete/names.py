"""Complete names, attributes and keyword arguments, without running code of the objects."""

from __future__ import annotations

import ast
import builtins
import keyword
import sys
import types
from collections.abc import Iterable, Mapping
from typing import Any

from nuncius.kernel.complete.at_hand import ORDINARY_DIR
from nuncius.kernel.complete.drafts import Draft
from nuncius.kernel.complete.kinds import kind_of, parameters_of, signature_of
from nuncius.kernel.complete.model import (
    CompletionContext,
    MatcherResult,
    SimpleCompletion,
    completion_matcher,
)
from nuncius.kernel.guarded import Instance, Refused
from nuncius.kernel.static import (
    MISSING,
    class_attribute,
    class_members,
    instance_dict,
    is_a,
    raw_attribute,
)

__all__ = ["attribute_matcher", "keyword_argument_matcher", "members_of", "name_matcher"]

#: Signatures are written for so many completions at most: for more of them nobody reads them.
_MAX_SIGNATURES = 60
_KEYWORDS = [*keyword.kwlist, *keyword.softkwlist]
#: Attributes of every class that a person never types on an instance.
_OF_TYPE = frozenset(vars(type))


@completion_matcher(identifier="IPCompleter.python_matcher", priority=0, api_version=2)
def name_matcher(context: CompletionContext) -> MatcherResult:
    """Complete variables, builtins and keywords."""
    if context.python is None:
        return MatcherResult()
    context = context.python
    code = context.code
    if code.has_dot or code.string or code.in_comment:
        return MatcherResult()
    found: dict[str, Any] = {**context.drafts}
    for namespace in (*context.namespaces, vars(builtins)):
        for name in list(namespace):
            if is_a(name, str) and name not in found:
                found[name] = namespace[name]
    words = [w for w in _KEYWORDS if code.word and w.startswith(code.word) and w not in found]
    names = _matching(found, code.word, context.hide)
    if words:  # a keyword fits: case matters
        names = [name for name in names if name.startswith(code.word)]
    # what the person made comes before what is always there
    names.sort(key=lambda name: found[name] is vars(builtins).get(name, MISSING))
    completions = _described(names, found)
    completions += [SimpleCompletion(word, "keyword") for word in words]
    return MatcherResult(completions, code.word_start)


@completion_matcher(identifier="IPCompleter.attribute_matcher", priority=0, api_version=2)
def attribute_matcher(context: CompletionContext) -> MatcherResult:
    """Complete the attributes of the expression before the dot."""
    if context.python is None:
        return MatcherResult()
    context = context.python
    code = context.code
    if not code.has_dot or not code.target or code.string or code.in_comment:
        return MatcherResult()
    try:
        obj = context.evaluator.evaluate(code.target)
    except Refused:
        obj = _loaded_module(code.target)
        if obj is MISSING:
            return MatcherResult()
    members = members_of(obj)
    names = _matching(members, code.word, context.hide)
    return MatcherResult(_described(names, members), code.word_start)


def _loaded_module(name: str) -> Any:
    """Return a module that is not imported here, but known to Python, under its usual name."""
    usual = {"np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot", "pl": "polars"}
    return sys.modules.get(usual.get(name, name), MISSING)


def members_of(obj: Any) -> dict[str, Any]:
    """Return the attributes of an object: names and the raw objects behind them.

    Only a ``__dir__`` that the class itself defines is called; what it raises is ignored.
    """
    if is_a(obj, Instance):
        return class_members(obj.kind)
    if is_a(obj, type):
        members = {n: v for n, v in class_members(type(obj)).items() if n not in _OF_TYPE}
        members.update(class_members(obj))
    elif is_a(obj, types.ModuleType):
        members = dict(instance_dict(obj))
        members.update(_submodules(members.get("__name__")))
    else:
        members = class_members(type(obj))
        members.update((k, v) for k, v in list(instance_dict(obj).items()) if is_a(k, str))
    for name in _own_dir(obj):
        if name not in members:  # neither the object nor a class of it has it: it will be computed
            members[name] = MISSING
    return members


def _own_dir(obj: Any) -> Iterable[str]:
    method = class_attribute(type(obj), "__dir__")
    if is_a(obj, types.ModuleType) and "__dir__" in instance_dict(obj):
        method = None
    if method in ORDINARY_DIR:
        return ()
    try:
        kind: Any = type(obj)
        names = [name for name in kind.__dir__(obj) if is_a(name, str)]
    except Exception:  # noqa: BLE001 - the person's __dir__ may raise anything
        return ()
    columns = raw_attribute(obj, "columns")
    if columns is not MISSING and type(obj).__name__ == "DataFrame":
        # pandas itself names only the first hundred
        names += [c for c in _columns(obj) if isinstance(c, str) and c.isidentifier()]
    return names


def _columns(frame: Any) -> list[Any]:
    try:
        return list(frame.columns[:5000])
    except Exception:  # noqa: BLE001 - another library's DataFrame
        return []


def _submodules(package: Any) -> dict[str, Any]:
    """Return the submodules that are loaded: `import a.b` made them attributes of ``a`` or will."""
    if not isinstance(package, str):
        return {}
    start = package + "."
    size = len(start)
    # Thousands of modules are looked at for each key: a loop over them costs ten times as much.
    try:
        parts = "\n".join(["", *sys.modules]).split("\n" + start)
    except TypeError:  # somebody's name is no text
        parts = ["", *(n[size:] for n in list(sys.modules) if is_a(n, str) and n.startswith(start))]
    found = {part.partition("\n")[0] for part in parts[1:]}
    loaded = {name: sys.modules.get(start + name) for name in found if "." not in name}
    return {name: module for name, module in loaded.items() if module is not None}


def _matching(names: Iterable[str], prefix: str, hide: int) -> list[str]:
    """Return the names that start with ``prefix``; without regard to case when none does."""
    found = [n for n in names if n.startswith(prefix)] if prefix else list(names)
    if not found and prefix:
        lower = prefix.lower()
        found = [n for n in names if n.lower().startswith(lower)]
    if not prefix.startswith("_"):
        if hide == 2:
            found = [n for n in found if n[:1] != "_"]
        elif hide == 1:
            found = [n for n in found if not (n.startswith("__") and n.endswith("__"))]
    return _ordered(found)


def _ordered(names: list[str]) -> list[str]:
    """Return names in the order of the alphabet, those with underscores last."""
    # Sorting twice costs a tenth of making a key for each name.
    names.sort()
    names.sort(key=str.lower)
    plain = [n for n in names if n[:1] != "_"]
    if len(plain) == len(names):
        return plain
    private = [n for n in names if n[:1] == "_" and n[:2] != "__"]
    return plain + private + [n for n in names if n[:2] == "__"]


def _described(names: list[str], values: Mapping[str, Any]) -> list[SimpleCompletion]:
    with_signature = len(names) <= _MAX_SIGNATURES
    #: The kind of a value depends on its type alone, and a module has values of few types.
    kinds: dict[type, str] = {}
    completions = []
    for name in names:
        value = values[name]
        typ = type(value)
        kind = kinds.get(typ)
        if kind is None:
            kind = kinds[typ] = kind_of(value) or "instance"
        signature = ""
        if typ is Draft:
            kind, signature = value.kind, _drafted_signature(value)
        elif with_signature and kind == "function":
            signature = signature_of(value)
        completions.append(SimpleCompletion(name, kind, signature))
    return completions


def _drafted_signature(draft: Draft) -> str:
    node = draft.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    return f"({ast.unparse(node.args)})"


@completion_matcher(identifier="IPCompleter.python_func_kw_matcher", priority=10, api_version=2)
def keyword_argument_matcher(context: CompletionContext) -> MatcherResult:
    """Complete the names of the parameters of the call around the cursor."""
    if context.python is None:
        return MatcherResult()
    context = context.python
    code = context.code
    if code.has_dot or code.string or code.in_comment or not code.brackets:
        return MatcherResult()
    call = code.brackets[-1]
    if call.char != "(" or not call.owner or not _starts_argument(context, call.offset):
        return MatcherResult()
    try:
        function = context.evaluator.evaluate(call.owner)
    except Refused:
        return MatcherResult()
    names = [
        name
        for name in parameters_of(function.kind if is_a(function, Instance) else function)
        if name and name.startswith(code.word) and name not in code.used_keywords
    ]
    completions = [SimpleCompletion(f"{name}=", "param") for name in names]
    return MatcherResult(completions, code.word_start, ordered=True)


def _starts_argument(context: CompletionContext, bracket: int) -> bool:
    before = context.before[bracket : context.code.word_start].rstrip()
    return before[-1:] in {"(", ","}
