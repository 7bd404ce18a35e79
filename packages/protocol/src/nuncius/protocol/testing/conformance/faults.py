"""Cases: what is wrong on the wire is dropped, and never ends a kernel."""

from __future__ import annotations

import random

from nuncius.protocol.messages import Channel
from nuncius.protocol.session import DELIMITER, Session
from nuncius.protocol.testing.conformance.case import (
    Case,
    NotApplicable,
    Subject,
    case,
    expect,
    well_formed,
)

__all__ = ["CASES"]

CASES: list[Case] = []

_INPUTS = (Channel.SHELL, Channel.CONTROL, Channel.STDIN)


def _garbage() -> list[list[bytes]]:
    choose = random.Random("always the same")
    noise = [
        [choose.randbytes(choose.randint(0, 50)) for _ in range(choose.randint(1, 8))]
        for _ in range(40)
    ]
    return [
        [b""],
        [DELIMITER],
        [DELIMITER, b""],
        [DELIMITER, b"", b"{}", b"{}", b"{}"],
        [DELIMITER, b"", b"{}", b"{}", b"{}", b"{}"],
        [DELIMITER, b"\xff\xfe", b"\xff", b"", b"{", b"["],
        [DELIMITER] * 8,
        *noise,
    ]


@case(CASES, "random frames are dropped")
def garbage(subject: Subject) -> None:
    wire = subject.talk.wire
    for channel in _INPUTS:
        for frames in _garbage():
            wire.send_frames(channel, frames)
    _still_works(subject)


@case(CASES, "well signed messages whose parts are no message are dropped")
def signed_nonsense(subject: Subject) -> None:
    wire = subject.talk.wire
    for parts in (
        [b"[]", b"{}", b"{}", b"{}"],
        [b"{}", b"{}", b"{}", b"{}"],
        [b"null"] * 4,
        [b"{" * 1000, b"", b"", b""],
        [b'{"msg_id":1,"msg_type":[]}', b"3", b"4", b"5"],
        [b'{"msg_id":"1","msg_type":"execute_request"}', b"{}", b"{}", b"[]"],
    ):
        for channel in (Channel.SHELL, Channel.CONTROL):
            wire.send_frames(channel, [DELIMITER, wire.session.sign(parts), *parts])
    _still_works(subject)


@case(CASES, "contents of wrong types are answered with an error, or not at all, and end nothing")
def wrong_types(subject: Subject) -> None:
    talk = subject.talk
    for msg_type, content in (
        ("execute_request", {"code": 3}),
        ("execute_request", {}),
        ("complete_request", {"code": None, "cursor_pos": "x"}),
        ("complete_request", {"code": "x", "cursor_pos": 10**9}),
        ("complete_request", {"code": "x", "cursor_pos": -7}),
        ("inspect_request", {"code": [], "cursor_pos": {}}),
        ("history_request", {"hist_access_type": "nonsense"}),
        ("is_complete_request", {}),
        ("comm_open", {}),
        ("comm_msg", {"comm_id": "nobody", "data": None}),
        ("comm_close", {"comm_id": []}),
    ):
        talk.send(msg_type, content)
    _still_works(subject)


def _still_works(subject: Subject) -> None:
    talk = subject.talk
    well_formed(talk.ask("kernel_info_request"))
    well_formed(talk.ask("kernel_info_request", channel=Channel.CONTROL))
    if subject.snippets.hello:
        well_formed(talk.execute(subject.snippets.hello))


def _needs_key(subject: Subject) -> None:
    if not subject.info.key:
        raise NotApplicable("this connection is not signed")


@case(CASES, "a message with a wrong signature, or none, is not obeyed")
def wrong_signature(subject: Subject) -> None:
    _needs_key(subject)
    talk = subject.talk
    right = talk.wire.session
    for key in (b"nuncius-wrong", b""):
        forger = Session(key, session_id=right.session_id)
        request = forger.message(Channel.SHELL, "kernel_info_request")
        talk.wire.send_frames(Channel.SHELL, forger.encode(request))
        talk.settle()
        heard = [m for m in talk.others if m.parent_id == request.msg_id]
        expect(not heard, f"it was answered with {[m.msg_type for m in heard]}")


@case(CASES, "a message that is sent twice is obeyed once")
def replay(subject: Subject) -> None:
    _needs_key(subject)
    talk = subject.talk
    answer = talk.start(subject.code("hello"))
    talk.finish(answer)
    talk.wire.send(answer.request)
    talk.settle()
    expect(answer.states == ["busy", "idle"], f"the second one was run: {answer.states}")
    asked = talk.ask("kernel_info_request", channel=Channel.CONTROL)
    talk.wire.send(asked.request)
    talk.ask("kernel_info_request", channel=Channel.CONTROL)
    expect(asked.states == ["busy", "idle"], f"control answered it twice: {asked.states}")


@case(
    CASES,
    "a null parent header, other protocol versions and unknown header fields are let pass",
    "should",
)
def tolerant_headers(subject: Subject) -> None:
    talk = subject.talk
    for number, (extra, parent) in enumerate(
        [(b"", b"null"), (b',"version":"5.0"', b"{}"), (b',"nuncius":[1]', b"{}")]
    ):
        msg_id = f"nuncius-tolerant-{number}"
        header = b'{"msg_id":"%s","msg_type":"kernel_info_request","session":"s","username":"u","date":"2026-01-01T00:00:00Z"%s}'
        parts = [header % (msg_id.encode(), extra), parent, b"{}", b"{}"]
        talk.wire.send_frames(Channel.SHELL, [DELIMITER, talk.wire.session.sign(parts), *parts])
        talk.until(
            lambda msg_id=msg_id: any(  # type: ignore[misc]
                m.parent_id == msg_id and m.msg_type == "kernel_info_reply" for m in talk.others
            ),
            f"the reply to a header {parts[0]!r}",
            3,
        )
