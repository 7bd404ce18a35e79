"""Our clients drive the kernels of others through a whole conversation."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
from dataclasses import dataclass

import pytest

from nuncius.protocol.client.aio import AsyncClient
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.connection import ConnectionInfo, new_key, write_connection_file
from nuncius.protocol.errors import KernelDied
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
    """

    value: str
    ask: str | None
    fail: str
    complete: tuple[str, str]
    endless: str
    interruptible: bool
    inspect: str | None


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
    ),
}


@pytest.fixture(params=list(KERNELS))
def talk(request):
    return KERNELS[request.param]


@pytest.fixture
def kernel(request, talk, peer_command, peer_environment, tmp_path):
    """The process of a peer's kernel, and where it listens: on sockets in a folder, so that no port is guessed."""
    name = next(name for name, known in KERNELS.items() if known is talk)
    info = ConnectionInfo(
        transport="ipc",
        ip=str(tmp_path / "k"),
        shell_port=1,
        iopub_port=2,
        stdin_port=3,
        control_port=4,
        hb_port=5,
        key=new_key(),
    )
    path = write_connection_file(info, tmp_path / "connection.json")
    argv = [part.replace("{connection_file}", path) for part in peer_command(name)]
    process = subprocess.Popen(
        argv,
        env=peer_environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    yield process, info
    process.kill()
    process.wait()


def text_of(result):
    shown = [output["data"].get("text/plain", "") for output in result.outputs if "data" in output]
    return result.text().strip() or "".join(shown)


def test_a_conversation(kernel, talk):
    process, info = kernel
    with Client(ZmqChannels(info), on_input=lambda ask: ask.prompt.strip() + "me") as client:
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
                    process.send_signal(signal.SIGINT)
                    break
            assert not running.result(timeout=60).ok
        assert text_of(client.execute(talk.value).result(timeout=60)) == "42"
        client.shutdown(timeout=60)
        assert process.wait(timeout=60) == 0


def test_the_same_conversation_in_asyncio(kernel, talk):
    process, info = kernel

    async def answer(ask):
        await asyncio.sleep(0)
        return ask.prompt.strip() + "me"

    async def main():
        async with AsyncClient(ZmqTransport(info), on_input=answer) as client:
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
                    process.kill()
                    break
            with pytest.raises(KernelDied):
                await running.result(60)

    with contextlib.closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(main())
