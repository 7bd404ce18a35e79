"""Our clients and the kernels of a real Jupyter server."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time

import pytest

from nuncius.protocol.client.aio import AsyncClient
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.errors import KernelDied, KernelError, NoSuchKernel
from nuncius.protocol.transport.server import Server
from nuncius.protocol.transport.websocket import WebSocketChannels, WebSocketTransport

TOKEN = "a-token"


@pytest.fixture(scope="module")
def server(peers, peer_environment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [
            str(peers),
            "-m",
            "jupyter_server",
            "--no-browser",
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port=0",
            "--ServerApp.base_url=/some/where/",
            f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={folder}",
        ],
        env=peer_environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
    try:
        yield wait_for_server(process, folder, peer_environment)
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def wait_for_server(process, folder, environment):
    """The server writes its address into a file when it listens."""
    from pathlib import Path

    runtime = Path(environment["JUPYTER_RUNTIME_DIR"])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail((folder / "log").read_text())
        for file in runtime.glob(f"jpserver-{process.pid}.json"):
            try:
                url = json.loads(file.read_text())["url"]
                # Pasted from the browser: with the page and the token.
                server = Server(f"{url}lab?token={TOKEN}")
                server.kernels()
            except (ValueError, KernelError):
                continue
            return server
    return pytest.fail((folder / "log").read_text())


@pytest.fixture
def kernel(server):
    kernel = server.start("python3")
    yield kernel
    server.shutdown(kernel.id)


def test_kernels_are_listed_started_and_ended(server):
    assert {"python3", "bash"} <= set(server.kernelspecs()["kernelspecs"])
    kernel = server.start("bash")
    assert [(found.id, found.name) for found in server.kernels()] == [(kernel.id, "bash")]
    assert server.find(kernel.id[:8]).id == kernel.id
    server.shutdown(kernel.id)
    assert server.kernels() == []
    with pytest.raises(NoSuchKernel):
        server.find(kernel.id)


def test_a_conversation(server, kernel):
    with Client(
        WebSocketChannels(server, kernel.id), on_input=lambda ask: ask.prompt + "me"
    ) as client:
        assert client.wait_until_ready(timeout=60).content["implementation"] == "ipython"
        assert client.execute("print(input('I am '))").result(60).text() == "I am me\n"
        assert client.execute("6 * 7").result(60).data == {"text/plain": "42"}
        assert client.complete("impor", timeout=60).content["matches"] == ["import"]
        running = client.execute("print(1)\nimport time; time.sleep(60)")
        for message in running:
            if message.msg_type == "stream":
                server.interrupt(kernel.id)
                break
        assert running.result(60).error.ename == "KeyboardInterrupt"
        buffers = "from ipykernel.comm import Comm; Comm('t', data={}, buffers=[b'abc'])"
        opened = [m for m in client.execute(buffers) if m.msg_type == "comm_open"]
        assert [bytes(buffer) for buffer in opened[0].buffers] == [b"abc"]


def test_the_same_in_asyncio(server, kernel):
    async def main():
        async with AsyncClient(
            WebSocketTransport(server, kernel.id), on_input=lambda ask: ask.prompt + "me"
        ) as client:
            await client.wait_until_ready(timeout=60)
            assert (await client.execute("print(input('I am '))").result(60)).text() == "I am me\n"
            return await client.execute("6 * 7").result(60)

    assert asyncio.run(main()).data == {"text/plain": "42"}


def test_a_connection_that_is_lost_is_made_again(server, kernel):
    """The laptop slept: the socket is dead, the kernel is not."""
    with Client(WebSocketChannels(server, kernel.id)) as client:
        client.wait_until_ready(timeout=60)
        client.channels._socket.shutdown(socket.SHUT_RDWR)
        assert client.execute("6 * 7").result(60).data == {"text/plain": "42"}

    async def main():
        async with AsyncClient(WebSocketTransport(server, kernel.id)) as client:
            await client.wait_until_ready(timeout=60)
            client.transport._writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            return await client.execute("6 * 7").result(60)

    assert asyncio.run(main()).data == {"text/plain": "42"}


def test_a_kernel_that_dies_on_the_server_ends_what_is_awaited(server, kernel):
    with Client(WebSocketChannels(server, kernel.id)) as client:
        client.wait_until_ready(timeout=60)
        with pytest.raises(KernelDied, match="was restarted"):
            client.execute("import os; os.kill(os.getpid(), 9)").result(60)
        client.wait_until_ready(timeout=60)
        assert client.execute("6 * 7").result(60).data == {"text/plain": "42"}


def test_refusals_say_what_to_do(server):
    with pytest.raises(KernelError, match=r"does not let us in .* another token"):
        Server(server.url, "wrong").kernels()
    with pytest.raises(KernelError, match="has no such kernel"):
        WebSocketChannels(server, "00000000-0000-0000-0000-000000000000").open()
    with pytest.raises(KernelError, match=r"cannot reach the server at http://127\.0\.0\.1:1/"):
        Server("http://127.0.0.1:1/").kernels()
    with pytest.raises(KernelError, match="not the address of a server"):
        Server("localhost:8888")
