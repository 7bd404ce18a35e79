"""Read and write one ROUTER socket from several threads, one at a time.

Rule: a ZeroMQ file descriptor is edge-triggered, and any operation can swallow the edge. Whoever is responsible for reading looks at the socket (`Inbox.take`) before it waits, and `Inbox.send` reads what arrived meanwhile.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import zmq

from nuncius.protocol.errors import Malformed, MessageError
from nuncius.protocol.kernel import error_reply
from nuncius.protocol.session import DELIMITER, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuncius.protocol.messages import Channel, Message
    from nuncius.protocol.serving.notes import Notes

__all__ = ["Inbox"]

_ZERO_COPY = 65536


class Inbox:
    """A bound ROUTER socket.

    Args:
        socket: Bound.
        channel: Its name.
        session: Encodes and decodes.
        notes: Where rejected messages are reported.
        deliver: Takes each message; called with the lock held.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        channel: Channel,
        session: Session,
        notes: Notes,
        deliver: Callable[[Message], None],
    ) -> None:
        self.socket = socket
        self._channel = channel
        self._session = session
        self._notes = notes
        self._deliver = deliver
        #: Covers every use of the socket.
        self.lock = threading.RLock()

    def fileno(self) -> int:
        """Return the edge-triggered descriptor."""
        return int(self.socket.getsockopt(zmq.FD))

    def take(self) -> None:
        """Deliver everything that has arrived."""
        with self.lock:
            while not self.socket.closed and (frames := _receive(self.socket)):
                try:
                    message = self._session.decode(frames, self._channel)
                except MessageError as error:
                    self._notes.say(
                        str(self._channel), f"dropped a message on {self._channel}: {error}"
                    )
                else:
                    self._deliver(message)

    def send(self, message: Message) -> None:
        """Send a reply. If its content cannot be encoded, an error reply goes instead."""
        try:
            frames = self._session.encode(message)
        except Malformed as error:
            self._notes.say("content", f"a {message.msg_type} could not be encoded: {error}")
            frames = self._session.encode(
                self._session.message(
                    message.channel,
                    message.msg_type,
                    error_reply(error),
                    parent=message.parent,
                    route=message.route,
                )
            )
        large = bool(message.buffers) or len(frames[-1]) >= _ZERO_COPY
        with self.lock:
            if not self.socket.closed:
                self.socket.send_multipart(frames, copy=not large)

    def close(self) -> None:
        """Close; replies that are on their way still leave."""
        with self.lock:
            self.socket.close()


def _receive(socket: zmq.Socket[bytes]) -> list[Any]:
    """Return the frames of the next message, nothing if there is none; buffers are not copied."""
    try:
        frames: list[Any] = [socket.recv(zmq.NOBLOCK)]
    except zmq.Again:
        return []
    buffers_at = -1
    while socket.get(zmq.RCVMORE):
        if 0 < buffers_at <= len(frames):
            frames.append(socket.recv(zmq.NOBLOCK, copy=False).buffer)
            continue
        frame = socket.recv(zmq.NOBLOCK)
        if buffers_at < 0 and frame == DELIMITER:
            buffers_at = len(frames) + 6
        frames.append(frame)
    return frames
