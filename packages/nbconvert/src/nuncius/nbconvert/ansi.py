"""Turn the colors of terminal output into HTML and LaTeX: what `nuncius.protocol.text.ansi` reads, for documents of any size."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby

from nuncius.nbconvert import markup
from nuncius.protocol.text.ansi import NAMES, PLAIN, Color, Style, parse, rgb, strip, to_html

__all__ = ["latex", "page", "strip"]

_COLOR = re.compile(r"\x1b\[([0-9;:]*)m")
#: What nobody sees, but for what begins a sequence.
_UNSEEN = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]")


def page(text: str) -> str:
    """Return text as HTML; colors become ``<span>`` elements with the classes that Jupyter has."""
    if "\x1b" not in text:
        return markup.text(text)
    pieces = _colored(text)
    if pieces is None:
        return to_html(text)
    out = []
    for history, piece in pieces:
        before, after = _tags(history) if history else ("", "")
        out.append(f"{before}{markup.text(piece)}{after}")
    return "".join(out)


def _colored(text: str) -> list[tuple[str, str]] | None:
    """Return the pieces of a text with the sequences that decide how each looks; None if there is more in it than colors."""
    pieces = _COLOR.split(text)
    if text.count("\x1b") != len(pieces) // 2:
        return None
    out = [("", pieces[0])] if pieces[0] else []
    history = ""  # the sequences since the last reset
    for code, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if code in ("", "0"):
            history = ""
        else:
            sequence = f"\x1b[{code}m"
            history = sequence if code.startswith("0;") else history + sequence
            if len(history) > 400:
                return None
        if piece:
            out.append((history, piece))
    return out


@lru_cache(maxsize=1024)
def _tags(history: str) -> tuple[str, str]:
    before, _, after = to_html(history + "\ue000").partition("\ue000")
    return before, after


def latex(text: str) -> str:
    """Return text that is LaTeX already, but for its escape sequences, as LaTeX with colors."""
    if "\x1b" not in text:
        return text
    pieces = None if _UNSEEN.search(text) else _colored(text)
    if pieces is None:
        return "".join(_run(run.style, run.text) for run in parse(text))
    out = []
    for around, group in groupby(pieces, key=lambda piece: _commands(piece[0])):
        joined = "".join(piece for _, piece in group)
        out.append(_wrapped(joined, *around) if around[0] else joined)
    return "".join(out)


@lru_cache(maxsize=1024)
def _commands(history: str) -> tuple[str, str]:
    """Return what stands before and after a text that is styled by these sequences."""
    if not history:
        return "", ""
    style = parse(history + "\ue000")[0].style
    before, _, after = _run(style, "\ue000").partition("\ue000")
    return before, after


def _wrapped(piece: str, before: str, after: str) -> str:
    if "\n" not in piece:
        return f"{before}{piece}{after}"
    # A group must not reach over the end of a line of a Verbatim environment.
    return "\n".join(f"{before}{line}{after}" if line else "" for line in piece.split("\n"))


def _run(style: Style, piece: str) -> str:
    if style == PLAIN:
        return piece
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
