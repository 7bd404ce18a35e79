"""Run one cell: send it, take what it publishes, keep to the time limit, say how it ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.execute.errors import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from nuncius.nbconvert.execute.settings import Cell, Settings, allows_error
from nuncius.protocol.core.client import Event, Orphan, Replied, StatusChanged
from nuncius.protocol.errors import KernelDied, KernelError
from nuncius.protocol.messages import Channel

if TYPE_CHECKING:
    from nuncius.nbconvert.execute.recorder import Recorder
    from nuncius.protocol.client.aio import AsyncClient, AsyncExecution
    from nuncius.protocol.client.exchange import InputHandler
    from nuncius.protocol.core.outputs import Change
    from nuncius.protocol.messages import Message

__all__ = ["CellResult", "CellRunner"]

_log = logging.getLogger(__name__)

#: Seconds that a cell has to end after each interrupt.
_GRACE = 5.0
_INTERRUPTS = 3

#: Called with the index of the cell that runs, the message, and what it changes in which cells.
Observer = Callable[[int, "Message", Sequence[tuple[int, "Change"]]], None]


@dataclass(frozen=True, slots=True)
class CellResult:
    """How a cell ended.

    Attributes:
        reply: The content of its reply.
        message: The whole reply; None if the kernel never sent it.
        seconds: How long it took.
        allowed: It raised, and that is no failure.
        error: Why it failed; None if it did not.
    """

    reply: Mapping[str, Any]
    message: Message | None
    seconds: float
    allowed: bool = False
    error: CellExecutionError | None = None

    @property
    def status(self) -> str:
        """``ok``, ``error`` or ``aborted``."""
        return str(self.reply.get("status", "ok"))


class CellRunner:
    """Runs cells in a kernel, one after the other.

    Args:
        client: Talks to the kernel; it is open.
        recorder: Takes what is published.
        settings: How cells are run.
        interrupt: Interrupts the kernel.
        on_input: Answers questions of cells; without it they get none.
        observe: Told of everything that is published.
    """

    def __init__(
        self,
        client: AsyncClient,
        recorder: Recorder,
        settings: Settings,
        *,
        interrupt: Callable[[], Awaitable[object]] | None = None,
        on_input: InputHandler | None = None,
        observe: Observer | None = None,
    ) -> None:
        self.client = client
        self.recorder = recorder
        self.settings = settings
        self._interrupt = interrupt
        self._on_input = on_input
        self._observe = observe
        self._index = -1
        self._cell: Cell = {}
        self._timing: dict[str, Any] | None = None
        self._msg_id = ""
        self._idle = False
        #: The time limit, while a cell runs.
        self._scope: asyncio.Timeout | None = None
        self._replied = False
        self._unsubscribe = client.subscribe(self._event)

    def close(self) -> None:
        """Look at the client's events no longer."""
        self._unsubscribe()

    async def run(self, cell: Cell, index: int, *, store_history: bool | None = None) -> CellResult:
        """Run a cell. Its outputs, number and times are in it afterwards, whatever happens.

        Args:
            cell: The cell; changed in place.
            index: Its index in the notebook.
            store_history: Whether it is counted; by default as the settings say.

        Raises:
            CellTimeoutError: It took too long.
            DeadKernelError: The kernel is gone; says why.
            KernelError: There is no way to the kernel.
        """
        settings = self.settings
        started = time.monotonic()
        execution = self._send(cell, index, store_history)
        try:
            reply = await self._finish(execution)
        except KernelDied as error:
            text = f"cell {index + 1}: {error}"
            raise DeadKernelError(text, error.exit_code) from error
        finally:
            self._scope = None
            self.recorder.store()
            cell["outputs"] = cell.get("outputs") or []
        if self._timing is not None and execution.reply is not None:
            self._timing["shell.execute_reply"] = execution.reply.header.date
        await self._tell_widgets()
        count = reply.get("execution_count")
        if isinstance(count, int):
            cell["execution_count"] = count
        seconds = time.monotonic() - started
        if reply.get("status", "ok") == "ok":
            return CellResult(reply, execution.reply, seconds)
        if allows_error(cell, settings, str(reply.get("ename", ""))):
            return CellResult(reply, execution.reply, seconds, allowed=True)
        failure = CellExecutionError.from_cell_and_msg(cell, reply)
        return CellResult(reply, execution.reply, seconds, error=failure)

    def _send(self, cell: Cell, index: int, store_history: bool | None) -> AsyncExecution:
        settings = self.settings
        cell["outputs"] = []
        cell["execution_count"] = None
        self._index, self._cell = index, cell
        self._timing = None
        if settings.record_timing:
            self._timing = cell["metadata"]["execution"] = {}
        self._idle = self._replied = False
        execution = self.client.execute(
            cell["source"],
            store_history=settings.store_history if store_history is None else store_history,
            stop_on_error=not allows_error(cell, settings),
            cell_id=cell.get("id"),
            outputs=self.recorder,
            on_output=self._output,
            on_input=self._on_input,
        )
        self._msg_id = execution.msg_id
        self.recorder.assign(index, cell)
        return execution

    # -- the time limit

    async def _finish(self, execution: AsyncExecution) -> Mapping[str, Any]:
        """Wait until the cell has ended; return the content of its reply."""
        limit = self.settings.limit(self._cell)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(None if limit is None else loop.time() + limit) as scope:
                self._scope = scope
                result = await execution
                return result.reply.content
        except TimeoutError:
            self._scope = None
        if execution.reply is not None:
            return self._without_idle(execution.reply)
        return await self._too_long(execution, limit or 0)

    def _without_idle(self, reply: Message) -> Mapping[str, Any]:
        """Go on though the kernel has not said that all output was sent."""
        seconds = self.settings.idle_timeout
        text = "Timeout waiting for IOPub output"
        if self.settings.raise_on_idle_timeout:
            raise CellTimeoutError.error_from_timeout_and_cell(text, seconds, self._cell)
        _log.warning("cell %d: %s (nothing came for %g s)", self._index + 1, text, seconds)
        return reply.content

    async def _too_long(self, execution: AsyncExecution, limit: float) -> Mapping[str, Any]:
        settings = self.settings
        text = "Cell execution timed out"
        if settings.interrupt_on_timeout and self._interrupt is not None:
            if await self._interrupted(execution):
                assert execution.reply is not None
                if settings.error_on_timeout:
                    return {**settings.error_on_timeout, "status": "error"}
                return execution.reply.content
            text = f"{text}; the kernel was interrupted {_INTERRUPTS} times, and the cell goes on"
        raise CellTimeoutError.error_from_timeout_and_cell(text, limit, self._cell)

    async def _interrupted(self, execution: AsyncExecution) -> bool:
        """Interrupt the kernel until the cell ends; whether it did."""
        assert self._interrupt is not None
        for _ in range(_INTERRUPTS):
            await self._interrupt()
            try:
                async with asyncio.timeout(_GRACE):
                    await execution
            except TimeoutError:
                continue
            return True
        return False

    # -- what comes in

    def _event(self, event: Event) -> None:
        if isinstance(event, StatusChanged):
            if event.message.parent_id == self._msg_id:
                self._status(event)
        elif isinstance(event, Replied):
            if event.request.msg_id == self._msg_id:
                self._replied = True
                self._await_silence()
        elif isinstance(event, Orphan) and event.message.channel is Channel.IOPUB:
            self._late(event.message)

    def _status(self, event: StatusChanged) -> None:
        if event.state == "idle":
            self._idle = True
        if self._timing is not None and event.state in ("busy", "idle"):
            self._timing[f"iopub.status.{event.state}"] = event.message.header.date

    def _output(self, message: Message) -> None:
        if message.msg_type == "execute_input":
            count = message.content.get("execution_count")
            if isinstance(count, int):
                self._cell["execution_count"] = count
            if self._timing is not None:
                self._timing["iopub.execute_input"] = message.header.date
        if self._replied:
            self._await_silence()
        self._tell(message)

    def _late(self, message: Message) -> None:
        """Take what a thread of an earlier cell publishes."""
        if self.recorder.receive(message):
            self._tell(message)
            self.recorder.store()

    def _tell(self, message: Message) -> None:
        changes = self.recorder.by_cell()
        if self._observe is not None:
            self._observe(self._index, message, changes)

    def _await_silence(self) -> None:
        """The reply is there: from now on only silence ends the waiting for the rest."""
        scope = self._scope
        if scope is None or self._idle or scope.expired():
            return
        loop = asyncio.get_running_loop()
        scope.reschedule(loop.time() + self.settings.idle_timeout)

    async def _tell_widgets(self) -> None:
        """Tell the kernel's side of output widgets what they hold."""
        for change in self.recorder.take_widgets():
            content = {"comm_id": change.comm_id, "data": change.state}
            try:
                await self.client.notify("comm_msg", content)
            except KernelError:  # the next cell says it better
                return
