"""Find the object that a text or a cursor means, without side effects."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nuncius.kernel.complete.parse import analyze
from nuncius.kernel.guarded import Evaluator, Instance, Refused
from nuncius.kernel.inspect.model import Found
from nuncius.kernel.static import MISSING, raw_attribute

__all__ = ["ObjectFinder", "expression_at"]

_CHAIN = re.compile(r"%{0,2}[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*|\[[\w'\".-]+\])*")
_CHAIN_AT_END = re.compile(r"%{0,2}[^\W\d]\w*(?:\.[^\W\d]\w*)*$")
_CALL = re.compile(r"(%{0,2}[^\W\d][\w.]*(?:\[[\w'\".-]+\])?)\s*\($")
_STRING_OR_COMMENT = re.compile(
    r"'''.*?(?:'''|\Z)|\"\"\".*?(?:\"\"\"|\Z)|'(?:\\.|[^'\\\n])*'?|\"(?:\\.|[^\"\\\n])*\"?|#[^\n]*",
    re.DOTALL,
)
_OPEN, _CLOSE = "([{", ")]}"


def expression_at(code: str, cursor: int) -> str:
    """Return the name that the cursor is on, or that of the call that it is in; empty for none.

    Args:
        code: The cell.
        cursor: Offset in characters.
    """
    for match in _CHAIN.finditer(code):
        if match.start() <= cursor <= match.end():
            if (
                match.start()
                and code[match.start() - 1] in "'\""
                and not match.group().startswith("%")
            ):
                break
            # on the first part of a.b.c, a is meant
            rest = re.compile(r"[\s.\[]").search(code, cursor, match.end())
            end = rest.start() if rest else match.end()
            word = code[match.start() : end]
            if code[: match.start()].endswith("."):  # of a call, a string or a subscript
                analysis = analyze(code[:end])
                if analysis.target:
                    return f"{analysis.target}.{analysis.word}"
            if cursor > match.start() or not _in_call(code, cursor):
                return re.sub(r"\s", "", word) if "[" not in word else word
    return _in_call(code, cursor) or _just_before(code[:cursor])


def _just_before(code: str) -> str:
    """Return the name that ends right before the cursor, or that of the call that does."""
    line = code[code.rfind("\n") + 1 :].rstrip("; \t")
    if line.endswith(")"):
        return _in_call(code, len(code) - len(code.rpartition(")")[2]) - 1)
    name = _CHAIN_AT_END.search(line)
    return name.group() if name and not line.isdigit() else ""


def _in_call(code: str, cursor: int) -> str:
    """Return the function of the innermost call that is open at the cursor."""
    before = _STRING_OR_COMMENT.sub(lambda m: " " * len(m.group()), code[:cursor])
    depth = 0
    for at in range(len(before) - 1, -1, -1):
        char = before[at]
        if char in _CLOSE:
            depth += 1
        elif char in _OPEN:
            if depth:
                depth -= 1
            elif char == "(":
                called = _CALL.search(code[: at + 1])
                if called and not re.search(r"\b(?:def|class)\s+$", code[: called.start()]):
                    return called.group(1)
    return ""


class ObjectFinder:
    """Find objects by name.

    Args:
        namespaces: Gives name -> namespace, in the order of looking up; the names are shown.
        magic: Gives the function of a magic, None for none: name and ``line`` or ``cell``.
        alias: Gives the command of an alias, None for none.
    """

    def __init__(
        self,
        namespaces: Callable[[], Mapping[str, Mapping[str, Any]]],
        magic: Callable[[str, str], Any] = lambda name, kind: None,
        alias: Callable[[str], str | None] = lambda name: None,
    ) -> None:
        self._namespaces = namespaces
        self._magic = magic
        self._alias = alias

    def find(self, name: str) -> Found | None:
        """Return the object that ``name`` leads to, None when there is none.

        Args:
            name: A variable, a magic with or without its percent sign, an alias, or an expression of attributes and items.
        """
        name = name.strip().rstrip("?").lstrip("!")
        if not name:
            return None
        if name.startswith("%"):
            return self._find_magic(name)
        spaces = {**self._namespaces(), "Builtin": vars(builtins)}
        first = re.match(r"[^\W\d]\w*", name)
        for label, space in spaces.items():
            if first and first.group() in space:
                return self._walk(name, list(spaces.values()), label)
        if first and first.group() == name:
            return self._find_magic(name) or self._find_alias(name)
        return self._walk(name, list(spaces.values()), "Interactive")

    def _find_magic(self, name: str) -> Found | None:
        bare = name.lstrip("%")
        kinds = ("cell", "line") if name.startswith("%%") else ("line", "cell")
        for kind in kinds:
            function = self._magic(bare, kind)
            if function is not None:
                return Found(name, function, namespace="Magic", ismagic=True)
        return None

    def _find_alias(self, name: str) -> Found | None:
        command = self._alias(name)
        return None if command is None else Found(name, command, namespace="Alias", isalias=True)

    def _walk(self, name: str, spaces: Sequence[Mapping[str, Any]], namespace: str) -> Found | None:
        evaluator = Evaluator(spaces)
        head, dot, last = name.rpartition(".")
        if not dot or not last.isidentifier():
            return _found(name, lambda: evaluator.evaluate(name), None, namespace)
        try:
            parent = evaluator.evaluate(head)
        except Refused:
            return None
        found = _found(name, lambda: evaluator.attribute(parent, last), parent, namespace)
        if found is not None and not found.stands_for:
            return found
        # a property is described by itself: its value is not made
        holder = parent.kind if isinstance(parent, Instance) else parent
        raw = raw_attribute(holder, last)
        if raw is MISSING:
            return found
        return Found(name, raw, parent, namespace, stands_for="property")


def _found(name: str, evaluate: Callable[[], Any], parent: Any, namespace: str) -> Found | None:
    try:
        value = evaluate()
    except Refused:
        return None
    if isinstance(value, Instance):
        return Found(name, value.kind, parent, namespace, stands_for="instance")
    return Found(name, value, parent, namespace)
