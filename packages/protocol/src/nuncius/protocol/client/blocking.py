"""Talk to a kernel from plain code: every call returns when its answer is there.

::

    with Client(ZmqChannels(info)) as client:
        client.wait_until_ready(timeout=60)
        execution = client.execute("for n in range(3): print(n)")
        for message in execution:
            print(message.content)
        print(execution.result().status)

Nothing runs behind your back: messages are read while you wait for something, or call `Client.poll`. An in-process kernel pushes its messages instead, while the cell runs.

Rule 1: a client belongs to one thread at a time: while one waits, another cannot. Only `Client.kernel_died` may be called on any. A second client interrupts a cell that the first one waits for.
Rule 2: Ctrl-C may come at any moment: it ends the waiting, never loses a message, and the same thing can be waited for again.
Rule 3: asyncio is not imported.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

from nuncius.protocol.client.exchange import (
    Exchange,
    Happening,
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
from nuncius.protocol.client.shield import Shield, held_back
from nuncius.protocol.core.client import InputAsked
from nuncius.protocol.errors import KernelDied, KernelError, KernelTimeout, TransportClosed
from nuncius.protocol.messages import Message
from nuncius.protocol.transport.base import Monitored

if TYPE_CHECKING:
    from nuncius.protocol.transport.base import Channels

__all__ = ["Client", "Execution"]


#: Seconds between two looks for a signal that came unseen.
_LOOK = 0.2

#: Waits until the first argument says so; see `Client`.
_Wait = Callable[[Callable[[], bool], "float | None", Pending], None]


class Execution(ExecutionBase):
    """A cell that runs. Iterate over the messages that it publishes; they end when it has finished."""

    def __init__(self, pending: Pending, wait: _Wait) -> None:
        super().__init__(pending)
        self._wait = wait

    def __iter__(self) -> Iterator[Message]:
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
            self._wait(lambda: bool(pending.outputs) or pending.ended, None, pending)
        if pending.failure is not None:
            raise pending.failure

    def result(self, timeout: float | None = None, *, check: bool = False) -> ExecutionResult:
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
        self._wait(lambda: pending.ended, timeout, pending)
        return result_of(pending, check)


class Client(Requests[Message, Execution]):
    """A client of one kernel.

    Args:
        channels: The way to the kernel.
        on_input: Answers the questions of code that runs, see `execute`.
        heartbeat_interval: Seconds of silence after which the kernel's heartbeat is asked for while something is awaited; None never asks.
        heartbeat_patience: Heartbeats missed one after another before the kernel counts as dead. When its end of the connection closes, one is enough.
        kernel_info: The ``kernel_info_reply`` that who started the kernel has got already; then `wait_until_ready` only has to wait until what is published reaches us.
    """

    def __init__(
        self,
        channels: Channels,
        *,
        on_input: InputHandler | None = None,
        heartbeat_interval: float | None = 1.0,
        heartbeat_patience: int = 4,
        kernel_info: Message | None = None,
    ) -> None:
        self.channels = channels
        super().__init__(Exchange(channels.new, on_input))
        self._liveness = Liveness(heartbeat_interval, heartbeat_patience)
        self._kernel_info = kernel_info
        #: The connection has ended: a heartbeat is to tell whether the kernel has.
        self._disconnected = False
        #: The channels, if they notice that the other end is gone: asked once, as it costs as much as to run a cell.
        self._monitored = channels if isinstance(channels, Monitored) else None
        if heartbeat_interval is not None and self._monitored is not None:
            self._monitored.on_disconnect(self._suspect)
        #: What other threads said of the kernel's death, and what wakes us to hear it.
        self._deaths: deque[KernelDied] = deque()
        self._waker: tuple[int, int] | None = None
        #: Held while the waker is written to or closed: its number may be another file's a moment later.
        self._waking = threading.Lock()
        self._thread = threading.get_ident()
        #: The thread that waits.
        self._waiting: int | None = None
        #: Events whose handlers were not called yet.
        self._events: deque[Happening] = deque()
        #: What a handler raised inside the kernel's thread: it is raised where the cell was sent.
        self._raised: Exception | None = None
        #: How many messages have come.
        self._received = 0
        #: Messages that are pushed now were asked for by `_take`.
        self._taking = False
        self._opened = False
        self._closed = False

    # -- life

    def open(self) -> Client:
        """Connect, and return this client; the kernel need not be there yet.

        Raises:
            KernelError: There is no way to the kernel.
        """
        if not self._opened:
            self.channels.open()
            self.channels.set_sink(self._push)
            self._opened = True
            self._thread = threading.get_ident()
            if os.name == "posix" and self.channels.filenos():
                self._waker = os.pipe()
                for descriptor in self._waker:
                    os.set_blocking(descriptor, False)
        return self

    def close(self) -> None:
        """Close the connection; the kernel goes on. What is still awaited ends with `TransportClosed`."""
        if not self._closed:
            self._closed = True
            self._exchange.fail(TransportClosed("this client was closed"))
            self.channels.set_sink(None)
            self.channels.close()
            with self._waking:
                waker, self._waker = self._waker, None
                for descriptor in waker or ():
                    os.close(descriptor)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def wait_until_ready(self, timeout: float | None = None) -> Message:
        """Wait until the kernel answers and what it publishes reaches us; return its ``kernel_info_reply``.

        Raises:
            KernelTimeout: It is not ready in time.
            KernelDied: It is gone.
        """
        readiness = Readiness(self._exchange, self._kernel_info)
        # Good for once: it says nothing of a kernel that was restarted since.
        self._kernel_info = None
        unsubscribe = self.subscribe(readiness.receive)
        deadline = None if timeout is None else monotonic() + timeout
        try:
            if readiness.reply is None:
                self._send(readiness.probe())
            while not readiness.ready:
                pause = readiness.pause
                remaining = None if deadline is None else deadline - monotonic()
                if remaining is not None and remaining <= 0:
                    raise self._not_ready(readiness, timeout or 0)
                limits = [limit for limit in (pause, remaining) if limit is not None]
                if not self._pump(min(limits) if limits else None) and pause is not None:
                    self._send(readiness.probe())
                    readiness.probed_again()
                self._raise_failure(readiness.probes)
        finally:
            unsubscribe()
            readiness.end()
            # A kernel that is restarted closes its end as well.
            self._disconnected = False
        assert readiness.reply is not None
        return readiness.reply

    def _not_ready(self, readiness: Readiness, seconds: float) -> KernelTimeout:
        if readiness.reply is not None:
            return KernelTimeout("anything on the kernel's iopub socket", seconds)
        return self._exchange.timeout(readiness.probes[0], seconds)

    def _raise_failure(self, probes: list[Pending]) -> None:
        for probe in probes:
            if probe.failure is not None:
                raise probe.failure

    def is_alive(self, timeout: float = 1.0) -> bool:
        """Tell whether the kernel's process echoes a heartbeat within ``timeout`` seconds."""
        return not self._closed and self.channels.heartbeat(timeout)

    def kernel_died(self, reason: str = "the kernel died", *, exit_code: int | None = None) -> None:
        """End everything that is awaited with `KernelDied`: for who watches the kernel's process, on any thread."""
        self._deaths.append(KernelDied(reason, exit_code=exit_code))
        if threading.get_ident() == self._thread:
            self._mourn()
            return
        with self._waking:
            if self._waker is not None:
                # Full: we are being woken already.
                with suppress(BlockingIOError):
                    os.write(self._waker[1], b"x")

    def _look_up(self) -> None:
        """Learn what has happened to the kernel before something is asked of it."""
        self._check_thread()
        self._mourn()
        if self._monitored is not None and self._opened and not self._closed:
            self._monitored.check_connection()

    def _check_thread(self) -> None:
        if self._waiting is not None and self._waiting != threading.get_ident():
            raise KernelError(
                "another thread waits with this client, and one thread at a time may use it: connect a second client to the kernel, which may have any number"
            )

    def _mourn(self) -> None:
        while self._deaths:
            self._exchange.fail(self._deaths.popleft())

    def _suspect(self) -> None:
        self._disconnected = True
        self._exchange.disconnected()

    # -- requests

    def _request(self, make: Callable[[], Pending], timeout: float | None) -> Message:
        self._look_up()
        pending = make()
        self._send_pending(pending)
        try:
            self._wait(lambda: pending.replied, timeout, pending)
        except KernelTimeout:
            self._exchange.forget(pending)
            raise
        return reply_of(pending)

    def _tell(self, make: Callable[[], Pending]) -> Message:
        self._look_up()
        pending = make()
        self._send_pending(pending)
        return pending.request

    def _begin(self, make: Callable[[], Pending]) -> Execution:
        """Send a cell. In-process, it has run when this returns."""
        self._look_up()
        pending = make()
        self._send_pending(pending)
        return Execution(pending, self._wait)

    def poll(self, timeout: float | None = 0) -> bool:
        """Read what has arrived and call the handlers; for your own event loop.

        Args:
            timeout: Seconds to wait for something; 0 only looks.

        Returns:
            Whether there was anything: if so, call again before waiting on the descriptors of `Client.channels`.
        """
        return self._pump(timeout)

    # -- sending and waiting

    def _send_pending(self, pending: Pending) -> None:
        try:
            self._send(pending.request)
        except BaseException:
            if not pending.replied:
                self._exchange.forget(pending)
            raise

    def _send(self, message: Message) -> None:
        if not self._opened or self._closed:
            raise TransportClosed(
                "this client is closed"
                if self._closed
                else "this client is not open; call open() first"
            )
        self.channels.send(message)
        if self._raised is not None:
            raised, self._raised = self._raised, None
            raise raised

    def _push(self, message: Message) -> None:
        """Take a message that is pushed: from a kernel in this process, while its cell runs."""
        if held_back():
            self._record_one(message)
        else:
            with Shield():
                self._record_one(message)
        if self._taking or not self._events:
            # We asked for it ourselves, and handle it when Ctrl-C is possible again.
            return
        try:
            self._handle_events()
        except Exception as error:  # noqa: BLE001 - it belongs to the frontend, not to the user's code that is printing
            self._raised = self._raised or error

    def _record(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._record_one(message)

    def _record_one(self, message: Message) -> None:
        self._received += 1
        self._liveness.heard_from()
        self._events.extend(self._exchange.receive(message))

    def _handle_events(self) -> None:
        while self._events:
            happening = self._events.popleft()
            if isinstance(happening[0], InputAsked):
                self._answer(happening[0], happening[1])
            self._exchange.handle(happening)

    def _answer(self, event: InputAsked, pending: Pending | None) -> None:
        handler = self._exchange.input_handler(pending)
        if handler is None:
            return
        try:
            value = str(handler(Input.parse(event.message)))
        except EOFError:
            value = "\x04"
        self.channels.send(self._exchange.core.input_reply(event.message, value))

    def _pump(self, timeout: float | None) -> bool:
        """Take what has arrived, waiting for it if there is nothing; tell whether there was anything."""
        if self._closed:
            raise TransportClosed("this client is closed")
        before = self._received
        if not self._take(0) and timeout != 0:
            deadline = None if timeout is None else monotonic() + timeout
            while True:
                remaining = None if deadline is None else deadline - monotonic()
                if remaining is not None and remaining <= 0:
                    break
                if self._wait_for_anything(remaining) or self._disconnected or self._deaths:
                    break
        self._mourn()
        happened = self._received != before or bool(self._events)
        self._handle_events()
        return happened

    def _wait_for_anything(self, timeout: float | None) -> bool:
        """Wait for a while; tell whether anything has come."""
        # Not for ever in one go: a Ctrl-C that comes just before the thread falls asleep does not wake it.
        timeout = _LOOK if timeout is None else min(timeout, _LOOK)
        descriptors = [number for _, number in self.channels.filenos()]
        if not descriptors:
            # No sockets: a kernel in another thread, or a connection that was lost.
            return self._take(timeout, shield=False)
        if self._waker is not None:
            descriptors.append(self._waker[0])
        if not self._deaths:
            _wait_readable(descriptors, timeout)
            self._empty_waker()
        return self._take(0)

    def _empty_waker(self) -> None:
        if self._deaths and self._waker is not None:
            with suppress(BlockingIOError):
                os.read(self._waker[0], 4096)

    def _take(self, timeout: float | None, *, shield: bool = True) -> bool:
        """Record what has arrived; tell whether that was anything."""
        before = self._received
        self._taking = True
        try:
            with Shield() if shield else nullcontext():
                self._record(self.channels.receive(timeout))
        finally:
            self._taking = False
        return self._received != before

    def _wait(self, over: Callable[[], bool], timeout: float | None, pending: Pending) -> None:
        self._check_thread()
        outer, self._waiting = self._waiting, threading.get_ident()
        try:
            self._wait_until(over, timeout, pending)
        finally:
            # A handler that waits is called by one who does.
            self._waiting = outer

    def _wait_until(
        self, over: Callable[[], bool], timeout: float | None, pending: Pending
    ) -> None:
        deadline = None if timeout is None else monotonic() + timeout
        while not over():
            limits: list[float] = []
            if deadline is not None:
                if (remaining := deadline - monotonic()) <= 0:
                    raise self._exchange.timeout(pending, timeout or 0)
                limits.append(remaining)
            if (interval := self._liveness.interval) is not None:
                # After a missed beat the next one is asked for at once: it has its own time limit.
                limits.append(0 if self._liveness.missed else interval)
            happened = self._pump(min(limits) if limits else None)
            if interval is not None and (self._disconnected or not happened) and not over():
                self._check_heart(
                    interval if deadline is None else min(interval, deadline - monotonic())
                )
        self._handle_events()

    def _check_heart(self, limit: float) -> None:
        if limit <= 0 or self._liveness.interval is None:
            return
        disconnected, self._disconnected = self._disconnected, False
        echoed = self.channels.heartbeat(
            min(limit, self._liveness.doubt) if disconnected else limit
        )
        # Who watches the process knows more than a heartbeat tells.
        self._mourn()
        if disconnected and not echoed:
            self._exchange.lost(self._liveness.gone())
        elif disconnected and (question := self._exchange.ask_who()) is not None:
            self._send(question)
        elif (death := self._liveness.beat(echoed)) is not None:
            self._exchange.fail(death)


def _wait_readable(descriptors: list[int], timeout: float | None) -> None:
    if hasattr(select, "poll"):
        poll = select.poll()
        for number in descriptors:
            poll.register(number, select.POLLIN)
        poll.poll(None if timeout is None else max(1, round(timeout * 1000)))
    else:
        select.select(descriptors, [], [], timeout)
