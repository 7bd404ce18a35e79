"""The tutorial's kernel, as it stands on the page."""

from __future__ import annotations

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
from nuncius.protocol.transport.zmq import ZmqChannels

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "kernel-in-60-lines.md"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the page is not in this distribution")


def source() -> str:
    return re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL).group(1)


@pytest.fixture
def client(tmp_path):
    script, path = tmp_path / "sh_kernel.py", tmp_path / "kernel.json"
    script.write_text(source())
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


def test_it_has_less_than_sixty_lines():
    assert len(source().splitlines()) < 60


def test_it_works(client):
    def text(execution, name="stdout"):
        return "".join(m.content["text"] for m in execution if m.content.get("name") == name)

    assert text(client.execute("echo hello | tr a-z A-Z")) == "HELLO\n"
    assert text(client.execute("echo wrong >&2"), "stderr") == "wrong\n"
    client.execute("cd /usr").result(check=True)
    assert text(client.execute("pwd")) == "/usr\n"
    with pytest.raises(ExecutionError, match="ExitCode: 3"):
        client.execute("exit 3").result(check=True)
    sleeping = client.execute("echo go; sleep 60")
    next(m for m in sleeping if m.msg_type == "stream")
    client.interrupt(timeout=60)
    with pytest.raises(ExecutionError):
        sleeping.result(check=True)
    assert text(client.execute("echo alive")) == "alive\n"
