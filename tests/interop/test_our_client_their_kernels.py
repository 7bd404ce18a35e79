"""Our clients drive the kernels of others through a whole conversation."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from dataclasses import dataclass, replace

import pytest

from nuncius.protocol.client.aio import AsyncClient
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.core.lifecycle import RestartPolicy
from nuncius.protocol.errors import KernelDied
from nuncius.protocol.kernelspec import KernelSpecs
from nuncius.protocol.manager import ManagerOptions
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.transport.zmq import ZmqChannels, ZmqTransport


@dataclass(frozen=True)
class Talk:
    """What to say in the kernel's language, and what it answers.

    Attributes:
        value: A cell whose result, or text, is ``42``.
        ask: A cell that asks ``who? `` and prints the answer; None if the kernel cannot ask.
        fail: A cell that fails.
        complete: Code with a completion, and the completion.
        endless: A cell that tells that it has begun, and runs until it is interrupted.
        interruptible: By SIGINT.
        inspect: A name that help is known for; None if the kernel has none.
        ends: Its process ends by itself after a shutdown request.
    """

    value: str
    ask: str | None
    fail: str
    complete: tuple[str, str]
    endless: str
    interruptible: bool
    inspect: str | None
    ends: bool = True


PYTHON = Talk(
    value="6 * 7",
    ask="print('I am', input('who? '))",
    fail="1 / 0",
    complete=("impor", "import"),
    endless="print('begun', flush=True)\nwhile True: pass",
    interruptible=True,
    inspect="print",
)
KERNELS = {
    "python3": PYTHON,
    # Its process ends on SIGINT.
    "xpython": Talk(**{**vars(PYTHON), "interruptible": False}),
    "bash": Talk(
        value="echo 42",
        ask=None,
        fail="no_such_command_here",
        complete=("ech", "echo"),
        endless="echo begun; while true; do :; done",
        interruptible=True,
        inspect=None,
        ends=False,  # not always: it may hang in closing its sockets
    ),
}


@pytest.fixture(params=list(KERNELS))
def talk(request):
    return KERNELS[request.param]


@pytest.fixture
def kernel(talk, peers, peer_environment, tmp_path, monkeypatch):
    """The manager of a peer's kernel that runs; a crash is for the client to notice."""
    name = next(name for name, known in KERNELS.items() if known is talk)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    specs = KernelSpecs([peers.parent.parent / "share/jupyter/kernels"], native=False)
    spec = specs.get(name)
    if spec.argv[0].startswith("python"):
        spec = replace(spec, argv=(str(peers), *spec.argv[1:]))
    manager = BlockingKernelManager(
        spec, ManagerOptions(restart=RestartPolicy(enabled=False)), specs=specs
    )
    try:
        manager.start(env=peer_environment, cwd=tmp_path)
        yield manager
        manager.shutdown(now=True)
    finally:
        manager.close()


def text_of(result):
    shown = [output["data"].get("text/plain", "") for output in result.outputs if "data" in output]
    return result.text().strip() or "".join(shown)


def test_a_conversation(kernel, talk):
    with Client(ZmqChannels(kernel.info), on_input=lambda ask: ask.prompt.strip() + "me") as client:
        assert client.wait_until_ready(timeout=60).content["implementation"]
        assert client.is_alive()
        assert text_of(client.execute(talk.value).result(timeout=60, check=True)) == "42"
        if talk.ask:
            assert client.execute(talk.ask).result(timeout=60).text() == "I am who?me\n"
        failed = client.execute(talk.fail).result(timeout=60)
        assert (failed.status, failed.ok) == ("error", False)
        code, completion = talk.complete
        assert completion in client.complete(code, timeout=60).content["matches"]
        if talk.inspect:
            found = client.inspect(talk.inspect, timeout=60).content
            assert found["found"]
            assert "print" in json.dumps(found["data"])
        if talk.interruptible:
            running = client.execute(talk.endless)
            for message in running:
                if message.msg_type == "stream":
                    kernel.interrupt()
                    break
            assert not running.result(timeout=60).ok
        assert text_of(client.execute(talk.value).result(timeout=60)) == "42"
        client.shutdown(timeout=60)
        if talk.ends:
            assert kernel.wait(timeout=60).code == 0


def test_the_same_conversation_in_asyncio(kernel, talk):

    async def answer(ask):
        await asyncio.sleep(0)
        return ask.prompt.strip() + "me"

    async def main():
        async with AsyncClient(ZmqTransport(kernel.info), on_input=answer) as client:
            await client.wait_until_ready(timeout=60)
            assert await client.is_alive()
            if talk.ask:
                assert (await client.execute(talk.ask).result(60)).text() == "I am who?me\n"
            executions = [client.execute(talk.value) for _ in range(20)]
            results = await asyncio.gather(*(execution.result(60) for execution in executions))
            assert [text_of(result) for result in results] == ["42"] * 20
            assert not (await client.execute(talk.fail).result(60)).ok
            code, completion = talk.complete
            assert completion in (await client.complete(code, timeout=60)).content["matches"]
            running = client.execute(talk.endless)
            async for message in running:
                if message.msg_type == "stream":
                    kernel.signal(signal.SIGKILL)
                    break
            with pytest.raises(KernelDied):
                await running.result(60)

    with contextlib.closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(main())
