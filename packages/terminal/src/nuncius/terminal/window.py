"""Know how large the window is."""

from __future__ import annotations

import os
import sys

__all__ = ["window_size"]

#: Columns and lines of a terminal that does not say.
_USUAL = os.terminal_size((80, 24))


def window_size() -> os.terminal_size:
    """Return the columns and lines of the terminal; those of ``COLUMNS`` and ``LINES``, where they are set.

    As `shutil.get_terminal_size` does, whose module takes half a megabyte and the time of some results to load.
    """
    columns, lines = (_number(os.environ.get(name, "")) for name in ("COLUMNS", "LINES"))
    if columns and lines:
        return os.terminal_size((columns, lines))
    try:
        asked = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1)
    except (AttributeError, ValueError, OSError):
        asked = _USUAL
    return os.terminal_size((columns or asked.columns or 80, lines or asked.lines or 24))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
