"""Whoever reads late reads everything: a notebook in a tab that sleeps, a program that does something else."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

import pytest

from nuncius.protocol.kernelspec import KernelSpec
from nuncius.protocol.manager import BlockingKernelManager

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
        client.wait_until_ready(timeout=30)
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
