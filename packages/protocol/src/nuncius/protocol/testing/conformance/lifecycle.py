"""Cases: restarting and ending."""

from __future__ import annotations

from nuncius.protocol.messages import Channel
from nuncius.protocol.testing.conformance.case import Case, Subject, as_specified, case, expect
from nuncius.protocol.testing.conformance.wire import Talk, Wire

__all__ = ["CASES"]

CASES: list[Case] = []


@case(CASES, "a restarted kernel has forgotten everything and has a new session", ends=True)
def restart(subject: Subject) -> None:
    owner = subject.owned()
    talk = subject.talk
    before = talk.execute(subject.code("leaves"))
    subject.info = owner.restart()
    wire = Wire(subject.info)
    subject.wires.append(wire)
    again = Talk(wire, subject.patience)
    again.wait_until_ready(60)
    after = again.execute(subject.code("reads"))
    expect("seen" not in after.text(), "a variable survived")
    count = after.content.get("execution_count")
    expect(count == 1, f"the first cell has the count {count}")
    sessions = [a.reply.header.session for a in (before, after) if a.reply]
    expect(sessions[0] != sessions[1], "the session is the old one")


@case(CASES, "shutdown is answered, and the process ends", ends=True)
def shutdown(subject: Subject) -> None:
    owner = subject.owned()
    talk = subject.talk
    answer = talk.send("shutdown_request", {"restart": False}, Channel.CONTROL)
    talk.until(lambda: answer.reply is not None, "shutdown_reply")
    if answer.reply is not None:
        as_specified(answer.reply)
    expect(answer.content.get("restart") is False, f"restart is {answer.content.get('restart')!r}")
    expect(owner.wait(subject.patience), "the process did not end")


@case(
    CASES,
    "shutdown on the shell channel, as old clients send it, ends the process",
    "should",
    ends=True,
)
def shutdown_on_shell(subject: Subject) -> None:
    owner = subject.owned()
    talk = subject.talk
    answer = talk.send("shutdown_request", {"restart": False})
    talk.until(lambda: answer.reply is not None, "shutdown_reply")
    expect(owner.wait(subject.patience), "the process did not end")


@case(CASES, "a shutdown ends the cell that runs", ends=True)
def shutdown_while_busy(subject: Subject) -> None:
    owner = subject.owned()
    talk = subject.talk
    answer = talk.start(subject.code("sleep"))
    talk.until(lambda: "execute_input" in answer.types, "execute_input")
    # As a manager does it.
    owner.interrupt()
    talk.send("shutdown_request", {"restart": False}, Channel.CONTROL)
    expect(owner.wait(subject.patience), "the process did not end")


@case(CASES, "all clients are told that the kernel ends", "should", ends=True)
def shutdown_is_announced(subject: Subject) -> None:
    owner = subject.owned()
    other = subject.another()
    other.wait_until_ready(subject.patience)
    subject.talk.send("shutdown_request", {"restart": False}, Channel.CONTROL)
    other.until(
        lambda: any(m.msg_type == "shutdown_reply" for m in other.others),
        "shutdown_reply on iopub",
        5,
    )
    expect(owner.wait(subject.patience), "the process did not end")
