"""Talk to the frontend from within a shell: pages, the next input, the end of the session."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nuncius.kernel import saying
from nuncius.kernel.errors import TryNext
from nuncius.kernel.services import Services
from nuncius.protocol.kernel import CURRENT_IO, KernelIO

if TYPE_CHECKING:
    from nuncius.kernel.payload import PayloadManager

__all__ = ["Conversing"]


class Conversing(Services):
    """What a shell says to its frontend."""

    payload_manager: PayloadManager
    #: Called when somebody has typed ``exit``; a program that waits for us goes on.
    on_exit: Callable[[], Any] | None
    keepkernel_on_exit: bool | None
    exit_now: bool
    is_guest: bool
    #: The frontend of the last request: for threads that belong to none.
    _last_io: KernelIO | None

    @property
    def io(self) -> KernelIO | None:
        """The frontend of the request that runs here; that of the last one, where none does."""
        io = CURRENT_IO.get()
        return self._last_io if io is None and not self.is_guest else io

    def set_next_input(self, s: str, replace: bool = False) -> None:
        """Put text into the next input of the frontend, or into this one with ``replace``."""
        self.payload_manager.write_payload(
            {"source": "set_next_input", "text": s, "replace": replace}
        )

    def ask_exit(self) -> None:
        """Ask the frontend to end the session."""
        self.exit_now = not self.keepkernel_on_exit
        self.payload_manager.write_payload(
            {"source": "ask_exit", "keepkernel": self.keepkernel_on_exit or False}
        )
        if self.on_exit is not None and self.exit_now:
            self.on_exit()

    def show_page(self, data: str | Mapping[str, Any], start: int = 0) -> None:
        """Show a long text, or a mime bundle, in the frontend's pager, unless a hook shows it."""
        bundle = dict(data) if isinstance(data, Mapping) else {"text/plain": data}
        if self.hooks.show_in_pager.chain:
            try:
                self.hooks.show_in_pager(bundle, start, 0)
            except TryNext:
                pass
            else:
                return
        if self.io is None:
            sys.stdout.write(bundle.get("text/plain", "") + "\n")
            return
        self.payload_manager.write_payload({"source": "page", "data": bundle, "start": start})

    def show_usage(self) -> None:
        """Show what this shell is and can do: what ``?`` alone asks for."""
        from nuncius.kernel.magics.overview import OVERVIEW

        self.show_page(OVERVIEW)

    def auto_rewrite_input(self, cmd: str) -> None:
        """Show the call that a line became by itself."""
        saying.say(f"------> {cmd}\n")
