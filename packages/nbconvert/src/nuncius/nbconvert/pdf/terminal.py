"""Write what a terminal shows, with its colors, for Typst."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nuncius.nbconvert.pdf.text import raw
from nuncius.protocol.text.ansi import PLAIN, Color, Style, parse, rgb

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["terminal"]

# Dark enough to be read on paper.
_PALETTE = (
    "#3e424d", "#c0392b", "#00802b", "#94650b", "#1f6fb2", "#a8326d", "#2b7a78", "#5f6368",
    "#282c36", "#b22b31", "#007427", "#b27d12", "#0065ca", "#a03196", "#258f8f", "#757b83",
)  # fmt: skip


def terminal(text: str) -> str:
    """Return text with escape sequences as an expression of Typst's code."""
    text = text.strip("\n")
    if "\x1b" not in text and "\r" not in text and "\b" not in text:
        return raw(text, block=True)
    runs = [_run(style, piece) for style, piece in _merged(text)]
    return "par({" + " + ".join(runs) + "})" if runs else "none"


def _merged(text: str) -> Iterator[tuple[Style, str]]:
    style, pieces = PLAIN, list[str]()
    for run in parse(text):
        if run.style != style:
            if pieces:
                yield style, "".join(pieces)
            style, pieces = run.style, []
        pieces.append(run.text)
    if pieces:
        yield style, "".join(pieces)


def _run(style: Style, text: str) -> str:
    made = raw(text.replace("\r\n", "\n").replace("\r", "\n"))
    front, back = style.foreground, style.background
    if style.inverse:
        front, back = (15 if back is None else back), (0 if front is None else front)
    wanted = []
    if front is not None:
        wanted.append(f"fill: {_color(front)}")
    if style.bold:
        wanted.append('weight: "bold"')
    if style.italic:
        wanted.append('style: "italic"')
    if wanted:
        made = f"text({', '.join(wanted)}, {made})"
    if style.underline:
        made = f"underline({made})"
    if style.strike:
        made = f"strike({made})"
    return f"highlight(fill: {_color(back)}.lighten(60%), {made})" if back is not None else made


def _color(color: Color) -> str:
    if isinstance(color, int):
        if color < 16:
            return f'rgb("{_PALETTE[color]}")'
        color = rgb(color)
    red, green, blue = (max(0, min(255, int(part))) for part in color)
    return f"rgb({red}, {green}, {blue})"
