"""Reach a kernel in this process by reference: nothing is encoded, signed or copied.

`MemoryChannels` and `MemoryTransport` are the two faces of a port of a host (`nuncius.protocol.serving.host`).

Rule 1: with a sink (`MemoryChannels.set_sink`), each message is handed over within the call that causes it. What other threads cause (a thread of a cell that displays something) waits until the client's thread sends or receives; `MemoryChannels.on_waiting` is told.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from nuncius.protocol.errors import TransportClosed
from nuncius.protocol.messages import Channel, Message, MessageFactory
from nuncius.protocol.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from nuncius.protocol.transport.base import Sink

__all__ = ["MemoryChannels", "MemoryHost", "MemoryPort", "MemoryTransport"]


class MemoryPort(Protocol):
    """One client's end of a host."""

    @property
    def threaded(self) -> bool:
        """Whether messages come from another thread."""
        ...

    def submit(self, message: Message) -> None:
        """Hand a message to the kernel."""
        ...

    async def submit_async(self, message: Message) -> None:
        """Hand a message to the kernel from a coroutine."""
        ...

    def close(self) -> None:
        """Detach."""
        ...


class MemoryHost(Protocol):
    """A kernel in this process."""

    def attach(self, deliver: Callable[[Message], None]) -> MemoryPort:
        """Attach a client."""
        ...


class _Face:
    """What both faces share: a port, an inbox, and a session that makes messages."""

    def __init__(self, host: MemoryHost, session: Session | None = None) -> None:
        self._host = host
        self._session = session or Session()
        self._port: MemoryPort | None = None
        self._closed = False
        self._inbox: deque[Message] = deque()

    @property
    def new(self) -> MessageFactory:
        """Makes the messages that can be sent here."""
        return self._session.message

    def _attach(self, deliver: Callable[[Message], None]) -> None:
        if self._closed:
            raise TransportClosed("this connection was closed; make a new one")
        if self._port is None:
            self._port = self._host.attach(deliver)

    def _attached(self) -> MemoryPort:
        if self._port is None:
            raise TransportClosed(
                "the connection to the kernel is closed"
                if self._closed
                else "the connection to the kernel was not opened; call open() first"
            )
        return self._port

    def _detach(self) -> None:
        self._closed = True
        if self._port is not None:
            self._port.close()
            self._port = None


class MemoryChannels(_Face):
    """A connection to a kernel in this process, without asyncio: a `nuncius.protocol.transport.base.Channels`.

    Args:
        host: The kernel's host.
        session: Makes messages.
    """

    def __init__(self, host: MemoryHost, session: Session | None = None) -> None:
        super().__init__(host, session)
        self._sink: Sink | None = None
        self._thread: int | None = None
        self._arrived = threading.Condition()
        #: Called in another thread when something waits for the client's.
        self.on_waiting: Callable[[], None] | None = None

    def open(self) -> None:
        """Attach to the host."""
        self._attach(self._deliver)

    def set_sink(self, sink: Sink | None) -> None:
        """Have messages handed over within the call that causes them."""
        self._sink = sink

    def send(self, message: Message) -> None:
        """Hand ``message`` to the kernel; it has been handled when this returns, except by a kernel in a thread of its own."""
        port = self._attached()
        if message.channel is not Channel.STDIN:  # an answer may come from the thread that asks
            self._thread = threading.get_ident()
        self._push_waiting()
        port.submit(message)
        self._push_waiting()

    def receive(self, timeout: float | None = 0) -> list[Message]:
        """Return the messages that are there; see `nuncius.protocol.transport.base.Channels.receive`."""
        port = self._attached()
        self._thread = threading.get_ident()
        if port.threaded or timeout:
            with self._arrived:
                self._arrived.wait_for(lambda: self._inbox or self._closed, timeout)
        if self._closed:
            raise TransportClosed("the connection to the kernel was closed")
        if self._sink is not None:
            self._push_waiting()
            return []
        messages = []
        while self._inbox:
            messages.append(self._inbox.popleft())
        return messages

    def filenos(self) -> Sequence[tuple[Channel, int]]:
        """Return nothing: there are no file descriptors."""
        return ()

    def heartbeat(self, timeout: float) -> bool:
        """Return True: the kernel lives as long as we do."""
        return not self._closed

    def close(self) -> None:
        """Detach from the host; the kernel lives on."""
        self._detach()
        with self._arrived:
            self._arrived.notify_all()

    def _deliver(self, message: Message) -> None:
        here = threading.get_ident() == self._thread
        # A thread's question cannot wait for ours, which may run a cell that waits for that thread.
        if self._sink is not None and (here or message.channel is Channel.STDIN):
            if here and self._inbox:
                self._push_waiting()
            self._sink(message)
            return
        with self._arrived:
            self._inbox.append(message)
            self._arrived.notify()
        if not here and (tell := self.on_waiting) is not None:
            tell()

    def _push_waiting(self) -> None:
        sink = self._sink
        while sink is not None and self._inbox:
            sink(self._inbox.popleft())


class MemoryTransport(_Face):
    """A connection to a kernel in this process, for asyncio: a `nuncius.protocol.transport.base.Transport`.

    Cells run on the loop's thread, and await on the loop; a cell that computes holds the loop up, unless the kernel has a thread of its own.

    Args:
        host: The kernel's host.
        session: Makes messages.
    """

    def __init__(self, host: MemoryHost, session: Session | None = None) -> None:
        super().__init__(host, session)
        self._loop: Any = None
        self._arrival: Any = None
        self._running: set[Any] = set()

    async def open(self) -> None:
        """Attach to the host."""
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._attach(self._deliver)

    async def send(self, message: Message) -> None:
        """Hand ``message`` to the kernel; a cell runs in a task of its own."""
        port = self._attached()
        if port.threaded or message.channel is not Channel.SHELL:
            await port.submit_async(message)
            return
        task = self._loop.create_task(port.submit_async(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Iterate over incoming messages until `aclose`."""
        while True:
            while self._inbox:
                yield self._inbox.popleft()
            if self._closed:
                return
            self._arrival = self._loop.create_future()
            if self._inbox or self._closed:
                continue
            await self._arrival

    async def heartbeat(self, timeout: float) -> bool:
        """Return True: the kernel lives as long as we do."""
        return not self._closed

    async def aclose(self) -> None:
        """Detach from the host; the iteration ends, the kernel lives on."""
        self._detach()
        for task in tuple(self._running):
            task.cancel()
        self._rouse()

    def _deliver(self, message: Message) -> None:
        self._inbox.append(message)
        self._loop.call_soon_threadsafe(self._rouse)

    def _rouse(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
