"""Bind the five sockets of a kernel, to the ports of its connection file or to whatever is free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import zmq

from nuncius.protocol.curve import apply_server
from nuncius.protocol.errors import ConnectionFileError
from nuncius.protocol.messages import Channel
from nuncius.protocol.serving.publisher import MOST_MESSAGES
from nuncius.protocol.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nuncius.protocol.connection import ConnectionInfo

__all__ = ["Bound", "bind"]

#: Milliseconds that closing waits for replies that have not left yet.
_LINGER_MS = 1000


class Bound(Value):
    """The sockets, and where they listen.

    Attributes:
        info: With the real ports.
        context: That they were made with.
        sockets: By channel.
    """

    info: ConnectionInfo
    context: zmq.Context[Any]
    sockets: Mapping[Channel, zmq.Socket[bytes]]

    def close(self) -> None:
        """Close all; only where no thread uses them."""
        for socket in self.sockets.values():
            socket.close(0)
        self.context.term()


def bind(info: ConnectionInfo) -> Bound:
    """Bind the sockets that ``info`` asks for; port 0 means any.

    Args:
        info: What is wanted.

    Raises:
        ConnectionFileError: An address cannot be bound; it says which one, and why.
    """
    context: zmq.Context[Any] = zmq.Context()
    sockets: dict[Channel, zmq.Socket[bytes]] = {}
    ports: dict[str, int] = {}
    try:
        for channel in Channel:
            kind = zmq.XPUB if channel is Channel.IOPUB else zmq.ROUTER
            socket = sockets[channel] = context.socket(kind)
            _prepare(socket, channel, info)
            if channel is Channel.IOPUB:
                # Before binding, or it has no effect.
                socket.set(zmq.SNDHWM, MOST_MESSAGES)
            ports[f"{channel}_port"] = _bind(socket, channel, info)
    except BaseException:
        for socket in sockets.values():
            socket.close(0)
        context.term()
        raise
    return Bound(info.with_ports(ports), context, sockets)


def _prepare(socket: zmq.Socket[bytes], channel: Channel, info: ConnectionInfo) -> None:
    socket.linger = 0 if channel is Channel.HB else _LINGER_MS
    if channel is not Channel.IOPUB:
        socket.set(zmq.SNDHWM, 0)
        socket.set(zmq.RCVHWM, 0)
        if channel is not Channel.HB:
            # A client that comes back with the same identity takes the place of its old connection.
            socket.set(zmq.ROUTER_HANDOVER, 1)
    if ":" in info.ip:
        socket.set(zmq.IPV6, 1)
    apply_server(socket, info)


def _bind(socket: zmq.Socket[bytes], channel: Channel, info: ConnectionInfo) -> int:
    port = info.port(channel)
    if info.transport == "ipc" and not port:
        port = list(Channel).index(channel) + 1
    url = info.with_ports({f"{channel}_port": port}).url(channel)
    if not port:
        url = url.removesuffix(":0") + ":*"
    try:
        socket.bind(url)
    except zmq.ZMQError as error:
        hint = (
            "another program listens there; let the kernel choose its ports (0 in the connection file)"
            if error.errno == zmq.EADDRINUSE
            else "is this an address of this machine?"
        )
        raise ConnectionFileError(
            f"cannot listen at {url} ({channel}): {error.strerror or error}; {hint}"
        ) from None
    if port:
        return port
    endpoint = cast("bytes", socket.getsockopt(zmq.LAST_ENDPOINT))
    return int(endpoint.rstrip(b"\0").rsplit(b":", 1)[1])
