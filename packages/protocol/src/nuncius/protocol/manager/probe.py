"""Learn that a kernel is there, and say one word to it, without a client: what a manager needs of the wire.

All waiting is for events: a socket that becomes readable, a process that ends. The one exception is a kernel that tells its ports by writing its connection file again, which is looked at every few milliseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from nuncius.protocol.connection import ConnectionInfo, load_connection_file
from nuncius.protocol.curve import apply_client
from nuncius.protocol.errors import ConnectionFileError, MessageError
from nuncius.protocol.messages import Channel, Message

if TYPE_CHECKING:
    import zmq

    from nuncius.protocol.handshake import Registrar
    from nuncius.protocol.session import Session

__all__ = ["ask", "await_file", "await_registration", "connected", "readable"]

#: Seconds between two looks at a connection file.
_FILE_INTERVAL = 0.005
#: Milliseconds between two tries to connect to a kernel that does not listen yet (libzmq's default is 100).
_RECONNECT_INTERVAL = 2


async def readable(socket: zmq.Socket[Any]) -> None:
    """Wait until there is a message on ``socket``."""
    if _has_message(socket):
        return
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    descriptor: int = socket.FD
    try:
        loop.add_reader(descriptor, event.set)
    except NotImplementedError:  # Windows' default loop
        while not _has_message(socket):  # noqa: ASYNC110
            await asyncio.sleep(_FILE_INTERVAL)
        return
    try:
        while True:
            # In this order: the descriptor tells of changes only, and reading EVENTS takes them.
            event.clear()
            if _has_message(socket):
                return
            await event.wait()
    finally:
        loop.remove_reader(descriptor)


@contextlib.asynccontextmanager
async def connected(
    context: zmq.Context[Any], info: ConnectionInfo, channel: Channel, linger: int = 0
) -> AsyncIterator[zmq.Socket[bytes]]:
    """Connect a socket to the kernel for the time of the block.

    Args:
        context: To make it with.
        info: The kernel.
        channel: Shell or control.
        linger: Milliseconds that unsent messages may take after the block.
    """
    import zmq

    socket: zmq.Socket[bytes] = context.socket(zmq.DEALER)
    try:
        socket.linger = linger
        socket.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_INTERVAL)
        if ":" in info.ip:
            socket.setsockopt(zmq.IPV6, 1)
        apply_client(socket, info)
        socket.connect(info.url(channel))
        yield socket
    finally:
        socket.close()


async def ask(
    context: zmq.Context[Any],
    info: ConnectionInfo,
    session: Session,
    msg_type: str,
    content: Mapping[str, Any] | None = None,
    channel: Channel = Channel.CONTROL,
) -> Message:
    """Send one request to the kernel, and wait for the reply, for ever.

    Messages that are not the reply, or not signed with our key, are dropped.

    Args:
        context: Of the socket, which is made and closed here.
        info: Where the kernel listens.
        session: Signs the request.
        msg_type: Of the request.
        content: Of the request; empty by default.
        channel: ``shell`` or ``control``.
    """
    request = session.message(channel, msg_type, content)
    async with connected(context, info, channel) as socket:
        socket.send_multipart(session.encode(request))
        while True:
            await readable(socket)
            try:
                message = session.decode(socket.recv_multipart(), channel)
            except MessageError:
                continue
            # Some kernels answer with a parent that has lost its id; this socket has asked nothing else.
            if message.parent_id in (request.msg_id, None):
                return message


async def await_registration(
    registrar: Registrar, info: ConnectionInfo, session: Session
) -> ConnectionInfo:
    """Wait until the kernel has registered, and return the info with its ports."""
    while True:
        await readable(registrar.socket)
        if (found := registrar.receive(info, session)) is not None:
            return found


async def await_file(path: str, key: str) -> ConnectionInfo:
    """Wait until the kernel has written its ports into the connection file, and return what stands there.

    Args:
        path: The file, as we wrote it, without ports.
        key: What must stand in it still: a file with another key is not our kernel's.
    """
    before = _stamp(path)
    while True:
        await asyncio.sleep(_FILE_INTERVAL)
        now = _stamp(path)
        if now == before:
            continue
        before = now
        # While it is being written it may be empty or half: look again later.
        with contextlib.suppress(ConnectionFileError):
            info = load_connection_file(path)
            if info.has_ports and info.key == key:
                return info
        before = None


def _has_message(socket: zmq.Socket[Any]) -> bool:
    import zmq

    return bool(int(socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN)


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - a string is what is at hand
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
