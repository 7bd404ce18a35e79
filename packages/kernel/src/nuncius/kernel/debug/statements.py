"""Run what a person types in a stopped frame: statements of several lines, expressions with scopes of their own, and ``await``."""

from __future__ import annotations

import ast
import codeop
from collections.abc import Callable, Mapping, MutableMapping
from inspect import CO_COROUTINE
from types import CodeType
from typing import Any

__all__ = ["Ended", "evaluate", "execute", "read_whole"]

_FILE = "<debugger>"

_compile_command = codeop.CommandCompiler()
_compile_command.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


class Ended(Exception):
    """Nobody types any more."""


def read_whole(first: str, more: Callable[[], str]) -> str:
    """Return the statement that begins with ``first``, asking for more lines until it is whole.

    A statement of several lines is whole as it is if it can be compiled; else an empty line ends it, as at Python's own prompt.

    Args:
        first: A line, or several.
        more: Returns another line with its end; an empty text when there is none.

    Raises:
        Ended: There was none.
    """
    source = first
    if "\n" in source and _parses(source):
        return source
    while _is_unfinished(source):
        line = more()
        if not line:
            raise Ended
        source += "\n" + line.rstrip("\r\n")
    return source


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def _is_unfinished(source: str) -> bool:
    try:
        return _compile_command(source, _FILE, "single") is None
    except (SyntaxError, ValueError, OverflowError):
        return False  # compiling it says what is wrong


def execute(source: str, global_ns: dict[str, Any], local_ns: MutableMapping[str, Any]) -> None:
    """Run statements in the namespaces of a frame; the values of expressions go to `sys.displayhook`.

    Functions and comprehensions in them see the frame's variables, too.
    """
    tree = ast.Interactive(body=ast.parse(source, _FILE).body)
    code = compile(tree, _FILE, "single", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if global_ns is local_ns or not _has_scopes(code):
        _run(code, global_ns, local_ns)
        return
    # what is defined in it looks names up in the globals: they are given the variables for the moment
    names = {**global_ns, **local_ns}
    before = dict(names)
    declared = {
        name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names
    }
    try:
        _run(code, names, names)
    finally:
        names.pop("__builtins__", None)
        for name, value in names.items():
            if name not in before or before[name] is not value:
                (global_ns if name in declared else local_ns)[name] = value
        for name in before.keys() - names.keys() - {"__builtins__"}:
            local_ns.pop(name, None)


def evaluate(source: str, global_ns: dict[str, Any], local_ns: Mapping[str, Any]) -> Any:
    """Return the value of an expression in the namespaces of a frame; comprehensions in it see the frame's variables, too."""
    code = compile(source.strip(), _FILE, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if global_ns is local_ns or not _has_scopes(code):
        return _run(code, global_ns, local_ns)
    names = {**global_ns, **local_ns}
    return _run(code, names, names)


def _run(code: CodeType, global_ns: dict[str, Any], local_ns: Mapping[str, Any]) -> Any:
    value = eval(code, global_ns, local_ns)
    if not code.co_flags & CO_COROUTINE:
        return value
    from nuncius.kernel.debug.waiting import wait_for  # asyncio is slow to import

    return wait_for(value)


def _has_scopes(code: CodeType) -> bool:
    return any(isinstance(constant, CodeType) for constant in code.co_consts)
