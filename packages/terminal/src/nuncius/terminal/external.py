"""Open files in the editor that the person chose."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import Any

__all__ = ["edit"]


def edit(filename: str, line: Any = None) -> None:
    """Open ``filename`` in ``$VISUAL`` or ``$EDITOR`` (``vi`` by default), at ``line`` where the editor knows how, and wait."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    position = [f"+{line}"] if isinstance(line, int) else []
    try:
        subprocess.run([*command, *position, filename], check=False)
    except OSError as error:
        sys.stderr.write(f"cannot start the editor {command[0]!r}: {error}; set $EDITOR\n")
