"""Talk to a kernel from asyncio: the same surface as the blocking client, awaited.

::

    async with AsyncClient(ZmqTransport(info)) as client:
        await client.wait_until_ready(timeout=60)
        execution = client.execute("for n in range(3): print(n)")
        async for message in execution:
            print(message.content)
        print((await execution).status)

One task reads, one sends, so that messages leave in the order of the calls, and one listens to the heart while something is awaited. All end with `AsyncClient.aclose`.
Where the transport is `nuncius.protocol.transport.base.Direct`, messages do not pass through the first two: each hop between tasks costs as much as reading a message.

Rule 1: a client belongs to one event loop.
Rule 2: cancelling what waits for an answer leaves everything else as it is.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from nuncius.protocol.client.exchange import (
    Exchange,
    Input,
    InputHandler,
    Liveness,
    Pending,
    Readiness,
)
from nuncius.protocol.client.execution import (
    ExecutionBase,
    ExecutionResult,
    reply_of,
    result_of,
)
from nuncius.protocol.client.requests import Requests
from nuncius.protocol.core.client import InputAsked
from nuncius.protocol.errors import KernelDied, KernelTimeout, TransportClosed
from nuncius.protocol.messages import Message
from nuncius.protocol.transport.base import Direct, Monitored

if TYPE_CHECKING:
    from nuncius.protocol.transport.base import Transport

__all__ = ["AsyncClient", "AsyncExecution"]


class _Signal:
    """Tell those who wait that something has changed."""

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] = []

    def set(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)


#: Waits until the first argument says so; see `AsyncClient`.
_Wait = Callable[[Callable[[], bool], "float | None", Pending, _Signal], Awaitable[None]]


class AsyncExecution(ExecutionBase):
    """A cell that runs. Iterate over the messages that it publishes; await it for its result."""

    def __init__(self, pending: Pending, signal: _Signal, wait: _Wait) -> None:
        super().__init__(pending)
        self._signal = signal
        self._wait = wait

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Yield what the cell publishes, until it has finished.

        Raises:
            KernelDied: The kernel is gone, or was restarted.
        """
        pending = self._pending
        while True:
            while pending.outputs:
                yield pending.outputs.popleft()
            if pending.ended:
                break
            await self._signal.wait()
        if pending.failure is not None:
            raise pending.failure

    def __await__(self) -> Generator[Any, None, ExecutionResult]:
        """Wait until the cell has finished; the same as `result` without arguments."""
        return self.result().__await__()

    async def result(self, timeout: float | None = None, *, check: bool = False) -> ExecutionResult:
        """Wait until the cell has finished, and return its result.

        Args:
            timeout: Seconds; None waits as long as the kernel lives. Afterwards you may wait again.
            check: Raise if the code did.

        Raises:
            ExecutionError: The code raised, or was not run because a cell before it failed; only with ``check``.
            KernelTimeout: It has not finished in time.
            KernelDied: The kernel is gone, or was restarted.
        """
        pending = self._pending
        await self._wait(lambda: pending.ended, timeout, pending, self._signal)
        return result_of(pending, check)


class AsyncClient(Requests[Coroutine[Any, Any, Message], AsyncExecution]):
    """A client of one kernel, for asyncio.

    Args:
        transport: The way to the kernel.
        on_input: Answers the questions of code that runs; may be a coroutine function, see `execute`.
        heartbeat_interval: Seconds of silence after which the kernel's heartbeat is asked for while something is awaited; None never asks.
        heartbeat_patience: Heartbeats missed one after another before the kernel counts as dead. When its end of the connection closes, one is enough.
        kernel_info: The ``kernel_info_reply`` that who started the kernel has got already; then `wait_until_ready` only has to wait until what is published reaches us.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        on_input: InputHandler | None = None,
        heartbeat_interval: float | None = 1.0,
        heartbeat_patience: int = 4,
        kernel_info: Message | None = None,
    ) -> None:
        self.transport = transport
        super().__init__(Exchange(transport.new, on_input))
        self._liveness = Liveness(heartbeat_interval, heartbeat_patience)
        self._kernel_info = kernel_info
        self._direct = transport if isinstance(transport, Direct) else None
        if heartbeat_interval is not None and isinstance(transport, Monitored):
            transport.on_disconnect(self._disconnected)
        #: What is to be sent, oldest first, and for whom.
        self._outbox: deque[tuple[Message, Pending | None]] = deque()
        self._outgoing = _Signal()
        #: Something has arrived.
        self._arrived = _Signal()
        #: Messages that arrived: the heart is asked only when this stands still.
        self._received = 0
        self._tasks: list[asyncio.Task[None]] = []
        #: Handlers that are coroutines, while they run.
        self._answers: set[asyncio.Task[None]] = set()
        self._closed = False

    # -- life

    async def open(self) -> AsyncClient:
        """Connect, and return this client; the kernel need not be there yet.

        Raises:
            KernelError: There is no way to the kernel.
        """
        if self._closed:
            raise TransportClosed("this client is closed")
        if not self._tasks:
            if self._direct is not None:
                self._direct.set_sink(self._take)
            await self.transport.open()
            self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
            if self._liveness.interval is not None:
                self._tasks.append(asyncio.create_task(self._listen_to_heart()))
        return self

    async def aclose(self) -> None:
        """Close the connection; the kernel goes on. What is still awaited ends with `TransportClosed`."""
        if self._closed:
            return
        self._closed = True
        self._exchange.fail(TransportClosed("this client was closed"))
        tasks = [*self._tasks, *self._answers]
        current = asyncio.current_task()
        for task in tasks:
            if task is not current:
                task.cancel()
        try:
            await asyncio.gather(
                *(task for task in tasks if task is not current), return_exceptions=True
            )
        finally:
            await self.transport.aclose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def wait_until_ready(self, timeout: float | None = None) -> Message:
        """Wait until the kernel answers and what it publishes reaches us; return its ``kernel_info_reply``.

        Raises:
            KernelTimeout: It is not ready in time.
            KernelDied: It is gone.
        """
        readiness = Readiness(self._exchange, self._kernel_info)
        # Good for once: it says nothing of a kernel that was restarted since.
        self._kernel_info = None
        unsubscribe = self.subscribe(readiness.receive)
        try:
            async with asyncio.timeout(timeout):
                await self._probe_until_ready(readiness)
        except TimeoutError as error:
            if isinstance(error, KernelTimeout):
                raise
            if readiness.reply is not None:
                awaited = "anything on the kernel's iopub socket"
                raise KernelTimeout(awaited, timeout or 0) from None
            raise self._exchange.timeout(readiness.probes[0], timeout or 0) from None
        finally:
            unsubscribe()
            readiness.end()
        assert readiness.reply is not None
        return readiness.reply

    async def _probe_until_ready(self, readiness: Readiness) -> None:
        if readiness.reply is None:
            self._send(readiness.probe())
        while not readiness.ready:
            for probe in readiness.probes:
                if probe.failure is not None:
                    raise probe.failure
            try:
                async with asyncio.timeout(readiness.pause):
                    await self._arrived.wait()
            except TimeoutError:
                self._send(readiness.probe())
                readiness.probed_again()

    async def is_alive(self, timeout: float = 1.0) -> bool:
        """Tell whether the kernel's process echoes a heartbeat within ``timeout`` seconds."""
        return not self._closed and await self.transport.heartbeat(timeout)

    def kernel_died(self, reason: str = "the kernel died", *, exit_code: int | None = None) -> None:
        """End everything that is awaited with `KernelDied`: for who watches the kernel's process."""
        self._fail(KernelDied(reason, exit_code=exit_code))

    # -- requests

    async def _request(self, make: Callable[[], Pending], timeout: float | None) -> Message:
        self._check_open()
        pending = make()
        signal = _Signal()
        pending.wake = signal.set
        self._send(pending.request, pending)
        try:
            await self._wait(lambda: pending.replied, timeout, pending, signal)
        except (KernelTimeout, asyncio.CancelledError):
            self._exchange.forget(pending)
            raise
        return reply_of(pending)

    async def _tell(self, make: Callable[[], Pending]) -> Message:
        self._check_open()
        pending = make()
        self._send(pending.request, pending)
        return pending.request

    def _begin(self, make: Callable[[], Pending]) -> AsyncExecution:
        """Send a cell: it is on its way when this returns, and nothing has to be awaited for that."""
        self._check_open()
        pending = make()
        signal = _Signal()
        pending.wake = signal.set
        self._send(pending.request, pending)
        return AsyncExecution(pending, signal, self._wait)

    # -- sending and waiting

    def _check_open(self) -> None:
        if self._closed or not self._tasks:
            raise TransportClosed(
                "this client is closed"
                if self._closed
                else "this client is not open; await open() first"
            )

    def _send(self, message: Message, pending: Pending | None = None) -> None:
        self._check_open()
        if self._direct is None:
            self._outbox.append((message, pending))
        else:
            try:
                self._direct.post(message)
            except Exception as error:  # noqa: BLE001 - whoever sent it gets it, whatever it is
                self._not_sent(pending, error)
        self._outgoing.set()

    async def _write(self) -> None:
        while True:
            while self._outbox:
                message, pending = self._outbox.popleft()
                try:
                    await self.transport.send(message)
                except Exception as error:  # noqa: BLE001 - whoever sent it gets it, whatever it is
                    self._not_sent(pending, error)
            await self._outgoing.wait()

    def _not_sent(self, pending: Pending | None, error: Exception) -> None:
        if pending is None:
            self._fail(error)
        elif pending.failure is None:
            # Also when the request has finished meanwhile: who awaits it shall know.
            self._exchange.forget(pending)
            pending.failure = error
            pending.wake()

    async def _read(self) -> None:
        failure: Exception = TransportClosed("the connection to the kernel was closed")
        try:
            async for message in self.transport:
                self._take(message)
        except Exception as error:  # noqa: BLE001 - those who wait get it, whatever it is
            failure = error
        self._fail(failure)

    def _fail(self, failure: Exception) -> None:
        self._exchange.fail(failure)
        self._arrived.set()

    def _take(self, message: Message) -> None:
        self._received += 1
        self._liveness.heard_from()
        for event, pending in self._exchange.receive(message):
            try:
                if isinstance(event, InputAsked):
                    self._ask(event, pending)
                self._exchange.handle((event, pending))
            except Exception as error:  # noqa: BLE001 - a handler of the user's: it must not end the reading
                self._handler_failed(pending, error)
        self._arrived.set()

    def _handler_failed(self, pending: Pending | None, error: Exception) -> None:
        if pending is not None and pending.failure is None:
            self._not_sent(pending, error)
            return
        asyncio.get_running_loop().call_exception_handler(
            {"message": "a handler of a nuncius client failed", "exception": error}
        )

    def _ask(self, event: InputAsked, pending: Pending | None) -> None:
        handler = self._exchange.input_handler(pending)
        if handler is not None:
            task = asyncio.create_task(self._answer(event, pending, handler))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _answer(
        self, event: InputAsked, pending: Pending | None, handler: InputHandler
    ) -> None:
        try:
            value = handler(Input.parse(event.message))
            if inspect.isawaitable(value):
                value = await value
        except EOFError:
            value = "\x04"
        except Exception as error:  # noqa: BLE001 - raised where the execution is awaited
            self._handler_failed(pending, error)
            return
        self._send(self._exchange.core.input_reply(event.message, str(value)))

    async def _wait(
        self, over: Callable[[], bool], timeout: float | None, pending: Pending, signal: _Signal
    ) -> None:
        if over():
            return
        try:
            async with asyncio.timeout(timeout):
                while not over():
                    await signal.wait()
        except TimeoutError:
            raise self._exchange.timeout(pending, timeout or 0) from None

    def _disconnected(self) -> None:
        if self._exchange.pending and not self._closed:
            self._exchange.disconnected()
            task = asyncio.create_task(self._look_for_kernel())
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _look_for_kernel(self) -> None:
        if not await self.transport.heartbeat(self._liveness.doubt):
            self._exchange.lost(self._liveness.gone())
            self._arrived.set()
        elif (question := self._exchange.ask_who()) is not None:
            self._send(question)

    async def _listen_to_heart(self) -> None:
        interval = self._liveness.interval
        assert interval is not None
        while True:
            before = self._received
            # After a missed beat the next one is asked for at once: it has its own time limit.
            if not self._liveness.missed:
                await asyncio.sleep(interval)
            if self._received != before:
                continue
            if not self._exchange.pending:
                await self._outgoing.wait()
                continue
            echoed = await self.transport.heartbeat(interval)
            if (death := self._liveness.beat(echoed)) is not None:
                self._fail(death)
