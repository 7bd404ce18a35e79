"""Turn the colors of terminal output into HTML and LaTeX: what `nuncius.protocol.text.ansi` reads, for documents of any size."""

from __future__ import annotations

import re
from functools import lru_cache

from nuncius.nbconvert import markup
from nuncius.protocol.text.ansi import NAMES, PLAIN, Color, Style, parse, rgb, strip, to_html

__all__ = ["latex", "page", "strip"]

_COLOR = re.compile(r"\x1b\[([0-9;:]*)m")


def page(text: str) -> str:
    """Return text as HTML; colors become ``<span>`` elements with the classes that Jupyter has."""
    if "\x1b" not in text:
        return markup.text(text)
    pieces = _COLOR.split(text)
    if text.count("\x1b") != len(pieces) // 2:
        return to_html(text)  # there is more in it than colors
    out = []
    history = ""  # the sequences since the last reset: they decide how the next piece looks
    for index, piece in enumerate(pieces):
        if index % 2:
            if piece in ("", "0"):
                history = ""
            else:
                sequence = f"\x1b[{piece}m"
                history = sequence if piece.startswith("0;") else history + sequence
                if len(history) > 400:
                    return to_html(text)
        elif piece:
            before, after = _tags(history) if history else ("", "")
            out.append(f"{before}{markup.text(piece)}{after}")
    return "".join(out)


@lru_cache(maxsize=1024)
def _tags(history: str) -> tuple[str, str]:
    before, _, after = to_html(history + "\ue000").partition("\ue000")
    return before, after


def latex(text: str) -> str:
    """Return text that is LaTeX already, but for its escape sequences, as LaTeX with colors."""
    if "\x1b" not in text:
        return text
    return "".join(_run(run.style, run.text) for run in parse(text))


def _run(style: Style, piece: str) -> str:
    if style == PLAIN:
        return piece
    # A group must not reach over the end of a line of a Verbatim environment.
    return "\n".join(_line(style, line) if line else "" for line in piece.split("\n"))


def _line(style: Style, line: str) -> str:
    front, back = style.foreground, style.background
    if style.inverse:
        front, back = back, front
    if style.bold and isinstance(front, int) and front < 8:
        front += 8
    if front is not None:
        line = rf"\textcolor{_color(front)}{{{line}}}"
    elif style.inverse:
        line = rf"\textcolor{{ansi-default-inverse-fg}}{{{line}}}"
    if back is not None:
        line = rf"\setlength{{\fboxsep}}{{0pt}}\colorbox{_color(back)}{{{line}\strut}}"
    elif style.inverse:
        line = rf"\setlength{{\fboxsep}}{{0pt}}\colorbox{{ansi-default-inverse-bg}}{{{line}\strut}}"
    if style.bold:
        line = rf"\textbf{{{line}}}"
    return rf"\underline{{{line}}}" if style.underline else line


def _color(color: Color) -> str:
    if isinstance(color, int) and color < 16:
        return f"{{ansi-{NAMES[color % 8]}{'-intense' if color > 7 else ''}}}"
    parts = rgb(color) if isinstance(color, int) else color
    return "[rgb]{" + ",".join(f"{value / 255:.3g}" for value in parts) + "}"
