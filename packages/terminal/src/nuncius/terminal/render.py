"""Turn what a kernel publishes into text for a terminal.

Everything here is pure: messages' contents in, text with ANSI codes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["best_text", "describe_error", "result_text"]

#: What a terminal can show, best first.
_READABLE = ("text/plain", "text/markdown", "text/latex", "text/html")


def best_text(data: Mapping[str, Any]) -> str:
    """Return the text of a mime bundle that a terminal shows best; a short note where there is none."""
    for mime in _READABLE:
        if mime in data:
            value = data[mime]
            return value if isinstance(value, str) else "".join(map(str, value))
    kinds = ", ".join(sorted(data)) or "nothing"
    return f"<{kinds}: this terminal cannot show it>"


def result_text(prompt: str, text: str) -> str:
    """Return a result after its prompt; several lines start below it, so that columns stay aligned."""
    separator = "\n" if "\n" in text else ""
    return f"{prompt}{separator}{text}"


def describe_error(ename: str, evalue: str, traceback: Sequence[str]) -> str:
    """Return the text of an error: the kernel's traceback, or what is known without one."""
    return "\n".join(traceback) if traceback else f"{ename}: {evalue}"
