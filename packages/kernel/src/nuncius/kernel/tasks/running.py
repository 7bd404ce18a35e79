"""Run the code of a cell beside the others: as a task of the kernel's own event loop, or in a thread of its own.

Rule 1: nothing that the code raises leaves `conclude`.
Rule 2: an interrupt of the kernel is for the cell that the kernel works at, and not for a task; unless a task holds the main thread so long that there is nothing else to be meant. `CellTask.cancel` reaches a task that awaits, and one that computes.
"""

from __future__ import annotations

import signal
import threading
from _thread import interrupt_main
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any

from nuncius.kernel.errors import HardInterrupt
from nuncius.kernel.runner import drive
from nuncius.protocol.serving.interrupts import Interruptible, Interrupts, ThreadInterrupts

if TYPE_CHECKING:
    from contextvars import Context

    from nuncius.kernel.tasks.handle import CellTask
    from nuncius.kernel.tasks.io import TaskIO

__all__ = ["Failed", "InThread", "OnLoop"]

#: Seconds that a task holds the main thread before an interrupt that finds nothing else is for it.
_SLOW = 0.5

#: Called with what the code of a task has raised, before the task is told.
Failed = Callable[[BaseException], None]


async def conclude(task: CellTask, code: Awaitable[Any], failed: Failed) -> None:
    """Run the code of a task to its end, and tell the task."""
    __tracebackhide__ = True
    try:
        await code
    except GeneratorExit:
        task.end("canceled")  # the loop is gone
        raise
    except BaseException as error:  # noqa: BLE001 - rule 1
        if _is_cancellation(error):
            task.end("canceled")
        else:
            try:
                failed(error)
            finally:
                task.end("failed", error)
    else:
        task.end("done")


def _is_cancellation(error: BaseException) -> bool:
    if isinstance(error, KeyboardInterrupt | HardInterrupt):
        return True
    kind = type(error)
    return kind.__name__ == "CancelledError" and kind.__module__ == "asyncio.exceptions"


class OnLoop:
    """Run as a task of the event loop that runs in this thread.

    Args:
        task: The handle.
        failed: See `Failed`.
        interrupts: What raises in the main thread, for code that computes there; None where nobody can.
    """

    def __init__(self, task: CellTask, failed: Failed, interrupts: Interrupts | None) -> None:
        self._task = task
        self._failed = failed
        self._interrupts = interrupts
        self._loop: Any = None
        self._job: Any = None
        #: The code runs at this moment, since then; otherwise the loop does.
        self._inside = False
        self._since = 0.0
        self._armed = False

    def start(self, code: Coroutine[Any, Any, None], context: Context) -> None:
        """Have the loop run the code in a context."""
        import asyncio

        def ended(job: object) -> None:
            code.close()
            if not self._task.done():
                self._task.end("canceled")  # before it began

        self._loop = asyncio.get_running_loop()
        main = conclude(self._task, _Steps(code, self), self._failed)
        self._job = self._loop.create_task(main, name=self._task.name, context=context)
        self._job.add_done_callback(ended, context=context)
        if self._task.state != "running":
            self._job.cancel()

    def stop(self) -> None:
        """Cancel what it awaits; if it computes in the main thread, raise there."""
        job = self._job
        if job is None:
            return  # it is told as soon as it is there
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(job.cancel)
        interrupts, main = self._interrupts, threading.main_thread()
        if interrupts is None or not self._inside or threading.current_thread() is main:
            return
        interrupts.aim = self._hit
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(main.ident or 0, signal.SIGINT)
        else:
            interrupt_main()

    def _hit(self) -> bool:
        """Raise where the task's code is; called by the signal handler."""
        interrupts = self._interrupts
        assert interrupts is not None
        if self._inside and not interrupts.depth:
            raise KeyboardInterrupt
        if self._inside:  # a message is being sent: as soon as it is out
            self._armed = interrupts.armed = interrupts.pending = True
        return False

    def _hit_if_slow(self, now: bool) -> None:
        """Do so if the kernel has not answered for a while, or if it is to end; called by the signal handler."""
        canceled = self._task.state == "canceling"  # the first one was lost, in a finalizer
        if now or canceled or perf_counter() - self._since > _SLOW:
            self._hit()

    def step(self, act: Callable[[Any], Any], value: Any) -> Any:
        """Run the code up to where it awaits next."""
        __tracebackhide__ = True
        interrupts = self._interrupts
        self._since = perf_counter()
        self._inside = True
        # a task that stands at the debugger's prompt has the loop run others inside of its own step
        outer = None
        if interrupts is not None:
            outer, interrupts.beside = interrupts.beside, self._hit_if_slow
        try:
            return act(value)
        finally:
            self._inside = False
            if interrupts is not None:
                interrupts.beside = outer
                if self._armed:
                    self._armed = interrupts.armed = interrupts.pending = False


class _Steps:
    """Await something, noting when its code runs."""

    def __init__(self, code: Awaitable[Any], runner: OnLoop) -> None:
        self._code = code
        self._runner = runner

    def __await__(self) -> Generator[Any, None, Any]:
        __tracebackhide__ = True
        steps: Any = self._code.__await__()
        step = self._runner.step
        error: BaseException | None = None
        while True:
            try:
                yielded = step(steps.send, None) if error is None else step(steps.throw, error)
            except StopIteration as stop:
                return stop.value
            error = None
            try:
                yield yielded
            except BaseException as raised:  # noqa: BLE001 - it is handed on
                error = raised


class _TaskInterrupts(ThreadInterrupts):
    """Interrupts of a thread that are for nobody but its task: those of the kernel pass it by until the task is canceled."""

    canceled = False

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the task, if it is to end."""
        if self.canceled:
            super().interrupt()


class InThread:
    """Run in a thread of its own; with an event loop of its own, if the code awaits.

    Args:
        task: The handle.
        failed: See `Failed`.
        io: The task's frontend, if it has one.
        interrupts: Those of the main thread, which know all and raise again what was lost on its way; None if there are none.
        awaits: Whether the code does.
    """

    def __init__(
        self,
        task: CellTask,
        failed: Failed,
        io: TaskIO | None,
        interrupts: Interrupts | None,
        awaits: bool,
    ) -> None:
        self._task = task
        self._failed = failed
        self._io = io
        self._awaits = awaits
        self._all = interrupts or Interrupts()
        self._interrupts: _TaskInterrupts | None = None
        self._thread: threading.Thread | None = None

    def start(self, code: Coroutine[Any, Any, None], context: Context) -> None:
        """Start the thread, in a context."""
        self._thread = threading.Thread(
            target=context.run,
            args=(self._run, code),
            name=f"nuncius-task-{self._task.name}",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Raise KeyboardInterrupt in the code, as soon as it runs Python code or awaits."""
        if (own := self._interrupts) is not None:
            own.canceled = True
            own.interrupt()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, code: Coroutine[Any, Any, None]) -> None:
        own = _TaskInterrupts(self._all)
        if self._io is not None:
            self._io.interrupts = own
        try:
            self._interrupts = own
            main = conclude(self._task, self._guarded(code, own), self._failed)
            if not self._awaits:
                drive(main)
                return
            import asyncio

            with asyncio.Runner() as runner:
                runner.run(main)
        except BaseException as error:
            if not self._task.done():  # no loop could be made: whoever waits is told
                main.close()
                self._task.end("failed", error)
            raise
        finally:
            own.close()
            code.close()

    async def _guarded(self, code: Awaitable[Any], own: ThreadInterrupts) -> None:
        __tracebackhide__ = True
        if self._awaits:
            await Interruptible(self._unless_canceled(code), own)
            return
        try:
            own.armed = True
            await self._unless_canceled(code)
        finally:
            own.disarm()

    async def _unless_canceled(self, code: Awaitable[Any]) -> None:
        """Run the code, unless an interrupt came before there was something to be interrupted."""
        __tracebackhide__ = True
        if self._task.state != "running":
            raise KeyboardInterrupt
        await code
