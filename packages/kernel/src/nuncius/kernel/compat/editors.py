"""Open editors and read the clipboard, by the functions that IPython's hooks have for it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from typing import Any

from nuncius.kernel.errors import TryNext, UsageError

__all__ = [
    "clipboard_get",
    "editor",
    "get_default_editor",
    "install_editor",
    "show_in_pager",
    "synchronize_with_editor",
]


def get_default_editor() -> str:
    """Return the person's editor: ``$EDITOR``, or what there is."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    return named or ("notepad" if os.name == "nt" else "vi")


def install_editor(template: str, wait: bool = False) -> None:
    """Have ``%edit`` run a command.

    Args:
        template: The command, with ``{filename}`` and ``{line}`` in it.
        wait: Ask before the code is run, for editors that return at once.
    """
    from nuncius.kernel.current import get_shell

    def call_editor(self: Any, filename: str, line: int | None = None, wait: bool = wait) -> None:
        command = template.format(filename=shlex.quote(filename), line=line or 0)
        done = subprocess.run(command, shell=True, check=False)
        if done.returncode:
            raise TryNext
        if wait:
            input("Press Enter when done editing:")

    shell: Any = get_shell()
    shell.set_hook("editor", call_editor)
    shell.editor = template


def editor(self: Any, filename: str, linenum: int | None = None, wait: bool = True) -> None:
    """Open the person's editor at a line, and wait until it is closed.

    Raises:
        TryNext: It failed.
    """
    command = [*shlex.split(getattr(self, "editor", "") or get_default_editor())]
    if linenum is not None and "notepad" not in command[0]:
        command.append(f"+{linenum}")
    if shutil.which(command[0]) is None:
        raise TryNext
    with subprocess.Popen([*command, filename]) as process:
        if wait and process.wait() != 0:
            raise TryNext


def synchronize_with_editor(self: Any, filename: str, linenum: int, column: int) -> None:
    """Do nothing; a hook may show the place in an editor."""


def show_in_pager(self: Any, data: Any, start: int, screen_lines: int) -> None:
    """Pass on to the shell's own pager.

    Raises:
        TryNext: Always.
    """
    raise TryNext


def clipboard_get(self: Any = None) -> str:
    """Return the text in the clipboard.

    Raises:
        UsageError: It cannot be read here.
    """
    from nuncius.kernel.magics.pasting import clipboard_text

    return clipboard_text()


def tkinter_clipboard_get() -> str:
    """Return the text in the clipboard, asked of Tk.

    Raises:
        TryNext: There is no display.
    """
    try:
        import tkinter

        root = tkinter.Tk()
    except Exception as error:
        raise TryNext(f"Tk cannot read the clipboard: {error}") from error
    root.withdraw()
    try:
        return str(root.clipboard_get())
    except tkinter.TclError as error:
        raise UsageError("the clipboard is empty") from error
    finally:
        root.destroy()
