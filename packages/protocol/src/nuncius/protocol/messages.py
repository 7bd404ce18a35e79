"""The value that everything else passes around: one message of the Jupyter protocol.

A `Message` is immutable. It knows its header, the header of the request that caused it (its *parent*), and three mappings;
it knows nothing of sockets, keys or bytes. `nuncius.protocol.session` turns it into frames and back.

Source: "Messaging in Jupyter", sections "General Message Format" and "The Wire Protocol", protocol 5.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from nuncius.protocol.values import Value, field

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "PROTOCOL_VERSION",
    "Buffer",
    "Channel",
    "Header",
    "Message",
    "MessageFactory",
    "NewHeader",
    "NewMessage",
    "make_header",
    "make_message",
]

#: The version of the message specification that we write into headers, kernel_info replies and kernelspecs alike.
PROTOCOL_VERSION = "5.5"

Buffer = bytes | bytearray | memoryview

_EMPTY: Mapping[str, Any] = {}


class Channel(StrEnum):
    """The five sockets of a kernel, by their names in connection files."""

    SHELL = "shell"
    IOPUB = "iopub"
    STDIN = "stdin"
    CONTROL = "control"
    HB = "hb"


class Header(Value):
    """Who said what, and when.

    Attributes:
        msg_id: Unique for each message.
        msg_type: Such as ``execute_request``.
        session: Identifies the sender; a restarted kernel has a new one.
        username: Of the sender.
        date: ISO 8601 with a zone, as it came: parsing it is left to `when`.
        version: Of the message specification that the sender speaks.
        subshell_id: Of the subshell that is to run the request (JEP 91); None is the main one.
        extra: Fields that the specification does not know, kept as they came.
        encoded: The header as it stood on the wire. A reply's parent header is an exact copy of it, made without encoding anything again.
    """

    msg_id: str
    msg_type: str
    session: str = ""
    username: str = ""
    date: str = ""
    version: str = PROTOCOL_VERSION
    subshell_id: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    encoded: bytes | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the header as the mapping that the wire format and Jupyter's Python APIs use."""
        data: dict[str, Any] = {
            "msg_id": self.msg_id,
            "msg_type": self.msg_type,
            "session": self.session,
            "username": self.username,
            "date": self.date,
            "version": self.version,
        }
        if self.subshell_id is not None:
            data["subshell_id"] = self.subshell_id
        if self.extra:
            data.update(self.extra)
        return data

    @property
    def when(self) -> datetime:
        """The date as a `datetime.datetime`, with a zone.

        Raises:
            ValueError: The sender's date is not ISO 8601.
        """
        from datetime import UTC, datetime

        date = datetime.fromisoformat(self.date)
        return date if date.tzinfo else date.replace(tzinfo=UTC)


class Message(Value):
    """One message.

    Attributes:
        channel: The socket that it travels on.
        header: Its own header.
        parent: The header of the request that it answers or was caused by.
        content: The body, typed by `nuncius.protocol.content`.
        metadata: What is said about the message.
        buffers: Binary parts, never copied by us.
        route: ZeroMQ's routing identities (ROUTER sockets) or the topic (iopub); empty on a client's requests.
    """

    channel: Channel
    header: Header
    parent: Header | None = None
    content: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    buffers: tuple[Buffer, ...] = ()
    route: tuple[bytes, ...] = field(default=(), compare=False, repr=False)

    @property
    def msg_id(self) -> str:
        """The id of this message."""
        return self.header.msg_id

    @property
    def msg_type(self) -> str:
        """The type of this message."""
        return self.header.msg_type

    @property
    def parent_id(self) -> str | None:
        """The id of the request that caused this message, None if there is none."""
        return None if self.parent is None else self.parent.msg_id

    def to_dict(self) -> dict[str, Any]:
        """Return the message as the nested mapping that Jupyter's Python APIs use."""
        return {
            "channel": str(self.channel),
            "header": self.header.to_dict(),
            "msg_id": self.header.msg_id,
            "msg_type": self.header.msg_type,
            "parent_header": {} if self.parent is None else self.parent.to_dict(),
            "metadata": self.metadata,
            "content": self.content,
            "buffers": list(self.buffers),
        }


class NewHeader(Value, frozen=False):
    """A header that is being filled; then its ``__class__`` is set to `Header`, and it is frozen. The constructor costs five times as much, and several are made for every cell."""

    __slots__ = tuple(Header.__fields__)


class NewMessage(Value, frozen=False):
    """A message that is being filled; then its ``__class__`` is set to `Message`, see `NewHeader`."""

    __slots__ = tuple(Message.__fields__)


_new: Any = object.__new__


def make_header(
    msg_id: str,
    msg_type: str,
    session: str,
    username: str,
    date: str,
    version: str,
    subshell_id: str | None,
    extra: Mapping[str, Any],
    encoded: bytes | None,
) -> Header:
    """Return ``Header(...)`` of the same arguments, quickly, see `NewHeader`."""
    header = _new(NewHeader)
    header.msg_id = msg_id
    header.msg_type = msg_type
    header.session = session
    header.username = username
    header.date = date
    header.version = version
    header.subshell_id = subshell_id
    header.extra = extra
    header.encoded = encoded
    # From here on it is frozen.
    header.__class__ = Header
    return header  # type: ignore[no-any-return]


def make_message(
    channel: Channel,
    header: Header,
    parent: Header | None,
    content: Mapping[str, Any],
    metadata: Mapping[str, Any],
    buffers: tuple[Buffer, ...],
    route: tuple[bytes, ...],
) -> Message:
    """Return ``Message(...)`` of the same arguments, quickly, see `NewHeader`."""
    message = _new(NewMessage)
    message.channel = channel
    message.header = header
    message.parent = parent
    message.content = content
    message.metadata = metadata
    message.buffers = buffers
    message.route = route
    message.__class__ = Message
    return message  # type: ignore[no-any-return]


class MessageFactory(Protocol):
    """Make a message with a new id and the present date.

    Cores take one as an argument: so they need no clock and no randomness of their own, and tests get the same ids each time. `nuncius.protocol.session.Session.message` is the one that is used outside tests.
    """

    def __call__(
        self,
        channel: Channel,
        msg_type: str,
        content: Mapping[str, Any] = ...,
        *,
        parent: Header | None = None,
        metadata: Mapping[str, Any] = ...,
        buffers: tuple[Buffer, ...] = (),
        route: tuple[bytes, ...] = (),
        subshell_id: str | None = None,
    ) -> Message:
        """Return the new message."""
        ...
