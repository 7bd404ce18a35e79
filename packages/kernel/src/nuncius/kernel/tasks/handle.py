"""Be the handle of a cell that runs beside the others: what ``%%bg`` gives, to be awaited, asked and canceled.

Rule 1: waiting for a task never ends it: who stops waiting leaves it as it is.
Rule 2: the exception of a task that failed keeps the variables of its frames no longer than the last traceback is kept, see `CellTask.let_go`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future, InvalidStateError
from html import escape
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["CellTask"]

_COLORS: Final = {"running": "#1976d2", "done": "#2e7d32", "failed": "#c62828"}


class CellTask:
    """A cell that runs beside the others.

    ``await task`` waits for it; its value is that of the cell's last expression.

    Args:
        name: Its name; None for the number of its cell.
        number: The execution count of its cell.
        msg_id: The request that its cell was run by; empty without a frontend.

    Attributes:
        state: ``running``, ``canceling``, ``done``, ``failed`` or ``canceled``.
        waiters: How many wait for it at this moment.
        stop: Ends what runs; set by who runs it.
    """

    def __init__(self, name: str | None, number: int, msg_id: str = "") -> None:
        self.name = name or f"In[{number}]"
        self.number = number
        self.msg_id = msg_id
        self.state = "running"
        self.waiters = 0
        self.stop: Callable[[], None] = _nothing
        self.value: Any = None
        self._error: BaseException | None = None
        self._traceback: Any = None
        self._changing = threading.Lock()
        self._began = perf_counter()
        self._ended: float | None = None
        self._future: Future[None] = Future()
        self._future.set_running_or_notify_cancel()
        self._display_id = os.urandom(16).hex()
        self._is_shown = False
        #: What shows it first and what shows its end come in this order, whatever threads they are in.
        self._showing = threading.Lock()

    # -- asking

    @property
    def elapsed(self) -> float:
        """Seconds since it began; that it took, once it has ended."""
        return (perf_counter() if self._ended is None else self._ended) - self._began

    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._ended is not None

    def cancelled(self) -> bool:
        """Whether it was canceled."""
        return self.state == "canceled"

    def result(self) -> Any:
        """Return the value of the last expression; None if the cell ends with something else.

        Raises:
            InvalidStateError: It has not ended.
            CancelledError: It was canceled; the exception of `concurrent.futures`, so that it does not seem to be who asks that is canceled.
            BaseException: What the cell has raised.
        """
        __tracebackhide__ = True
        error = self.exception()
        if error is not None:
            raise error.with_traceback(self._traceback)
        return self.value

    def exception(self) -> BaseException | None:
        """Return what the cell has raised; None if nothing.

        Raises:
            InvalidStateError: It has not ended.
            CancelledError: It was canceled.
        """
        if not self.done():
            raise InvalidStateError(
                f"the task {self.name} has not ended yet: 'await' waits for it, done() tells"
            )
        if self.state == "canceled":
            raise CancelledError(f"the task {self.name} was canceled")
        return self._error

    def __await__(self) -> Generator[Any, None, Any]:
        __tracebackhide__ = True
        if not self.done():
            import asyncio

            self.waiters += 1
            try:
                yield from asyncio.wrap_future(self._future).__await__()
            finally:
                self.waiters -= 1
        return self.result()

    def add_done_callback(self, function: Callable[[CellTask], Any]) -> None:
        """Have ``function`` called with the task when it has ended, in the thread in which it ends; at once if it has."""
        weak: Any = ref(self)  # the future keeps what it is given, and the task the future
        self._future.add_done_callback(lambda _: function(weak()))

    def cancel(self) -> bool:
        """End it: what it awaits raises ``CancelledError``, code in a thread gets ``KeyboardInterrupt``. From any thread.

        Returns:
            Whether it had not ended before.
        """
        with self._changing:
            if self.done():
                return False
            self.state = "canceling"
        self.stop()
        return True

    # -- ending, for who runs it

    def end(self, state: str, error: BaseException | None = None) -> None:
        """Take notice that it has ended."""
        with self._changing:
            self._ended = perf_counter()
            self._error = error
            self._traceback = None if error is None else _of_the_code(error.__traceback__)
            self.state = state
            self.stop = _nothing
        self._future.set_result(None)

    def let_go(self) -> bool:
        """Free the variables of the frames of what it has raised, unless a debugger may want to look at them; the traceback stays readable.

        Returns:
            Whether they are free.
        """
        error = self._error
        if error is None or getattr(sys, "last_value", None) is error:
            return error is None
        from traceback import clear_frames

        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            clear_frames(error.__traceback__)
            error = error.__cause__ or error.__context__
        return True

    # -- showing

    def describe(self) -> str:
        """Return its state in a few words."""
        match self.state:
            case "done":
                return f"done in {duration(self.elapsed)}"
            case "failed":
                return f"failed after {duration(self.elapsed)}: {type(self._error).__name__}"
            case "canceled":
                return f"canceled after {duration(self.elapsed)}"
        return f"{self.state} for {duration(self.elapsed)}"

    @property
    def label(self) -> str:
        """Its name, and the cell that it is."""
        own = f"In[{self.number}]"
        return own if self.name == own else f"{self.name}, {own}"

    def __repr__(self) -> str:
        return f"<CellTask {self.label}: {self.describe()}>"

    def _bundle(self) -> dict[str, str]:
        # what is shown stays as it is until the end, so that it tells no time
        state = self.describe() if self.done() else self.state
        dot = f'<span style="color:{_COLORS.get(self.state, "#757575")}">&#9679;</span>'
        return {
            "text/plain": f"<CellTask {self.label}: {state}>",
            "text/html": f"{dot} <code>{escape(self.label)}</code> {escape(state)}",
        }

    def _ipython_display_(self) -> None:
        with self._showing:
            self._is_shown = True
            self._publish(update=False)

    def show_end(self) -> None:
        """Have the places that show it show how it has ended."""
        with self._showing:
            if self._is_shown:
                self._publish(update=True)

    def _publish(self, *, update: bool) -> None:
        from nuncius.kernel.display.functions import publish_display_data

        transient = {"display_id": self._display_id}
        publish_display_data(self._bundle(), transient=transient, update=update)


def _nothing() -> None:
    """Nothing runs that could be ended."""


def _of_the_code(traceback: TracebackType | None) -> TracebackType | None:
    """Return a traceback without the frames of the kernel at its start."""
    step = traceback
    while step is not None and str(step.tb_frame.f_globals.get("__name__")).startswith(
        "nuncius.kernel."
    ):
        step = step.tb_next
    return step or traceback


def duration(seconds: float) -> str:
    """Return a time in a few characters: ``0.3 s``, ``2 min 5 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
