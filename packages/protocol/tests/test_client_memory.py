"""The same clients and a kernel in this process."""

from __future__ import annotations

import asyncio
import signal
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
        assert client.wait_until_ready(timeout=60).content["implementation"] == "nuncius-echo"
        result = client.execute("hello\n!value 42").result(timeout=60)
        assert (result.text(), result.data["text/plain"]) == ("hello\n", "42")
        assert client.execute("!ask who? ").result(timeout=60).text() == "got who? me\n"
        with pytest.raises(ExecutionError):
            client.execute("!fail").result(timeout=60, check=True)
        assert client.is_complete("x", timeout=60).content["status"] == "complete"


def test_outputs_that_are_only_shown_need_not_be_kept(host):
    shown = []
    with Client(MemoryChannels(host)) as client:
        client.wait_until_ready(timeout=60)
        result = client.execute(
            "hello\n!value 42",
            collect=False,
            on_output=lambda message: shown.append((message.msg_type, dict(message.content))),
        ).result(timeout=60)
        assert (result.ok, list(result.outputs)) == (True, [])
        execution = client.execute("hello", collect=False)
        assert [message.content["text"] for message in execution if message.msg_type == "stream"] == ["hello\n"]  # fmt: skip
    assert ("stream", {"name": "stdout", "text": "hello\n"}) in shown
    assert [kind for kind, _ in shown if kind == "execute_result"] == ["execute_result"]


def test_a_kernel_in_a_thread_is_answered_at_once():
    """There is no descriptor to wait for: nothing may be looked for only now and then."""
    with (
        closing(ThreadHost(EchoKernel())) as host,
        Client(MemoryChannels(host), heartbeat_interval=5) as client,
    ):
        client.wait_until_ready(timeout=60)
        start = time.perf_counter()
        for _ in range(10):
            client.execute("x").result(timeout=60)
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
        assert client.execute("fine").result(timeout=60).text() == "fine\n"


def test_a_conversation_in_asyncio(host):
    async def answer(ask):
        await asyncio.sleep(0)
        return ask.prompt + "me"

    async def main():
        async with AsyncClient(MemoryTransport(host), on_input=answer) as client:
            await client.wait_until_ready(timeout=60)
            result = await client.execute("hello\n!value 42").result(timeout=60)
            assert (result.text(), result.data["text/plain"]) == ("hello\n", "42")
            executions = [client.execute(str(number)) for number in range(5)]
            return [(await execution.result(20)).text() for execution in executions]

    assert asyncio.run(main()) == [f"{number}\n" for number in range(5)]


class CtrlC(dict):
    """Content at which Ctrl-C comes: as soon as somebody looks into it."""

    def get(self, key, default=None):
        if key == "data":
            signal.raise_signal(signal.SIGINT)
        return super().get(key, default)


def _raising(number, frame):
    raise KeyboardInterrupt


@pytest.mark.parametrize("handler", [signal.default_int_handler, _raising])
def test_ctrl_c_while_a_message_is_handed_over_loses_nothing(handler):
    """The host holds it back until the message is recorded; the client does, where the program has a handler of its own."""

    class Kernel(EchoKernel):
        def execute(self, request, io):
            io.publish("display_data", CtrlC(data={"text/plain": "shown"}, metadata={}))
            return super().execute(request, io)

    before = signal.signal(signal.SIGINT, handler)
    try:
        with closing(CallHost(Kernel())) as host, Client(MemoryChannels(host)) as client:
            result = client.execute("x").result(timeout=60)
            assert [output["output_type"] for output in result.outputs] == ["display_data", "error"]
            assert (result.status, result.error.ename) == ("error", "KeyboardInterrupt")
            assert client.state == "idle"
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
