"""Lay out tables so that they fit the width of the terminal.

Rule 1: nothing is left out while there is room.
Rule 2: then long texts are cut, the longest first.
Rule 3: then columns in the middle give way to an ellipsis; those that name the rows stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nuncius.protocol.text.ansi import strip
from nuncius.terminal.formats.widths import cut, padded, width_of

__all__ = ["Table", "lay_out"]

#: Between two columns.
_GAP = "  "

#: Texts are cut to so many columns before whole columns are left out.
_SHORTEST = 12

_ELLIPSIS = "\u2026"


@dataclass(frozen=True, slots=True)
class Table:
    """The text of a table.

    Attributes:
        header: Rows of names of columns.
        rows: The rows; short ones are filled.
        index: How many columns at the left name the rows.
        note: Said below, such as how many rows there are.
    """

    header: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[str, ...], ...]
    index: int = 0
    note: str = ""

    @property
    def width(self) -> int:
        """How many columns it has."""
        return max((len(row) for row in (*self.header, *self.rows)), default=0)


def lay_out(table: Table, columns: int, *, hint: str = "") -> str:
    """Return a table as lines.

    Args:
        table: The table.
        columns: Of the terminal.
        hint: Said below where something is left out.
    """
    header, rows = _filled(table.header, table.width), _filled(table.rows, table.width)
    kept, widths = _fitted(header + rows, table.index, columns)
    aligns = [_align(rows, place) if place is not None else "^" for place in kept]
    lines = []
    for row in header:
        line = _line(row, kept, widths, aligns)
        lines.append(f"\x1b[1m{line}\x1b[22m" if line.strip() else line)
    if header:
        lines.append(_GAP.join("\u2500" * width for width in widths))
    lines.extend(_line(row, kept, widths, aligns) for row in rows)
    whole = None not in kept and not table.note
    if note := table.note if whole else ", ".join(filter(None, (table.note, hint))):
        lines.append(cut(note, columns))
    return "\n".join(lines)


def _filled(rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    return [[_one_line(cell) for cell in row] + [""] * (width - len(row)) for row in rows]


def _one_line(cell: str) -> str:
    return cell.replace("\n", "\u23ce").replace("\t", " ") if "\n" in cell or "\t" in cell else cell


def _fitted(
    rows: Sequence[Sequence[str]], index: int, columns: int
) -> tuple[list[int | None], list[int]]:
    """Return the places of the columns that are shown, None for the ellipsis, and their widths."""
    count = len(rows[0]) if rows else 0
    natural = [max(1, *(width_of(row[place]) for row in rows)) for place in range(count)]
    kept: list[int | None] = list(range(count))
    while True:
        widths = [1 if place is None else natural[place] for place in kept]
        room = columns - len(_GAP) * (len(kept) - 1)
        if sum(min(width, _SHORTEST) for width in widths) <= room or len(kept) <= max(index, 1) + 1:
            return kept, _shortened(widths, max(room, len(widths)))
        kept = _without_one(kept, index)


def _shortened(widths: list[int], room: int) -> list[int]:
    """Make the widest ones narrower until all fit."""
    over = sum(widths) - room
    while over > 0:
        widest = max(widths)
        if widest <= 1:
            break
        next_one = max((width for width in widths if width < widest), default=1)
        places = [place for place, width in enumerate(widths) if width == widest]
        step = max(1, min(widest - next_one, over // len(places)))
        for place in places[:over]:
            widths[place] -= step
        over = sum(widths) - room
    return widths


def _without_one(kept: list[int | None], index: int) -> list[int | None]:
    """Leave out the column in the middle of those that are no names."""
    shown = [place for place in kept if place is not None]
    middle = index + (len(shown) - index) // 2
    left, right = shown[:middle], shown[middle + 1 :]
    return [*left, None, *right]


def _align(rows: Sequence[Sequence[str]], place: int) -> str:
    cells = [row[place] for row in rows if row[place] not in ("", _ELLIPSIS, "...")]
    return ">" if cells and all(map(_is_number, cells)) else "<"


def _is_number(text: str) -> bool:
    if "\x1b" in text:
        text = strip(text)
    if text in ("NaN", "NaT", "<NA>", "None", "nan", "inf", "-inf"):
        return True
    try:
        float(text.replace(",", "").rstrip("%"))
    except ValueError:
        return False
    return True


def _line(
    row: Sequence[str], kept: Sequence[int | None], widths: Sequence[int], aligns: Sequence[str]
) -> str:
    cells = [_ELLIPSIS if place is None else row[place] for place in kept]
    shown = (
        padded(cut(cell, width), width, align)
        for cell, width, align in zip(cells, widths, aligns, strict=True)
    )
    return _GAP.join(shown).rstrip()
