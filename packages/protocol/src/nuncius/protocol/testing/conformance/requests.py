"""Cases: every request is answered, between busy and idle, whatever it is about."""

from __future__ import annotations

from typing import Any

from nuncius.protocol.messages import Channel
from nuncius.protocol.testing.conformance.case import (
    Case,
    NotApplicable,
    Subject,
    as_specified,
    case,
    expect,
    well_formed,
)

__all__ = ["CASES"]

CASES: list[Case] = []

#: Requests that need no code and change nothing.
_HARMLESS: list[tuple[str, dict[str, Any]]] = [
    ("kernel_info_request", {}),
    ("complete_request", {"code": "", "cursor_pos": 0}),
    ("inspect_request", {"code": "", "cursor_pos": 0, "detail_level": 0}),
    ("is_complete_request", {"code": ""}),
    ("history_request", {"hist_access_type": "tail", "n": 1, "output": False, "raw": True}),
    ("comm_info_request", {}),
    ("execute_request", {"code": "", "silent": True}),
]


@case(CASES, "kernel_info_reply says what the kernel is, with all fields that clients rely on")
def kernel_info(subject: Subject) -> None:
    answer = well_formed(subject.talk.ask("kernel_info_request"))
    version = str(answer.content["protocol_version"])
    expect(version.startswith("5."), f"protocol_version is {version!r}, expected 5.something")
    expect(answer.content["language_info"].get("name"), "language_info has no name")


@case(CASES, "every request is answered between busy and idle, with the request as parent")
def busy_and_idle(subject: Subject) -> None:
    for msg_type, content in _HARMLESS:
        answer = subject.talk.ask(msg_type, content)
        well_formed(answer, status=() if msg_type == "is_complete_request" else ("ok", "error"))


@case(CASES, "a reply's parent is an exact copy of the request's header", "should")
def parent_is_the_header(subject: Subject) -> None:
    answer = subject.talk.ask("kernel_info_request")
    for message in (answer.reply, *answer.published):
        parent = message.parent.to_dict() if message and message.parent else {}
        expect(
            parent == answer.request.header.to_dict(),
            f"sent {answer.request.header.to_dict()}, got back {parent}",
        )


@case(
    CASES,
    "the header of every message has an id of its own, a date with a zone, and the kernel's session",
)
def headers(subject: Subject) -> None:
    answers = [subject.talk.ask("kernel_info_request") for _ in range(2)]
    messages = [m for a in answers for m in (a.reply, *a.published) if m]
    ids = [m.msg_id for m in messages]
    expect(len(set(ids)) == len(ids), "two messages have the same msg_id")
    sessions = {m.header.session for m in messages}
    expect(len(sessions) == 1, f"the kernel speaks with several sessions: {sorted(sessions)}")
    expect(
        sessions != {subject.talk.wire.session.session_id}, "the kernel uses the client's session"
    )
    for message in messages:
        try:
            zone = message.header.when.tzinfo
        except ValueError:
            zone = None
        expect(zone is not None, f"{message.msg_type} has the date {message.header.date!r}")


@case(CASES, "a request of an unknown type stops nothing; it has busy and idle states")
def unknown_request(subject: Subject) -> None:
    unknown = subject.talk.send("nuncius_unknown_request")
    subject.talk.ask("kernel_info_request")
    expect(unknown.types == ["busy", "idle"], f"expected busy and idle, got {unknown.types}")


@case(
    CASES,
    "a request of an unknown type gets an error reply, so that nobody waits for ever",
    "should",
)
def unknown_request_is_answered(subject: Subject) -> None:
    unknown = subject.talk.send("nuncius_unknown_request")
    subject.talk.ask("kernel_info_request")
    expect(unknown.reply is not None, "no reply")
    expect(unknown.status == "error", f"status is {unknown.status}")


@case(CASES, "the control channel answers kernel_info as well")
def control_answers(subject: Subject) -> None:
    well_formed(subject.talk.ask("kernel_info_request", channel=Channel.CONTROL))


@case(CASES, "positions of completions count Unicode code points", "should")
def completion_positions(subject: Subject) -> None:
    code = subject.code("complete")
    answer = well_formed(
        subject.talk.ask("complete_request", {"code": code, "cursor_pos": len(code)})
    )
    expect(answer.content["matches"], f"nothing completes {code!r}")
    end = answer.content["cursor_end"]
    expect(end == len(code), f"cursor_end is {end}, the cursor was at {len(code)}")
    wide = f"# \N{GRINNING FACE}é\n{code}"
    answer = well_formed(
        subject.talk.ask("complete_request", {"code": wide, "cursor_pos": len(wide)})
    )
    end = answer.content["cursor_end"]
    expect(end == len(wide), f"after an emoji cursor_end is {end}, the cursor was at {len(wide)}")


@case(CASES, "is_complete tells finished code from code that goes on", "should")
def completeness(subject: Subject) -> None:
    status = subject.talk.ask("is_complete_request", {"code": subject.code("hello")}).status
    if status == "unknown":
        raise NotApplicable("the kernel does not tell")
    expect(status == "complete", f"finished code is said to be {status}")
    status = subject.talk.ask("is_complete_request", {"code": subject.code("partial")}).status
    expect(status == "incomplete", f"code that goes on is said to be {status}")


@case(CASES, "inspect says what is known, and found: false for what is not", "should")
def inspection(subject: Subject) -> None:
    name = subject.code("inspect")
    content = {"code": name, "cursor_pos": len(name), "detail_level": 0}
    answer = well_formed(subject.talk.ask("inspect_request", content))
    expect(answer.content["found"], f"nothing is known of {name!r}")
    expect("text/plain" in answer.content["data"], "the documentation has no text/plain")
    content = {"code": "nuncius_no_such_name", "cursor_pos": 3, "detail_level": 0}
    answer = well_formed(subject.talk.ask("inspect_request", content))
    expect(not answer.content["found"], "something is found for a name that does not exist")


@case(CASES, "the history has what was run", "should")
def history(subject: Subject) -> None:
    code = subject.code("hello")
    subject.talk.execute(code)
    answer = well_formed(
        subject.talk.ask(
            "history_request",
            {"hist_access_type": "tail", "n": 1, "output": False, "raw": True, "unique": False},
        )
    )
    entries = answer.content["history"]
    if not entries:
        raise NotApplicable("the kernel keeps no history")
    expect(entries[-1][2].strip() == code.strip(), f"the last entry is {entries[-1]!r}")


@case(CASES, "the history can be searched, without repetitions", "should")
def history_search(subject: Subject) -> None:
    code = subject.code("hello")
    for _ in range(2):
        subject.talk.execute(code)
    answer = well_formed(
        subject.talk.ask(
            "history_request",
            {
                "hist_access_type": "search",
                "pattern": "*hello*",
                "n": 10,
                "output": False,
                "raw": True,
                "unique": True,
            },
        )
    )
    found = [entry[2].strip() for entry in answer.content["history"]]
    if not found:
        raise NotApplicable("the kernel keeps no history")
    expect(found.count(code.strip()) == 1, f"the search found {found!r}")


@case(CASES, "binary parts of a message are let pass")
def buffers(subject: Subject) -> None:
    talk = subject.talk
    session = talk.wire.session
    content = {"comm_id": "nuncius-buffers", "target_name": "nuncius.nobody", "data": {}}
    request = session.message(
        Channel.SHELL, "comm_open", content, buffers=(b"", bytes(range(256)), b"<IDS|MSG>")
    )
    talk.wire.send(request)
    talk.settle()
    heard = [m.content.get("execution_state") for m in talk.others if m.parent_id == request.msg_id]
    expect("idle" in heard, f"it was answered with {heard}")


@case(CASES, "a comm for an unknown target is closed at once", "should")
def comm_for_nobody(subject: Subject) -> None:
    opened = subject.talk.send(
        "comm_open", {"comm_id": "nuncius", "target_name": "nuncius.nobody", "data": {}}
    )
    subject.talk.until(lambda: opened.is_idle, "status idle after comm_open")
    closed = [m.content.get("comm_id") for m in opened.of("comm_close")]
    expect(closed == ["nuncius"], "no comm_close came")
    comms = subject.talk.ask("comm_info_request", {"target_name": "nuncius.nobody"})
    expect(comms.content["comms"] == {}, f"comm_info lists {comms.content['comms']}")


@case(
    CASES,
    "whoever subscribes to iopub is greeted, so that nobody has to guess when nothing is missed",
    "should",
)
def iopub_welcome(subject: Subject) -> None:
    # The second of a topic needs ZMQ_XPUB_VERBOSE.
    for _ in range(2):
        talk = subject.another(b"nuncius.topic")
        talk.until(lambda talk=talk: bool(talk.others), "iopub_welcome", 3)  # type: ignore[misc]
        [welcome] = talk.others
        expect(welcome.msg_type == "iopub_welcome", f"{welcome.msg_type} came first")
        as_specified(welcome)
        topic = welcome.content["subscription"]
        expect(topic == "nuncius.topic", f"it greets {topic!r}")


@case(CASES, "the heartbeat echoes any bytes")
def heartbeat(subject: Subject) -> None:
    for data in (b"ping", b"", b"\0" * 1000):
        expect(subject.talk.wire.beat(subject.patience, data), f"{data[:8]!r} was not echoed")


@case(CASES, "usage is reported in bytes and percent", "should")
def usage(subject: Subject) -> None:
    answer = subject.talk.send("usage_request", channel=Channel.CONTROL)
    subject.talk.ask("kernel_info_request", channel=Channel.CONTROL)
    if answer.status in {"error", "missing"}:
        raise NotApplicable("the kernel does not report its usage")
    as_specified(answer.reply) if answer.reply else None


@case(CASES, "subshells run beside the main shell, are listed, and end")
def subshells(subject: Subject) -> None:
    subject.feature("kernel subshells")
    talk = subject.talk
    made = well_formed(talk.ask("create_subshell_request", channel=Channel.CONTROL))
    subshell = made.content["subshell_id"]
    listed = well_formed(talk.ask("list_subshell_request", channel=Channel.CONTROL))
    expect(subshell in listed.content["subshell_id"], "the new subshell is not listed")
    main = talk.start(subject.code("pause"))
    talk.until(lambda: "busy" in main.states, "status busy")
    beside = talk.execute(subject.code("hello"), subshell_id=subshell)
    expect(main.reply is None, "the subshell waited for the main shell")
    expect("hello" in beside.text(), "the output of the subshell did not come")
    well_formed(talk.finish(main))
    content = {"subshell_id": subshell}
    well_formed(talk.ask("delete_subshell_request", content, Channel.CONTROL))
    listed = talk.ask("list_subshell_request", channel=Channel.CONTROL)
    expect(subshell not in listed.content["subshell_id"], "the deleted subshell is still listed")


@case(CASES, "an error in a subshell aborts what waits there, and nothing elsewhere")
def subshell_abort(subject: Subject) -> None:
    subject.feature("kernel subshells")
    talk = subject.talk
    made = talk.ask("create_subshell_request", channel=Channel.CONTROL)
    subshell = made.content["subshell_id"]
    pause, hello = subject.code("pause"), subject.code("hello")
    running = talk.start(pause)
    waiting = talk.start(hello)
    failing = talk.start(f"{pause}\n{subject.code('fails')}", subshell_id=subshell)
    aborted = talk.start(hello, subshell_id=subshell)
    for answer in (running, waiting):
        well_formed(talk.finish(answer))
    well_formed(talk.finish(failing), status=("error",))
    well_formed(talk.finish(aborted), status=("aborted", "error"))
    expect("stream" not in aborted.types, "an aborted cell ran")
    talk.ask("delete_subshell_request", {"subshell_id": subshell}, Channel.CONTROL)


@case(CASES, "a request for a subshell that does not exist fails", "should")
def no_such_subshell(subject: Subject) -> None:
    subject.feature("kernel subshells")
    talk = subject.talk
    lost = talk.send("kernel_info_request", subshell_id="nuncius-no-such-subshell")
    talk.settle()
    talk.until(lambda: lost.reply is not None, "an error reply", 3)
    expect(lost.status == "error", f"status is {lost.status}")
    lost = talk.ask("delete_subshell_request", {"subshell_id": "nuncius-x"}, Channel.CONTROL)
    expect(lost.status == "error", f"deleting it says {lost.status}")


@case(CASES, "the debugger says what it can do")
def debugger(subject: Subject) -> None:
    if not subject.kernel_info.get("debugger"):
        subject.feature("debugger")
    request = {"type": "request", "seq": 1, "command": "debugInfo"}
    answer = well_formed(subject.talk.ask("debug_request", request, Channel.CONTROL), status=())
    body = answer.content.get("body", {})
    missing = {"isStarted", "hashMethod", "hashSeed", "tmpFilePrefix", "tmpFileSuffix"} - set(body)
    expect(not missing, f"debugInfo lacks {', '.join(sorted(missing))}")
