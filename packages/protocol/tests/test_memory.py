"""Kernels inside this process, seen by the clients."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import subprocess
import sys
import threading

import pytest

from nuncius.protocol.client.aio import AsyncClient
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.errors import ExecutionError, NoSuchKernel, TransportClosed
from nuncius.protocol.kernel import Kernel, KernelInfo
from nuncius.protocol.serving import CallHost, ThreadHost, find_kernel
from nuncius.protocol.serving.streams import Policy
from nuncius.protocol.transport.memory import MemoryChannels, MemoryTransport

OK = {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}


class PythonicKernel(Kernel):
    """Runs a cell as Python; a cell that awaits is a coroutine."""

    info = KernelInfo("pythonic", "1", {"name": "python"})

    def __init__(self):
        self.ended = 0
        self.names = {"asyncio": asyncio, "kernel": self}

    def execute(self, request, io):
        import ast

        self.names.update(io=io, input=io.input)
        code = compile(request.code, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        value = eval(code, self.names)
        return OK if value is None else self.finish(value)

    async def finish(self, value):
        await value
        return OK

    def shutdown(self, *, restart):
        self.ended += 1


@pytest.fixture
def host():
    host = CallHost(PythonicKernel())
    yield host
    host.close()


@pytest.fixture
def client(host):
    with Client(MemoryChannels(host)) as client:
        client.wait_until_ready(timeout=60)
        yield client


def texts(execution):
    return "".join(m.content["text"] for m in execution if m.msg_type == "stream")


def raised(execution):
    """The name of the exception that ended a cell."""
    with pytest.raises(ExecutionError) as caught:
        execution.result(check=True)
    return caught.value.ename


def test_messages_are_handed_over_by_reference(host):
    """The same objects arrive: nothing is encoded or copied."""
    channels, seen = MemoryChannels(host), []
    channels.open()
    channels.set_sink(seen.append)
    content = {"code": "io.publish('display_data', payload)"}
    payload = {"data": {"x": object()}}
    host.kernel.names["payload"] = payload
    channels.send(channels.new("shell", "execute_request", content))
    channels.close()
    assert [m.msg_type for m in seen] == ["status", "display_data", "execute_reply", "status"]
    assert seen[1].content is payload
    assert seen[2].content is OK


def test_output_comes_while_the_cell_runs(host):
    channels, order = MemoryChannels(host), []
    channels.open()
    channels.set_sink(lambda m: order.append(m.content.get("text", m.msg_type)))
    host.kernel.names["order"] = order
    code = "print('one')\norder.append('between')\nprint('two')"
    channels.send(channels.new("shell", "execute_request", {"code": code}))
    channels.close()
    assert order[1:4] == ["one\n", "between", "two\n"]


def test_prints_are_captured_and_given_back(client, capsys):
    assert texts(client.execute("print('to the frontend')")) == "to the frontend\n"
    print("to the terminal")
    assert capsys.readouterr().out == "to the terminal\n"


@pytest.mark.parametrize(
    ("policy", "sent", "written"),
    [
        (Policy.PASS_THROUGH, "", "hello\n"),
        (Policy.TO_MESSAGES, "hello\n", ""),
        (Policy.TEE, "hello\n", "hello\n"),
    ],
)
def test_the_policy_says_where_output_goes(policy, sent, written):
    out = io.StringIO()
    host = CallHost(PythonicKernel(), policy=policy)
    with contextlib.redirect_stdout(out), Client(MemoryChannels(host)) as client:
        got = texts(client.execute("print('hello')"))
    host.close()
    assert (got, out.getvalue()) == (sent, written)


def test_input_is_answered_by_the_frontend(client):
    execution = client.execute("print(input('name? '))", on_input=lambda asked: "Ada")
    assert texts(execution) == "Ada\n"


def test_tasks_run_while_a_prompt_waits(host, client):
    """A prompt runs on the loop of the cells."""
    client.execute(
        "async def tick():\n    await asyncio.sleep(0)\n    ticked.set()\n"
        "ticked = asyncio.Event()\ntask = None\n"
        "async def begin():\n    global task\n    task = asyncio.create_task(tick())\n"
        "await begin()"
    ).result(check=True)

    async def prompt():
        await asyncio.wait_for(host.kernel.names["ticked"].wait(), 60)
        return "typed"

    assert host.run(prompt()) == "typed"


@pytest.mark.parametrize(
    "code",
    [
        "io.publish('display_data', {})\nwhile True: pass",
        "asyncio.get_running_loop().call_soon(io.publish, 'display_data', {})\nawait asyncio.sleep(60)",
    ],
)
def test_ctrl_c_ends_the_cell_only(client, code):
    """Also a second one, while the error is being told."""

    def interrupt(message):
        if message.msg_type in ("display_data", "error"):
            other = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT))
            other.start()
            other.join()

    assert raised(client.execute(code, on_output=interrupt)) == "KeyboardInterrupt"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert texts(client.execute("print('alive')")) == "alive\n"


def test_a_kernel_without_comms_closes_them(client):
    """Its frontend learns at once that nobody is there."""
    seen = []
    client.subscribe(seen.append)
    for msg_type in ("comm_open", "comm_msg", "comm_close"):
        client.notify(msg_type, {"comm_id": "c1", "target_name": "t", "data": {}})
    client.execute("pass").result()
    messages = [m for m in (getattr(e, "message", None) for e in seen) if m is not None]
    assert [m.content for m in messages if m.msg_type == "comm_close"] == [
        {"comm_id": "c1", "data": {}},
        {"comm_id": "c1", "data": {}},
    ]


def test_a_kernel_whose_start_fails_says_so_and_runs():
    class Broken(PythonicKernel):
        def start(self, io):
            raise ValueError("the start-up file is broken")

    with CallHost(Broken()) as host, Client(MemoryChannels(host)) as client:
        seen = []
        client.subscribe(seen.append)
        assert texts(client.execute("print('alive')")) == "alive\n"
        said = [getattr(e, "message", None) for e in seen]
    assert any("the start-up file is broken" in m.content.get("text", "") for m in said if m)


def test_code_may_give_its_output_another_parent(client):
    """As libraries do that redirect what a thread prints; it is over with the cell."""
    seen = []
    first = client.execute("pass")
    first.result()
    client.subscribe(seen.append)
    client.execute(
        "import sys\n"
        f"token = sys.stdout.set_thread_parent({first.request.to_dict()!r})\n"
        "print('there')\nsys.stdout.reset_thread_parent(token)\nprint('here')\n"
        f"sys.stdout.set_parent({first.request.header.to_dict()!r})\nprint('there again')"
    ).result(check=True)
    client.execute("print('here as well')").result(check=True)
    streams = [
        (m.content["text"], m.parent_id == first.request.msg_id)
        for m in (getattr(event, "message", None) for event in seen)
        if m is not None and m.msg_type == "stream"
    ]
    assert streams == [
        ("there\n", True),
        ("here\n", False),
        ("there again\n", True),
        ("here as well\n", False),
    ]


def test_two_clients_share_one_kernel(host, client):
    seen = []
    with Client(MemoryChannels(host)) as other:
        other.subscribe(seen.append)
        client.execute("print('shared')").result()
        other.poll(0)
    outputs = [e.message.content for e in seen if e.message.msg_type == "stream"]
    assert outputs == [{"name": "stdout", "text": "shared\n"}]


def test_a_closed_host_says_so_and_shuts_down_once(host):
    host.close()
    host.close()
    assert host.kernel.ended == 1
    with pytest.raises(TransportClosed, match="closed"):
        MemoryChannels(host).open()


def test_a_kernel_in_its_own_thread():
    host = ThreadHost(PythonicKernel())
    with Client(MemoryChannels(host)) as client:
        client.wait_until_ready(timeout=60)
        assert texts(client.execute("print(input('?'))", on_input=lambda a: "hi")) == "hi\n"
        running = client.execute("io.publish('display_data', {})\nwhile True: pass")
        next(iter(running))
        host.interrupt()
        assert raised(running) == "KeyboardInterrupt"
    host.close()
    assert host.kernel.ended == 1


def test_an_interrupt_hits_a_cell_of_the_thread_or_nothing():
    host = ThreadHost(PythonicKernel())
    interval = sys.getswitchinterval()
    with Client(MemoryChannels(host)) as client:
        client.wait_until_ready(timeout=60)
        sys.setswitchinterval(1e-5)
        try:
            ends = set()
            for count in range(300):
                execution = client.execute("for _ in range(10): print('text')")
                # Each a little later in the life of the cell.
                for _ in range(count % 30):
                    client.poll(0)
                host.interrupt()
                ends.add(_end(execution))
        finally:
            sys.setswitchinterval(interval)
        assert ends == {"ok", "KeyboardInterrupt"}
        assert texts(client.execute("print('alive')")) == "alive\n"
    host.close()
    assert host.kernel.ended == 1


def _end(execution):
    reply = execution.result(60).reply.content
    return reply.get("ename") or reply["status"]


def test_an_asyncio_client_shares_its_loop_with_the_cells():
    async def main():
        host = CallHost(PythonicKernel())
        async with AsyncClient(MemoryTransport(host)) as client:
            await client.wait_until_ready(timeout=60)
            execution = client.execute("await asyncio.sleep(0)\nprint('awaited')")
            got = [m.content["text"] async for m in execution if m.msg_type == "stream"]
        await asyncio.to_thread(host.close)
        return got

    assert asyncio.run(main()) == ["awaited\n"]


def test_a_missing_kernel_names_the_package(tmp_path):
    with pytest.raises(NoSuchKernel, match="pip install nuncius-kernel"):
        find_kernel("no-such-kernel")


def test_neither_zmq_nor_asyncio_is_loaded_for_it():
    code = (
        "import sys\n"
        "from nuncius.protocol.serving import CallHost\n"
        "from nuncius.protocol.testing.echo import EchoKernel\n"
        "from nuncius.protocol.transport.memory import MemoryChannels\n"
        "host = CallHost(EchoKernel()); channels = MemoryChannels(host); channels.open()\n"
        "channels.send(channels.new('shell', 'execute_request', {'code': 'hi'}))\n"
        "print([m.content['text'] for m in channels.receive() if m.msg_type == 'stream'])\n"
        "print(sorted({'zmq', 'asyncio', 'traitlets', 'sqlite3'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "['hi\\n']\n[]\n"
