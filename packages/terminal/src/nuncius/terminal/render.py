"""Turn what a kernel publishes into text for a terminal.

Everything here is pure: messages' contents in, text with ANSI codes out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["best_text", "describe_error", "shortened"]

#: What a terminal can show, best first.
_READABLE = ("text/plain", "text/markdown", "text/latex", "text/html")

#: Characters of a result that are shown; more than anybody reads, less than what keeps a terminal busy.
_LONGEST = 100_000

#: Characters of the end of a result that is cut.
_END = 200


def best_text(data: Mapping[str, Any]) -> str:
    """Return the text of a mime bundle that a terminal shows best; a short note where there is none."""
    for mime in _READABLE:
        if mime in data:
            value = data[mime]
            return value if isinstance(value, str) else "".join(map(str, value))
    kinds = ", ".join(sorted(data)) or "nothing"
    return f"<{kinds}: this terminal cannot show it>"


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return a result so that it does not flood the terminal, with a hint how to see all of it."""
    if len(text) <= longest + 2 * _END:
        return text
    head, tail = text[:longest], text[-_END:]
    left_out = len(text) - len(head) - len(tail)
    return f"{head}\n... {left_out:,} characters are not shown: print(_) shows all ...\n{tail}"


def describe_error(
    ename: str, evalue: str, traceback: Sequence[str], *, skip_first_frame: bool = False
) -> str:
    """Return the text of an error: the kernel's traceback, or what is known without one.

    Args:
        ename: The error's name.
        evalue: What it says.
        traceback: Blocks of text: a title, the frames, the error itself.
        skip_first_frame: The first frame is that of a cell which only runs something else.
    """
    blocks = list(traceback)
    if skip_first_frame:
        first = next((at for at, block in enumerate(blocks) if _is_cell(block)), None)
        if first is not None and len(blocks) > first + 1:
            del blocks[first]
            while len(blocks) > first + 1 and "<frozen runpy>" in blocks[first]:
                del blocks[first]
    return "\n".join(blocks) if blocks else f"{ename}: {evalue}"


def _is_cell(block: str) -> bool:
    return re.match(r"(?:\x1b\[[0-9;]*m)*Cell ", block) is not None
