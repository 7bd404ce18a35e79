"""Measure, cut, pad and wrap text by the columns that it takes on a terminal; escape codes take none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wcwidth import wcswidth

__all__ = ["cut", "padded", "width_of", "wrapped"]

_CODE = re.compile(r"\x1b\[([0-9;]*)m|\x1b\]8;[^\x07\x1b]*(?:\x07|\x1b\\)")

#: What ends each of the styles that our own formats begin.
_ENDS = {"1": "22", "2": "22", "3": "23", "4": "24", "7": "27", "9": "29"}


def _bare(text: str) -> str:
    """Return text without its codes."""
    if "\x1b" not in text:
        return text
    from nuncius.protocol.text.ansi import strip

    return strip(text)


def width_of(text: str) -> int:
    """Return how many columns a line takes."""
    if text.isascii() and "\x1b" not in text and text.isprintable():
        return len(text)
    bare = _bare(text)
    width = int(wcswidth(bare))
    return width if width >= 0 else sum(max(0, int(wcswidth(each))) for each in bare)


def cut(text: str, columns: int) -> str:
    """Return the beginning of a line that fits, with an ellipsis where something is left out; its codes are dropped then."""
    if width_of(text) <= columns:
        return text
    bare = _bare(text)
    if columns < 1:
        return ""
    end = min(len(bare), columns)
    while end and width_of(bare[:end]) > columns - 1:
        end -= 1
    return bare[:end] + "\u2026"


def padded(text: str, columns: int, align: str = "<") -> str:
    """Return a line with blanks to the left (``>``), the right (``<``) or both (``^``)."""
    room = max(0, columns - width_of(text))
    left = {"<": 0, ">": room, "^": room // 2}[align]
    return " " * left + text + " " * (room - left)


def wrapped(text: str, columns: int, first: str = "", rest: str = "") -> list[str]:
    """Break a paragraph into lines.

    Args:
        text: Its words; a newline is a break that is wanted. Styles go on in the next line, but not over what stands before it.
        columns: Of the terminal.
        first: Stands before the first line.
        rest: Stands before all others.
    """
    lines: list[str] = []
    active: list[str] = []
    before = first
    for paragraph in text.split("\n"):
        for line in _broken(paragraph, max(8, columns - width_of(rest or first))):
            opened = f"\x1b[{';'.join(active)}m" if active else ""
            _follow(line, active)
            lines.append(before + opened + line + ("\x1b[0m" if active else ""))
            before = rest
    return lines


def _broken(paragraph: str, columns: int) -> Iterator[str]:
    line, width = "", 0
    for word in paragraph.split(" "):
        size = width_of(word)
        if line and width + 1 + size > columns:
            yield line
            line, width = "", 0
        while size > columns and "\x1b" not in word:
            head = _head(word, columns)
            yield head
            word = word[len(head) :]  # noqa: PLW2901 - what is left of it
            size = width_of(word)
        line = f"{line} {word}" if line else word
        width = width + 1 + size if width else size
    yield line


def _head(word: str, columns: int) -> str:
    end = max(1, min(len(word), columns))
    while end > 1 and width_of(word[:end]) > columns:
        end -= 1
    return word[:end]


def _follow(line: str, active: list[str]) -> None:
    """Keep book of the styles that are on after ``line``."""
    for match in _CODE.finditer(line):
        for code in (match[1] or "").split(";"):
            if code in ("", "0") and match[0].endswith("m"):
                active.clear()
            elif code in _ENDS or (code.isdigit() and 30 <= int(code) <= 37):
                active.append(code)
            else:
                active[:] = [on for on in active if _ENDS.get(on, "39") != code]
