"""Know which shell the running code belongs to: what stands behind ``get_ipython()``.

There can be several shells in one process. The running cell's own shell is found through a context variable, which its tasks and threads inherit; code that runs outside any cell gets the shell that was entered last and not left yet.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from nuncius.protocol.kernel import INHERITED

if TYPE_CHECKING:
    from nuncius.kernel.api import ShellAPI

__all__ = ["CURRENT_SHELL", "enter_shell", "get_shell", "leave_shell"]

#: The shell of the cell that runs in this context.
CURRENT_SHELL: ContextVar[ShellAPI | None] = ContextVar("nuncius_shell", default=None)
INHERITED.append(CURRENT_SHELL)

#: The shells of this process that are open, the newest last.
_open: list[ShellAPI] = []


def get_shell() -> ShellAPI | None:
    """Return the shell that the caller runs in, None outside any shell."""
    shell = CURRENT_SHELL.get()
    if shell is not None:
        return shell
    return _open[-1] if _open else None


def enter_shell(shell: ShellAPI) -> None:
    """Make ``shell`` the one that code outside any cell belongs to."""
    leave_shell(shell)
    _open.append(shell)


def leave_shell(shell: ShellAPI) -> None:
    """Forget ``shell``."""
    _open[:] = [other for other in _open if other is not shell]
