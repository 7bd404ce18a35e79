"""Know what a cell will define before it has run: names, parameters, classes, and roughly what they are.

Theory of operation: the cell is parsed with the statement at the cursor left out. What it binds is noted with the expression that gives its value; expressions are evaluated only when they are asked for, by the same evaluator as all others, so nothing of the cell runs. Functions and classes become stand-ins with the same parameters and members.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nuncius.kernel.guarded import Instance, Refused
from nuncius.kernel.static import MISSING, class_members, is_a, raw_attribute

__all__ = ["Draft", "Drafts", "read_drafts"]

#: Longer cells are read around the cursor only, for names and not for values.
_MAX_PARSED = 30_000
_NO_PYTHON = re.compile(r"^([ \t]*)(?:[%!?].*|.*\?)$", re.MULTILINE)
_ASSIGNED_COMMAND = re.compile(r"=[ \t]*[%!].*$", re.MULTILINE)
_TRY = re.compile(r"^([ \t]*)try:", re.MULTILINE)
_BOUND = re.compile(
    r"\b(?:def|class|for|as|import)[ \t]+([^\W\d]\w*)|(?<![.\w])([^\W\d]\w*)[ \t]*:?=(?!=)"
)
#: What a stand-in for a class cannot take over: Python gives these to each class itself, or reads them when it makes one.
_NOT_COPIED = frozenset(
    {"__dict__", "__weakref__", "__slots__", "__class__", "__init_subclass__", "__set_name__", "__classcell__", "__doc__", "__new__"}
)  # fmt: skip

_WITH_WALRUS = (ast.expr, ast.Expr, ast.Assign)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Draft:
    """What a cell binds a name to.

    Attributes:
        kind: ``function``, ``class``, ``module``, ``param`` or ``instance``.
        node: Gives the value: an expression, or the definition of a function or a class; None when it is not known.
        made: The value is an instance of what ``node`` gives.
        origin: The module that it is imported from, and its name there, if it is not the module.
    """

    kind: str
    node: ast.expr | _Function | ast.ClassDef | None = None
    made: bool = False
    origin: tuple[str, str] | None = None


class Drafts(Mapping[str, Any]):
    """The names that a cell binds as a namespace: of those whose values can be known.

    Args:
        found: By name.
        evaluate: Gives the value of a parsed expression; it may look up names here.
    """

    def __init__(self, found: Mapping[str, Draft], evaluate: Callable[[ast.expr], Any]) -> None:
        self.found = found
        self._evaluate = evaluate
        #: Values that were asked for; MISSING while one is being found, and when it cannot be known.
        self._values: dict[str, Any] = {}

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self.found and self._value(name) is not MISSING

    def __getitem__(self, name: str) -> Any:
        value = self._value(name)
        if value is MISSING:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def _value(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = MISSING  # x = x.head() asks for the x of before
            with suppress(Refused, KeyError, SyntaxError, ValueError, RecursionError):
                self._values[name] = self._made(self.found[name])
        return self._values[name]

    def _made(self, draft: Draft) -> Any:
        node = draft.node
        if draft.origin is not None:
            return _imported(*draft.origin)
        if node is None:
            return MISSING
        if isinstance(node, _Function | ast.Lambda):
            return _function(node)
        value = self._class(node) if isinstance(node, ast.ClassDef) else self._evaluate(node)
        if not draft.made:
            return value
        return Instance(value) if is_a(value, type) else MISSING

    def _class(self, node: ast.ClassDef) -> type:
        members: dict[str, Any] = {}
        for base in node.bases:
            try:
                inherited = self._evaluate(base)
            except Refused:
                continue
            if is_a(inherited, type) and inherited is not object:
                members.update(
                    (name, value if is_a(value, (type(_function), property)) else None)
                    for name, value in class_members(inherited).items()
                )
        fields: list[str] = []
        for item in node.body:
            if isinstance(item, _Function):
                members[item.name] = _method(item)
                members.update(dict.fromkeys(_attributes_set(item)))
            elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                fields.append(item.target.id)
            elif isinstance(item, ast.Assign):
                members.update(dict.fromkeys(_names_in(item.targets)))
        members.update(dict.fromkeys(fields))
        if fields and "dataclass" in {_name_of(d) for d in node.decorator_list}:
            members["__init__"] = _function(_init_of(fields))
        return type(node.name, (), {k: v for k, v in members.items() if k not in _NOT_COPIED})


def _imported(module: str, name: str) -> Any:
    """Return a module, or a name in it, that is loaded already."""
    found = sys.modules.get(module, MISSING)
    return raw_attribute(found, name) if name and found is not MISSING else found


def read_drafts(text: str, statement: int, offset: int) -> dict[str, Draft]:
    """Return what a cell binds, as far as it matters at the cursor.

    Args:
        text: The cell.
        statement: Where the statement starts that the cursor is in.
        offset: Of the cursor.
    """
    before, after = text[:statement], text[offset:].partition("\n")[2]
    if not before.strip() and not after.strip():
        return {}
    if len(text) > _MAX_PARSED:
        return _by_pattern(before[-_MAX_PARSED:])
    start = text[statement:offset]
    indent = start[: len(start) - len(start.lstrip())]
    opens = text[offset:].partition("\n")[0].rstrip().endswith(":")
    here = f"{indent}if 1:" if opens else f"{indent}pass"
    for source in (
        f"{before}{here}\n{after}",
        f"{before}{indent}pass",
        f"{before}{indent}pass{_closed_tries(before, indent)}",
    ):
        try:
            tree = ast.parse(_python_only(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        line = before.count("\n") + indent.count("\n") + 1
        return dict(_bound(tree.body, line))
    return _by_pattern(before)


def _python_only(source: str) -> str:
    return _ASSIGNED_COMMAND.sub("= None", _NO_PYTHON.sub(r"\1pass", source))


def _closed_tries(before: str, indent: str) -> str:
    """Return the ends of the ``try`` blocks around the cursor, which have none yet."""
    width = len(indent.rpartition("\n")[2])
    ends = []
    for match in reversed(list(_TRY.finditer(before))):
        if len(match[1]) < width:
            width = len(match[1])
            ends.append(f"\n{match[1]}finally: pass")
    return "".join(ends)


def _by_pattern(text: str) -> dict[str, Draft]:
    return {name: Draft("instance") for match in _BOUND.findall(text) for name in match if name}


def _bound(body: Iterable[ast.stmt], line: int) -> Iterator[tuple[str, Draft]]:
    """Yield what statements bind; of functions and classes only what is seen at ``line``."""
    for node in body:
        if isinstance(node, _Function):
            yield node.name, Draft("function", node)
            if _holds(node, line):
                yield from _parameters(node)
                yield from _bound(node.body, line)
        elif isinstance(node, ast.ClassDef):
            yield node.name, Draft("class", node)
            if _holds(node, line):
                yield from _inside_class(node, line)
        else:
            yield from _of_statement(node)
            for part in ("body", "orelse", "finalbody"):
                yield from _bound(getattr(node, part, ()), line)
            for handler in getattr(node, "handlers", ()):
                if handler.name:
                    yield handler.name, Draft("instance", handler.type, made=True)
                yield from _bound(handler.body, line)


def _holds(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _inside_class(node: ast.ClassDef, line: int) -> Iterator[tuple[str, Draft]]:
    for item in node.body:
        if isinstance(item, _Function) and _holds(item, line):
            yield from _parameters(item)
            first = next(iter((*item.args.posonlyargs, *item.args.args)), None)
            decorators = {_name_of(d) for d in item.decorator_list}
            if first is not None and "staticmethod" not in decorators:
                yield first.arg, Draft("param", node, made="classmethod" not in decorators)
            yield from _bound(item.body, line)


def _parameters(node: _Function) -> Iterator[tuple[str, Draft]]:
    given = node.args
    for each in (*given.posonlyargs, *given.args, *given.kwonlyargs):
        yield each.arg, Draft("param", each.annotation, made=True)
    if given.vararg:
        yield given.vararg.arg, Draft("param", ast.Name("tuple"), made=True)
    if given.kwarg:
        yield given.kwarg.arg, Draft("param", ast.Name("dict"), made=True)


def _of_statement(node: ast.stmt) -> Iterator[tuple[str, Draft]]:
    read = _STATEMENTS.get(type(node))
    if read is not None:
        yield from read(node)
    searched = node.test if isinstance(node, ast.If | ast.While) else node
    for inner in ast.walk(searched) if isinstance(searched, _WITH_WALRUS) else ():
        if isinstance(inner, ast.NamedExpr):
            yield inner.target.id, Draft("instance", inner.value)


def _import(node: ast.Import) -> Iterator[tuple[str, Draft]]:
    for alias in node.names:
        top = alias.name.partition(".")[0]
        origin = alias.name if alias.asname else top
        yield alias.asname or top, Draft("module", origin=(origin, ""))


def _import_from(node: ast.ImportFrom) -> Iterator[tuple[str, Draft]]:
    module = "" if node.level else node.module or ""
    for alias in node.names:
        if alias.name != "*":
            yield alias.asname or alias.name, Draft("instance", origin=(module, alias.name))


def _assign(node: ast.Assign) -> Iterator[tuple[str, Draft]]:
    single = len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    for name in _names_in(node.targets):
        yield name, Draft("instance", node.value if single else None)


def _annotated(node: ast.AnnAssign) -> Iterator[tuple[str, Draft]]:
    if isinstance(node.target, ast.Name):
        made = node.value is None
        yield node.target.id, Draft("instance", node.annotation if made else node.value, made)


def _for(node: ast.For) -> Iterator[tuple[str, Draft]]:
    for name in _names_in([node.target]):
        yield name, Draft("instance")


def _with(node: ast.With) -> Iterator[tuple[str, Draft]]:
    for item in node.items:
        target = item.optional_vars
        for name in _names_in([] if target is None else [target]):
            value = item.context_expr if isinstance(target, ast.Name) else None
            yield name, Draft("instance", value)


_STATEMENTS: dict[type[ast.stmt], Callable[[Any], Iterator[tuple[str, Draft]]]] = {
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.With: _with,
    ast.AsyncWith: _with,
}


def _names_in(targets: Iterable[ast.expr]) -> Iterator[str]:
    for target in targets:
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _attributes_set(method: _Function) -> Iterator[str]:
    """Yield the attributes that a method gives its object: ``self.name = ...``."""
    if not method.args.args:
        return
    owner = method.args.args[0].arg
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            of = node.value
            yield from [node.attr] if isinstance(of, ast.Name) and of.id == owner else ()


def _name_of(decorator: ast.expr) -> str:
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    return decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")


def _method(node: _Function) -> Any:
    wrappers: dict[str, Callable[[Any], Any]] = {
        "property": property,
        "cached_property": property,
        "staticmethod": staticmethod,
        "classmethod": classmethod,
    }
    function = _function(node)
    for decorator in node.decorator_list:
        wrapper = wrappers.get(_name_of(decorator))
        if wrapper is not None:
            return wrapper(function)
    return function


def _function(node: _Function | ast.Lambda) -> Any:
    """Return a function of the same name and parameters that does nothing."""
    given = node.args
    unknown: ast.expr = ast.Constant(...)

    def bare(parameters: Iterable[ast.arg]) -> list[ast.arg]:
        return [ast.arg(each.arg) for each in parameters]

    parameters = ast.arguments(
        posonlyargs=bare(given.posonlyargs),
        args=bare(given.args),
        vararg=given.vararg and ast.arg(given.vararg.arg),
        kwonlyargs=bare(given.kwonlyargs),
        kw_defaults=[default and unknown for default in given.kw_defaults],
        kwarg=given.kwarg and ast.arg(given.kwarg.arg),
        defaults=[unknown for _ in given.defaults],
    )
    made: Any = eval(_compiled(parameters), {})
    if isinstance(node, ast.Lambda):
        return made
    made.__name__ = made.__qualname__ = node.name
    if node.returns is not None:
        made.__annotations__ = {"return": ast.unparse(node.returns)}
    return made


def _compiled(parameters: ast.arguments) -> Any:
    # a lambda of constants: no expression of the cell is in it
    tree = ast.Expression(ast.Lambda(parameters, ast.Constant(None)))
    return compile(ast.fix_missing_locations(tree), "<draft>", "eval")


def _init_of(fields: Iterable[str]) -> ast.FunctionDef:
    parsed = ast.parse(f"def __init__(self, {', '.join(fields)}): pass").body[0]
    assert isinstance(parsed, ast.FunctionDef)
    return parsed
