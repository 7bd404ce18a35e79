"""Text in two dimensions: pieces of formulas that stand beside and above each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nuncius.terminal.formats.widths import padded, width_of

__all__ = ["Box", "beside", "fenced", "fraction", "grid", "rooted", "stacked"]

#: Fences that grow: upper end, middle, lower end, and the middle of an odd one where that differs.
_TALL = {
    "(": "⎛⎜⎝",
    ")": "⎞⎟⎠",
    "[": "⎡⎢⎣",
    "]": "⎤⎥⎦",
    "{": "⎧⎪⎩⎨",
    "}": "⎫⎪⎭⎬",
    "|": "│││",
    "‖": "‖‖‖",
    "⌊": "⎢⎢⎣",
    "⌋": "⎥⎥⎦",
    "⌈": "⎡⎢⎢",
    "⌉": "⎤⎥⎥",
}


@dataclass(frozen=True, slots=True)
class Box:
    """Lines of equal width.

    Attributes:
        lines: The lines.
        base: The one that stands level with its neighbors.
    """

    lines: tuple[str, ...]
    base: int = 0

    @property
    def width(self) -> int:
        """Its columns."""
        return max((width_of(line) for line in self.lines), default=0)

    @property
    def height(self) -> int:
        """Its lines."""
        return len(self.lines)

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(line.rstrip() for line in self.lines)


def beside(boxes: Sequence[Box]) -> Box:
    """Return boxes side by side, level with each other."""
    if len(boxes) == 1:
        return boxes[0]
    above = max((box.base for box in boxes), default=0)
    below = max((box.height - box.base for box in boxes), default=1)
    lines = [""] * (above + below)
    for box in boxes:
        width = box.width
        for row in range(above + below):
            at = row - (above - box.base)
            lines[row] += padded(box.lines[at] if 0 <= at < box.height else "", width)
    return Box(tuple(lines), above)


def stacked(boxes: Iterable[Box], base: int, align: str = "^") -> Box:
    """Return boxes on top of each other; ``base`` is the line that stands level."""
    parts = list(boxes)
    width = max((box.width for box in parts), default=0)
    lines = tuple(padded(line, width, align) for box in parts for line in box.lines)
    return Box(lines, base)


def fraction(above: Box, below: Box) -> Box:
    """Return one box over another with a line between."""
    line = Box(("\u2500" * (max(above.width, below.width) + 2),))
    return stacked([above, line, below], above.height)


def fenced(box: Box, left: str, right: str) -> Box:
    """Return a box between fences as high as it."""
    parts = [_fence(left, box), box, _fence(right, box)]
    return beside([part for part in parts if part.width])


def _fence(kind: str, box: Box) -> Box:
    if box.height == 1 or kind not in _TALL:
        return Box((kind,))
    top, middle, end, *center = list(_TALL[kind])
    lines = [top, *[middle] * (box.height - 2), end]
    if center and box.height > 2:
        lines[box.height // 2] = center[0]
    return Box(tuple(lines), box.base)


def rooted(box: Box, index: str = "") -> Box:
    """Return a box under a root."""
    roof = "\u250c" + "\u2500" * box.width
    walls = [f"\u2502{line}" for line in box.lines]
    sign = f"{index}\u221a"
    blank = " " * width_of(sign)
    lines = [blank + roof, *(blank + wall for wall in walls[:-1]), sign + walls[-1]]
    return Box(tuple(lines), box.base + 1)


def grid(rows: Sequence[Sequence[Box]], aligns: str = "^", gap: int = 2) -> Box:
    """Return boxes in rows and columns.

    Args:
        rows: The boxes.
        aligns: Of the columns, again from the start when there are more.
        gap: Between two columns.
    """
    count = max((len(row) for row in rows), default=0)
    empty = Box(("",))
    filled = [[*row, *[empty] * (count - len(row))] for row in rows]
    widths = [max(row[place].width for row in filled) for place in range(count)]
    lines: list[str] = []
    for row in filled:
        cells = [
            Box(
                tuple(padded(line, width, aligns[place % len(aligns)]) for line in box.lines),
                box.base,
            )
            for place, (box, width) in enumerate(zip(row, widths, strict=True))
        ]
        spaced = [part for cell in cells for part in (Box((" " * gap,)), cell)][1:]
        lines.extend(beside(spaced).lines if spaced else [""])
    return Box(tuple(lines), (len(lines) - 1) // 2)
