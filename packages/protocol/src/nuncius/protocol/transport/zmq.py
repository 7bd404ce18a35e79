"""Reach a kernel over its five ZeroMQ sockets, with asyncio or without.

`ZmqChannels` and `ZmqTransport` are two faces of one thing, `_Sockets`: it connects, sends, and reads what has arrived without ever waiting. The faces differ only in how they wait.

Rule 1: nothing that a kernel publishes is dropped on our side: the subscription has no high-water mark, and reading stops only where the caller stops.
Rule 2: a ZeroMQ file descriptor is *edge-triggered*: it says that something may have changed, once. After any operation on a socket (a send counts) its events are looked at again before anyone waits on the descriptor.
Rule 3: each face belongs to one thread.
Rule 4: a message that cannot be accepted is logged and dropped; it never ends the connection.

Source: "Messaging in Jupyter", section "Introduction"; zmq_getsockopt(3), ZMQ_FD.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import zmq

from nuncius.protocol.curve import apply_client
from nuncius.protocol.errors import KernelError, MessageError, TransportClosed
from nuncius.protocol.messages import Channel, Message, MessageFactory
from nuncius.protocol.session import Session, new_id
from nuncius.protocol.transport.frames import is_readable, readable, receive_frames, send_frames

if TYPE_CHECKING:
    import asyncio

    from nuncius.protocol.connection import ConnectionInfo
    from nuncius.protocol.transport.base import Sink

__all__ = ["ZmqChannels", "ZmqTransport"]

#: The order in which sockets are read: a question is more urgent than output, and output comes before the reply that follows it.
_READ_ORDER: Final = (Channel.STDIN, Channel.IOPUB, Channel.SHELL, Channel.CONTROL)

#: Messages that one look at the sockets returns at most, so that a flood of output cannot keep a caller from anything else.
_MOST: Final = 1000

#: Milliseconds between attempts to connect, the first and the longest; each is twice the one before. A kernel that has just bound its ports is seen at once (libzmq's constant 100 ms would be a third of its start), and one that is gone for good costs next to nothing.
_RECONNECT_MS: Final = 1
_RECONNECT_MAX_MS: Final = 100

#: Milliseconds that closing waits for what was sent and has not left yet: enough for a loaded machine, and not noticed when the kernel is gone.
#: It must not be 0 for a socket that may have many messages to send: libzmq 4.3 ends the process (session_base.cpp:233) if the other end disconnects while it drops a message of which some frames have left already. That is most likely when a kernel was killed just before.
_LINGER_MS: Final = 200


class _Sockets:
    """The sockets of one connection; reading and writing never waits."""

    def __init__(
        self, info: ConnectionInfo, session: Session | None, context: zmq.Context[Any] | None
    ) -> None:
        self.info = info
        self.session = session or Session(info.key, signature_scheme=info.signature_scheme)
        self._context = context
        self._owns_context = context is None
        #: By channel, in `_READ_ORDER`. Empty before `open` and after `close`.
        self._sockets: dict[Channel, zmq.Socket[bytes]] = {}
        self._heart: zmq.Socket[bytes] | None = None
        #: Tells when the shell's connection has ended.
        self._monitor: zmq.Socket[bytes] | None = None
        self.on_disconnect: Callable[[], None] | None = None
        self.closed = False
        #: Nothing was left when the sockets were read last.
        self.drained = True
        #: All that are read, in this order.
        self._all: list[zmq.Socket[bytes]] = []
        self._dropped = 0

    def open(self) -> None:
        if self.closed:
            raise TransportClosed("this connection was closed; make a new one")
        if self._sockets:
            return
        missing = [name for name, port in self.info.ports.items() if not port]
        if missing:
            raise KernelError(
                f"the connection has no {', '.join(missing)}; was the file written before the kernel chose its ports?"
            )
        if self._context is None:
            self._context = zmq.Context()
        try:
            for channel in _READ_ORDER:
                self._sockets[channel] = self._connect(channel)
            self._all = list(self._sockets.values())
            if self.on_disconnect is not None:
                self._monitor = self._observe(self._sockets[Channel.SHELL])
                self._all.append(self._monitor)
        except (zmq.ZMQError, OSError) as error:
            self.close()
            raise KernelError(
                f"cannot connect to {self.info.transport}://{self.info.ip}: {error}"
            ) from error

    def _connect(self, channel: Channel) -> zmq.Socket[bytes]:
        assert self._context is not None
        socket: zmq.Socket[bytes] = self._context.socket(
            zmq.SUB if channel is Channel.IOPUB else zmq.DEALER
        )
        try:
            _prepare(socket, channel, self.info, self.session.session_id.encode())
            socket.connect(self.info.url(channel))
        except BaseException:
            socket.close(0)
            raise
        return socket

    def _observe(self, socket: zmq.Socket[bytes]) -> zmq.Socket[bytes]:
        assert self._context is not None
        address = f"inproc://nuncius-monitor-{new_id()}"
        socket.monitor(address, zmq.EVENT_DISCONNECTED)
        monitor: zmq.Socket[bytes] = self._context.socket(zmq.PAIR)
        monitor.linger = 0
        monitor.connect(address)
        return monitor

    def _check_open(self) -> None:
        if self._sockets:
            return
        raise TransportClosed(
            "the connection to the kernel is closed"
            if self.closed
            else "the connection to the kernel was not opened; call open() first"
        )

    def send(self, message: Message) -> bool:
        """Send ``message``; tell whether one has arrived on the same socket meanwhile."""
        self._check_open()
        socket = self._sockets.get(message.channel)
        if socket is None or message.channel is Channel.IOPUB:
            raise KernelError(f"a client cannot send on {message.channel}")
        send_frames(socket, self.session.encode(message))
        return is_readable(socket)

    def drain_one(self, channel: Channel) -> list[Message]:
        """Return what has arrived on one channel, up to `_MOST`: to ask all of them would cost more than a small message does."""
        self._check_open()
        socket = self._sockets[channel]
        messages: list[Message] = []
        arrived = 0
        while arrived < _MOST and (frames := receive_frames(socket)):
            arrived += 1
            self._accept(frames, channel, messages)
        self.drained = arrived < _MOST
        return messages

    def _accept(self, frames: list[Any], channel: Channel, messages: list[Message]) -> None:
        try:
            messages.append(self.session.decode(frames, channel))
        except MessageError as error:
            self._drop(channel, error)

    def drain(self) -> list[Message]:
        """Return what has arrived, up to `_MOST`; an empty list means that there is nothing, and so does `drained`."""
        self._check_open()
        messages: list[Message] = []
        arrived = 0
        ready = readable(self._all)
        for channel, socket in self._sockets.items() if ready else ():
            while socket in ready and arrived < _MOST and (frames := receive_frames(socket)):
                arrived += 1
                self._accept(frames, channel, messages)
        self.drained = arrived < _MOST
        if self._monitor in ready:
            self.check_connection()
        # What was dropped may have hidden more.
        return messages or (self.drain() if arrived else [])

    def check_connection(self) -> None:
        ended = False
        while self._monitor is not None and is_readable(self._monitor):
            self._monitor.recv_multipart(zmq.NOBLOCK)
            ended = True
        if ended and self.on_disconnect is not None:
            self.on_disconnect()

    def _drop(self, channel: Channel, error: MessageError) -> None:
        self._dropped += 1
        # 1, 10, 100, ...: a kernel with another key must not fill the disk.
        if str(self._dropped).strip("0") == "1":
            import logging

            logging.getLogger(__name__).warning(
                "dropped a message on %s (%d so far): %s", channel, self._dropped, error
            )

    def filenos(self) -> list[tuple[Channel, int]]:
        self._check_open()
        found = [(channel, socket.fileno()) for channel, socket in self._sockets.items()]
        if self._monitor is not None:
            found.append((Channel.HB, self._monitor.fileno()))
        return found

    def poll(self, timeout: float | None) -> None:
        """Wait until there may be something to `drain`, or the time is over."""
        poller = zmq.Poller()
        for socket in self._sockets.values():
            poller.register(socket, zmq.POLLIN)
        if self._monitor is not None:
            poller.register(self._monitor, zmq.POLLIN)
        poller.poll(None if timeout is None else max(0, round(timeout * 1000)))

    # -- heartbeat

    def ping(self) -> tuple[zmq.Socket[bytes], bytes]:
        """Send a ping; return the socket and the token that it echoes."""
        self._check_open()
        if self._heart is None:
            assert self._context is not None
            self._heart = self._context.socket(zmq.DEALER)
            _prepare(self._heart, Channel.HB, self.info, b"")
            self._heart.connect(self.info.url(Channel.HB))
        token = new_id().encode()
        # The empty frame is what a REP socket expects; a ROUTER that echoes returns it as well.
        self._heart.send_multipart([b"", token])
        return self._heart, token

    def close(self) -> None:
        self.closed = True
        sockets, self._sockets = list(self._sockets.values()), {}
        self._all = []
        if self._monitor is not None:
            sockets[_READ_ORDER.index(Channel.SHELL)].monitor(None, 0)
            sockets.append(self._monitor)
            self._monitor = None
        if self._heart is not None:
            sockets.append(self._heart)
            self._heart = None
        for socket in sockets:
            socket.close()
        if self._owns_context and self._context is not None:
            self._context.term()
        self._context = None


def _prepare(
    socket: zmq.Socket[bytes], channel: Channel, info: ConnectionInfo, identity: bytes
) -> None:
    socket.linger = 0 if channel in (Channel.IOPUB, Channel.HB) else _LINGER_MS
    socket.set(zmq.RECONNECT_IVL, _RECONNECT_MS)
    socket.set(zmq.RECONNECT_IVL_MAX, _RECONNECT_MAX_MS)
    socket.set(zmq.RCVHWM, 0)
    socket.set(zmq.SNDHWM, 0)
    if ":" in info.ip:
        socket.set(zmq.IPV6, 1)
    if channel is Channel.IOPUB:
        socket.set(zmq.SUBSCRIBE, b"")
    elif identity:
        # The same on shell and stdin: a kernel asks for input whom the shell request came from.
        socket.set(zmq.IDENTITY, identity)
    apply_client(socket, info)


class ZmqChannels:
    """A connection over ZeroMQ without asyncio: a `nuncius.protocol.transport.base.Channels`.

    Args:
        info: Where the kernel listens.
        session: Signs the messages; one with the key of ``info`` by default.
        context: A ZeroMQ context to share between many connections; an own one by default, ended by `close`.
    """

    def __init__(
        self,
        info: ConnectionInfo,
        session: Session | None = None,
        *,
        context: zmq.Context[Any] | None = None,
    ) -> None:
        self._sockets = _Sockets(info, session, context)

    def __repr__(self) -> str:
        return f"<ZmqChannels {self._sockets.info.url('shell')}>"

    @property
    def session(self) -> Session:
        """Signs the messages."""
        return self._sockets.session

    @property
    def new(self) -> MessageFactory:
        """Makes the messages that can be sent here."""
        return self._sockets.session.message

    def open(self) -> None:
        """Connect; the kernel need not be there yet.

        Raises:
            KernelError: A port is unknown, or the address is none.
            TransportClosed: It was closed before.
        """
        self._sockets.open()

    def send(self, message: Message) -> None:
        """Send ``message`` on its channel; never waits.

        Raises:
            TransportClosed: It is not open.
            Malformed: It cannot be encoded.
        """
        self._sockets.send(message)

    def receive(self, timeout: float | None = 0) -> list[Message]:
        """Wait for messages, and return those that are there, at most a thousand.

        Args:
            timeout: Seconds; 0 only looks, None waits for ever.

        Raises:
            TransportClosed: It is not open.
        """
        messages = self._sockets.drain()
        if timeout == 0:
            return messages
        deadline = None if timeout is None else monotonic() + timeout
        while not messages:
            remaining = None if deadline is None else deadline - monotonic()
            if remaining is not None and remaining <= 0:
                break
            self._sockets.poll(remaining)
            messages = self._sockets.drain()
        return messages

    def set_sink(self, sink: Sink | None) -> None:
        """Do nothing: sockets have to be read."""

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called by `receive` when the kernel's end of the connection has closed; call this before `open`."""
        self._sockets.on_disconnect = callback

    def check_connection(self) -> None:
        """Call the callback now if that has happened since messages were read last."""
        self._sockets.check_connection()

    def filenos(self) -> Sequence[tuple[Channel, int]]:
        """Return the descriptors to wait for; look with `receive` before waiting, see rule 2 of this module."""
        return self._sockets.filenos()

    def heartbeat(self, timeout: float) -> bool:
        """Tell whether the kernel's process echoes within ``timeout`` seconds."""
        socket, token = self._sockets.ping()
        deadline = monotonic() + timeout
        while (remaining := deadline - monotonic()) > 0:
            if socket.poll(max(1, round(remaining * 1000))) and receive_frames(socket)[-1] == token:
                return True
        return False

    def close(self) -> None:
        """Close; what was sent still leaves, for a fifth of a second."""
        self._sockets.close()


class ZmqTransport:
    """A connection over ZeroMQ for asyncio: a `nuncius.protocol.transport.base.Transport`.

    The loop watches the sockets' own descriptors: there is no thread, and no second event loop.

    Args:
        info: Where the kernel listens.
        session: Signs the messages; one with the key of ``info`` by default.
        context: A ZeroMQ context to share between many connections; an own one by default, ended by `aclose`.
    """

    def __init__(
        self,
        info: ConnectionInfo,
        session: Session | None = None,
        *,
        context: zmq.Context[Any] | None = None,
    ) -> None:
        self._sockets = _Sockets(info, session, context)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watched: list[int] = []
        #: What arrived and was not taken yet, oldest first.
        self._inbox: deque[Message] = deque()
        self._sink: Sink | None = None
        #: Set while the iteration waits.
        self._wake: asyncio.Future[None] | None = None
        #: The heartbeats that are awaited.
        self._echoes: dict[bytes, asyncio.Future[None]] = {}
        #: A look at the sockets is scheduled already.
        self._scheduled = False

    def __repr__(self) -> str:
        return f"<ZmqTransport {self._sockets.info.url('shell')}>"

    @property
    def session(self) -> Session:
        """Signs the messages."""
        return self._sockets.session

    @property
    def new(self) -> MessageFactory:
        """Makes the messages that can be sent here."""
        return self._sockets.session.message

    async def open(self) -> None:
        """Connect; the kernel need not be there yet.

        Raises:
            KernelError: A port is unknown, or the address is none.
            TransportClosed: It was closed before.
        """
        import asyncio

        if self._loop is not None:
            return
        self._sockets.open()
        self._loop = asyncio.get_running_loop()
        for channel, descriptor in self._sockets.filenos():
            # A reply is only read after all output; output need not wait for anything.
            look = self._look_at_iopub if channel is Channel.IOPUB else self._look
            self._loop.add_reader(descriptor, look)
            self._watched.append(descriptor)
        self._schedule()

    async def send(self, message: Message) -> None:
        """Send ``message`` on its channel; never waits.

        Raises:
            TransportClosed: It is not open.
            Malformed: It cannot be encoded.
        """
        self.post(message)

    def post(self, message: Message) -> None:
        """Send ``message`` on its channel, see `send`."""
        # Rule 2: sending may have taken the edge that announced a message.
        if self._sockets.send(message):
            self._schedule()

    def set_sink(self, sink: Sink | None) -> None:
        """Have each message handed to ``sink`` in the event loop, as it is read; the iteration then yields none."""
        self._sink = sink

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called when the kernel's end of the connection has closed; call this before `open`."""
        self._sockets.on_disconnect = callback

    def check_connection(self) -> None:
        """Call the callback now if that has happened since messages were read last."""
        self._sockets.check_connection()

    def _schedule(self) -> None:
        if not self._scheduled and self._loop is not None:
            self._scheduled = True
            self._loop.call_soon(self._look)

    def _look(self) -> None:
        self._scheduled = False
        if not self._sockets.closed:
            self._hand_over(self._sockets.drain())

    def _look_at_iopub(self) -> None:
        if not self._sockets.closed:
            self._hand_over(self._sockets.drain_one(Channel.IOPUB))

    def _hand_over(self, messages: list[Message]) -> None:
        if not self._sockets.drained:
            self._schedule()
        inbox = self._inbox
        inbox.extend(messages)
        if self._sink is None:
            if inbox:
                self._rouse()
            return
        try:
            while inbox and self._sink is not None:
                self._sink(inbox.popleft())
        finally:
            # Ctrl-C in a handler loses nothing.
            if inbox:
                self._schedule()

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def __aiter__(self) -> AsyncIterator[Message]:
        """Iterate over the messages of all channels until `aclose`; one iteration at a time."""
        return self

    async def __anext__(self) -> Message:
        while not self._inbox:
            if self._sockets.closed or self._loop is None:
                raise StopAsyncIteration
            self._wake = self._loop.create_future()
            try:
                await self._wake
            finally:
                self._wake = None
        return self._inbox.popleft()

    async def heartbeat(self, timeout: float) -> bool:
        """Tell whether the kernel's process echoes within ``timeout`` seconds."""
        import asyncio

        loop = asyncio.get_running_loop()
        socket, token = self._sockets.ping()
        echo = self._echoes[token] = loop.create_future()

        def look() -> None:
            while not socket.closed and (frames := receive_frames(socket)):
                if (future := self._echoes.get(bytes(frames[-1]))) and not future.done():
                    future.set_result(None)

        descriptor = socket.fileno()
        if descriptor not in self._watched:
            loop.add_reader(descriptor, look)
            self._watched.append(descriptor)
        look()
        try:
            async with asyncio.timeout(timeout):
                await echo
        except TimeoutError:
            return False
        finally:
            del self._echoes[token]
        return True

    async def aclose(self) -> None:
        """Close; what was sent still leaves, for a fifth of a second. The iteration ends."""
        if self._loop is not None:
            for descriptor in self._watched:
                self._loop.remove_reader(descriptor)
        self._watched.clear()
        self._sockets.close()
        self._rouse()
