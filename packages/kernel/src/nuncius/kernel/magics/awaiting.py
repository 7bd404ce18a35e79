"""Let magics that run code await in it: ``%time``, ``%%capture`` and their relatives over code with ``await``.

A magic is called in the middle of an expression, where nothing can be awaited. So the call is rewritten, before the cell is compiled: ``get_ipython().run_cell_magic('time', ...)`` becomes ``await get_ipython().await_magic('cell', 'time', ...)``, if the magic's own code may await and mentions it.
The magic then returns the coroutine of its work, `Unfinished`, and the cell awaits it.
"""

from __future__ import annotations

import ast
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from nuncius.kernel.runner import drive

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = [
    "TOP_LEVEL_AWAIT",
    "Unfinished",
    "await_magics",
    "call_unfinished",
    "finish",
    "is_coroutine_code",
    "may_await",
    "mentions_waiting",
]

#: `ast.PyCF_ALLOW_TOP_LEVEL_AWAIT`, a flag of `compile`.
TOP_LEVEL_AWAIT = 0x2000

Function = TypeVar("Function", bound="Callable[..., Any]")

#: Whether the caller of a magic awaits what it leaves unfinished.
_awaits: ContextVar[bool] = ContextVar("nuncius_awaits_magic", default=False)

_MARK = "_nuncius_may_await"
_METHODS = {"run_line_magic": ("line", 2), "run_cell_magic": ("cell", 3)}


def may_await(function: Function) -> Function:
    """Mark a magic that ends with `finish`: the code that it runs may await."""
    setattr(function, _MARK, True)
    return function


class Unfinished:
    """What a magic returns whose work is to be awaited.

    Args:
        coroutine: The work.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.coroutine = coroutine


def finish(shell: Any, coroutine: Coroutine[Any, Any, Any], awaits: bool) -> Any:
    """Return what a magic's work returns; or the work itself, where the cell awaits it.

    Args:
        shell: Its loop is used where the cell does not await.
        coroutine: The work.
        awaits: Whether it may suspend.
    """
    __tracebackhide__ = True
    if _awaits.get():
        return Unfinished(coroutine)
    return shell.run_coroutine(coroutine) if awaits else drive(coroutine)


def call_unfinished(function: Callable[..., Any], *args: Any) -> Any:
    """Call what runs a magic, and have `finish` leave the work to us."""
    __tracebackhide__ = True
    token = _awaits.set(True)
    try:
        return function(*args)
    finally:
        _awaits.reset(token)


def is_coroutine_code(code: Any) -> bool:
    """Tell whether evaluating a code object gives a coroutine."""
    return bool(code.co_flags & 0x80)


def mentions_waiting(source: str) -> bool:
    """Tell whether a text may await something; says yes too often rather than too seldom."""
    return "await" in source or "async" in source


def await_magics(shell: Any, tree: ast.Module) -> ast.Module:
    """Return the cell with the calls of magics awaited that need it.

    Args:
        shell: Knows the magics.
        tree: The cell, after the magics were made calls.
    """
    changed: ast.Module = _Awaited(shell).visit(tree)
    return changed


class _Awaited(ast.NodeTransformer):
    """Rewrites calls where ``await`` is allowed: in the cell itself, and in coroutine functions."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        texts = [value.value for value in node.args if isinstance(value, ast.Constant)]
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        kind, count = _METHODS.get(method, ("", -1))
        if len(texts) != count or not _is_get_ipython(node.func):
            return node
        name, *code = (str(text) for text in texts)
        if not (mentions_waiting("\n".join(code)) and self._may_await(name, kind)):
            return node
        assert isinstance(node.func, ast.Attribute)
        node.func.attr = "await_magic"
        node.args.insert(0, ast.copy_location(ast.Constant(kind), node))
        return ast.copy_location(ast.Await(node), node)

    def _may_await(self, name: str, kind: str) -> bool:
        function = self._shell.find_magic(name, kind)
        return bool(getattr(function, _MARK, False))


def _is_get_ipython(function: ast.expr) -> bool:
    called = function.value if isinstance(function, ast.Attribute) else None
    name = called.func if isinstance(called, ast.Call) else None
    return isinstance(name, ast.Name) and name.id == "get_ipython"
