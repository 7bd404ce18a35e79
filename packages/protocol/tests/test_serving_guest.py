"""A kernel within a program that goes on meanwhile: whose text goes where, on which loop cells run, and what is left at the end."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import io
import os
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from multiprocessing.pool import ThreadPool
from pathlib import Path
from time import monotonic

import pytest
import zmq

from nuncius.protocol.client.blocking import Client
from nuncius.protocol.connection import ConnectionInfo, load_connection_file, write_connection_file
from nuncius.protocol.errors import ConnectionFileError
from nuncius.protocol.kernel import CURRENT_IO, INHERITED, Kernel, KernelInfo
from nuncius.protocol.messages import Channel
from nuncius.protocol.serving.app import open_server
from nuncius.protocol.serving.outlet import Outlet
from nuncius.protocol.serving.request_io import RequestIO
from nuncius.protocol.serving.streams import GuestStream, inherit_in_threads, redirected
from nuncius.protocol.session import Session
from nuncius.protocol.testing.conformance.wire import Talk, Wire
from nuncius.protocol.transport.zmq import ZmqChannels

LIMIT = 20


class Inside(Kernel):
    """Runs Python in the variables of the program."""

    info = KernelInfo("inside", "1", {"name": "python", "file_extension": ".py"})
    connection_file = ""
    stop_serving = None

    def __init__(self, **names):
        self.names = names
        self.sessions = []

    def use_session(self, session):
        self.sessions.append(session)

    def execute(self, request, io):
        code = compile(request.code, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        value = eval(code, self.names)
        reply = {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
        return reply if value is None else self.finish(value, reply)

    async def finish(self, value, reply):
        await value
        return reply


@contextlib.contextmanager
def serving(path, kernel, **options):
    """Serve in a thread, as a guest."""
    server, cleanup, _ = open_server(
        lambda: kernel, str(path), guest=True, own_signals=False, **options
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with connected(path) as client:
            yield client
    finally:
        server.stop()
        thread.join(LIMIT)
        cleanup()
    assert not thread.is_alive()


@contextlib.contextmanager
def connected(path):
    with Client(ZmqChannels(load_connection_file(path))) as client:
        client.wait_until_ready(timeout=LIMIT)
        yield client


def text(client, code):
    return client.execute(code).result(timeout=LIMIT, check=True).text()


# -- where text goes


def test_cells_print_to_the_frontend_and_the_program_to_where_it_did(tmp_path, capfd):
    before = sys.stdout, sys.stderr
    with serving(tmp_path / "k.json", Inside(program=os.getpid())) as client:
        assert text(client, "import sys; print('cell'); print('late', file=sys.stderr)") == "cell\n"
        print("program")
        print("its errors", file=sys.stderr)
        os.write(1, b"its descriptor\n")
        assert text(client, "print(sys.stdout.isatty(), program)") == f"False {os.getpid()}\n"
        # A thread that a cell starts is the cell's, one of the program's own is not.
        assert text(client, "import threading; t = threading.Thread(target=print, args=['of the cell']); t.start(); t.join()") == "of the cell\n"  # fmt: skip
        thread = threading.Thread(target=print, args=["of the program"])
        thread.start()
        thread.join()
    assert (sys.stdout, sys.stderr) == before
    out, err = capfd.readouterr()
    assert sorted(out.splitlines()) == ["its descriptor", "of the program", "program"]
    assert [line for line in err.splitlines() if "To connect" not in line] == ["its errors"]


def request_io(sent):
    session = Session()
    outlet = Outlet(session.message, sent.append)
    request = session.message(Channel.SHELL, "execute_request", {"code": ""})
    return RequestIO(request, outlet, lambda *_: "", sent.append)


def test_a_guest_stream_is_the_programs_own_outside_of_requests():
    own, sent = io.StringIO(), []
    stream = GuestStream("stdout", own)
    assert stream.write("mine\n") == 5
    token = CURRENT_IO.set(request_io(sent))
    try:
        stream.write("the cell's\n")
        stream.flush()
        assert stream.get_parent()["header"]["msg_type"] == "execute_request"
    finally:
        CURRENT_IO.reset(token)
    stream.write("mine again\n")
    stream.flush()
    assert own.getvalue() == "mine\nmine again\n"
    assert [(m.content["name"], m.content["text"]) for m in sent] == [("stdout", "the cell's\n")]
    assert (stream.isatty(), stream.get_parent()) == (False, {})
    with pytest.raises(io.UnsupportedOperation):
        stream.fileno()


def test_a_program_without_output_can_have_a_kernel_all_the_same():
    stream = GuestStream("stderr", None)
    assert stream.write("nowhere") == 7
    stream.flush()
    assert stream.isatty() is False


def test_a_guest_stream_may_outlive_the_programs():
    own = io.StringIO()
    stream = GuestStream("stdout", own)
    own.close()
    stream.close()  # as the garbage collector does
    assert stream.closed


def test_what_a_program_put_in_place_meanwhile_stays():
    before = sys.stdout
    other = io.StringIO()
    with redirected(GuestStream("stdout", before), sys.stderr):
        sys.stdout = other
    mine, sys.stdout = sys.stdout, before
    assert mine is other


# -- what threads inherit


@pytest.fixture
def variable():
    """One that a package has added, as the kernel does with its shell."""
    variable: ContextVar[str | None] = ContextVar("variable", default=None)
    inherit_in_threads()
    INHERITED.append(variable)
    yield variable
    INHERITED.remove(variable)


def in_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def in_executor(function):
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(function).result()


def in_pool(function):
    with ThreadPool(1) as pool:
        return pool.apply(function)


@pytest.mark.parametrize("way", [in_thread, in_executor, in_pool])
def test_threads_inherit_what_a_package_has_added(variable, way):
    assert way(variable.get) is None
    token = variable.set("the cell's")
    try:
        assert way(variable.get) == "the cell's"
        # A thread of a thread, too.
        assert way(lambda: in_thread(variable.get)) == "the cell's"
    finally:
        variable.reset(token)
    assert way(variable.get) is None


def test_a_worker_that_lives_longer_forgets_whose_it_was(variable):
    with ThreadPoolExecutor(1) as executor:
        token = variable.set("first")
        assert executor.submit(variable.get).result() == "first"
        variable.reset(token)
        assert executor.submit(variable.get).result() is None


def test_an_interrupt_never_hits_a_thread_that_is_just_started(tmp_path):
    """In Python 3.11 the exception can go to the new thread; the old one would wait for it for ever."""
    code = """
import threading
print('go')
while True:
    for _ in range(10):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
"""
    with serving(tmp_path / "k.json", Inside()) as client:
        for _ in range(40):
            execution = client.execute(code)
            next(message for message in execution if message.msg_type == "stream")
            client.interrupt(timeout=LIMIT)
            assert execution.result(timeout=LIMIT).error.ename == "KeyboardInterrupt"


# -- with a frontend that reads nothing


def test_while_output_waits_for_a_frontend_control_answers_and_an_interrupt_ends_the_cell(tmp_path):
    path = tmp_path / "k.json"
    options = {"iopub_room": 1 << 20, "iopub_patience": 600.0}
    kernel = Inside()
    with serving(path, kernel, **options) as client, zmq.Context() as context:
        publisher = kernel.stop_serving.__self__._publisher
        info = load_connection_file(path)
        with context.socket(zmq.SUB) as deaf:
            deaf.set(zmq.RCVHWM, 1)
            deaf.set(zmq.RCVBUF, 4096)
            deaf.set(zmq.SUBSCRIBE, b"")
            deaf.connect(info.url("iopub"))
            assert deaf.poll(LIMIT * 1000)
            # One who sees nothing of what is published.
            with contextlib.closing(Wire(info, topic=b"nothing")) as wire:
                talk = Talk(wire, LIMIT)
                cell = talk.start("for _ in range(5000): print('x' * 20_000)")
                until = monotonic() + LIMIT
                while not publisher.full and monotonic() < until:
                    talk.receive(0.01)
                asked = talk.send("kernel_info_request", channel=Channel.CONTROL)
                talk.until(lambda: asked.reply is not None, "the answer of control")
                assert cell.reply is None
                talk.send("interrupt_request", channel=Channel.CONTROL)
                talk.until(lambda: cell.reply is not None, "the end of the cell")
                assert cell.content["ename"] == "KeyboardInterrupt"
        # It is gone: nobody has to wait any more.
        assert text(client, "print('alive')") == "alive\n"


# -- on the program's own loop


def test_cells_share_the_loop_with_the_programs_tasks(tmp_path):
    """A cell awaits what only the program can bring about, and sees its tasks."""
    path = tmp_path / "k.json"
    kernel = Inside()

    async def program():
        loop = asyncio.get_running_loop()
        kernel.names.update(asyncio=asyncio, ready=loop.create_future(), asked=asyncio.Event())
        server, cleanup, _ = open_server(lambda: kernel, str(path), guest=True)
        serving = asyncio.create_task(server.run_async())
        talking = asyncio.create_task(asyncio.to_thread(talk))
        await asyncio.wait_for(kernel.names["asked"].wait(), LIMIT)
        kernel.names["ready"].set_result("from the program")
        said = await asyncio.wait_for(talking, LIMIT)
        server.stop()
        await asyncio.wait_for(serving, LIMIT)
        cleanup()
        # Its loop is as it was.
        await asyncio.sleep(0)
        return said

    def talk():
        with connected(path) as client:
            return [
                text(client, "asked.set()\nprint(await ready)"),
                text(client, "print(len(asyncio.all_tasks()) > 2)"),
                client.execute("1 / 0").result(timeout=LIMIT).error.ename,
                text(client, "print('alive')"),
            ]

    assert asyncio.run(program()) == [
        "from the program\n",
        "True\n",
        "ZeroDivisionError",
        "alive\n",
    ]
    assert not path.exists()


def test_a_shutdown_by_a_frontend_ends_the_serving_and_not_the_program(tmp_path):
    path = tmp_path / "k.json"

    def talk():
        with connected(path) as client:
            return client.shutdown(timeout=LIMIT).content["status"]

    async def program():
        server, cleanup, _ = open_server(Inside, str(path), guest=True)
        talking = asyncio.create_task(asyncio.to_thread(talk))
        await asyncio.wait_for(server.run_async(), LIMIT)
        cleanup()
        return await talking

    assert asyncio.run(program()) == "ok"


# -- opening


def test_a_new_connection_is_announced_and_removed(tmp_path, capsys):
    path = tmp_path / "new.json"
    kernel = Inside()
    server, cleanup, told = open_server(lambda: kernel, str(path), ip="127.0.0.1")
    info = load_connection_file(path)
    assert (told, info.has_ports, info.ip) == (str(path), True, "127.0.0.1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert capsys.readouterr().err == (
        f"To connect another client to this kernel: nuncius console --existing {path}\n"
    )
    assert kernel.connection_file == str(path)
    assert kernel.stop_serving == server.stop
    assert [session.key for session in kernel.sessions] == [info.key.encode()]
    server.close()
    cleanup()
    assert not path.exists()


def test_a_connection_that_somebody_else_wrote_is_his(tmp_path, capsys):
    path = Path(write_connection_file(ConnectionInfo(key="k"), tmp_path / "given.json"))
    server, cleanup, _ = open_server(Inside, str(path), asked={"ip": "127.0.0.9"})
    # It tells its ports, and where the command line is overruled.
    assert load_connection_file(path).has_ports
    assert "what the command line says of it (ip) is not used" in capsys.readouterr().err
    server.close()
    cleanup()
    assert path.exists()


def test_what_cannot_be_read_or_bound_says_so_and_leaves_nothing_open(tmp_path):
    path = tmp_path / "bad.json"
    path.write_text("{")
    with pytest.raises(ConnectionFileError, match=r"bad\.json"):
        open_server(Inside, str(path))
    with pytest.raises(ConnectionFileError, match="cannot listen at"):
        open_server(Inside, str(tmp_path / "new.json"), ip="192.0.2.1")
    assert not (tmp_path / "new.json").exists()
