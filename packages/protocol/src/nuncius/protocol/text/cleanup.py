"""Take from pasted code what is not code: empty lines before it, indentation, and the prompts of shells and documents.

Each function takes the lines of a cell, with their line ends, and returns those that remain. `nuncius.protocol.text.inputs` applies them in order.
"""

from __future__ import annotations

import re

__all__ = ["classic_prompt", "ipython_prompt", "leading_empty_lines", "leading_indent"]

_INDENT = re.compile(r"[ \t]*")
_CLASSIC = re.compile(r"\s*(?:>>>|\.\.\.)[ \t]?")
_IPYTHON = re.compile(r"(?:(?:\[(?:ins|nav)\])? )?In \[\d+\]: |\s*\.{3,}: ?")

#: A comment, a whole string on one line, or the start of one that may go on. Groups are atomic and not possessive: `re` before Python 3.11.5 fails with those (gh-106052).
_QUOTES = re.compile(r"""#.*|\"{3}|'{3}|"(?>(?:[^"\\]|\\.)*)"|'(?>(?:[^'\\]|\\.)*)'""", re.DOTALL)


def leading_empty_lines(lines: list[str]) -> list[str]:
    """Remove empty lines before the first one that is not."""
    for number, line in enumerate(lines):
        if not line.isspace():
            return lines[number:]
    return lines


def leading_indent(lines: list[str]) -> list[str]:
    """Remove the indentation that all lines share; where one has none, that of the first one that is no comment.

    Lines of white space stay as they are if nothing is indented: they may be part of a string.
    """
    first = _indent(next((line for line in lines if not line.isspace()), ""))
    if not first:
        return lines
    shared = first
    for line in lines:
        if line.isspace():
            continue
        while not line.startswith(shared):
            shared = shared[:-1]
    if not shared:
        code = (line for line in lines if line.strip() and not line.lstrip().startswith("#"))
        first = _indent(next(code, ""))
    indent = shared or first
    size = len(indent)
    return [
        line[size:]
        if indent and line.startswith(indent)
        else line.lstrip(" \t")
        if line.isspace()
        else line
        for line in lines
    ]


def _indent(line: str) -> str:
    match = _INDENT.match(line)
    assert match is not None
    return match.group()


def classic_prompt(lines: list[str]) -> list[str]:
    """Remove Python's ``>>>`` and ``...``, also indented ones, if there is any ``>>>``.

    ``...`` alone is Python. Strings in triple quotes that start on a line without a prompt are kept as they are: they are somebody's doctest.
    """
    if not any(">>>" in line for line in lines):
        return lines
    in_string = _inside_unprompted_strings(lines)
    if not any(
        line.lstrip().startswith(">>>") and not inside
        for line, inside in zip(lines, in_string, strict=True)
    ):
        return lines
    cleaned: list[str] = []
    block: list[str] = []
    for line, inside in zip(lines, in_string, strict=True):
        if inside:
            cleaned += leading_indent(block)
            block = []
            cleaned.append(line)
        else:
            block.append(_CLASSIC.sub("", line, count=1) if _CLASSIC.match(line) else line)
    return cleaned + leading_indent(block)


def _inside_unprompted_strings(lines: list[str]) -> list[bool]:
    """Tell for each line whether it starts within a string that started on a line without a prompt."""
    inside: list[bool] = []
    quote = ""
    prompted = False
    for line in lines:
        inside.append(bool(quote) and not prompted)
        pos = 0
        if not quote:
            prompt = _CLASSIC.match(line)
            prompted = prompt is not None
            pos = prompt.end() if prompt else 0
        quote = _open_quote(line, pos, quote)
    return inside


def _open_quote(line: str, pos: int, quote: str) -> str:
    """Return the triple quotes that are open after ``line``, given those that are open at ``pos``."""
    while True:
        if quote:
            end = line.find(quote, pos)
            if end < 0:
                return quote
            pos, quote = end + 3, ""
        for match in _QUOTES.finditer(line, pos):
            if match.group() in {'"""', "'''"}:
                quote, pos = match.group(), match.end()
                break
        else:
            return ""


def ipython_prompt(lines: list[str]) -> list[str]:
    """Remove IPython's ``In [1]:`` and ``...:``, with the marks of vi's modes, if one of the first two lines has one."""
    if not any(_IPYTHON.match(line) for line in lines[:2]):
        return lines
    return [_IPYTHON.sub("", line, count=1) if _IPYTHON.match(line) else line for line in lines]
