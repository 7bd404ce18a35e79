"""The iopub socket: send to all subscribers without losing anything, and welcome each new one.

Rule 1: nothing is dropped. A subscriber that is slow makes the kernel wait, as long as it reads at all.
Rule 2: a subscriber that holds the kernel up and reads nothing for ``patience`` seconds is cut off. The others lose nothing. It connects again by itself when it reads again, and has lost what was published meanwhile.
Where the system does not tell who it is, it loses messages instead, until it reads again, and the others lose none that they have room for.
Rule 3: the socket is used under the lock of the `Outlet` only, and after each use its subscriptions are looked at: its file descriptor is edge-triggered.

Source: JEP 65 for ``iopub_welcome``; zmq_setsockopt(3), ZMQ_XPUB_NODROP and ZMQ_XPUB_VERBOSE.
"""

from __future__ import annotations

import functools
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import zmq

from nuncius.protocol.errors import Malformed
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.serving.forks import generation
from nuncius.protocol.transport.frames import ZERO_COPY, is_readable, send_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nuncius.protocol.serving.deaf import Progress
    from nuncius.protocol.serving.notes import Notes
    from nuncius.protocol.session import Session

__all__ = ["Publisher"]

#: Bytes of large frames (from `nuncius.protocol.transport.frames.ZERO_COPY` on) that may be on their way at once: when there are more, the next one waits.
ON_THE_WAY: Final = 256 << 20


class Publisher:
    """An XPUB socket.

    Args:
        socket: An XPUB socket; its high-water mark is how many messages are kept for one subscriber.
        session: Encodes.
        notes: Where a stalled subscriber is reported.
        patience: Seconds to wait for a subscriber that is full and reads nothing.
        on_the_way: Bytes of large frames that may be on their way at once.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        session: Session,
        notes: Notes,
        *,
        patience: float = 10.0,
        on_the_way: int = ON_THE_WAY,
    ) -> None:
        self._socket = socket
        self._session = session
        self._notes = notes
        self._patience = patience
        #: There is one that reads nothing, and cannot be cut off.
        self._stalled = False
        #: The large frames that are on their way, oldest first: what tells when they have left, and their sizes.
        self._large: deque[tuple[zmq.MessageTracker, int]] = deque()
        self._on_the_way = on_the_way
        #: The process that may send: a forked child must not.
        self._generation = generation()
        socket.set(zmq.XPUB_VERBOSE, 1)
        socket.set(zmq.XPUB_NODROP, 1)
        # Half of it passes before it is looked how far each one has come, half after.
        socket.set(zmq.SNDTIMEO, round(patience * 500))

    def send(self, message: Message) -> None:
        """Publish; called with the outlet's lock held."""
        if self._generation != generation():
            return
        try:
            frames = self._session.encode(message)
        except Malformed as error:
            self._notes.say("content", f"a {message.msg_type} was not sent: {error}")
            return
        self._send(frames, _large_sizes(frames, message))
        self.welcome()

    def _send(self, frames: list[Any], large: Sequence[int] = ()) -> None:
        socket = self._socket
        if socket.closed:
            return
        if self._large or large:
            self._make_room(sum(large))
        if self._try(lambda: self._put(frames, large, wait=not self._stalled)):
            self._stalled = False
            return
        self._stalled = True
        socket.set(zmq.XPUB_NODROP, 0)
        try:
            self._put(frames, large, wait=False)
        finally:
            socket.set(zmq.XPUB_NODROP, 1)

    def _put(self, frames: list[Any], large: Sequence[int], *, wait: bool) -> None:
        if not large:
            send_frames(self._socket, frames, wait=wait)
            return
        trackers: list[zmq.MessageTracker] = []
        send_frames(self._socket, frames, wait=wait, trackers=trackers)
        self._large.extend(zip(trackers, large, strict=True))

    def _make_room(self, size: int) -> None:
        """Forget what has left; before a large message, wait until there is room for it."""
        large = self._large
        while large:
            tracker, _ = large[0]
            if not tracker.done:
                if not size or size + sum(each for _, each in large) <= self._on_the_way:
                    return
                seconds = 0 if self._stalled else self._patience / 2
                if not self._try(functools.partial(tracker.wait, seconds)):
                    # As long as that one is there, memory has no limit.
                    large.clear()
                    return
            large.popleft()

    def _try(self, step: Callable[[], None]) -> bool:
        """Do what may have to wait for a subscriber; tell whether it was done."""
        before: Progress = {}
        chances = 2
        while chances:
            try:
                step()
            except (zmq.Again, zmq.NotDone):
                if self._stalled:
                    return False
                from nuncius.protocol.serving.deaf import has_moved, progress

                now = progress(self._endpoint)
                if self._cut_off(before):
                    chances = 2
                elif not has_moved(before, now):
                    chances -= 1
                before = now
            else:
                return True
        self._say("it will miss messages")
        return False

    @property
    def _endpoint(self) -> str:
        endpoint: Any = self._socket.getsockopt(zmq.LAST_ENDPOINT)
        return str(endpoint.rstrip(b"\0").decode())

    def _cut_off(self, before: Progress) -> bool:
        from nuncius.protocol.serving.deaf import end_deaf

        ended = bool(before) and end_deaf(self._endpoint, before) > 0
        if ended:
            self._say("it was cut off")
        return ended

    def _say(self, what: str) -> None:
        self._notes.say(
            "stalled", f"a frontend has read nothing of iopub for {self._patience:g} s; {what}"
        )

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


def _large_sizes(frames: list[Any], message: Message) -> Sequence[int]:
    """Return the sizes of the frames that are sent without a copy."""
    if not message.buffers and len(frames[-1]) < ZERO_COPY > len(frames[-2]):
        return ()
    sizes = [memoryview(frame).nbytes for frame in frames]
    return [size for size in sizes if size >= ZERO_COPY]
