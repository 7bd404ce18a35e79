"""Read the lines of source around a line, fast also in very long files."""

from __future__ import annotations

import linecache
import os
from typing import Any

__all__ = ["context_lines", "source_line", "source_lines"]

#: Files that are longer than this (bytes) are not read: they were made by a program.
_MAX_FILE = 30_000_000


def source_lines(filename: str, module_globals: dict[str, Any] | None = None) -> list[str]:
    """Return all lines of a file, a cell, or a member of a zip archive; empty when there is none."""
    if filename not in linecache.cache and _too_long(filename):
        return []
    try:
        linecache.checkcache(filename)
        return linecache.getlines(filename, module_globals)
    except (OSError, SyntaxError, UnicodeError, MemoryError, ValueError):
        return []


def _too_long(filename: str) -> bool:
    try:
        return os.stat(filename).st_size > _MAX_FILE  # noqa: PTH116 - pathlib takes its time to load
    except (OSError, ValueError):
        return False


def source_line(filename: str, number: int) -> str:
    """Return one line without its end; empty when there is none."""
    entry = linecache.cache.get(filename)
    lines = entry[2] if entry is not None and len(entry) == 4 else source_lines(filename)
    return lines[number - 1].rstrip("\r\n") if 0 < number <= len(lines) else ""


def context_lines(
    filename: str,
    module_globals: dict[str, Any] | None,
    lineno: int,
    context: int,
    extent: tuple[int, int],
) -> tuple[tuple[int, str], ...]:
    """Return the numbered lines around ``lineno``, about ``context`` in all.

    Args:
        filename: Of the code.
        module_globals: Of its frame: they know the loader of a zip archive.
        lineno: The line in the middle.
        context: How many lines are wanted.
        extent: The first and the last line of the function, which the context does not leave.
    """
    lines = source_lines(filename, module_globals)
    if not 0 < lineno <= len(lines) or context < 1:
        return ()
    top, bottom = max(1, min(extent[0], lineno)), min(len(lines), max(extent[1], lineno))
    first = max(top, min(lineno - context // 2, bottom - context + 1))
    last = min(bottom, first + context - 1)
    return tuple((n, lines[n - 1].rstrip("\r\n")[:2000]) for n in range(first, last + 1))
