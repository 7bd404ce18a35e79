"""Read and write one ROUTER socket from several threads, one at a time.

Rule: a ZeroMQ file descriptor is edge-triggered, and any operation can swallow the edge. Whoever is responsible for reading looks at the socket (`Inbox.take`) before it waits; where that is another thread than the one that sends, the sender looks as well when it has sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import zmq

from nuncius.protocol.errors import Malformed, MessageError
from nuncius.protocol.kernel import error_reply
from nuncius.protocol.transport.frames import receive_frames, send_frames

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from nuncius.protocol.messages import Channel, Message
    from nuncius.protocol.serving.notes import Notes
    from nuncius.protocol.session import Session

__all__ = ["Inbox"]


class Inbox:
    """A bound ROUTER socket.

    Args:
        socket: Bound.
        channel: Its name.
        session: Encodes and decodes.
        notes: Where rejected messages are reported.
        deliver: Takes each message; called with the lock held.
        lock: Covers every use of the socket. Where code of a request may send, it must be shielded from interrupts.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        channel: Channel,
        session: Session,
        notes: Notes,
        deliver: Callable[[Message], None],
        lock: AbstractContextManager[Any],
    ) -> None:
        self.socket = socket
        self._channel = channel
        self._session = session
        self._notes = notes
        self._deliver = deliver
        self.lock = lock

    def fileno(self) -> int:
        """Return the edge-triggered descriptor."""
        return int(self.socket.getsockopt(zmq.FD))

    def take(self) -> None:
        """Deliver everything that has arrived."""
        with self.lock:
            while not self.socket.closed and (frames := receive_frames(self.socket)):
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
        with self.lock:
            if not self.socket.closed:
                send_frames(self.socket, frames)

    def close(self) -> None:
        """Close; replies that are on their way still leave."""
        with self.lock:
            self.socket.close()
