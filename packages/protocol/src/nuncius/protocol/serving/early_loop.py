"""Give a cell an event loop from the moment on that something in it imports asyncio.

Without it the first cell that uses a library that uses asyncio would be the only one without a running loop.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from nuncius.protocol.serving.imports import when_imported

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EarlyLoop"]


class EarlyLoop:
    """Wait for the import of asyncio in this thread, while a cell runs.

    Args:
        busy: Tells whether a cell runs.
    """

    def __init__(self, busy: Callable[[], bool]) -> None:
        self._busy = busy
        self._thread = threading.get_ident()
        self._loop: Any = None
        self._forget = when_imported("asyncio", self._imported)

    def _imported(self) -> None:
        if threading.get_ident() != self._thread or not self._busy():
            return
        import asyncio

        self._loop = loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        # The cell cannot be moved into the loop any more; but what it starts there runs when it is over.
        asyncio._set_running_loop(loop)  # noqa: SLF001 - for those that make loops

    def take(self) -> Any:
        """Return the loop that the cell got, for running it; None if it got none."""
        loop, self._loop = self._loop, None
        if loop is not None:
            import asyncio

            asyncio._set_running_loop(None)  # noqa: SLF001 - as above
        return loop

    def close(self) -> None:
        """Wait no longer."""
        self._forget()
