"""Find the source of classes that were made in cells: Python itself looks for a class only in its module's file."""

from __future__ import annotations

import ast
import linecache
import types
from itertools import islice
from typing import NamedTuple

from nuncius.kernel.static import class_dict, is_a, module_of

__all__ = ["Place", "class_in_cell"]

#: So many of the last cells are searched for a class that has no methods to be found by.
_MAX_CELLS = 300


class Place(NamedTuple):
    """Where a class is defined."""

    filename: str
    line: int
    source: str


def class_in_cell(kind: type) -> Place | None:
    """Return where a class of ``__main__`` is defined, None when it is not known.

    The newest definition in the file of one of its methods is taken, or in the last cells.
    """
    if module_of(kind) != "__main__":
        return None
    path: str = type.__dict__["__qualname__"].__get__(kind)
    if "<locals>" in path:
        return None
    for filename in _candidates(kind):
        found = _class_in(filename, path.split("."))
        if found is not None:
            return found
    return None


def _candidates(kind: type) -> list[str]:
    functions = [f for f in class_dict(kind).values() if is_a(f, types.FunctionType)]
    files = [f.__code__.co_filename for f in functions if f.__module__ == "__main__"]
    name = type.__dict__["__name__"].__get__(kind)
    # entries without a time of change are no files: cells
    cells = (
        filename
        for filename, entry in reversed(list(linecache.cache.items()))
        if len(entry) == 4 and entry[1] is None and any(name in line for line in entry[2])
    )
    return list(dict.fromkeys([*files, *islice(cells, _MAX_CELLS)]))


def _class_in(filename: str, path: list[str]) -> Place | None:
    lines = linecache.getlines(filename)
    try:
        body: list[ast.stmt] = ast.parse("".join(lines)).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    node: ast.ClassDef | None = None
    for name in path:
        node = next(
            (n for n in reversed(body) if isinstance(n, ast.ClassDef) and n.name == name), None
        )
        if node is None:
            return None
        body = node.body
    if node is None:
        return None
    start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return Place(filename, start, "".join(lines[start - 1 : node.end_lineno]))
