"""Compile cells under file names by which tracebacks, debuggers and `inspect` find their source.

A cell's file is ``<tmp>/ipykernel_<pid>/<murmur2 of the source>.py``, as frontends with a debugger compute it too; numba, line_profiler, dill and others recognize cells by the name of that folder. The file is not written: its lines are in `linecache`.
"""

from __future__ import annotations
import __future__

import linecache
import os
from struct import unpack_from
from typing import TYPE_CHECKING, Any

from nuncius.protocol.values import Value

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence
    from types import CodeType
else:
    # The classes of the module ast, without its tools: those take a millisecond to load, before the first cell.
    import _ast as ast

__all__ = ["HASH_SEED", "Compiler", "Piece", "murmur2"]

#: What a cell has whose functions and classes may live on, so that their source is wanted later.
_DEFINING = ("def ", "class ", "lambda", " for ")
#: The sources of so many cells without any of these are kept.
_PASSING = 1000

#: The seed that is announced to debuggers.
HASH_SEED = 0xC70F6907

_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes, seed: int = HASH_SEED) -> int:
    """Return the 32-bit MurmurHash2 of ``data`` (A. Appleby's algorithm, as frontends use it)."""
    length = len(data)
    h = (seed ^ length) & _MASK
    whole = length & ~3
    for k in unpack_from(f"<{whole >> 2}I", data):
        k = (k * _M) & _MASK  # noqa: PLW2901 - the algorithm's own notation
        k = ((k ^ (k >> 24)) * _M) & _MASK  # noqa: PLW2901
        h = ((h * _M) & _MASK) ^ k
    rest = data[whole:]
    if rest:
        h = ((h ^ int.from_bytes(rest, "little")) * _M) & _MASK
    h = ((h ^ (h >> 13)) * _M) & _MASK
    return h ^ (h >> 15)


class Piece(Value):
    """A part of a cell.

    Attributes:
        code: To be run with `eval`; a coroutine function's code if it awaits.
        shows: ``value``: what `eval` returns is to be shown; ``values``: it calls ``sys.displayhook`` itself; or ``none``.
    """

    code: CodeType
    shows: str

    @property
    def awaits(self) -> bool:
        """Whether running it gives a coroutine."""
        return bool(self.code.co_flags & 0x80)  # inspect.CO_COROUTINE


class Compiler:
    """Compile cells, remembering the ``__future__`` imports of earlier ones.

    Args:
        in_folder: Cells seem to be files; otherwise their names are like ``<ipython-input-1-0123456789ab>``, as extensions know them from shells that are not served.

    Attributes:
        flags: The ``__future__`` features that are on, as flags of `compile`.
    """

    def __init__(self, *, in_folder: bool = True) -> None:
        self.flags = 0
        self._in_folder = in_folder
        #: File name of each cell -> its execution count (that of its latest run).
        self._numbers: dict[str, int] = {}
        self._folder: str | None = None
        #: What all cells are called, if somebody wants that.
        self._one_name = os.environ.get("IPYKERNEL_CELL_NAME")
        #: The cells that define nothing, the one that ran last at the end.
        self._passing: dict[str, None] = {}

    @property
    def folder(self) -> str:
        """The folder that cells seem to be in, with a separator at the end."""
        if self._folder is None:
            # as tempfile.gettempdir() does in nearly every case, without importing random and shutil
            join, isdir = os.path.join, os.path.isdir  # pathlib would cost a start 3 ms
            parent = os.environ.get("TMPDIR") or os.environ.get("TEMP") or "/tmp"
            if not isdir(parent):
                import tempfile

                parent = tempfile.gettempdir()
            self._folder = join(parent, f"ipykernel_{os.getpid()}", "")
        return self._folder

    def get_filename(self, code: str, number: int = 0) -> str:
        """Return the file name of a cell with this source, and this execution count.

        The source is the one that was typed, as frontends do not know any other.
        """
        if not self._in_folder:
            digest = murmur2(code.encode("utf-8", "surrogatepass"))
            return f"<ipython-input-{number}-{digest:012x}>"
        return self._one_name or f"{self.folder}{murmur2(code.encode('utf-8', 'surrogatepass'))}.py"

    def cache(self, code: str, number: int = 0, raw_code: str | None = None) -> str:
        """Register a cell with `linecache`.

        Args:
            code: The source as Python.
            number: Its execution count.
            raw_code: The source as typed: it makes the name.

        Returns:
            The file name to compile it under.
        """
        name = self.get_filename(code if raw_code is None else raw_code, number)
        self._numbers[name] = number
        for word in _DEFINING:
            if word in code:
                break
        else:
            self._forget_later(name)
        # without a modification time, linecache.checkcache() leaves the entry alone
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        return name

    def _forget_later(self, name: str) -> None:
        """Keep the source of a cell that leaves no code behind as long as it is one of the last."""
        passing = self._passing
        passing.pop(name, None)
        passing[name] = None
        if len(passing) > _PASSING:
            oldest = next(iter(passing))
            del passing[oldest]
            self._numbers.pop(oldest, None)
            linecache.cache.pop(oldest, None)

    def cell_of(self, filename: str) -> int | None:
        """Return the execution count of the cell that has this file name, None if it is none."""
        return self._numbers.get(filename)

    def is_cell(self, filename: str) -> bool:
        """Tell whether a file name is that of a cell."""
        return filename in self._numbers

    def format_code_name(self, name: str) -> tuple[str, str] | None:
        """Return how tracebacks call the file: ``("Cell", "In[3]")``, None if it is no cell."""
        number = self._numbers.get(name)
        return None if number is None else ("Cell", f"In[{number}]")

    def parse(self, source: str, filename: str = "<unknown>", flags: int = 0) -> ast.Module:
        """Return the syntax tree of ``source``.

        Raises:
            SyntaxError: And whatever else `compile` raises for text that is no program.
        """
        __tracebackhide__ = True
        tree: ast.Module = compile(
            source, filename, "exec", self.flags | flags | ast.PyCF_ONLY_AST, dont_inherit=True
        )
        return tree

    ast_parse = parse

    def __call__(
        self,
        source: Any,
        filename: str,
        symbol: str = "exec",
        *,
        flags: int = 0,
        keep_futures: bool = True,
    ) -> CodeType:
        """Compile ``source``, a text or a tree; its ``__future__`` imports hold from now on, unless ``keep_futures`` is false."""
        code: CodeType = compile(source, filename, symbol, self.flags | flags, dont_inherit=True)
        if keep_futures:
            self.flags |= code.co_flags & _FUTURES
        return code

    def reset_compiler_flags(self) -> None:
        """Forget the ``__future__`` imports."""
        self.flags = 0

    @property
    def compiler_flags(self) -> int:
        """The ``__future__`` features that are on."""
        return self.flags

    def segments(
        self,
        tree: ast.Module,
        filename: str,
        interactivity: str,
        *,
        flags: int = 0,
        keep_futures: bool = True,
    ) -> list[Piece]:
        """Compile a cell in the pieces in which it runs.

        Neighboring statements are one piece; each expression whose value is shown is one of its own.
        All pieces are compiled before any runs, so that an error anywhere in the cell is found first.

        Args:
            tree: The cell.
            filename: Its file.
            interactivity: Which values are shown: ``all``, ``last``, ``last_expr``, ``none`` or ``last_expr_or_assign``.
            flags: Of `compile`.
            keep_futures: Whether its ``__future__`` imports hold for later cells.
        """
        features = self.flags
        try:
            pieces = []
            for shown, nodes in _split(tree.body, interactivity):
                if shown and isinstance(nodes[0], ast.Expr):
                    expression = ast.Expression(nodes[0].value)
                    pieces.append(Piece(self(expression, filename, "eval", flags=flags), "value"))
                elif shown:
                    block = ast.Interactive(nodes)
                    pieces.append(Piece(self(block, filename, "single", flags=flags), "values"))
                else:
                    module = tree if nodes is tree.body else ast.Module(nodes, [])
                    pieces.append(Piece(self(module, filename, "exec", flags=flags), "none"))
        finally:
            if not keep_futures:
                self.flags = features
        return pieces


def _split(nodes: list[ast.stmt], interactivity: str) -> list[tuple[bool, list[ast.stmt]]]:
    """Return runs of statements, and whether their values are shown."""
    if not nodes:
        return []
    if interactivity == "all":
        runs: list[tuple[bool, list[ast.stmt]]] = []
        for node in nodes:
            shown = isinstance(node, ast.Expr) or _is_block(node)
            if runs and not shown and not runs[-1][0]:
                runs[-1][1].append(node)
            else:
                runs.append((shown, [node]))
        return runs
    last = nodes[-1]
    if interactivity == "last_expr_or_assign":
        name = _assigned_name(last)
        if name is not None:
            from ast import copy_location, fix_missing_locations

            shown_name = ast.Expr(ast.Name(name, ast.Load()))
            copy_location(shown_name, last)
            fix_missing_locations(shown_name)
            return [(False, nodes), (True, [shown_name])]
        interactivity = "last_expr"
    if interactivity == "none" or (interactivity == "last_expr" and not isinstance(last, ast.Expr)):
        return [(False, nodes)]
    before: Sequence[ast.stmt] = nodes[:-1]
    return [(False, list(before)), (True, [last])] if before else [(True, [last])]


def _is_block(node: ast.stmt) -> bool:
    """Tell whether a statement has others in it that run with it: ``for``, ``if``, ``with``."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return not isinstance(node, definitions) and (hasattr(node, "body") or hasattr(node, "cases"))


def _assigned_name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.Assign):
        target: ast.expr = node.targets[0] if len(node.targets) == 1 else node.targets[-1]
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        if isinstance(node, ast.AnnAssign) and node.value is None:
            return None
        target = node.target
    else:
        return None
    return target.id if isinstance(target, ast.Name) else None
