"""Let the debugger of a background thread ask: where its own cell has ended nobody listens any more, so it asks as the guest of a cell that runs.

Rule 1: without such a cell it says that one is needed, and waits for it.
Rule 2: the cell does not end before its guest has gone: what frontends hear after the end of a cell they may drop.
Rule 3: an interrupt ends the visit, and so does the end of the thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from nuncius.protocol.kernel import CURRENT_IO, KernelIO

__all__ = ["Visit", "can_ask", "is_left_behind", "latest_request"]

#: Seconds between looks at whether the process, or the thread, has ended.
_LOOK = 0.2

#: How the names of threads begin that run cells.
_OURS = "nuncius-"


def is_left_behind(shell: Any) -> bool:
    """Tell whether this is a thread that a cell has started which has ended since."""
    thread = threading.current_thread()
    if shell is None or thread is threading.main_thread() or thread.name.startswith(_OURS):
        return False
    own = CURRENT_IO.get()
    return own is not None and not (shell.is_running and latest_request(shell) is own)


class Visit:
    """The stay of this thread's debugger in a cell.

    Args:
        shell: Whose cells.
        say: Tells the person what is needed.
    """

    def __init__(self, shell: Any, say: Callable[[str], None]) -> None:
        self._shell = shell
        self._say = say
        self._host: KernelIO | None = None
        self._thread = threading.current_thread()
        self._found = threading.Event()
        self._over = threading.Event()
        self._is_interrupted = False

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask and show, in this block, where the cell of another request runs."""
        if self._host is None:
            self._find()
        token = CURRENT_IO.set(self._host)
        try:
            yield
        finally:
            CURRENT_IO.reset(token)

    def check(self) -> None:
        """Look whether there is still somebody to ask.

        Raises:
            KeyboardInterrupt: There is not: the cell was interrupted.
        """
        if self._is_interrupted:
            raise KeyboardInterrupt

    def end(self) -> None:
        """Let the cell end."""
        self._over.set()
        for event, function in (("pre_run_cell", self._begins), ("post_run_cell", self._ends)):
            with suppress(ValueError):
                self._shell.events.unregister(event, function)

    def _find(self) -> None:
        self._shell.events.register("pre_run_cell", self._begins)
        self._shell.events.register("post_run_cell", self._ends)
        latest = latest_request(self._shell)
        if self._shell.is_running and latest is not None and can_ask(latest):
            self._host = latest
            return
        self._say(
            f"The thread {self._thread.name!r} has stopped in the debugger, and its cell has ended: run a cell, such as `pass`, to be asked there."
        )
        while not self._found.wait(_LOOK):
            if not threading.main_thread().is_alive():
                self.end()
                raise SystemExit  # of this thread: the process ends

    def _begins(self, _info: Any) -> None:
        io = CURRENT_IO.get()
        if self._host is None and io is not None and can_ask(io):
            self._host = io
            self._found.set()

    def _ends(self, _result: Any) -> None:
        if CURRENT_IO.get() is not self._host:
            return
        try:
            while not self._over.wait(_LOOK) and self._thread.is_alive():
                continue
        except KeyboardInterrupt:
            self._is_interrupted = True
        self.end()


def latest_request(shell: Any) -> KernelIO | None:
    """Return the request of the cell that runs, or of the last one."""
    token = CURRENT_IO.set(None)
    try:
        io: KernelIO | None = shell.io
        return io
    finally:
        CURRENT_IO.reset(token)


def can_ask(io: KernelIO) -> bool:
    """Tell whether a request's frontend answers input requests."""
    return bool(io.request.content.get("allow_stdin", True))
