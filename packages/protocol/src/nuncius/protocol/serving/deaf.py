"""Find the connections of a listening socket whose other end reads nothing, or next to nothing, and end them.

A publishing ZeroMQ socket does not say which of its subscribers is behind. The system does: data that was written to a connection, and neither leaves nor is acknowledged while time passes, belongs to an end that does not read.

Rule 1: only connections whose own address is that of the listening socket are touched: the process has others.
Rule 2: where the system does not tell, nothing is found.

Source: tcp(7), SIOCOUTQ and TCP_INFO; unix(7), SIOCOUTQ.
"""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Progress", "end_deaf", "has_moved", "progress"]

#: What a connection has done: bytes that wait, bytes that were acknowledged.
Progress = dict[tuple[int, int], tuple[int, int]]

_SIOCOUTQ: Final = 0x5411

#: Where ``tcpi_bytes_acked`` stands in ``struct tcp_info`` of Linux.
_ACKED_AT: Final = 120


def progress(endpoint: str) -> Progress:
    """Return how far each connection has come that was accepted at ``endpoint``.

    Args:
        endpoint: As ZeroMQ tells it: ``tcp://127.0.0.1:5000`` or ``ipc:///path``.

    Returns:
        By descriptor and inode. Empty where the system does not tell.
    """
    return {
        (descriptor, os.fstat(connection.fileno()).st_ino): (
            _waiting(connection),
            _acknowledged(connection),
        )
        for descriptor, connection in _accepted_at(endpoint)
    }


def has_moved(before: Progress, now: Progress) -> bool:
    """Tell whether any end that has data to take has taken some: then it is slow, not deaf."""
    return any(
        state != now[key] and (state[0] or now[key][0])
        for key, state in before.items()
        if key in now
    )


def end_deaf(endpoint: str, before: Progress, least: float = 0) -> int:
    """End the connections that had and have data to send, and whose other ends have taken too little since ``before``.

    Args:
        endpoint: As for `progress`.
        before: What `progress` returned then.
        least: How many bytes are enough; any are, where the system does not tell how many there were.

    Returns:
        How many were ended.
    """
    ended = 0
    now = progress(endpoint)
    deaf = {key for key, state in now.items() if _is_deaf(before.get(key), state, least)}
    for descriptor, connection in _accepted_at(endpoint):
        if (descriptor, os.fstat(connection.fileno()).st_ino) in deaf:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
                ended += 1
    return ended


def _is_deaf(before: tuple[int, int] | None, now: tuple[int, int], least: float) -> bool:
    if before is None or not before[0] or not now[0]:
        return False
    return before == now or (now[1] > 0 and now[1] - before[1] < least)


def _accepted_at(endpoint: str) -> Iterator[tuple[int, socket.socket]]:
    """Yield the descriptors of connections, and for each a socket of our own: it stays what it is if the descriptor is closed."""
    try:
        with os.scandir("/proc/self/fd") as entries:
            descriptors = [int(entry.name) for entry in entries]
    except OSError:
        return
    for descriptor in descriptors:
        connection = _own_socket(descriptor)
        if connection is None:
            continue
        with connection:
            if _is_connected_at(connection, endpoint):
                yield descriptor, connection


def _own_socket(descriptor: int) -> socket.socket | None:
    try:
        copy = os.dup(descriptor)
    except OSError:
        return None
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None


def _is_connected_at(connection: socket.socket, endpoint: str) -> bool:
    with suppress(OSError):
        # The listening socket itself has no peer.
        connection.getpeername()
        return _is_at(connection.getsockname(), endpoint)
    return False


def _is_at(address: Any, endpoint: str) -> bool:
    if isinstance(address, tuple):
        return endpoint.startswith("tcp://") and endpoint.endswith(f":{address[1]}")
    if isinstance(address, bytes):
        address = os.fsdecode(address)
    return bool(address) and endpoint == f"ipc://{address}"


def _waiting(connection: socket.socket) -> int:
    import fcntl

    with suppress(OSError):
        answer = fcntl.ioctl(connection.fileno(), _SIOCOUTQ, struct.pack("i", 0))
        return int(struct.unpack("i", answer)[0])
    return 0


def _acknowledged(connection: socket.socket) -> int:
    if connection.family == getattr(socket, "AF_UNIX", None):
        return 0
    with suppress(OSError, AttributeError, struct.error):
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return int(struct.unpack_from("=Q", info, _ACKED_AT)[0])
    return 0
