"""The manager and real processes: start, restart, crash, interrupt, end, and everything that goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from nuncius.protocol.client.aio import AsyncClient
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.connection import load_connection_file
from nuncius.protocol.core.lifecycle import RestartPolicy, State
from nuncius.protocol.errors import (
    ConnectionFileError,
    KernelDied,
    KernelError,
    KernelTimeout,
    LaunchFailed,
    NoSuchKernel,
)
from nuncius.protocol.kernelspec import KernelSpec, KernelSpecs
from nuncius.protocol.manager import (
    BlockingKernelManager,
    Exit,
    KernelManager,
    KernelPool,
    ManagerOptions,
)
from nuncius.protocol.manager.ports import PortReserve, says_port_taken
from nuncius.protocol.transport.zmq import ZmqChannels, ZmqTransport

KERNEL = Path(__file__).with_name("manager_kernel.py")
WAYS = [("register", "5.5"), ("file", "5.5"), ("given", "")]


def spec(*arguments: str, version: str = "", **fields) -> KernelSpec:
    return KernelSpec(
        "test",
        (sys.executable, str(KERNEL), "-f", "{connection_file}", *arguments),
        "Test",
        "none",
        kernel_protocol_version=version,
        **fields,
    )


class Ear:
    """Hears what kernels tell."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(20)
        self.env = {**os.environ, "TELL": str(path)}

    def hear(self, first: str) -> list[str]:
        """Wait until a message begins with ``first``, and return the rest of it."""
        while True:
            words = self.socket.recv(4096).decode().split(" ")
            if words[0] == first:
                return words[1:]

    async def next(self, first: str) -> list[str]:
        return await asyncio.to_thread(self.hear, first)


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "runtime").mkdir()
    yield tmp_path / "runtime"
    assert list((tmp_path / "runtime").iterdir()) == []  # whatever happened, no file is left


@pytest.fixture
def ear(tmp_path, runtime):
    ear = Ear(tmp_path / "ear")
    yield ear
    ear.socket.close()


def is_gone(pid: int, seconds: float = 60) -> bool:
    """Wait until the process has ended (it may be a zombie of somebody else's)."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    import select

    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


# -- the ordinary course


@pytest.mark.parametrize(("ways", "version"), WAYS)
def test_a_kernel_is_started_restarted_and_ended(ear, runtime, tmp_path, ways, version):
    """Whatever a kernel does to get its ports, the manager knows them, and keeps them over a restart."""

    async def story():
        manager = KernelManager(spec("--ports", ways, version=version), session_name="a.ipynb")
        info = await manager.start(env={**ear.env, "COLOR": "red"}, cwd=tmp_path)
        pid, parent, cwd, color = await ear.next("started")
        assert (int(parent), cwd, color) == (os.getpid(), str(tmp_path), "red")
        assert load_connection_file(manager.connection_file) == info == manager.info
        assert (info.session, info.kernel_name, info.has_ports) == ("a.ipynb", "test", True)
        assert manager.ready.done()
        assert await manager.is_alive()
        assert manager.resolve_path("ear") == str(tmp_path / "ear")
        assert manager.resolve_path("nothing") is None
        manager.update_env({"COLOR": "blue"})
        assert await manager.restart() == info
        assert await ear.next("shutdown_request") == ["True"]
        again, *_, color = await ear.next("started")
        assert (again != pid, color) == (True, "blue")
        await manager.shutdown()
        assert await ear.next("shutdown_request") == ["False"]
        assert (manager.state, manager.has_kernel, manager.last_exit) == (
            State.STOPPED, False, Exit(0, False, "hello from the kernel\n"),
        )  # fmt: skip
        assert is_gone(int(again), 0)

    asyncio.run(story())


def test_new_ports_are_chosen_when_they_are_wanted(ear):
    async def story():
        async with KernelManager(spec("--ports", "register", version="5.5")) as manager:
            before = manager.info
            after = await manager.restart(new_ports=True)
            assert (after.key, after.ports != before.ports) == (before.key, True)

    asyncio.run(story())


def test_a_kernel_can_listen_on_sockets_that_only_the_user_can_reach(ear):
    async def story():
        async with KernelManager(spec(), ManagerOptions(transport="ipc")) as manager:
            folder = Path(manager.info.ip).parent
            assert len(list(folder.iterdir())) == 5
            await manager.restart()
        assert not folder.exists()

    asyncio.run(story())


def test_an_encrypted_kernel_is_started_when_encryption_is_required(ear):
    async def story():
        curve = spec(
            "--ports", "register", version="5.5", metadata={"supported_encryption": ["curve"]}
        )
        async with KernelManager(curve, ManagerOptions(encryption="required")) as manager:
            assert len(manager.info.curve_publickey) == 40
            assert await manager.restart() == manager.info

    asyncio.run(story())


@pytest.mark.parametrize(
    "options", [ManagerOptions(encryption="required"), ManagerOptions(ip="0.0.0.0")]
)
def test_a_kernel_that_cannot_encrypt_is_not_started_where_it_must(ear, options):
    """On an address that others can reach, code could be read and changed on its way."""

    async def story():
        with pytest.raises(LaunchFailed, match="reach it through SSH"):
            await KernelManager(spec(), options).start()

    asyncio.run(story())


def test_an_unencrypted_kernel_on_the_network_takes_an_explicit_word(ear):
    async def story():
        options = ManagerOptions(ip="0.0.0.0", encryption="disabled")
        async with KernelManager(spec(), options) as manager:
            assert not manager.info.is_local

    asyncio.run(story())


def test_a_kernel_is_interrupted_by_a_signal(ear):
    async def story():
        manager = KernelManager(spec())
        await manager.start(env=ear.env)
        await manager.interrupt()
        assert await ear.next("interrupted") == []
        await manager.signal(signal.SIGINT)
        await ear.next("interrupted")
        await manager.shutdown()

    asyncio.run(story())


def test_a_kernel_is_interrupted_by_a_message(ear):
    async def story():
        manager = KernelManager(spec(interrupt_mode="message"))
        await manager.start(env=ear.env)
        await manager.interrupt()
        assert await ear.next("interrupt_request") == []
        await manager.shutdown()

    asyncio.run(story())


def test_many_kernels_are_started_and_ended_at_once(ear):
    async def story():
        async with KernelPool() as pool:
            given = [pool.start(spec()) for _ in range(3)]
            register = [pool.start(spec("--ports", "register", version="5.5")) for _ in range(3)]
            managers = await asyncio.gather(*given, *register)
            ports = [port for m in managers for port in m.info.ports.values()]
            assert len(set(ports)) == 30
            assert [pool[name].state for name in pool] == [State.RUNNING] * 6
            await pool.shutdown(managers[0].kernel_id)
            assert (len(pool), managers[0].kernel_id in pool) == (5, False)
            with pytest.raises(KernelError, match="there is no kernel with the id"):
                pool[managers[0].kernel_id]
            with pytest.raises(KernelError, match="already"):
                await pool.start(kernel_id=managers[1].kernel_id)
        assert [m.state for m in managers] == [State.STOPPED] * 6

    asyncio.run(story())


def test_a_provisioner_that_fails_at_the_end_keeps_neither_the_news_nor_the_other_kernels(
    ear, tmp_path, monkeypatch, caplog
):
    """One of somebody's own, whose cluster cannot be reached when it cleans up."""
    info = tmp_path / "unlucky-1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[nuncius.provisioners]\nunlucky = unlucky:Unlucky\n")
    (tmp_path / "unlucky.py").write_text(
        "from nuncius.protocol.manager.local import LocalProvisioner\n"
        "class Unlucky(LocalProvisioner):\n"
        "    async def cleanup(self, *, restart):\n"
        "        await super().cleanup(restart=restart)\n"
        "        raise RuntimeError('the cluster is away')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    unlucky = spec(metadata={"kernel_provisioner": {"provisioner_name": "unlucky"}})

    async def story():
        pool = KernelPool()
        managers = [await pool.start(each) for each in (unlucky, unlucky, spec())]
        again = asyncio.Event()
        managers[0].add_callback(lambda *_: again.set(), "ready")
        await managers[0].signal(signal.SIGKILL)
        async with asyncio.timeout(60):
            await again.wait()
        assert "could not clean up" in caplog.text
        with pytest.raises(RuntimeError, match="the cluster is away"):
            await pool.shutdown_all()
        assert [manager.state for manager in managers] == [State.STOPPED] * 3
        assert [await manager.is_alive() for manager in managers] == [False] * 3
        assert list(pool) == []

    asyncio.run(story())


def test_a_program_without_an_event_loop_has_the_same(ear):
    before = set(threading.enumerate())
    with BlockingKernelManager(spec("--ports", "register", version="5.5")) as manager:
        info = manager.info
        assert manager.is_alive()
        with pytest.raises(KernelTimeout, match="the end of the kernel's process"):
            manager.wait(timeout=0.01)
        manager.interrupt()
        assert manager.restart() == info
        assert manager.state is State.RUNNING
    assert manager.state is State.STOPPED
    assert manager.last_exit.code == 0
    assert set(threading.enumerate()) <= before


SLOW = """
import signal, socket, sys, os
from nuncius.protocol.serving import serve
from nuncius.protocol.testing import EchoKernel

def tell(word):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(word.encode(), os.environ["TELL"])

class Slow(EchoKernel):
    prepared = False
    def prepare(self):
        tell("preparing")
        open(os.environ["GATE"], "rb", 0).read(1)
        self.prepared = True
    def start(self, io):
        try:
            tell("starting")
            while True:
                pass
        finally:
            tell("interrupted")
    def execute(self, request, io):
        io.stream("stdout", f"prepared: {self.prepared}")
        return super().execute(request, io)

sys.exit(serve(Slow))
"""


def test_an_interrupt_at_the_start_does_not_leave_half_a_kernel(ear, tmp_path):
    """A kernel answers before it is complete: an interrupt must neither cut that short nor end it."""
    slow = replace(spec(), argv=(sys.executable, "-c", SLOW, "-f", "{connection_file}"))
    os.mkfifo(tmp_path / "gate")
    gate = os.open(tmp_path / "gate", os.O_RDWR)

    async def story():
        manager = KernelManager(slow)
        # Whether it answers before it prepares is a matter of milliseconds.
        starting = asyncio.create_task(
            manager.start(env={**ear.env, "GATE": str(tmp_path / "gate")})
        )
        await ear.next("preparing")
        await manager.interrupt()
        await manager.interrupt()
        os.write(gate, b".")
        await ear.next("starting")
        # What the person wants at the start may be interrupted, and how often does not matter.
        await manager.interrupt()
        await ear.next("interrupted")
        await manager.interrupt()
        await starting
        async with manager.client() as client:
            await client.wait_until_ready(timeout=60)
            result = await client.execute("hello").result(timeout=60)
            assert (result.status, result.text()) == ("ok", "prepared: Truehello\n")
        await manager.shutdown()
        assert manager.last_exit.code == 0
        assert "KeyboardInterrupt" in manager.last_exit.output

    try:
        asyncio.run(story())
    finally:
        os.close(gate)


# -- crashes


def test_a_kernel_that_is_killed_is_started_again_and_those_who_want_are_told(ear):
    async def story():
        manager = KernelManager(spec("--ports", "register", version="5.5"))
        info = await manager.start()
        events, again = [], asyncio.Event()

        def told(event, text):
            events.append((event, text.partition(" (")[0]))
            if event == "ready":
                again.set()

        manager.add_callback(lambda *_: 1 / 0)  # somebody's broken callback changes nothing
        manager.add_callback(told)
        os.kill(manager.provisioner.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            await again.wait()
        assert events == [
            ("restart", "it was killed by SIGKILL"), ("ready", "the kernel was restarted"),
        ]  # fmt: skip
        assert (manager.state, manager.info, manager.last_exit.code) == (State.RUNNING, info, -9)
        manager.remove_callback(told)
        await manager.shutdown()

    asyncio.run(story())


TALKING = KernelSpec(
    "talking",
    argv=(
        sys.executable,
        str(Path(__file__).with_name("client_kernel.py")),
        "--welcome",
        "-f",
        "{connection_file}",
    ),
    display_name="Talking",
    language="none",
)


def test_a_client_is_told_at_once_how_its_kernel_died(runtime):
    """No heartbeat is needed for it."""
    options = ManagerOptions(restart=RestartPolicy(enabled=False))
    with (
        BlockingKernelManager(TALKING, options) as manager,
        manager.client(heartbeat_interval=None) as client,
    ):
        assert client.wait_until_ready(timeout=60) is manager.manager.kernel_info
        with pytest.raises(KernelDied, match="the kernel died: it ended with"):
            client.execute("die").result(timeout=60)

    async def story():
        manager = KernelManager(TALKING, options)
        await manager.start()
        async with manager.client(heartbeat_interval=None) as client:
            assert await client.wait_until_ready(timeout=60) is manager.kernel_info
            with pytest.raises(KernelDied, match="the kernel died: it ended with"):
                await client.execute("die").result(timeout=60)
        await manager.shutdown()

    asyncio.run(story())


def test_a_client_of_somebody_else_learns_that_the_kernel_was_restarted(runtime):
    """It has no manager; another process answers on the same ports before its heartbeat is missed."""
    with BlockingKernelManager(TALKING) as manager:
        with Client(ZmqChannels(manager.info)) as client:
            client.wait_until_ready(timeout=60)
            with pytest.raises(KernelDied, match=r"was restarted|closed the connection"):
                client.execute("die").result(timeout=60)
            client.wait_until_ready(timeout=60)
            assert client.execute("say hi").result(timeout=60).text() == "hi"

        async def story():
            async with AsyncClient(ZmqTransport(manager.info)) as client:
                await client.wait_until_ready(timeout=60)
                with pytest.raises(KernelDied, match=r"was restarted|closed the connection"):
                    await client.execute("die").result(timeout=60)
                await client.wait_until_ready(timeout=60)
                assert (await client.execute("say hi").result(timeout=60)).text() == "hi"

        asyncio.run(story())


def test_clients_that_are_gone_are_forgotten(runtime):
    """A server makes one for each window, and keeps its managers for months."""
    with BlockingKernelManager(TALKING) as manager:
        for _ in range(3):
            client = manager.client()
        gc.collect()
        assert len(manager.manager._callbacks) == 2
        del client
        gc.collect()
        assert len(manager.manager._callbacks) == 0


def test_a_kernel_that_keeps_crashing_is_given_up_with_the_reason(ear, tmp_path):
    """Its environment has become unusable: each restart fails at once."""
    switch = tmp_path / "switch.py"
    switch.write_text(f"exec(open({str(KERNEL)!r}).read())")

    async def story():
        policy = RestartPolicy(limit=2, first_delay=0.01)
        broken = replace(spec(), argv=(sys.executable, str(switch), "-f", "{connection_file}"))
        manager = KernelManager(broken, ManagerOptions(restart=policy))
        await manager.start()
        dead, events = asyncio.Event(), []
        manager.add_callback(lambda event, _: events.append(event))
        manager.add_callback(lambda *_: dead.set(), "dead")
        switch.write_text("raise SystemExit('no such library')")
        os.kill(manager.provisioner.pid, signal.SIGSEGV)
        async with asyncio.timeout(20):
            await dead.wait()
        assert events == ["restart", "restart", "dead"]
        assert (manager.state, manager.lifecycle.crashes) == (State.DEAD, 3)
        with pytest.raises(KernelDied, match="cannot interrupt the kernel 'test': it is dead"):
            await manager.interrupt()
        switch.write_text(f"exec(open({str(KERNEL)!r}).read())")
        await manager.restart()  # the person has repaired it
        await manager.shutdown()

    asyncio.run(story())


def test_without_restarts_a_crash_is_told_and_nothing_is_left(ear, runtime):
    async def story():
        options = ManagerOptions(restart=RestartPolicy(enabled=False))
        manager = KernelManager(spec(), options)
        await manager.start()
        dead = asyncio.Event()
        manager.add_callback(lambda *_: dead.set(), "dead")
        await manager.signal(signal.SIGKILL)
        async with asyncio.timeout(20):
            await dead.wait()
        assert list(runtime.iterdir()) == []
        assert (await manager.wait()).code == -signal.SIGKILL  # whoever comes late learns it, too
        await manager.shutdown()

    asyncio.run(story())


def test_ending_a_kernel_ends_the_waiting_for_its_restart(ear):
    async def story():
        policy = RestartPolicy(first_delay=1000, longest_delay=1000)
        manager = KernelManager(spec(), ManagerOptions(restart=policy))
        await manager.start()
        manager.lifecycle.crashes = 1  # the next restart waits
        crashed = asyncio.Event()
        manager.add_callback(lambda *_: crashed.set(), "restart")
        await manager.signal(signal.SIGKILL)
        async with asyncio.timeout(20):
            await crashed.wait()
        assert manager.state is State.RESTARTING
        with pytest.raises(KernelError, match="it is restarting"):
            await manager.interrupt()
        await manager.shutdown()
        assert manager.state is State.STOPPED

    asyncio.run(story())


# -- kernels that outlive the program

FIRST = """
import asyncio, json, os, sys
from nuncius.protocol.kernelspec import KernelSpec
from nuncius.protocol.manager import BlockingKernelManager, KernelManager, ManagerOptions
kernel = KernelSpec("test", (sys.executable, {kernel!r}, "-f", "{{connection_file}}", *sys.argv[2:]))
options = ManagerOptions(independent=True)
async def crash():
    manager = KernelManager(kernel, options, session_name="a.ipynb")
    await manager.start(cwd="/")
    print(json.dumps(await manager.save()), flush=True)
    os.kill(os.getpid(), 9)
def detach():
    manager = BlockingKernelManager(kernel, options, session_name="a.ipynb")
    manager.start(cwd="/")
    print(json.dumps(manager.save()), flush=True)
    manager.detach()
asyncio.run(crash()) if sys.argv[1] == "crash" else detach()
"""


def first_program(ear: Ear, way: str, *arguments: str) -> dict[str, object]:
    """Run a program that starts a kernel and ends before it; return what it saved."""
    code = FIRST.format(kernel=str(KERNEL))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, way, *arguments],
        env=ear.env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == ((-9, "") if way == "crash" else (0, ""))
    return json.loads(done.stdout)


@pytest.mark.parametrize("independent", [True, False])
def test_what_a_kernel_wrote_last_is_known_however_it_was_started(ear, independent):
    flood = "import sys; sys.stderr.write('x' * 500_000 + '\\n' + 'last words\\n'); sys.exit(3)"

    async def story():
        options = ManagerOptions(independent=independent)
        manager = KernelManager(replace(spec(), argv=(sys.executable, "-c", flood)), options)
        with pytest.raises(LaunchFailed, match=r"exit code 3; [^\n]*\n    last words$"):
            await manager.start()
        manager = KernelManager(spec(), options)
        await manager.start()
        await manager.shutdown()
        assert manager.last_exit == Exit(0, False, "hello from the kernel\n")

    asyncio.run(story())


@pytest.mark.parametrize("way", ["crash", "detach"])
def test_a_kernel_outlives_its_program_and_is_taken_over_by_the_next(ear, way, monkeypatch):
    """A server is restarted, or crashes: its kernels go on, and the new one takes care of them."""
    saved = first_program(ear, way)
    pid, parent, *_ = ear.hear("started")
    assert parent == "None"  # it does not watch the program that started it

    async def story():
        manager = KernelManager(spec())
        info = await manager.adopt(saved)
        assert (manager.kernel_id, manager.session_name) == (saved["kernel_id"], "a.ipynb")
        assert (info, manager.state) == (
            load_connection_file(saved["connection_file"]), State.RUNNING,
        )  # fmt: skip
        assert manager.kernel_info.content["status"] == "ok"
        assert manager.resolve_path("proc") == "/proc"
        await manager.interrupt()
        await ear.next("interrupted")
        monkeypatch.setenv("TELL", ear.env["TELL"])
        assert await manager.restart() == info
        assert await ear.next("shutdown_request") == ["True"]
        again, parent, cwd, _ = await ear.next("started")
        assert is_gone(int(pid), 0)
        assert (parent, cwd) == (str(os.getpid()), "/")
        await manager.shutdown()
        assert is_gone(int(again), 0)

    asyncio.run(story())


def test_kernels_that_were_taken_over_are_started_again_when_they_crash(ear, tmp_path):
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "kernel.json").write_text(json.dumps(spec().to_dict()))

    async def story():
        saved = await asyncio.to_thread(first_program, ear, "crash")
        options = ManagerOptions(independent=True)
        async with KernelPool(options, KernelSpecs([tmp_path], native=False)) as pool:
            with pytest.raises(NoSuchKernel):
                await pool.adopt({**saved, "kernel_name": "no-such"})
            manager = await pool.adopt(saved)
            assert list(pool) == [saved["kernel_id"]]
            with pytest.raises(KernelError, match="already"):
                await pool.adopt(saved)
            await pool.detach(manager.kernel_id)
            assert list(pool) == []
            manager = await pool.adopt(saved)
            info, again = manager.info, asyncio.Event()
            manager.add_callback(lambda *_: again.set(), "ready")
            await manager.signal(signal.SIGKILL)
            async with asyncio.timeout(20):
                await again.wait()
            # How it ended only its parent could learn.
            assert (manager.info, manager.last_exit) == (info, Exit(None))

    asyncio.run(story())


def test_a_kernel_that_was_taken_over_ends_with_its_new_program_unless_it_lets_go(ear):
    """It is left with no program at all, taken over, let go, taken over, and ended."""
    saved = first_program(ear, "crash", "--child")
    (child,) = ear.hear("child")
    manager = BlockingKernelManager(spec(), ManagerOptions(independent=True))
    manager.adopt(saved)
    assert manager.save() == saved
    manager.detach()
    assert manager.state is State.STOPPED
    with (
        BlockingKernelManager(spec()) as dependent,
        pytest.raises(KernelError, match=r"start it with ManagerOptions\(independent=True\)"),
    ):
        dependent.detach()
    adopting = f"""
        import json, os, sys
        from nuncius.protocol.kernelspec import KernelSpec
        from nuncius.protocol.manager import BlockingKernelManager
        manager = BlockingKernelManager(KernelSpec("test", (sys.executable, {str(KERNEL)!r})))
        manager.adopt(json.loads(sys.argv[1]))
        os.kill(os.getpid(), 9)
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(adopting), json.dumps(saved)],
        timeout=60, check=False,
    )  # fmt: skip
    assert is_gone(saved["provisioner"]["pid"])
    assert is_gone(int(child))


def test_what_is_no_kernel_any_more_is_not_taken_over(ear, tmp_path):
    async def story():
        manager = KernelManager(spec(), ManagerOptions(independent=True))
        await manager.start()
        saved = await manager.save()
        pid = saved["provisioner"]["pid"]
        other = KernelManager(spec())
        another = {**saved["provisioner"], "started": "1"}  # the number of another process now
        for wrong, error, text in (
            ({"provisioner": another}, KernelDied, f"process {pid} of the kernel has ended"),
            ({"provisioner": {"pid": 1}}, KernelDied, "names no process"),
            ({"provisioner": None}, KernelError, "has None as provisioner; expected what"),
            ({"kernel_name": "else"}, KernelError, "this manager is for 'test'"),
            ({"connection_file": str(tmp_path / "x")}, ConnectionFileError, "no connection file"),
        ):
            with pytest.raises(error, match=text):
                await other.adopt({**saved, **wrong})
            assert (other.state, other.has_kernel, other.info) == (State.STOPPED, False, None)
        with pytest.raises(RuntimeError, match="running already"):
            await manager.adopt(saved)
        await manager.shutdown()
        with pytest.raises(ConnectionFileError):
            await other.adopt(saved)
        with pytest.raises(KernelError, match="cannot save the kernel 'test': it is stopped"):
            await manager.save()

    asyncio.run(story())


# -- starts that fail


def test_a_kernel_that_ends_at_once_is_shown_with_its_last_words(ear):
    async def story():
        manager = KernelManager(spec("--die", "ImportError: no module named 'numpy'"))
        with pytest.raises(LaunchFailed) as caught:
            await manager.start()
        assert str(caught.value) == (
            "the kernel 'test' did not start: it ended with exit code 1; the last that it wrote:\n"
            "    ImportError: no module named 'numpy'"
        )
        assert manager.state is State.STOPPED
        with pytest.raises(LaunchFailed):
            await manager.ready

    asyncio.run(story())


@pytest.mark.parametrize("version", ["", "5.5"])
def test_a_kernel_that_never_answers_is_ended_and_told(ear, version):
    async def story():
        manager = KernelManager(spec("--deaf", version=version), ManagerOptions(start_timeout=0.5))
        starting = asyncio.create_task(manager.start(env=ear.env))
        (pid,) = await ear.next("deaf")
        with pytest.raises(KernelTimeout) as caught:
            await starting
        assert str(caught.value).startswith(
            "waited 0.5 s for the first answer of the kernel 'test'; it was started with: "
        )
        assert is_gone(int(pid), 0)

    asyncio.run(story())


def test_a_program_that_is_not_there_is_named_with_its_kernelspec(ear):
    async def story():
        with pytest.raises(LaunchFailed) as caught:
            await KernelManager(
                replace(spec(), argv=("no-such-program",), resource_dir="/k")
            ).start()
        assert str(caught.value) == (
            "cannot start the kernel 'test': there is no program 'no-such-program'; "
            "install it, or correct argv of its kernelspec; its kernelspec is in /k"
        )
        with pytest.raises(LaunchFailed, match="in /no/where: there is no such directory"):
            await KernelManager(spec()).start(cwd="/no/where")
        with pytest.raises(LaunchFailed, match="may not be executed"):
            await KernelManager(replace(spec(), argv=(str(KERNEL),))).start()
        with pytest.raises(NoSuchKernel):
            await KernelManager("nothing", specs=KernelSpecs([], native=False)).start()
        wants = replace(spec(), metadata={"kernel_provisioner": {"provisioner_name": "moon"}})
        with pytest.raises(LaunchFailed, match="asks for the provisioner 'moon', which is not"):
            await KernelManager(wants).start()
        with pytest.raises(LaunchFailed, match="this machine has no such address"):
            await KernelManager(
                spec(), ManagerOptions(ip="192.0.2.1", encryption="disabled")
            ).start()

    asyncio.run(story())


def test_a_taken_port_is_seen_and_another_one_is_used(ear):
    """Between our choice and the kernel's bind another program took the port."""

    async def story():
        with socket.create_server(("127.0.0.1", 0)) as thief:
            taken = thief.getsockname()[1]
            manager = KernelManager(spec())
            await manager.start()
            await manager.shutdown(restart=True)
            manager.info = manager.info.with_ports({"control_port": taken})
            info = await manager.start()
            assert taken not in info.ports.values()
            await manager.shutdown()

    asyncio.run(story())


def test_a_full_disk_stops_the_start_before_there_is_a_process(ear, runtime):
    """A file system with no room at all: nothing is left, and the message says what to do."""
    code = f"""
        import asyncio, resource, signal, sys
        from nuncius.protocol.manager import KernelManager
        from nuncius.protocol.kernelspec import KernelSpec
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50, resource.RLIM_INFINITY))
        kernel = KernelSpec("test", (sys.executable, {str(KERNEL)!r}, "-f", "{{connection_file}}"))
        try:
            asyncio.run(KernelManager(kernel).start())
        except Exception as error:
            print(type(error).__name__, error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("ConnectionFileError cannot write the connection file")
    assert done.stderr == ""


def test_a_runtime_directory_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "file"))

    async def story():
        with pytest.raises(ConnectionFileError, match="set JUPYTER_RUNTIME_DIR"):
            await KernelManager(spec()).start()

    asyncio.run(story())


def test_a_running_kernel_cannot_be_started_again(ear):
    async def story():
        async with KernelManager(spec()) as manager:
            with pytest.raises(RuntimeError, match="restart it, or shut it down first"):
                await manager.start()
            assert await manager.is_alive()

    asyncio.run(story())


def test_a_kernel_that_was_never_started_can_be_ended_but_not_interrupted(ear):
    async def story():
        manager = KernelManager(spec())
        await manager.shutdown()
        assert not await manager.is_alive()
        for action in (manager.interrupt(), manager.wait()):
            with pytest.raises(KernelError, match="stopped"):
                await action

    asyncio.run(story())


# -- ends that fail


def test_a_kernel_that_ignores_everything_is_killed(ear):
    async def story():
        manager = KernelManager(spec("--stubborn"), ManagerOptions(shutdown_timeout=0.6))
        await manager.start(env=ear.env)
        await manager.shutdown()
        assert manager.last_exit.code == -signal.SIGKILL
        assert await ear.next("shutdown_request") == ["False"]
        await ear.next("terminated")

    asyncio.run(story())


def test_a_kernel_is_ended_now_without_being_asked(ear):
    async def story():
        manager = KernelManager(spec("--stubborn"))
        await manager.start()
        await manager.shutdown(now=True)
        assert manager.last_exit.code == -signal.SIGKILL

    asyncio.run(story())


@pytest.mark.parametrize("now", [True, False])
def test_what_a_kernel_has_started_ends_with_it(ear, now):
    async def story():
        manager = KernelManager(spec("--child"))
        await manager.start(env=ear.env)
        (child,) = await ear.next("child")
        await manager.shutdown(now=now)
        assert is_gone(int(child))

    asyncio.run(story())


# -- Ctrl-C and sudden deaths

PROGRAM = """
    import asyncio, os, sys
    from nuncius.protocol.manager import BlockingKernelManager, KernelManager, ManagerOptions
    from nuncius.protocol.kernelspec import KernelSpec
    kernel = KernelSpec("test", (sys.executable, {kernel!r}, "-f", "{{connection_file}}", *sys.argv[2:]))
    options = ManagerOptions(shutdown_timeout=1000)
    def blocking():
        with BlockingKernelManager(kernel, options) as manager:
            print("running", flush=True)
            sys.stdin.readline()
    async def asynchronous():
        async with KernelManager(kernel, options) as manager:
            print("running", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
    try:
        blocking() if sys.argv[1] == "blocking" else asyncio.run(asynchronous())
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@contextlib.contextmanager
def program(ear: Ear, *arguments: str):
    code = textwrap.dedent(PROGRAM).format(kernel=str(KERNEL))
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ear.env,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("face", ["blocking", "asynchronous"])
def test_ctrl_c_during_the_start_leaves_nothing(ear, face):
    with program(ear, face, "--deaf") as process:
        (pid,) = ear.hear("deaf")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "interrupted\n"
        assert process.returncode == 0
        assert is_gone(int(pid), 0)


@pytest.mark.parametrize("face", ["blocking", "asynchronous"])
def test_ctrl_c_during_the_end_kills_what_does_not_end(ear, face):
    with program(ear, face, "--stubborn") as process:
        (pid, *_) = ear.hear("started")
        assert process.stdout.readline() == "running\n"
        process.stdin.write("\n")
        process.stdin.flush()
        ear.hear("shutdown_request")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "interrupted\n"
        assert is_gone(int(pid), 0)


ANY_MOMENT = """
    import asyncio, sys
    from nuncius.protocol.kernelspec import KernelSpec
    from nuncius.protocol.manager import BlockingKernelManager, KernelManager
    command = (sys.executable, "-m", "nuncius.protocol.testing.echo", "-f", "{connection_file}")
    kernel = KernelSpec("test", command, kernel_protocol_version="5.5")
    def blocking():
        print("begun", flush=True)
        with BlockingKernelManager(kernel) as manager, manager.client() as client:
            client.wait_until_ready(20)
            client.execute("hello").result(20)
    async def asynchronous():
        print("begun", flush=True)
        async with KernelManager(kernel) as manager, manager.client() as client:
            await client.wait_until_ready(20)
            await client.execute("hello").result(20)
    try:
        blocking() if sys.argv[1] == "blocking" else asyncio.run(asynchronous())
        import signal
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.mark.parametrize("face", ["blocking", "asynchronous"])
@pytest.mark.parametrize("moment", [0, 0.005, 0.02, 0.06, 0.11, 0.16, 0.22])
def test_ctrl_c_at_any_moment_leaves_nothing(runtime, tmp_path, face, moment):
    """The moments lie in the start of the loop, of the process, its first answer, the cell, and the end."""
    mark = str(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ANY_MOMENT), face],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "MARK": mark},
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "begun\n"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        # A Ctrl-C that comes after all is done is Python's own matter.
        assert (out, process.returncode) in (("interrupted\n", 0), ("", 0), ("", -2))
        # In a callback of the import system Python can only report it.
        assert err == "" or process.returncode == -2 or err.startswith("Exception ignored in")
    for pid in marked(mark):
        assert is_gone(pid)


def marked(mark: str) -> list[int]:
    """The processes that have inherited our mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"MARK={mark}".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def test_no_kernel_and_no_file_outlives_a_manager_that_is_killed(ear, runtime):
    """kill -9 of the notebook server: kernels that do not watch their parent must end as well."""
    with program(ear, "asynchronous", "--child") as process:
        (child,) = ear.hear("child")
        (pid, *_) = ear.hear("started")
        assert process.stdout.readline() == "running\n"
        (file,) = runtime.iterdir()
        (runtime / f".{file.name}.1.ab").touch()  # as a writer leaves it that is killed
        process.kill()
        assert is_gone(int(pid))
        assert is_gone(int(child))


def test_no_kernel_outlives_a_program_that_forgot_it(ear):
    code = f"""
        import asyncio, sys
        from nuncius.protocol.manager import BlockingKernelManager
        from nuncius.protocol.kernelspec import KernelSpec
        kernel = KernelSpec("test", (sys.executable, {str(KERNEL)!r}, "-f", "{{connection_file}}"))
        BlockingKernelManager(kernel).start()
    """
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        env=ear.env, timeout=60, check=True,
    )  # fmt: skip
    (pid, *_) = ear.hear("started")
    assert is_gone(int(pid))


# -- the parts


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        (Exit(0), "it ended with exit code 0"),
        (Exit(None), "it ended"),
        (Exit(-11), "it was killed by SIGSEGV (a crash in compiled code)"),
        (Exit(-15), "it was killed by SIGTERM"),
        (Exit(-9, True), "it used up the memory, and the system killed it (SIGKILL)"),
        (Exit(-200), "it was killed by signal 200"),
    ],
)
def test_an_exit_is_told_in_words(ended, reason):
    assert (ended.reason, str(ended), ended.describe()) == (reason, reason, reason)


def test_ports_are_promised_once():
    reserve = PortReserve(range(30100, 30130))
    with reserve.hold("127.0.0.1") as first:
        pass
    with reserve.hold("127.0.0.1") as second:
        assert len({*first.values(), *second.values()}) == 10
        with pytest.raises(OSError, match="in use"), socket.socket() as other:
            other.bind(("127.0.0.1", second["shell_port"]))
    reserve.release(first)
    reserve.release(second)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("zmq.error.ZMQError: Address already in use (addr='tcp://127.0.0.1:1')", True),
        ("Error: listen EADDRINUSE 127.0.0.1:1", True),
        ("ImportError: no", False),
    ],
)
def test_a_taken_port_is_recognized_in_many_languages(text, taken):
    assert says_port_taken(text) is taken
