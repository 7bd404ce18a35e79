"""Ask other people's code under a deadline: what is late is left behind, and never blocks the next question.

Theory of operation: one daemon thread takes questions from a queue. Each step leaves its answer where whoever waits can take what is there when the time is up. A thread that is late is abandoned: it ends when its step returns, and the next question gets a new one.
"""

from __future__ import annotations

import threading
from _thread import allocate_lock
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import copy_context
from queue import SimpleQueue

from nuncius.kernel.threads import service_thread

__all__ = ["Worker"]

#: When so many threads hang, only answers that need no thread are given.
_MAX_LOST = 8


class _Job:
    def __init__(self, steps: Iterable[Callable[[], bool]]) -> None:
        self.steps = steps
        #: What is printed belongs to who asks.
        self.context = copy_context()
        #: Let go at the end. Not an Event: to wait for one makes another lock each time, and every key asks.
        self._running = allocate_lock()
        self._running.acquire()
        self.cancelled = False

    def run(self) -> None:
        try:
            for step in self.steps:
                if self.cancelled or not step():
                    break
        finally:
            self._running.release()

    def wait(self, seconds: float) -> bool:
        """Wait for the end; tell whether it has come. When it has, this is not to be called again."""
        return self._running.acquire(timeout=min(max(seconds, 0.0), threading.TIMEOUT_MAX))


class Worker:
    """A thread that is replaced when it hangs."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Job | None] | None = None
        self._lost: list[threading.Thread] = []
        self._thread: threading.Thread | None = None

    def run(
        self,
        steps: Iterable[Callable[[], bool]],
        seconds: float,
        patience: float = 0.0,
        enough: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Call ``steps`` one after the other until one returns False.

        Args:
            steps: What to do.
            seconds: How long to wait for them.
            patience: How long to wait further, unless there is ``enough`` by then.
            enough: Tells whether something is there.

        Returns:
            Whether all was done in time.
        """
        job = _Job(steps)
        queue = self._ready()
        if queue is None:
            return False
        queue.put(job)
        if job.wait(seconds) or (not enough() and job.wait(patience)):
            return True
        job.cancelled = True
        self._abandon()
        return False

    def _ready(self) -> SimpleQueue[_Job | None] | None:
        if self._thread is not None and self._thread.is_alive() and self._queue is not None:
            return self._queue
        self._lost = [thread for thread in self._lost if thread.is_alive()]
        if len(self._lost) >= _MAX_LOST:
            return None
        self._queue = SimpleQueue()
        self._thread = service_thread("complete", _serve, self._queue)
        self._thread.start()
        return self._queue

    def _abandon(self) -> None:
        if self._thread is not None and self._queue is not None:
            self._lost.append(self._thread)
            self._queue.put(None)
        self._thread = self._queue = None

    def close(self) -> None:
        """End the thread."""
        if self._queue is not None:
            self._queue.put(None)
        if self._thread is not None:
            self._thread.join(0.2)
        self._thread = self._queue = None


def _serve(queue: SimpleQueue[_Job | None]) -> None:
    while True:
        job = queue.get()
        if job is None:
            return
        with suppress(
            BaseException
        ):  # SystemExit in a step ends neither this thread nor the kernel
            job.context.run(job.run)
