"""Wrap cells in code of one's own: ``%%code_wrap``."""

from __future__ import annotations

import ast
from copy import deepcopy
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.registry import Magics, line_cell_magic, magics_class
from nuncius.kernel.magics.text import say

__all__ = ["CodeWrapMagics", "Wrapper"]


@magics_class
class CodeWrapMagics(Magics):
    """Wrappers of cells."""

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        super().__init__(shell, **kwargs)
        self._wrappers: dict[str, Wrapper] = {}

    @line_cell_magic
    @options(
        Flag("remove", "Do not wrap cells in this any more."),
        Flag("list", "List the names of the wrappers."),
        Flag("list-all", "List the wrappers with their code."),
        anywhere=True,
    )
    def code_wrap(self, opts: Opts, name: str, cell: str | None = None) -> None:
        """Wrap all cells that follow in the code of this one.

        ``__code__`` stands for the cell; where ``__ret__`` stands, its value is.

        ::

            %%code_wrap before_after
            print("before")
            __code__
            print("after")
            __ret__

            %code_wrap --remove before_after
        """
        if "list" in opts or "list-all" in opts:
            for each, wrapper in self._wrappers.items():
                say(f"{each}:\n{wrapper.source.rstrip()}\n" if "list-all" in opts else each)
            return
        if not name:
            raise UsageError("%code_wrap: the name of the wrapper is required")
        if "remove" in opts:
            if name not in self._wrappers:
                raise UsageError(f"%code_wrap: there is no wrapper {name!r}")
            self.shell.ast_transformers.remove(self._wrappers.pop(name))
            return
        if cell is None:
            raise UsageError("%code_wrap: the code of the wrapper is required: use %%code_wrap")
        if name in self._wrappers:
            self.shell.ast_transformers.remove(self._wrappers.pop(name))
        wrapper = self._wrappers[name] = Wrapper(cell)
        self.shell.ast_transformers.append(wrapper)


class Wrapper(ast.NodeTransformer):
    """Puts the statements of a cell where ``__code__`` stands in a template.

    Args:
        source: The template.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._template = ast.parse(source)

    def visit(self, node: ast.AST) -> Any:
        """Return the wrapped module."""
        if not isinstance(node, ast.Module):
            return node
        tree = deepcopy(self._template)
        body = list(node.body)
        wants_value = any(isinstance(n, ast.Name) and n.id == "__ret__" for n in ast.walk(tree))
        if wants_value:
            value: ast.expr = ast.Constant(None)
            if body and isinstance(body[-1], ast.Expr):
                value = body.pop().value  # type: ignore[attr-defined]
            body.append(ast.Assign([ast.Name("__ret__", ast.Store())], value))
        _Filler(body).visit(tree)
        return ast.fix_missing_locations(tree)


class _Filler(ast.NodeTransformer):
    def __init__(self, body: list[ast.stmt]) -> None:
        self._body = body

    def visit_Expr(self, node: ast.Expr) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id == "__code__":
            return self._body
        return node
