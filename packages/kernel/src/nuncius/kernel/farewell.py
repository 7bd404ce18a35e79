"""End the kernel's process after ``exit``, for frontends that leave that to the kernel, as notebooks do.

Consoles first want the reply, and some of them look at it only while the kernel lives: the process ends a little later, or with the next cell. A frontend that does what is needed itself says so by ``{"ends_session": true}`` in the metadata of its request.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from nuncius.kernel.errors import SessionEnded
from nuncius.protocol.kernel import CURRENT_IO

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Farewell"]

#: Seconds that a frontend has to read the reply.
_DELAY = 1.0


class Farewell:
    """The time between ``exit`` and the end.

    Args:
        stop: Has whoever serves the kernel stop; from any thread.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._timer: threading.Timer | None = None

    def say(self) -> None:
        """Have the process end soon, unless the frontend whose request runs here does what is needed."""
        io = CURRENT_IO.get()
        if self._timer is None and not (io and io.request.metadata.get("ends_session") is True):
            self._timer = threading.Timer(_DELAY, self._stop)
            self._timer.daemon = True
            self._timer.start()

    def refuse_what_follows(self) -> None:
        """Do nothing, unless the process is to end: then it does so now.

        Raises:
            SessionEnded: It is to end, and no cell is run any more.
        """
        if self._timer is not None:
            self._stop()
            raise SessionEnded("'exit' has ended this session: the kernel runs no more cells")

    def cancel(self) -> None:
        """The process ends anyway."""
        if self._timer is not None:
            self._timer.cancel()
