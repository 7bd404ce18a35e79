"""Use the programs that the person chose: the editor, and what formats code."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import Any

__all__ = ["edit", "formatted"]

#: Programs that read code and write it formatted, by name.
_FORMATTERS = {
    "ruff": ("ruff", "format", "--quiet", "-"),
    "black": ("black", "--quiet", "-"),
    "yapf": ("yapf",),
}


def edit(filename: str, line: Any = None) -> None:
    """Open ``filename`` in ``$VISUAL`` or ``$EDITOR`` (``vi`` by default), at ``line`` where the editor knows how, and wait."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    position = [f"+{line}"] if isinstance(line, int) else []
    try:
        subprocess.run([*command, *position, filename], check=False)
    except OSError as error:
        sys.stderr.write(f"cannot start the editor {command[0]!r}: {error}; set $EDITOR\n")


def formatted(text: str, program: str) -> str | None:
    """Return ``text`` as a formatter has it; None where it cannot.

    Args:
        text: A cell.
        program: ``ruff``, ``black``, ``yapf``, or a command that works as a filter.
    """
    command = _FORMATTERS.get(program) or tuple(shlex.split(program))
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 and done.stdout else None
