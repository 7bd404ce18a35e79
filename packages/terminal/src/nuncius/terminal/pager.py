"""Show a long text a screen at a time, with the pager that the person chose."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys

__all__ = ["page"]


def page(text: str) -> None:
    """Show ``text``: through ``$PAGER`` (``less -R`` by default) where it is longer than the screen, else directly."""
    lines = shutil.get_terminal_size().lines
    command = shlex.split(os.environ.get("PAGER") or "less -R")
    fits = text.count("\n") < lines - 1
    if fits or not sys.stdout.isatty() or not command or shutil.which(command[0]) is None:
        sys.stdout.write(text.rstrip("\n") + "\n")
        return
    try:
        subprocess.run(command, input=text, text=True, check=False)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stdout.write("\n")
