"""Send and receive the frames of one message, at the price of the frames.

pyzmq's own functions for this combine enumerations for each frame, which costs several times what sending does.

Rule 1: frames from `ZERO_COPY` bytes on are sent without a copy. That is twice as fast for large arrays, but pyzmq then starts a thread to find out when their memory is free; so what is smaller is copied.
Rule 2: what is received after the four dictionaries is a view of ZeroMQ's own memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import zmq
from zmq.backend import Socket as _Socket
from zmq.backend import zmq_poll

from nuncius.protocol.session import DELIMITER
from nuncius.protocol.transport.allocation import LARGE, keep_memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nuncius.protocol.messages import Buffer

__all__ = ["ZERO_COPY", "is_readable", "readable", "receive_frames", "send_frames"]

#: Bytes.
ZERO_COPY: Final = 1 << 20

# Plain numbers: see above.
_NOBLOCK: Final = int(zmq.NOBLOCK)
_SNDMORE: Final = int(zmq.SNDMORE)
_EVENTS: Final = int(zmq.EVENTS)
_POLLIN: Final = int(zmq.POLLIN)

# Those of the base class: what pyzmq puts around them is for kinds of sockets that we do not use, and costs as much as they do.
_send: Any = _Socket.send
_receive: Any = _Socket.recv
_get: Any = _Socket.get


def send_frames(
    socket: zmq.Socket[bytes], frames: Sequence[Buffer], *, wait: bool = True, track: bool = False
) -> zmq.MessageTracker | None:
    """Send ``frames`` as one message.

    Args:
        socket: Where to.
        frames: At least one.
        wait: For room; else `zmq.Again` is raised where there is none.
        track: Return what tells when the message has left: a tracker that is done when ZeroMQ has let go of the last frame, for every receiver.

    Raises:
        zmq.Again: There is no room, or there was none within the socket's SNDTIMEO. Nothing was sent.
    """
    last = 0 if wait else _NOBLOCK
    flags = last | _SNDMORE
    send = _send
    final = len(frames) - 1
    for place, frame in enumerate(frames):
        # Nearly all are bytes; a call for each would cost as much as a small frame does.
        copy = len(frame) < ZERO_COPY if frame.__class__ is bytes else _is_small(frame)
        if place < final:
            send(socket, frame, flags, copy)
        elif track:
            tracked: zmq.MessageTracker = send(
                socket, zmq.Frame(frame, track=True, copy=False), last, False, True
            )
            return tracked
        else:
            send(socket, frame, last, copy)
    return None


def _is_small(frame: Buffer) -> bool:
    return memoryview(frame).nbytes < ZERO_COPY


def is_readable(socket: zmq.Socket[bytes]) -> bool:
    """Tell whether a message is there: half the price of an exception that says that there is none."""
    return bool(_get(socket, _EVENTS) & _POLLIN)


def readable(sockets: Sequence[zmq.Socket[bytes]]) -> set[zmq.Socket[bytes]]:
    """Return those of ``sockets`` that have a message: a third of the price of asking each."""
    ready: Any = zmq_poll([(socket, _POLLIN) for socket in sockets], 0)
    return {socket for socket, _ in ready}


def receive_frames(socket: zmq.Socket[bytes]) -> list[Any]:
    """Return the frames of the next message, nothing if there is none; binary parts are views of ZeroMQ's memory."""
    if not _get(socket, _EVENTS) & _POLLIN:
        return []
    frames: list[Any] = []
    buffers_at = 0
    receive = _receive
    try:
        while True:
            # A frame knows whether more follow; to ask the socket would cost more.
            part = receive(socket, _NOBLOCK, False)
            if buffers_at and len(frames) >= buffers_at:
                if len(part) >= LARGE:
                    keep_memory()
                frames.append(part.buffer)
            else:
                frame = part.bytes
                if not buffers_at and frame == DELIMITER:
                    buffers_at = len(frames) + 6
                frames.append(frame)
            if not part.more:
                return frames
    except zmq.Again:
        return []
