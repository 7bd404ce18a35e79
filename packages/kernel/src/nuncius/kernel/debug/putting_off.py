"""Have what a frontend's debugger has stopped go on before an interrupt that is a signal reaches the cell.

The signal is handled in the main thread. As long as another thread stands at a breakpoint, the debugger would stop that one, too, where the interrupt takes it.
"""

from __future__ import annotations

from _queue import SimpleQueue
from collections.abc import Callable

from nuncius.kernel.threads import service_thread

__all__ = ["PuttingOff"]


class PuttingOff:
    """A thread that waits for such signals: their handler must not wait for the debugger.

    Args:
        is_stopped: Tells whether anything is.
        release: Has everything that is stopped go on.
        again: Sends the signal once more, if there is still something to be interrupted, and tells so.
    """

    def __init__(
        self,
        is_stopped: Callable[[], bool],
        release: Callable[[], None],
        again: Callable[[], bool],
    ) -> None:
        self._is_stopped = is_stopped
        self._release = release
        self._again = again
        #: True for each signal, False at the end. It may be used in a handler of signals.
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self._under_way = False
        service_thread("debugger-signals", self._serve).start()

    def puts_off(self) -> bool:
        """Take notice of a signal; tell whether it comes once more. Called by its handler."""
        if self._under_way:  # it has come, or the person will not wait
            self._under_way = False
            return False
        if not self._is_stopped():
            return False
        self._under_way = True
        self._asked.put(True)
        return True

    def close(self) -> None:
        """End the thread."""
        self._asked.put(False)

    def _serve(self) -> None:
        while self._asked.get():
            try:
                self._release()
            finally:
                if not self._again():
                    self._under_way = False
