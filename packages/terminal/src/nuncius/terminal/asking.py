"""Ask the person for a line: for ``input()`` and passwords.

Python's own functions are used as they were before there was a kernel: those that cells see ask the kernel, which would ask us.
"""

from __future__ import annotations

import builtins

__all__ = ["ask", "ask_secret"]

#: As it was before there was a kernel: this module is imported first.
_input = builtins.input


def ask(prompt: str) -> str:
    """Return a line that is typed.

    Raises:
        EOFError: Ctrl-D.
        KeyboardInterrupt: Ctrl-C.
    """
    return _input(prompt)


def ask_secret(prompt: str) -> str:
    """Return a line that is typed without being shown."""
    import getpass

    read = getattr(getpass, "unix_getpass", None) or getpass.getpass
    return str(read(prompt))
