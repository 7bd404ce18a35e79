"""Keep a conversation with a kernel, and play it again without one.

A `Recording` is a list of messages with their direction; it is saved as JSON lines, to be read and edited. `RecordingChannels` makes one while a real conversation goes on. `ReplayChannels` answers requests out of one:
the answer to the n-th request of a type is what came back for the n-th request of that type in the recording, with ids made to fit.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nuncius.protocol.errors import Malformed, TransportClosed
from nuncius.protocol.messages import Channel, Message, MessageFactory
from nuncius.protocol.packing import clean
from nuncius.protocol.session import Session, parse_header, parse_parent

if TYPE_CHECKING:
    from nuncius.protocol.transport.base import Channels, Sink

__all__ = ["Entry", "Recording", "RecordingChannels", "ReplayChannels"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a conversation, ``sent`` by the client or ``received``."""

    direction: Literal["sent", "received"]
    message: Message


@dataclass(slots=True)
class Recording:
    """A conversation.

    Attributes:
        entries: Its messages, in the order in which the client saw them.
    """

    entries: list[Entry] = field(default_factory=list)

    def save(self, path: str | Path) -> None:
        """Write it as JSON lines."""
        lines = [json.dumps(_to_json(entry), ensure_ascii=False) + "\n" for entry in self.entries]
        Path(path).write_text("".join(lines), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """Read what `save` wrote.

        Raises:
            Malformed: A line is not a message.
            OSError: The file cannot be read.
        """
        entries = []
        for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
            try:
                entries.append(_from_json(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise Malformed(f"{path}, line {number}: not a recorded message: {error}") from None
        return cls(entries)

    def requests(self) -> Iterator[tuple[Message, list[Message]]]:
        """Yield each message that the client sent, with what came back because of it."""
        for entry in self.entries:
            if entry.direction == "sent":
                yield (
                    entry.message,
                    [
                        each.message
                        for each in self.entries
                        if each.direction == "received"
                        and each.message.parent_id == entry.message.msg_id
                    ],
                )


def _to_json(entry: Entry) -> dict[str, Any]:
    message = entry.message
    return {
        "direction": entry.direction,
        "channel": str(message.channel),
        "header": message.header.to_dict(),
        "parent_header": message.parent.to_dict() if message.parent else {},
        "metadata": clean(message.metadata),
        "content": clean(message.content),
        "buffers": [b64encode(buffer).decode("ascii") for buffer in message.buffers],
    }


def _from_json(data: dict[str, Any]) -> Entry:
    if data["direction"] not in {"sent", "received"}:
        raise ValueError(f"direction is {data['direction']!r}")
    message = Message(
        Channel(data["channel"]),
        parse_header(data["header"]),
        parse_parent(data["parent_header"]),
        data["content"],
        data["metadata"],
        tuple(b64decode(buffer) for buffer in data["buffers"]),
    )
    return Entry(data["direction"], message)


class RecordingChannels:
    """`Channels` that keep what goes through others.

    Args:
        channels: The way to the kernel.

    Attributes:
        recording: What went through.
    """

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self.recording = Recording()

    @property
    def new(self) -> MessageFactory:
        """Makes the messages that can be sent here."""
        return self._channels.new

    def open(self) -> None:
        """Connect."""
        self._channels.open()

    def send(self, message: Message) -> None:
        """Send ``message``, and keep it."""
        self.recording.entries.append(Entry("sent", message))
        self._channels.send(message)

    def receive(self, timeout: float | None = 0) -> list[Message]:
        """Return what is there, and keep it."""
        messages = self._channels.receive(timeout)
        for message in messages:
            self._keep(message)
        return messages

    def _keep(self, message: Message) -> None:
        self.recording.entries.append(Entry("received", message))

    def set_sink(self, sink: Sink | None) -> None:
        """Have messages pushed, and keep them."""
        if sink is None:
            self._channels.set_sink(None)
            return

        def keep_and_push(message: Message) -> None:
            self._keep(message)
            sink(message)

        self._channels.set_sink(keep_and_push)

    def filenos(self) -> Sequence[tuple[Channel, int]]:
        """Return the descriptors of the way to the kernel."""
        return self._channels.filenos()

    def heartbeat(self, timeout: float) -> bool:
        """Ask the kernel's heartbeat."""
        return self._channels.heartbeat(timeout)

    def close(self) -> None:
        """Close."""
        self._channels.close()


class ReplayChannels:
    """`Channels` to a kernel that is a recording.

    Args:
        recording: What it says.
        session: Makes the client's messages.

    Raises:
        Malformed: On sending a request that the recording has no answer to (any more).
    """

    def __init__(self, recording: Recording, session: Session | None = None) -> None:
        self._session = session or Session()
        self._left = list(recording.requests())
        self._waiting: list[Message] = []
        self._sink: Sink | None = None
        self._closed = False

    @property
    def new(self) -> MessageFactory:
        """Makes the messages that can be sent here."""
        return self._session.message

    def open(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def send(self, message: Message) -> None:
        """Take a request: its recorded answers come next."""
        if self._closed:
            raise TransportClosed("these channels were closed")
        for index, (request, answers) in enumerate(self._left):
            if request.msg_type == message.msg_type:
                del self._left[index]
                for answer in answers:
                    self._push(replace(answer, parent=message.header))
                return
        raise Malformed(f"the recording has no further answer to {message.msg_type}")

    def _push(self, message: Message) -> None:
        if self._sink is not None:
            self._sink(message)
        else:
            self._waiting.append(message)

    def receive(self, timeout: float | None = 0) -> list[Message]:
        """Return the answers that are due; there is never anything to wait for."""
        if self._closed:
            raise TransportClosed("these channels were closed")
        waiting, self._waiting = self._waiting, []
        return waiting

    def set_sink(self, sink: Sink | None) -> None:
        """Have answers pushed within `send`."""
        self._sink = sink

    def filenos(self) -> Sequence[tuple[Channel, int]]:
        """Return no descriptors."""
        return ()

    def heartbeat(self, timeout: float) -> bool:
        """Tell that the recording lives."""
        return not self._closed

    def close(self) -> None:
        """Close."""
        self._closed = True
