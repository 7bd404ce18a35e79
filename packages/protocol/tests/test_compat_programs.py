"""Programs that configure, extend and embed jupyter_client's classes, after changing their import line."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from pathlib import Path

import pytest
import zmq
from traitlets.config import Application, Config

import nuncius.protocol.compat as jupyter_client
from nuncius.protocol.compat import consoleapp, localinterfaces, threaded
from nuncius.protocol.errors import KernelError

SCRIPT = Path(__file__).with_name("client_kernel.py")


@pytest.fixture
def specs(tmp_path, monkeypatch):
    """A manager of kernelspecs that knows one kernel."""
    folder = tmp_path / "kernels" / "scripted"
    folder.mkdir(parents=True)
    argv = [sys.executable, str(SCRIPT), "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Scripted"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    return jupyter_client.KernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")])


def test_a_graphical_program_gets_its_messages_on_a_thread(specs, caplog):
    """It overrides the channels, and sends from its own thread; a mistake in what it does with one message leaves it the next."""
    finished = threading.Event()
    before = set(threading.enumerate())

    class Shown(threaded.ThreadedZMQSocketChannel):
        def call_handlers(self, msg):
            texts.append((msg["msg_type"], threading.current_thread() is not me))
            if msg["content"].get("execution_state") == "idle" and len(texts) > 3:
                finished.set()
            if msg["msg_type"] == "stream":
                raise ZeroDivisionError("a mistake")

    class Client(jupyter_client.ThreadedKernelClient):
        iopub_channel_class = Shown

    texts, me = [], threading.current_thread()
    manager = jupyter_client.KernelManager(kernel_name="scripted", kernel_spec_manager=specs)
    manager.client_factory = Client
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        assert client.shell_channel.is_alive()
        assert client.complete("ab", reply=True, timeout=60)["content"]["matches"] == ["ab!"]
        client.iopub_channel.flush(20)
        texts.clear()
        texts.extend([("", True)])
        msg_id = client.execute("say hello")
        assert client.get_shell_msg(timeout=60)["parent_header"]["msg_id"] == msg_id
        assert finished.wait(60)
        assert texts[-3:] == [("status", True), ("stream", True), ("status", True)]
        assert caplog.messages == ["a handler of iopub failed"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert set(threading.enumerate()) <= before


def test_a_manager_is_configured_as_theirs():
    config = Config()
    config.KernelManager.shutdown_wait_time = 9.0
    config.KernelManager.autorestart = True
    config.ConnectionFileMixin.transport = "ipc"
    config.Mine.kernel_name = "mine"

    class Mine(jupyter_client.AsyncKernelManager):
        pass

    class Parent:
        pass

    parent = Parent()
    parent.config = config
    for manager in (Mine(config=config), Mine(parent=parent)):
        settings = (manager.shutdown_wait_time, manager.autorestart, manager.transport)
        assert (*settings, manager.kernel_name) == (9.0, True, "ipc", "mine")
    assert Mine(config=config, kernel_name="other").kernel_name == "other"
    assert jupyter_client.KernelManager(config=config).kernel_name == "python3"


def test_hooks_of_a_subclass_are_called(specs):
    calls = []

    class Blocking(jupyter_client.KernelManager):
        def pre_start_kernel(self, **arguments):
            command, arguments = super().pre_start_kernel(**arguments)
            calls.append(("pre", command[1] == str(SCRIPT)))
            return command, {**arguments, "extra_arguments": ["--welcome"]}

        def post_start_kernel(self, **arguments):
            calls.append(("post", arguments["extra_arguments"]))

        def finish_shutdown(self, waittime=None, pollinterval=0.1, restart=False):
            calls.append(("finish", restart))

    manager = Blocking(kernel_name="scripted", kernel_spec_manager=specs)
    manager.start_kernel()
    manager.shutdown_kernel(now=True)
    expected = [("pre", True), ("post", ["--welcome"]), ("finish", False)]
    assert calls == expected

    class Asynchronous(jupyter_client.AsyncKernelManager):
        async def pre_start_kernel(self, **arguments):
            command, arguments = await super().pre_start_kernel(**arguments)
            calls.append(("pre", command[1] == str(SCRIPT)))
            return command, {**arguments, "extra_arguments": ["--welcome"]}

        async def post_start_kernel(self, **arguments):
            calls.append(("post", arguments["extra_arguments"]))

        async def finish_shutdown(self, waittime=None, pollinterval=0.1, restart=False):
            calls.append(("finish", restart))

    async def story():
        manager = Asynchronous(kernel_name="scripted", kernel_spec_manager=specs)
        await manager.start_kernel()
        await manager.shutdown_kernel(now=True)

    calls.clear()
    asyncio.run(story())
    assert calls == expected


def test_a_kernel_that_somebody_else_has_started_is_used_and_left_alone(specs):
    owner = jupyter_client.KernelManager(kernel_name="scripted", kernel_spec_manager=specs)
    owner.start_kernel()
    try:
        guest = jupyter_client.KernelManager(owns_kernel=False)
        assert (guest.owns_kernel, guest.has_kernel) == (False, False)
        guest.load_connection_file(owner.connection_file)
        assert (guest.has_kernel, guest.is_alive(), guest.ip) == (True, True, "127.0.0.1")
        client = guest.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        cell = client.execute("hang")
        while client.get_iopub_msg(timeout=60)["parent_header"].get("msg_id") != cell:
            pass  # until it is busy with it
        guest.interrupt_kernel()
        assert client.get_shell_msg(timeout=60)["content"]["ename"] == "KeyboardInterrupt"
        client.stop_channels()
        for forbidden in (guest.start_kernel, guest.restart_kernel):
            with pytest.raises(RuntimeError, match="somebody else has started it"):
                forbidden()
        guest.shutdown_kernel()

        async def story():
            guest = jupyter_client.AsyncKernelManager(owns_kernel=False)
            guest.load_connection_info(owner.get_connection_info())
            await guest.shutdown_kernel()
            return await guest.is_alive()

        assert asyncio.run(story())
    finally:
        owner.shutdown_kernel(now=True)


def test_one_callback_serves_two_managers(specs):
    """Removing it from one leaves it with the other."""
    calls = []

    def callback():
        calls.append("dead")

    first, second = (
        jupyter_client.KernelManager(kernel_name="scripted", kernel_spec_manager=specs)
        for _ in range(2)
    )
    dead = threading.Event()
    second.start_kernel()
    try:
        for manager in (first, second):
            manager.add_restart_callback(callback, "dead")
        first.remove_restart_callback(callback, "dead")
        second.add_restart_callback(dead.set, "dead")
        second.signal_kernel(9)
        assert dead.wait(60)
        assert calls == ["dead"]
    finally:
        second.shutdown_kernel(now=True)


def test_sockets_can_be_had_plain(specs):
    manager = jupyter_client.KernelManager(kernel_name="scripted", kernel_spec_manager=specs)
    with pytest.raises(KernelError, match="was not started"):
        manager.connect_shell()
    manager.start_kernel(extra_arguments=["--welcome"])
    client = manager.client()
    sockets = [
        manager.connect_shell(identity=b"me"),
        client.connect_iopub(),
        client.connect_control(),
        client.connect_stdin(identity=b"me"),
        client.connect_hb(),
    ]
    shell, iopub, _, _, heart = sockets
    try:
        assert iopub.poll(60_000) == zmq.POLLIN
        # The status of the kernel's start may come before it.
        while client.session.recv(iopub)[1]["msg_type"] != "iopub_welcome":
            assert iopub.poll(60_000) == zmq.POLLIN
        request = client.session.send(shell, "kernel_info_request", {})
        assert shell.poll(60_000) == zmq.POLLIN
        _, reply = client.session.recv(shell)
        assert reply["parent_header"]["msg_id"] == request["header"]["msg_id"]
        heart.send(b"beat")
        assert heart.poll(60_000) == zmq.POLLIN
        assert heart.recv() == b"beat"
    finally:
        for socket in sockets:
            socket.close(0)
        manager.shutdown_kernel(now=True)
        zmq.Context.instance().term()


def test_a_console_program_starts_a_kernel_and_another_one_joins_it(specs):
    class Console(Application, consoleapp.JupyterConsoleApp):
        aliases = consoleapp.app_aliases
        flags = consoleapp.app_flags

        def initialize(self, argv=None):
            super().initialize(argv)
            consoleapp.JupyterConsoleApp.initialize(self)

    first, second = Console(), Console()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    first.initialize(["--kernel=scripted", "--no-confirm-exit", f"--shell={port}"])
    try:
        assert first.kernel_manager.shell_port == first.kernel_client.shell_port == port
        assert (first.kernel_name, first.confirm_exit) == ("scripted", False)
        second.initialize(["--existing", first.connection_file])
        second.kernel_client.wait_for_ready(timeout=60)
        assert second.kernel_manager is None
        reply = second.kernel_client.execute("say hello", reply=True, timeout=60)
        assert reply["content"]["status"] == "ok"
    finally:
        for program in (first, second):
            if program.kernel_client is not None:
                program.kernel_client.stop_channels()
        first.kernel_manager.shutdown_kernel(now=True)


@pytest.mark.parametrize(
    ("ip", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", True),
        ("", True),
        ("192.0.2.1", False),
        ("example.invalid", False),
    ],
)
def test_addresses_of_this_machine_are_known(ip, local):
    assert localinterfaces.is_local_ip(ip) is local
    assert not localinterfaces.is_public_ip("127.0.0.1")
    assert localinterfaces.localhost() in localinterfaces.local_ips()
