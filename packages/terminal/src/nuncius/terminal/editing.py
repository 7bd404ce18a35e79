"""Decide what a key does to the text of a cell, as pure functions of the text and the cursor.

The bindings in `nuncius.terminal.keys` carry the decisions out.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from nuncius.protocol.values import Value

__all__ = [
    "Enter",
    "Newline",
    "comment_lines",
    "decide_enter",
    "dedent_width",
    "indent_lines",
    "looks_open",
    "strip_prompts",
    "trimmed",
]


class Enter(Enum):
    """What Enter does: run the cell. The other answer is a `Newline`."""

    RUN = auto()


class Newline(Value):
    """Insert a new line that begins with ``indent``."""

    indent: str


def decide_enter(text: str, cursor: int, status: str, indent: str) -> Enter | Newline:
    """Return what Enter does.

    A cell of one complete line runs. A longer one runs from its end, when it is complete; anywhere else Enter makes a new line, so that code in the middle can be edited.

    Args:
        text: The cell.
        cursor: Where the cursor is.
        status: ``complete``, ``incomplete``, ``invalid`` or ``unknown``, of ``is_complete_reply``.
        indent: For the next line, if incomplete.
    """
    after = text[cursor:]
    if after.strip():
        return Newline(_indent_of_line(text, cursor)) if "\n" in text else Enter.RUN
    if status == "incomplete":
        return Newline(indent)
    goes_on = "\n" in text or looks_open(text)
    if status == "unknown" and goes_on and text[:cursor].rpartition("\n")[2].strip():
        # Without help from the kernel, a blank line ends a cell of several lines.
        return Newline(_indent_of_line(text, cursor))
    return Enter.RUN


#: What a line of many languages ends with when it goes on.
_OPENERS = (
    "{", "(", "[", ",", "\\", ":", "|", "&&", "||", "->", "=>", "=", "+",
    "do", "then", "else", "begin", "function",
)  # fmt: skip


def looks_open(line: str) -> bool:
    """Tell whether a line of an unknown language seems to go on below."""
    words = line.split()
    if not words:
        return False
    last = words[-1]
    return last in _OPENERS or (not last[-1].isalnum() and last.endswith(_OPENERS))


def dedent_width(line_before_cursor: str, width: int = 4) -> int:
    """Return how many blanks Backspace removes: back to the last tab stop within the indentation, else 1."""
    if not line_before_cursor or line_before_cursor.strip():
        return 1
    if not line_before_cursor.endswith(" "):
        return 1
    return (len(line_before_cursor) - 1) % width + 1


#: What an input begins with in a session that is copied, and what its other lines begin with.
_FIRST = re.compile(r"\s*>>>(?:[ \t]|$)|(?:(?:\[(?:ins|nav)\])? )?In \[\d+\]:(?: |$)")
_OTHER = re.compile(r"\s*\.\.\.(?:[ \t]|$)|\s*\.{3,}:(?: |$)")


def strip_prompts(text: str) -> str:
    """Return pasted text without the prompts of interpreters; if its first line has one, also without what they have printed.

    Knows ``>>> `` and ``... ``, ``In [3]: `` and ``   ...: ``.
    """
    from nuncius.protocol.text.cleanup import classic_prompt, ipython_prompt

    lines = text.splitlines(keepends=True)
    if _FIRST.match(text.lstrip("\n")):
        lines = _inputs(lines)
    return "".join(ipython_prompt(classic_prompt(lines)))


def _inputs(lines: list[str]) -> list[str]:
    """Return the lines of a session that are input: lines without a prompt are only where the one before them is no whole statement."""
    from nuncius.protocol.text.inputs import check_complete

    kept: list[str] = []
    code: list[str] = []
    # None until a line without a prompt asks for it.
    is_output: bool | None = False
    for line in lines:
        first = _FIRST.match(line)
        # After output has begun, dots are output.
        prompt = first if first or is_output else _OTHER.match(line)
        if prompt is not None:
            code = [*([] if first else code), line[prompt.end() :]]
            is_output = None
        elif is_output is None:
            is_output = check_complete("".join(code).rstrip("\n") + "\n")[0] != "incomplete"
        if prompt is not None or not is_output:
            kept.append(line)
    return kept


def _indent_of_line(text: str, cursor: int) -> str:
    line = text[:cursor].rpartition("\n")[2]
    return line[: len(line) - len(line.lstrip(" \t"))]


def indent_lines(lines: list[str], width: int) -> list[str]:
    """Return lines indented by ``width`` blanks; by up to as many less if it is negative. Blank lines stay."""
    if width > 0:
        return [" " * width + line if line.strip() else line for line in lines]
    return [line[min(-width, len(line) - len(line.lstrip(" "))) :] for line in lines]


def comment_lines(lines: list[str]) -> list[str]:
    """Return lines commented out; if all of them are already, without their marks. Blank lines stay."""
    filled = [line for line in lines if line.strip()]
    if not filled:
        return lines
    if all(line.lstrip().startswith("#") for line in filled):
        return [_uncommented(line) if line.strip() else line for line in lines]
    column = min(len(line) - len(line.lstrip()) for line in filled)
    return [f"{line[:column]}# {line[column:]}" if line.strip() else line for line in lines]


def _uncommented(line: str) -> str:
    blank = line[: len(line) - len(line.lstrip())]
    return blank + line.lstrip()[1:].removeprefix(" ")


def trimmed(code: str) -> str:
    """Return a cell without the blank lines at its end that only said that it is complete; a cell magic keeps them."""
    return code if code.lstrip().startswith("%%") else re.sub(r"(?:\n[ \t]*)+$", "", code)
