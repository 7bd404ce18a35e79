"""Start cells that run beside the others, and know which there are."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from nuncius.kernel.display.functions import display
from nuncius.kernel.display.hook import ends_with_semicolon
from nuncius.kernel.errors import UsageError
from nuncius.kernel.results import ExecutionInfo, ExecutionResult
from nuncius.kernel.runner import run_pieces
from nuncius.kernel.tasks.handle import CellTask
from nuncius.kernel.tasks.io import TaskIO
from nuncius.kernel.tasks.running import InThread, OnLoop
from nuncius.protocol.kernel import CURRENT_IO

if TYPE_CHECKING:
    from contextvars import Context

__all__ = ["Tasks"]

#: Seconds that threads have for their end when the shell closes.
_PATIENCE = 0.5


class Tasks:
    """The tasks of one shell.

    Args:
        shell: Runs cells; its namespace is the tasks' as well.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._numbers = count()
        #: All that run, and those that have ended as long as somebody has them, by a number of our own.
        self._known: WeakValueDictionary[int, CellTask] = WeakValueDictionary()
        self._running: dict[int, CellTask] = {}
        self._threads: dict[int, InThread] = {}
        #: Those that have failed, until the variables of their frames are free.
        self._failed: list[CellTask] = []
        self._closing = False
        shell.at_close(self.close)

    def __iter__(self) -> Any:
        # in one step: other threads start tasks, and the collector ends them
        known = [reference() for reference in self._known.valuerefs()]
        return iter([task for task in known if task is not None])

    def start(self, source: str, name: str = "", *, thread: bool = False) -> CellTask:
        """Start code beside the cells.

        Code that awaits is a task of the event loop that runs here; other code, and all where there is no loop that goes on between cells, has a thread.

        Args:
            source: As typed; may have magics.
            name: Of the task.
            thread: Run it in a thread even if it awaits.

        Raises:
            UsageError: It awaits, and not by asyncio.
            Exception: What is wrong with the text.
        """
        shell = self._shell
        prepared = shell.prepare(ExecutionInfo(source))
        if prepared.error is not None:
            raise prepared.error
        if prepared.awaits and not shell.uses_asyncio:
            raise UsageError("%%bg: code that awaits needs asyncio here: %autoawait asyncio")
        io = CURRENT_IO.get()
        own_io = None if io is None else TaskIO(io)
        number = shell.displayhook.prompt_count
        task = CellTask(name, number, "" if io is None else io.request.msg_id)
        key = next(self._numbers)
        interrupts = getattr(shell.kernel, "interrupts", None)
        runner: OnLoop | InThread
        if prepared.awaits and not thread and _loop_goes_on():
            runner = OnLoop(task, self._failure(task), interrupts)
        else:
            awaits = prepared.awaits
            runner = InThread(task, self._failure(task), own_io, interrupts, awaits)
            self._threads[key] = runner
        task.stop = runner.stop
        task.add_done_callback(lambda ended: self._ended(key, ended))
        self._known[key] = self._running[key] = task
        runner.start(self._code(task, prepared), _context(own_io))
        return task

    def cancel(self, name: str) -> list[CellTask]:
        """Cancel the tasks with this name, or of the cell with this number, or ``all``; return those that ran."""
        chosen = [
            task
            for task in self._running.copy().values()
            if name in ("all", task.name, str(task.number))
        ]
        return [task for task in chosen if task.cancel()]

    def cancel_request(self, msg_id: str | None) -> bool:
        """Cancel what a request, or any with None, has started; tell whether there was something. From any thread."""
        running = self._running.copy().values()
        chosen = [task for task in running if msg_id is None or task.msg_id == msg_id]
        for task in chosen:
            task.cancel()
        return bool(chosen)

    def close(self) -> None:
        """Cancel all; what they show from now on is shown to nobody."""
        self._closing = True
        self.cancel("all")
        for thread in list(self._threads.values()):
            thread.join(_PATIENCE)

    async def _code(self, task: CellTask, prepared: Any) -> None:
        __tracebackhide__ = True
        shell = self._shell
        # not installed as sys.displayhook: that is for the cell that the kernel works at
        shell.displayhook.cell.set((task.number, ExecutionResult(prepared.info)))
        shows = not ends_with_semicolon(prepared.cell)

        def show(value: Any) -> None:
            task.value = value
            if shows and value is not None:
                display(value)

        await run_pieces(prepared.pieces, shell.user_global_ns, shell.user_ns, show)

    def _failure(self, task: CellTask) -> Callable[[BaseException], None]:
        def failed(error: BaseException) -> None:
            """Show what nobody is told who waits for it."""
            shell = self._shell
            if task.waiters or self._closing:
                return
            # the cell that the kernel works at has failures of its own
            last = shell.failures.last
            shell.showtraceback((type(error), error, error.__traceback__))
            shell.failures.last = last

        return failed

    def _let_go(self) -> None:
        """Free what the frames of failed tasks hold, as soon as a cell has succeeded."""
        if self._shell.last_execution_succeeded:
            for task in self._failed.copy():  # other threads append
                if task.let_go():
                    self._failed.remove(task)

    def _ended(self, key: int, task: CellTask) -> None:
        self._running.pop(key, None)
        self._threads.pop(key, None)
        if task.state == "failed":
            self._failed.append(task)
            self._shell.events.register("post_execute", self._let_go)
        if not self._closing:
            task.show_end()


def _loop_goes_on() -> bool:
    """Tell whether an event loop runs here that runs between cells, too: that of the main thread does."""
    if "asyncio" not in sys.modules or threading.current_thread() is not threading.main_thread():
        return False
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _context(io: TaskIO | None) -> Context:
    context = copy_context()
    if io is not None:
        context.run(CURRENT_IO.set, io)
    return context
