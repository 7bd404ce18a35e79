r"""Tell the parts of Python source apart, line by line, for colors while it is typed.

A line is lexed with the state in which the one before it ended, and both are remembered: a key in a cell of 5,000 lines costs the lexing of one line.

    >>> lex_line("x = '''a", "")
    ((('name', 'x'), ('', ' '), ('operator', '='), ('', ' '), ('literal.string', "'''a")), "'''")

Names of kinds are those of Pygments' tokens, in lower case.
"""

from __future__ import annotations

import builtins
import keyword
import re
from functools import lru_cache

__all__ = ["START", "Fragments", "lex_line", "state_after"]

#: Pairs of a kind and a text; the texts joined are the line.
Fragments = tuple[tuple[str, str], ...]

#: The state before the first line of a cell.
START = "start"

#: A cell whose first line names a magic with another language goes on in this state.
_FOREIGN = "foreign"

_TOKEN = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<comment>\#.*)"
    r"|(?P<string>(?i:[rbuft]|br|rb|fr|rf|tr|rt)?(?P<quote>'''|\"\"\"|'|\"))"
    r"|(?P<number>(?i:0x[\da-f_]+|0b[01_]+|0o[0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d[\d_]*)?j?))"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<operator>[-+*/%@&|^~<>=!:]+)"
    r"|(?P<punctuation>.)"
)

#: What ends a string that is open, by its quotes.
_ENDS = {
    quote: re.compile(rf"(?:[^{quote[0]}\\]|\\.|{quote[0]}(?!{quote[0]}{{{len(quote) - 1}}}))*{quote}")
    for quote in ("'''", '"""')
} | {quote: re.compile(rf"(?:[^{quote}\\]|\\.)*{quote}") for quote in ("'", '"')}  # fmt: skip

_MAGIC = re.compile(r"(\s*)(%%?[^\W\d][\w.]*|!!?|\?\??)")
_ASSIGNED = re.compile(r"(\s*[\w.,\s*]+=\s*)(%[^\W\d]\w*|!)(?!=)")
_SOFT = re.compile(r"\s*(match|case|type)\b(?=\s+[^\s=.,)\]:])")

_CONSTANTS = frozenset({"None", "True", "False"})
_WORDS = frozenset({"and", "or", "not", "in", "is"})
_KEYWORDS = frozenset(keyword.kwlist) - _CONSTANTS - _WORDS
_EXCEPTIONS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_")) - _EXCEPTIONS
_PSEUDO = frozenset({"self", "cls"})

#: Cell magics whose body is Python.
_PYTHON_MAGICS = frozenset(
    {"time", "timeit", "capture", "prun", "python", "python3", "px", "debug", "memit", "lprun"}
)


# Half a cell of 20,000 lines still fits; a line costs some hundred bytes.
@lru_cache(maxsize=10_000)
def lex_line(line: str, state: str) -> tuple[Fragments, str]:
    """Return the fragments of a line, and the state for the next one.

    Args:
        line: Without its end.
        state: What this returned for the line before; `START` for the first one.
    """
    if state == _FOREIGN:
        return ((("", line),) if line else ()), _FOREIGN
    if state == START:
        state = ""
        if line.startswith("%%"):
            word = re.match(r"%%\S*", line)
            assert word is not None
            name = word.group()
            after = "" if name[2:] in _PYTHON_MAGICS else _FOREIGN
            return _without_empty((("keyword", name), ("", line[len(name) :]))), after
    fragments: list[tuple[str, str]] = []
    position = 0
    if state in _ENDS:
        position, state = _string(line, 0, state, fragments)
        if state:
            return tuple(fragments), state
    elif special := _special(line):
        return special, ""
    return _code(line, position, fragments)


#: A line whose strings, all of one line, end in it.
_CLOSED = re.compile(
    r"""(?>(?:[^'"\#]++|"(?!"")(?>(?:[^"\\]++|\\.)*)"|'(?!'')(?>(?:[^'\\]++|\\.)*)')*)(?:\#.*+)?"""
)


def state_after(line: str, state: str) -> str:
    """Return the state of `lex_line` alone, which takes a fraction of its time for most lines."""
    if not state and _CLOSED.fullmatch(line):
        return ""
    return lex_line(line, state)[1]


def _code(line: str, position: int, fragments: list[tuple[str, str]]) -> tuple[Fragments, str]:
    before = ""
    soft = _SOFT.match(line) if position == 0 else None
    while match := _TOKEN.match(line, position):
        kind, text = match.lastgroup or "", match.group()
        if match["quote"]:
            begin = len(text)
            position, state = _string(line, match.start(), match["quote"], fragments, begin)
            if state:
                return tuple(fragments), state
            before = ""
            continue
        position = match.end()
        if kind == "name":
            if soft is not None and match.span() == soft.span(1):
                kind = "keyword"
            else:
                kind = _name_kind(text, before, line, position)
        elif kind == "number":
            kind = "literal.number"
        elif kind == "operator" and text == "@" and not line[: match.start()].strip():
            decorator = re.compile(r"[\w.]*").match(line, position)
            assert decorator is not None
            position = decorator.end()
            kind, text = "name.decorator", text + decorator.group()
        fragments.append(("" if kind == "blank" else kind, text))
        if kind != "blank":
            before = text
    return tuple(fragments), ""


def _string(
    line: str, start: int, quote: str, fragments: list[tuple[str, str]], begin: int = 0
) -> tuple[int, str]:
    """Take the rest of a string; return where it ends, and the state if that is beyond the line."""
    end = _ENDS[quote].match(line, start + begin)
    if end is not None:
        fragments.append(("literal.string", line[start : end.end()]))
        return end.end(), ""
    if line[start:]:
        fragments.append(("literal.string", line[start:]))
    goes_on = len(quote) == 3 or (len(line) - len(line.rstrip("\\"))) % 2
    return len(line), quote if goes_on else ""


def _name_kind(text: str, before: str, line: str, end: int) -> str:
    if text in _KEYWORDS:
        return "keyword"
    if text in _CONSTANTS:
        return "keyword.constant"
    if text in _WORDS:
        return "operator.word"
    if before == "def":
        return "name.function"
    if before == "class":
        return "name.class"
    if before == ".":
        return "name"
    if text in _EXCEPTIONS:
        return "name.exception"
    if text in _BUILTINS:
        return "name.builtin"
    if text in _PSEUDO:
        return "name.builtin.pseudo"
    return "name"


def _special(line: str) -> Fragments | None:
    """Return the fragments of a line that is no Python: a magic, a command, a question."""
    if magic := _MAGIC.match(line):
        blank, word = magic.groups()
        rest = line[magic.end() :]
        if word[0] != "?" or not rest[:1].isspace():
            return _without_empty((("", blank), ("keyword", word), ("", rest)))
    if assigned := _ASSIGNED.match(line):
        target, word = assigned.groups()
        return _without_empty((("", target), ("keyword", word), ("", line[assigned.end() :])))
    return None


def _without_empty(fragments: Fragments) -> Fragments:
    return tuple(fragment for fragment in fragments if fragment[1])
