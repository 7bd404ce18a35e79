"""Programs that were written for jupyter_client, after changing their import line."""

from __future__ import annotations

import asyncio
import json
import math
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from queue import Empty

import pytest
import zmq

import nuncius.protocol.compat as jupyter_client
from nuncius.protocol.compat import conversation, jsonutil
from nuncius.protocol.compat import session as sessions
from nuncius.protocol.messages import Channel

SCRIPT = Path(__file__).with_name("client_kernel.py")


@pytest.fixture
def specs(tmp_path, monkeypatch):
    """A manager of kernelspecs that knows one kernel."""
    folder = tmp_path / "kernels" / "scripted"
    folder.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, str(SCRIPT), "-f", "{connection_file}"],
        "display_name": "Scripted",
        "language": "script",
        "interrupt_mode": "message",
    }
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    return jupyter_client.KernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")])


def test_every_name_can_be_imported():
    assert [name for name in jupyter_client.__all__ if not getattr(jupyter_client, name)] == []
    with pytest.raises(AttributeError):
        _ = jupyter_client.no_such_name


# -- kernels


def test_a_program_drives_a_kernel_message_by_message(specs, capsys):
    manager = jupyter_client.KernelManager(kernel_name="scripted", kernel_spec_manager=specs)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        with pytest.raises(Empty):
            client.get_iopub_msg(timeout=0)
        msg_id = client.execute("say hello")
        reply = client.get_shell_msg(timeout=60)
        assert (reply["parent_header"]["msg_id"], reply["content"]["status"]) == (msg_id, "ok")
        assert reply["header"]["date"].tzinfo is not None
        published = [client.get_iopub_msg(timeout=60) for _ in range(3)]
        assert [message["msg_type"] for message in published] == ["status", "stream", "status"]
        reply = client.execute_interactive("say shown", timeout=60)
        assert (reply["content"]["status"], capsys.readouterr().out) == ("ok", "shown")
        reply = client.complete("ab", reply=True, timeout=60)
        assert reply["content"]["matches"] == ["ab!"]
        assert client.is_alive()
        assert client.hb_channel.is_beating()
        asked = []

        def answer(msg):
            asked.append(msg["content"]["prompt"])
            client.input("me")

        seen = []
        client.execute_interactive(
            "ask who?", timeout=60, stdin_hook=answer, output_hook=seen.append
        )
        texts = [msg["content"]["text"] for msg in seen if msg["msg_type"] == "stream"]
        assert (asked, texts) == (["who?"], ["me"])
        cell = client.execute("hang")
        while client.get_iopub_msg(timeout=60)["parent_header"].get("msg_id") != cell:
            pass  # until it is busy with it
        with pytest.raises(TimeoutError):
            client.complete("x", reply=True, timeout=0.05)
        manager.interrupt_kernel()
        assert client.get_shell_msg(timeout=60)["content"]["ename"] == "KeyboardInterrupt"
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert not Path(manager.connection_file).exists()


def test_two_tasks_wait_for_two_channels(specs):
    async def main():
        manager = jupyter_client.AsyncKernelManager(
            kernel_name="scripted", kernel_spec_manager=specs
        )
        await manager.start_kernel()
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)
            shell = asyncio.create_task(client.get_shell_msg(timeout=60))
            iopub = asyncio.create_task(client.get_iopub_msg(timeout=60))
            await asyncio.sleep(0)
            client.execute("say hello")
            return (await shell)["msg_type"], (await iopub)["msg_type"], await client.is_alive()
        finally:
            client.stop_channels()
            await manager.shutdown_kernel()

    assert asyncio.run(main()) == ("execute_reply", "status", True)


def test_a_kernel_is_ready_with_the_answer_to_the_last_question():
    """The subscription took effect after the first answer: the second one must not be left for `get_shell_msg`."""
    reply = {"parent_header": {"msg_id": "1"}, "content": {"status": "ok"}}
    busy = {"parent_header": {"msg_id": "1"}, "content": {"execution_state": "busy"}}
    idle = {"parent_header": {"msg_id": "1"}, "content": {"execution_state": "idle"}}
    again = [{**message, "parent_header": {"msg_id": "2"}} for message in (reply, idle)]
    other = {**idle, "parent_header": {"msg_id": "of another client"}}

    readiness = conversation.Readiness("1")
    assert (readiness.is_complete, readiness.is_unheard) == (False, False)
    for channel, message in (("shell", reply), ("iopub", busy), ("iopub", other)):
        readiness.hear(Channel(channel), message)
    assert (readiness.is_complete, readiness.is_unheard) == (False, True)
    readiness.ask("2")
    readiness.hear(Channel.IOPUB, idle)
    assert (readiness.is_complete, readiness.is_unheard) == (False, False)
    readiness.hear(Channel.SHELL, again[0])
    assert (readiness.is_complete, readiness.is_unheard) == (False, False)
    readiness.hear(Channel.IOPUB, again[1])
    assert readiness.is_complete


def test_many_kernels_have_ids(specs):
    kernels = jupyter_client.MultiKernelManager(kernel_spec_manager=specs)
    first = kernels.start_kernel("scripted")
    second = kernels.start_kernel("scripted", kernel_id="mine")
    try:
        assert (sorted(kernels.list_kernel_ids()), len(kernels)) == (sorted([first, "mine"]), 2)
        assert second == "mine"
        assert kernels.is_alive("mine")
        with pytest.raises(jupyter_client.DuplicateKernelError):
            kernels.start_kernel("scripted", kernel_id="mine")
    finally:
        kernels.shutdown_all(now=True)
    assert len(kernels) == 0
    with pytest.raises(KeyError):
        kernels.get_kernel("mine")


def test_a_second_client_joins_by_the_connection_file(specs):
    manager = jupyter_client.KernelManager(kernel_name="scripted", kernel_spec_manager=specs)
    manager.start_kernel()
    client = jupyter_client.BlockingKernelClient()
    try:
        client.load_connection_file(manager.connection_file)
        assert client.shell_port == manager.shell_port
        client.start_channels()
        client.wait_for_ready(timeout=60)
        assert client.execute("say x", reply=True, timeout=60)["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_kernelspecs_are_found_and_missing_ones_named(specs):
    assert "scripted" in specs.find_kernel_specs()
    assert specs.get_kernel_spec("scripted").display_name == "Scripted"
    assert specs.get_all_specs()["scripted"]["spec"]["language"] == "script"
    with pytest.raises(jupyter_client.NoSuchKernel) as caught:
        specs.get_kernel_spec("none")
    assert caught.value.name == "none"


# -- sessions


def test_what_one_session_sends_another_one_receives():
    with zmq.Context() as context, context.socket(zmq.PAIR) as a, context.socket(zmq.PAIR) as b:
        a.bind("inproc://session")
        b.connect("inproc://session")
        one = jupyter_client.Session(key=b"secret", session="me")
        two = jupyter_client.Session(key=b"secret")
        parent = one.msg("execute_request", {"code": "x"})
        sent = one.send(a, "stream", {"text": "é"}, parent, b"ident", [b"raw"])
        identities, received = two.recv(b, 0)
        assert identities == [b"ident"]
        assert received["content"] == {"text": "é"}
        assert received["parent_header"]["msg_id"] == parent["msg_id"]
        assert (received["msg_id"], received["header"]["session"]) == (sent["msg_id"], "me")
        assert [bytes(buffer) for buffer in received["buffers"]] == [b"raw"]
        assert two.recv(b) == (None, None)


def test_a_message_with_another_key_or_sent_twice_is_refused():
    session = jupyter_client.Session(key=b"secret")
    frames = session.serialize(session.msg("stream", {}))
    _, parts = session.feed_identities(frames)
    with pytest.raises(ValueError, match="another key"):
        jupyter_client.Session(key=b"other").deserialize(parts)
    other = session.clone()
    other.deserialize(parts)
    with pytest.raises(ValueError, match="was received before"):
        other.deserialize(parts)
    with pytest.raises(ValueError, match="delimiter"):
        session.feed_identities([b"a", b"b"])


def test_headers_can_be_taken_from_messages():
    message = jupyter_client.Session().msg("t")
    assert sessions.extract_header(message) == message["header"]
    assert sessions.extract_header(message["header"]) == message["header"]
    assert sessions.extract_header({}) == {}
    assert sessions.Message(message).header.msg_type == "t"


# -- JSON


def test_dates_are_found_and_written():
    moment = datetime(2026, 1, 2, 3, 4, 5, 600000, UTC)
    text = "2026-01-02T03:04:05.600000Z"
    assert jsonutil.extract_dates({"a": [text, "2026"]}) == {"a": [moment, "2026"]}
    assert jsonutil.squash_dates({"a": (moment,)}) == {"a": [text]}
    assert json.dumps([moment], default=jsonutil.date_default) == f'["{text}"]'
    assert jsonutil.parse_date("2026-99-99T00:00:00Z") == "2026-99-99T00:00:00Z"
    with pytest.raises(TypeError):
        jsonutil.date_default(object())


def test_values_are_cleaned_for_json():
    given = {"a": {1, 2}, 3: b"x", "d": date(2026, 1, 2), "n": math.nan, "t": (None, True)}
    assert jsonutil.json_clean(given) == {
        "a": [1, 2],
        "3": "eA==",
        "d": "2026-01-02",
        "n": "nan",
        "t": [None, True],
    }
    with pytest.raises(ValueError, match="two keys"):
        jsonutil.json_clean({1: 1, "1": 2})
    with pytest.raises(ValueError, match="JSON has nothing"):
        jsonutil.json_clean(object())
    assert (
        json.dumps({"a": b"x", "b": {1}}, default=jsonutil.json_default)
        == '{"a": "eA==", "b": [1]}'
    )
