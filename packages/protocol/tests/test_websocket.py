"""Messages as WebSocket frames: both framings, and whatever else may come."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.protocol.errors import Malformed
from nuncius.protocol.messages import Channel, Header, Message
from nuncius.protocol.websocket import decode_legacy, decode_v1, encode_legacy, encode_v1

CODECS = [(encode_v1, decode_v1), (encode_legacy, decode_legacy)]

HEADER = Header("id", "comm_msg", "s", "u", "2026-01-01T00:00:00Z", "5.5")
PARENT = Header("parent", "execute_request", "s", "u", "2026-01-01T00:00:00Z", "5.5", "sub")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MAPPING = st.dictionaries(st.text(), JSON, max_size=4)
MESSAGES = st.builds(
    Message,
    st.sampled_from(Channel),
    st.just(HEADER),
    st.sampled_from([None, PARENT]),
    MAPPING,
    MAPPING,
    st.lists(st.binary(max_size=40), max_size=3).map(tuple),
)


@pytest.mark.parametrize(("encode", "decode"), CODECS)
@given(message=MESSAGES)
def test_what_is_decoded_is_what_was_encoded(encode, decode, message):
    assert decode(encode(message)) == message


@pytest.mark.parametrize("decode", [decode_v1, decode_legacy])
@given(data=st.binary(max_size=200))
def test_random_bytes_are_a_message_or_malformed(decode, data):
    with contextlib.suppress(Malformed):
        assert isinstance(decode(data), Message)


@given(text=st.text(max_size=100))
def test_random_text_is_malformed(text):
    with pytest.raises(Malformed):
        decode_legacy(text)


@pytest.mark.parametrize(("encode", "decode"), CODECS)
@given(message=MESSAGES, data=st.data())
def test_a_frame_with_a_broken_byte_or_end_crashes_nothing(encode, decode, message, data):
    frame = encode(message)
    frame = bytearray(frame.encode() if isinstance(frame, str) else frame)
    if data.draw(st.booleans()):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    else:
        del frame[data.draw(st.integers(0, len(frame))) :]
    with contextlib.suppress(Malformed):
        assert isinstance(decode(frame), Message)


def test_the_binary_frame_is_laid_out_as_servers_expect():
    """Written by hand from the specification: count, offsets, channel, dictionaries, buffer."""
    parts = [b"shell", b'{"msg_id":"a","msg_type":"t"}', b"{}", b"{}", b'{"x":1}', b"raw"]
    offsets = [8 * 8]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    frame = struct.pack("<8Q", 7, *offsets) + b"".join(parts)
    message = decode_v1(frame)
    assert (message.channel, message.msg_id, message.content) == (Channel.SHELL, "a", {"x": 1})
    assert [bytes(buffer) for buffer in message.buffers] == [b"raw"]
    assert encode_v1(message) == frame


def test_the_legacy_frame_is_text_without_buffers():
    message = Message(Channel.IOPUB, HEADER, None, {"é": 1})
    assert encode_legacy(message) == (
        '{"channel":"iopub","header":{"msg_id":"id","msg_type":"comm_msg","session":"s",'
        '"username":"u","date":"2026-01-01T00:00:00Z","version":"5.5"},"parent_header":{},'
        '"metadata":{},"content":{"é":1}}'
    )


@pytest.mark.parametrize("encode", [encode_v1, encode_legacy])
def test_a_buffer_with_gaps_is_refused(encode):
    gaps = memoryview(b"abcdef")[::2]
    with pytest.raises(Malformed, match="must be contiguous"):
        encode(Message(Channel.SHELL, HEADER, None, {}, {}, (gaps,)))


def test_an_offset_beyond_the_frame_is_named():
    frame = struct.pack("<7Q", 6, 56, 56, 56, 56, 56, 10**9)
    with pytest.raises(Malformed, match="offset 1000000000 in a WebSocket message of 56 bytes"):
        decode_v1(frame)


def test_an_unknown_channel_is_named():
    with pytest.raises(Malformed, match="channel is 'x'; expected one of: shell, iopub"):
        decode_legacy('{"channel":"x","header":{"msg_id":"a","msg_type":"t"}}')
