"""Clients and a kernel behind a WebSocket: both framings, with and without TLS, and connections that break."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from nuncius.protocol.client.aio import AsyncClient
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.errors import KernelDied, KernelError, TransportClosed
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.session import Session
from nuncius.protocol.transport.base import Channels, Transport
from nuncius.protocol.transport.server import Server
from nuncius.protocol.transport.websocket import WebSocketChannels, WebSocketTransport
from nuncius.protocol.websocket import (
    V1_SUBPROTOCOL,
    decode_legacy,
    decode_v1,
    encode_legacy,
    encode_v1,
)

TOKEN = "let me in"
KERNEL = "kernel-1"


class Relay:
    """A server with one kernel. Its codes: ``say TEXT``, ``bytes``, ``parts``, ``ping``, ``garbage``, ``die``; and ``drop``, which breaks the connection and answers on the next one."""

    def __init__(self, subprotocol: str | None, tls: ssl.SSLContext | None) -> None:
        self._session = Session()
        #: What was published while nobody was connected.
        self._kept: list[Message] = []
        self.visitors: list[str] = []
        self._connections: list[ServerConnection] = []
        subprotocols: Any = [subprotocol] if subprotocol else None
        self._server = serve(
            self._handle,
            "127.0.0.1",
            0,
            ssl=tls,
            subprotocols=subprotocols,
            process_request=self._admit,
            max_size=None,
        )
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.socket.getsockname()[1]}/base/"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        for connection in self._connections:  # websockets does not before 15
            connection.close()
        self._thread.join()

    def _admit(self, connection: ServerConnection, request: Any) -> Any:
        parts = urlsplit(request.path)
        if request.headers.get("Authorization") != f"token {TOKEN}":
            return connection.respond(HTTPStatus.FORBIDDEN, "")
        if parts.path != f"/base/api/kernels/{KERNEL}/channels":
            return connection.respond(HTTPStatus.NOT_FOUND, "")
        self.visitors += parse_qs(parts.query)["session_id"]
        return None

    def _handle(self, connection: ServerConnection) -> None:
        kept, self._kept = self._kept, []
        self._connections.append(connection)
        try:
            for message in kept:
                self._send(connection, message)
            for data in connection:
                v1 = connection.subprotocol == V1_SUBPROTOCOL
                request = decode_v1(data) if v1 else decode_legacy(data)
                self._answer(connection, request)
        except ConnectionClosed:
            pass

    def _send(self, connection: ServerConnection, message: Message, *, parts: int = 1) -> None:
        v1 = connection.subprotocol == V1_SUBPROTOCOL
        frame = encode_v1(message) if v1 else encode_legacy(message)
        if parts == 1:
            connection.send(frame)
        else:
            size = len(frame) // parts
            connection.send(frame[at : at + size] for at in range(0, len(frame), size))

    def _answer(self, connection: ServerConnection, request: Message) -> None:
        code, _, text = request.content.get("code", "").partition(" ")
        new, parent = self._session.message, request.header

        def status(state: str) -> Message:
            content = {"execution_state": state}
            return new(Channel.IOPUB, "status", content, parent=parent)

        if code == "die":
            self._send(connection, status("dead"))
            return
        stream = {"name": "stdout", "text": text or code}
        buffers = (b"\0\xff" * 3, b"") if code == "bytes" else ()
        msg_type = request.msg_type.replace("_request", "_reply")
        answers = [
            status("busy"),
            new(Channel.IOPUB, "stream", stream, parent=parent, buffers=buffers),
            new(request.channel, msg_type, {"status": "ok"}, parent=parent),
            status("idle"),
        ]
        if code == "drop":
            # The server keeps what is published meanwhile, as Jupyter's does.
            self._kept = answers
            connection.socket.shutdown(2)
            return
        if code == "ping":
            assert connection.ping().wait(60)
        if code == "garbage":
            connection.send(b"\xff" * 40)
            connection.send("no JSON")
        for message in answers:
            self._send(connection, message, parts=5 if code == "parts" else 1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(
    params=[(V1_SUBPROTOCOL, False), (None, False), (V1_SUBPROTOCOL, True)],
    ids=["v1", "legacy", "v1 with TLS"],
)
def relay(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[Relay]:
    subprotocol, encrypted = request.param
    tls = None
    if encrypted:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
    relay = Relay(subprotocol, tls)
    yield relay
    relay.close()


@pytest.fixture
def server(relay: Relay, authority: trustme.CA) -> Server:
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return Server(relay.url, TOKEN, tls=trusting, timeout=60)


def told(server: Server, code: str, face: str) -> list[str]:
    """Return the texts that a cell publishes, as a client of that face receives them."""
    if face == "blocking":
        with Client(WebSocketChannels(server, KERNEL)) as client:
            client.wait_until_ready(timeout=60)
            execution = client.execute(code)
            texts = [message.content["text"] for message in execution]
            assert execution.result(timeout=60).status == "ok"
            return texts

    async def story() -> list[str]:
        async with AsyncClient(WebSocketTransport(server, KERNEL)) as client:
            await client.wait_until_ready(timeout=60)
            execution = client.execute(code)
            texts = [message.content["text"] async for message in execution]
            assert (await execution.result(timeout=60)).status == "ok"
            return texts

    return asyncio.run(story())


both_faces = pytest.mark.parametrize("face", ["blocking", "asyncio"])


@both_faces
@pytest.mark.parametrize(
    ("code", "text"),
    [("say höhö", "höhö"), ("bytes", "bytes"), ("parts", "parts"), ("ping", "ping")],
)
def test_a_cell_is_run_behind_a_server(server: Server, code: str, text: str, face: str) -> None:
    """Its frames may come in parts, and between them the server asks whether we are there."""
    assert told(server, code, face) == [text]


def test_binary_parts_arrive_through_both_framings(server: Server) -> None:
    with Client(WebSocketChannels(server, KERNEL)) as client:
        client.wait_until_ready(timeout=60)
        [message] = client.execute("bytes")
    assert [bytes(buffer) for buffer in message.buffers] == [b"\0\xff" * 3, b""]


def test_a_text_of_many_megabytes_passes(server: Server) -> None:
    assert told(server, "say " + "é" * 3_000_000, "blocking") == ["é" * 3_000_000]


@both_faces
def test_a_connection_that_breaks_is_made_again_and_nothing_is_lost(
    relay: Relay, server: Server, face: str
) -> None:
    """It comes back under the same session: that is how the server knows what we have missed."""
    assert told(server, "drop", face) == ["drop"]
    assert len(relay.visitors) == 2
    assert len(set(relay.visitors)) == 1


def test_a_connection_that_is_lost_for_good_is_told() -> None:
    relay = Relay(V1_SUBPROTOCOL, None)
    said: list[str] = []

    async def story() -> None:
        transport = WebSocketTransport(Server(relay.url, TOKEN), KERNEL, patience=0.01)
        transport.on_change = said.append
        await transport.open()
        closing = asyncio.create_task(asyncio.to_thread(relay.close))
        try:
            with pytest.raises(TransportClosed, match=r"could not be made again in 0\.01 s: "):
                await anext(transport)
        finally:
            await transport.aclose()
            await closing

    asyncio.run(story())
    assert said == [f"The connection to {relay.url} is lost; it is tried again for 0.01 s."]


@both_faces
def test_garbage_of_the_server_is_dropped_and_told(
    server: Server, face: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert told(server, "garbage", face) == ["garbage"]
    said = [record.message.partition(": ")[0] for record in caplog.records]
    assert said == ["dropped a message of the server"] * 2


@both_faces
def test_the_server_tells_that_the_kernel_died(server: Server, face: str) -> None:
    with pytest.raises(KernelDied, match="the kernel died"):
        told(server, "die", face)


@both_faces
@pytest.mark.parametrize(
    ("token", "kernel_id", "reason"),
    [("wrong", KERNEL, r"does not let us in \(403\)"), (TOKEN, "other", "has no such kernel")],
)
def test_who_is_not_let_in_is_told_why(
    server: Server, face: str, token: str, kernel_id: str, reason: str
) -> None:
    other = Server(server.url, token, tls=server.tls)

    async def story() -> None:
        await WebSocketTransport(other, kernel_id).open()

    with pytest.raises(KernelError, match=reason):
        WebSocketChannels(other, kernel_id).open() if face == "blocking" else asyncio.run(story())


@both_faces
def test_a_certificate_that_nobody_vouches_for_is_refused(authority: trustme.CA, face: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    relay = Relay(V1_SUBPROTOCOL, tls)
    try:
        with pytest.raises(
            KernelError, match=r"cannot reach the server.*certificate verify failed"
        ):
            told(Server(relay.url, TOKEN), "say no", face)
    finally:
        relay.close()


@both_faces
def test_a_server_that_is_not_there_is_named(face: str) -> None:
    with pytest.raises(KernelError, match=r"cannot reach the server at http://127\.0\.0\.1:1/"):
        told(Server("http://127.0.0.1:1/"), "say no", face)


def test_what_is_closed_says_so(server: Server) -> None:
    channels = WebSocketChannels(server, KERNEL)
    assert isinstance(channels, Channels)
    with pytest.raises(TransportClosed, match="was not opened"):
        channels.receive()
    channels.open()
    assert channels.heartbeat(1)
    channels.close()
    channels.close()
    assert not channels.heartbeat(1)
    for use in (channels.receive, channels.open):
        with pytest.raises(TransportClosed, match="closed"):
            use()

    async def story() -> None:
        transport = WebSocketTransport(server, KERNEL)
        assert isinstance(transport, Transport)
        message = transport.new(Channel.SHELL, "kernel_info_request")
        with pytest.raises(TransportClosed, match="not open"):
            await transport.send(message)
        await transport.open()
        await transport.send(message)
        assert (await anext(transport)).parent_id == message.msg_id
        await transport.aclose()
        await transport.aclose()
        with pytest.raises(TransportClosed, match="closed"):
            await transport.open()
        async for message in transport:  # what had arrived is still there; then it ends
            assert message.channel in {Channel.IOPUB, Channel.SHELL}

    asyncio.run(story())
