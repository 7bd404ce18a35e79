"""The iopub socket: send to all subscribers without losing anything, and welcome each new one.

Rule 1: nothing is dropped. What subscribers have not taken yet is kept, up to `ROOM` bytes in all; then whoever produces output waits (`Publisher.wait`) until the slowest one has taken some. States and replies do not wait.
Rule 2: a subscriber that makes the kernel wait and takes less than `LEAST_PACE` is cut off after ``patience`` seconds. The others lose nothing. It connects again by itself when it reads again, and has lost what was published meanwhile.
Where the system does not tell who it is, it loses messages instead, from `MOST_MESSAGES` on, and the others lose none.
Rule 3: the socket is used under the lock of the `Outlet` only, and after each use its subscriptions are looked at: its file descriptor is edge-triggered.

How far the slowest subscriber has come: ZeroMQ keeps one copy of a message for all of them, and each gets its messages in order. So when it has let go of a message, all have taken what was published before. Every `_STEP` bytes one message is sent in a way that tells when that happens.

Source: JEP 65 for ``iopub_welcome``; zmq_setsockopt(3), ZMQ_XPUB_VERBOSE; zmq_msg_init_data(3).
"""

from __future__ import annotations

import select
import threading
from collections import deque
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import zmq

from nuncius.protocol.errors import Malformed
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.serving.forks import generation
from nuncius.protocol.transport.frames import is_readable, send_frames

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from nuncius.protocol.messages import Buffer
    from nuncius.protocol.serving.deaf import Progress
    from nuncius.protocol.serving.notes import Notes
    from nuncius.protocol.serving.replay import Replay
    from nuncius.protocol.session import Session

__all__ = ["LEAST_PACE", "MOST_MESSAGES", "ROOM", "Publisher"]

#: Bytes that may be on their way to the slowest subscriber. They are in memory once, however many subscribers there are.
ROOM: Final = 256 << 20

#: What a message takes beside the bytes of its content, metadata and buffers.
_MESSAGE: Final = 4096

#: The high-water mark of the socket: more than there is room for, as ZeroMQ counts what was taken in steps of half of it.
MOST_MESSAGES: Final = 4 * ROOM // _MESSAGE

#: Bytes a second that a subscriber must take while the kernel waits for it.
LEAST_PACE: Final = 64 << 10

#: Part of the room after which it is looked how far the slowest has come.
_STEP: Final = 1 / 32

#: Seconds between two looks while there is no room: an interrupt, or a new subscriber, waits no longer.
_LOOK: Final = 0.1


class Publisher:
    """An XPUB socket.

    Args:
        socket: An XPUB socket; its high-water mark should be `MOST_MESSAGES`.
        session: Encodes.
        notes: Where a stalled subscriber is reported.
        lock: The outlet's.
        patience: Seconds to wait for a subscriber that takes next to nothing.
        room: Bytes that may be on their way.

    Attributes:
        full: There is no room: whoever has output should call `wait`.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        session: Session,
        notes: Notes,
        *,
        lock: AbstractContextManager[Any] | None = None,
        patience: float = 10.0,
        room: int = ROOM,
        replay: Replay | None = None,
    ) -> None:
        self._socket = socket
        self._session = session
        self._notes = notes
        self._lock: AbstractContextManager[Any] = lock or threading.RLock()
        self._patience = patience
        self._room = room
        self._replay = replay
        self.full = False
        #: Bytes that were published, and of those the ones that all have taken.
        self._sent = self._taken = 0
        #: What tells when a message has left, and how much had been published with it; oldest first.
        self._marks: deque[tuple[zmq.MessageTracker, int]] = deque()
        self._next_mark = self._step = int(room * _STEP)
        #: Since when there is no room: the time, how far each subscriber had come, and all of them.
        self._since: tuple[float, Progress, int] | None = None
        #: There is one that takes nothing, and cannot be cut off: nobody waits for it.
        self._stalled = False
        self._urgent: set[int] = set()
        #: The process that may send: a forked child must not.
        self._generation = generation()
        socket.set(zmq.XPUB_VERBOSE, 1)
        #: A handler of a signal may publish while its thread is in the middle of `send`: that goes out next.
        self._sending = False
        self._next: deque[Message] = deque()
        self._news = select.poll() if hasattr(select, "poll") else None  # not on Windows
        if self._news is not None:
            self._news.register(int(socket.getsockopt(zmq.FD)), select.POLLIN)

    def send(self, message: Message) -> None:
        """Publish; called with the outlet's lock held."""
        if self._generation != generation():
            return
        if self._sending:
            self._next.append(message)
            return
        self._sending = True
        try:
            self._send_one(message)
            while self._next:
                self._send_one(self._next.popleft())
        finally:
            self._sending = False

    def _send_one(self, message: Message) -> None:
        try:
            frames = self._session.encode(message)
        except Malformed as error:
            self._notes.say("content", f"a {message.msg_type} was not sent: {error}")
            return
        if self._replay is not None:
            self._replay.keep(message, frames)
        # Who has come meanwhile hears the welcome first. To look at the descriptor is enough here, and costs half: all that had come before was taken after the last use of the socket.
        if self._news is None or self._news.poll(0):
            self.welcome()
        self._send(frames, message.buffers)
        self.welcome()

    def _send(self, frames: list[Any], buffers: Sequence[Buffer] = ()) -> None:
        if self._socket.closed:
            return
        at = -1 - len(buffers)
        self._sent += len(frames[at]) + len(frames[at - 1]) + _MESSAGE
        for buffer in buffers:
            self._sent += memoryview(buffer).nbytes
        if self._sent < self._next_mark:
            send_frames(self._socket, frames, wait=False)
            return
        tracker = send_frames(self._socket, frames, wait=False, track=True)
        assert tracker is not None
        self._marks.append((tracker, self._sent))
        self._next_mark = self._sent + self._step
        self._look()

    # -- room

    def hurry(self, thread: int | None = None) -> None:
        """Never have a thread wait.

        Args:
            thread: Its identifier; all by default: the kernel ends.
        """
        if thread is None:
            self._room = 1 << 62
            self.full = False
        else:
            self._urgent.add(thread)

    def wait(self) -> None:
        """Wait until there is room; called without the lock, by whoever has output."""
        if self._generation != generation() or threading.get_ident() in self._urgent:
            return
        while self.full:
            with self._lock:
                self.welcome()
                self._look()
                oldest = self._marks[0][0] if self.full else None
            if oldest is not None:
                with suppress(zmq.NotDone):
                    oldest.wait(_LOOK)

    def _look(self) -> None:
        """Find out how far all subscribers have come, and whether there is room."""
        marks = self._marks
        while marks and marks[0][0].done:
            self._taken = marks.popleft()[1]
            self._stalled = False
        self.full = bool(marks) and self._sent - self._taken > self._room and not self._stalled
        if self.full:
            self._judge()
        else:
            self._since = None

    def _judge(self) -> None:
        """There is no room: when that has lasted too long, find out whose fault it is."""
        from nuncius.protocol.serving.deaf import end_deaf, has_moved, progress

        now = monotonic()
        if self._since is not None:
            since, before, taken = self._since
            if now - since < self._patience:
                return
            if end_deaf(self._endpoint, before, LEAST_PACE * (now - since)):
                self._say("it was cut off")
            elif taken == self._taken and not has_moved(before, progress(self._endpoint)):
                self._say("it will miss messages")
                self._stalled = True
                self.full = False
        self._since = (now, progress(self._endpoint), self._taken)

    @property
    def _endpoint(self) -> str:
        endpoint: Any = self._socket.getsockopt(zmq.LAST_ENDPOINT)
        return str(endpoint.rstrip(b"\0").decode())

    def _say(self, what: str) -> None:
        self._notes.say(
            "stalled",
            f"a frontend has taken next to nothing of iopub for {self._patience:g} s; {what}",
        )

    # -- subscribers

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
