"""Run programs that use the person's terminal: the editor, the pager, what a kernel in another process asks for, and what formats code."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["edit", "formatted", "lend_terminal", "undisturbed"]

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
        with undisturbed():
            subprocess.run([*command, *position, filename], check=False)
    except OSError as error:
        sys.stderr.write(f"cannot start the editor {command[0]!r}: {error}; set $EDITOR\n")


#: Variables that tell programs about the terminal.
_OF_THE_TERMINAL = ("TERM", "COLORTERM", "COLUMNS", "LINES")

#: Kernels have ``cat`` for these.
_PAGERS = ("PAGER", "GIT_PAGER")


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let Ctrl-C do nothing here meanwhile; a program that has the terminal gets it all the same, and is waited for."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Not SIG_IGN, which the program would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def lend_terminal(command: str, asked: Mapping[str, Any]) -> int:
    """Run a command for a kernel that runs as this user on this machine; return its exit code, negative for a signal.

    Args:
        command: For the user's shell.
        asked: The folder ``cwd`` and the variables ``env``.
    """
    environment = _environment(asked.get("env", {}))
    with undisturbed():
        try:
            with subprocess.Popen(
                command,
                shell=True,
                executable=environment.get("SHELL") or None,
                cwd=str(asked.get("cwd", "")) or None,
                env=environment,
            ) as process:
                return process.wait()
        except OSError as error:
            sys.stderr.write(f"cannot run {command!r}: {error}\n")
            return 127


def _environment(kernels: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of the kernel, except for what it has because it has no terminal."""
    environment = {str(name): str(value) for name, value in kernels.items()}
    for name in (*_OF_THE_TERMINAL, *_PAGERS):
        if name in _PAGERS and environment.get(name) != "cat":
            continue
        environment.pop(name, None)
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment


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
