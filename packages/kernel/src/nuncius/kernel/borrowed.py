"""Have a frontend on the same machine run a program in its own terminal, so that editors, pagers and password prompts work.

A console that has started this kernel lends it its terminal: it says so in the metadata of the execute request, ``{"lends_terminal": true}``. The kernel then asks it to run a command by an input request with the metadata ``{"kind": "program", "cwd": ..., "env": {...}}``, whose prompt is the command. The answer is the exit code; negative: the signal that ended it.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

from nuncius.kernel import saying
from nuncius.kernel.current import get_shell
from nuncius.protocol.errors import StdinNotSupported
from nuncius.protocol.kernel import CURRENT_IO, KernelIO
from nuncius.protocol.serving.streams import OutStream

__all__ = ["lender", "lender_of", "run_in"]


def lender() -> KernelIO | None:
    """Return the way to the frontend that lends its terminal to the cell that runs here; None where there is none, or the output is to go elsewhere."""
    if not isinstance(sys.stdout, OutStream) or not _is_main_thread():
        return None
    return lender_of("terminal")


def lender_of(what: str) -> KernelIO | None:
    """Return the way to the frontend of the cell that runs here, if it lends something.

    Args:
        what: ``terminal`` or ``stdin``.
    """
    shell = get_shell()
    io = CURRENT_IO.get() or (None if shell is None else getattr(shell, "io", None))
    request = getattr(io, "request", None)
    lends = request is not None and request.metadata.get(f"lends_{what}") is True
    return io if lends else None


def run_in(frontend: KernelIO, command: str) -> int | None:
    """Have a frontend run a command, and wait for it.

    Args:
        frontend: The way to it.
        command: For the user's shell.

    Returns:
        The exit code; None if the frontend did not run it.
    """
    saying.flush()
    try:
        answer = frontend.input(command, kind="program", cwd=_folder(), env=_environment())
    except (StdinNotSupported, EOFError):
        return None
    try:
        return int(answer)
    except ValueError:
        return None


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - the text itself is wanted
    except OSError:
        return ""


def _environment() -> dict[str, str]:
    """Return the variables that a message can hold."""
    variables: dict[str, str] = {}
    for name, value in os.environ.items():
        with suppress(UnicodeEncodeError):
            (name + value).encode()
            variables[name] = value
    return variables
