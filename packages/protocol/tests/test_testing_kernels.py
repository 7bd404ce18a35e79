"""The kernels and recordings that tests are made with."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nuncius.protocol.client.blocking import Client
from nuncius.protocol.core.client import ClientCore, Finished
from nuncius.protocol.errors import Malformed, TransportClosed
from nuncius.protocol.kernel import ExecuteRequest, KernelIO
from nuncius.protocol.kernelspec import KernelSpec
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.messages import Buffer, Channel, Message
from nuncius.protocol.session import Session
from nuncius.protocol.testing import (
    EchoKernel,
    Recording,
    RecordingChannels,
    ReplayChannels,
    ScriptedKernel,
)
from nuncius.protocol.transport.base import Channels
from nuncius.protocol.transport.zmq import ZmqChannels


class Noted:
    """A `KernelIO` that writes down what is said."""

    def __init__(self, *answers: str) -> None:
        self.request = Session().message(Channel.SHELL, "execute_request", {"code": ""})
        self.said: list[tuple[str, Any]] = []
        self.answers = list(answers)

    def publish(
        self,
        msg_type: str,
        content: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        buffers: Sequence[Buffer] = (),
    ) -> None:
        self.said.append((msg_type, content))

    def stream(self, name: str, text: str) -> None:
        self.said.append((name, text))

    def flush(self) -> None: ...

    def input(self, prompt: str = "", *, password: bool = False, **metadata: Any) -> str:
        self.said.append(("password" if password else "input", prompt))
        return self.answers.pop(0)


def test_the_echo_kernel_says_what_it_is_told() -> None:
    io = Noted("Ada")
    code = "hello\n!stderr oops\n!ask name? \n!display pic\n!clear\n!many 2\n!value 42"
    reply = EchoKernel().execute(ExecuteRequest(code, user_expressions={"x": "!value 1"}), io)
    assert reply == {
        "status": "ok",
        "execution_count": 1,
        "payload": [],
        "user_expressions": {"x": {"status": "ok", "data": {"text/plain": "1"}, "metadata": {}}},
    }
    assert io.said == [
        ("execute_input", {"code": code, "execution_count": 1}),
        ("stdout", "hello\n"),
        ("stderr", "oops\n"),
        ("input", "name? "),
        ("stdout", "got Ada\n"),
        ("display_data", {"data": {"text/plain": "pic"}, "metadata": {}, "transient": {}}),
        ("clear_output", {"wait": False}),
        ("stdout", "0\n"),
        ("stdout", "1\n"),
        ("execute_result", {"execution_count": 1, "data": {"text/plain": "42"}, "metadata": {}}),
    ]


def test_a_scripted_kernel_plays_its_part() -> None:
    def greet(request: ExecuteRequest, io: KernelIO) -> dict[str, Any]:
        io.stream("stdout", "hi")
        return {"payload": [{"source": "page"}]}

    def fail(request: ExecuteRequest, io: KernelIO) -> None:
        raise ValueError("no")

    kernel = ScriptedKernel({"greet": greet, "fail": fail})
    io = Noted()
    assert kernel.execute(ExecuteRequest("greet"), io) == {
        "status": "ok",
        "execution_count": 1,
        "payload": [{"source": "page"}],
        "user_expressions": {},
    }
    failed = kernel.execute(ExecuteRequest("fail"), io)
    lost = kernel.execute(ExecuteRequest("other"), io)
    assert isinstance(failed, Mapping)
    assert isinstance(lost, Mapping)
    assert (failed["ename"], failed["evalue"], failed["execution_count"]) == ("ValueError", "no", 2)
    assert lost["evalue"] == "the script has nothing for 'other'; it has: 'greet', 'fail'"
    assert [request.code for request in kernel.requests] == ["greet", "fail", "other"]
    assert [name for name, _ in io.said] == [
        *("execute_input", "stdout", "execute_input", "error", "execute_input", "error")
    ]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A conversation with a real kernel in its own process, over real sockets."""
    spec = KernelSpec.from_dict(
        {
            "argv": [
                *(sys.executable, "-m", "nuncius.protocol.testing.echo"),
                *("-f", "{connection_file}"),
            ],
            "display_name": "echo",
            "language": "echo",
        },
        name="echo",
    )
    path = tmp_path_factory.mktemp("run") / "kernel.json"
    with BlockingKernelManager(spec, connection_file=path) as manager:
        assert manager.info
        channels = RecordingChannels(ZmqChannels(manager.info))
        with Client(channels) as client:
            client.wait_until_ready(20)
            client.execute("hello\n!value 42").result(20)
            client.execute("!fail now").result(20)
    return channels.recording


def test_channels_that_record_and_replay_are_channels(recording: Recording) -> None:
    replay = ReplayChannels(recording)
    assert isinstance(replay, Channels)
    assert isinstance(RecordingChannels(replay), Channels)


def talk(channels: Channels, code: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Run code with the sans-IO client, and return all that came of it."""
    core = ClientCore(channels.new)
    request = core.request("execute_request", {"code": code})
    channels.send(request)
    heard: list[Message] = []
    while request.msg_id in core.open:
        for message in channels.receive(5):
            heard.append(message)
            events = core.receive(message)
            assert all(getattr(event, "request", request) == request for event in events)
            if any(isinstance(event, Finished) for event in events):
                break
    return [(m.msg_type, m.content) for m in heard if m.channel is Channel.IOPUB]


def test_a_recorded_conversation_is_played_again(recording: Recording, tmp_path: Path) -> None:
    """A bug report of a frontend can bring its conversation along."""
    recording.save(tmp_path / "talk.jsonl")
    replay = ReplayChannels(Recording.load(tmp_path / "talk.jsonl"))
    replay.open()
    assert replay.heartbeat(0)
    first = talk(replay, "anything")
    assert [name for name, _ in first] == [
        *("status", "execute_input", "stream", "execute_result", "status")
    ]
    assert first[2][1] == {"name": "stdout", "text": "hello\n"}
    second = dict(talk(replay, "anything"))
    assert second["error"]["evalue"] == "now"
    with pytest.raises(Malformed, match="no further answer to execute_request"):
        talk(replay, "anything")
    replay.close()
    with pytest.raises(TransportClosed):
        replay.receive()


def test_a_replay_pushes_to_a_sink(recording: Recording) -> None:
    replay = ReplayChannels(recording)
    pushed: list[Message] = []
    again = RecordingChannels(replay)
    again.set_sink(pushed.append)
    again.send(again.new(Channel.SHELL, "execute_request", {"code": ""}))
    assert again.receive() == []
    assert [entry.message for entry in again.recording.entries[1:]] == pushed
    assert len(pushed) == 6
    again.set_sink(None)
    assert again.filenos() == ()
    again.close()


def test_buffers_are_recorded(tmp_path: Path) -> None:
    message = Session().message(
        Channel.IOPUB, "comm_msg", {"n": float("nan")}, buffers=(b"\0\xff",)
    )
    replay = Recording()
    channels = RecordingChannels(ReplayChannels(replay))
    with pytest.raises(Malformed):
        channels.send(message)
    channels.recording.save(tmp_path / "x")
    [entry] = Recording.load(tmp_path / "x").entries
    assert (entry.direction, entry.message.buffers, entry.message.content) == (
        "sent",
        (b"\0\xff",),
        {"n": None},
    )


@pytest.mark.parametrize("line", ["", "{}", "[]", '{"direction": "up"}', "x"])
def test_a_file_that_is_no_recording_is_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(f"{line}\n")
    with pytest.raises(Malformed, match="line 1: not a recorded message"):
        Recording.load(path)
