"""Run the cells of a notebook, one after the other, and say what happens."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.execute.cell import CellResult, CellRunner
from nuncius.nbconvert.execute.errors import CellTimeoutError, DeadKernelError, ExecuteError
from nuncius.nbconvert.execute.events import (
    CellFinished,
    CellSkipped,
    CellStarted,
    Event,
    Listener,
    Published,
    RunFinished,
    RunStarted,
)
from nuncius.nbconvert.execute.recorder import Recorder
from nuncius.nbconvert.execute.settings import OnError, Settings, is_run
from nuncius.protocol.errors import KernelError

if TYPE_CHECKING:
    from nuncius.protocol.client.aio import AsyncClient
    from nuncius.protocol.client.exchange import InputHandler
    from nuncius.protocol.core.outputs import Change
    from nuncius.protocol.messages import Message

__all__ = ["Executor", "RunResult"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    Attributes:
        status: ``ok``, ``failed``, ``timeout``, ``dead`` or ``interrupted``.
        error: Why it is not ``ok``; None for an interrupt.
        failed_cell: The index of the first cell that failed.
        executed: How many cells were run.
        seconds: How long it took.
    """

    status: str
    error: Exception | None = None
    failed_cell: int | None = None
    executed: int = 0
    seconds: float = 0.0

    def check(self) -> RunResult:
        """Return this result.

        Raises:
            CellExecutionError: A cell raised.
            CellTimeoutError: A cell took too long.
            DeadKernelError: The kernel is gone.
            KeyboardInterrupt: The run was interrupted.
        """
        if self.error is not None:
            raise self.error
        if self.status == "interrupted":
            raise KeyboardInterrupt
        return self


class Executor:
    """Runs a notebook in a kernel.

    Args:
        nb: The notebook; changed in place, and whole after each cell.
        client: Talks to the kernel; it is open.
        settings: How cells are run.
        interrupt: Interrupts the kernel.
        listeners: Told of every event, in order.
        on_input: Answers questions of cells.
        finished: The indexes of cells that were run before, and hold what they brought.
    """

    def __init__(
        self,
        nb: dict[str, Any],
        client: AsyncClient,
        settings: Settings | None = None,
        *,
        interrupt: Callable[[], Awaitable[object]] | None = None,
        listeners: Sequence[Listener] = (),
        on_input: InputHandler | None = None,
        finished: Collection[int] = (),
    ) -> None:
        self.nb = nb
        self._finished = finished
        self.settings = settings or Settings()
        self._interrupt = interrupt
        self._listeners = tuple(listeners)
        self._recorder = Recorder()
        self._runner = CellRunner(
            client,
            self._recorder,
            self.settings,
            interrupt=interrupt,
            on_input=on_input,
            observe=self._published,
        )
        self._stopping = False
        self._executed = 0
        self._failure: tuple[str, Exception, int] | None = None

    async def stop(self) -> None:
        """Interrupt the cell that runs, and run no further one."""
        self._stopping = True
        if self._interrupt is not None:
            await self._interrupt()

    async def run(self) -> RunResult:
        """Run the notebook; failures of cells are in the result, with the first one as its error.

        Raises:
            KernelError: There is no way to the kernel.
        """
        started = time.monotonic()
        cells = self.nb["cells"]
        count = sum(is_run(cell, self.settings) for cell in cells) - len(self._finished)
        self._emit(RunStarted(self.nb, count))
        try:
            await self._all(cells)
        finally:
            self._runner.close()
            if self.settings.store_widget_state:
                self._recorder.finish(self.nb)
        status, error, failed = self._failure or ("ok", None, None)
        if self._stopping:
            status, error = "interrupted", None
        self._emit(RunFinished(self.nb, status))
        return RunResult(status, error, failed, self._executed, time.monotonic() - started)

    async def _all(self, cells: Sequence[dict[str, Any]]) -> None:
        for index, cell in enumerate(cells):
            if self._stopping:
                return
            if index in self._finished:
                continue
            if not is_run(cell, self.settings):
                self._emit(CellSkipped(index, cell))
            elif not await self._one(index, cell):
                return

    async def _one(self, index: int, cell: dict[str, Any]) -> bool:
        """Run a cell; whether the next one is run."""
        self._emit(CellStarted(index, cell))
        self._executed += 1
        started = time.monotonic()
        try:
            result = await self._runner.run(cell, index)
        except (ExecuteError, KernelError) as error:
            status = self._note(index, error)
            # It has not ended: who looks at the notebook later shall not take it for one that did.
            cell["execution_count"] = None
            self._emit(CellFinished(index, cell, status, time.monotonic() - started))
            return False
        self._emit(CellFinished(index, cell, result.status, result.seconds, result.allowed))
        return self._goes_on(index, result)

    def _goes_on(self, index: int, result: CellResult) -> bool:
        error = result.error
        if error is None:
            return True
        if self.settings.exit_ends and error.ename == "SystemExit" and error.evalue in ("", "0", "None"):  # fmt: skip
            return False
        self._failure = self._failure or ("failed", error, index)
        return self.settings.on_error is OnError.CONTINUE

    def _note(self, index: int, error: Exception) -> str:
        if isinstance(error, CellTimeoutError):
            status = "timeout"
        else:
            status = "dead" if isinstance(error, DeadKernelError) else "failed"
        self._failure = (status, error, index)
        return status if status != "failed" else "error"

    # -- events

    def _published(
        self, index: int, message: Message, changes: Sequence[tuple[int, Change]]
    ) -> None:
        self._emit(Published(index, message, changes))

    def _emit(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)
