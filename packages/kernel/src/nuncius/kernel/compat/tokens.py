"""Find the line and the name at a cursor, as ``IPython.utils.tokenutil`` does: wrapper kernels complete and inspect with it."""

from __future__ import annotations

import re

__all__ = ["line_at_cursor", "token_at_cursor"]

_PART = re.compile(
    r"""
    (?P<text> ''' .*? (?: ''' | \Z ) | \"\"\" .*? (?: \"\"\" | \Z )
            | ' (?: \\. | [^'\\\n] )* '? | " (?: \\. | [^"\\\n] )* "? | \#[^\n]* | \d\w* )
    | (?P<name> [^\W\d]\w* (?: \s*\.\s* [^\W\d]\w* )* )
    | (?P<open> [(\[{] ) | (?P<close> [)\]}] )
    """,
    re.DOTALL | re.VERBOSE,
)
_KEYWORD_ARGUMENT = re.compile(r"\s*=(?!=)")


def line_at_cursor(cell: str, cursor_pos: int = 0) -> tuple[str, int]:
    """Return the line at a position, and where it begins."""
    start = 0
    for line in cell.splitlines(keepends=True):
        if start + len(line) > cursor_pos or (
            start + len(line) == cursor_pos and not line.endswith("\n")
        ):
            return line, start
        start += len(line)
    return "", start


def token_at_cursor(cell: str, cursor_pos: int = 0) -> str:
    """Return the dotted name at a position; else that of the call around it; else the last name before it.

    The name of a keyword argument does not count.
    """
    calls: list[str] = []
    last, ended = "", -1
    for part in _PART.finditer(cell):
        if part.start() > cursor_pos:
            break
        if part.lastgroup == "name":
            if _KEYWORD_ARGUMENT.match(cell, part.end()) and calls:
                continue
            called = cell.startswith("(", part.end())
            if cursor_pos < part.end() + called:
                upto = cell.find(".", cursor_pos, part.end())
                return _without_spaces(cell[part.start() : upto if upto >= 0 else part.end()])
            last, ended = _without_spaces(part.group()), part.end()
        elif part.end() > cursor_pos:
            continue
        elif part.lastgroup == "open":
            calls.append(last if ended == part.start() and part.group() == "(" else "")
        elif part.lastgroup == "close" and calls:
            calls.pop()
    return next((name for name in reversed(calls) if name), last)


def _without_spaces(name: str) -> str:
    return "".join(name.split())
