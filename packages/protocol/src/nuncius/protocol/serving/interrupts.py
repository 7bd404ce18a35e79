"""Make Ctrl-C reach the code that runs, whether it computes, sleeps or awaits, and nothing else.

Rule 1: `KeyboardInterrupt` is raised only while a request is being answered. An idle kernel, or one that is sending a reply, is never hit.
Rule 2: a cell that awaits gets it at its ``await``. The signal handler cannot raise there, since the loop would get it: it cancels the task, and `Interruptible` turns the cancellation into a `KeyboardInterrupt`.
Rule 3: what stands under a `ShieldedLock` is never cut in two: half a message on a socket would spoil all that follow. The interrupt comes when the lock is left.
Rule 4: other threads that run requests (subshells) get the interrupt as an asynchronous exception, as soon as they run Python code again: a `ThreadInterrupts` for each.
Rule 5: only the main thread runs signal handlers; `Interrupts.handle` takes no lock.
"""

from __future__ import annotations

import os
import signal
import threading
from _thread import interrupt_main
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from types import FrameType

__all__ = [
    "Interruptible",
    "Interrupts",
    "ShieldedLock",
    "ThreadInterrupts",
    "raise_in_thread",
    "send_interrupt",
    "start_thread",
]

#: The attribute of a `threading.Thread` that has its `ThreadInterrupts`.
_OF_THREAD: Final = "_nuncius_interrupts"


class Interrupts:
    """What a SIGINT does to one lane of the main thread."""

    def __init__(self) -> None:
        #: A request is being answered in the main thread.
        self.armed = False
        #: The request that awaits.
        self.waiting: Interruptible | None = None
        #: Counts signals: other threads that wait for input look at it.
        self.count = 0
        #: How many shielded sections the main thread is in.
        self.depth = 0
        #: An interrupt came in one of them.
        self.pending = False
        #: Those of other threads, by their ids.
        self.threads: dict[int, ThreadInterrupts] = {}
        #: Called for each signal, in the signal handler: has somebody else interrupt the other threads.
        self.also: Callable[[], None] | None = None
        #: Called first, as well: see `nuncius.protocol.serving.reminder`.
        self.heard: Callable[[], None] | None = None
        self._before: Any = None
        #: Ctrl-C that finds no request goes to the handler that was there before: we are a guest in a program.
        self.passes_on = False
        #: Makes what is raised in the code of a request: a kernel may raise something harder where the first had no effect.
        self.error: Callable[[], BaseException] = KeyboardInterrupt
        #: Asked first in the signal handler: whether the signal has to wait for something, and is sent once more.
        self.puts_off: Callable[[], bool] | None = None
        #: Set by who sends one signal for one purpose: called first, in the signal handler; when it says False, the signal is for nothing any more.
        self.aim: Callable[[], bool] | None = None
        #: Called in the signal handler when no request is to be interrupted, while something of an earlier one holds the main thread; with True if that has to end now.
        self.beside: Callable[[bool], object] | None = None

    @property
    def holding(self) -> bool:
        """Whether an interrupt would not be raised where the main thread is now: nothing runs that it is for, or this waits until it may be. See `nuncius.protocol.client.shield`."""
        return self.depth > 0 or not (self.armed or self.waiting is not None)

    def install(self) -> None:
        """Handle SIGINT from now on; in the main thread only."""
        self._before = signal.signal(signal.SIGINT, self.handle)

    def restore(self) -> None:
        """Leave SIGINT to whoever had it before."""
        if self._before is not None and signal.getsignal(signal.SIGINT) == self.handle:
            signal.signal(signal.SIGINT, self._before)
        self._before = None

    def handle(self, signum: int = 0, frame: FrameType | None = None) -> None:
        """Handle the signal.

        Raises:
            KeyboardInterrupt: Code of a request runs.
        """
        if self.heard is not None:
            self.heard()
        if self.puts_off is not None and self.puts_off():
            return
        aim, self.aim = self.aim, None
        if aim is not None and not aim():
            return
        self.count += 1
        if self.also is not None:
            self.also()
        waiting = self.waiting
        if waiting is not None and not waiting.inside:
            waiting.interrupt()
        elif self.armed or waiting is not None:
            if self.depth:
                self.pending = True
            else:
                raise self.error()
        elif self.beside is not None:
            self.beside(False)
        elif self.passes_on and callable(self._before):
            self._before(signum, frame)

    def pause(self, waiting: Interruptible) -> None:
        """The code of a request has come to an ``await``."""
        waiting.inside = False

    def again(self, ident: int) -> bool:
        """Interrupt the request of a thread once more, if it still has one, and tell whether it has; from another thread. See `nuncius.protocol.serving.unraisable`."""
        if (other := self.threads.get(ident)) is not None:
            other.interrupt()
            return True
        busy = self.armed or self.waiting is not None or self.beside is not None
        if ident != threading.main_thread().ident or not busy:
            return False
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(ident, signal.SIGINT)
        else:
            interrupt_main()
        return True


class ThreadInterrupts:
    """What an interrupt does to the requests of one other thread; made in that thread.

    Args:
        interrupts: Those of the main thread, which know all.
    """

    #: What is raised where a request of the thread awaits.
    error: Callable[[], BaseException] = KeyboardInterrupt

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self.ident = threading.get_ident()
        self.armed = False
        self.waiting: Interruptible | None = None
        self._depth = 0
        self._pending = False
        #: An exception is on its way only if it was raised while this lock was held, outside of any shielded section.
        self._gate = threading.Lock()
        interrupts.threads[self.ident] = self
        setattr(threading.current_thread(), _OF_THREAD, self)

    def close(self) -> None:
        """The thread ends."""
        vars(threading.current_thread()).pop(_OF_THREAD, None)
        self._interrupts.threads.pop(self.ident, None)

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the request that runs, if one does; from another thread."""
        with self._gate:
            waiting = self.waiting
            if waiting is not None and not waiting.inside:
                waiting.interrupt_from_outside()
            elif self.armed or waiting is not None:
                if self._depth:
                    self._pending = True
                else:
                    raise_in_thread(self.ident)

    def pause(self, waiting: Interruptible) -> None:
        """The code of a request has come to an ``await``: from now on no exception is raised in the thread, which may be asleep.

        Raises:
            KeyboardInterrupt: One was on its way.
        """
        with self._gate:
            waiting.inside = False
        _breathe()

    def disarm(self) -> None:
        """The request is answered: when this returns, no interrupt can come any more.

        Raises:
            KeyboardInterrupt: One was on its way.
        """
        with self._gate:
            self.armed = False
            self._pending = False
        _breathe()

    def enter(self) -> None:
        """Begin a shielded section.

        Raises:
            KeyboardInterrupt: One was on its way; the section has not begun.
        """
        begun = False
        try:
            with self._gate:
                self._depth += 1
                begun = True
            # It may come here already, or in the next line at the latest.
            _breathe()
        except KeyboardInterrupt:
            if begun:
                self._depth -= 1
            raise

    def leave(self) -> None:
        """End a shielded section.

        Raises:
            KeyboardInterrupt: It came in the section.
        """
        with self._gate:
            self._depth -= 1
            due = self._pending and not self._depth
            if due:
                self._pending = False
        if due:
            raise KeyboardInterrupt


def start_thread(start: Callable[[], None]) -> None:
    """Have this thread start another one, by ``start``, so that an interrupt that is for this one cannot hit that.

    In Python 3.11 a new thread has the identity of the one that starts it, until it runs: the exception would end it before it says that it has started, and this thread would wait for that for ever.
    """
    interrupts: ThreadInterrupts | None = getattr(threading.current_thread(), _OF_THREAD, None)
    if interrupts is None:
        start()
        return
    interrupts.enter()
    try:
        start()
    finally:
        interrupts.leave()


def _breathe() -> None:
    """Have an asynchronous exception come now: the interpreter looks for one whenever a function begins."""


class ShieldedLock:
    """A reentrant lock; while a thread that runs requests has it, or waits for it, interrupts wait.

    Args:
        interrupts: Those of the main thread.
    """

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._lock = threading.RLock()
        self._main = threading.main_thread().ident

    def __enter__(self) -> None:
        ident = threading.get_ident()
        if ident == self._main:
            self._interrupts.depth += 1
        elif (other := self._interrupts.threads.get(ident)) is not None:
            other.enter()
        self._lock.acquire()

    def __exit__(self, *exc: object) -> None:
        self._lock.release()
        ident = threading.get_ident()
        interrupts = self._interrupts
        if ident != self._main:
            if (other := interrupts.threads.get(ident)) is not None:
                other.leave()
            return
        interrupts.depth -= 1
        if interrupts.pending and not interrupts.depth:
            interrupts.pending = False
            if interrupts.armed or interrupts.waiting is not None:
                raise interrupts.error()


class Interruptible:
    """Await something so that an interrupt reaches it.

    Args:
        awaitable: What to await.
        interrupts: Where interrupts come from.
    """

    def __init__(
        self, awaitable: Awaitable[Any], interrupts: Interrupts | ThreadInterrupts
    ) -> None:
        self._awaitable = awaitable
        self._interrupts = interrupts
        #: Code of the awaitable runs at this moment; otherwise the loop does.
        self.inside = False
        self._pending = False
        self._task: Any = None
        self._loop: Any = None

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt at the ``await``; called by the signal handler.

        Raises:
            KeyboardInterrupt: The one before had no effect: something else holds the loop.
        """
        if self._pending:
            raise self._interrupts.error()
        self._pending = True
        self._loop.call_soon_threadsafe(self._cancel)

    def interrupt_from_outside(self) -> None:
        """Raise KeyboardInterrupt at the ``await``; from another thread."""
        if not self._pending:
            self._pending = True
            self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        # In the same turn of the loop the awaitable may have gone on, or ended; what else the task does is not to be hit.
        if self._pending:
            self._task.cancel()

    def __await__(self) -> Generator[Any, None, Any]:
        import asyncio

        self._task, self._loop = asyncio.current_task(), asyncio.get_running_loop()
        steps: Any = self._awaitable.__await__()
        error: BaseException | None = None
        self._interrupts.waiting = self
        try:
            while True:
                self.inside = True
                late: BaseException | None = None
                try:
                    if self._pending:
                        # The loop may not have another turn: what follows may compute.
                        self._pending = False
                        error = self._interrupts.error()
                    yielded = self._step(steps, error)
                except StopIteration as stop:
                    return stop.value
                finally:
                    late = self._leave()
                if late is not None:
                    error = late
                    continue
                error = None
                try:
                    yield yielded
                except asyncio.CancelledError as canceled:
                    error = canceled
                    if self._pending:
                        self._pending = False
                        self._task.uncancel()
                        error = self._interrupts.error()
                except BaseException as other:  # noqa: BLE001 - it is handed on
                    error = other
        finally:
            self._interrupts.waiting = None
            self._pending = False

    def _leave(self) -> BaseException | None:
        """Note that the loop goes on; return the interrupt that was on its way to the code of the awaitable."""
        try:
            self._interrupts.pause(self)
        except KeyboardInterrupt as late:
            return late
        finally:
            self.inside = False
        return None

    @staticmethod
    def _step(steps: Any, error: BaseException | None) -> Any:
        if error is not None:
            return steps.throw(error)
        return steps.send(None) if hasattr(steps, "send") else next(steps)


def send_interrupt() -> None:
    """Send SIGINT to the main thread, and to child processes where that hits nobody else."""
    if os.name == "posix":
        if os.getpgrp() == os.getpid():
            # Whoever started this kernel gave it a group of its own: children get what Ctrl-C in a terminal gives them.
            os.killpg(os.getpid(), signal.SIGINT)
            return
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return
    signal.raise_signal(signal.SIGINT)


def raise_in_thread(ident: int) -> None:
    """Raise KeyboardInterrupt in a thread, as soon as it runs Python code."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(ident), ctypes.py_object(KeyboardInterrupt)
    )
