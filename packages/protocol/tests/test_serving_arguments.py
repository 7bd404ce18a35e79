"""Where a kernel listens when its own command line says so."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from nuncius.protocol.client.blocking import Client
from nuncius.protocol.connection import ConnectionInfo, load_connection_file, write_connection_file
from nuncius.protocol.errors import ConnectionFileError
from nuncius.protocol.serving.arguments import asked_connection
from nuncius.protocol.transport.zmq import ZmqChannels


def kernel(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nuncius.protocol.testing.echo", *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )


def test_every_option_is_understood() -> None:
    argv = ["-f", "x", "--ip=::1", "--transport", "tcp", "--shell=1", "--iopub", "2", "--hb=0"]
    assert asked_connection(argv) == {
        "ip": "::1", "transport": "tcp", "shell_port": 1, "iopub_port": 2, "hb_port": 0,
    }  # fmt: skip
    assert asked_connection(["--IPKernelApp.control_port=5", "--shellx=1"]) == {"control_port": 5}


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--transport=udp", "--transport is 'udp'; expected tcp or ipc"),
        ("--shell=x", "--shell is 'x'; expected a port, or 0 for any"),
        ("--hb=65536", "--hb is '65536'; expected a port, or 0 for any"),
        ("--stdin=-1", "--stdin is '-1'; expected a port, or 0 for any"),
    ],
)
def test_a_value_that_is_none_is_refused_by_the_kernel(argument: str, message: str) -> None:
    with pytest.raises(ConnectionFileError):
        asked_connection([argument])
    with kernel(argument) as process:
        said = process.communicate(timeout=60)[1]
    assert (process.returncode, said) == (1, f"error: {message}\n")


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_a_kernel_with_a_file_of_its_own_listens_where_it_is_told(
    tmp_path: Path, transport: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = tmp_path / "kernel.json"
    with kernel("-f", str(path), f"--transport={transport}", f"--shell={port}") as process:
        assert str(path) in process.stderr.readline()
        info = load_connection_file(path)
        assert (info.transport, info.shell_port, info.has_ports) == (transport, port, True)
        with Client(ZmqChannels(info)) as client:
            client.wait_until_ready(timeout=60)
            client.shutdown(timeout=60)
        assert process.wait(60) == 0
    assert not path.exists()
    assert transport == "tcp" or not Path(info.ip).parent.exists()


def test_a_file_that_is_there_counts_more_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "kernel.json"
    write_connection_file(ConnectionInfo(key="k"), path)
    with kernel("-f", str(path), "--ip=127.0.0.2") as process:
        assert process.stderr.readline() == (
            f"warning: {path} says where this kernel listens; what the command line says of it (ip) is not used\n"
        )
        assert json.loads(path.read_text())["ip"] == "127.0.0.1"
        process.terminate()
        process.communicate(timeout=60)
