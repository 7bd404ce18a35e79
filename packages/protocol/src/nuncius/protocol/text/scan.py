"""Find the logical lines of Python text that may be unfinished, wrong, or mixed with IPython's special syntax.

`tokenize` stops at the first thing that is not Python, differs between Python versions, and is slow to load. This scanner knows only what decides where a statement ends: strings, comments, brackets and continued lines. It never fails.

Rule 1: one pass; each character is looked at a constant number of times.
Rule 2: f-strings nest as in Python 3.12, which reads every older f-string the same way. Where that fails the text is wrong anyway, and the rest of it is read as before 3.12.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["LogicalLine", "Scanner", "continued_end"]

_GAP = r"(?:[ \t\f]|\\\r?\n)"
_TOKEN = re.compile(
    rf"""
      (?P<gap>{_GAP}+)
    | (?P<comment>\#[^\r\n]*)
    | (?P<newline>\r\n?|\n)
    | (?P<string>(?:[rR][bBfFtT]?|[bBfFtT][rR]?|[uU])?(?:\"{{3}}|'{{3}}|["']))
    | (?P<word>\w+)
    | (?P<opening>[(\[{{])
    | (?P<closing>[)\]}}])
    | (?P<special>={_GAP}*(?=%[ \t]*[^\W\d]|!(?!=)))
    | (?P<assign>=(?!=))
    | (?P<operator>(?:\*\*|//|>>|<<|[-+*/%&|^@<>=!:])=)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)

#: A physical line without anything that the scanner must look at: most of most programs.
_PLAIN_LINE = re.compile(r"[ \t\f]*+[^\s'\"#()\[\]{}=\\?][^'\"#()\[\]{}=\\?\r\n]*+\n")

#: What follows the opening quotes of a string, with its closing quotes. Groups are atomic, ``(?>...)``, and not possessive: `re` before Python 3.11.5 fails with those (gh-106052).
_REST = {
    "'": re.compile(r"(?>[^'\\\r\n]*+(?:\\(?:\r\n|.)[^'\\\r\n]*+)*)'", re.DOTALL),
    '"': re.compile(r'(?>[^"\\\r\n]*+(?:\\(?:\r\n|.)[^"\\\r\n]*+)*)"', re.DOTALL),
    "'''": re.compile(r"(?>[^'\\]*+(?:(?:\\.|'(?!''))[^'\\]*+)*)'''", re.DOTALL),
    '"""': re.compile(r'(?>[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*)"""', re.DOTALL),
}

#: The next thing that matters in the literal part of an f-string.
_LITERAL = re.compile(r"""\\[^{}]|\{\{|\}\}|[{}]|\"{3}|'{3}|["'\r\n]""", re.DOTALL)

#: CPython's own limit of f-strings in f-strings.
_DEEPEST = 150

_REST_OF_LINE = re.compile(r"[^\r\n]*")


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """One statement line, which may span several physical lines.

    All numbers are offsets in the text.

    Attributes:
        start: Of its first character, the indentation included.
        code: Of its first character that is no white space.
        stop: After its last character that is neither white space nor comment; equal to `code` if there is none.
        end: After its newline.
        special: Of the ``%`` or ``!`` in ``name = %magic`` or ``name = !command``: from there to `end` it is not Python.
        brackets: Of the brackets that are still open at the end of the text.
        quote: The triple quotes that are still open at the end of the text, or nothing.
        broken: A string is not closed before its physical line ends.
        sunken: There is a closing bracket too many.
    """

    start: int
    code: int
    stop: int
    end: int
    special: int | None = None
    brackets: tuple[int, ...] = ()
    quote: str = ""
    broken: bool = False
    sunken: bool = False

    @property
    def is_blank(self) -> bool:
        """Tell whether it holds no code: it is empty or a comment."""
        return self.stop == self.code


def continued_end(text: str, start: int) -> int:
    """Return where the physical line at ``start`` ends, with the lines that it goes on in after a backslash.

    Args:
        text: Any text.
        start: An offset in it.
    """
    size = len(text)
    while True:
        end = text.find("\n", start)
        if end < 0:
            return size
        last = end - 2 if text[end - 1 : end] == "\r" else end - 1
        if last < start or text[last] != "\\":
            return end + 1
        start = end + 1


class Scanner:
    r"""Read the logical lines of a text.

    Args:
        text: Anything; lines end in ``\n``, ``\r\n`` or ``\r``.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        #: Where this is set, the offsets of brackets that belong together are put into it.
        self.pairs: dict[int, int] | None = None
        #: False once an f-string could not be read as nested.
        self._nested = True

    def lines(self, start: int = 0) -> list[LogicalLine]:
        """Return all logical lines from ``start`` on."""
        found: list[LogicalLine] = []
        while start < len(self.text):
            line = self.line(start)
            found.append(line)
            start = line.end
        return found

    def line(self, start: int, stop_at: int | None = None) -> LogicalLine:  # noqa: C901 - one state machine, read top to bottom
        """Return the logical line that starts at ``start``.

        Args:
            start: Where a physical line starts that continues no other.
            stop_at: Take the text to end here, by default where it ends.
        """
        text = self.text
        size = len(text) if stop_at is None else stop_at
        if stop_at is None and (plain := _PLAIN_LINE.match(text, start)):
            return _plain(text, start, plain.end())
        pos = start
        code = stop = -1
        brackets: list[int] = []
        assigned = broken = sunken = False
        while pos < size:
            match = _TOKEN.match(text, pos, size)
            assert match is not None
            kind = match.lastgroup
            begin, pos = pos, match.end()
            if kind == "gap":
                continue
            if code < 0:
                code = stop = begin
            if kind == "newline":
                if not brackets:
                    return LogicalLine(start, code, stop, pos, broken=broken, sunken=sunken)
                continue
            if kind == "comment":
                continue
            if kind == "string":
                quoted = self._string_end(match.group(), pos, size)
                if quoted is None:
                    quote = match.group().lstrip("rRbBuUfFtT")
                    if len(quote) == 3:
                        return LogicalLine(
                            start, code, size, size, None, tuple(brackets), quote, broken, sunken
                        )
                    broken = True
                    quoted = _rest_of_line(text, pos, size)
                pos = quoted
            elif kind == "opening":
                brackets.append(begin)
            elif kind == "closing":
                if brackets:
                    opening = brackets.pop()
                    if self.pairs is not None:
                        self.pairs.update({opening: begin, begin: opening})
                else:
                    sunken = True
            elif not brackets and not assigned and kind in {"assign", "special"}:
                assigned = True
                if kind == "special" and begin > code:
                    end = continued_end(text, pos)
                    return LogicalLine(start, code, end, end, pos, (), "", broken, sunken)
            stop = pos
        if code < 0:
            code = stop = size
        return LogicalLine(start, code, stop, size, None, tuple(brackets), "", broken, sunken)

    def _string_end(self, opening: str, pos: int, size: int) -> int | None:
        """Return the offset after the string whose content starts at ``pos``, None if it is not closed."""
        prefix = opening.rstrip("\"'")
        quote = opening[len(prefix) :]
        if self._nested and _is_formatted(prefix):
            end = _formatted_end(self.text, pos, size, quote)
            if end is not None:
                return end
            self._nested = False
        match = _REST[quote].match(self.text, pos, size)
        return match.end() if match else None


def _is_formatted(prefix: str) -> bool:
    return any(letter in "fFtT" for letter in prefix)


def _formatted_end(text: str, pos: int, size: int, quote: str) -> int | None:
    """Return the offset after an f-string, None if it cannot be read as nested ones."""
    #: A literal part (its quotes), a format specification (no quotes), or a field (its depth of brackets).
    frames: list[str | int] = [quote]
    while frames and pos < size:
        top = frames[-1]
        found = (
            _in_literal(text, pos, size, frames, top)
            if isinstance(top, str)
            else _in_field(text, pos, size, frames, top)
        )
        if found is None or len(frames) > _DEEPEST:
            return None
        pos = found
    return None if frames else pos


def _in_literal(text: str, pos: int, size: int, frames: list[str | int], quote: str) -> int | None:
    match = _LITERAL.search(text, pos, size)
    if match is None:
        return None
    token, pos = match.group(), match.end()
    if token[0] == "\\":
        return pos
    if token in {"{{", "}}"}:
        if quote:
            return pos
        # In a format specification braces are never escaped.
        token, pos = token[0], pos - 1
    if token == "{":
        frames.append(0)
    elif token == "}":
        if not quote:
            del frames[-2:]
    elif token in "\r\n":
        return None if len(quote) == 1 else pos
    elif not quote:
        # The string that this specification is in ends before its field does.
        return None if token == frames[-3] else pos
    elif token.startswith(quote):
        frames.pop()
        return match.start() + len(quote)
    return pos


def _in_field(text: str, pos: int, size: int, frames: list[str | int], depth: int) -> int | None:
    match = _TOKEN.match(text, pos, size)
    assert match is not None
    token, pos = match.group(), match.end()
    kind = match.lastgroup
    if kind == "string":
        prefix = token.rstrip("\"'")
        quote = token[len(prefix) :]
        if _is_formatted(prefix):
            frames.append(quote)
            return pos
        rest = _REST[quote].match(text, pos, size)
        return rest.end() if rest else None
    if kind == "opening":
        frames[-1] = depth + 1
    elif kind == "closing":
        if depth:
            frames[-1] = depth - 1
        elif token == "}":
            frames.pop()
        else:
            return None
    elif token[0] == ":" and not depth:
        frames.append("")
        return match.start() + 1
    return pos


def _plain(text: str, start: int, end: int) -> LogicalLine:
    line = text[start:end]
    code = start + len(line) - len(line.lstrip())
    return LogicalLine(start, code, start + len(line.rstrip()), end)


def _rest_of_line(text: str, pos: int, size: int) -> int:
    match = _REST_OF_LINE.match(text, pos, size)
    assert match is not None
    return match.end()
