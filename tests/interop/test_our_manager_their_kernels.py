"""Our manager and the kernels of others: ipykernel, xeus-python, bash_kernel."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nuncius.protocol.connection import load_connection_file
from nuncius.protocol.core.lifecycle import State
from nuncius.protocol.errors import KernelDied
from nuncius.protocol.kernelspec import KernelSpec, KernelSpecs, install_kernelspec
from nuncius.protocol.manager import KernelManager, KernelPool, ManagerOptions
from nuncius.protocol.manager.probe import ask
from nuncius.protocol.messages import Channel
from nuncius.protocol.session import Session

KERNELS = ["python3", "xpython", "bash"]

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


@pytest.mark.parametrize("name", KERNELS)
def test_the_whole_life_of_a_kernel(name, spec_of):
    """Start, restart, kill -9 and restart by itself, and an orderly end: the connection stays the same."""

    async def story():
        async with KernelManager(spec_of(name)) as manager:
            info = manager.info
            first = await info_of(manager)
            assert load_connection_file(manager.connection_file) == info
            assert await manager.restart() == info
            assert await info_of(manager) == first
            back = asyncio.Event()
            manager.add_callback(lambda *_: back.set(), "ready")
            await manager.signal(signal.SIGKILL)
            async with asyncio.timeout(30):
                await back.wait()
            assert manager.last_exit.code == -signal.SIGKILL
            assert await info_of(manager) == first
        assert (manager.state, manager.has_kernel) == (State.STOPPED, False)

    asyncio.run(story())


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


@pytest.mark.parametrize("name", KERNELS)
def test_a_client_is_told_why_its_kernel_died(name, spec_of):
    """A cell kills its own process: whoever waits for it learns the signal, and the next one runs."""
    code = {"bash": "kill -9 $PPID"}.get(name, "import os; os.kill(os.getpid(), 9)")

    async def story():
        async with KernelManager(spec_of(name)) as manager:
            back = asyncio.Event()
            manager.add_callback(lambda *_: back.set(), "ready")
            async with manager.client() as client:
                await client.wait_until_ready(timeout=30)
                with pytest.raises(KernelDied, match="it was killed by SIGKILL"):
                    await client.execute(code)
            async with asyncio.timeout(30):
                await back.wait()
            async with manager.client() as client:
                await client.wait_until_ready(timeout=30)
                assert (await client.execute("echo 1" if name == "bash" else "1")).ok

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
                print("launching", self.word, self.kernel_spec.display_name, flush=True)
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
        from nuncius.protocol.manager import KernelManager
        async def story():
            spec = KernelSpecs().get("python3")
            stanza = {"provisioner_name": "loud", "config": {"word": "hello"}}
            spec = replace(spec, metadata={"kernel_provisioner": stanza})
            manager = KernelManager(spec)
            await manager.start()
            async with manager.client() as client:
                await client.wait_until_ready(timeout=30)
                print((await client.execute("1")).status)
            await manager.interrupt()
            await manager.restart()
            print(await manager.is_alive(), manager.resolve_path("/"))
            await manager.shutdown()
            print(manager.has_kernel, os.path.exists(manager.connection_file))
        asyncio.run(story())
    """
    said = run_beside_jupyter_client(
        peers, code, tmp_path, JUPYTER_PATH=str(peers.parents[1] / "share/jupyter")
    )
    launching = "launching hello Python 3 (ipykernel)\n"
    assert said == f"{launching}ok\n{launching}True /\nFalse False\n"


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
            client.wait_for_ready(timeout=30)
            print("", client.execute_interactive("6 * 7", timeout=30)["content"]["status"])
            manager.interrupt_kernel()
            manager.restart_kernel()
            client.wait_for_ready(timeout=30)
            client.stop_channels()
            manager.shutdown_kernel()
            print(manager.is_alive())
    """
    said = run_beside_jupyter_client(
        peers, code, tmp_path, JUPYTER_PATH=str(tmp_path / "share/jupyter")
    )
    assert said.split() == ["42", "ok", "False"] * 2
