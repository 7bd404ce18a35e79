"""Let a debugger read what a person types in whatever frontend there is, and write where the cell's output goes."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol

from nuncius.kernel import saying
from nuncius.kernel.current import get_shell
from nuncius.kernel.debug.interrupts import interrupts_so_far
from nuncius.kernel.debug.stranded import Stranded, is_stranded
from nuncius.kernel.debug.visits import is_left_behind
from nuncius.kernel.selection import Selection, select
from nuncius.protocol.kernel import CURRENT_IO, KernelIO

if TYPE_CHECKING:
    from nuncius.kernel.debug.visits import Visit

__all__ = ["Answers", "Asker", "Output", "frontend"]


def frontend() -> KernelIO | None:
    """Return what can ask the person; None outside of any request."""
    io = CURRENT_IO.get()
    if io is None and (shell := get_shell()) is not None:
        io = getattr(shell, "io", None)
    return io


class Asker(Protocol):
    """A debugger that asks."""

    shown_prompt: str
    visit: Visit | None
    is_of_loop: bool

    def selection(self) -> Selection:
        """Return where names are looked up while it waits."""
        ...


class Answers:
    """What the debugger reads: each line is asked for by an input request.

    Args:
        debugger: Says what its prompt is.
    """

    def __init__(self, debugger: Asker) -> None:
        self._debugger = debugger
        #: Interrupts that there had been when something was answered.
        self._interrupts: int | None = None

    def readline(self) -> str:
        """Return a line, or several; an empty text at the end of input."""
        return self.ask(self._debugger.shown_prompt)

    def ask(
        self, prompt: str, selection: Selection | None = None, *, continuation: bool = False
    ) -> str:
        """Return what is typed, with an end of line; an empty text at the end of input.

        Raises:
            Stranded: There is nobody to ask.
            KeyboardInterrupt: The cell was interrupted.
        """
        if self._debugger.visit is not None:
            self._debugger.visit.check()
        io, shell = frontend(), get_shell()
        self._look(shell)
        metadata: dict[str, Any] = {"kind": "debugger"}
        if continuation:
            metadata["continuation"] = True
        with select(shell, selection or self._debugger.selection()):
            try:
                if io is None:
                    return input(prompt) + "\n"
                saying.flush()
                return io.input(prompt, **metadata) + "\n"
            except EOFError:
                return ""
            finally:
                self._interrupts = interrupts_so_far()

    def _look(self, shell: Any) -> None:
        """Look whether there is still somebody to ask."""
        if self._debugger.visit is not None:
            return
        if is_left_behind(shell) or (self._debugger.is_of_loop and is_stranded(shell)):
            raise Stranded
        if threading.current_thread() is threading.main_thread() or self._interrupts is None:
            return
        if self._interrupts != interrupts_so_far():
            raise KeyboardInterrupt  # it was for the cell that this thread belongs to


class Output:
    """What the debugger writes to: ``sys.stdout`` of the moment."""

    def write(self, text: str) -> int:
        """Show ``text``."""
        return sys.stdout.write(text)

    def flush(self) -> None:
        """Show what is held back."""
        sys.stdout.flush()
