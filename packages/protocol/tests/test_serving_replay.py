"""The last output of a kernel is kept for frontends that come later."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nuncius.protocol.client.blocking import Client
from nuncius.protocol.connection import load_connection_file
from nuncius.protocol.messages import Channel
from nuncius.protocol.packing import json_packer
from nuncius.protocol.serving.replay import FEATURE, Recent, Replay, replay_reply, replayed
from nuncius.protocol.session import Session
from nuncius.protocol.transport.zmq import ZmqChannels
from nuncius.protocol.values import replace

SESSION = Session(b"key", session_id="s", username="ada", clock=lambda: "2026-01-01T00:00:00Z")


def publish(replay: Replay, msg_type: str, content: dict[str, Any]) -> str:
    message = SESSION.message(Channel.IOPUB, msg_type, content, route=(b"topic",))
    replay.keep(message, SESSION.encode(message))
    return message.msg_id


def print_line(replay: Replay, text: str) -> str:
    return publish(replay, "stream", {"name": "stdout", "text": text})


def kept(replay: Replay) -> list[tuple[str, Any]]:
    reply = replay_reply(*replay.take(), json_packer())
    json.dumps(reply)
    return [(each["header"]["msg_id"], each["content"]) for each in reply["messages"]]


def test_what_people_see_is_kept_as_it_was_sent() -> None:
    replay = Replay()
    shown = {
        publish(replay, name, content): content
        for name, content in (
            ("execute_input", {"code": "1", "execution_count": 1}),
            ("stream", {"name": "stdout", "text": "é\n"}),
            ("error", {"ename": "E", "evalue": "", "traceback": []}),
        )
    }
    for name, content in (
        ("status", {"execution_state": "busy"}),
        ("comm_msg", {"comm_id": "c", "data": {}}),
        ("debug_event", {"type": "event", "event": "stopped"}),
    ):
        publish(replay, name, content)
    assert dict(kept(replay)) == shown


def test_the_oldest_goes_first_and_what_is_too_large_is_not_kept() -> None:
    replay = Replay(limit=10_000)
    ids = [print_line(replay, "x" * 1000) for _ in range(20)]
    rest = [each for each, _ in kept(replay)]
    assert 4 <= len(rest) < 9
    assert rest == ids[-len(rest) :]
    print_line(replay, "x" * 10_000)
    assert [each for each, _ in kept(replay)] == rest
    assert replay.take()[1] == 20 - len(rest) + 1


def test_nothing_is_kept_where_nobody_wants_it() -> None:
    replay = Replay(limit=0)
    print_line(replay, "hello\n")
    assert replay.take() == ([], 0)


def test_buffers_are_not_kept() -> None:
    replay = Replay()
    message = SESSION.message(
        Channel.IOPUB,
        "display_data",
        {"data": {}, "metadata": {}},
        route=(b"a",),
        buffers=(b"x" * 99, b"y"),
    )
    replay.keep(message, SESSION.encode(message))
    ((parts,), forgotten) = replay.take()
    assert (len(parts), forgotten) == (4, 0)


def test_what_is_kept_in_this_process_has_no_buffers():
    recent = Recent(1000)

    def show(text: str) -> Any:
        content = {"name": "stdout", "text": text}
        buffers = (b"large" * 1000,)
        message = SESSION.message(Channel.IOPUB, "stream", content, buffers=buffers)
        recent.keep(message)
        return message

    for number in range(100):
        last = show(f"{number}" * 10)
    assert 0 < len(recent.take()) < 100
    assert recent.take()[-1] == replace(last, buffers=())


@pytest.fixture
def channels(tmp_path: Path) -> Iterator[Any]:
    """Connects to a kernel in a process of its own."""
    script = Path(__file__).with_name("serving_kernel.py")
    path = tmp_path / "kernel.json"
    with subprocess.Popen(
        [sys.executable, str(script), "-f", str(path)], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "nuncius console --existing" in process.stderr.readline()
        yield lambda: ZmqChannels(load_connection_file(path))
        process.kill()


def test_who_comes_in_the_middle_of_a_cell_sees_all_of_it_once(
    channels: Any, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    with Client(channels()) as first:
        first.wait_until_ready(timeout=60)
        cell = first.execute(
            f"import os, time\nprint('one')\nprint('two')\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nprint('three')"
        )
        # `print` writes the end of the line by itself.
        assert next(m.content["text"] for m in cell if m.msg_type == "stream").startswith("one")
        with Client(channels()) as second:
            live = []
            second.subscribe(lambda event: live.append(getattr(event, "message", None)))
            info = second.kernel_info(channel=Channel.CONTROL, timeout=60).content
            assert FEATURE in info["supported_features"]
            reply = second.request("replay_request", channel=Channel.CONTROL, timeout=60)
            assert reply.content["forgotten"] == 0
            again = replayed(reply.content)
            assert next(each.msg_type for each in again) == "execute_input"
            go.touch()
            cell.result(20)
            second.kernel_info(timeout=60)
            seen = {m.msg_id: m for m in [*again, *filter(None, live)] if m.msg_type == "stream"}
            assert "".join(m.content["text"] for m in seen.values()) == "one\ntwo\nthree\n"
        first.shutdown(timeout=60)
