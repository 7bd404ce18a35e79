"""Whoever reads late reads everything: a notebook in a tab that sleeps, a program that does something else."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

import pytest
import zmq

from nuncius.protocol.kernelspec import KernelSpec
from nuncius.protocol.manager import BlockingKernelManager
from nuncius.protocol.messages import Channel
from nuncius.protocol.session import Session

SPEC = KernelSpec(
    "nuncius-python",
    argv=(sys.executable, "-P", "-m", "nuncius.kernel", "-f", "{connection_file}"),
    kernel_protocol_version="5.5",
)

DISPLAYS, LINES = 20_000, 100_000

CODE = """
from IPython.display import HTML, display
for n in range(DISPLAYS):
    display(HTML(f"<b>{n}</b>"))
for n in range(LINES):
    print(n)
open(PATH, "w").close()
"""


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A pipe that the cell opens when it has published everything; until then nobody reads."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("NUNCIUS_DIR", str(tmp_path / "nuncius"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    path = tmp_path / "finished"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    yield path, poll
    os.close(descriptor)


def test_twenty_thousand_displays_and_a_hundred_thousand_lines_reach_a_late_reader(finished):
    path, poll = finished
    with BlockingKernelManager(SPEC) as manager, manager.client() as client:
        client.wait_until_ready(timeout=60)
        names = f"DISPLAYS, LINES, PATH = {DISPLAYS}, {LINES}, {str(path)!r}"
        execution = client.execute(names + CODE)
        assert poll.poll(60_000), "the kernel waits for its reader"
        result = execution.result(timeout=60)
    assert result.status == "ok"
    *displays, printed = result.outputs
    shown = [output["data"]["text/html"] for output in displays]
    assert shown == [f"<b>{n}</b>" for n in range(DISPLAYS)]
    assert printed == {
        "output_type": "stream",
        "name": "stdout",
        "text": "".join(f"{n}\n" for n in range(LINES)),
    }


def test_one_reads_as_it_comes_and_one_much_later_and_neither_misses_anything(finished):
    """The one that is behind costs the other nothing: it has everything before the first has read a line."""
    with (
        BlockingKernelManager(SPEC) as manager,
        manager.client() as client,
        zmq.Context() as context,
        context.socket(zmq.SUB) as behind,
    ):
        client.wait_until_ready(timeout=60)
        # So that little of it waits on this side; with less than a segment of TCP each would wait for a timer.
        behind.set(zmq.RCVHWM, 1)
        behind.set(zmq.RCVBUF, 256 << 10)
        behind.set(zmq.SUBSCRIBE, b"")
        behind.connect(manager.info.url("iopub"))
        session = Session(manager.info.key)
        assert next_message(behind, session).msg_type == "iopub_welcome"
        names = f"DISPLAYS, LINES, PATH = {DISPLAYS}, 0, '/dev/null'"
        result = client.execute(names + CODE).result(timeout=60)
        late = []
        while len(late) < DISPLAYS:
            message = next_message(behind, session)
            if message.msg_type == "display_data":
                late.append(message.content["data"]["text/html"])
    expected = [f"<b>{n}</b>" for n in range(DISPLAYS)]
    assert [output["data"]["text/html"] for output in result.outputs] == expected
    assert late == expected


def next_message(socket, session):
    assert socket.poll(60_000), "the kernel says nothing more"
    return session.decode(socket.recv_multipart(), Channel.IOPUB)
