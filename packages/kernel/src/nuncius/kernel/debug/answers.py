"""Let a debugger read what a person types in whatever frontend there is, and write where the cell's output goes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

from nuncius.kernel import saying
from nuncius.kernel.current import get_shell
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

    def readline(self) -> str:
        """Return a line, or several; an empty text at the end of input."""
        return self.ask(self._debugger.shown_prompt)

    def ask(
        self, prompt: str, selection: Selection | None = None, *, continuation: bool = False
    ) -> str:
        """Return what is typed, with an end of line; an empty text at the end of input."""
        if self._debugger.visit is not None:
            self._debugger.visit.check()
        io, shell = frontend(), get_shell()
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


class Output:
    """What the debugger writes to: ``sys.stdout`` of the moment."""

    def write(self, text: str) -> int:
        """Show ``text``."""
        return sys.stdout.write(text)

    def flush(self) -> None:
        """Show what is held back."""
        sys.stdout.flush()
