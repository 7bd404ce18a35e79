r"""Read what programs write for terminals: colors, links, and characters that move the cursor.

Three things are done with such text: `parse` gives runs of one style each, for consoles that draw themselves; `to_html` and `strip` make documents; and `settle` does what a terminal does with ``\r``, ``\b`` and cursor movements, so that a progress bar is one line and not a thousand.

Rule 1: any text is accepted; what is not known is left out, and nothing in it reaches a document unescaped.
Rule 2: time and memory grow with the length of the text only, whatever numbers its sequences contain.

Source: ECMA-48, section 8.3; "XTerm Control Sequences"; "Hyperlinks in Terminal Emulators" (OSC 8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

__all__ = [
    "NAMES",
    "PLAIN",
    "Color",
    "Parser",
    "Run",
    "Settler",
    "Style",
    "parse",
    "rgb",
    "settle",
    "strip",
    "to_html",
]

#: A number of the palette (0 to 15 are the named ones, up to 255), or red, green and blue.
Color = int | tuple[int, int, int]

#: The names of colors 0 to 7; 8 to 15 are their bright forms.
NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")

_SEQUENCE = re.compile(
    r"""
      \x1b\[ (?P<parameters>[0-?]*+) [ -/]*+ (?P<final>[@-~])
    | \x1b\] (?P<command>[^\x07\x1b\x9c]*+) (?:\x07|\x1b\\|\x9c)
    | \x1b[PX^_] [^\x1b\x9c]*+ (?:\x1b\\|\x9c)
    | \x1b[ -/]++ [0-~]
    | \x1b[0-OQ-WYZ\\`-~]
    """,
    re.VERBOSE,
)

#: The beginning of a sequence at the end of a chunk; longer ones are taken for text.
_UNFINISHED = re.compile(
    r"\x1b(?:\[[0-?]*+[ -/]*+|[\]PX^_][^\x07\x1b\x9c]{0,4000}+\x1b?|[ -/]*+)\Z"
)

#: What is not shown: control characters but tab, newline, and those that `settle` obeys.
_UNSEEN = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f]")

#: Addresses that a link in a document may lead to.
_SAFE_LINK = re.compile(r"(?:https?|ftp|mailto|file):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks.

    Attributes:
        foreground: None is the default color.
        background: None is the default color.
        link: The address that the text leads to.
    """

    foreground: Color | None = None
    background: Color | None = None
    bold: bool = False
    faint: bool = False
    italic: bool = False
    underline: bool = False
    blink: bool = False
    inverse: bool = False
    hidden: bool = False
    strike: bool = False
    overline: bool = False
    link: str = ""


PLAIN = Style()


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one style."""

    text: str
    style: Style = PLAIN


class Parser:
    """Read text that comes in pieces: the style goes on from piece to piece, and a sequence may be cut anywhere.

    Attributes:
        style: That of the text to come.
    """

    def __init__(self, style: Style = PLAIN) -> None:
        self.style = style
        #: The beginning of a sequence whose end has not come.
        self._rest = ""

    def feed(self, text: str) -> list[Run]:
        """Return the runs of the next piece of text."""
        text = self._rest + text
        unfinished = _unfinished(text)
        self._rest = text[unfinished:]
        text = text[:unfinished]
        runs: list[Run] = []
        pos = 0
        for match in _SEQUENCE.finditer(text):
            self._add(runs, text[pos : match.start()])
            pos = match.end()
            self._obey(match)
        self._add(runs, text[pos:])
        return runs

    def _add(self, runs: list[Run], text: str) -> None:
        text = _UNSEEN.sub("", text)
        if not text:
            return
        if runs and runs[-1].style == self.style:
            runs[-1] = Run(runs[-1].text + text, self.style)
        else:
            runs.append(Run(text, self.style))

    def _obey(self, sequence: re.Match[str]) -> None:
        if sequence["final"] == "m":
            self.style = _restyled(self.style, sequence["parameters"])
        elif command := sequence["command"]:
            kind, _, rest = command.partition(";")
            if kind == "8":
                self.style = replace(self.style, link=rest.partition(";")[2])


def _unfinished(text: str) -> int:
    """Return where an unfinished sequence at the end of ``text`` begins."""
    start = text.rfind("\x1b")
    if start < 0:
        return len(text)
    # The end of an OSC may itself be cut after its ESC.
    for begin in (text.rfind("\x1b", 0, start) if text.endswith("\x1b") else -1, start):
        if begin >= 0 and _UNFINISHED.match(text, begin):
            return begin
    return len(text)


def parse(text: str) -> list[Run]:
    """Return the runs of ``text``, without control characters other than tab, newline, carriage return and backspace."""
    return Parser().feed(text)


def strip(text: str) -> str:
    """Return ``text`` without escape sequences."""
    return _SEQUENCE.sub("", text) if "\x1b" in text else text


# -- styles

_ON: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"faint": True},
    3: {"italic": True},
    4: {"underline": True},
    5: {"blink": True},
    6: {"blink": True},
    7: {"inverse": True},
    8: {"hidden": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "faint": False},
    23: {"italic": False},
    24: {"underline": False},
    25: {"blink": False},
    27: {"inverse": False},
    28: {"hidden": False},
    29: {"strike": False},
    53: {"overline": True},
    55: {"overline": False},
}
_TARGETS = {38: "foreground", 48: "background", 58: ""}


@lru_cache(maxsize=4096)
def _restyled(style: Style, parameters: str) -> Style:
    """Return ``style`` after a sequence of SGR parameters."""
    if parameters[:1] in {"<", "=", ">", "?"}:
        return style
    changes: dict[str, object] = {}
    codes = iter(parameters.split(";"))
    for code in codes:
        number, *sub = code.split(":")
        value = _number(number)
        if value == 0:
            style, changes = Style(link=style.link), {}
        elif value == 4 and sub:
            changes["underline"] = sub[0] != "0"
        elif value in _ON:
            changes.update(_ON[value])
        elif value in _TARGETS:
            color = (
                _long_color(sub[:1] + sub[-3:] if len(sub) > 3 else sub)
                if sub
                else _long_color_of(codes)
            )
            if color is not None and _TARGETS[value]:
                changes[_TARGETS[value]] = color
        elif value in {39, 49}:
            changes["foreground" if value == 39 else "background"] = None
        else:
            changes.update(_short_color(value))
    return replace(style, **changes) if changes else style  # type: ignore[arg-type]


def _number(text: str) -> int:
    # No sequence has more digits, and Python refuses thousands of them.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -bool(text)


def _short_color(code: int) -> dict[str, object]:
    for first, target, bright in (
        (30, "foreground", 0),
        (40, "background", 0),
        (90, "foreground", 8),
        (100, "background", 8),
    ):
        if first <= code < first + 8:
            return {target: code - first + bright}
    return {}


def _long_color_of(codes: Iterator[str]) -> Color | None:
    kind = next(codes, "")
    count = {"5": 1, "2": 3}.get(kind, 0)
    return _long_color([kind, *(next(codes, "") for _ in range(count))])


def _long_color(parts: list[str]) -> Color | None:
    numbers = [_number(part) for part in parts]
    if any(not 0 <= number <= 255 for number in numbers):
        return None
    if numbers[:1] == [5] and len(numbers) == 2:
        return numbers[1]
    if numbers[:1] == [2] and len(numbers) == 4:
        return numbers[1], numbers[2], numbers[3]
    return None


def rgb(color: int) -> tuple[int, int, int]:
    """Return red, green and blue of color 16 to 255 of the palette: a cube of 6 x 6 x 6, then 24 grays."""
    if color >= 232:
        gray = 8 + 10 * (color - 232)
        return gray, gray, gray
    color -= 16
    red, green, blue = (
        55 + 40 * level if level else 0 for level in (color // 36, color // 6 % 6, color % 6)
    )
    return red, green, blue


# -- documents

_CLASSES = {
    "bold": "ansi-bold",
    "faint": "ansi-faint",
    "italic": "ansi-italic",
    "underline": "ansi-underline",
    "blink": "ansi-blink",
    "hidden": "ansi-hidden",
    "strike": "ansi-strike",
    "overline": "ansi-overline",
}


def to_html(text: str, *, bold_is_bright: bool = True) -> str:
    """Return ``text`` as HTML, to be put into a ``<pre>``.

    Named colors become the classes ``ansi-red-fg``, ``ansi-red-intense-bg`` and so on, as style sheets for notebooks have them; other colors become inline styles, links to web addresses become links.

    Args:
        text: With escape sequences.
        bold_is_bright: Show bold text of colors 0 to 7 in their bright forms, as terminals do.
    """
    return "".join(_run_to_html(run, bold_is_bright) for run in parse(text))


def _run_to_html(run: Run, bold_is_bright: bool) -> str:
    style = run.style
    # Its table of names takes more room than everything here.
    from html import escape

    escaped = escape(run.text, quote=False)
    classes, styles = _css(style, bold_is_bright)
    if classes or styles:
        attributes = f' class="{" ".join(classes)}"' if classes else ""
        attributes += f' style="{"; ".join(styles)}"' if styles else ""
        escaped = f"<span{attributes}>{escaped}</span>"
    if style.link and _SAFE_LINK.match(style.link):
        escaped = f'<a href="{escape(style.link)}">{escaped}</a>'
    return escaped


def _css(style: Style, bold_is_bright: bool) -> tuple[list[str], list[str]]:
    foreground, background = style.foreground, style.background
    if bold_is_bright and style.bold and isinstance(foreground, int) and foreground < 8:
        foreground += 8
    classes: list[str] = []
    styles: list[str] = []
    if style.inverse:
        foreground, background = background, foreground
    for color, suffix, name in (
        (foreground, "fg", "color"),
        (background, "bg", "background-color"),
    ):
        if color is None:
            if style.inverse:
                classes.append(f"ansi-default-inverse-{suffix}")
        elif isinstance(color, int) and color < 16:
            bright = "-intense" if color > 7 else ""
            classes.append(f"ansi-{NAMES[color % 8]}{bright}-{suffix}")
        else:
            red, green, blue = rgb(color) if isinstance(color, int) else color
            styles.append(f"{name}: rgb({red},{green},{blue})")
    classes += [css for field, css in _CLASSES.items() if getattr(style, field)]
    return classes, styles


# -- cursor movements

_MOVE = re.compile(r"[\r\b\n]|\x1b\[(?P<count>[0-9;]*+)(?P<final>[A-HJKf])")
_MOVES_BACK = re.compile(r"[\r\b]|\x1b\[[0-9;]*+[A-HJKf]")

#: Columns of a line, and lines that a program may move up: those of any real terminal.
_WIDEST = 2000
_HIGHEST = 1000

#: How many blanks movements may make, for each character of the text.
_BLANKS = 10


def settle(text: str) -> str:
    r"""Return what a terminal shows at the end: the same text without ``\r``, ``\b`` and cursor movements.

    Colors and links stay. Text that no movement touches is returned as it is.
    """
    settler = Settler()
    settler.feed(text)
    return settler.text()


class Settler:
    """Do what `settle` does with text that comes in pieces, in time that grows with its length however often someone looks."""

    def __init__(self) -> None:
        #: What was fed, until something moves back: most text never does.
        self._plain: list[str] = []
        self._screen: _Screen | None = None
        #: The beginning of a sequence whose end has not come.
        self._rest = ""

    def feed(self, text: str) -> None:
        """Take the next piece."""
        if self._screen is None:
            self._plain.append(text)
            # With what came before: a sequence may be cut anywhere.
            text = self._rest + text
            if not _MOVES_BACK.search(text):
                self._rest = text[_unfinished(text) :]
                return
            text, self._rest = "".join(self._plain), ""
            self._plain.clear()
            self._screen = _Screen()
        text = self._rest + text
        unfinished = _unfinished(text)
        self._rest = text[unfinished:]
        self._draw(self._screen, text[:unfinished])

    def text(self) -> str:
        """Return what a terminal shows now."""
        if self._screen is None:
            if len(self._plain) > 1:
                self._plain = ["".join(self._plain)]
            return self._plain[0] if self._plain else ""
        return self._screen.text()

    def _draw(self, screen: _Screen, text: str) -> None:
        screen.blanks += _BLANKS * len(text)
        pos = 0
        for move in _MOVE.finditer(text):
            screen.write(text[pos : move.start()])
            screen.move(move)
            pos = move.end()
        screen.write(text[pos:])


class _Screen:
    """Lines of cells with a cursor."""

    def __init__(self) -> None:
        #: Above `lines`: what no movement reaches any more, and the style at its end.
        self.done: list[str] = []
        self.done_style = PLAIN
        self.lines: list[list[tuple[str, Style]]] = [[]]
        self.row = 0
        self.column = 0
        self.parser = Parser()
        #: How many blank cells movements may still make.
        self.blanks = _WIDEST

    def write(self, text: str) -> None:
        for run in self.parser.feed(text) if text else ():
            line = self.lines[self.row]
            line += self._blanks(self.column - len(line))
            start = min(self.column, len(line))
            line[start : start + len(run.text)] = [(char, run.style) for char in run.text]
            self.column = start + len(run.text)

    def _blanks(self, count: int) -> list[tuple[str, Style]]:
        count = max(0, min(count, self.blanks))
        self.blanks -= count
        return [(" ", PLAIN)] * count

    def move(self, move: re.Match[str]) -> None:
        match move.group():
            case "\r":
                self.column = 0
            case "\b":
                self.column = max(0, self.column - 1)
            case "\n":
                self.column = 0
                self.row += 1
                if self.row == len(self.lines):
                    self.lines.append([])
                    if self.row >= 2 * _HIGHEST:
                        self._finish(self.row - _HIGHEST)
            case _:
                self._jump(move["final"], _number(move["count"].partition(";")[0]))

    def _jump(self, final: str, count: int) -> None:
        steps = min(max(1, count), _HIGHEST)
        match final:
            case "A" | "F":
                self.row = max(0, len(self.lines) - _HIGHEST, self.row - steps)
            case "B" | "E":
                self.row = min(len(self.lines) - 1, self.row + steps)
            case "C":
                self.column = max(self.column, min(_WIDEST, self.column + steps))
            case "D":
                self.column = max(0, self.column - steps)
            case "G":
                self.column = min(_WIDEST, max(1, count) - 1)
            case "K":
                self._erase_line(count)
            case "J":
                self._erase_screen(count)
            case _:
                pass
        if final in {"E", "F"}:
            self.column = 0

    def _erase_line(self, part: int) -> None:
        line = self.lines[self.row]
        if part == 0:
            del line[self.column :]
        elif part == 1:
            blanks = self._blanks(min(self.column + 1, len(line)))
            line[: len(blanks)] = blanks
        else:
            line.clear()

    def _erase_screen(self, part: int) -> None:
        if part == 0:
            self._erase_line(0)
            del self.lines[self.row + 1 :]
        elif part in {2, 3}:
            self.lines = [[]]
            self.row = self.column = 0
            self.done.clear()
            self.done_style = PLAIN

    def _finish(self, count: int) -> None:
        """Turn the first lines into text."""
        out: list[str] = []
        self.done_style = _write_lines(self.lines[:count], self.done_style, out)
        self.done.append("".join([*out, "\n"]))
        del self.lines[:count]
        self.row -= count

    def text(self) -> str:
        """Return the lines, with sequences where the style changes."""
        if len(self.done) > 1:
            self.done = ["".join(self.done)]
        out = list(self.done)
        style = _write_lines(self.lines, self.done_style, out)
        out.append(_change(style, self.parser.style))
        return "".join(out)


def _write_lines(lines: list[list[tuple[str, Style]]], style: Style, out: list[str]) -> Style:
    """Append the text of the lines to ``out``; return the style at its end."""
    for number, line in enumerate(lines):
        if number:
            out.append("\n")
        for char, wanted in line:
            if wanted is not style and wanted != style:
                out.append(_change(style, wanted))
                style = wanted
            out.append(char)
    return style


def _change(old: Style, new: Style) -> str:
    """Return the sequences that lead from one style to another."""
    if old == new:
        return ""
    link = f"\x1b]8;;{new.link}\x1b\\" if old.link != new.link else ""
    before, after = replace(old, link=""), replace(new, link="")
    if before == after:
        return link
    reset = [] if before == PLAIN else ["0"]
    return f"{link}\x1b[{';'.join(reset + _codes(after))}m"


def _codes(style: Style) -> list[str]:
    codes = [str(code) for code, field in _FLAGS if getattr(style, field)]
    for color, first in ((style.foreground, 30), (style.background, 40)):
        if isinstance(color, tuple):
            codes.append(f"{first + 8};2;" + ";".join(map(str, color)))
        elif color is not None and color > 15:
            codes.append(f"{first + 8};5;{color}")
        elif color is not None:
            codes.append(str(first + color if color < 8 else first + 52 + color))
    return codes


_FLAGS = [
    (1, "bold"),
    (2, "faint"),
    (3, "italic"),
    (4, "underline"),
    (5, "blink"),
    (7, "inverse"),
    (8, "hidden"),
    (9, "strike"),
    (53, "overline"),
]
