"""Help editors with Python that is being typed: brackets, and the indentation of the next line."""

from __future__ import annotations

import re

from nuncius.protocol.text.scan import LogicalLine, Scanner

__all__ = ["bracket_pairs", "next_indent", "open_brackets"]

_INDENT = re.compile(r"[ \t]*")

#: After these statements nothing more can stand in the block.
_LEAVES = re.compile(r"(?:return|raise|pass|break|continue)\b")


def _last_line(code: str) -> LogicalLine:
    lines = Scanner(code + "\n").lines()
    return next((line for line in reversed(lines) if not line.is_blank), lines[-1])


def open_brackets(code: str) -> list[int]:
    """Return the offsets of the brackets that are still open at the end of ``code``, the innermost last."""
    return list(_last_line(code).brackets)


def bracket_pairs(code: str) -> dict[int, int]:
    """Return the offset of the partner for each bracket outside strings and comments that has one."""
    scanner = Scanner(code)
    scanner.pairs = {}
    scanner.lines()
    return scanner.pairs


def next_indent(code: str, size: int = 4) -> str:
    """Return what the line after ``code`` should be indented with.

    Args:
        code: What stands before the cursor, which is at the end of a line.
        size: Spaces of one level.
    """
    line = _last_line(code)
    statement = _indent_at(code, line.code)
    if line.quote:
        return _indent_at(code, len(code))
    if line.brackets:
        bracket = line.brackets[-1]
        start = code.rfind("\n", 0, bracket) + 1
        if code[bracket + 1 :].partition("\n")[0].partition("#")[0].strip():
            return " " * (bracket + 1 - start)
        return _indent_at(code, bracket) + " " * size
    last = code[line.code : line.stop]
    if code.rstrip(" \t").endswith("\\"):
        return statement + " " * size
    if last.endswith(":"):
        return statement + " " * size
    if _LEAVES.match(last):
        return statement[: -size if len(statement) >= size else 0]
    return statement


def _indent_at(code: str, position: int) -> str:
    """Return the indentation of the physical line at ``position``."""
    match = _INDENT.match(code, code.rfind("\n", 0, position) + 1)
    assert match is not None
    return match.group()
