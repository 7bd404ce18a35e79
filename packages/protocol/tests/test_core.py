"""The two sides of the protocol, talking to each other over a wire that is a list."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nuncius.protocol.core.client import (
    Abandoned,
    ClientCore,
    Finished,
    Orphan,
    Output,
    Replied,
    StatusChanged,
)
from nuncius.protocol.core.dispatch import Dispatcher, Run, Send
from nuncius.protocol.errors import InvalidSignature, Malformed, Replayed
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.session import Session


def session(name: str) -> Session:
    return Session(b"key", session_id=name, username="ada", clock=lambda: "2026-01-01T00:00:00Z")


@pytest.fixture
def client() -> ClientCore:
    return ClientCore(session("client").message)


@pytest.fixture
def kernel() -> Dispatcher:
    return Dispatcher(session("kernel").message)


def states(effects: list[Send | Run]) -> Iterator[str]:
    for effect in effects:
        if isinstance(effect, Run):
            yield f"run {effect.request.content['code']}"
        elif effect.message.msg_type == "status":
            yield effect.message.content["execution_state"]
        else:
            yield f"{effect.message.msg_type} {effect.message.content['status']}"


def test_a_request_is_busy_then_run_then_answered_then_idle(
    client: ClientCore, kernel: Dispatcher
) -> None:
    request = client.request("execute_request", {"code": "1"})
    assert list(states(kernel.receive(request))) == ["busy", "run 1"]
    assert list(states(kernel.finished({"status": "ok"}))) == ["execute_reply ok", "idle"]


def test_what_arrives_meanwhile_waits_and_is_aborted_after_an_error(
    client: ClientCore, kernel: Dispatcher
) -> None:
    """Run all cells: the second fails, so those after it are not run; a completion is."""
    cells = [client.request("execute_request", {"code": str(n)}) for n in range(3)]
    kernel.receive(cells[0])
    kernel.receive(cells[1])
    kernel.receive(client.request("kernel_info_request", {"code": "info"}))
    kernel.receive(cells[2])
    assert list(states(kernel.finished({"status": "error"}, abort=True))) == [
        "execute_reply error",
        "idle",
        "busy",
        "execute_reply aborted",
        "idle",
        "busy",
        "execute_reply aborted",
        "idle",
        "busy",
        "run info",
    ]


def test_a_cell_that_is_dropped_is_aborted_in_its_turn(
    client: ClientCore, kernel: Dispatcher
) -> None:
    """Only cells are, wherever they wait; what runs is not, and neither are completions."""
    cells = [client.request("execute_request", {"code": str(n)}) for n in range(5)]
    tab = client.request("complete_request", {"code": "tab"})
    kernel.receive(cells[0])
    assert kernel.drop(cells[0].msg_id) is True
    for waiting in (*cells[1:4], tab):
        assert kernel.receive(waiting) == []
        if waiting is not cells[3]:
            assert kernel.drop(waiting.msg_id) is False
    assert kernel.drop(cells[4].msg_id) is False
    aborted = ["busy", "execute_reply aborted", "idle"]
    done = ["execute_reply ok", "idle"]
    assert list(states(kernel.finished({"status": "ok"}))) == [
        *done, *aborted, *aborted, "busy", "run 3",
    ]  # fmt: skip
    assert list(states(kernel.finished({"status": "ok"}))) == [*done, "busy", "run tab"]
    assert list(states(kernel.finished({"status": "ok"}))) == ["complete_reply ok", "idle"]
    assert list(states(kernel.receive(cells[4]))) == aborted
    assert kernel.running is None
    for msg_id in (cells[4].msg_id, *map(str, range(2000))):
        kernel.drop(msg_id)  # so many that the first is forgotten
    assert list(states(kernel.receive(cells[4]))) == ["busy", "run 4"]


@pytest.mark.parametrize("order", ["reply first", "idle first"])
def test_a_request_is_finished_by_the_later_of_reply_and_idle(
    order: str, client: ClientCore, kernel: Dispatcher
) -> None:
    """Shell and iopub are separate sockets: a slow subscriber sees idle last, a busy one first."""
    request = client.request("execute_request", {"code": "1"})
    [busy, _] = kernel.receive(request)
    [reply, idle] = kernel.finished({"status": "ok"})
    assert isinstance(busy, Send)
    assert isinstance(reply, Send)
    assert isinstance(idle, Send)
    assert client.receive(busy.message) == [StatusChanged("busy", busy.message)]
    replied = Replied(request, reply.message)
    finished = Finished(request, reply.message)
    became_idle = StatusChanged("idle", idle.message)
    if order == "reply first":
        assert client.receive(reply.message) == [replied]
        assert client.receive(idle.message) == [became_idle, finished]
    else:
        assert client.receive(idle.message) == [became_idle]
        assert client.receive(reply.message) == [replied, finished]
    assert client.receive(reply.message) == [Orphan(reply.message)]


def test_a_dead_kernel_ends_every_request(client: ClientCore) -> None:
    requests = [client.request("execute_request", {"code": "1"}) for _ in range(2)]
    assert client.abandon("killed") == [Abandoned(r, "killed") for r in requests]
    assert client.open == {}


def test_output_belongs_to_its_request(client: ClientCore) -> None:
    request = client.request("execute_request", {"code": "1"})
    new = session("kernel").message
    text = new(Channel.IOPUB, "stream", {"name": "stdout", "text": "1"}, parent=request.header)
    assert client.receive(text) == [Output(request, text)]


def sent(message: Message, sender: Session, receiver: Session) -> Message:
    return receiver.decode(sender.encode(message), message.channel)


def test_a_message_survives_the_wire() -> None:
    ours, theirs = session("ours"), session("theirs")
    message = ours.message(
        Channel.SHELL,
        "comm_msg",
        {"data": {"x": [1, None, "é"]}},
        metadata={"m": True},
        buffers=(b"\0" * 10,),
        subshell_id="s",
    )
    assert sent(message, ours, theirs) == message
    reply = theirs.message(Channel.SHELL, "comm_msg", parent=message.header)
    assert sent(reply, theirs, ours).parent == message.header


def test_forged_replayed_and_unsigned_messages_are_refused() -> None:
    ours = session("ours")
    frames = ours.encode(ours.message(Channel.SHELL, "kernel_info_request"))
    with pytest.raises(InvalidSignature, match="another key"):
        Session(b"other").decode(frames)
    receiver = session("theirs")
    receiver.decode(frames)
    with pytest.raises(Replayed):
        receiver.decode(frames)
    with pytest.raises(InvalidSignature, match="not signed"):
        receiver.decode(Session(b"").encode(ours.message(Channel.SHELL, "x")))
    with pytest.raises(Malformed, match="delimiter"):
        receiver.decode([b"", b"x"])
