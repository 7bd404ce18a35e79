"""Fit tracebacks into narrow windows: lines of source are cut around the place that is marked, so that the mark stays below it."""

from __future__ import annotations

import re

from nuncius.protocol.text.ansi import strip
from nuncius.terminal.formats.widths import cut, width_of

__all__ = ["narrowed"]

_SOURCE = re.compile(r"(?P<before>\s*(?:-+> )?\s*\d+ )(?P<code>.*)")
_MARK = re.compile(r"\s*[\^~][\^~\s]*")


def narrowed(text: str, columns: int) -> str:
    """Return a traceback for a window of so many columns; what fits stays as it is, cut lines lose their colors."""
    lines = text.split("\n")
    done: list[str] = []
    shift = 0
    for place, line in enumerate(lines):
        bare = strip(line)
        if _MARK.fullmatch(bare):
            done.append(cut(_moved(bare, shift), columns) if shift or len(bare) > columns else line)
            continue
        shift = 0
        source = _SOURCE.fullmatch(bare)
        if width_of(bare) <= columns:
            done.append(line)
        elif bare.strip("-") == "":
            done.append(line.replace(bare, "-" * columns))
        elif source is not None:
            mark = strip(lines[place + 1]) if place + 1 < len(lines) else ""
            shift = _shift(mark, len(source["before"]), columns)
            code = source["code"]
            shown = f"\u2026{code[shift + 1 :]}" if shift else code
            done.append(cut(source["before"] + shown, columns))
        else:
            done.append(line)
    return "\n".join(done)


def _shift(mark: str, before: int, columns: int) -> int:
    """Return how many characters of the code are left out at its beginning, so that the marked place is in sight."""
    if not _MARK.fullmatch(mark):
        return 0
    start, end = len(mark) - len(mark.lstrip()), len(mark.rstrip())
    if end <= columns:
        return 0
    room = columns - before
    return max(0, start - before - max(1, min(room // 3, room - (end - start))))


def _moved(mark: str, shift: int) -> str:
    start = len(mark) - len(mark.lstrip())
    return " " * max(0, start - shift) + mark.strip()
