"""Find the Python in a cell: the argument of ``%timeit``, the lines below ``%%time``, and what is no Python at all."""

from __future__ import annotations

import re

__all__ = ["CALLED", "command_start", "python_start"]

#: A line magic or cell magic with what follows its name.
CALLED = re.compile(r"(?:\s*[\w.,\s*]+=\s*|\s*)(?P<mark>%%?)(?P<name>\w+)\s+")
#: Magics whose argument is Python.
_PYTHON_LINES = frozenset(
    [
        "time",
        "timeit",
        "prun",
        "debug",
        "pinfo",
        "pinfo2",
        "pdef",
        "pdoc",
        "psource",
        "pfile",
        "px",
        "autopx",
        "who",
        "who_ls",
        "whos",
        "xdel",
        "memit",
        "mprun",
        "lprun",
        "snakeviz",
        "page",
        "pprint",
        "edit",
        "code_wrap",
        "store",
        "reset_selective",
        "psearch",
    ]
)
#: Magics whose cell is Python.
_PYTHON_CELLS = frozenset(
    [
        "time",
        "timeit",
        "prun",
        "capture",
        "debug",
        "px",
        "mprun",
        "memit",
        "snakeviz",
        "code_wrap",
        "pypy",
        "python",
        "python2",
        "python3",
        "script",
    ]
)
_OTHER_CELLS = frozenset(
    [
        "bash",
        "sh",
        "html",
        "HTML",
        "javascript",
        "js",
        "latex",
        "markdown",
        "svg",
        "SVG",
        "writefile",
        "file",
        "perl",
        "ruby",
        "sx",
        "system",
        "cmd",
        "!",
        "sql",
        "cython",
    ]
)
#: The options before it; what follows a letter that is known to take a value belongs to it.
_OPTIONS = re.compile(r"(?:-[nrplsTDfmtbv]\s+(?=[^\s-])\S+\s+|-\S+\s+(?:\d+\s+)?)*")
_ASSIGNED_COMMAND = re.compile(r"\s*[\w.,\s*\[\]]+=\s*!")


def python_start(text: str, offset: int) -> int | None:
    """Return where the Python starts that the cursor is in, None when it is in none.

    Args:
        text: The cell.
        offset: Of the cursor.
    """
    line_start = text.rfind("\n", 0, offset) + 1
    line = text[line_start:offset]
    first = text[: text.find("\n") + 1 or len(text)]
    below = line_start >= len(first) > 0 and first.lstrip().startswith("%%")
    if below and not _is_python_cell(first.lstrip()[2:].split(None, 1)[:1]):
        return None
    if line.lstrip().startswith("!") or _ASSIGNED_COMMAND.match(line):
        return None
    called = CALLED.match(line)
    if called:
        if called["name"] not in _PYTHON_LINES:
            return None
        options = _OPTIONS.match(line, called.end())
        return line_start + (options.end() if options else called.end())
    return len(first) if below else 0


def _is_python_cell(name: list[str]) -> bool:
    # magics of extensions are taken for Python: names are completed there, and harm nothing
    return bool(name) and (name[0] in _PYTHON_CELLS or name[0] not in _OTHER_CELLS)


def command_start(line: str) -> int | None:
    """Return where the command of ``!command`` or ``x = !command`` starts, None for other lines."""
    stripped = line.lstrip()
    if stripped.startswith("!"):
        return len(line) - len(stripped.lstrip("!"))
    assigned = _ASSIGNED_COMMAND.match(line)
    return None if assigned is None else assigned.end()
