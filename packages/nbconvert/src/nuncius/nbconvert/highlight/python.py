"""Split Python and IPython source into tokens, in one pass of one regular expression.

The classes are pygments' short names (``k`` keyword, ``nf`` function, ``s2`` string ...), so that its styles fit. It is a highlighter, not a parser: anything is accepted, and the tokens joined are the source.
"""

from __future__ import annotations

import builtins
import keyword
import re

__all__ = ["Token", "tokens"]

#: The class ("" for plain text) and the text.
Token = tuple[str, str]

_PREFIX = r"(?:[rR][bBfFtT]?|[bBfFtT][rR]?|[uU])?"
_TOKEN = re.compile(
    rf"""(?P<space>[ \t\f]+)
    |(?P<magic>^[ \t]*(?:%%?|!!?|\?\??)(?=[\w!?])[^\n]*)
    |(?P<name>[^\W\d]\w*)(?!['"])
    |(?P<operator>->|:=|\*\*=?|//=?|>>=?|<<=?|[-+*/%@&|^=!<>~]=?|!=)
    |(?P<punct>[()\[\]{{}},:.;\\]+)
    |(?P<newline>\n)
    |(?P<comment>\#[^\n]*)
    |(?P<number>(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d[\d_]*)?[jJ]?))
    |(?P<prefix>{_PREFIX})(?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*(?:\"\"\"|\Z)|'''(?:[^'\\]|\\.|'(?!''))*(?:'''|\Z)|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)
    |(?P<word>[^\W\d]\w*)
    |(?P<other>.)""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)

_CONSTANTS = frozenset({"True", "False", "None"})
_WORD_OPERATORS = frozenset({"and", "or", "not", "in", "is"})
_EXCEPTIONS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
_CLASSES: dict[str, str] = {
    **{
        name: "nb"
        for name in vars(builtins)
        if not name.startswith("_") and name not in ("copyright", "credits", "exit", "quit", "license")
    },
    "__import__": "nb",
    **dict.fromkeys(_EXCEPTIONS, "ne"),
    **dict.fromkeys(keyword.kwlist, "k"),
    **dict.fromkeys(_WORD_OPERATORS, "ow"),
    **dict.fromkeys(_CONSTANTS, "kc"),
    **dict.fromkeys(("self", "cls"), "bp"),
    **dict.fromkeys(("import", "from"), "kn"),
    "NotImplemented": "kc",
    "Ellipsis": "kc",
}  # fmt: skip
#: What the name after one of these is.
_AFTER = {"def": "nf", "class": "nc", "import": "nn", "from": "nn", "@": "nd"}
_SOFT = frozenset({"match", "case", "type"})


def tokens(source: str, *, magics: bool = True) -> list[Token]:  # noqa: C901 - one loop, kept flat because it is hot
    """Return the tokens of a source.

    Args:
        source: Python; anything is accepted.
        magics: Lines that begin with ``%``, ``!`` or ``?`` are IPython's.
    """
    out: list[Token] = []
    append = out.append
    get = _CLASSES.get
    before = ""  # the last name or operator that decides what the next name is
    depth = 0
    line_start = True
    for match in _TOKEN.finditer(source):
        kind = match.lastgroup
        text = match.group()
        if kind == "space":
            append(("", text))
            continue
        if kind == "name" or kind == "word":
            cls = _AFTER.get(before) if before else None
            if cls is None or text in ("import", "as"):
                cls = get(text, "n")
                if cls == "nb" and before == ".":
                    cls = "n"
                elif line_start and text in _SOFT and _is_statement(source, match.end()):
                    cls = "k"
            append((cls, text))
            if text in _AFTER:
                before = text
            elif cls != "nn":
                before = ""
        elif kind == "operator":
            if text == "@" and line_start:
                append(("nd", text))
                before = "@"
            else:
                append(("o", text))
                before = ""
        elif kind == "punct":
            append(("p", text))
            depth += _depth(text)
            before = (
                before
                if before in ("import", "from", "@") and text in (".", ",", "(")
                else "."
                if text == "."
                else ""
            )
        elif kind == "newline":
            append(("", text))
            before = before if depth > 0 and before == "import" else ""
            line_start = True
            continue
        elif kind == "string":
            _string(match, append, line_start and depth == 0)
            before = ""
        elif kind == "comment":
            append(("c1", text))
        elif kind == "number":
            append((_number(text), text))
        elif kind == "magic" and magics and depth <= 0:
            _magic(text, append)
        elif kind == "magic":
            out += _plain_line(text)
        else:
            append(("err" if text in "$?`" else "", text))
        line_start = False
    return out


def _depth(text: str) -> int:
    return sum((char in "([{") - (char in ")]}") for char in text)


def _is_statement(source: str, end: int) -> bool:
    rest = source[end : end + 2]
    return rest[:1] == " " and rest[1:2] not in ("=", ".", ",", ")", ":", "")


def _string(match: re.Match[str], append, line_start: bool) -> None:  # type: ignore[no-untyped-def]
    prefix, body = match["prefix"], match["string"]
    if prefix:
        append(("sa", prefix))
    if line_start and body[:3] in ('"""', "'''"):
        append(("sd", body))
    else:
        append(("s2" if body[0] == '"' else "s1", body))


def _number(text: str) -> str:
    kind = {"x": "mh", "b": "mb", "o": "mo"}.get(text[1:2].lower())
    if kind:
        return kind
    return "mf" if "." in text or "e" in text or "E" in text else "mi"


def _magic(text: str, append) -> None:  # type: ignore[no-untyped-def]
    stripped = text.lstrip(" \t")
    if indent := text[: len(text) - len(stripped)]:
        append(("", indent))
    rest = stripped.lstrip("%!?")
    append(("o", stripped[: len(stripped) - len(rest)]))
    if stripped[0] == "%":
        name = rest.split(None, 1)[0] if rest.split() else rest
        append(("k", name))
        rest = rest[len(name) :]
    if rest:
        append(("", rest))


def _plain_line(text: str) -> list[Token]:
    """A line inside brackets that begins with an operator is no magic."""
    at = len(text) - len(text.lstrip(" \t"))
    return [("", text[:at]), ("o", text[at]), *tokens(text[at + 1 :], magics=False)]
