"""Offer the debugger under the names that IPython has for it: ``ipdb`` and others build on them."""

from __future__ import annotations

import bdb
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from nuncius.kernel.debug.prompt import Debugger
from nuncius.kernel.debug.prompt import set_trace as _set_trace

__all__ = ["BdbQuit_excepthook", "InterruptiblePdb", "Pdb", "TerminalPdb", "set_trace"]


class Pdb(Debugger):
    """The debugger, made with IPython's arguments.

    Args:
        completekey: Ignored: frontends complete.
        stdin: Where commands come from; the frontend by default.
        stdout: Where it writes; that of the cell by default.
        context: So many lines of source are shown around the present one.
        mode: Ignored: how it was opened, ``cli`` or ``inline``, as Python 3.14 tells it.
        theme_name: See `set_theme_name`.
        **options: Of `pdb.Pdb`.
    """

    def __init__(
        self,
        completekey: Any = None,
        stdin: Any = None,
        stdout: Any = None,
        context: int | str = 5,
        *,
        mode: str | None = None,
        theme_name: str = "",
        **options: Any,
    ) -> None:
        super().__init__(completekey, stdin, stdout, context=int(context), **options)
        self.set_theme_name(theme_name)

    def set_theme_name(self, name: str) -> None:
        """Remember a name: colors are those of the shell, which ``%colors`` sets."""
        self.theme_name = name

    set_colors = set_theme_name


InterruptiblePdb = TerminalPdb = Pdb


def set_trace(frame: FrameType | None = None, header: str | None = None) -> None:
    """Open the debugger at ``frame``, by default at the caller, after a line of text."""
    if header is not None:
        sys.stdout.write(f"{header}\n")
    _set_trace(frame or sys._getframe(1))  # noqa: SLF001 - the only way to the caller


def BdbQuit_excepthook(  # noqa: N802 - the name that ipdb imports
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType | None,
    excepthook: Callable[..., Any] | None = None,
) -> None:
    """Say one line when a person quits the debugger; show other exceptions as ever."""
    if issubclass(kind, bdb.BdbQuit):
        sys.stdout.write("Exiting Debugger.\n")
        return
    before: Any = excepthook or getattr(BdbQuit_excepthook, "excepthook_ori", sys.__excepthook__)
    before(kind, error, traceback)
