"""Other people's kernels on our base class, after the change of their import line only."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
import zmq

from nuncius.protocol.client.blocking import Client
from nuncius.protocol.connection import ConnectionInfo, new_key, write_connection_file
from nuncius.protocol.errors import ExecutionError
from nuncius.protocol.handshake import Registrar
from nuncius.protocol.session import Session
from nuncius.protocol.transport.zmq import ZmqChannels

SOURCE = Path(__file__).parents[2] / "packages" / "protocol" / "src"

#: The import lines of ipykernel's class and program, and ours.
CHANGES = {
    "from ipykernel.kernelbase import Kernel": "from nuncius.protocol.wrapper import Kernel",
    "from ipykernel.kernelapp import": "from nuncius.protocol.wrapper import",
}

#: A kernel on metakernel's base class.
META = """
from metakernel import MetaKernel

class Upper(MetaKernel):
    implementation = "meta-upper"
    implementation_version = "1"
    language = "upper"
    language_version = "1"
    banner = "upper"
    language_info = {"name": "upper", "mimetype": "text/plain", "file_extension": ".txt", "help_links": []}

    def do_execute_direct(self, code, silent=False):
        if code == "fail":
            self.kernel_resp = {"status": "error", "ename": "E", "evalue": "v", "traceback": []}
            return None
        self.Print("printed", code)
        return code.upper()

    def repr(self, data):
        return str(data)

if __name__ == "__main__":
    Upper.run_as_main()
"""


def changed_copy(peers: Path, package: str, folder: Path) -> None:
    """Copy a package of the peers, with the import lines changed."""
    found = subprocess.run(
        [peers, "-c", f"import {package}; print({package}.__path__[0])"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.strip()
    origin = Path(found)
    for file in origin.rglob("*"):
        target = folder / package / file.relative_to(origin)
        if file.is_dir() or "__pycache__" in file.parts:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        data = file.read_bytes()
        if file.suffix == ".py":
            for line, ours in CHANGES.items():
                data = data.replace(line.encode(), ours.encode())
        target.write_bytes(data)


class Running:
    """One of their kernels, with our base class."""

    def __init__(self, peers: Path, folder: Path, *arguments: str) -> None:
        path = folder / "kernel.json"
        with zmq.Context() as context:
            registrar = Registrar(context)
            invited = registrar.invite(ConnectionInfo(key=new_key()), "test")
            write_connection_file(invited, path)
            self.process = subprocess.Popen(
                [str(peers), *arguments, "-f", str(path)],
                env={
                    **os.environ,
                    "PYTHONPATH": f"{folder}{os.pathsep}{SOURCE}",
                    "HOME": str(folder),
                },
                start_new_session=True,
                cwd=folder,
            )
            assert registrar.socket.poll(60_000)
            self.info = registrar.receive(invited, Session(invited.key))
            registrar.close()

    def interrupt(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)

    def stop(self) -> None:
        with Client(ZmqChannels(self.info)) as client:
            client.shutdown(timeout=60)
        assert self.process.wait(60) == 0


def told(execution) -> list[tuple[str, str]]:
    """What a cell printed and showed."""
    shown = []
    for message in execution:
        if message.msg_type == "stream":
            shown.append(("stream", message.content["text"]))
        elif message.msg_type in ("execute_result", "display_data"):
            shown.append((message.msg_type, message.content["data"]["text/plain"]))
    return shown


@pytest.fixture
def bash(peers, tmp_path):
    changed_copy(peers, "bash_kernel", tmp_path)
    running = Running(peers, tmp_path, "-m", "bash_kernel")
    yield running
    running.stop()


@pytest.fixture
def meta(peers, tmp_path):
    changed_copy(peers, "metakernel", tmp_path)
    (tmp_path / "upper.py").write_text(META)
    running = Running(peers, tmp_path, str(tmp_path / "upper.py"))
    yield running
    running.stop()


def test_bash_kernel_runs_on_our_base(bash):
    with Client(ZmqChannels(bash.info)) as client:
        info = client.wait_until_ready(timeout=60)
        assert info is not None
        assert told(client.execute("echo hi")) == [("stream", "hi\n")]
        with pytest.raises(ExecutionError):
            client.execute("false").result(check=True)
        assert "echo" in client.complete("ech", 3, timeout=60).content["matches"]
        # The child says that it is there: bash itself would not notice a Ctrl-C just before it starts one.
        sleeping = client.execute("bash -c 'echo go; exec sleep 60'")
        next(m for m in sleeping if m.msg_type == "stream")
        bash.interrupt()
        assert sleeping.result(timeout=60).status != "ok"
        assert told(client.execute("echo alive")) == [("stream", "alive\n")]


def test_a_metakernel_runs_on_our_base(meta):
    with Client(ZmqChannels(meta.info)) as client:
        client.wait_until_ready(timeout=60)
        assert told(client.execute("abc")) == [
            ("stream", "printed abc\n"),
            ("execute_result", "'ABC'"),
        ]
        assert client.execute("fail").result(timeout=60).status == "error"
        assert "%lsmagic" in client.complete("%lsm", 4, timeout=60).content["matches"]
        assert client.inspect("%lsmagic", 8, timeout=60).content["found"] is True


#: Published kernels: the package, what it needs changed besides, a cell, and what the cell tells.
PUBLISHED = {
    "echo_kernel": ("say it", "say it"),
    # It loses what a program writes right before its end: its threads may not have read it by then.
    "jupyter_c_kernel": (
        '#include <stdio.h>\n#include <unistd.h>\nint main(void) { printf("6 * 7 = %d\\n", 6 * 7); fflush(stdout); sleep(2); }',
        "6 * 7 = 42",
    ),
    "zsh_jupyter_kernel": ("echo $((6 * 7))", "42"),
    "calysto_scheme": ("(* 6 7)", "42"),
}


@pytest.mark.parametrize("package", PUBLISHED)
def test_a_published_kernel_runs_on_our_base(peers, tmp_path, package):
    changed_copy(peers, package, tmp_path)
    if package == "calysto_scheme":
        changed_copy(peers, "metakernel", tmp_path)
    running = Running(peers, tmp_path, "-m", package)
    cell, expected = PUBLISHED[package]
    try:
        with Client(ZmqChannels(running.info)) as client:
            client.wait_until_ready(timeout=60)
            execution = client.execute(cell)
            assert "".join(text for _, text in told(execution)).strip() == expected
            assert execution.result(timeout=60).status == "ok"
    finally:
        running.stop()
