"""Turn messages into WebSocket frames and back: the two framings that Jupyter servers speak, without any I/O.

* `encode_v1`/`decode_v1`: the subprotocol ``v1.kernel.websocket.jupyter.org``. One binary frame: a count and offsets (little-endian, 64 bits), the channel's name, the four dictionaries, the buffers.
* `encode_legacy`/`decode_legacy`: without a subprotocol. A text frame with one JSON object or, with buffers, a binary frame: a count and offsets (big-endian, 32 bits), the object, the buffers.

Rule 1: whatever comes in, decoding returns a `Message` or raises `Malformed`.
Rule 2: there are no signatures: whoever may open the WebSocket was let in by the server.

Source: "The WebSocket kernel wire protocol" of Jupyter Server.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from nuncius.protocol.errors import Malformed
from nuncius.protocol.messages import Buffer, Channel, Message
from nuncius.protocol.packing import Packer, json_packer
from nuncius.protocol.session import parse_header, parse_parent

__all__ = [
    "V1_SUBPROTOCOL",
    "decode_legacy",
    "decode_v1",
    "encode_legacy",
    "encode_v1",
]

V1_SUBPROTOCOL: Final = "v1.kernel.websocket.jupyter.org"

#: More parts than any message has; a count beyond it is garbage.
_MOST_PARTS: Final = 100_000


def encode_v1(message: Message, packer: Packer | None = None) -> bytes:
    """Return the binary frame of ``message``.

    Args:
        message: Its channel becomes part of the frame.
        packer: Makes JSON of its parts; the fastest that is installed by default.

    Raises:
        Malformed: Its content cannot be encoded.
    """
    packer = packer or json_packer()
    header, parent = message.header, message.parent
    parts: list[Buffer] = [
        str(message.channel).encode(),
        _own(header.encoded, packer) or packer.pack(header.to_dict()),
        packer.empty
        if parent is None
        else _own(parent.encoded, packer) or packer.pack(parent.to_dict()),
        packer.pack(message.metadata),
        packer.pack(message.content),
        *message.buffers,
    ]
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + _size(part))
    return b"".join((struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets), *parts))


def decode_v1(frame: Buffer, packer: Packer | None = None) -> Message:
    """Return the message that a binary frame holds; its buffers are views of the frame.

    Args:
        frame: As it came; it must not be changed while the message is used.
        packer: Reads JSON; the fastest that is installed by default.

    Raises:
        Malformed: It holds none.
    """
    packer = packer or json_packer()
    view = _bytes_view(frame)
    offsets = _offsets(view, "<", "Q", 8)
    parts = [view[start:end] for start, end in pairwise(offsets)]
    if len(parts) < 5:
        raise Malformed(f"expected at least 5 parts in a WebSocket message, got {len(parts)}")
    names = ("header", "parent_header", "metadata", "content")
    encoded = [bytes(part) for part in parts[1:5]]
    values = [packer.unpack(data, name) for data, name in zip(encoded, names, strict=True)]
    return _message(
        _channel(bytes(parts[0]).decode("utf-8", "replace")),
        values,
        tuple(parts[5:]),
        encoded,
    )


def encode_legacy(message: Message, packer: Packer | None = None) -> str | bytes:
    """Return the text frame of ``message``, or the binary one if it has buffers.

    Args:
        message: Its channel becomes part of the frame.
        packer: Makes JSON of its parts; the fastest that is installed by default.

    Raises:
        Malformed: Its content cannot be encoded.
    """
    packer = packer or json_packer()
    data = packer.pack(
        {
            "channel": str(message.channel),
            "header": message.header.to_dict(),
            "parent_header": {} if message.parent is None else message.parent.to_dict(),
            "metadata": message.metadata,
            "content": message.content,
        }
    )
    if not message.buffers:
        return data.decode("utf-8", "replace")
    parts: list[Buffer] = [data, *message.buffers]
    offsets = [4 * (len(parts) + 1)]
    for part in parts:
        offsets.append(offsets[-1] + _size(part))
    return b"".join((struct.pack(f">{len(parts) + 1}I", len(parts), *offsets[:-1]), *parts))


def decode_legacy(frame: str | Buffer, packer: Packer | None = None) -> Message:
    """Return the message that a text or binary frame holds; its buffers are views of the frame.

    Args:
        frame: As it came; it must not be changed while the message is used.
        packer: Reads JSON; the fastest that is installed by default.

    Raises:
        Malformed: It holds none.
    """
    packer = packer or json_packer()
    buffers: tuple[Buffer, ...] = ()
    if isinstance(frame, str):
        data = frame.encode("utf-8", "surrogateescape_or_replace")
    else:
        view = _bytes_view(frame)
        offsets = [*_offsets(view, ">", "I", 4), view.nbytes]
        parts = [view[start:end] for start, end in pairwise(offsets)]
        if not parts:
            raise Malformed("expected at least 1 part in a WebSocket message, got none")
        data, buffers = bytes(parts[0]), tuple(parts[1:])
    value = packer.unpack(data, "message")
    if not isinstance(value, dict):
        raise Malformed(f"expected the message to be an object, got {type(value).__name__}")
    values = [value.get(name) for name in ("header", "parent_header", "metadata", "content")]
    return _message(_channel(value.get("channel", "shell")), values, buffers, None)


def _own(encoded: bytes | None, packer: Packer) -> bytes | None:
    return encoded if encoded is not None and packer.wrote(encoded) else None


def _size(part: Buffer) -> int:
    view = memoryview(part)
    if not view.contiguous:
        raise Malformed(
            "a message buffer must be contiguous; pass bytes(buffer) or numpy.ascontiguousarray(array)"
        )
    return view.nbytes


def _bytes_view(frame: Buffer) -> memoryview:
    view = memoryview(frame)
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


def _offsets(view: memoryview, order: str, kind: str, size: int) -> Sequence[int]:
    """Return the offsets that a frame begins with, checked to rise and to stay inside."""
    if view.nbytes < size:
        raise Malformed(f"expected a count in a WebSocket message, got {view.nbytes} bytes")
    (count,) = struct.unpack_from(f"{order}{kind}", view)
    if count > _MOST_PARTS or size * (count + 1) > view.nbytes:
        raise Malformed(
            f"a WebSocket message of {view.nbytes} bytes says that it has {count} offsets"
        )
    offsets: tuple[int, ...] = struct.unpack_from(f"{order}{count}{kind}", view, size)
    low = size * (count + 1)
    for offset in offsets:
        if not low <= offset <= view.nbytes:
            raise Malformed(
                f"the offset {offset} in a WebSocket message of {view.nbytes} bytes is impossible"
            )
        low = offset
    return offsets


def _channel(name: object) -> Channel:
    try:
        return Channel(str(name))
    except ValueError:
        raise Malformed(
            f"the channel is {str(name)[:40]!r}; expected one of: {', '.join(Channel)}"
        ) from None


def _message(
    channel: Channel,
    values: Sequence[object],
    buffers: tuple[Buffer, ...],
    encoded: Sequence[bytes] | None,
) -> Message:
    header, parent, metadata, content = values
    for name, value in (("metadata", metadata), ("content", content)):
        if value is not None and not isinstance(value, dict):
            raise Malformed(f"expected {name} to be an object, got {type(value).__name__}")
    return Message(
        channel,
        parse_header(header, encoded[0] if encoded else None),
        parse_parent(parent, encoded[1] if encoded else None),
        content if isinstance(content, dict) else {},
        metadata if isinstance(metadata, dict) else {},
        buffers,
    )
