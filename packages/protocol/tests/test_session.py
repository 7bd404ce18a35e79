"""The wire: frames, signatures, ids and dates."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import hashlib
import hmac
import json
import os
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest

from nuncius.protocol.errors import InvalidSignature, Malformed, MessageError, Replayed
from nuncius.protocol.messages import Buffer, Channel, Header, Message
from nuncius.protocol.packing import msgpack_packer
from nuncius.protocol.session import DELIMITER, ReplayGuard, Session, parse_parent, utc_now

KEY = b"secret"


@pytest.fixture
def ours() -> Session:
    return Session(KEY, session_id="ours", username="ada", clock=lambda: "2026-01-01T00:00:00Z")


@pytest.fixture
def theirs() -> Session:
    return Session(KEY, session_id="theirs", username="bob")


def test_frames_are_those_of_the_specification(ours: Session) -> None:
    """Written out by hand, so that a change of the format on both sides would be seen."""
    parent = Header("p", "execute_request", extra={"x": 1})
    frames = ours.encode(
        ours.message(
            Channel.IOPUB,
            "stream",
            {"name": "stdout", "text": "é"},
            parent=parent,
            metadata={"m": 1},
            buffers=(b"\0", memoryview(b"\1")),
            route=(b"kernel.stream",),
        )
    )
    parts = [bytes(frame) for frame in frames[3:7]]
    assert frames[:2] == [b"kernel.stream", b"<IDS|MSG>"]
    assert frames[2] == hmac.new(KEY, b"".join(parts), hashlib.sha256).hexdigest().encode()
    assert [json.loads(part) for part in parts] == [
        {
            "msg_id": f"ours_{os.getpid()}_1",
            "msg_type": "stream",
            "session": "ours",
            "username": "ada",
            "date": "2026-01-01T00:00:00Z",
            "version": "5.5",
        },
        {
            "msg_id": "p",
            "msg_type": "execute_request",
            "session": "",
            "username": "",
            "date": "",
            "version": "5.5",
            "x": 1,
        },
        {"m": 1},
        {"name": "stdout", "text": "é"},
    ]
    assert frames[7:] == [b"\0", b"\1"]


def test_buffers_are_not_copied(ours: Session, theirs: Session) -> None:
    buffer = memoryview(bytearray(100_000))
    frames = ours.encode(ours.message(Channel.SHELL, "comm_msg", buffers=(buffer,)))
    assert frames[-1] is buffer
    assert theirs.decode(frames).buffers[0] is buffer


def test_a_buffer_with_gaps_is_refused(ours: Session) -> None:
    with pytest.raises(Malformed, match="contiguous"):
        ours.encode(ours.message(Channel.SHELL, "x", buffers=(memoryview(b"abcd")[::2],)))


def test_the_parent_of_a_reply_is_the_request_header_byte_for_byte(
    ours: Session, theirs: Session
) -> None:
    header = b'{"msg_id":"1","msg_type":"x","odd":[1,  2],"version":"5.0"}'
    parts = [header, b"{}", b"{}", b"{}"]
    request = theirs.decode([DELIMITER, ours.sign(parts), *parts])
    assert request.header.extra == {"odd": [1, 2]}
    reply = theirs.encode(theirs.message(Channel.SHELL, "y", parent=request.header))
    assert reply[3] == header


def test_a_message_can_be_passed_on_in_another_format(ours: Session) -> None:
    """A bridge between a kernel that speaks msgpack and a client that speaks JSON."""
    packed = Session(KEY, packer=msgpack_packer())
    request = ours.message(Channel.SHELL, "comm_msg", {"x": [1, None]}, parent=Header("p", "q"))
    heard = packed.decode(packed.encode(request))
    assert Session(KEY).decode(ours.encode(heard)) == request


def test_a_key_can_be_text_and_an_empty_key_signs_nothing(ours: Session) -> None:
    frames = ours.encode(ours.message(Channel.SHELL, "x"))
    assert Session("secret").decode(frames).msg_type == "x"
    unsigned = Session()
    plain = unsigned.encode(unsigned.message(Channel.SHELL, "x"))
    assert plain[1] == b""
    assert unsigned.decode(plain) == unsigned.decode(plain)


@pytest.mark.parametrize(
    "scheme", ["sha256", "hmac-", "hmac-nosuch", "hmac-shake_128", "md5-hmac", ""]
)
def test_a_signature_scheme_must_be_known(scheme: str) -> None:
    with pytest.raises(ValueError, match="expected 'hmac-' and a hash such as"):
        Session(KEY, signature_scheme=scheme)


@pytest.mark.parametrize("name", ["sha256", "md5", "sha512", "sha3_224", "blake2s"])
@pytest.mark.parametrize("size", [1, 63, 64, 65, 200])
def test_signatures_are_those_of_python_s_hmac(name: str, size: int) -> None:
    key = bytes(range(1, size + 1))
    session = Session(key, signature_scheme=f"hmac-{name}")

    mixed: list[Buffer] = [b"a" * 500, bytearray(b"b"), memoryview(b"cd")]
    for parts in ([], mixed[:1], mixed, [b"long" * 5_000], mixed):
        expected = hmac.new(key, b"".join(parts), name).hexdigest().encode()
        assert session.sign(parts) == expected
        assert session.sign(parts) == expected, "a signature must leave nothing behind"


def test_the_thousandth_signature_is_as_the_first() -> None:
    session, parts = Session(KEY), [b"a" * 100, b"b"]
    expected = hmac.new(KEY, b"".join(parts), "sha256").hexdigest().encode()
    assert {session.sign(parts) for _ in range(1000)} == {expected}


def test_other_hashes_are_used(ours: Session) -> None:
    frames = Session(KEY, signature_scheme="hmac-sha512").encode(ours.message(Channel.SHELL, "x"))
    assert len(bytes(frames[1])) == 128
    with pytest.raises(InvalidSignature):
        ours.decode(frames)


def change(index: int, value: bytes) -> Callable[[list[Any]], list[Any]]:
    def apply(frames: list[Any]) -> list[Any]:
        return [*frames[:index], value, *frames[index + 1 :]]

    return apply


@pytest.mark.parametrize(
    ("forge", "error", "text"),
    [
        (change(1, b""), InvalidSignature, "is not signed"),
        (change(1, b"\xff" * 64), InvalidSignature, "another key"),
        (change(5, b'{"code":"rm -r /"}'), InvalidSignature, "another key"),
        (change(0, b"<IDS|MSG"), Malformed, "got 6 frames without it"),
        (
            lambda frames: frames[:5],
            Malformed,
            "expected at least 5 frames after the delimiter, got 4",
        ),
        (lambda frames: frames[:1], Malformed, "got 0"),
        (lambda _: [], Malformed, "got 0 frames without it"),
    ],
)
def test_forged_and_cut_messages_are_refused(
    ours: Session,
    theirs: Session,
    forge: Callable[[list[Any]], list[Any]],
    error: type[MessageError],
    text: str,
) -> None:
    frames = ours.encode(ours.message(Channel.SHELL, "x", {"code": "1"}))
    with pytest.raises(error, match=text):
        theirs.decode(forge(frames))
    assert theirs.decode(frames).content == {"code": "1"}


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ((b"[]", b"{}", b"{}", b"{}"), "the header to be an object, got list"),
        ((b"{}", b"{}", b"{}", b"{}"), "the header has no 'msg_id'"),
        ((b'{"msg_id":"1"}', b"{}", b"{}", b"{}"), "the header has no 'msg_type'"),
        ((b'{"msg_id":1,"msg_type":"x"}', b"{}", b"{}", b"{}"), "msg_id to be a string, got int"),
        (
            (b'{"msg_id":"1","msg_type":"x","subshell_id":3}', b"{}", b"{}", b"{}"),
            "subshell_id to be a string or null, got int",
        ),
        ((b'{"msg_id":"1","msg_type":"x"}', b"[1]", b"{}", b"{}"), "the header to be an object"),
        (
            (b'{"msg_id":"1","msg_type":"x"}', b"{}", b"3", b"{}"),
            "expected metadata to be an object",
        ),
        (
            (b'{"msg_id":"1","msg_type":"x"}', b"{}", b"{}", b'"x"'),
            "content to be an object, got str",
        ),
        ((b'{"msg_id":"1","msg_type":"x"}', b"{}", b"{}", b"{"), "the content is not JSON"),
    ],
)
def test_well_signed_nonsense_is_refused(ours: Session, parts: list[bytes], text: str) -> None:
    with pytest.raises(Malformed, match=text):
        ours.decode([DELIMITER, ours.sign(parts), *parts])


@pytest.mark.parametrize("parent", [b"null", b"{}", b'{"session":"x"}'])
def test_kernels_say_in_several_ways_that_there_is_no_parent(ours: Session, parent: bytes) -> None:
    parts = [b'{"msg_id":"1","msg_type":"x"}', parent, b"null", b"null"]
    message = ours.decode([DELIMITER, ours.sign(parts), *parts])
    assert (message.parent, message.metadata, message.content) == (None, {}, {})


def test_a_parent_without_a_type_is_known_by_its_id() -> None:
    assert parse_parent({"msg_id": "1"}) == Header("1", "", version="")


def test_frames_may_be_any_buffers(ours: Session, theirs: Session) -> None:
    message = ours.message(Channel.SHELL, "x", {"a": 1}, route=(b"id",))
    frames = [memoryview(bytes(frame)) for frame in ours.encode(message)]
    heard = theirs.decode(frames)
    assert (heard, heard.route) == (message, (b"id",))


def test_the_guard_remembers_the_last_signatures() -> None:
    guard = ReplayGuard(20)
    for number in range(21):
        guard.check(b"%d" % number)
    guard.check(b"0")
    guard.check(b"1")
    for remembered in (b"4", b"20"):
        with pytest.raises(Replayed):
            guard.check(remembered)
    ReplayGuard(0).check(b"x")


def test_a_clone_has_its_own_guard(ours: Session, theirs: Session) -> None:
    frames = ours.encode(ours.message(Channel.SHELL, "x"))
    before = theirs.clone()
    theirs.decode(frames)
    before.decode(frames)
    with pytest.raises(Replayed):
        theirs.clone().decode(frames)
    assert theirs.clone().session_id == "theirs"


def test_a_forged_message_does_not_use_up_the_true_one(ours: Session, theirs: Session) -> None:
    frames = ours.encode(ours.message(Channel.SHELL, "x"))
    with pytest.raises(InvalidSignature):
        theirs.decode(change(5, b"{ }")(frames))
    theirs.decode(frames)


def test_ids_are_unique_across_threads(ours: Session) -> None:
    found: list[str] = []

    def make() -> None:
        found.extend(ours.message(Channel.SHELL, "x").msg_id for _ in range(2000))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 8000


def test_dates_are_now() -> None:
    before = datetime.datetime.now(datetime.UTC)
    date = Header("1", "x", date=utc_now()).when
    after = datetime.datetime.now(datetime.UTC)
    assert before - datetime.timedelta(milliseconds=1) <= date <= after


def test_a_date_that_is_none_is_no_error_until_it_is_asked_for(ours: Session) -> None:
    parts = [b'{"msg_id":"1","msg_type":"x","date":"tomorrow"}', b"{}", b"{}", b"{}"]
    header = ours.decode([DELIMITER, ours.sign(parts), *parts]).header
    with pytest.raises(ValueError, match="tomorrow"):
        _ = header.when
    assert Header("1", "x", date="2026-01-01T00:00:00").when.tzinfo is datetime.UTC


def test_validation_is_a_switch(monkeypatch: pytest.MonkeyPatch, ours: Session) -> None:
    wrong = ours.message(Channel.SHELL, "execute_request", {"code": 1})
    frames = ours.encode(wrong)
    strict = Session(KEY, validate=True)
    expected = "execute_request on shell is wrong: content.code is 1, expected a string"
    with pytest.raises(Malformed, match=expected):
        strict.decode(frames)
    with pytest.raises(Malformed, match=expected):
        strict.clone().encode(wrong)
    monkeypatch.setenv("NUNCIUS_VALIDATE", "1")
    with pytest.raises(Malformed, match=expected):
        Session(KEY).decode(frames)
    monkeypatch.setenv("NUNCIUS_VALIDATE", "0")
    assert Session(KEY).decode(frames) == wrong


def test_a_message_becomes_the_mapping_that_other_tools_expect(ours: Session) -> None:
    message: Message = ours.message(Channel.SHELL, "x", {"a": 1}, parent=Header("p", "q"))
    data = message.to_dict()
    assert (data["msg_type"], data["parent_header"]["msg_id"], data["channel"]) == (
        "x",
        "p",
        "shell",
    )
    assert message.parent_id == "p"


def test_messages_made_quickly_are_like_all_others(ours: Session) -> None:
    """Sessions do not call the constructors, which are slow; nobody can tell."""
    made = ours.message(Channel.SHELL, "execute_request", {"code": "1"}, subshell_id="s")
    header = Header(
        made.msg_id,
        "execute_request",
        ours.session_id,
        ours.username,
        made.header.date,
        subshell_id="s",
    )
    built = Message(Channel.SHELL, header, None, {"code": "1"})
    assert (made, repr(made), hash(made.channel)) == (built, repr(built), hash(built.channel))
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == built
    assert dataclasses.replace(made, content={}) == dataclasses.replace(built, content={})
    for value, field in ((made, "content"), (made.header, "date")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field, None)
