"""Answer the control channel in a thread of its own, however busy the main thread is.

Python code in the main thread holds the interpreter's lock; each time this thread wants it, it waits up to `sys.getswitchinterval`, and sending and receiving a message gives it up a dozen times. So the interval is lowered while a request is handled, and for a moment after it: the next one often follows at once, and its own arrival has to wait for the lock as well.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import zmq

from nuncius.protocol.serving.wakeup import Wakeup

if TYPE_CHECKING:
    from nuncius.protocol.messages import Message
    from nuncius.protocol.serving.inbox import Inbox
    from nuncius.protocol.serving.lane import Lane

__all__ = ["Control"]

#: Seconds; while a request is handled.
_SWITCH_INTERVAL = 0.00002

#: Milliseconds after a request in which the next one is awaited with the same interval.
_LINGER = 50


class Control:
    """The control thread.

    Args:
        make_inbox: Makes the inbox, given what takes each message.
        lane: The sequence of control requests.
    """

    def __init__(
        self, make_inbox: Callable[[Callable[[Message], None]], Inbox], lane: Lane
    ) -> None:
        self.inbox = make_inbox(self._handle)
        self._lane = lane
        self._wakeup = Wakeup()
        self._stopping = False
        self._interval = sys.getswitchinterval()
        self._runner: Any = None
        self._thread = threading.Thread(target=self._run, name="nuncius-control", daemon=True)

    def start(self) -> int:
        """Start the thread, and return its identifier."""
        self._thread.start()
        assert self._thread.ident is not None
        return self._thread.ident

    def stop(self) -> None:
        """End the thread, and close the socket."""
        self._stopping = True
        self._wakeup.set()
        if self._thread.is_alive():
            self._thread.join(5)
        if not self._thread.is_alive():
            self.inbox.close()
            self._wakeup.close()

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self.inbox.socket, zmq.POLLIN)
        poller.register(self._wakeup.fileno(), zmq.POLLIN)
        while not self._stopping:
            poller.poll()
            self._hurry()
            try:
                self.inbox.take()
                while not self._stopping and poller.poll(_LINGER):
                    self.inbox.take()
            finally:
                self._calm_down()
        if self._runner is not None:
            self._runner.close()

    def _hurry(self) -> None:
        if not _is_lowered():
            # A cell that has read ours, and set it again later, is not asked.
            self._interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_INTERVAL)

    def _calm_down(self) -> None:
        if _is_lowered():
            # Else a cell has set another one meanwhile.
            sys.setswitchinterval(self._interval)

    def _handle(self, message: Message) -> None:
        lane = self._lane
        request = lane.receive(message)
        while request is not None:
            outcome = lane.start(request)
            if isinstance(outcome, Awaitable):
                outcome = self._run_async(lane.complete(outcome))
            request = lane.finish(outcome)

    def _run_async(self, coroutine: Any) -> Any:
        if self._runner is None:
            import asyncio

            self._runner = asyncio.Runner()
        return self._runner.run(coroutine)


def _is_lowered() -> bool:
    return abs(sys.getswitchinterval() - _SWITCH_INTERVAL) < 1e-6
