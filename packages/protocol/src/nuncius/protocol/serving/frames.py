"""Send and receive the frames of one message, at the price of the frames.

pyzmq's own functions for this combine enumerations for each frame, which costs several times what sending does.

Rule 1: frames from `ZERO_COPY` bytes on are sent without a copy. That is twice as fast for large arrays, but pyzmq then starts a context and a thread to find out when their memory is free; so what is smaller is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import zmq

from nuncius.protocol.session import DELIMITER

if TYPE_CHECKING:
    from nuncius.protocol.messages import Buffer

__all__ = ["ZERO_COPY", "receive_frames", "send_frames"]

#: Bytes.
ZERO_COPY = 1 << 20

# Plain numbers: see above.
_NOBLOCK = int(zmq.NOBLOCK)
_SNDMORE = int(zmq.SNDMORE)
_RCVMORE = int(zmq.RCVMORE)


def send_frames(socket: zmq.Socket[bytes], frames: Sequence[Buffer], *, wait: bool = True) -> None:
    """Send ``frames`` as one message.

    Args:
        socket: Where to.
        frames: At least one.
        wait: For room; else `zmq.Again` is raised where there is none.

    Raises:
        zmq.Again: There is no room, or there was none within the socket's SNDTIMEO. Nothing was sent.
    """
    send = socket.send
    last = 0 if wait else _NOBLOCK
    flags = last | _SNDMORE
    for frame in frames[:-1]:
        send(frame, flags, _is_small(frame))
    send(frames[-1], last, _is_small(frames[-1]))


def _is_small(frame: Buffer) -> bool:
    if frame.__class__ is bytes:
        return len(frame) < ZERO_COPY
    return memoryview(frame).nbytes < ZERO_COPY


def receive_frames(socket: zmq.Socket[bytes]) -> list[Any]:
    """Return the frames of the next message, nothing if there is none; binary parts are views of ZeroMQ's memory."""
    receive = socket.recv
    try:
        frames: list[Any] = [receive(_NOBLOCK)]
    except zmq.Again:
        return []
    more = socket.getsockopt
    buffers_at = -1
    while more(_RCVMORE):
        if 0 < buffers_at <= len(frames):
            frames.append(receive(_NOBLOCK, copy=False).buffer)
            continue
        frame = receive(_NOBLOCK)
        if buffers_at < 0 and frame == DELIMITER:
            buffers_at = len(frames) + 6
        frames.append(frame)
    return frames
