"""See to it that the main thread hears a signal, also one that comes a moment before it waits.

Python notes a signal and runs its handler when the interpreter has its next chance. A thread that has looked for signals, and is about to fall asleep in the operating system, hears nothing until what it waits for has come: a cell in ``time.sleep(60)`` would go on for a minute. The moment is short, but on a busy machine the thread may be stopped in it.

So Python writes each signal into a pipe, at once, and the handler empties that. If it is not empty after a while, the signal is sent once more: that ends the wait.
"""

from __future__ import annotations

import os
import signal
import threading
from _thread import start_new_thread
from contextlib import suppress
from time import sleep
from typing import TYPE_CHECKING, Final

from nuncius.protocol.serving.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nuncius.protocol.serving.watcher import Watcher

__all__ = ["Reminder"]

#: Seconds until a signal is sent again, and again; the code that runs may be busy outside of the interpreter.
_PAUSES: Final = (0.05, 0.2, 1.0)


class Reminder:
    """Sends signals again that were not heard.

    Args:
        watcher: Waits for them.
        handlers: Those of signals, by number, that call `heard`; signals that have another one by now are left alone.
    """

    def __init__(self, watcher: Watcher, handlers: Mapping[int, object]) -> None:
        self._watcher = watcher
        self._handlers = handlers
        self._arrived = Wakeup()
        self._installed = False
        self._set_pipe = signal.set_wakeup_fd

    def install(self) -> None:
        """Begin, if nobody else does as much already; in the main thread only."""
        if not hasattr(signal, "pthread_kill"):
            return
        before = self._set_pipe(self._arrived.writing, warn_on_full_buffer=False)
        if before != -1:
            # An event loop of the program that we are a guest of.
            self._set_pipe(before)
            return
        self._installed = True
        signal.set_wakeup_fd = self._set_others
        # A child's signals are not ours.
        os.register_at_fork(after_in_child=self._forked)
        self._watcher.add(self._arrived.fileno(), self._remind_later)

    def heard(self) -> None:
        """A handler runs."""
        self._arrived.clear()

    def close(self) -> None:
        """End; in the main thread only."""
        if self._installed:
            self._installed = False
            signal.set_wakeup_fd = self._set_pipe
            now = self._set_pipe(-1)
            if now != self._arrived.writing:
                # An event loop has put its own in place meanwhile.
                self._set_pipe(now)
            self._watcher.remove(self._arrived.fileno())
        self._arrived.close()

    def _forked(self) -> None:
        if self._installed:
            self._installed = False
            signal.set_wakeup_fd = self._set_pipe
            self._set_pipe(-1)
            self._arrived.close()

    def _set_others(self, fd: int, /, *, warn_on_full_buffer: bool = True) -> int:
        """Do what `signal.set_wakeup_fd` does, as if there were no pipe of ours: trio warns of one that it finds, and asyncio leaves none."""
        ours = self._arrived.writing
        if fd == -1:
            fd, warn_on_full_buffer = ours, False
        before = self._set_pipe(fd, warn_on_full_buffer=warn_on_full_buffer)
        return -1 if before == ours else before

    def _remind_later(self) -> None:
        self._watcher.remove(self._arrived.fileno())
        start_new_thread(self._remind, ())

    def _remind(self) -> None:
        for pause in _PAUSES:
            sleep(pause)
            unheard = self._unheard()
            for number in unheard:
                signal.pthread_kill(threading.main_thread().ident or 0, number)
            if not unheard:
                break
        self._arrived.clear()
        if self._installed:
            self._watcher.add(self._arrived.fileno(), self._remind_later)

    def _unheard(self) -> set[int]:
        numbers = b""
        with suppress(OSError):
            numbers = os.read(self._arrived.fileno(), 4096)
        return {
            number
            for number in numbers
            if number in self._handlers and signal.getsignal(number) == self._handlers[number]
        }
