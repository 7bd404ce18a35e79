"""The kernels of the page about kernels of one's own, in processes, as a person would run them; what the page itself checks is in `test_docs`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import zmq

from nuncius.protocol.client.blocking import Client
from nuncius.protocol.connection import ConnectionInfo, new_key, write_connection_file
from nuncius.protocol.errors import ExecutionError
from nuncius.protocol.handshake import Registrar
from nuncius.protocol.session import Session
from nuncius.protocol.testing.conformance import CASES, KernelUnderTest, Snippets, run
from nuncius.protocol.transport.zmq import ZmqChannels

PAGE = Path(__file__).parents[1] / "docs" / "howto" / "kernel-in-60-lines.md"


def source(name: str) -> str:
    """The block that is to be saved as ``name``."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (found,) = [text for text in blocks if f"`python {name} -f" in text]
    return found


@pytest.fixture
def client(tmp_path):
    script, path = tmp_path / "sh_kernel.py", tmp_path / "kernel.json"
    script.write_text(source("sh_kernel.py"))
    with zmq.Context() as context:
        registrar = Registrar(context)
        invited = registrar.invite(ConnectionInfo(key=new_key()), "test")
        write_connection_file(invited, path)
        process = subprocess.Popen(
            [sys.executable, str(script), "-f", str(path)], start_new_session=True, cwd=tmp_path
        )
        assert registrar.socket.poll(60_000)
        info = registrar.receive(invited, Session(invited.key))
        registrar.close()
    with Client(ZmqChannels(info)) as client:
        client.wait_until_ready(timeout=60)
        yield client
        client.shutdown(timeout=60)
    assert process.wait(60) == 0


def test_the_first_one_has_less_than_sixty_lines():
    assert len(source("sh_kernel.py").splitlines()) < 60


def test_the_second_one_keeps_to_the_protocol(tmp_path, monkeypatch):
    """By the suite that the page advises, with snippets for what the kernel can do."""
    folder = tmp_path / "kernels" / "calc"
    folder.mkdir(parents=True)
    script = tmp_path / "calc_kernel.py"
    script.write_text(source("calc_kernel.py"))
    argv = [sys.executable, str(script), "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Calculator", "language": "calc"}
    (folder / "kernel.json").write_text(json.dumps({**spec, "kernel_protocol_version": "5.5"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    snippets = Snippets(
        hello="print('hello')",
        value="6*7",
        fails="1/0",
        complete="sq",
        inspect="sin",
        partial="sin(",
        display="1, 4",
    )
    with KernelUnderTest("calc", snippets) as kernel:
        results = list(run(kernel, CASES))
    assert [result for result in results if result.outcome == "failed"] == []
    assert sum(result.outcome == "passed" for result in results) > 30


def test_the_first_one_works(client):
    def text(execution, name="stdout"):
        return "".join(m.content["text"] for m in execution if m.content.get("name") == name)

    assert text(client.execute("echo hello | tr a-z A-Z")) == "HELLO\n"
    assert text(client.execute("echo wrong >&2"), "stderr") == "wrong\n"
    client.execute("cd /usr").result(timeout=60, check=True)
    assert text(client.execute("pwd")) == "/usr\n"
    with pytest.raises(ExecutionError, match="ExitCode: 3"):
        client.execute("exit 3").result(timeout=60, check=True)
    sleeping = client.execute("echo go; sleep 60")
    next(m for m in sleeping if m.msg_type == "stream")
    client.interrupt(timeout=60)
    with pytest.raises(ExecutionError):
        sleeping.result(timeout=60, check=True)
    assert text(client.execute("echo alive")) == "alive\n"
