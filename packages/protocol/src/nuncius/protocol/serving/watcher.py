"""The one thread that waits for everything that may happen while the main thread computes: text that is due, output of child processes, new subscribers, the death of the parent.

It sleeps in one `poll` and has no timers but the text that is held back, so an idle kernel uses no processor time.
"""

from __future__ import annotations

import os
import select
import threading
from time import monotonic
from typing import TYPE_CHECKING

from nuncius.protocol.serving.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuncius.protocol.serving.notes import Notes

__all__ = ["Watcher"]

#: Seconds between looks at the parent where the system cannot tell.
_LOOK = 1.0


class Watcher:
    """Wait for file descriptors and one moment in time.

    Args:
        on_due: Called when the moment of `schedule` has come.
        notes: Where a failing handler is reported.
    """

    def __init__(self, on_due: Callable[[], None], notes: Notes) -> None:
        self._on_due = on_due
        self._notes = notes
        self._wakeup = Wakeup()
        self._due: float | None = None
        self._handlers: dict[int, Callable[[], float | None]] = {}
        #: Those that are not waited for at the moment, and when that ends.
        self._pausing: dict[int, float] = {}
        self._changed = False
        self._stopping = False
        self._parent: tuple[int, Callable[[], None]] | None = None
        self._pidfd: int | None = None
        self._thread = threading.Thread(target=self._run, name="nuncius-io", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def add(self, descriptor: int, handler: Callable[[], float | None]) -> None:
        """Call ``handler`` whenever ``descriptor`` is readable; it must read all there is.

        Args:
            descriptor: What to wait for.
            handler: Called in the thread of the watcher. It may return seconds in which it need not be called again.
        """
        self._handlers[descriptor] = handler
        self._changed = True
        self._wakeup.set()

    def remove(self, descriptor: int) -> None:
        """Wait for ``descriptor`` no longer."""
        self._handlers.pop(descriptor, None)
        self._changed = True
        self._wakeup.set()

    def schedule(self, seconds: float) -> None:
        """Call ``on_due`` once, after so many seconds; from any thread."""
        self._due = monotonic() + seconds
        self._wakeup.set()

    def watch_parent(self, pid: int, on_death: Callable[[], None]) -> None:
        """Call ``on_death`` when our parent, which is ``pid`` now, has ended; before `start`."""
        try:
            self._pidfd = os.pidfd_open(pid)
        except (AttributeError, OSError):
            self._parent = (pid, on_death)
            return
        descriptor = self._pidfd

        def died() -> None:
            self.remove(descriptor)
            on_death()

        self.add(self._pidfd, died)

    def stop(self) -> None:
        """End the thread, and wait for it."""
        self._stopping = True
        self._wakeup.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(5)
        self._wakeup.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def _run(self) -> None:
        poller = self._poller()
        while not self._stopping:
            ready = poller.poll(self._timeout())
            for descriptor, _ in ready:
                if pause := self._call(descriptor):
                    self._pausing[descriptor] = monotonic() + pause
                    poller.unregister(descriptor)
            self._end_pauses(poller)
            due = self._due
            if due is not None and monotonic() >= due:
                self._due = None
                self._on_due()
            if self._parent is not None and os.getppid() != self._parent[0]:
                parent, self._parent = self._parent, None
                parent[1]()
            if self._changed:
                self._changed = False
                self._pausing.clear()
                poller = self._poller()

    def _call(self, descriptor: int) -> float | None:
        if descriptor == self._wakeup.fileno():
            self._wakeup.clear()
            return None
        handler = self._handlers.get(descriptor)
        if handler is None:
            return None
        try:
            return handler()
        except Exception as error:  # noqa: BLE001 - one broken handler must not silence the others
            self._notes.say("watcher", f"{type(error).__name__} in the I/O thread: {error}")
            return None

    def _end_pauses(self, poller: select.poll) -> None:
        now = monotonic()
        for descriptor, end in tuple(self._pausing.items()):
            if end <= now:
                del self._pausing[descriptor]
                poller.register(descriptor, select.POLLIN)

    def _timeout(self) -> float | None:
        times = [max(0.0, end - monotonic()) for end in self._pausing.values()]
        due = self._due
        if due is not None:
            times.append(max(0.0, due - monotonic()))
        if self._parent is not None:
            times.append(_LOOK)
        return min(times) * 1000 + 0.5 if times else None

    def _poller(self) -> select.poll:
        poller = select.poll()
        poller.register(self._wakeup.fileno(), select.POLLIN)
        for descriptor in self._handlers:
            poller.register(descriptor, select.POLLIN)
        return poller
