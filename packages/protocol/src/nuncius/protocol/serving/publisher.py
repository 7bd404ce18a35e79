"""The iopub socket: send to all subscribers without losing anything, and welcome each new one.

Rule 1: nothing is dropped. A subscriber that is slow makes the kernel wait, as long as it reads at all.
Rule 2: a subscriber that reads nothing for `Publisher.patience` seconds does not hang the kernel: from then on it loses messages (the others lose none that they have room for), until it reads again.
Rule 3: the socket is used under the lock of the `Outlet` only, and after each use its subscriptions are looked at: its file descriptor is edge-triggered.

Source: JEP 65 for ``iopub_welcome``; zmq_setsockopt(3), ZMQ_XPUB_NODROP and ZMQ_XPUB_VERBOSE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import zmq

from nuncius.protocol.errors import Malformed
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.serving.forks import generation
from nuncius.protocol.transport.frames import is_readable, send_frames

if TYPE_CHECKING:
    from nuncius.protocol.serving.notes import Notes
    from nuncius.protocol.session import Session

__all__ = ["Publisher"]


class Publisher:
    """An XPUB socket.

    Args:
        socket: An XPUB socket; its high-water mark is how many messages are kept for one subscriber.
        session: Encodes.
        notes: Where a stalled subscriber is reported.
        patience: Seconds to wait for a subscriber that is full and reads nothing.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        session: Session,
        notes: Notes,
        *,
        patience: float = 10.0,
    ) -> None:
        self._socket = socket
        self._session = session
        self._notes = notes
        self._patience = round(patience * 1000)
        self._stalled = False
        #: The process that may send: a forked child must not.
        self._generation = generation()
        socket.set(zmq.XPUB_VERBOSE, 1)
        socket.set(zmq.XPUB_NODROP, 1)
        socket.set(zmq.SNDTIMEO, self._patience)

    def send(self, message: Message) -> None:
        """Publish; called with the outlet's lock held."""
        if self._generation != generation():
            return
        try:
            frames = self._session.encode(message)
        except Malformed as error:
            self._notes.say("content", f"a {message.msg_type} was not sent: {error}")
            return
        self._send(frames)
        self.welcome()

    def _send(self, frames: list[Any]) -> None:
        socket = self._socket
        if socket.closed:
            return
        try:
            send_frames(socket, frames, wait=not self._stalled)
            self._stalled = False
        except zmq.Again:
            self._stalled = True
            self._notes.say(
                "stalled",
                f"a frontend has read nothing of iopub for {self._patience / 1000:g} s; it will miss messages",
            )
            socket.set(zmq.XPUB_NODROP, 0)
            try:
                send_frames(socket, frames)
            finally:
                socket.set(zmq.XPUB_NODROP, 1)

    def welcome(self) -> None:
        """Welcome new subscribers; called with the outlet's lock held."""
        socket = self._socket
        while not socket.closed and is_readable(socket):
            subscription = socket.recv_multipart(zmq.NOBLOCK)[0]
            if subscription[:1] != b"\x01":
                continue
            try:
                topic = subscription[1:].decode()
            except UnicodeDecodeError:
                continue
            message = self._session.message(
                Channel.IOPUB,
                "iopub_welcome",
                {"subscription": topic},
                # So that the one who subscribed, and every other one with this topic, gets it.
                route=(subscription[1:] or b"iopub_welcome",),
            )
            self._send(self._session.encode(message))
