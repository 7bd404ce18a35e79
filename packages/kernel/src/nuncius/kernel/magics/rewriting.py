"""Wrap cells in code of one's own: ``%%code_wrap``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Self

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
        #: Name -> what cells are wrapped in.
        self.wrappers: dict[str, Wrapper] = {}

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
            for each, wrapper in self.wrappers.items():
                say(f"{each}:\n{wrapper.source.rstrip()}\n" if "list-all" in opts else each)
            return
        if not name:
            raise UsageError("%code_wrap: the name of the wrapper is required")
        if "remove" in opts:
            if name not in self.wrappers:
                raise UsageError(f"%code_wrap: there is no wrapper {name!r}")
            self.shell.ast_transformers.remove(self.wrappers.pop(name))
            return
        if cell is None:
            raise UsageError("%code_wrap: the code of the wrapper is required: use %%code_wrap")
        if name in self.wrappers:
            self.shell.ast_transformers.remove(self.wrappers.pop(name))
        wrapper = self.wrappers[name] = Wrapper(cell)
        self.shell.ast_transformers.append(wrapper)


class Wrapper(ast.NodeTransformer):
    """Puts the statements of a cell where ``__code__`` stands in a template.

    Args:
        template: Its source, or its tree.
        mapping: Statements by the name that stands for them, as libraries give them.
        mangling_predicate: Tells which names of the template get others, that no cell has; without it, none: names that begin with underscores are not listed.

    Attributes:
        enabled: Cells are wrapped.
    """

    def __init__(
        self,
        template: str | ast.Module,
        mapping: Mapping[str, Any] | None = None,
        mangling_predicate: Callable[[str], bool] | None = None,
    ) -> None:
        tree = ast.parse(template) if isinstance(template, str) else template
        self.source = template if isinstance(template, str) else ast.unparse(tree)
        self.enabled = True
        self._others = dict(mapping or {})
        self._template: ast.AST = tree
        if mangling_predicate is not None:
            self._template = _Renamer(mangling_predicate).visit(deepcopy(tree))

    @classmethod
    def from_string(
        cls,
        template: str,
        mapping: Mapping[str, Any] | None = None,
        mangling_predicate: Callable[[str], bool] | None = None,
    ) -> Self:
        """Return one, as libraries make it."""
        return cls(template, mapping, mangling_predicate)

    def visit(self, node: ast.AST) -> Any:
        """Return the wrapped module."""
        if not isinstance(node, ast.Module) or not self.enabled:
            return node
        tree = deepcopy(self._template)
        body = list(node.body)
        wants_value = any(isinstance(n, ast.Name) and n.id == "__ret__" for n in ast.walk(tree))
        if wants_value:
            value: ast.expr = ast.Constant(None)
            if body and isinstance(body[-1], ast.Expr):
                value = body.pop().value  # type: ignore[attr-defined]
            body.append(ast.Assign([ast.Name("__ret__", ast.Store())], value))
        _Filler({**self._others, "__code__": body}).visit(tree)
        return ast.fix_missing_locations(tree)


class _Filler(ast.NodeTransformer):
    def __init__(self, bodies: Mapping[str, Any]) -> None:
        self._bodies = bodies

    def visit_Expr(self, node: ast.Expr) -> Any:
        if isinstance(node.value, ast.Name):
            return self._bodies.get(node.value.id, node)
        return node


class _Renamer(ast.NodeTransformer):
    """Gives names that no cell has to what is defined by a template."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted

    def _new(self, name: str) -> str:
        kept = name in ("__code__", "__ret__") or not self._wanted(name)
        return name if kept else f"_mangled_{name}"

    def visit_Name(self, node: ast.Name) -> Any:
        node.id = self._new(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> Any:
        node.arg = self._new(node.arg)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.name = self._new(node.name)
        return self.generic_visit(node)

    def visit_alias(self, node: ast.alias) -> Any:
        name = node.asname or node.name
        if self._new(name) != name:
            node.asname = self._new(name)
        return node
