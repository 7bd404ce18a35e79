r"""Take the signals that end or ask a shell: hang-up, termination, and Ctrl-\\ for the stacks of all threads."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.terminal.session import Session

__all__ = ["handled"]

#: Seconds that a cell has to end after SIGHUP or SIGTERM.
_GRACE = 2.0


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
    stacks = _dump_stacks_at_quit()
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
