"""Name the kinds of IPython's special syntax, and read the one that takes a whole cell.

Apart from `nuncius.protocol.text.special`, because this is loaded when a kernel starts, and that only for the first cell that is not plain Python.
"""

from __future__ import annotations

import re
from enum import Enum

__all__ = ["Special", "cell_magic"]

_HELP = re.compile(r"%%\w+\?")


class Special(Enum):
    """The kinds of special syntax within a cell."""

    MAGIC_ASSIGN = "name = %magic"
    SYSTEM_ASSIGN = "name = !command"
    ESCAPED = "%magic, !command, !!command, ?name, ??name, ,f a b, ;f a b, /f a b"
    HELP = "name?, name??, mod.*pattern*?, %magic?"


def cell_magic(lines: list[str]) -> list[str]:
    """Turn a whole cell that starts with ``%%name`` into one call; ``%%name?`` is help."""
    if not lines or not lines[0].startswith("%%") or _HELP.match(lines[0]):
        return lines
    name, _, line = lines[0][2:].rstrip().partition(" ")
    body = "".join(lines[1:])
    return [f"get_ipython().run_cell_magic({name!r}, {line!r}, {body!r})\n"]
