"""Show a long text a screen at a time, with the pager that the person chose."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress

from nuncius.terminal.external import undisturbed
from nuncius.terminal.window import window_size

__all__ = ["page"]


def page(text: str) -> None:
    """Show ``text``: through ``$PAGER`` (``less -R`` by default) where it is longer than the screen, else directly."""
    command = _command()
    if _fits(text) or not sys.stdout.isatty() or not command or shutil.which(command[0]) is None:
        sys.stdout.write(text.rstrip("\n") + "\n")
        return
    with undisturbed(), suppress(BrokenPipeError):
        subprocess.run(command, input=text, text=True, check=False)


def _command() -> list[str]:
    try:
        return shlex.split(os.environ.get("PAGER") or "less -R")
    except ValueError:  # a quote without its partner
        return ["less", "-R"]


def _fits(text: str) -> bool:
    """Tell whether the screen shows all of ``text``; long lines take several of its own."""
    from nuncius.protocol.text.ansi import strip

    columns, lines = window_size()
    rows = 0
    for line in text.splitlines():
        rows += 1 + max(0, len(strip(line)) - 1) // columns
        if rows >= lines - 1:
            return False
    return True
