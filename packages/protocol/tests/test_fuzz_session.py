"""Whatever arrives is a message or a typed refusal: nothing else leaves `Session.decode`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nuncius.protocol.errors import MessageError
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.packing import Packer, json_packer, msgpack_packer
from nuncius.protocol.session import DELIMITER, Session

FRAMES = st.lists(
    st.binary()
    | st.sampled_from([DELIMITER, b"", b"{}", b"null", b'{"msg_id":"1","msg_type":"x"}', b"\x80"]),
    max_size=12,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["msg_id", "msg_type", "session", "date", "subshell_id", "x"]), inner
        )
    ),
    max_leaves=10,
)

PACKERS = {"json": json_packer(), "msgpack": msgpack_packer()}


def decoded(session: Session, frames: list[bytes]) -> Message | MessageError:
    try:
        return session.decode(frames, Channel.IOPUB)
    except MessageError as error:
        return error


@pytest.mark.parametrize("packer", PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("key", [b"", b"secret"])
@given(frames=FRAMES)
@example(frames=[DELIMITER] * 6)
def test_random_frames(packer: Packer, key: bytes, frames: list[bytes]) -> None:
    decoded(Session(key, packer=packer), frames)


@pytest.mark.parametrize("packer", PACKERS.values(), ids=PACKERS)
@given(parts=st.lists(st.binary(), min_size=4, max_size=4))
def test_random_parts_with_a_right_signature(packer: Packer, parts: list[bytes]) -> None:
    session = Session(b"secret", packer=packer, validate=True)
    decoded(session, [DELIMITER, session.sign(parts), *parts])


@given(parts=st.lists(JSON, min_size=4, max_size=4))
def test_any_json_in_any_part(parts: list[Any]) -> None:
    session = Session(b"", validate=True)
    message = decoded(session, [DELIMITER, b"", *(json.dumps(part).encode() for part in parts)])
    if isinstance(message, Message):
        assert session.decode(session.encode(message), Channel.IOPUB) == message


@given(content=JSON.map(lambda value: {"x": value}), data=st.data())
def test_one_changed_byte_is_noticed(content: dict[str, Any], data: st.DataObject) -> None:
    """Of the signed parts: buffers and routes are not."""
    session = Session(b"secret")
    frames = [
        bytes(frame) for frame in session.encode(session.message(Channel.IOPUB, "x", content))
    ]
    index = data.draw(st.integers(1, 5))
    position = data.draw(st.integers(0, len(frames[index]) - 1))
    changed = bytearray(frames[index])
    changed[position] ^= data.draw(st.integers(1, 255))
    frames[index] = bytes(changed)
    assert isinstance(decoded(session, frames), MessageError)
