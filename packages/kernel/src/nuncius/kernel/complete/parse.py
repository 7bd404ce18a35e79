"""Tell where in the code the cursor is: in a string, behind a dot, between the brackets of which call.

Theory of operation: the text before the cursor is cut into tokens by one regular expression, which, unlike Python's own tokenizer, accepts unfinished code. Going back from the end over names, dots and closed brackets gives the expression before a dot; the stack of open brackets gives the call or the subscript around the cursor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Analysis", "Bracket", "OpenString", "analyze"]

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>(?<!\w)(?P<prefix>[rRbBuUfFtT]{0,2})(?P<quote>'''|\"\"\"|'|"))
    |(?P<name>[^\W\d]\w*)
    |(?P<number>0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?[jJ]?)
    |(?P<newline>\n)
    |(?P<open>[(\[{])
    |(?P<close>[)\]}])
    |(?P<dot>\.)
    |(?P<space>[ \t\f\r]+|\\\n)
    |(?P<other>.)""",
    re.VERBOSE,
)
_ENDS = {
    "'": re.compile(r"(?:\\.|[^'\\\n])*'", re.DOTALL),
    '"': re.compile(r'(?:\\.|[^"\\\n])*"', re.DOTALL),
    "'''": re.compile(r"(?:\\.|[^\\])*?'''", re.DOTALL),
    '"""': re.compile(r'(?:\\.|[^\\])*?"""', re.DOTALL),
}
_PAIRS = {")": "(", "]": "[", "}": "{"}
#: More than this is not looked at: a cell of generated data.
_MAX_CODE = 200_000
_NOT_VALUES = frozenset(
    [
        "if",
        "elif",
        "else",
        "while",
        "for",
        "in",
        "not",
        "and",
        "or",
        "is",
        "return",
        "yield",
        "lambda",
        "import",
        "from",
        "as",
        "with",
        "assert",
        "del",
        "raise",
        "await",
        "print",
        "async",
        "except",
        "try",
        "finally",
        "class",
        "def",
        "global",
        "nonlocal",
        "pass",
        "break",
        "continue",
        "match",
        "case",
    ]
) - {"print", "match", "case"}


@dataclass(frozen=True, slots=True)
class OpenString:
    """The string literal that the cursor is in.

    Attributes:
        prefix: Its prefix letters.
        quote: What opened it.
        start: Offset of the prefix.
        content_start: Offset after the quote.
    """

    prefix: str
    quote: str
    start: int
    content_start: int


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracket that is open at the cursor.

    Attributes:
        char: Of ``([{``.
        offset: Where it is.
        owner: The expression right before it, that is called or subscripted; empty for none.
    """

    char: str
    offset: int
    owner: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """Where the cursor is.

    Attributes:
        code: All text before the cursor.
        string: The open string literal, None outside of one.
        in_comment: The cursor is in a comment.
        brackets: What is open, the innermost last.
        word: The identifier, or its beginning, right before the cursor.
        word_start: Where it starts.
        target: The expression before the dot before `word`; empty when there is no dot.
        has_dot: There is a dot before `word`.
        statement: The text of the logical line up to the cursor.
        statement_start: Where it starts.
        used_keywords: Names of keyword arguments that the innermost call has already.
    """

    code: str
    string: OpenString | None = None
    in_comment: bool = False
    brackets: tuple[Bracket, ...] = ()
    word: str = ""
    word_start: int = 0
    target: str = ""
    has_dot: bool = False
    statement: str = ""
    statement_start: int = 0
    used_keywords: tuple[str, ...] = ()


@dataclass(slots=True)
class _Token:
    kind: str
    start: int
    end: int
    text: str
    #: For a closing bracket: the index of the token that opened it.
    match: int = -1


def analyze(code: str) -> Analysis:
    """Return where the end of ``code`` is; the cursor is there.

    Args:
        code: The cell up to the cursor, in any state.
    """
    base = 0
    if len(code) > _MAX_CODE:
        base = code.find("\n", len(code) - _MAX_CODE) + 1 or len(code) - _MAX_CODE
    return _Scan(code, base).result()


class _Scan:
    def __init__(self, code: str, base: int) -> None:
        self._code = code
        self._tokens: list[_Token] = []
        #: Indexes of the tokens of open brackets.
        self._open: list[int] = []
        self._statement_start = base
        self._string: OpenString | None = None
        self._comment = False
        self._read(base)

    def _read(self, at: int) -> None:
        code, end = self._code, len(self._code)
        while at < end:
            match = _TOKEN.match(code, at)
            if match is None:  # a lone surrogate, or another character that is none
                at += 1
                continue
            kind = match.lastgroup or "other"
            if match.group("string") is not None:
                at = self._read_string(match)
                continue
            at = match.end()
            if kind == "comment":
                self._comment = at == end
            elif kind == "newline":
                self._newline(at)
            elif kind != "space":
                self._add(kind, match.start(), at)

    def _newline(self, at: int) -> None:
        if not self._open:
            self._statement_start = at
            self._tokens.clear()

    def _add(self, kind: str, start: int, end: int) -> None:
        token = _Token(kind, start, end, self._code[start:end])
        if kind == "open":
            self._open.append(len(self._tokens))
        elif kind == "close":
            while self._open and self._tokens[self._open[-1]].text != _PAIRS[token.text]:
                self._open.pop()
            if self._open:
                token.match = self._open.pop()
        elif token.text == ";" and not self._open:
            self._statement_start = end
            self._tokens.clear()
            return
        self._tokens.append(token)

    def _read_string(self, match: re.Match[str]) -> int:
        quote, start = match.group("quote"), match.start()
        closing = _ENDS[quote].match(self._code, match.end())
        if closing is not None:
            self._add("string", start, closing.end())
            return closing.end()
        newline = self._code.find("\n", match.end()) if len(quote) == 1 else -1
        if newline >= 0:  # not closed on its line: an apostrophe in a shell command
            return newline
        self._string = OpenString(match.group("prefix"), quote, start, match.end())
        return len(self._code)

    def result(self) -> Analysis:
        if self._string is not None:
            return self._in_string(self._string)
        word, word_start, target, has_dot = self._tail()
        return Analysis(
            code=self._code,
            in_comment=self._comment,
            brackets=self._brackets(),
            word=word,
            word_start=word_start,
            target=target,
            has_dot=has_dot,
            statement=self._code[self._statement_start :],
            statement_start=self._statement_start,
            used_keywords=self._keywords(),
        )

    def _in_string(self, string: OpenString) -> Analysis:
        inner = _replacement_field(self._code, string)
        if inner is not None:
            scan = _Scan(self._code, inner)
            return scan.result()
        return Analysis(
            code=self._code,
            string=string,
            brackets=self._brackets(),
            word_start=len(self._code),
            statement=self._code[self._statement_start :],
            statement_start=self._statement_start,
        )

    def _tail(self) -> tuple[str, int, str, bool]:
        """Return the word before the cursor, and the expression before its dot."""
        end, tokens = len(self._code), self._tokens
        last = len(tokens) - 1
        word, start = "", end
        if last >= 0 and tokens[last].kind == "name" and tokens[last].end == end:
            word, start = tokens[last].text, tokens[last].start
            last -= 1
        if last >= 0 and tokens[last].kind == "number" and tokens[last].end == start:
            return word, start, "", True  # of a number that is being typed, nothing is completed
        if last < 0 or tokens[last].kind != "dot":
            return word, start, "", False
        first = self._primary(last - 1)
        if first is None:
            return word, start, "", True
        return word, start, self._code[tokens[first].start : tokens[last].start], True

    def _primary(self, index: int) -> int | None:
        """Return the first token of the expression that ends with the token ``index``; None for none."""
        tokens = self._tokens
        found: int | None = None
        while index >= 0:
            token = tokens[index]
            if token.kind == "close" and token.match >= 0:
                found = token.match
            elif token.kind in {"string", "number"} or (
                token.kind == "name" and token.text not in _NOT_VALUES
            ):
                found = index
                if index and tokens[index - 1].kind == "dot":
                    index -= 2
                    continue
                return found
            else:
                return found
            index = found - 1
            if index >= 0 and tokens[index].kind == "dot":
                index -= 1
            elif index < 0 or not self._is_value(index):
                return found
        return found

    def _is_value(self, index: int) -> bool:
        token = self._tokens[index]
        if token.kind == "name":
            return token.text not in _NOT_VALUES
        return token.kind == "string" or (token.kind == "close" and token.match >= 0)

    def _brackets(self) -> tuple[Bracket, ...]:
        found = []
        for index in self._open:
            token = self._tokens[index]
            first = self._primary(index - 1) if index and self._is_value(index - 1) else None
            owner = "" if first is None else self._code[self._tokens[first].start : token.start]
            found.append(Bracket(token.text, token.start, owner.rstrip()))
        return tuple(found)

    def _keywords(self) -> tuple[str, ...]:
        if not self._open:
            return ()
        names, depth = [], 0
        inside = self._tokens[self._open[-1] + 1 :]
        for token, following in pairwise(inside):
            depth += (token.kind == "open") - (token.kind == "close")
            if depth == 0 and token.kind == "name" and following.text == "=":
                names.append(token.text)
        return tuple(names)


def _replacement_field(code: str, string: OpenString) -> int | None:
    """Return where the open ``{…`` of an f-string starts, None when the cursor is in its text."""
    if "f" not in string.prefix.lower():
        return None
    at = string.content_start
    fields: list[int] = []
    while at < len(code):
        if code.startswith(("{{", "}}"), at) and not (fields and code[at] == "}"):
            at += 2
            continue
        if code[at] == "{":
            fields.append(at + 1)
        elif code[at] == "}" and fields:
            fields.pop()
        at += 1
    return fields[-1] if fields else None
