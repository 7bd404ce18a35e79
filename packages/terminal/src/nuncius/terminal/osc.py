"""Tell the terminal what goes on: where prompts and outputs are, what runs, that a long cell has ended, what is to be copied.

Everything here is an escape code (OSC) that terminals which do not know it leave out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nuncius.terminal.options import TerminalShell

__all__ = ["Announcer", "clipboard", "notification", "title"]

#: Characters of a cell that its title shows.
_TITLE = 60


def title(code: str) -> str:
    """Return what makes the first line of ``code`` the window's title (OSC 2)."""
    lines = [line.strip() for line in code.splitlines() if line.strip()] or [""]
    shown = "".join(character for character in lines[0] if character.isprintable())
    if len(lines) > 1 or len(shown) > _TITLE:
        shown = f"{shown[:_TITLE].rstrip()} …"
    return f"\x1b]2;nuncius: {shown}\x07"


def notification(text: str) -> str:
    """Return what shows ``text`` on the desktop (OSC 9), and rings the bell where that is not known."""
    return f"\x1b]9;{text}\x07\a"


def clipboard(text: str) -> str:
    """Return what puts ``text`` into the clipboard, also through ssh (OSC 52)."""
    from binascii import b2a_base64

    return f"\x1b]52;c;{b2a_base64(text.encode(errors='replace'), newline=False).decode()}\x07"


class Announcer:
    """Tells the terminal about cells.

    Args:
        options: What it is told.
        write: Writes to the terminal.
        clock: Returns seconds.
    """

    def __init__(
        self,
        options: TerminalShell,
        write: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._write = write
        self._clock = clock
        self._began = 0.0

    def begin(self, code: str) -> None:
        """Say that a cell begins to run."""
        self._began = self._clock()
        text = title(code) if self._options.term_title else ""
        if self._options.prompt_marks:
            text += "\x1b]133;C\x07"
        if text:
            self._write(text)

    def end(self, number: int, *, ok: bool) -> None:
        """Say that the cell has ended."""
        text = ""
        if self._options.prompt_marks:
            text = f"\x1b]133;D;{0 if ok else 1}\x07"
        took, least = self._clock() - self._began, self._options.notify_after
        if 0 < least <= took:
            how = "has ended" if ok else "has failed"
            text += notification(f"Cell {number} {how} after {took:.0f} s")
        if text:
            self._write(text)
