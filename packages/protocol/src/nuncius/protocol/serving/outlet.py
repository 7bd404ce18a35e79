"""Send what a kernel publishes, and hold back and join stream text so that a thousand prints are not a thousand messages.

Rule 1: the first line after a quiet moment goes out with its newline; what follows is joined for `Outlet.interval` seconds per (request, stream).
Rule 2: any other message sends the text that is held back first, so the order of what one thread publishes is the order on the wire.
Rule 3: nothing is lost: when frontends have not taken enough of what was sent, whoever has output waits (`Outlet.room`). Messages that are made already do not: states and replies.

All methods may be called from any thread. One lock covers the sending; text is taken without it, since appending to a deque is one step of the interpreter.
"""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from nuncius.protocol.messages import Buffer, Channel, Header, Message, MessageFactory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

__all__ = ["Outlet", "Room"]

#: Stream text of one message, in characters: more is sent at once. What waits for a slow frontend is bounded in bytes, see `nuncius.protocol.serving.publisher`.
_LARGEST = 1 << 18

#: Seconds that the beginning of a line waits for its end after a quiet moment: print() writes the two separately.
_MOMENT = 0.005

#: Explicit flushes that are obeyed at once within one interval; a loop that flushes each line is joined all the same.
_FLUSHES = 8

#: What comes once for a cell does not wait for room: its reply waits for it, also that of a cell that was interrupted while it waited.
_AT_ONCE = frozenset({"execute_input", "execute_result", "error", "shutdown_reply"})

_EMPTY: Mapping[str, Any] = {}

#: Messages that have their place among the output of child processes.
_SHOWN = frozenset({"display_data", "execute_result", "error", "clear_output"})


class Room(Protocol):
    """Tells whether there is room for output: `nuncius.protocol.serving.publisher.Publisher` does.

    Attributes:
        full: There is none; then `wait` should be called.
    """

    full: bool

    def wait(self) -> None:
        """Wait until there is room."""


class Outlet:
    """The way of published messages.

    Args:
        new: Makes messages.
        send: Sends one; called with the lock held.
        topic: The first part of iopub topics.
        schedule: Called, from any thread, when text is held back that should be flushed (`flush_due`) after so many seconds. None: there is no timer, so text goes out with its line.
        interval: Seconds.
        lock: A reentrant lock that covers the text and the sending; an own one by default.
        room: Tells when output has to wait; it never does by default.
        drain: Takes in what was written around us, by child processes; called before what is shown is published.
        encodes: What is published becomes JSON at once, see `nuncius.protocol.serving.request_io.RequestIO.encodes`.
    """

    def __init__(
        self,
        new: MessageFactory,
        send: Callable[[Message], None],
        *,
        topic: str = "kernel",
        schedule: Callable[[float], None] | None = None,
        interval: float = 0.03,
        lock: AbstractContextManager[Any] | None = None,
        room: Room | None = None,
        drain: Callable[[], None] | None = None,
        encodes: bool = False,
    ) -> None:
        self._room = room
        self._drain = drain
        self.encodes = encodes
        #: Returns what was published last, as far as it is kept; called with the lock held.
        self.kept: Callable[[], list[Message]] = list
        self._new = new
        self._send = send
        self._prefix = topic
        self._schedule = schedule
        self.interval = interval
        self.lock: AbstractContextManager[Any] = lock or threading.RLock()
        #: Text that is held back: whose, of which stream.
        self._held: deque[tuple[Header | None, str, str]] = deque()
        #: Its length, nearly: threads may overlook each other's.
        self._size = 0
        #: When text was sent last.
        self._last = -1.0
        self._flushes = 0
        self._scheduled = False
        #: The text that is held back is the beginning of the first line after a quiet moment.
        self._beginning = False
        self._topics: dict[str, tuple[bytes, ...]] = {}

    def publish(
        self,
        msg_type: str,
        content: Mapping[str, Any],
        *,
        parent: Header | None,
        metadata: Mapping[str, Any] | None = None,
        buffers: tuple[Buffer, ...] = (),
    ) -> None:
        """Publish a message, after the text that is held back."""
        if self._drain is not None and msg_type in _SHOWN:
            self._drain()
        if self._room is not None and self._room.full and msg_type not in _AT_ONCE:
            self._room.wait()
        message = self._new(
            Channel.IOPUB,
            msg_type,
            content,
            parent=parent,
            metadata=metadata or _EMPTY,
            buffers=buffers,
            route=self._topic(msg_type),
        )
        with self.lock:
            if self._held:
                self._flush()
            self._send(message)

    def send(self, message: Message) -> None:
        """Publish a message that is made already."""
        with self.lock:
            if self._held:
                self._flush()
            self._send(message)

    def stream(self, parent: Header | None, name: str, text: str) -> None:
        """Take text of a stream, when there is room."""
        if self._room is not None and self._room.full:
            self._room.wait()
        self.take(parent, name, text)

    def take(self, parent: Header | None, name: str, text: str) -> None:
        """Take text of a stream at once."""
        if not text:
            return
        self._held.append((parent, name, text))
        self._size += len(text)
        if self._scheduled:
            if self._size < _LARGEST and not (self._beginning and text[-1] == "\n"):
                return
            self.flush()
        elif self._size >= _LARGEST:
            self.flush()
        elif self._schedule is not None:
            self._hold(text)
        elif "\n" in text or "\r" in text:
            self.flush()

    def _hold(self, text: str) -> None:
        quiet = monotonic() - self._last >= self.interval
        if quiet and text[-1] == "\n":
            self.flush()
            return
        self._scheduled = True
        self._beginning = quiet
        assert self._schedule is not None
        self._schedule(_MOMENT if quiet else self.interval)

    def flush_hint(self) -> None:
        """Send the text that is held back, unless somebody asks for that all the time."""
        with self.lock:
            if not self._held:
                return
            if self._schedule is not None and monotonic() - self._last < self.interval:
                self._flushes += 1
                if self._flushes > _FLUSHES:
                    return
            else:
                self._flushes = 0
            self._flush()

    def flush(self) -> None:
        """Send all text that is held back."""
        with self.lock:
            if self._held:
                self._flush()

    def flush_due(self) -> None:
        """The time that ``schedule`` was called with is over."""
        with self.lock:
            self._scheduled = False
            if self._held:
                self._flush()

    def _flush(self) -> None:
        self._beginning = False
        self._size = 0
        joined: dict[tuple[int, str], tuple[Header | None, list[str]]] = {}
        take = self._held.popleft
        # What other threads write from now on is for the next time.
        for _ in range(len(self._held)):
            try:
                parent, name, text = take()
            except IndexError:  # a handler of a signal has sent the rest
                break
            key = (id(parent), name)
            texts = joined.get(key)
            if texts is None:
                joined[key] = (parent, [text])
            else:
                texts[1].append(text)
        for (_, name), (parent, parts) in joined.items():
            self._send(
                self._new(
                    Channel.IOPUB,
                    "stream",
                    {"name": name, "text": "".join(parts)},
                    parent=parent,
                    route=self._topic(f"stream.{name}"),
                )
            )
        self._last = monotonic()

    def _topic(self, msg_type: str) -> tuple[bytes, ...]:
        topic = self._topics.get(msg_type)
        if topic is None:
            name = msg_type if msg_type.startswith("stream.") else f"{self._prefix}.{msg_type}"
            topic = (name.encode("utf-8", "replace"),)
            if len(self._topics) < 64:
                self._topics[msg_type] = topic
        return topic
