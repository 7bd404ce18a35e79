"""Show long texts a screen at a time, by the functions that ``IPython.core.page`` has for it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["as_hook", "get_pager_cmd", "get_pager_start", "page_dumb", "page_file", "page_more"]


def page_more() -> bool:
    """Ask whether to go on."""
    return input("---Return to continue, q to quit--- ").strip().lower()[:1] != "q"


def page_dumb(strng: Any, start: int = 0, screen_lines: int = 25) -> None:
    """Print a text a screen at a time, and ask after each.

    Args:
        strng: The text, or a mime bundle.
        start: The first line.
        screen_lines: Lines on a screen.
    """
    text = strng.get("text/plain", "") if isinstance(strng, dict) else strng
    lines = text.splitlines()[start:]
    height = max(screen_lines - 1, 1)
    for first in range(0, len(lines), height):
        if first and not page_more():
            return
        sys.stdout.write("\n".join(lines[first : first + height]) + "\n")


def page_file(fname: str, start: int = 0, pager_cmd: str | None = None) -> None:
    """Show a file in the pager; in the frontend's own, where there is no terminal."""
    if sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty():
        command = [*shlex.split(get_pager_cmd(pager_cmd)), f"+{start}", fname]
        subprocess.run([word for word in command if word != "+0"], check=False)
        return
    from nuncius.kernel.compat.functions import page

    page(Path(fname).read_text(encoding="utf-8", errors="replace"), start)


def get_pager_cmd(pager_cmd: str | None = None) -> str:
    """Return the command that pages: that one, ``$PAGER``, or ``less -R``."""
    return pager_cmd or os.environ.get("PAGER") or "less -R"


def get_pager_start(pager: str, start: int) -> str:
    """Return the argument of ``less`` and ``more`` for the first line; others have none."""
    return f"+{start}" if pager in {"less", "more"} and start else ""


def as_hook(page_func: Callable[..., Any]) -> Callable[..., Any]:
    """Return a pager as a function for ``set_hook("show_in_pager", ...)``."""
    return lambda self, *args, **kwargs: page_func(*args, **kwargs)
