"""Turn IPython's special syntax into Python: ``%magic``, ``!command``, ``name = !command``, ``name?``, ``/f x`` and so on.

Everything that a person types is kept: a command becomes the argument of a call of ``get_ipython()``, which whoever runs the code must provide.
A line that cannot be read stays as it is, for Python to complain about.

Source: "IPython reference", sections "Magic command system", "Access to the system shell", "Dynamic object information" and "Automatic parentheses and quotes".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from nuncius.protocol.text.scan import LogicalLine, Scanner, continued_end
from nuncius.protocol.text.syntax import Special

__all__ = [
    "Place",
    "escaped_call",
    "find_special",
    "help_call",
    "transform_special",
]


_ESCAPES = frozenset("!?%,;/")
_OPERATORS = ("!=", "%=", "//", "/=")
_INDENT = re.compile(r"(?:[ \t\f]|\\\r?\n)*")
#: Where `nuncius.protocol.text.scan.continued_end` goes on.
_CONTINUED = re.compile(r"\\\r?\n(?!\Z)")
_HELP_WORD = re.compile(r"[\w*]++")
#: Reversed, since help is read from the question mark backwards.
_HELP_INDEX = re.compile(r"\][0-9]++-?\[")
_LEADING_DIGITS = re.compile(r"\d*")


@dataclass(frozen=True, slots=True)
class Place:
    """One place with special syntax.

    All numbers are offsets in the text.

    Attributes:
        kind: What it is.
        start: Where the statement starts, its indentation included.
        mark: Of the first escape character; of the first question mark where help stands at the end.
        end: Where the statement ends, its newline included.
        python: What the statement means, without newline.
    """

    kind: Special
    start: int
    mark: int
    end: int
    python: str


def find_special(text: str, kinds: Collection[Special] = tuple(Special)) -> Iterator[Place]:
    """Yield the places with special syntax, in their order.

    Args:
        text: A cell without a cell magic.
        kinds: What to look for.
    """
    scanner = Scanner(text)
    pos = 0
    size = len(text)
    while pos < size:
        place, pos = _next(scanner, pos, kinds)
        if place is not None:
            yield place


def transform_special(text: str, kinds: Collection[Special] = tuple(Special)) -> str:
    """Return ``text`` with its special syntax turned into Python.

    Args:
        text: A cell without a cell magic.
        kinds: What to look for.
    """
    pieces: list[str] = []
    done = 0
    for place in find_special(text, kinds):
        pieces += [text[done : place.start], place.python, "\n"]
        done = place.end
    pieces.append(text[done:])
    return "".join(pieces)


def _next(scanner: Scanner, start: int, kinds: Collection[Special]) -> tuple[Place | None, int]:
    """Return what is special in the logical line at ``start``, and where that line ends."""
    text = scanner.text
    indent = _INDENT.match(text, start)
    assert indent is not None
    code = indent.end()
    escaped = text[code : code + 1] in _ESCAPES and not text.startswith(_OPERATORS, code)
    end = continued_end(text, code) if escaped else None
    line = scanner.line(start, end)
    if Special.HELP in kinds and (place := _help_at_end(text, line)):
        return place, line.end
    if end is not None:
        call = escaped_call(_joined(text, code, end)) if Special.ESCAPED in kinds else None
        if call is None:
            return None, end
        return Place(Special.ESCAPED, start, code, end, text[start:code] + call), end
    if line.special is not None:
        return _assigned(text, line, line.special, kinds), line.end
    return None, line.end


def _assigned(
    text: str, line: LogicalLine, special: int, kinds: Collection[Special]
) -> Place | None:
    kind = Special.MAGIC_ASSIGN if text[special] == "%" else Special.SYSTEM_ASSIGN
    if kind not in kinds:
        return None
    command = _joined(text, special, line.end)[1:]
    call = (
        _magic(command) if kind is Special.MAGIC_ASSIGN else f"get_ipython().getoutput({command!r})"
    )
    return Place(kind, line.start, special, line.end, text[line.start : special] + call)


def _joined(text: str, start: int, end: int) -> str:
    """Return a command without its line end, its continued lines joined by spaces."""
    # not splitlines(): a command may have a form feed, or another end of a line that is none here
    return _CONTINUED.sub(" ", text[start:end]).rstrip()


def escaped_call(line: str) -> str | None:
    """Return the Python that ``line``, which starts with an escape character, stands for.

    Args:
        line: Such as ``%time f()``, without indentation and line end.

    Returns:
        The call, None if the line says nothing.
    """
    for escape in ("!!", "??", line[:1]):
        if line.startswith(escape):
            return _CALLS[escape](line[len(escape) :])
    return None


def _magic(rest: str) -> str:
    name, _, arguments = rest.partition(" ")
    return f"get_ipython().run_line_magic({name!r}, {arguments!r})"


def _help(rest: str, escape: str) -> str:
    return help_call(rest, escape) if rest else "get_ipython().show_usage()"


def help_call(target: str, escape: str) -> str:
    """Return the call that shows help.

    Args:
        target: A name, or a pattern with ``*``.
        escape: ``?`` or ``??`` for more.
    """
    magic = "pinfo2" if escape == "??" else "psearch" if "*" in target else "pinfo"
    return f"get_ipython().run_line_magic({magic!r}, {target!r})"


def _named(rest: str) -> tuple[str, str] | None:
    """Split what follows ``,``, ``;`` or ``/`` into the name of what to call and the rest; None without a name."""
    name, _, arguments = rest.partition(" ")
    return (name, arguments) if name[:1].isidentifier() else None


def _quoted_words(rest: str) -> str | None:
    if (named := _named(rest)) is None:
        return None
    return f"{named[0]}({', '.join(map(_quoted, named[1].split() or ['']))})"


def _quoted_rest(rest: str) -> str | None:
    named = _named(rest)
    return named and f"{named[0]}({_quoted(named[1])})"


def _quoted(text: str) -> str:
    return repr(text) if '"' in text or "\\" in text or not text.isprintable() else f'"{text}"'


def _called(rest: str) -> str | None:
    named = _named(rest)
    return named and f"{named[0]}({', '.join(named[1].split())})"


_CALLS: dict[str, Callable[[str], str | None]] = {
    "!": "get_ipython().system({!r})".format,
    "!!": "get_ipython().getoutput({!r})".format,
    "?": lambda rest: _help(rest, "?"),
    "??": lambda rest: _help(rest, "??"),
    "%": _magic,
    ",": _quoted_words,
    ";": _quoted_rest,
    "/": _called,
}


def _help_at_end(text: str, line: LogicalLine) -> Place | None:
    """Return the place where a logical line ends in ``name?``."""
    stop = line.stop
    if line.special is not None:
        # What follows is a command; it is read as if it were Python.
        command = Scanner(text).line(line.special, line.end)
        if command.broken:
            return None
        stop = command.stop
    if line.broken or stop == line.code or text[stop - 1] != "?" or text[stop : line.end].strip():
        return None
    if (line.brackets or line.quote) and text.count("\n", stop, line.end) > 1:
        return None
    code = text[line.code : stop]
    stem = code.rstrip("?")
    marks = len(code) - len(stem)
    if marks > 2:
        return None
    target = _help_target(stem)
    if not target:
        return None
    call = help_call(target, "?" * marks)
    python = text[line.start : line.code] + call
    return Place(Special.HELP, line.start, stop - marks, line.end, python)


def _help_target(text: str) -> str:
    """Return the longest end of ``text`` that help can be asked for, such as ``a.b[0].c`` or ``%magic``."""
    backwards = text[::-1]
    pos = found = 0
    while True:
        while index := _HELP_INDEX.match(backwards, pos):
            pos = index.end()
        word = _HELP_WORD.match(backwards, pos)
        if word is None:
            break
        digits = _LEADING_DIGITS.match(word.group()[::-1])
        skipped = digits.end() if digits else 0
        if skipped < len(word.group()):
            found = word.end() - skipped
        pos = word.end()
        if skipped or backwards[pos : pos + 1] != ".":
            break
        pos += 1
    if not found:
        return ""
    percents = backwards[found : found + 2]
    found += len(percents) - len(percents.lstrip("%"))
    return text[len(text) - found :]
