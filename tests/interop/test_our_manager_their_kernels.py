"""Our manager and the kernels of others: ipykernel, xeus-python, bash_kernel."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from nuncius.protocol.connection import load_connection_file
from nuncius.protocol.core.lifecycle import State
from nuncius.protocol.errors import KernelDied
from nuncius.protocol.kernelspec import KernelSpec, KernelSpecs
from nuncius.protocol.manager import KernelManager, KernelPool, ManagerOptions
from nuncius.protocol.manager.probe import ask
from nuncius.protocol.messages import Channel
from nuncius.protocol.session import Session

PEERS = Path(os.environ.get("NUNCIUS_PEERS", "/opt/peers"))
KERNELS = ["python3", "xpython", "bash"]

pytestmark = pytest.mark.skipif(
    not PEERS.is_dir(), reason="NUNCIUS_PEERS names an environment with the peers; it is not there"
)


def spec_of(name: str) -> KernelSpec:
    """The kernelspec as the peer installed it, run by the peers' Python."""
    spec = KernelSpecs([PEERS / "share/jupyter/kernels"], native=False).get(name)
    if spec.argv[0].startswith("python"):
        return replace(spec, argv=(str(PEERS / "bin/python"), *spec.argv[1:]))
    return spec


@pytest.fixture(autouse=True)
def runtime(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    yield tmp_path / "runtime"
    assert list((tmp_path / "runtime").iterdir()) == []


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
def test_the_whole_life_of_a_kernel(name):
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
def test_a_kernel_survives_an_interrupt(name):
    async def story():
        async with KernelManager(spec_of(name)) as manager:
            await manager.interrupt()
            assert await info_of(manager)
            assert manager.lifecycle.crashes == 0

    asyncio.run(story())


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_ipykernel_encrypts_with_our_keys(transport):
    async def story():
        options = ManagerOptions(transport=transport, encryption="required")
        async with KernelManager(spec_of("python3"), options) as manager:
            assert manager.info.curve_publickey
            assert await info_of(manager)
            await manager.restart()
            assert await info_of(manager)

    asyncio.run(story())


def test_ipykernel_listens_on_ipc():  # the others do not
    async def story():
        async with KernelManager(spec_of("python3"), ManagerOptions(transport="ipc")) as manager:
            assert await info_of(manager)

    asyncio.run(story())


@pytest.mark.parametrize("name", KERNELS)
def test_a_client_is_told_why_its_kernel_died(name):
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


def test_xeus_registers_when_its_kernelspec_says_that_it_can():
    """JEP 66 by the one other implementation of it: no port is chosen by us."""

    async def story():
        spec = replace(spec_of("xpython"), kernel_protocol_version="5.5")
        async with KernelManager(spec) as manager:
            info = manager.info
            assert await info_of(manager)
            assert await manager.restart() == info

    asyncio.run(story())


def test_kernels_of_all_kinds_run_at_once():
    async def story():
        async with KernelPool() as pool:
            managers = await asyncio.gather(*(pool.start(spec_of(name)) for name in KERNELS))
            assert len(set(await asyncio.gather(*map(info_of, managers)))) == 3

    asyncio.run(story())
