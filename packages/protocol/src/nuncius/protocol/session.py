"""Turn messages into signed ZeroMQ frames and back, without any I/O.

The frames of a message are::

    [identity or topic]*, b"<IDS|MSG>", signature, header, parent_header, metadata, content, [buffer]*

The signature is the HMAC of the four dictionaries in their encoded form, as hexadecimal digits. Buffers are not signed.

Rule 1: whatever comes in, `Session.decode` returns a `Message` or raises a `MessageError`; nothing else.
Rule 2: buffers are passed on by reference; the four dictionaries are encoded once.
Rule 3: a signature is accepted once. Messages of an unsigned connection (an empty key) cannot be told apart, so they are not guarded.

Source: "Messaging in Jupyter", section "The Wire Protocol".
"""

from __future__ import annotations

import os
import sys
import time
from _operator import _compare_digest  # that of the module hmac, which would load OpenSSL
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from nuncius.protocol.errors import InvalidSignature, Malformed, Replayed
from nuncius.protocol.messages import (
    PROTOCOL_VERSION,
    Buffer,
    Channel,
    Header,
    Message,
    NewHeader,
    NewMessage,
    make_header,
    make_message,
)

if TYPE_CHECKING:
    from nuncius.protocol.packing import Packer

__all__ = ["DELIMITER", "ReplayGuard", "Session", "new_id", "same_signature", "utc_now"]

DELIMITER: Final = b"<IDS|MSG>"

_new: Any = object.__new__

_HEADER_FIELDS: Final = frozenset(
    {"msg_id", "msg_type", "session", "username", "date", "version", "subshell_id"}
)


def new_id() -> str:
    """Return a new random id of 32 hexadecimal digits (128 bits)."""
    return os.urandom(16).hex()


def utc_now() -> str:
    """Return the present time as ISO 8601 in UTC, to the microsecond."""
    # Cutting digits costs a fifth of datetime, and this runs for every message.
    digits = str(time.time_ns())
    seconds = digits[:-9]
    global _second
    known, text = _second
    if known != seconds:
        text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(seconds)))
        _second = (seconds, text)
    return f"{text}.{digits[-9:-3]}Z"


#: The last second that `utc_now` wrote, and its text: one object, so that threads never see parts of two.
_second: tuple[str, str] = ("", "")


class ReplayGuard:
    """Remember the last signatures, to refuse a message that is sent twice.

    Args:
        size: How many signatures are kept, 0 to switch the guard off. When there are more, the oldest tenth is forgotten at once.
    """

    def __init__(self, size: int = 65536) -> None:
        self._size = size
        #: Insertion order is age.
        self._seen: dict[bytes, None] = {}

    def check(self, signature: bytes) -> None:
        """Remember ``signature``.

        Raises:
            Replayed: It was remembered already.
        """
        if not self._size:
            return
        seen = self._seen
        if signature in seen:
            raise Replayed(
                f"a message with the signature {signature[:16].decode('ascii', 'replace')}… was received before; it is dropped"
            )
        seen[signature] = None
        if len(seen) > self._size:
            for old in list(seen)[: max(1, self._size // 10)]:
                del seen[old]

    def clone(self) -> ReplayGuard:
        """Return a guard that starts with the same memory and goes its own way."""
        other = ReplayGuard(self._size)
        other._seen = dict(self._seen)
        return other


class Session:
    """The identity and the key of one end of a connection: it makes messages and (de)serializes them.

    A session is safe to share between threads: its only mutable state is a counter and the replay guard, and each step on them is one atomic operation of the interpreter.

    Args:
        key: The secret of the connection file. Empty: messages are not signed.
        signature_scheme: ``hmac-`` and a name that `hashlib` knows.
        session_id: Identifies this end; new by default.
        username: Goes into headers.
        packer: Encodes the four dictionaries.
        clock: Returns the date of a new message.
        replay_guard: A guard to share, or None for a new one.
        validate: Refuse messages that are not as the protocol specifies, in both directions (`nuncius.protocol.schemas.check`): for tests and debugging. By default when the environment has ``NUNCIUS_VALIDATE=1``.

    Raises:
        ValueError: The signature scheme is not one.
    """

    def __init__(
        self,
        key: bytes | str = b"",
        *,
        signature_scheme: str = "hmac-sha256",
        session_id: str | None = None,
        username: str | None = None,
        packer: Packer | None = None,
        clock: Callable[[], str] = utc_now,
        replay_guard: ReplayGuard | None = None,
        validate: bool | None = None,
    ) -> None:
        self.key = key.encode() if isinstance(key, str) else bytes(key)
        self.signature_scheme = signature_scheme
        self.session_id = session_id or new_id()
        self.username = _username() if username is None else username
        if packer is not None:
            self.packer = packer
        self.clock = clock
        self.replay_guard = replay_guard or ReplayGuard()
        self._count = 0
        self._pid = os.getpid()
        self._mac = _Mac.of(self.key, signature_scheme)
        if validate is None:
            validate = os.environ.get("NUNCIUS_VALIDATE", "0") not in {"", "0"}
        self._check = _checker() if validate else None

    @cached_property
    def packer(self) -> Packer:
        """Encodes the four dictionaries; made when the first message is encoded, which in the same process none is."""
        from nuncius.protocol.packing import json_packer

        return json_packer()

    def clone(self) -> Session:
        """Return a session with the same identity and key, and a guard of its own."""
        return Session(
            self.key,
            signature_scheme=self.signature_scheme,
            session_id=self.session_id,
            username=self.username,
            packer=vars(self).get("packer"),
            clock=self.clock,
            replay_guard=self.replay_guard.clone(),
            validate=self._check is not None,
        )

    # -- making messages

    def message(
        self,
        channel: Channel,
        msg_type: str,
        content: Mapping[str, Any] | None = None,
        *,
        parent: Header | None = None,
        metadata: Mapping[str, Any] | None = None,
        buffers: tuple[Buffer, ...] = (),
        route: tuple[bytes, ...] = (),
        subshell_id: str | None = None,
    ) -> Message:
        """Return a new message of this session: a `nuncius.protocol.messages.MessageFactory`.

        Args:
            channel: The socket that it is for.
            msg_type: Its type.
            content: Its body.
            parent: The header of the request that causes it.
            metadata: What is said about it.
            buffers: Contiguous binary parts.
            route: Routing identities, or the topic on iopub.
            subshell_id: The subshell that is to handle it.
        """
        count = self._count = self._count + 1
        session_id = self.session_id
        header: Any = _new(NewHeader)
        header.msg_id = f"{session_id}_{self._pid}_{count}"
        header.msg_type = msg_type
        header.session = session_id
        header.username = self.username
        header.date = self.clock()
        header.version = PROTOCOL_VERSION
        header.subshell_id = subshell_id
        header.extra = {}
        header.encoded = None
        header.__class__ = Header
        message: Any = _new(NewMessage)
        message.channel = channel
        message.header = header
        message.parent = parent
        message.content = {} if content is None else content
        message.metadata = {} if metadata is None else metadata
        message.buffers = buffers
        message.route = route
        message.__class__ = Message
        return message  # type: ignore[no-any-return]

    # -- frames

    def encode(self, message: Message) -> list[Buffer]:
        """Return the frames of ``message``, the routing identities first.

        Raises:
            Malformed: The content cannot be encoded, or a buffer is not contiguous.
        """
        if self._check is not None:
            self._check(message)
        pack = self.packer.pack
        parent = message.parent
        parts = (
            self._encode_header(message.header),
            self.packer.empty if parent is None else self._encode_header(parent),
            pack(message.metadata) if message.metadata else self.packer.empty,
            pack(message.content) if message.content else self.packer.empty,
        )
        frames: list[Buffer] = [
            *message.route,
            DELIMITER,
            self.sign(parts),
            *parts,
        ]
        for buffer in message.buffers:
            view = memoryview(buffer)
            if not view.contiguous:
                raise Malformed(
                    "a message buffer must be contiguous; pass bytes(buffer) or numpy.ascontiguousarray(array)"
                )
            frames.append(buffer)
        return frames

    def _encode_header(self, header: Header) -> bytes:
        # What came with another packer must not be passed on as it is.
        encoded = header.encoded
        if encoded is not None and self.packer.wrote(encoded):
            return encoded
        return self.packer.pack_header(header)

    def decode(self, frames: Sequence[Buffer], channel: Channel = Channel.SHELL) -> Message:
        """Return the message that ``frames`` hold.

        Args:
            frames: As they came from the socket; frames may be bytes or buffers.
            channel: The socket that they came from.

        Raises:
            Malformed: They are not a message.
            InvalidSignature: They are not signed with our key.
            Replayed: They were received before.
        """
        start = _find_delimiter(frames)
        if len(frames) < start + 6:
            raise Malformed(
                f"expected at least 5 frames after the delimiter, got {len(frames) - start - 1}"
            )
        signature = bytes(frames[start + 1])
        header, parent, metadata, content = [
            part if part.__class__ is bytes else bytes(part)
            for part in frames[start + 2 : start + 6]
        ]
        if self._mac is not None:
            self._verify(self._mac, signature, (header, parent, metadata, content))
        unpack = self.packer.unpack
        message = make_message(
            channel,
            parse_header(unpack(header, "header"), header),
            parse_parent(unpack(parent, "parent_header"), parent),
            _mapping(unpack(content, "content"), "content"),
            _mapping(unpack(metadata, "metadata"), "metadata"),
            tuple(frames[start + 6 :]),
            tuple([bytes(frame) for frame in frames[:start]]),
        )
        if self._check is not None:
            self._check(message)
        return message

    # -- signatures

    def sign(self, parts: Iterable[Buffer]) -> bytes:
        """Return the signature of the encoded dictionaries, empty without a key."""
        if self._mac is None:
            return b""
        return self._mac.sign(parts)

    def _verify(self, mac: _Mac, signature: bytes, parts: Sequence[bytes]) -> None:
        if not signature:
            raise InvalidSignature(
                "the message is not signed, and this connection has a key; is the client using this kernel's connection file?"
            )
        if not same_signature(mac.sign(parts), signature):
            raise InvalidSignature(
                "the message is signed with another key; is the client using an old connection file?"
            )
        self.replay_guard.check(signature)


def parse_header(data: object, encoded: bytes | None = None) -> Header:
    """Return the header that a decoded dictionary holds.

    Fields other than the id and the type may be missing: other implementations leave some out.

    Args:
        data: The decoded dictionary.
        encoded: Its wire form, kept for replies.

    Raises:
        Malformed: It is no header.
    """
    if not isinstance(data, dict):
        raise Malformed(f"expected the header to be an object, got {_kind(data)}")
    try:
        msg_id, msg_type = data["msg_id"], data["msg_type"]
    except KeyError as missing:
        raise Malformed(f"the header has no {missing}") from None
    get = data.get
    session, username = get("session", ""), get("username", "")
    date, version = get("date", ""), get("version", "")
    subshell_id = get("subshell_id")
    if not (
        msg_id.__class__ is str is msg_type.__class__
        and session.__class__ is str is username.__class__
        and date.__class__ is str is version.__class__
    ):
        raise _no_string(msg_id, msg_type, session, username, date, version)
    if subshell_id is not None and not isinstance(subshell_id, str):
        raise Malformed(
            f"expected the header's subshell_id to be a string or null, got {_kind(subshell_id)}"
        )
    # Comparing the keys first is a third of the cost of looking at each.
    extra = (
        {}
        if data.keys() <= _HEADER_FIELDS
        else {key: value for key, value in data.items() if key not in _HEADER_FIELDS}
    )
    return make_header(
        msg_id, msg_type, session, username, date, version, subshell_id, extra, encoded
    )


def _no_string(*values: object) -> Malformed:
    names = ("msg_id", "msg_type", "session", "username", "date", "version")
    name, value = next(
        (name, value)
        for name, value in zip(names, values, strict=True)
        if value.__class__ is not str
    )
    return Malformed(f"expected the header's {name} to be a string, got {_kind(value)}")


def parse_parent(data: object, encoded: bytes | None = None) -> Header | None:
    """Return the parent header that a decoded dictionary holds, None if it holds none.

    Some kernels (xeus) send null instead of an empty object, some clients send a parent without an id: both mean that there is no parent.

    Raises:
        Malformed: It is neither a header nor empty.
    """
    if not data:
        return None
    if isinstance(data, dict) and "msg_id" not in data:
        return None
    if isinstance(data, dict) and "msg_type" not in data:
        data = {**data, "msg_type": ""}
    return parse_header(data, encoded)


def _mapping(data: object, name: str) -> Mapping[str, Any]:
    if isinstance(data, dict):
        return data
    if data is None:
        return {}
    raise Malformed(f"expected {name} to be an object, got {_kind(data)}")


def _find_delimiter(frames: Sequence[Buffer]) -> int:
    for index, frame in enumerate(frames):
        if frame == DELIMITER:
            return index
    raise Malformed(
        f"expected the delimiter <IDS|MSG> among the frames, got {len(frames)} frames without it"
    )


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__


def _checker() -> Callable[[Message], None]:
    from nuncius.protocol.schemas import check

    return check


class _Mac:
    """The HMAC of one key, kept half computed: half the price of the module hmac, and there is one for each message.

    The first messages are signed by Python's own SHA-256: OpenSSL, which is two to five times as fast, takes 3 MiB and a fifth of a kernel's start to load. It is loaded when there is much to sign, or for another hash.

    Args:
        key: The secret.
        name: A hash that `hashlib` knows.

    Raises:
        ValueError: It does not, or this one is of no use here.

    Source: RFC 2104, section 2.
    """

    def __init__(self, key: bytes, name: str) -> None:
        self._key, self._name = key, name
        #: So many more messages are signed without OpenSSL.
        self._light = _FEW
        own = _own_sha256() if name == "sha256" else None
        if own is None:
            self._use_openssl()
        else:
            self._begun = _begun(own, key)

    def _use_openssl(self) -> None:
        import hashlib

        self._begun = _begun(lambda data=b"": hashlib.new(self._name, data), self._key)
        self._light = 0

    @classmethod
    def of(cls, key: bytes, scheme: str) -> _Mac | None:
        if not key:
            return None
        prefix, _, name = scheme.partition("-")
        try:
            if prefix != "hmac" or not name:
                raise ValueError
            return cls(key, name)
        except ValueError:
            raise ValueError(
                f"signature_scheme is {scheme!r}; expected 'hmac-' and a hash such as 'hmac-sha256'"
            ) from None

    def sign(self, parts: Iterable[Buffer]) -> bytes:
        """Return the signature of ``parts``, as hexadecimal digits."""
        if self._light:
            parts = tuple(parts)
            self._light -= 1
            if self._light <= 0 or sum(map(len, parts)) > _LONG:
                self._use_openssl()
        begun = self._begun
        inner, outer = begun[0].copy(), begun[1].copy()
        for part in parts:
            inner.update(part)
        outer.update(inner.digest())
        digits: str = outer.hexdigest()
        return digits.encode("ascii")


#: Messages, and bytes of one: from there on OpenSSL is worth its memory.
_FEW: Final = 200
_LONG: Final = 16_384


def _own_sha256() -> Any:
    """Return Python's own SHA-256; None where it was built without."""
    try:
        if sys.version_info >= (3, 12):
            from _sha2 import sha256
        else:
            from _sha256 import sha256  # type: ignore[import-not-found]
    except ImportError:
        return None
    return sha256


def _begun(new: Callable[..., Any], key: bytes) -> tuple[Any, Any]:
    """Return the inner and the outer hash of HMAC, with the key in them.

    Raises:
        ValueError: The hash has no length of its own, and is of no use here.
    """
    inner, outer = new(), new()
    size = inner.block_size
    if inner.digest_size == 0:
        raise ValueError(inner.name)
    if len(key) > size:
        key = new(key).digest()
    key = key.ljust(size, b"\0")
    inner.update(key.translate(bytes(byte ^ 0x36 for byte in range(256))))
    outer.update(key.translate(bytes(byte ^ 0x5C for byte in range(256))))
    return inner, outer


def same_signature(one: bytes, other: bytes) -> bool:
    """Compare two signatures in a time that does not tell where they differ."""
    return _compare_digest(one, other)


def _username() -> str:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if value := os.environ.get(name):
            return value
    return "username"
