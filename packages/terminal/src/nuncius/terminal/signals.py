r"""Take the signals that end or ask a shell: hang-up, termination, Ctrl-\\ for the stacks of all threads, and Ctrl-C again and again."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.terminal.session import Session

__all__ = ["CellStopped", "Impatience", "handled"]

#: Seconds that a cell has to end after SIGHUP or SIGTERM.
_GRACE = 2.0


#: Seconds within which another Ctrl-C means more than the first.
_IMPATIENT = 1.0


class CellStopped(BaseException):
    """Ctrl-C was pressed three times: the cell is stopped although it catches KeyboardInterrupt."""


class Impatience:
    """Stop by force a cell that goes on after Ctrl-C.

    Args:
        say: Tells the person something.
        clock: Returns seconds.
    """

    def __init__(
        self, say: Callable[[str], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._clock = clock
        self._last = -_IMPATIENT
        self._times = 0

    def begin(self) -> None:
        """Forget the Ctrl-C of before: another cell begins."""
        self._times = 0

    def press(self, can_stop: bool) -> None:
        """Take one Ctrl-C.

        Args:
            can_stop: An exception may be raised here.

        Raises:
            CellStopped: It is the third within a second of the one before.
        """
        now = self._clock()
        self._times = self._times + 1 if now - self._last < _IMPATIENT else 1
        self._last = now
        if self._times == 2:
            self._say(
                "\nThe cell does not stop. Once more stops it by force; Ctrl-\\ shows where it is.\n"
            )
        elif self._times > 2 and can_stop:
            raise CellStopped("Ctrl-C was pressed three times")


@contextmanager
def handled(session: Session) -> Iterator[None]:
    """End ``session`` in an orderly way when the terminal is closed or someone terminates the process, meanwhile."""
    if threading.current_thread() is not threading.main_thread() or os.name != "posix":
        yield
        return

    def end(number: int, frame: Any) -> None:
        session.exit_code = 128 + number
        for each in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        if os.getpgrp() == os.getpid():
            # Programs that cells started would go on without a terminal.
            with suppress(OSError):
                os.killpg(os.getpgrp(), number)
        # A cell that does not let itself be interrupted is not waited for.
        signal.signal(signal.SIGALRM, lambda *_: os._exit(128 + number))
        signal.setitimer(signal.ITIMER_REAL, _GRACE)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGHUP, signal.SIGTERM)}
    stacks = session.tell_where is None and _dump_stacks_at_quit()
    if session.tell_where is not None:
        tell = session.tell_where
        before[signal.SIGQUIT] = signal.signal(signal.SIGQUIT, lambda *_: tell())
    try:
        yield
    finally:
        for number, handler in before.items():
            if session.exit_code != 128 + number:
                signal.signal(number, handler)
        if stacks:
            import faulthandler

            faulthandler.unregister(signal.SIGQUIT)


def _dump_stacks_at_quit() -> bool:
    import faulthandler

    try:
        faulthandler.register(signal.SIGQUIT, file=sys.__stderr__ or 2, all_threads=True)
    except (AttributeError, ValueError, OSError):
        return False
    return True
