"""Keep the last output of a kernel, for a frontend that comes later: it sees what was printed while nobody looked.

A kernel whose ``supported_features`` name `FEATURE` answers ``replay_request`` on the control channel, also while a cell runs. The reply's ``messages`` are what was published last, oldest first, each with ``header``, ``parent_header``, ``metadata`` and ``content``; ``forgotten`` counts those that there was no room for. A frontend that subscribes first and then asks misses nothing: what it got twice has the same ``msg_id``.

Rule 1: what is kept is what was sent: the encoded dictionaries, without buffers. Nothing is encoded for it.
Rule 2: there is a limit in bytes. The oldest goes first; what is larger than the limit is not kept at all.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from nuncius.protocol.messages import Channel, Message, make_message
from nuncius.protocol.session import parse_header, parse_parent
from nuncius.protocol.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nuncius.protocol.packing import Packer

__all__ = ["FEATURE", "LIMIT", "Recent", "Replay", "replay_reply", "replayed"]

#: How a kernel says that it answers ``replay_request``.
FEATURE: Final = "replay"

#: Bytes that are kept by default.
LIMIT: Final = 1 << 20

#: What a message takes beside its bytes: four objects, and a tuple of them.
_OVERHEAD: Final = 256

#: Parts of fewer bytes are copied.
_SMALL: Final = 1 << 14

#: What people see. States, comms and the debugger's events are of their moment only.
_SHOWN: Final = frozenset(
    {
        "clear_output",
        "display_data",
        "error",
        "execute_input",
        "execute_result",
        "stream",
        "update_display_data",
    }
)

_PARTS: Final = ("header", "parent_header", "metadata", "content")


class Replay:
    """The last output.

    One lock, that of the `nuncius.protocol.serving.outlet.Outlet`, covers all its methods.

    Args:
        limit: Bytes; 0 keeps nothing.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._kept: deque[tuple[int, Sequence[Any]]] = deque()
        self._size = 0
        self._forgotten = 0

    def keep(self, message: Message, frames: Sequence[Any]) -> None:
        """Keep a message that is published, if people see it.

        Args:
            message: The message.
            frames: What `nuncius.protocol.session.Session.encode` made of it.
        """
        if message.header.msg_type not in _SHOWN or not self.limit:
            return
        first = len(message.route) + 2
        parts = [_trimmed(part) for part in frames[first : first + 4]]
        size = _OVERHEAD + sum(map(len, parts))
        if size > self.limit:
            self._forgotten += 1
            return
        self._kept.append((size, parts))
        self._size += size
        while self._size > self.limit:
            self._size -= self._kept.popleft()[0]
            self._forgotten += 1

    def take(self) -> tuple[list[Sequence[Any]], int]:
        """Return the parts of what is kept, oldest first, and how many messages are forgotten."""
        return [parts for _, parts in self._kept], self._forgotten


class Recent:
    """The last output of a kernel in this process: its messages, by reference, without their buffers.

    Args:
        limit: Bytes, as far as they can be told without encoding anything; 0 keeps nothing.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._kept: deque[tuple[int, Message]] = deque()
        self._size = 0

    def keep(self, message: Message) -> None:
        """Keep a message that is published, if people see it; called with the outlet's lock held."""
        if message.header.msg_type not in _SHOWN or not self.limit:
            return
        size = _OVERHEAD + _weight(message.content, 4)
        if size > self.limit:
            return
        if message.buffers:
            message = replace(message, buffers=())
        self._kept.append((size, message))
        self._size += size
        while self._size > self.limit:
            self._size -= self._kept.popleft()[0]

    def take(self) -> list[Message]:
        """Return what is kept, oldest first."""
        return [message for _, message in self._kept]


#: Of a long list, so many values are weighed.
_SAMPLE: Final = 64


def _weight(value: object, depth: int) -> int:
    """Return about how many bytes a value of a message takes."""
    if isinstance(value, str | bytes):
        return len(value)
    if not depth or not isinstance(value, dict | list | tuple):
        return 8
    if isinstance(value, dict):
        return sum(_weight(each, depth - 1) for each in value.values())
    sample = sum(_weight(each, depth - 1) for each in value[:_SAMPLE])
    return sample * len(value) // max(1, min(len(value), _SAMPLE))


def _trimmed(part: Any) -> Any:
    """Return a small part as an object of its own size: some encoders give 4 KiB to each."""
    return bytes(memoryview(part)) if len(part) < _SMALL else part


def replay_reply(kept: Sequence[Sequence[Any]], forgotten: int, packer: Packer) -> dict[str, Any]:
    """Return the content of ``replay_reply``.

    Args:
        kept: The parts of the messages.
        forgotten: How many there are no more.
        packer: What they were encoded with.
    """
    messages = [
        {name: packer.unpack(part, name) for name, part in zip(_PARTS, parts, strict=True)}
        for parts in kept
    ]
    return {"status": "ok", "messages": messages, "forgotten": forgotten}


def replayed(content: Mapping[str, Any]) -> list[Message]:
    """Return the messages that the content of a ``replay_reply`` holds, oldest first.

    Raises:
        Malformed: It holds something else.
    """
    return [
        make_message(
            Channel.IOPUB,
            parse_header(each.get("header")),
            parse_parent(each.get("parent_header")),
            each.get("content") or {},
            each.get("metadata") or {},
            (),
            (),
        )
        for each in content.get("messages", ())
        if isinstance(each, dict)
    ]
