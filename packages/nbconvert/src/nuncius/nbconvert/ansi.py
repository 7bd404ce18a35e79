"""Turn the colors of terminal output into HTML and LaTeX, or leave them out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nuncius.nbconvert import markup

__all__ = ["Look", "latex", "page", "runs", "strip"]

NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
Color = int | tuple[int, int, int] | None

# CSI sequences, OSC sequences (links, titles) and two-character escapes; possessive by construction, so linear.
_ESCAPE = re.compile(r"\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_=>78])|\x9b([0-?]*)[ -/]*([@-~])")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """How a piece of text looks; a color is an index from 0 to 15 or red, green and blue."""

    front: Color = None
    back: Color = None
    bold: bool = False
    italic: bool = False
    underline: bool = False
    inverse: bool = False


PLAIN = Look()


def strip(text: str) -> str:
    """Return text without escape sequences."""
    return _ESCAPE.sub("", text) if "\x1b" in text or "\x9b" in text else text


def runs(text: str) -> Iterator[tuple[Look, str]]:
    """Yield the pieces of text that look alike."""
    look = PLAIN
    done = 0
    for match in _ESCAPE.finditer(text):
        if match.start() > done:
            yield look, text[done : match.start()]
        done = match.end()
        if (match[2] or match[4]) == "m":
            look = _changed(look, match[1] or match[3] or "")
    if done < len(text):
        yield look, text[done:]


def _changed(look: Look, parameters: str) -> Look:
    try:
        codes = [int(code or 0) for code in parameters.replace(":", ";").split(";")]
    except ValueError:
        return look
    at = 0
    while at < len(codes):
        code = codes[at]
        at += 1
        if code in (38, 48):
            color, at = _extended(codes, at)
            look = replace(look, front=color) if code == 38 else replace(look, back=color)
        else:
            look = _simple(look, code)
    return look


def _simple(look: Look, code: int) -> Look:
    if code == 0:
        return PLAIN
    if code in _FLAGS:
        name, value = _FLAGS[code]
        return replace(look, **{name: value})
    if 30 <= code <= 37:
        return replace(look, front=code - 30)
    if 40 <= code <= 47:
        return replace(look, back=code - 40)
    if 90 <= code <= 97:
        return replace(look, front=code - 82)
    if 100 <= code <= 107:
        return replace(look, back=code - 92)
    if code == 39:
        return replace(look, front=None)
    return replace(look, back=None) if code == 49 else look


_FLAGS: dict[int, tuple[str, bool]] = {
    1: ("bold", True), 22: ("bold", False), 3: ("italic", True), 23: ("italic", False),
    4: ("underline", True), 24: ("underline", False), 7: ("inverse", True), 27: ("inverse", False),
}  # fmt: skip


def _extended(codes: list[int], at: int) -> tuple[Color, int]:
    kind = codes[at] if at < len(codes) else -1
    if kind == 2 and at + 3 < len(codes):
        r, g, b = (min(255, value) for value in codes[at + 1 : at + 4])
        return (r, g, b), at + 4
    if kind == 5 and at + 1 < len(codes):
        return _palette(codes[at + 1]), at + 2
    return None, len(codes)


def _palette(index: int) -> Color:
    if index < 16:
        return index
    if index < 232:
        index -= 16
        return tuple(0 if v == 0 else 55 + 40 * v for v in (index // 36, index // 6 % 6, index % 6))  # type: ignore[return-value]
    if index < 256:
        return (8 + 10 * (index - 232),) * 3
    return None


def color_name(color: int) -> str:
    """Return the name of one of the sixteen colors: ``ansi-red``, ``ansi-red-intense``."""
    return f"ansi-{NAMES[color % 8]}" + ("-intense" if color > 7 else "")


def page(text: str) -> str:
    """Return text as HTML; colors become ``<span>`` elements with the classes that Jupyter has."""
    if "\x1b" not in text and "\x9b" not in text:
        return markup.text(text)
    return "".join(_span(look, piece) for look, piece in runs(text))


def _span(look: Look, piece: str) -> str:
    body = markup.text(piece)
    if look is PLAIN or look == PLAIN:
        return body
    return f"<span{_looks(look)}>{body}</span>"


def _looks(look: Look) -> str:
    front, back = (look.back, look.front) if look.inverse else (look.front, look.back)
    if look.bold and isinstance(front, int) and front < 8:
        front += 8
    classes, styles = [], []
    for color, kind, prop in ((front, "fg", "color"), (back, "bg", "background-color")):
        if isinstance(color, int):
            classes.append(f"{color_name(color)}-{kind}")
        elif color:
            styles.append(f"{prop}: rgb({','.join(map(str, color))})")
        elif look.inverse:
            classes.append(f"ansi-default-inverse-{kind}")
    classes += [f"ansi-{n}" for n in ("bold", "italic", "underline") if getattr(look, n)]
    return markup.attributes(class_=" ".join(classes) or None, style="; ".join(styles) or None)


def latex(text: str) -> str:
    """Return text that is LaTeX already, but for its escape sequences, as LaTeX with colors."""
    if "\x1b" not in text and "\x9b" not in text:
        return text
    return "".join(_latex_run(look, piece) for look, piece in runs(text))


def _latex_run(look: Look, piece: str) -> str:
    if look == PLAIN:
        return piece
    # A group must not reach over the end of a line of a Verbatim environment.
    return "\n".join(_latex_line(look, line) if line else "" for line in piece.split("\n"))


def _latex_line(look: Look, line: str) -> str:
    front, back = (look.back, look.front) if look.inverse else (look.front, look.back)
    if look.bold and isinstance(front, int) and front < 8:
        front += 8
    if look.inverse and front is None:
        line = rf"\textcolor{{ansi-default-inverse-fg}}{{{line}}}"
    elif front is not None:
        line = rf"\textcolor{_latex_color(front)}{{{line}}}"
    if look.inverse and back is None:
        line = rf"\setlength{{\fboxsep}}{{0pt}}\colorbox{{ansi-default-inverse-bg}}{{{line}\strut}}"
    elif back is not None:
        line = rf"\setlength{{\fboxsep}}{{0pt}}\colorbox{_latex_color(back)}{{{line}\strut}}"
    if look.bold:
        line = rf"\textbf{{{line}}}"
    return rf"\underline{{{line}}}" if look.underline else line


def _latex_color(color: int | tuple[int, int, int]) -> str:
    if isinstance(color, int):
        return f"{{{color_name(color)}}}"
    return "[rgb]{" + ",".join(f"{value / 255:.3g}" for value in color) + "}"
