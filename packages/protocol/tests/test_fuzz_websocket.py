"""Whatever a WebSocket brings is a message or `Malformed`, in both framings."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.protocol.errors import Malformed
from nuncius.protocol.messages import Channel, Header, Message
from nuncius.protocol.session import Session
from nuncius.protocol.websocket import decode_legacy, decode_v1, encode_legacy, encode_v1

CODECS: dict[str, tuple[Callable[[Message], Any], Callable[[Any], Message]]] = {
    "v1": (encode_v1, decode_v1),
    "legacy": (encode_legacy, decode_legacy),
}
both = pytest.mark.parametrize(("encode", "decode"), CODECS.values(), ids=CODECS)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
CONTENT = st.dictionaries(TEXT, st.none() | st.integers(-(2**53), 2**53) | TEXT, max_size=4)
MESSAGES = st.builds(
    Session(b"").message,
    st.sampled_from([Channel.SHELL, Channel.IOPUB, Channel.STDIN, Channel.CONTROL]),
    TEXT.filter(bool),
    CONTENT,
    parent=st.none() | st.builds(Header, TEXT.filter(bool), TEXT.filter(bool)),
    metadata=CONTENT,
    buffers=st.lists(st.binary(max_size=20), max_size=3).map(tuple),
)


def refused(decode: Callable[[Any], Message], frame: str | bytes) -> bool:
    try:
        decode(frame)
    except Malformed:
        return True
    return False


@both
@given(message=MESSAGES)
def test_messages_survive(
    encode: Callable[[Message], Any], decode: Callable[[Any], Message], message: Message
) -> None:
    heard = decode(encode(message))
    assert replace(heard, buffers=tuple(bytes(buffer) for buffer in heard.buffers)) == message


@both
@given(frame=st.binary() | st.text())
def test_random_frames_are_refused(
    encode: Callable[[Message], Any], decode: Callable[[Any], Message], frame: str | bytes
) -> None:
    if isinstance(frame, str) and decode is decode_v1:
        frame = frame.encode("utf-8", "surrogatepass")
    assert refused(decode, frame)


@both
@given(message=MESSAGES, data=st.data())
def test_damaged_frames_are_read_or_refused(
    encode: Callable[[Message], Any],
    decode: Callable[[Any], Message],
    message: Message,
    data: st.DataObject,
) -> None:
    frame = encode(message)
    damaged = bytearray(frame.encode() if isinstance(frame, str) else frame)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    again = cut.decode("utf-8", "replace") if isinstance(frame, str) else cut
    assert refused(decode, again) or isinstance(decode(again), Message)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        struct.pack("<Q", 2**63),
        struct.pack("<Q", 2**61),
        struct.pack("<3Q", 2, 2**60, 2**61),
        struct.pack("<3Q", 2, 24, 8),
        struct.pack("<7Q", 6, 56, 56, 56, 56, 56, 56),
        struct.pack(">I", 2**31),
        struct.pack(">2I", 1, 2**31),
        struct.pack(">2I", 1, 0),
        b"\0" * 8,
    ],
)
def test_impossible_offsets_are_refused(frame: bytes) -> None:
    assert refused(decode_v1, frame)
    assert refused(decode_legacy, frame)


@pytest.mark.parametrize(
    "frame", ["", "null", "[]", "3", "{", "{}", '{"header":{}}', "[" * 100_000]
)
def test_text_that_is_no_message_is_refused(frame: str) -> None:
    assert refused(decode_legacy, frame)
