"""Reach a kernel of a Jupyter server (or of ours) over HTTP: its five channels in one WebSocket.

`WebSocketChannels` and `WebSocketTransport` are two faces of `_Wire`, which knows the protocol and has no socket. When the connection is lost they connect again, under the same session: the server keeps what was published meanwhile.

Rule 1: a connection that is lost is no dead kernel. Only when it cannot be made again for `PATIENCE` seconds does the wait end, with an error.
Rule 2: the heartbeat is the server's business: it says of itself when a kernel has died.

Source: "WebSocket protocols" of Jupyter Server; RFC 6455 by the library ``websockets``.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from nuncius.protocol.errors import (
    KernelError,
    Malformed,
    MissingPackage,
    TransportClosed,
)
from nuncius.protocol.messages import Channel, Message, MessageFactory
from nuncius.protocol.session import Session
from nuncius.protocol.websocket import (
    V1_SUBPROTOCOL,
    decode_legacy,
    decode_v1,
    encode_legacy,
    encode_v1,
)

if TYPE_CHECKING:
    import asyncio

    from nuncius.protocol.transport.base import Sink
    from nuncius.protocol.transport.server import Server

__all__ = ["PATIENCE", "WebSocketChannels", "WebSocketTransport"]

#: Seconds for which a lost connection is tried to be made again.
PATIENCE: Final = 30.0

#: Seconds between two tries.
_PAUSE: Final = 0.5

_CHUNK: Final = 1 << 18


#: Servers send a message in several small packets, and wait for the first to be acknowledged; Linux would do so 40 ms later.
_QUICK_ACK: Final = getattr(socket, "TCP_QUICKACK", None)


def _acknowledge(connection: Any) -> None:
    """Have what was received acknowledged at once."""
    # None: asyncio has closed it already.
    if _QUICK_ACK is not None and connection is not None:
        connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)


class _Lost(Exception):
    """The connection ended."""


class _Wire:
    """One WebSocket connection, without a socket: bytes in, messages out."""

    def __init__(self, server: Server, kernel_id: str, session: Session) -> None:
        try:
            from websockets.client import ClientProtocol
            from websockets.frames import Opcode
            from websockets.typing import Subprotocol
            from websockets.uri import parse_uri
        except ImportError:
            raise MissingPackage(
                "what connects to a server", "'nuncius-protocol[server]'"
            ) from None
        self._opcode = Opcode
        self._server = server
        self._protocol = ClientProtocol(
            parse_uri(server.channels_url(kernel_id, session.session_id)),
            subprotocols=[Subprotocol(V1_SUBPROTOCOL)],
            max_size=None,
        )
        #: The parts of a message that is not complete.
        self._parts: list[bytes] = []
        self._text = False
        self.connected = False

    def hello(self) -> bytes:
        """Return the request that opens the connection."""
        request = self._protocol.connect()
        request.headers.update(self._server.all_headers)
        self._protocol.send_request(request)
        return self.outgoing()

    def outgoing(self) -> bytes:
        """Return what is to be written."""
        return b"".join(self._protocol.data_to_send())

    def encode(self, message: Message) -> bytes:
        """Return the bytes of ``message``."""
        if self._protocol.subprotocol == V1_SUBPROTOCOL:
            frame: str | bytes = encode_v1(message)
        else:
            frame = encode_legacy(message)
        if isinstance(frame, str):
            self._protocol.send_text(frame.encode())
        else:
            self._protocol.send_binary(frame)
        return self.outgoing()

    def farewell(self) -> bytes:
        """Return what closes the connection."""
        if self.connected:
            self._protocol.send_close()
        return self.outgoing()

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that ``data`` completes; then write `outgoing`.

        Args:
            data: As read; empty at the end.

        Raises:
            _Lost: The connection ended.
            KernelError: The server refused it.
        """
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        messages = [
            message
            for event in self._protocol.events_received()
            for message in self._receive(event)
        ]
        if self._protocol.handshake_exc is not None:
            raise self._refused(self._protocol.handshake_exc)
        if not messages and (not data or self._protocol.close_expected()):
            raise _Lost
        return messages

    def _refused(self, error: Exception) -> Exception:
        response = getattr(error, "response", None)
        if response is None:
            return _Lost(str(error))
        status = response.status_code
        if status in (401, 403):
            return KernelError(
                f"the server at {self._server.url} does not let us in ({status}); it takes another token"
            )
        if status == 404:
            return KernelError(f"the server at {self._server.url} has no such kernel")
        return _Lost(f"the server answered {status}")

    def _receive(self, event: Any) -> list[Message]:
        opcode = getattr(event, "opcode", None)
        if opcode is None:
            self.connected = self._protocol.handshake_exc is None
            return []
        if opcode not in (self._opcode.TEXT, self._opcode.BINARY, self._opcode.CONT):
            return []
        if opcode is not self._opcode.CONT:
            self._parts, self._text = [], opcode is self._opcode.TEXT
        self._parts.append(event.data)
        if not event.fin:
            return []
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        return self._decode(bytes(data))

    def _decode(self, data: bytes) -> list[Message]:
        try:
            if self._text:
                return [decode_legacy(data.decode("utf-8", "replace"))]
            if self._protocol.subprotocol == V1_SUBPROTOCOL:
                return [decode_v1(data)]
            return [decode_legacy(data)]
        except Malformed as error:
            import logging

            logging.getLogger(__name__).warning("dropped a message of the server: %s", error)
            return []


def _given_up(server: Server, patience: float, reason: object) -> KernelError:
    return TransportClosed(
        f"the connection to {server.url} was lost and could not be made again in {patience:g} s: {reason}"
    )


class WebSocketChannels:
    """A connection to a kernel of a server, without asyncio: a `nuncius.protocol.transport.base.Channels`.

    Args:
        server: Where it is.
        kernel_id: As the server calls it.
        session: Its id names this client to the server.

    Raises:
        MissingPackage: The library ``websockets`` is not installed.
    """

    def __init__(self, server: Server, kernel_id: str, session: Session | None = None) -> None:
        self.server = server
        self.kernel_id = kernel_id
        self.session = session or Session()
        self._wire = _Wire(server, kernel_id, self.session)
        self._socket: socket.socket | None = None
        #: What is to be sent when there is a connection again.
        self._outbox: deque[Message] = deque()
        self._closed = False
        #: When the connection was lost, and when to try next.
        self._lost_at: float | None = None
        self._retry_at = 0.0
        #: Messages that came with the answer to the handshake.
        self._early: list[Message] = []

    def __repr__(self) -> str:
        return f"<WebSocketChannels {self.server.url} {self.kernel_id}>"

    @property
    def new(self) -> MessageFactory:
        """Makes the messages that can be sent here."""
        return self.session.message

    def open(self) -> None:
        """Connect.

        Raises:
            KernelError: The server is not there, does not let us in, or has no such kernel.
        """
        if self._closed:
            raise TransportClosed("this connection was closed; make a new one")
        if self._socket is None:
            try:
                self._connect()
            except (OSError, _Lost) as error:
                self._disconnect()
                raise KernelError(
                    f"cannot reach the server at {self.server.url}: {error}"
                ) from error
            except BaseException:
                self._disconnect()
                raise

    def _connect(self) -> None:
        self._wire = wire = _Wire(self.server, self.kernel_id, self.session)
        self._socket = socket.create_connection(self.server.address, self.server.timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if (tls := self.server.tls_context) is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname=self.server.address[0])
        self._socket.sendall(wire.hello())
        while not wire.connected:
            self._early += wire.feed(self._socket.recv(_CHUNK))
        self._lost_at = None
        while self._outbox:
            self._socket.sendall(wire.encode(self._outbox.popleft()))

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _lose(self, reason: object) -> None:
        self._disconnect()
        now = monotonic()
        if self._lost_at is None:
            self._lost_at, self._retry_at = now, now
        elif now - self._lost_at > PATIENCE:
            raise _given_up(self.server, PATIENCE, reason)
        else:
            self._retry_at = now + _PAUSE

    def _check_open(self) -> None:
        if self._closed or (self._socket is None and self._lost_at is None):
            raise TransportClosed(
                "the connection to the server is closed"
                if self._closed
                else "the connection to the server was not opened; call open() first"
            )

    def send(self, message: Message) -> None:
        """Send ``message``; while there is no connection, it waits for the next one.

        Raises:
            TransportClosed: It is not open.
            Malformed: It cannot be encoded.
        """
        self._check_open()
        if self._socket is None:
            self._outbox.append(message)
            return
        data = self._wire.encode(message)
        try:
            self._socket.settimeout(self.server.timeout)
            self._socket.sendall(data)
        except OSError as error:
            self._outbox.append(message)
            self._lose(error)

    def receive(self, timeout: float | None = 0) -> list[Message]:
        """Wait for messages, and return those that are there.

        Args:
            timeout: Seconds; 0 only looks, None waits for ever.

        Raises:
            TransportClosed: It is not open, or the connection was lost for good.
        """
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            self._check_open()
            if messages := self._read():
                return messages
            remaining = None if deadline is None else deadline - monotonic()
            if remaining is not None and remaining <= 0:
                return []
            if self._socket is not None:
                select.select([self._socket], [], [], remaining)
            else:
                pause = max(0.0, self._retry_at - monotonic())
                select.select([], [], [], pause if remaining is None else min(pause, remaining))

    def _read(self) -> list[Message]:
        """Return what is there, connecting again where that is due."""
        if self._socket is None:
            if monotonic() < self._retry_at:
                return []
            try:
                self._connect()
            except (OSError, _Lost) as error:
                self._lose(error)
                return []
        messages, self._early = self._early, []
        assert self._socket is not None
        self._socket.settimeout(0)
        try:
            while not messages:
                data = self._socket.recv(_CHUNK)
                _acknowledge(self._socket)
                messages += self._wire.feed(data)
                self._reply()
        except (BlockingIOError, InterruptedError):
            pass
        except (OSError, _Lost) as error:
            # SSLWantReadError is an OSError: TLS has no complete record yet.
            if not type(error).__name__.startswith("SSLWant"):
                self._lose(error)
        return messages

    def _reply(self) -> None:
        """Answer pings."""
        if (data := self._wire.outgoing()) and self._socket is not None:
            self._socket.settimeout(self.server.timeout)
            self._socket.sendall(data)
            self._socket.settimeout(0)

    def set_sink(self, sink: Sink | None) -> None:
        """Do nothing: the socket has to be read."""

    def filenos(self) -> Sequence[tuple[Channel, int]]:
        """Return the descriptor to wait for; none while the connection is lost."""
        return [] if self._socket is None else [(Channel.IOPUB, self._socket.fileno())]

    def heartbeat(self, timeout: float) -> bool:
        """Return True: the server watches the kernel, and says when it dies."""
        return not self._closed

    def close(self) -> None:
        """Close; the kernel goes on."""
        if self._closed:
            return
        self._closed = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.settimeout(1)
                self._socket.sendall(self._wire.farewell())
        self._disconnect()


class WebSocketTransport:
    """A connection to a kernel of a server, for asyncio: a `nuncius.protocol.transport.base.Transport`.

    Args:
        server: Where it is.
        kernel_id: As the server calls it.
        session: Its id names this client to the server.
        patience: Seconds for which a lost connection is tried to be made again.

    Attributes:
        on_change: Called with a sentence for the person when the connection is lost, and when it is there again.

    Raises:
        MissingPackage: The library ``websockets`` is not installed.
    """

    def __init__(
        self,
        server: Server,
        kernel_id: str,
        session: Session | None = None,
        *,
        patience: float = PATIENCE,
    ) -> None:
        self.server = server
        self.patience = patience
        self.kernel_id = kernel_id
        self.session = session or Session()
        self.on_change: Callable[[str], None] = _ignore
        self._wire = _Wire(server, kernel_id, self.session)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._inbox: deque[Message] = deque()
        self._outbox: deque[Message] = deque()
        self._opened = False
        self._closed = False
        #: Connections that were lost; asyncio needs a moment to close them.
        self._leaving: list[asyncio.StreamWriter] = []
        #: The iteration, while it waits: `aclose` ends it.
        self._waiting: asyncio.Task[bytes] | None = None

    def __repr__(self) -> str:
        return f"<WebSocketTransport {self.server.url} {self.kernel_id}>"

    @property
    def new(self) -> MessageFactory:
        """Makes the messages that can be sent here."""
        return self.session.message

    async def open(self) -> None:
        """Connect.

        Raises:
            KernelError: The server is not there, does not let us in, or has no such kernel.
        """
        if self._closed:
            raise TransportClosed("this connection was closed; make a new one")
        if self._opened:
            return
        try:
            await self._connect()
        except (OSError, _Lost) as error:
            raise KernelError(f"cannot reach the server at {self.server.url}: {error}") from error
        finally:
            await self._see_off()
        self._opened = True

    async def _connect(self) -> None:
        import asyncio

        host, port = self.server.address
        wire = _Wire(self.server, self.kernel_id, self.session)
        async with asyncio.timeout(self.server.timeout):
            reader, writer = await asyncio.open_connection(host, port, ssl=self.server.tls_context)
            try:
                writer.write(wire.hello())
                while not wire.connected:
                    self._inbox.extend(wire.feed(await reader.read(_CHUNK)))
            except BaseException:
                writer.close()
                self._leaving.append(writer)
                raise
        self._wire, self._reader, self._writer = wire, reader, writer
        while self._outbox:
            writer.write(wire.encode(self._outbox.popleft()))

    async def send(self, message: Message) -> None:
        """Send ``message``; while there is no connection, it waits for the next one.

        Raises:
            TransportClosed: It is not open.
            Malformed: It cannot be encoded.
        """
        if self._closed or not self._opened:
            raise TransportClosed("the connection to the server is not open")
        if self._writer is None or self._writer.is_closing():
            self._outbox.append(message)
            return
        self._writer.write(self._wire.encode(message))
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()
        if self._writer is None or self._writer.is_closing():
            # The connection was gone, and writing to it was what told.
            self._outbox.append(message)

    def __aiter__(self) -> AsyncIterator[Message]:
        """Iterate over the messages of all channels until `aclose`; one iteration at a time."""
        return self

    async def __anext__(self) -> Message:
        import asyncio

        while not self._inbox:
            if self._closed or self._reader is None:
                raise StopAsyncIteration
            self._waiting = asyncio.ensure_future(self._reader.read(_CHUNK))
            try:
                data = await self._waiting
                if self._writer is not None:
                    _acknowledge(self._writer.get_extra_info("socket"))
                self._inbox.extend(self._wire.feed(data))
                if (reply := self._wire.outgoing()) and self._writer is not None:
                    self._writer.write(reply)
            except asyncio.CancelledError:
                if self._closed and not _being_cancelled():
                    raise StopAsyncIteration from None
                raise
            except (OSError, _Lost) as error:
                await self._connect_again(error)
            finally:
                self._waiting = None
        return self._inbox.popleft()

    async def _connect_again(self, reason: Exception) -> None:
        import asyncio

        self._hang_up()
        deadline, told = monotonic() + self.patience, False
        while not self._closed:
            try:
                await self._connect()
            except (OSError, _Lost) as error:
                if not told:
                    told = True
                    self.on_change(
                        f"The connection to {self.server.url} is lost; it is tried again for {self.patience:g} s."
                    )
                if monotonic() > deadline:
                    raise _given_up(self.server, self.patience, error or reason) from error
                await asyncio.sleep(_PAUSE)
            else:
                if told:
                    self.on_change(f"The connection to {self.server.url} is there again.")
                return

    def _hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._leaving.append(self._writer)
            self._writer = None

    async def heartbeat(self, timeout: float) -> bool:
        """Return True: the server watches the kernel, and says when it dies."""
        return not self._closed

    async def aclose(self) -> None:
        """Close; the kernel goes on. The iteration ends."""
        if self._closed:
            return
        self._closed = True
        if self._waiting is not None:
            self._waiting.cancel()
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(OSError):
                writer.write(self._wire.farewell())
                writer.close()
            self._leaving.append(writer)
        await self._see_off()

    async def _see_off(self) -> None:
        import asyncio

        while self._leaving:
            # A server that does not answer to the end of TLS is not waited for.
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await self._leaving.pop().wait_closed()


def _ignore(text: str) -> None:
    """Tell nobody."""


def _being_cancelled() -> bool:
    import asyncio

    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
