"""Kernels behind SSH: a real server on the loopback, with keys of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
import zmq

from nuncius.protocol.connection import ConnectionInfo, ipc_directory
from nuncius.protocol.errors import TunnelError
from nuncius.protocol.kernelspec import KernelSpec
from nuncius.protocol.manager import BlockingKernelManager
from nuncius.protocol.messages import Channel
from nuncius.protocol.tunnel import open_tunnel, ssh_command

PORTS = {"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5}
INFO = ConnectionInfo(**PORTS)


def sshd_path() -> str:
    found = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert found, "these tests need an SSH server: apt install openssh-server"
    return found


class Server:
    """An sshd of our own on the loopback."""

    def __init__(self, folder: Path) -> None:
        for name in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)],
                check=True,
            )
        (folder / "authorized").write_text((folder / "user.pub").read_text())
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        config = folder / "config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\n"
            f"AuthorizedKeysFile {folder}/authorized\nPidFile none\nUsePAM no\nStrictModes no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        )
        Path("/run/sshd").mkdir(exist_ok=True) if os.geteuid() == 0 else None
        self.name = f"{getpass.getuser()}@127.0.0.1:{self.port}"
        self.options = (
            "-F", "none", "-i", str(folder / "user"), "-o", "IdentitiesOnly=yes",
            "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
        )  # fmt: skip
        self.process = subprocess.Popen(
            [sshd_path(), "-D", "-e", "-f", str(config)], stderr=subprocess.PIPE, text=True
        )
        for line in self.process.stderr:
            if "listening on" in line:
                break
        else:
            raise AssertionError("sshd did not start")

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("sshd"))
    yield server
    server.close()


def test_one_ssh_process_carries_the_five_sockets(server):
    """All five answer through the tunnel, tcp there and ipc here; after closing nothing is left."""
    with zmq.Context() as context:
        info, bound = INFO, {}
        for channel in Channel:
            bound[channel] = context.socket(zmq.ROUTER)
            bound[channel].linger = 0
            port = bound[channel].bind_to_random_port("tcp://127.0.0.1")
            info = info.with_ports({f"{channel}_port": port})
        with open_tunnel(info, server.name, options=server.options) as tunnel:
            assert tunnel.is_open
            tunnel.check()
            folder = Path(tunnel.info.ip).parent
            for channel in Channel:
                with context.socket(zmq.DEALER) as client:
                    client.linger = 0
                    client.connect(tunnel.info.url(channel))
                    client.send(channel.encode())
                    assert bound[channel].poll(60_000)
                    identity, said = bound[channel].recv_multipart()
                    bound[channel].send_multipart([identity, b"heard " + said])
                    assert client.poll(60_000)
                    assert client.recv() == f"heard {channel}".encode()
            assert len(list(folder.iterdir())) == 5
        for socket_ in bound.values():
            socket_.close()
    assert (tunnel.is_open, folder.exists()) == (False, False)
    tunnel.close()


def test_a_kernel_on_ipc_there_is_reached_as_well(server):
    there = ipc_directory()
    with zmq.Context() as context, context.socket(zmq.REP) as kernel:
        info = replace(INFO, transport="ipc", ip=f"{there}/kernel")
        kernel.bind(info.url(Channel.SHELL))
        with (
            open_tunnel(info, server.name, options=server.options) as tunnel,
            context.socket(zmq.REQ) as client,
        ):
            client.linger = 0
            client.connect(tunnel.info.url(Channel.SHELL))
            client.send(b"?")
            assert kernel.poll(60_000)
            assert kernel.recv() == b"?"
    shutil.rmtree(there)


CONSOLE = """
    import sys
    from traitlets.config import Application
    from nuncius.protocol.compat.consoleapp import JupyterConsoleApp, app_aliases
    class Console(Application, JupyterConsoleApp):
        name = "console"
        aliases = app_aliases
        def initialize(self, argv=None):
            Application.initialize(self, argv)
            JupyterConsoleApp.initialize(self)
    app = Console()
    app.initialize(sys.argv[1:])
    app.kernel_client.wait_for_ready(timeout=60)
    reply = app.kernel_client.execute_interactive("say hello from there", timeout=60)
    print()
    print(reply["content"]["status"], app.kernel_client.ip, app.connection_file, flush=True)
    app.kernel_client.stop_channels()
    app.tunnel.close()
"""


def test_a_console_of_jupyters_kind_reaches_a_kernel_through_ssh(server, tmp_path, monkeypatch):
    """Its options name the server and the key; all else ssh finds out by itself, from its configuration."""
    ssh, options = shutil.which("ssh"), " ".join(server.options)
    (tmp_path / "ssh").write_text(f'#!/bin/sh\nexec {ssh} {options} "$@"\n')
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    argv = (sys.executable, str(Path(__file__).with_name("client_kernel.py")))
    kernel = KernelSpec("talking", (*argv, "--welcome", "-f", "{connection_file}"))
    with BlockingKernelManager(kernel) as manager:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(CONSOLE),
             f"--existing={manager.connection_file}", f"--ssh={server.name}",
             f"--sshkey={server.options[3]}"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert manager.is_alive()
        files = [path.name for path in (tmp_path / "runtime").iterdir()]
        assert files == [Path(manager.connection_file).name]
    assert done.returncode == 0, done.stderr
    said, status = done.stdout.splitlines()
    assert (said, status.split()[0]) == ("hello from there", "ok")
    socket_, file = status.split()[1:]
    assert (Path(socket_).name, Path(file).name) == (
        "kernel", files[0].replace(".json", "-ssh.json"),
    )  # fmt: skip
    assert not Path(socket_).parent.exists()


def test_a_tunnel_that_breaks_says_so(server):
    with open_tunnel(INFO, server.name, options=server.options) as tunnel:
        tunnel._process.kill()
        tunnel._process.wait(60)
        with pytest.raises(TunnelError, match="is broken"):
            tunnel.check()


def test_who_is_not_let_in_is_told_what_ssh_said(server, tmp_path):
    options = tuple(o for o in server.options if o != "-i" and not o.endswith("/user"))
    with pytest.raises(TunnelError, match="Permission denied"):
        open_tunnel(INFO, server.name, options=options)


def test_a_server_that_is_not_there_is_told_with_what_ssh_said(server):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(
        TunnelError, match=rf"no tunnel through 127.0.0.1:{port}; ssh says: .*refused"
    ):
        open_tunnel(INFO, f"127.0.0.1:{port}", options=server.options)


def test_a_server_that_says_nothing_is_given_up(server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        name = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TunnelError, match=r"was not there within 0.2 s"):
            open_tunnel(INFO, name, options=server.options, timeout=0.2)


def test_without_ssh_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(TunnelError, match="apt install openssh-client"):
        open_tunnel(INFO, "me@there")


def test_ctrl_c_is_not_for_the_tunnel_and_it_does_not_outlive_us(server):
    """The terminal sends Ctrl-C to every process of its group; and then the console is killed."""
    code = """
        import os, sys
        from nuncius.protocol.connection import ConnectionInfo
        from nuncius.protocol.tunnel import open_tunnel
        info = ConnectionInfo("tcp", "127.0.0.1", 1, 2, 3, 4, 5)
        tunnel = open_tunnel(info, sys.argv[1], options=sys.argv[2:])
        print(tunnel._process.pid, tunnel.info.ip, flush=True)
        for _ in sys.stdin:
            print(tunnel.is_open, flush=True)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), server.name, *server.options],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as console:  # fmt: skip
        pid, ip = console.stdout.readline().split()
        os.kill(int(pid), signal.SIGINT)
        console.stdin.write("\n")
        console.stdin.flush()
        assert console.stdout.readline() == "True\n"
        ended = os.pidfd_open(int(pid))
        console.kill()
        import select

        assert select.select([ended], [], [], 60)[0]
        os.close(ended)
    shutil.rmtree(Path(ip).parent, ignore_errors=True)


@pytest.mark.parametrize("server", ["", "-oProxyCommand=evil", "a b", ":22"])
def test_what_is_no_server_is_refused(server):
    with pytest.raises(TunnelError, match="give it as user@host or user@host:port"):
        ssh_command(INFO, server, "/d")


def test_the_command_is_what_a_person_would_type():
    assert ssh_command(INFO, "me@there:2222", "/d", ("-v",)) == [
        "ssh", "-T", "-o", "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=30",
        "-L", "/d/kernel-1:127.0.0.1:1", "-L", "/d/kernel-2:127.0.0.1:2",
        "-L", "/d/kernel-3:127.0.0.1:3", "-L", "/d/kernel-4:127.0.0.1:4",
        "-L", "/d/kernel-5:127.0.0.1:5", "-p", "2222", "-v",
        "--", "me@there", "echo nuncius-tunnel; exec cat >/dev/null",
    ]  # fmt: skip
