"""Know where on the screen an output stands, so that it can be replaced there: ``display(..., display_id=...)`` and ``clear_output``.

Pure: what was written comes in, escape codes that replace it come out.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from nuncius.terminal.formats.widths import width_of

__all__ = ["Tracker"]

_CONTROL = re.compile(
    r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|[\n\r\b]"
)


@dataclass(slots=True)
class _Piece:
    """What was written at once.

    Attributes:
        name: The display's id; empty for other output.
        text: As it was written.
        rows: Lines that it takes, where the text does not tell: it is a picture.
        row: The line in which it begins, counted from the first piece.
        column: The column in which it begins.
    """

    name: str
    text: str
    rows: int | None
    row: int
    column: int
    is_prompt: bool = False


class Tracker:
    """The last screen of output.

    Args:
        columns: Of the terminal.
        lines: Of the terminal.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self._columns = max(2, columns)
        self._lines = lines
        self._pieces: deque[_Piece] = deque()
        self._row = self._column = 0

    def wrote(self, text: str, name: str = "", rows: int | None = None) -> None:
        """Take note of what was written.

        Args:
            text: As it was written.
            name: The id of the display that it is.
            rows: Lines that it takes, if it is a picture.
        """
        if not text:
            return
        if name:
            for piece in self._pieces:
                if piece.name == name:
                    piece.name = ""  # the last one with an id is the one that is updated
        self._append(_Piece(name, text, rows, self._row, self._column))
        while self._pieces and self._row - self._pieces[0].row >= self._lines:
            self._pieces.popleft()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines of the terminal that it knows."""
        return self._columns, self._lines

    @property
    def has_names(self) -> bool:
        """Whether there are displays that may be updated."""
        return any(piece.name for piece in self._pieces)

    def skip(self, rows: int) -> None:
        """Take note that a prompt stood here, of so many rows: it is not known what it looks like."""
        if self._column:
            # A prompt begins a line; this one has begun in the middle of one.
            self._pieces.clear()
            return
        self._pieces.append(_Piece("", "", rows, self._row, 0, is_prompt=True))
        self._row += rows

    def update(self, name: str, text: str, rows: int | None = None) -> str | None:
        """Return what replaces a display, and writes again what came after it; None if it is no longer on the screen."""
        pieces = list(self._pieces)
        place = next((at for at, piece in enumerate(pieces) if piece.name == name), None)
        if place is None:
            return None
        old, after = pieces[place], pieces[place + 1 :]
        if self._row - old.row >= self._lines:
            return None
        if any(piece.is_prompt for piece in after):
            return self._replace(old, after[0], text, rows)
        parts = [self._to(old.row, old.column)]
        self._pieces = deque(pieces[:place])
        self._row, self._column = old.row, old.column
        for piece in [_Piece(name, text, rows, 0, 0), *after]:
            piece.row, piece.column = self._row, self._column
            parts.append(piece.text)
            self._append(piece)
        return "".join(parts)

    def _replace(self, old: _Piece, following: _Piece, text: str, rows: int | None) -> str | None:
        """Return what puts a text into the place of one of the same size, and leaves everything else alone; None for another size."""
        if rows is not None or old.rows is not None or not set(text).isdisjoint("\r\b\t"):
            return None
        here = self._row, self._column
        self._row, self._column = old.row, old.column
        known = self._advance(text)
        (row, column), (self._row, self._column) = (self._row, self._column), here
        if not known or (row, column) != (following.row, following.column) or column:
            return None
        old.text = text
        up = here[0] - old.row
        to_old = f"\x1b[{up}A\r" + (f"\x1b[{old.column}C" if old.column else "")
        # The rest of each line is removed before it is left; a line that is full has none.
        lines = [
            f"{line}\x1b[K" if width_of(line) < self._columns else line
            for line in text.split("\n")[:-1]
        ]
        back = f"\x1b[{here[0] - row}B" if here[0] > row else ""
        return (
            to_old + "\n".join([*lines, ""]) + back + "\r" + (f"\x1b[{here[1]}C" if here[1] else "")
        )

    def clear(self) -> str:
        """Return what removes the output of this cell that is still on the screen."""
        kept: list[_Piece] = []
        while any(piece.is_prompt for piece in self._pieces):
            kept.append(self._pieces.popleft())
        try:
            return self._clear()
        finally:
            self._pieces.extendleft(reversed(kept))

    def _clear(self) -> str:
        first = self._pieces[0] if self._pieces else None
        if first is None:
            return "\r\x1b[J"
        row = max(first.row, self._row - self._lines + 1)
        code = self._to(row, first.column if row == first.row else 0)
        self._pieces.clear()
        self._row, self._column = row, 0
        return code

    def _to(self, row: int, column: int) -> str:
        up = self._row - row
        return (
            (f"\x1b[{up}A" if up else "") + "\r" + (f"\x1b[{column}C" if column else "") + "\x1b[J"
        )

    def _append(self, piece: _Piece) -> None:
        self._pieces.append(piece)
        if piece.rows is not None:
            self._row, self._column = self._row + piece.rows, 0
        elif not self._advance(piece.text):
            # Nobody knows where the cursor is now.
            self._pieces.clear()

    def _advance(self, text: str) -> bool:
        """Follow the cursor; False if the text moves it to where it cannot be followed."""
        last = 0
        for match in _CONTROL.finditer(text):
            self._print(text[last : match.start()])
            last = match.end()
            if not self._obey(match):
                return False
        self._print(text[last:])
        return True

    def _print(self, text: str) -> None:
        if not text:
            return
        end = self._column + width_of(text.expandtabs())
        self._row += (end - 1) // self._columns if end else 0
        self._column = (end - 1) % self._columns + 1 if end else 0

    def _obey(self, match: re.Match[str]) -> bool:
        control = match[0]
        if control == "\n":
            self._row, self._column = self._row + 1, 0
        elif control == "\r":
            self._column = 0
        elif control == "\b":
            self._column = max(0, self._column - 1)
        elif match[2] is None:
            return control.startswith("\x1b]")
        else:
            return self._obey_sequence(match[1], match[2])
        return True

    def _obey_sequence(self, parameters: str, final: str) -> bool:
        if final in "mKhl":
            # The alternate screen is a program's own; it leaves things as they were.
            return True
        count = int(parameters) if parameters.isdecimal() else 1
        match final:
            case "A":
                self._row -= count
            case "B":
                self._row += count
            case "C":
                self._column = min(self._columns, self._column + count)
            case "D":
                self._column = max(0, self._column - count)
            case "G":
                self._column = min(self._columns, count) - 1
            case _:
                return False
        return True
