"""Cases: running code."""

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


def _count(subject: Subject) -> int:
    """Return the count of a cell that runs now."""
    count = subject.talk.execute(subject.code("hello")).content.get("execution_count")
    expect(isinstance(count, int), f"execution_count is {count!r}")
    return int(count or 0)


@case(CASES, "code runs: busy, execute_input, outputs, idle, and a reply with the count")
def execute(subject: Subject) -> None:
    code = subject.code("hello")
    answer = well_formed(subject.talk.execute(code))
    expect(
        answer.types == ["busy", "execute_input", "stream", "idle"],
        f"published were {answer.types}",
    )
    [shown] = answer.of("execute_input")
    expect(shown.content["code"] == code, f"execute_input shows {shown.content['code']!r}")
    expect("hello" in answer.text(), f"stdout is {answer.text()!r}")
    count = answer.content["execution_count"]
    expect(shown.content["execution_count"] == count, "execute_input and reply differ in the count")


@case(CASES, "each cell counts")
def counts(subject: Subject) -> None:
    first, second = _count(subject), _count(subject)
    expect(second == first + 1, f"after {first} came {second}")


@case(CASES, "what is written to stderr is a stream of that name")
def stderr(subject: Subject) -> None:
    answer = well_formed(subject.talk.execute(subject.code("stderr")))
    expect("oops" in answer.text("stderr"), f"stderr is {answer.text('stderr')!r}")


@case(CASES, "a value is published as execute_result with the count of the cell")
def result(subject: Subject) -> None:
    answer = well_formed(subject.talk.execute(subject.code("value")))
    results = answer.of("execute_result")
    expect(len(results) == 1, f"published were {answer.types}")
    content = results[0].content
    expect("text/plain" in content["data"], "the result has no text/plain")
    expect(
        content["execution_count"] == answer.content["execution_count"],
        "result and reply differ in the count",
    )


@case(CASES, "an error is published, and the reply says the same")
def error(subject: Subject) -> None:
    answer = well_formed(subject.talk.execute(subject.code("fails")), status=("error",))
    errors = answer.of("error")
    expect(len(errors) == 1, f"published were {answer.types}")
    for name in ("ename", "evalue"):
        expect(errors[0].content[name] == answer.content[name], f"error and reply differ in {name}")


@case(CASES, "a reply that says error has the count too", "should")
def error_counts(subject: Subject) -> None:
    answer = subject.talk.execute(subject.code("fails"))
    expect(isinstance(answer.content.get("execution_count"), int), "it has no execution_count")


@case(CASES, "output arrives complete and in order before the cell is idle")
def output_in_order(subject: Subject) -> None:
    answer = well_formed(subject.talk.execute(subject.code("many")))
    lines = answer.text().replace("\r", "").splitlines()
    expect(lines == [str(n) for n in range(1000)], f"{len(lines)} lines came, not 1000 in order")


@case(CASES, "something rich is shown as display_data")
def display(subject: Subject) -> None:
    answer = well_formed(subject.talk.execute(subject.code("display")))
    expect("display_data" in answer.types, f"published were {answer.types}")


@case(CASES, "what is written stands before what is shown after it, and before the error")
def mixed_output(subject: Subject) -> None:
    hello, shows = subject.code("hello"), subject.code("display")
    code = "\n".join((hello, shows, hello, subject.code("fails")))
    answer = well_formed(subject.talk.execute(code), status=("error",))
    expected = ["busy", "execute_input", "stream", "display_data", "stream", "error", "idle"]
    expect(answer.types == expected, f"published were {answer.types}")


@case(CASES, "output that comes after the cell has ended belongs to it still", "should")
def late_output(subject: Subject) -> None:
    talk = subject.talk
    answer = well_formed(talk.execute(subject.code("late")))
    talk.settle()
    talk.until(lambda: "late" in answer.text(), "the output with the cell as its parent", 3)


@case(CASES, "silent code publishes no input and no result, and is not counted")
def silent(subject: Subject) -> None:
    before = _count(subject)
    answer = well_formed(subject.talk.execute(subject.code("hello"), silent=True))
    expect("execute_input" not in answer.types, "execute_input was published")
    value = subject.snippets.value
    if value:
        answer = subject.talk.execute(value, silent=True)
        expect("execute_result" not in answer.types, "execute_result was published")
    after = _count(subject)
    expect(after == before + 1, f"the count went from {before} to {after}")


@case(CASES, "code that is not to be stored is not counted", "should")
def not_stored(subject: Subject) -> None:
    before = _count(subject)
    subject.talk.execute(subject.code("hello"), store_history=False)
    after = _count(subject)
    expect(after == before + 1, f"the count went from {before} to {after}")


@case(CASES, "only the code is required in execute_request; unknown fields are let pass")
def tolerant(subject: Subject) -> None:
    for extra in ({}, {"nuncius_unknown": [1, None]}):
        content = {"code": subject.code("hello"), **extra}
        well_formed(subject.talk.ask("execute_request", content))


@case(CASES, "user_expressions are evaluated after success", "should")
def user_expressions(subject: Subject) -> None:
    value = subject.code("value")
    answer = well_formed(
        subject.talk.execute(
            subject.code("hello"), user_expressions={"v": value, "bad": "nuncius_no("}
        )
    )
    found: dict[str, Any] = answer.content.get("user_expressions") or {}
    if not found:
        raise NotApplicable("the kernel evaluates no user_expressions")
    expect(found["v"]["status"] == "ok", f"v is {found['v']}")
    expect(found["bad"]["status"] == "error", f"bad is {found['bad']}")


@case(CASES, "input: the frontend that sent the cell is asked, and its answer is used")
def stdin(subject: Subject) -> None:
    talk = subject.talk
    bystander = subject.another()
    bystander.wait_until_ready(subject.patience)
    answer = talk.start(subject.code("asks"), allow_stdin=True)
    talk.until(lambda: bool(answer.asked), "input_request")
    as_specified(answer.asked[0])
    expect(answer.asked[0].content["prompt"] == "name? ", "the prompt is another")
    expect(not answer.asked[0].content.get("password"), "it says that it is for a password")
    reply = talk.wire.session.message(
        Channel.STDIN, "input_reply", {"value": "Ada"}, parent=answer.asked[0].header
    )
    talk.wire.send(reply)
    well_formed(talk.finish(answer))
    expect("got Ada" in answer.text(), f"stdout is {answer.text()!r}")
    bystander.settle()
    asked = [m for m in bystander.others if m.channel is Channel.STDIN]
    expect(not asked, "another client was asked too")


@case(CASES, "a question for a password says so")
def password(subject: Subject) -> None:
    talk = subject.talk
    answer = talk.start(subject.code("password"), allow_stdin=True)
    talk.until(lambda: bool(answer.asked), "input_request")
    hidden = answer.asked[0].content.get("password")
    reply = talk.wire.session.message(
        Channel.STDIN, "input_reply", {"value": "x"}, parent=answer.asked[0].header
    )
    talk.wire.send(reply)
    talk.finish(answer)
    expect(hidden is True, f"password is {hidden!r}")


@case(CASES, "a frontend that cannot give input is not asked: the code fails")
def stdin_refused(subject: Subject) -> None:
    answer = well_formed(subject.talk.execute(subject.code("asks")), status=("error",))
    expect(not answer.asked, "an input_request was sent")


@case(CASES, "an error aborts the cells that wait, and nothing else")
def abort(subject: Subject) -> None:
    talk = subject.talk
    # Together they arrive while the first one runs.
    failing = talk.start(subject.code("pause") + "\n" + subject.code("fails"))
    waiting = [talk.start(subject.code("hello")) for _ in range(2)]
    info = talk.send("kernel_info_request")
    talk.finish(failing)
    expect(failing.status == "error", f"the failing cell says {failing.status}")
    for answer in waiting:
        well_formed(talk.finish(answer), status=("aborted", "error"))
        expect("stream" not in answer.types, "an aborted cell ran")
    well_formed(talk.finish(info))
    well_formed(talk.execute(subject.code("hello")))


@case(CASES, "with stop_on_error false an error aborts nothing")
def no_abort(subject: Subject) -> None:
    talk = subject.talk
    code = subject.code("pause") + "\n" + subject.code("fails")
    failing = talk.start(code, stop_on_error=False)
    waiting = talk.start(subject.code("hello"))
    talk.finish(failing)
    well_formed(talk.finish(waiting))


@case(CASES, "all clients see the output; the reply is for the one that asked")
def two_clients(subject: Subject) -> None:
    other = subject.another()
    other.wait_until_ready(subject.patience)
    answer = well_formed(subject.talk.execute(subject.code("hello")))
    theirs: list[str] = []
    other.until(
        lambda: any(
            m.parent_id == answer.request.msg_id and m.content.get("execution_state") == "idle"
            for m in other.others
        ),
        "status idle at the other client",
    )
    theirs = [m.msg_type for m in other.others if m.parent_id == answer.request.msg_id]
    expect("stream" in theirs, "the other client did not see the output")
    expect("execute_reply" not in theirs, "the other client got the reply")


@case(CASES, "an interrupt ends the running cell with an error, and the kernel goes on")
def interrupt(subject: Subject) -> None:
    owner = subject.owned()
    talk = subject.talk
    answer = talk.start(subject.code("sleep"))
    talk.until(lambda: "execute_input" in answer.types, "execute_input")
    owner.interrupt()
    talk.finish(answer)
    expect(answer.status == "error", f"the interrupted cell says {answer.status}")
    well_formed(talk.execute(subject.code("hello")))


@case(CASES, "an interrupt ends the wait for input as well")
def interrupted_input(subject: Subject) -> None:
    owner = subject.owned()
    talk = subject.talk
    answer = talk.start(subject.code("asks"), allow_stdin=True)
    talk.until(lambda: bool(answer.asked), "input_request")
    owner.interrupt()
    talk.finish(answer)
    expect(answer.status == "error", f"the interrupted cell says {answer.status}")
    well_formed(talk.execute(subject.code("hello")))


@case(CASES, "an interrupt by message is answered, and ends the running cell", "should")
def interrupt_by_message(subject: Subject) -> None:
    talk = subject.talk
    answer = talk.start(subject.code("sleep"))
    talk.until(lambda: "execute_input" in answer.types, "execute_input")
    well_formed(talk.ask("interrupt_request", channel=Channel.CONTROL))
    talk.finish(answer)
    expect(answer.status == "error", f"the interrupted cell says {answer.status}")


@case(CASES, "control and heartbeat answer while a cell runs")
def control_while_busy(subject: Subject) -> None:
    talk = subject.talk
    busy = talk.start(subject.code("pause"))
    talk.until(lambda: "busy" in busy.states, "status busy")
    talk.ask("kernel_info_request", channel=Channel.CONTROL)
    alive = talk.wire.beat(subject.patience)
    waited = busy.reply is not None
    talk.finish(busy)
    expect(alive, "the heartbeat did not echo")
    expect(not waited, "control waited for the cell")
