"""Both clients, each against a kernel in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from nuncius.protocol.client.aio import AsyncClient
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.connection import ConnectionInfo, ipc_directory
from nuncius.protocol.core.client import Orphan
from nuncius.protocol.errors import (
    ExecutionError,
    KernelDied,
    KernelError,
    KernelTimeout,
    TransportClosed,
)
from nuncius.protocol.session import Session
from nuncius.protocol.transport.base import Channels, Transport
from nuncius.protocol.transport.zmq import ZmqChannels, ZmqTransport

SCRIPT = Path(__file__).with_name("client_kernel.py")


class Peer:
    """A kernel process."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments], stdout=subprocess.PIPE
        )
        self.info = ConnectionInfo.from_dict(json.loads(self.process.stdout.readline()))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module", params=["--welcome", "--silent"])
def peer(request):
    """A kernel that says iopub_welcome, and one that does not."""
    peer = Peer(request.param)
    yield peer
    peer.stop()


@pytest.fixture
def mortal():
    """A kernel for one test."""
    peer = Peer("--welcome")
    yield peer
    peer.stop()


@pytest.fixture
def client(peer):
    with Client(ZmqChannels(peer.info)) as client:
        client.wait_until_ready(timeout=60)
        yield client


def run(peer, story, **options):
    """Run a coroutine function with a client that is ready."""

    async def main():
        async with AsyncClient(ZmqTransport(peer.info), **options) as client:
            await client.wait_until_ready(timeout=60)
            return await story(client)

    return asyncio.run(main())


def outputs(*texts):
    return [{"output_type": "stream", "name": "stdout", "text": text} for text in texts]


# -- a conversation


def test_a_cell_gives_its_output_while_it_runs_and_its_result_at_the_end(client):
    execution = client.execute("say hello")
    seen = [(message.msg_type, dict(message.content)) for message in execution]
    assert seen == [("stream", {"name": "stdout", "text": "hello"})]
    result = execution.result(timeout=60)
    assert (result.status, result.execution_count, result.outputs) == ("ok", 1, outputs("hello"))
    assert client.execute("value 42").result(timeout=60).data == {"text/plain": "42"}


def test_a_cell_gives_the_same_to_the_asyncio_client(peer):
    async def story(client):
        execution = client.execute("say hello")
        seen = [(message.msg_type, dict(message.content)) async for message in execution]
        return seen, await execution, await client.execute("value 42").result(timeout=60)

    seen, result, value = run(peer, story)
    assert seen == [("stream", {"name": "stdout", "text": "hello"})]
    assert (result.status, result.execution_count, result.outputs) == ("ok", 1, outputs("hello"))
    assert value.data == {"text/plain": "42"}


def test_output_can_be_pushed_instead_of_pulled(client):
    seen = []
    execution = client.execute("say hello", on_output=seen.append)
    assert execution.result(timeout=60).outputs == outputs("hello")
    assert [message.msg_type for message in seen] == ["stream"]
    assert list(execution) == []


def test_a_second_thread_is_told_that_it_needs_a_client_of_its_own(client):
    said: list[str] = []

    def ask() -> None:
        with pytest.raises(KernelError) as raised:
            client.kernel_info(timeout=60)
        said.append(str(raised.value))

    def on_output(message) -> None:
        other = threading.Thread(target=ask)
        other.start()
        other.join()
        assert client.comm_info(timeout=60).content["status"] == "ok"  # this one may

    client.execute("say hello", on_output=on_output).result(timeout=60)
    assert "connect a second client to the kernel" in said[0]
    assert client.kernel_info(timeout=60).content["status"] == "ok"


def test_an_error_is_raised_when_asked_for(client):
    execution = client.execute("fail")
    result = execution.result(timeout=60)
    assert (result.status, result.outputs[0]["ename"]) == ("error", "ValueError")
    with pytest.raises(ExecutionError, match="ValueError: no") as caught:
        execution.result(check=True)
    assert caught.value.traceback == ("line",)


def test_cells_behind_a_failed_one_are_aborted(client):
    executions = [client.execute("fail followed"), client.execute("say never")]
    assert [execution.result(timeout=60).status for execution in executions] == [
        "error",
        "aborted",
    ]
    with pytest.raises(ExecutionError, match="was not run"):
        executions[1].result(check=True)


def test_a_question_is_answered_by_the_callback(peer):
    def answer(ask):
        return f"an answer to {ask.prompt}"

    with Client(ZmqChannels(peer.info), on_input=answer) as client:
        client.wait_until_ready(timeout=60)
        assert client.execute("ask who?").result(timeout=60).text() == "an answer to who?"
        assert client.execute("ask x", on_input=lambda _: "own").result(timeout=60).text() == "own"

        def end(_):
            raise EOFError

        assert client.execute("ask x", on_input=end).result(timeout=60).text() == "\x04"


def test_a_question_is_answered_by_a_coroutine(peer):
    async def answer(ask):
        await asyncio.sleep(0)
        return f"an answer to {ask.prompt}"

    async def story(client):
        return await client.execute("ask who?").result(timeout=60)

    assert run(peer, story, on_input=answer).text() == "an answer to who?"


def test_a_handler_that_fails_is_not_lost(peer):
    def answer(ask):
        raise LookupError("no answer")

    async def story(client):
        execution = client.execute("ask who?")
        try:
            await execution.result(timeout=60)
        finally:
            await client.interrupt(timeout=60)

    with pytest.raises(LookupError, match="no answer"):
        run(peer, story, on_input=answer)


def test_requests_of_all_kinds_return_their_reply(client):
    assert client.kernel_info(timeout=60).content["implementation"] == "client_kernel"
    assert client.complete("ab", timeout=60).content["matches"] == ["ab!"]
    replies = [
        client.inspect("ab", timeout=60),
        client.is_complete("ab", timeout=60),
        client.history(n=3, timeout=60),
        client.comm_info(timeout=60),
        client.usage(timeout=60),
        client.debug("initialize", timeout=60),
        client.create_subshell(timeout=60),
        client.delete_subshell("x", timeout=60),
        client.list_subshells(timeout=60),
        client.interrupt(timeout=60),
    ]
    assert [reply.msg_type for reply in replies] == [
        "inspect_reply",
        "is_complete_reply",
        "history_reply",
        "comm_info_reply",
        "usage_reply",
        "debug_reply",
        "create_subshell_reply",
        "delete_subshell_reply",
        "list_subshell_reply",
        "interrupt_reply",
    ]


def test_both_clients_have_the_same_surface():
    import inspect

    def surface(cls):
        return {
            name: [
                (p.name, p.default, p.kind) for p in inspect.signature(value).parameters.values()
            ]
            for name, value in inspect.getmembers(cls, inspect.isfunction)
            if not name.startswith("_")
        }

    blocking, aio = surface(Client), surface(AsyncClient)
    assert blocking.pop("close") == aio.pop("aclose")
    # A program with an event loop of its own reads when the sockets say so; asyncio is one.
    assert blocking.pop("poll")
    assert blocking == aio
    assert isinstance(ZmqChannels(ConnectionInfo()), Channels)
    assert isinstance(ZmqTransport(ConnectionInfo()), Transport)


def test_what_a_comm_causes_is_seen_by_subscribers(client):
    seen = []
    unsubscribe = client.subscribe(seen.append)
    opened = client.comm_open("target", {"x": 1}, comm_id="c1")
    while not any(
        getattr(event, "request", None) and type(event).__name__ == "Finished" for event in seen
    ):
        assert client.poll(timeout=60)
    unsubscribe()
    published = [event.message.msg_type for event in seen if type(event).__name__ == "Output"]
    assert (opened.content["comm_id"], published) == ("c1", ["comm_close"])


def test_what_another_client_runs_can_be_watched(peer, client):
    seen = []
    client.subscribe(
        lambda event: isinstance(event, Orphan) and seen.append(event.message.msg_type)
    )
    with Client(ZmqChannels(peer.info)) as other:
        other.wait_until_ready(timeout=60)
        other.execute("say hello").result(timeout=60)
    while "stream" not in seen:
        assert client.poll(timeout=60)


def test_twenty_thousand_lines_reach_a_reader_that_comes_late(client):
    """Nothing is read until the kernel has sent all of it."""
    execution = client.execute("flood 20000")
    client.channels.heartbeat(20)
    result = execution.result(timeout=60)
    assert result.text() == "".join(f"{number}\n" for number in range(20_000))


def test_binary_parts_arrive_without_a_copy(client):
    (message,) = client.execute("buffer").__iter__()
    (buffer,) = message.buffers
    assert isinstance(buffer, memoryview)
    assert bytes(buffer) == b"x" * 100_000


# -- when it takes too long


def test_a_timeout_says_what_was_awaited_and_why_it_may_be(client):
    execution = client.execute("hang")
    with pytest.raises(KernelTimeout, match="for the reply to execute_request"):
        execution.result(timeout=0.05)
    with pytest.raises(KernelTimeout, match="complete_request; the kernel is busy with another"):
        client.complete("x", timeout=0.05)
    client.interrupt(timeout=60)
    assert execution.result(timeout=60).error.ename == "KeyboardInterrupt"


def test_a_timeout_in_the_asyncio_client(peer):
    async def story(client):
        execution = client.execute("hang")
        with pytest.raises(KernelTimeout, match="for the reply to execute_request"):
            await execution.result(timeout=0.05)
        with pytest.raises(
            KernelTimeout, match="complete_request; the kernel is busy with another"
        ):
            await client.complete("x", timeout=0.05)
        await client.interrupt(timeout=60)
        return await execution.result(timeout=60)

    assert run(peer, story).error.ename == "KeyboardInterrupt"


def test_waiting_for_a_kernel_that_is_not_there_ends(request):
    # Not in tmp_path: a socket's path has 107 bytes at most, and a checkout may lie deep.
    directory = ipc_directory()
    request.addfinalizer(lambda: shutil.rmtree(directory))
    info = ConnectionInfo(
        transport="ipc",
        ip=f"{directory}/kernel",
        shell_port=1,
        iopub_port=2,
        stdin_port=3,
        control_port=4,
        hb_port=5,
    )
    with (
        Client(ZmqChannels(info)) as client,
        pytest.raises(KernelTimeout, match="nothing was heard from the kernel yet"),
    ):
        client.wait_until_ready(timeout=0.05)

    async def main():
        async with AsyncClient(ZmqTransport(info)) as client:
            await client.wait_until_ready(timeout=0.05)

    with pytest.raises(KernelTimeout, match="nothing was heard from the kernel yet"):
        asyncio.run(main())


# -- when the kernel goes


GONE = "closed the connection and answers no heartbeat"


def test_a_client_that_was_left_with_a_dead_kernel_costs_next_to_nothing(mortal):
    """A window that stays open over night: it tries to connect again, but less and less often."""
    with Client(ZmqChannels(mortal.info), heartbeat_interval=None) as client:
        client.wait_until_ready(timeout=60)
        mortal.process.kill()
        mortal.process.wait()
        client.poll(0.3)
        before = time.process_time()
        # A whole second, since less would measure the clock.
        while client.poll(1):
            before = time.process_time()
        assert time.process_time() - before < 0.03


def test_a_kernel_that_dies_ends_what_is_awaited(mortal):
    """The end of the connection is noticed at once, whatever the interval: one heartbeat settles it."""
    with Client(ZmqChannels(mortal.info), heartbeat_patience=1000) as client:
        client.wait_until_ready(timeout=60)
        assert client.is_alive()
        execution = client.execute("die")
        with pytest.raises(KernelDied, match=GONE):
            execution.result(timeout=60)
        with pytest.raises(KernelDied):
            list(execution)
        assert not client.is_alive(timeout=0.05)


def test_a_kernel_that_is_killed_ends_what_the_asyncio_client_awaits(mortal):
    async def story(client):
        execution = client.execute("hang")
        request = asyncio.create_task(client.complete("x"))
        await asyncio.sleep(0)
        os.kill(mortal.process.pid, signal.SIGKILL)
        with pytest.raises(KernelDied, match=GONE):
            await execution.result(timeout=60)
        with pytest.raises(KernelDied):
            await request

    run(mortal, story, heartbeat_patience=1000)


def test_a_kernel_that_hangs_is_found_dead_by_its_heartbeat(mortal):
    with Client(ZmqChannels(mortal.info), heartbeat_interval=0.05) as client:
        client.wait_until_ready(timeout=60)
        os.kill(mortal.process.pid, signal.SIGSTOP)
        with pytest.raises(KernelDied, match="has not answered 4 heartbeats"):
            client.execute("say hi").result(timeout=60)

    async def story(client):
        os.kill(mortal.process.pid, signal.SIGSTOP)
        with pytest.raises(KernelDied, match="has not answered 4 heartbeats"):
            await client.execute("say hi").result(timeout=60)

    os.kill(mortal.process.pid, signal.SIGCONT)
    run(mortal, story, heartbeat_interval=0.05)


def test_a_connection_that_is_interrupted_is_no_dead_kernel(mortal):
    """Between us and the kernel stands a forwarder, as ssh is one; it drops the connection and comes back."""
    with Forwarder(mortal.info.shell_port) as forwarder:
        info = replace(mortal.info, shell_port=forwarder.port)
        with Client(ZmqChannels(info)) as client:
            client.wait_until_ready(timeout=60)
            forwarder.drop()
            # What is sent into a connection that ends just then is lost: wait for the next one.
            assert forwarder.connected.wait(60)
            assert client.execute("say hi").result(timeout=60).text() == "hi"


class Forwarder:
    """Carries bytes between the ports that it listens on and one other."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        #: Somebody has connected since the last `drop`.
        self.connected = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()
        for thread in self._threads:
            thread.join()

    def drop(self) -> None:
        self.connected.clear()
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    thread = threading.Thread(target=self._carry, args=(source, sink))
                    self._threads.append(thread)
                    thread.start()
                self.connected.set()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with source, contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def unseen():
    """Has a Ctrl-C come that wakes nobody, as if a moment before this thread falls asleep: another thread takes it."""
    timer = threading.Timer(0.1, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT))
    yield timer.start
    timer.join()


def test_ctrl_c_a_moment_before_the_wait_for_a_cell_ends_the_wait(mortal, unseen):
    """Nothing else would wake it: no heartbeat is asked for."""
    with Client(ZmqChannels(mortal.info), heartbeat_interval=None) as client:
        client.wait_until_ready(timeout=60)
        execution = client.execute("hang")
        unseen()
        with pytest.raises(KeyboardInterrupt):
            execution.result(timeout=60)


def test_ctrl_c_a_moment_before_the_wait_for_a_kernel_ends_the_wait(unseen):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
        ports = {f"{name}_port": port for name in ("shell", "iopub", "stdin", "control", "hb")}
        with Client(
            ZmqChannels(ConnectionInfo(key="x", **ports)), heartbeat_interval=None
        ) as client:
            unseen()
            with pytest.raises(KeyboardInterrupt):
                client.wait_until_ready(timeout=60)


def test_a_thread_that_watches_the_process_wakes_who_waits(mortal):
    """Nothing else would: no heartbeat is asked for, and the connection stands."""
    with Client(ZmqChannels(mortal.info), heartbeat_interval=None) as client:
        client.wait_until_ready(timeout=60)
        execution = client.execute("hang")
        watcher = threading.Thread(target=client.kernel_died, args=("it was killed",))
        watcher.start()
        with pytest.raises(KernelDied, match="it was killed"):
            execution.result(timeout=60)
        watcher.join()


def test_a_death_that_was_told_is_not_that_of_the_next_kernel(client):
    """It was told while nobody waited; what is asked afterwards is asked of the kernel that was started since."""
    thread = threading.Thread(target=client.kernel_died)
    thread.start()
    thread.join()
    assert client.execute("say hi").result(timeout=60).text() == "hi"


def test_who_started_the_kernel_need_not_ask_again_who_it_is(peer):
    with Client(ZmqChannels(peer.info)) as first:
        known = first.wait_until_ready(timeout=60)
    with Client(ZmqChannels(peer.info), kernel_info=known) as client:
        assert client.wait_until_ready(timeout=60) is known
        assert client.wait_until_ready(timeout=60) is not known
        assert client.execute("say hi").result(timeout=60).text() == "hi"

    async def story(client):
        return await client.execute("say hi").result(timeout=60)

    assert run(peer, story, kernel_info=known).text() == "hi"


def test_who_watches_the_process_can_tell_the_client(client):
    execution = client.execute("hang")
    client.kernel_died("the kernel was killed by SIGKILL", exit_code=-9)
    with pytest.raises(KernelDied, match="SIGKILL") as caught:
        execution.result(timeout=60)
    assert caught.value.exit_code == -9
    client.interrupt(timeout=60)


def test_a_restarted_kernel_does_not_answer_what_the_one_before_was_asked(mortal):
    with Client(ZmqChannels(mortal.info)) as client:
        client.wait_until_ready(timeout=60)
        with pytest.raises(KernelDied, match="was restarted"):
            client.execute("reborn").result(timeout=60)
        client.wait_until_ready(timeout=60)
        assert client.execute("say again").result(timeout=60).text() == "again"


def test_closing_ends_what_the_asyncio_client_awaits(mortal):
    async def story(client):
        execution = client.execute("hang")
        request = asyncio.create_task(client.complete("x"))
        await asyncio.sleep(0)
        await client.aclose()
        for waiting in (execution.result(), request, client.complete("x")):
            with pytest.raises(TransportClosed):
                await waiting

    run(mortal, story)


def test_closing_ends_what_is_awaited(mortal):
    with Client(ZmqChannels(mortal.info)) as client:
        client.wait_until_ready(timeout=60)
        execution = client.execute("hang")
    for wait in (execution.result, client.kernel_info, client.wait_until_ready):
        with pytest.raises(TransportClosed, match="closed"):
            wait()


def test_a_message_that_cannot_be_encoded_fails_its_own_request_only(peer):
    loop: dict[str, object] = {}
    loop["self"] = loop

    async def story(client):
        with pytest.raises(ValueError, match="nested more than 200 deep"):
            await client.request("complete_request", {"code": loop})
        return await client.complete("x", timeout=60)

    assert run(peer, story).content["matches"] == ["x!"]


def test_messages_signed_with_another_key_are_dropped_and_told(mortal, caplog):
    """The welcome of the kernel reaches us, and is not ours."""
    channels = ZmqChannels(mortal.info, Session("another key"))
    channels.open()
    try:
        poll = select.poll()
        for _, number in channels.filenos():
            poll.register(number, select.POLLIN)
        while not caplog.records:
            assert poll.poll(60_000)
            assert channels.receive() == []
    finally:
        channels.close()
    assert "dropped a message on iopub (1 so far)" in caplog.text
    assert "signed with another key" in caplog.text


def test_a_connection_without_ports_is_refused():
    with pytest.raises(KernelError, match="has no shell_port"):
        ZmqChannels(ConnectionInfo()).open()


# -- Ctrl-C


def test_an_interrupt_ends_the_waiting_and_nothing_else(client):
    """The user presses Ctrl-C; the frontend interrupts the kernel, and goes on waiting."""
    execution = client.execute("hang")
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        execution.result(timeout=60)
    timer.join()
    client.interrupt(timeout=60)
    assert execution.result(timeout=60).error.ename == "KeyboardInterrupt"


def test_interrupts_at_any_moment_lose_no_message(client):
    """SIGINT comes again and again while the lines of a cell are read."""
    execution = client.execute("flood 10000")
    stop = threading.Event()

    def interrupt():
        while not stop.wait(0.005):
            os.kill(os.getpid(), signal.SIGINT)

    # Each wait is interrupted once: a second signal while the first is handled would hit the test.
    armed = False

    def raise_once(signum: int, frame: object) -> None:
        nonlocal armed
        if armed:
            armed = False
            raise KeyboardInterrupt

    handler = signal.signal(signal.SIGINT, raise_once)
    thread = threading.Thread(target=interrupt)
    thread.start()
    interrupted = 0
    try:
        while not execution.finished:
            try:
                armed = True
                execution.result(timeout=60)
                armed = False
            except KeyboardInterrupt:
                interrupted += 1
    finally:
        armed = False
        stop.set()
        thread.join()
        signal.signal(signal.SIGINT, handler)
    assert interrupted
    assert execution.result().text() == "".join(f"{number}\n" for number in range(10_000))


def test_the_blocking_client_does_not_load_asyncio():
    code = (
        "import sys, nuncius.protocol.client.blocking, nuncius.protocol.transport.zmq;"
        "print('asyncio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
