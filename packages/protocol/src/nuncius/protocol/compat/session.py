"""Build, sign, send and receive messages as nested dictionaries: `Session` with the methods of ``jupyter_client.session.Session``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nuncius.protocol.compat.jsonutil import parse_date
from nuncius.protocol.errors import MessageError
from nuncius.protocol.messages import PROTOCOL_VERSION, Buffer
from nuncius.protocol.packing import packer_named
from nuncius.protocol.session import DELIMITER, ReplayGuard, new_id
from nuncius.protocol.session import Session as _Session

__all__ = [
    "DELIM",
    "Message",
    "Session",
    "extract_header",
    "message_dict",
    "msg_header",
    "new_id",
    "new_id_bytes",
    "protocol_version",
    "utcnow",
]

DELIM = DELIMITER
protocol_version = PROTOCOL_VERSION


def new_id_bytes() -> bytes:
    """Return a new random id as bytes."""
    return new_id().encode("ascii")


def utcnow() -> datetime:
    """Return the present time, with a zone."""
    return datetime.now(UTC)


def msg_header(msg_id: str, msg_type: str, username: str, session: str | Session) -> dict[str, Any]:
    """Return a new header."""
    return {
        "msg_id": msg_id,
        "msg_type": msg_type,
        "username": username,
        "session": session.session if isinstance(session, Session) else session,
        "date": utcnow(),
        "version": protocol_version,
    }


def extract_header(msg_or_header: Mapping[str, Any]) -> dict[str, Any]:
    """Return the header of a message, or the header itself; empty if there is none."""
    if not msg_or_header:
        return {}
    header = msg_or_header.get("header", msg_or_header)
    return dict(header) if "msg_id" in header else {}


class Message:
    """A message whose keys are attributes."""

    def __init__(self, msg_dict: Mapping[str, Any]) -> None:
        for key, value in dict(msg_dict).items():
            setattr(self, key, Message(value) if isinstance(value, dict) else value)

    def __iter__(self) -> Any:
        return iter(self.__dict__.items())

    def __repr__(self) -> str:
        return repr(self.__dict__)

    def __contains__(self, key: object) -> bool:
        return key in self.__dict__

    def __getitem__(self, key: str) -> Any:
        return self.__dict__[key]


class Session:
    """The identity and the key of one end of a connection.

    Args:
        key: The secret of the connection file.
        session: Identifies this end.
        username: Goes into headers.
        signature_scheme: ``hmac-`` and the name of a hash.
        packer: ``json`` or ``msgpack``.
        metadata: Added to each message.
        digest_history_size: How many signatures are remembered against replay; 0 for none.
        **ignored: Traits that have no meaning here (``parent``, ``config``, ``unpacker``...).
    """

    def __init__(
        self,
        *,
        key: bytes | str = b"",
        session: str | None = None,
        username: str | None = None,
        signature_scheme: str = "hmac-sha256",
        packer: str = "json",
        metadata: Mapping[str, Any] | None = None,
        digest_history_size: int = 65536,
        **ignored: Any,
    ) -> None:
        self.metadata = dict(metadata or {})
        self.digest_history = set[bytes]()
        self._history_size = digest_history_size
        self._core = _Session(
            key,
            session_id=session,
            username=username,
            signature_scheme=signature_scheme,
            packer=packer_named(packer),
            replay_guard=ReplayGuard(digest_history_size),
        )
        self._count = 0

    def __repr__(self) -> str:
        return f"<Session {self.session}>"

    @property
    def core(self) -> _Session:
        """The session behind."""
        return self._core

    @property
    def key(self) -> bytes:
        """The secret; setting it changes the signatures of what follows."""
        return self._core.key

    @key.setter
    def key(self, key: bytes | str) -> None:
        self._rebuild(key=key)

    @property
    def signature_scheme(self) -> str:
        """How messages are signed."""
        return self._core.signature_scheme

    @signature_scheme.setter
    def signature_scheme(self, scheme: str) -> None:
        self._rebuild(scheme=scheme)

    @property
    def digest_history_size(self) -> int:
        """How many signatures are remembered against replay; 0 for none."""
        return self._history_size

    @digest_history_size.setter
    def digest_history_size(self, size: int) -> None:
        self._history_size = size
        self._core.replay_guard = ReplayGuard(size)

    @property
    def session(self) -> str:
        """Identifies this end."""
        return self._core.session_id

    @session.setter
    def session(self, session: str) -> None:
        self._core.session_id = session

    @property
    def bsession(self) -> bytes:
        """The same as bytes: the identity of a client's sockets."""
        return self.session.encode()

    @property
    def username(self) -> str:
        """Goes into headers."""
        return self._core.username

    @username.setter
    def username(self, username: str) -> None:
        self._core.username = username

    @property
    def msg_id(self) -> str:
        """A new message id."""
        self._count += 1
        return f"{self.session}_{self._count}_{new_id()[:8]}"

    def _rebuild(self, key: bytes | str | None = None, scheme: str | None = None) -> None:
        self._core = _Session(
            self._core.key if key is None else key,
            session_id=self._core.session_id,
            username=self._core.username,
            signature_scheme=scheme or self._core.signature_scheme,
            packer=self._core.packer,
            replay_guard=self._core.replay_guard,
        )

    def clone(self) -> Session:
        """Return a session with the same identity and key, and a memory of its own."""
        other = Session(metadata=self.metadata, digest_history_size=self._history_size)
        other._core = self._core.clone()
        return other

    def pack(self, value: Mapping[str, Any]) -> bytes:
        """Encode one of the four dictionaries."""
        return self._core.packer.pack(value)

    def unpack(self, data: bytes) -> Any:
        """Decode one of the four dictionaries."""
        return self._core.packer.unpack(bytes(data), "message")

    # -- messages

    def msg_header(self, msg_type: str) -> dict[str, Any]:
        """Return a new header."""
        return msg_header(self.msg_id, msg_type, self.username, self.session)

    def msg(
        self,
        msg_type: str,
        content: Mapping[str, Any] | None = None,
        parent: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return a new message."""
        header = dict(header) if header is not None else self.msg_header(msg_type)
        return {
            "header": header,
            "msg_id": header["msg_id"],
            "msg_type": header["msg_type"],
            "parent_header": {} if parent is None else extract_header(parent),
            "content": {} if content is None else content,
            "metadata": {**self.metadata, **(metadata or {})},
        }

    def sign(self, msg_list: Sequence[Buffer]) -> bytes:
        """Return the signature of the four encoded dictionaries."""
        return self._core.sign(msg_list)

    def serialize(
        self, msg: Mapping[str, Any], ident: bytes | Sequence[bytes] | None = None
    ) -> list[Buffer]:
        """Return the frames of a message: identities, delimiter, signature, dictionaries."""
        content = msg.get("content") or {}
        parts = [
            self.pack(_dated(msg["header"])),
            self.pack(_dated(msg.get("parent_header") or {})),
            self.pack(msg.get("metadata") or {}),
            content if isinstance(content, bytes) else self.pack(content),
        ]
        return [*_identities(ident), DELIMITER, self._core.sign(parts), *parts]

    def send(
        self,
        stream: Any,
        msg_or_type: Mapping[str, Any] | str,
        content: Mapping[str, Any] | None = None,
        parent: Mapping[str, Any] | None = None,
        ident: bytes | Sequence[bytes] | None = None,
        buffers: Sequence[Buffer] | None = None,
        track: bool = False,
        header: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, Any] | None:
        """Send a message on a ZeroMQ socket or a stream; return it.

        Args:
            stream: The socket; None sends nothing.
            msg_or_type: A message, or the type of a new one.
            content: Of a new one.
            parent: The message that causes it.
            ident: Routing identities.
            buffers: Binary parts.
            track: Return a tracker in the message.
            header: Of a new one.
            metadata: Of a new one.
        """
        if isinstance(msg_or_type, Mapping):
            msg = dict(msg_or_type)
            buffers = buffers or msg.get("buffers") or []
        else:
            msg = self.msg(msg_or_type, content, parent, header, metadata)
        if stream is None:
            return msg
        for buffer in buffers or ():
            if not memoryview(buffer).contiguous:
                raise ValueError("a message buffer must be contiguous")
        frames = [*self.serialize(msg, ident), *(buffers or ())]
        large = any(len(frame) >= 65536 for frame in frames)
        if track:
            msg["tracker"] = stream.send_multipart(frames, copy=False, track=True)
        else:
            stream.send_multipart(frames, copy=not large)
        return msg

    def send_raw(
        self,
        stream: Any,
        msg_list: Sequence[Buffer],
        flags: int = 0,
        copy: bool = True,
        ident: bytes | Sequence[bytes] | None = None,
    ) -> None:
        """Send a message whose dictionaries are encoded already."""
        frames = [*_identities(ident), DELIMITER, self._core.sign(msg_list[:4]), *msg_list]
        stream.send_multipart(frames, flags, copy=copy)

    def recv(
        self, socket: Any, mode: int = 1, content: bool = True, copy: bool = True
    ) -> tuple[list[bytes] | None, dict[str, Any] | None]:
        """Receive a message.

        Args:
            socket: A ZeroMQ socket or a stream.
            mode: Flags; 1 (NOBLOCK) by default.
            content: Decode the content.
            copy: Return bytes rather than views for binary parts.

        Returns:
            The routing identities and the message; None for both if there is nothing.

        Raises:
            ValueError: It cannot be accepted.
        """
        import zmq

        socket = getattr(socket, "socket", socket)
        try:
            frames = socket.recv_multipart(mode, copy=copy)
        except zmq.Again:
            return None, None
        if not copy:
            frames = [frame.buffer for frame in frames]
        identities, parts = self.feed_identities(frames)
        return identities, self.deserialize(parts, content)

    def feed_identities(
        self, msg_list: Sequence[Any], copy: bool = True
    ) -> tuple[list[bytes], list[Any]]:
        """Return the routing identities, and the frames after the delimiter.

        Raises:
            ValueError: There is no delimiter.
        """
        frames = [getattr(frame, "buffer", frame) for frame in msg_list]
        for index, frame in enumerate(frames):
            if frame == DELIMITER:
                return [bytes(name) for name in frames[:index]], frames[index + 1 :]
        raise ValueError("the delimiter <IDS|MSG> is not among the frames")

    def deserialize(
        self, msg_list: Sequence[Any], content: bool = True, copy: bool = True
    ) -> dict[str, Any]:
        """Return the message in the frames that follow the delimiter.

        Raises:
            ValueError: They are no message, or signed with another key, or came before.
        """
        frames = [DELIMITER, *(getattr(frame, "buffer", frame) for frame in msg_list)]
        try:
            message = self._core.decode(frames)
        except MessageError as error:
            raise ValueError(str(error)) from error
        data = message_dict(message.to_dict())
        data.pop("channel")
        if not content:
            data["content"] = bytes(msg_list[4])
        return data

    unserialize = deserialize


def message_dict(data: dict[str, Any]) -> dict[str, Any]:
    """Give a message, as `nuncius.protocol.messages.Message.to_dict` returns it, dates instead of texts."""
    for name in ("header", "parent_header"):
        header = data[name]
        if "date" in header:
            header["date"] = parse_date(header["date"])
    return data


def _dated(header: Mapping[str, Any]) -> dict[str, Any]:
    header = dict(header)
    date = header.get("date")
    if isinstance(date, datetime):
        header["date"] = date.isoformat().replace("+00:00", "Z")
    return header


def _identities(ident: bytes | Sequence[bytes] | None) -> list[bytes]:
    if ident is None:
        return []
    return [ident] if isinstance(ident, bytes) else list(ident)
