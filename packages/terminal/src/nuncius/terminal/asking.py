"""Ask the person for a line: for ``input()``, passwords, and what reads standard input.

Python's own functions are used as they were before there was a kernel: those that cells see ask the kernel, which would ask us.
"""

from __future__ import annotations

import builtins
import sys

__all__ = ["ask", "ask_secret", "read_input"]

#: As it was before there was a kernel: this module is imported first.
_input = builtins.input


def ask(prompt: str, typed: tuple[str, bool] = ("", False)) -> str:
    """Return a line that is typed.

    Args:
        prompt: The question.
        typed: What was typed before it was asked, and whether Enter ended that.

    Raises:
        EOFError: Ctrl-D.
        KeyboardInterrupt: Ctrl-C.
    """
    before, whole = typed
    if whole:
        sys.stdout.write(f"{prompt}{before}\n")
        return before
    return before + _input(prompt + before)


def ask_secret(prompt: str, typed: tuple[str, bool] = ("", False)) -> str:
    """Return a line that is typed without being shown; see `ask`."""
    import getpass

    before, whole = typed
    if whole:
        sys.stdout.write(f"{prompt}\n")
        return before
    read = getattr(getpass, "unix_getpass", None) or getpass.getpass
    return before + str(read(prompt))


def read_input(typed: tuple[str, bool] = ("", False), *, everything: bool = False) -> str:
    """Return a line of standard input with its end; nothing at the end of it.

    Args:
        typed: See `ask`.
        everything: Return all that comes.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    if not sys.stdin.isatty():
        return sys.stdin.read() if everything else sys.stdin.readline()
    lines: list[str] = []
    while everything or not lines:
        try:
            lines.append(ask("", typed) + "\n")
        except EOFError:
            break
        typed = ("", False)
    return "".join(lines)
