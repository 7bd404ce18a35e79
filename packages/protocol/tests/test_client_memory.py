"""The same clients and a kernel in this process."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing

import pytest

from nuncius.protocol.client.aio import AsyncClient
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.errors import ExecutionError
from nuncius.protocol.serving.host import CallHost, ThreadHost
from nuncius.protocol.testing import EchoKernel
from nuncius.protocol.transport.memory import MemoryChannels, MemoryTransport

HOSTS = [CallHost, ThreadHost]


@pytest.fixture(params=HOSTS)
def host(request):
    with closing(request.param(EchoKernel())) as host:
        yield host


def test_a_conversation(host):
    with Client(MemoryChannels(host), on_input=lambda ask: ask.prompt + "me") as client:
        assert client.wait_until_ready(timeout=20).content["implementation"] == "nuncius-echo"
        result = client.execute("hello\n!value 42").result(timeout=20)
        assert (result.text(), result.data["text/plain"]) == ("hello\n", "42")
        assert client.execute("!ask who? ").result(timeout=20).text() == "got who? me\n"
        with pytest.raises(ExecutionError):
            client.execute("!fail").result(timeout=20, check=True)
        assert client.is_complete("x", timeout=20).content["status"] == "complete"


def test_a_kernel_in_a_thread_is_answered_at_once():
    """There is no descriptor to wait for: nothing may be looked for only now and then."""
    with (
        closing(ThreadHost(EchoKernel())) as host,
        Client(MemoryChannels(host), heartbeat_interval=5) as client,
    ):
        client.wait_until_ready(timeout=20)
        start = time.perf_counter()
        for _ in range(10):
            client.execute("x").result(timeout=20)
        assert time.perf_counter() - start < 4


def test_output_is_pushed_while_the_cell_runs():
    order = []

    class Kernel(EchoKernel):
        def execute(self, request, io):
            reply = super().execute(request, io)
            order.append("cell over")
            return reply

    with closing(CallHost(Kernel())) as host, Client(MemoryChannels(host)) as client:
        client.execute("!display x", on_output=lambda message: order.append(message.msg_type))
    assert order == ["execute_input", "display_data", "cell over"]


def test_an_error_of_the_frontend_is_raised_in_the_frontend():
    """Not in the user's cell, which happens to be the one that calls."""

    def broken(message):
        raise LookupError(message.msg_type)

    with closing(CallHost(EchoKernel())) as host, Client(MemoryChannels(host)) as client:
        with pytest.raises(LookupError):
            client.execute("!display x", on_output=broken)
        assert client.execute("fine").result(timeout=20).text() == "fine\n"


def test_a_conversation_in_asyncio(host):
    async def answer(ask):
        await asyncio.sleep(0)
        return ask.prompt + "me"

    async def main():
        async with AsyncClient(MemoryTransport(host), on_input=answer) as client:
            await client.wait_until_ready(timeout=20)
            result = await client.execute("hello\n!value 42").result(timeout=20)
            assert (result.text(), result.data["text/plain"]) == ("hello\n", "42")
            executions = [client.execute(str(number)) for number in range(5)]
            return [(await execution.result(20)).text() for execution in executions]

    assert asyncio.run(main()) == [f"{number}\n" for number in range(5)]
