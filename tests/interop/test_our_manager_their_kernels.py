"""Our manager and the kernels of others: ipykernel, xeus-python, bash_kernel."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from nuncius.protocol.client.aio import AsyncClient
from nuncius.protocol.connection import load_connection_file
from nuncius.protocol.core.lifecycle import RestartPolicy, State
from nuncius.protocol.errors import KernelDied
from nuncius.protocol.kernelspec import KernelSpec, KernelSpecs, install_kernelspec
from nuncius.protocol.manager import KernelManager, KernelPool, ManagerOptions
from nuncius.protocol.manager.probe import ask
from nuncius.protocol.messages import Channel
from nuncius.protocol.session import Session
from nuncius.protocol.transport.zmq import ZmqTransport

KERNELS = ["python3", "xpython", "bash"]

#: The exit codes of an orderly end.
# On a busy machine: the control thread of ipykernel flushes the output after it has answered, and waits up to ten seconds for a thread that the main thread has ended meanwhile. Then the manager asks it to end. Or libzmq ends it, as its socket is gone.
ORDERLY = {"python3": {0}, "xpython": {0}, "bash": {0, -signal.SIGTERM, -signal.SIGABRT}}
SLEEP = {"bash": "sleep 60"}

SpecOf = Callable[[str], KernelSpec]


@pytest.fixture
def spec_of(peers: Path) -> SpecOf:
    """Finds a kernelspec as the peer installed it, run by the peers' Python."""

    def find(name: str) -> KernelSpec:
        specs = KernelSpecs([peers.parents[1] / "share/jupyter/kernels"], native=False)
        spec = specs.get(name)
        if spec.argv[0].startswith("python"):
            return replace(spec, argv=(str(peers), *spec.argv[1:]))
        return spec

    return find


@pytest.fixture(autouse=True)
def runtime(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    (tmp_path / "runtime").mkdir()
    yield tmp_path / "runtime"
    assert list((tmp_path / "runtime").iterdir()) == []  # whatever happened, no file is left


async def info_of(manager: KernelManager) -> tuple[str, str]:
    """The name and version that the kernel says it has: it answers, and with our key."""
    import zmq

    session = Session(manager.info.key)
    with zmq.Context() as context:
        async with asyncio.timeout(30):
            reply = await ask(
                context, manager.info, session, "kernel_info_request", channel=Channel.SHELL
            )
    return reply.content["implementation"], reply.content["implementation_version"]


@dataclass(frozen=True)
class Words:
    """What to say in a kernel's language.

    Attributes:
        store: A cell that keeps a value, and tells of it.
        recall: A cell that tells of it afterwards; after a restart it tells of nothing.
        ask: A cell that prints what is answered; None if the kernel cannot ask.
        endless: A cell that says ``begun``, and runs until it is interrupted.
        interrupt_mode: How it is interrupted.
        complete: Code, and what completes it.
        inspect: A name, and whether there is help on it.
        die: A cell that kills its own process.
    """

    store: str
    recall: str
    ask: str | None
    endless: str
    complete: tuple[str, str]
    inspect: tuple[str, bool]
    die: str
    interrupt_mode: str = "signal"


PYTHON = Words(
    store="x = 6 * 7; print(x)",
    recall="print(globals().get('x'))",
    ask="print(input('who? '))",
    endless="import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.01)",
    complete=("impor", "import"),
    inspect=("print", True),
    die="import os; os.kill(os.getpid(), 9)",
)
WORDS = {
    "python3": PYTHON,
    # Its process ends on SIGINT, and it does not answer to the message while a cell runs.
    "xpython": replace(PYTHON, endless=""),
    "bash": Words(
        store="x=42; echo $x",
        recall="echo ${x:-None}",
        ask=None,
        endless="echo begun; while true; do :; done",
        complete=("ech", "echo"),
        inspect=("echo", False),
        die="kill -9 $PPID",
    ),
}


@pytest.mark.parametrize("name", KERNELS)
def test_the_whole_life_of_a_kernel(name, spec_of):
    """One client goes through it all: start, cells, input, interrupt, completion, help, restart, kill -9 and restart by itself, and an orderly end."""
    words = WORDS[name]

    async def tell(client: AsyncClient, code: str) -> str:
        result = await client.execute(code).result(timeout=60)
        return f"{result.status} {result.text().strip()}"

    async def story():
        async with (
            KernelManager(spec_of(name)) as manager,
            manager.client(on_input=lambda question: question.prompt + "me") as client,
        ):
            info = manager.info
            assert load_connection_file(manager.connection_file) == info
            said = await client.wait_until_ready(timeout=60)
            assert await tell(client, words.store) == "ok 42"
            assert await tell(client, words.recall) == "ok 42"
            if words.ask:
                assert await tell(client, words.ask) == "ok who? me"
            if words.endless:
                running = client.execute(words.endless)
                async for message in running:
                    if "begun" in message.content.get("text", ""):
                        await manager.interrupt()
                        break
                assert not (await running.result(timeout=60)).ok
            code, completion = words.complete
            assert completion in (await client.complete(code, timeout=60)).content["matches"]
            code, found = words.inspect
            assert (await client.inspect(code, timeout=60)).content["found"] is found

            assert await manager.restart() == info
            again = await client.wait_until_ready(timeout=60)
            assert again.content["language_info"] == said.content["language_info"]
            assert await tell(client, words.recall) == "ok None"

            back = asyncio.Event()
            manager.add_callback(lambda *_: back.set(), "ready")
            execution = client.execute(words.die)
            with pytest.raises(KernelDied, match="it was killed by SIGKILL"):
                await execution.result(timeout=60)
            async with asyncio.timeout(30):
                await back.wait()
            assert (manager.info, manager.last_exit.code) == (info, -signal.SIGKILL)
            await client.wait_until_ready(timeout=60)
            assert await tell(client, words.store) == "ok 42"
        assert (manager.state, manager.has_kernel) == (State.STOPPED, False)
        assert manager.last_exit.code in ORDERLY[name]

    asyncio.run(story())


@pytest.mark.parametrize("name", KERNELS)
def test_a_death_is_noticed_by_its_parent_and_by_others_before_heartbeats_run_out(name, spec_of):
    """We see the process of our own; who has only a connection sees that end, and then asks for a heartbeat."""

    async def story(attached: bool) -> None:
        options = ManagerOptions(restart=RestartPolicy(enabled=False))
        async with KernelManager(spec_of(name), options) as manager:
            if attached:
                client = AsyncClient(ZmqTransport(manager.info), heartbeat_patience=1000)
            else:
                client = manager.client(heartbeat_interval=None)
            async with client:
                await client.wait_until_ready(timeout=60)
                execution = client.execute(SLEEP.get(name, "import time; time.sleep(60)"))
                async for message in execution:  # it runs
                    if message.msg_type == "execute_input":
                        break
                os.kill(manager.provisioner.pid, signal.SIGKILL)
                with pytest.raises(KernelDied):
                    await execution.result(timeout=50)

    for attached in (False, True):
        asyncio.run(story(attached))


@pytest.mark.parametrize("name", ["python3", "bash"])  # xeus-python's wheel ends on SIGINT
def test_a_kernel_survives_an_interrupt(name, spec_of):
    async def story():
        async with KernelManager(spec_of(name)) as manager:
            await manager.interrupt()
            assert await info_of(manager)
            assert manager.lifecycle.crashes == 0

    asyncio.run(story())


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_ipykernel_encrypts_with_our_keys(transport, spec_of):
    async def story():
        options = ManagerOptions(transport=transport, encryption="required")
        async with KernelManager(spec_of("python3"), options) as manager:
            assert manager.info.curve_publickey
            assert await info_of(manager)
            await manager.restart()
            assert await info_of(manager)

    asyncio.run(story())


def test_ipykernel_listens_on_ipc(spec_of):  # the others do not
    async def story():
        async with KernelManager(spec_of("python3"), ManagerOptions(transport="ipc")) as manager:
            assert await info_of(manager)

    asyncio.run(story())


def test_xeus_registers_when_its_kernelspec_says_that_it_can(spec_of):
    """JEP 66 by the one other implementation of it: no port is chosen by us."""

    async def story():
        spec = replace(spec_of("xpython"), kernel_protocol_version="5.5")
        async with KernelManager(spec) as manager:
            info = manager.info
            assert await info_of(manager)
            assert await manager.restart() == info

    asyncio.run(story())


def test_kernels_of_all_kinds_run_at_once(spec_of):
    async def story():
        async with KernelPool() as pool:
            managers = await asyncio.gather(*(pool.start(spec_of(name)) for name in KERNELS))
            assert len(set(await asyncio.gather(*map(info_of, managers)))) == 3

    asyncio.run(story())


# -- with jupyter_client in the same Python: the peers' one, which gets our package on its path


def run_beside_jupyter_client(peers: Path, code: str, tmp_path: Path, **env: str) -> str:
    """Run ``code`` by the peers' Python with our protocol package, and return what it prints."""
    import nuncius.protocol

    ours = Path(nuncius.protocol.__path__[0]).parents[1]
    done = subprocess.run(
        [str(peers), "-c", textwrap.dedent(code)],
        env={**os.environ, **env, "PYTHONPATH": f"{ours}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_provisioner_that_was_written_for_jupyter_client_runs_kernels_of_ours(tmp_path, peers):
    """A package offers it by jupyter_client's entry point; a kernelspec asks for it, with settings."""
    (tmp_path / "their_provisioner.py").write_text(
        textwrap.dedent("""
        from jupyter_client.provisioning import LocalProvisioner
        from traitlets import Unicode

        class Loud(LocalProvisioner):
            word = Unicode("?")
            async def launch_kernel(self, cmd, **kw):
                print("> launching", self.word, self.kernel_spec.display_name, flush=True)
                return await super().launch_kernel(cmd, **kw)
        """)
    )
    metadata = tmp_path / "their_provisioner-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: their-provisioner\nVersion: 1.0\n"
    )
    (metadata / "entry_points.txt").write_text(
        "[jupyter_client.kernel_provisioners]\nloud = their_provisioner:Loud\n"
    )
    code = """
        import asyncio, os, signal
        from dataclasses import replace
        from nuncius.protocol.kernelspec import KernelSpecs
        from nuncius.protocol.errors import KernelDied
        from nuncius.protocol.manager import KernelManager, ManagerOptions
        async def value(manager, code):
            async with manager.client() as client:
                await client.wait_until_ready(timeout=30)
                return (await client.execute(code)).text()
        async def story():
            spec = KernelSpecs().get("python3")
            stanza = {"provisioner_name": "loud", "config": {"word": "hello"}}
            spec = replace(spec, metadata={"kernel_provisioner": stanza})
            independent = ManagerOptions(independent=True)
            manager = KernelManager(spec, independent)
            await manager.start()
            print(">", await value(manager, "print(6 * 7)"), end="")
            await manager.interrupt()
            await manager.restart()
            print(">", await manager.is_alive(), manager.resolve_path("/"))
            await value(manager, "kept = 1")
            saved = await manager.save()
            await manager.detach()
            heir = KernelManager(spec)
            await heir.adopt(saved)
            print(">", await value(heir, "print('kept', kept)"), end="")
            await heir.restart()
            print(">", await value(heir, "print('kept' in globals())"), end="")
            await heir.shutdown()
            print('>', heir.has_kernel, os.path.exists(saved["connection_file"]))
            try:
                await KernelManager(spec).adopt({**saved, "connection_file": os.environ["OLD"]})
            except KernelDied as error:
                print('>', error)
        asyncio.run(story())
    """
    old = tmp_path / "old.json"
    old.write_text(json.dumps({**PORTS, "ip": "127.0.0.1", "key": "x"}))
    said = run_beside_jupyter_client(
        peers, code, tmp_path, JUPYTER_PATH=str(peers.parents[1] / "share/jupyter"), OLD=str(old)
    )
    launching = "launching hello Python 3 (ipykernel)"
    # The kernel itself writes to the same place: it is to outlive the program.
    *lines, last = (line[2:] for line in said.splitlines() if line.startswith("> "))
    assert lines == [
        launching, "42", launching, "True /", "kept 1", launching, "False", "False False",
    ]  # fmt: skip
    assert last.endswith("of the kernel has ended")


PORTS = {
    f"{name}_port": number
    for number, name in enumerate(["shell", "iopub", "stdin", "control", "hb"], 1)
}


def test_a_published_provisioner_that_attaches_to_a_kernel_that_runs_already(tmp_path, peers):
    """It starts no process and cannot tell when one ends; its kernel has ports and a key of its own."""
    code = """
        import asyncio, os
        from dataclasses import replace
        from nuncius.protocol.core.lifecycle import RestartPolicy
        from nuncius.protocol.kernelspec import KernelSpecs
        from nuncius.protocol.manager import KernelManager, ManagerOptions
        async def value(manager, code):
            async with manager.client() as client:
                await client.wait_until_ready(timeout=30)
                return (await client.execute(code)).text()
        async def story():
            spec = KernelSpecs().get("python3")
            options = ManagerOptions(restart=RestartPolicy(enabled=False), shutdown_timeout=1)
            first = KernelManager(spec, options)
            await first.start()
            await value(first, "there = 1")
            os.environ["EXISTING_CONNECTION_FILE"] = first.connection_file
            stanza = {"provisioner_name": "existing-provisioner"}
            second = KernelManager(replace(spec, metadata={"kernel_provisioner": stanza}), options)
            info = await second.start()
            print(info == first.info, second.connection_file != first.connection_file)
            print(await value(second, "print('there' in globals())"), end="")
            print(await second.is_alive(), second.state)
            await second.shutdown()
            await asyncio.wait_for(first.wait(), 60)
            print(os.path.exists(second.connection_file))
            await first.shutdown()
        asyncio.run(story())
    """
    said = run_beside_jupyter_client(
        peers, code, tmp_path, JUPYTER_PATH=str(peers.parents[1] / "share/jupyter")
    )
    assert said.splitlines() == ["True True", "True", "True running", "False"]


def test_the_directories_and_kernelspecs_are_those_that_jupyter_finds(tmp_path, peers):
    """The same answers in the same Python, whatever the variables say."""
    code = """
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_core.paths import jupyter_data_dir, jupyter_path, jupyter_runtime_dir
        from nuncius.protocol.kernelspec import KernelSpecs
        from nuncius.protocol.paths import data_dir, data_path, runtime_dir
        assert data_path() == jupyter_path(), (data_path(), jupyter_path())
        assert (data_dir(), runtime_dir()) == (jupyter_data_dir(), jupyter_runtime_dir())
        theirs = KernelSpecManager(ensure_native_kernel=False).find_kernel_specs()
        assert KernelSpecs(native=False).find() == theirs, theirs
        for name in theirs:
            their = KernelSpecManager().get_kernel_spec(name).to_dict()
            our = KernelSpecs().get(name).to_dict()
            assert {k: our.get(k, "") for k in their} == their, (our, their)
        print(len(theirs))
    """
    home = {"HOME": str(tmp_path)}
    for env in (
        {},
        {"JUPYTER_PREFER_ENV_PATH": "0"},
        {"JUPYTER_PATH": f"{tmp_path}/x/:/y", "JUPYTER_DATA_DIR": "/z"},
        {"XDG_DATA_HOME": f"{tmp_path}/xdg", "JUPYTER_RUNTIME_DIR": "/r"},
        {"JUPYTER_PLATFORM_DIRS": "1"},
    ):
        assert int(run_beside_jupyter_client(peers, code, tmp_path, **home, **env)) >= 3


def test_jupyter_client_reads_what_we_write_and_we_read_what_it_writes(tmp_path, peers):
    code = f"""
        import json, os
        from jupyter_client.connect import find_connection_file, write_connection_file
        from jupyter_client import BlockingKernelClient
        from nuncius.protocol import connection
        os.environ["JUPYTER_RUNTIME_DIR"] = {str(tmp_path)!r}
        path, written = write_connection_file(os.path.join({str(tmp_path)!r}, "kernel-a.json"), key=b"k")
        info = connection.load_connection_file(path)
        assert (info.shell_port, info.key) == (written["shell_port"], "k")
        connection.write_connection_file(info, os.path.join({str(tmp_path)!r}, "kernel-b.json"))
        assert find_connection_file("b", {str(tmp_path)!r}) == connection.find_connection_file("b")
        client = BlockingKernelClient(connection_file=connection.find_connection_file("b"))
        client.load_connection_file()
        assert (client.shell_port, client.session.key) == (info.shell_port, b"k")
        print("same")
    """
    assert run_beside_jupyter_client(peers, code, tmp_path) == "same\n"


def test_jupyter_clients_manager_starts_our_kernel(tmp_path, peers):
    """Its kernelspec beside others: ports are given, or encryption is asked for."""
    spec = KernelSpec(
        "nuncius-python",
        (sys.executable, "-m", "nuncius.kernel", "-f", "{connection_file}"),
        "Python 3 (Nuncius)",
        "python",
        metadata={"supported_encryption": ["curve"]},
        kernel_protocol_version="5.5",
    )
    install_kernelspec(spec, prefix=str(tmp_path))
    code = """
        from jupyter_client import KernelManager
        for policy in ("disabled", "required"):
            manager = KernelManager(kernel_name="nuncius-python", transport_encryption=policy)
            manager.start_kernel(env={k: v for k, v in __import__("os").environ.items() if k != "PYTHONPATH"})
            client = manager.client()
            client.start_channels()
            client.wait_for_ready(timeout=60)
            print("", client.execute_interactive("6 * 7", timeout=60)["content"]["status"])
            manager.interrupt_kernel()
            manager.restart_kernel()
            client.wait_for_ready(timeout=60)
            client.stop_channels()
            manager.shutdown_kernel()
            print(manager.is_alive())
    """
    said = run_beside_jupyter_client(
        peers, code, tmp_path, JUPYTER_PATH=str(tmp_path / "share/jupyter")
    )
    assert said.split() == ["42", "ok", "False"] * 2
