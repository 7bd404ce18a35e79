"""The server, as a process of its own with real sockets, seen by a client."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
import zmq

from nuncius.protocol.client.blocking import Client
from nuncius.protocol.connection import (
    ConnectionInfo,
    load_connection_file,
    new_key,
    write_connection_file,
)
from nuncius.protocol.curve import with_new_keys
from nuncius.protocol.errors import ExecutionError
from nuncius.protocol.handshake import Registrar
from nuncius.protocol.messages import Channel
from nuncius.protocol.session import DELIMITER, Session
from nuncius.protocol.transport.zmq import ZmqChannels

SCRIPT = Path(__file__).with_name("serving_kernel.py")


class Process:
    """A kernel's process; `start` returns when it has told its ports."""

    def __init__(self, folder: Path, script: Path = SCRIPT) -> None:
        self.path = folder / "kernel-test.json"
        self.log = (folder / "log").open("w+")
        self.script = script

    def start(self) -> Process:
        with zmq.Context() as context:
            registrar = Registrar(context)
            info = registrar.invite(ConnectionInfo(key=new_key()), "test")
            write_connection_file(info, self.path)
            self.process = subprocess.Popen(
                [sys.executable, str(self.script), "-f", str(self.path)],
                stdout=self.log,
                stderr=self.log,
                start_new_session=True,
                # It ends with the tests, however they end.
                env={**os.environ, "JPY_PARENT_PID": str(os.getpid())},
            )
            session = Session(info.key)
            assert registrar.socket.poll(60_000), self.said()
            self.info = registrar.receive(info, session)
            registrar.close()
        return self

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read()

    def client(self) -> Client:
        return Client(ZmqChannels(self.info))

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)
        self.log.close()


@pytest.fixture
def kernel(tmp_path):
    """A kernel for one test."""
    process = Process(tmp_path)
    yield process.start()
    process.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A kernel that many tests may use: none of them harms it."""
    process = Process(tmp_path_factory.mktemp("kernel"))
    yield process.start()
    process.stop()


@pytest.fixture
def client(shared):
    with shared.client() as client:
        client.wait_until_ready(timeout=60)
        yield client


def run(client, code, **options):
    """Run a cell to its end; return the outputs as (type, content), text that came in pieces joined."""
    outputs = []
    for message in client.execute(code, **options):
        content = dict(message.content)
        last = outputs[-1] if outputs else ("", {})
        if message.msg_type == last[0] == "stream" and content["name"] == last[1]["name"]:
            last[1]["text"] += content["text"]
        else:
            outputs.append((message.msg_type, content))
    return outputs


def texts(outputs, name="stdout"):
    return "".join(c["text"] for t, c in outputs if t == "stream" and c["name"] == name)


# -- running cells


def test_a_cell_is_told_in_order(client):
    """What a frontend sees of one cell, from the input to the output."""
    assert run(client, "print('a')\nio.publish('display_data', {'data': {}})\nprint('b')") == [
        ("execute_input", {"code": "print('a')\nio.publish('display_data', {'data': {}})\nprint('b')", "execution_count": 1}),
        ("stream", {"name": "stdout", "text": "a\n"}),
        ("display_data", {"data": {}}),
        ("stream", {"name": "stdout", "text": "b\n"}),
    ]  # fmt: skip


def test_an_exception_of_the_kernel_is_shown_and_answered(client):
    execution = client.execute("1 / 0")
    with pytest.raises(ExecutionError, match="division by zero"):
        execution.result(check=True)


def test_cells_behind_a_failed_one_are_aborted_and_other_requests_are_not(client):
    # The answer is sent after the cell behind it: so that one has arrived when the first fails.
    failing = client.execute("input('?')\nraise ValueError('stop')", on_input=lambda asked: "")
    queued = client.execute("print('never')")
    info = client.kernel_info(timeout=60)
    assert [failing.result().status, queued.result().status] == ["error", "aborted"]
    assert info.content["implementation"] == "small"


def test_tasks_go_on_between_cells(client):
    """A task that a cell starts runs while the kernel waits for the next cell."""
    run(client, "import asyncio\ndone = asyncio.Event()")
    run(client, "asyncio.get_running_loop().call_later(0.01, done.set)")
    assert texts(run(client, "await asyncio.wait_for(done.wait(), 60)\nprint('ticked')")) == (
        "ticked\n"
    )


def test_a_library_that_uses_asyncio_has_a_loop_in_the_first_cell(kernel, tmp_path):
    """Nothing in the cell names asyncio; the task that the library starts runs on after the cell."""
    (tmp_path / "quiet_library.py").write_text(
        "import asyncio\nended = asyncio.Event()\n"
        "async def work():\n    await asyncio.sleep(0)\n    print('worked')\n    ended.set()\n"
        "def begin():\n    global task\n    task = asyncio.get_running_loop().create_task(work())\n"
    )
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        code = f"import sys\nassert 'async' + 'io' not in sys.modules\nsys.path.insert(0, {str(tmp_path)!r})\nimport quiet_library\nquiet_library.begin()"
        assert client.execute(code).result(check=True).status == "ok"
        outputs = run(client, "await quiet_library.ended.wait()\nprint('after it')")
        assert texts(outputs).splitlines()[-1] == "after it"


def test_a_cell_may_await_before_anything_has_imported_asyncio(kernel):
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        outputs = run(client, "async def work():\n    print('worked')\nawait work()")
        assert texts(outputs) == "worked\n"
        assert texts(run(client, "print('alive')")) == "alive\n"


def test_executors_print_to_the_cell_that_submitted(shared):
    """One pool, whose threads were started by the first cell, works for the second one."""
    with shared.client() as client:
        client.wait_until_ready(timeout=60)
        run(
            client,
            "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\npool.submit(print, 'first').result()",
        )
        outputs = run(client, "pool.submit(print, 'second').result()\npool.shutdown()")
    assert texts(outputs) == "second\n"


def test_pools_of_threads_print_to_the_cell_that_asked(shared):
    asked = """
pool.apply(print, ['apply'])
pool.map(print, ['map'])
pool.starmap(print, [('starmap', 1)])
list(pool.imap(print, ['imap']))
pool.terminate()
"""
    with shared.client() as client:
        client.wait_until_ready(timeout=60)
        run(client, "from multiprocessing.pool import ThreadPool\npool = ThreadPool(1)")
        outputs = run(client, asked)
    assert texts(outputs) == "apply\nmap\nstarmap 1\nimap\n"


def test_threads_and_children_print_into_their_cell(client):
    code = (
        "import os, threading\n"
        "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
        "os.write(1, b'descriptor\\n')\n"
        "os.system('echo child; echo error >&2')"
    )
    outputs = run(client, code)
    assert sorted(texts(outputs).split()) == ["child", "descriptor", "thread"]
    assert texts(outputs, "stderr") == "error\n"


def test_a_forked_child_prints_through_its_parent(client):
    code = "import os\npid = os.fork()\nif pid == 0:\n    print('forked', flush=True)\n    os._exit(0)\nos.waitpid(pid, 0)"
    assert texts(run(client, code)) == "forked\n"


def test_a_thread_that_outlives_its_cell_keeps_it_as_parent(shared):
    """Output of a background thread goes to the cell that started it, not to the one that runs."""
    with shared.client() as client:
        client.wait_until_ready(timeout=60)
        seen = []
        client.subscribe(seen.append)
        first = client.execute(
            "import threading\ngo = threading.Event()\ndef late():\n    go.wait(60)\n    print('late')\nworker = threading.Thread(target=late)\nworker.start()"
        )
        first.result()
        second = client.execute("go.set()\nworker.join(60)")
        second.result()
        parents = [
            event.message.parent_id
            for event in seen
            if getattr(event, "message", None) is not None
            and event.message.content.get("text") == "late\n"
        ]
    assert parents == [first.request.msg_id]


def test_nothing_is_lost_of_a_flood(client):
    outputs = run(client, "for n in range(20_000): print(n, flush=n % 3 == 0)")
    assert texts(outputs).split() == [str(n) for n in range(20_000)]


def test_input_is_asked_and_answered(client):
    outputs = run(client, "print(input('name? '))", on_input=lambda asked: asked.prompt + "Ada")
    assert texts(outputs) == "name? Ada\n"


def test_input_without_a_person_says_so(client):
    execution = client.execute("input('?')", allow_stdin=False)
    with pytest.raises(ExecutionError, match="allow_stdin=False"):
        execution.result(check=True)


# -- requests that are not cells


def test_every_request_is_answered_even_what_nobody_knows(client):
    reply = client.request("dance_request", {}, timeout=60)
    assert (reply.msg_type, reply.content["status"], reply.content["ename"]) == (
        "dance_reply",
        "error",
        "NotImplementedError",
    )


@pytest.mark.parametrize(
    ("msg_type", "content", "named"),
    [
        ("execute_request", {}, "'code'"),
        ("complete_request", {"code": 1, "cursor_pos": 0}, "'code'"),
        ("inspect_request", {"code": "x", "cursor_pos": "end"}, "'cursor_pos'"),
        ("history_request", {"hist_access_type": "all"}, "hist_access_type"),
    ],
)
def test_a_malformed_request_is_told_which_field_is_wrong(client, msg_type, content, named):
    reply = client.request(msg_type, content, timeout=60)
    assert reply.content["status"] == "error"
    assert named in reply.content["evalue"]


def test_subshells_answer_while_the_main_shell_is_busy(kernel):
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        subshell_id = client.create_subshell(timeout=60).content["subshell_id"]
        run(client, "import threading\ngate = threading.Event()")
        main = client.execute("print(gate.wait(60))")
        beside = client.execute("gate.set()", subshell_id=subshell_id)
        assert beside.result().status == "ok"
        assert texts((m.msg_type, m.content) for m in main) == "True\n"
        assert client.list_subshells(timeout=60).content["subshell_id"] == [subshell_id]
        assert client.delete_subshell(subshell_id, timeout=60).content == {"status": "ok"}
        lost = client.execute("1", subshell_id=subshell_id)
        with pytest.raises(ExecutionError, match="there is no subshell"):
            lost.result(check=True)


@pytest.mark.parametrize(
    "code",
    [
        "print('go', flush=True)\nwhile True: pass",
        "print('go', flush=True)\nwhile True: print('.', flush=True)",
        "import asyncio\nprint('go', flush=True)\nawait asyncio.sleep(60)",
    ],
)
def test_an_interrupt_reaches_subshells(shared, code):
    """Whatever the subshell does, its next cell runs, and the messages on the wire are whole."""
    with shared.client() as client:
        client.wait_until_ready(timeout=60)
        subshell_id = client.create_subshell(timeout=60).content["subshell_id"]
        beside = client.execute(code, subshell_id=subshell_id)
        next(m for m in beside if m.msg_type == "stream")
        client.interrupt(timeout=60)
        with pytest.raises(ExecutionError, match="KeyboardInterrupt"):
            beside.result(check=True)
        assert texts(run(client, "print('alive')", subshell_id=subshell_id)) == "alive\n"
        assert texts(run(client, "print('alive')")) == "alive\n"
        client.delete_subshell(subshell_id, timeout=60)


def test_nothing_is_left_lying_once_there_are_subshells(kernel):
    """Another thread reads the requests then than the one that answers them, and a reply must not cost a request."""
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        client.create_subshell(timeout=60)
        for _ in range(100):
            asked = [client.execute("1") for _ in range(10)]
            assert [each.result(timeout=60).status for each in asked] == ["ok"] * 10


def test_a_comm_lives_in_the_subshell_that_opened_it(kernel):
    """A frontend's message reaches it while the main shell is busy, though it names no subshell."""
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        subshell_id = client.create_subshell(timeout=60).content["subshell_id"]
        run(client, "import threading\ngate = threading.Event()\non_comm = gate.set")
        opening = "io.publish('comm_open', {'comm_id': 'here', 'target_name': 't', 'data': {}})"
        run(client, opening, subshell_id=subshell_id)
        main = client.execute("print('go', flush=True)\nprint(gate.wait(60))")
        next(m for m in main if m.msg_type == "stream")
        client.notify("comm_msg", {"comm_id": "here", "data": {}})
        assert texts((m.msg_type, m.content) for m in main).split()[-1] == "True"


def test_a_large_buffer_goes_both_ways(client):
    data = os.urandom(1 << 20)
    seen = []
    unsubscribe = client.subscribe(seen.append)
    client.notify("comm_msg", {"comm_id": "c", "data": {}}, buffers=(data,))
    run(client, "pass")
    unsubscribe()
    messages = [event.message for event in seen if getattr(event, "message", None) is not None]
    assert [bytes(m.buffers[0]) for m in messages if m.msg_type == "comm_msg"] == [data]


# -- interrupts


@pytest.mark.parametrize(
    "code",
    [
        "print('go', flush=True)\nwhile True: pass",
        "import time\nprint('go', flush=True)\ntime.sleep(60)",
        "import asyncio\nprint('go', flush=True)\nawait asyncio.sleep(60)",
        "import threading\nprint('go', flush=True)\nthreading.Event().wait(60)",
        "import subprocess\nprint('go', flush=True)\nsubprocess.run(['sleep', '60'])",
    ],
)
@pytest.mark.parametrize("way", ["signal", "message"])
def test_an_interrupt_ends_what_runs_and_nothing_else(shared, client, code, way):
    execution = client.execute(code)
    for message in execution:
        if message.content.get("text", "").startswith("go"):
            break
    if way == "signal":
        os.kill(shared.process.pid, signal.SIGINT)
    else:
        assert client.interrupt(timeout=60).content == {"status": "ok"}
    with pytest.raises(ExecutionError, match="KeyboardInterrupt"):
        execution.result(check=True)
    assert texts(run(client, "print('alive')")) == "alive\n"


#: A signal whose handler Python noted, and that woke nobody, as if it had come just before the main thread fell asleep: another thread takes it.
UNSEEN = """
import os, signal, threading, time
def send():
    signal.pthread_kill(threading.get_ident(), signal.{signal})
threading.Timer(0.1, send).start()
"""


@pytest.mark.parametrize(
    "wait",
    [
        "time.sleep(60)",
        "threading.Event().wait()",
        "os.read(os.pipe()[0], 1)",
        "import asyncio\nawait asyncio.sleep(60)",
    ],
)
def test_an_interrupt_a_moment_before_a_wait_ends_the_wait_and_nothing_else(client, wait):
    execution = client.execute(UNSEEN.format(signal="SIGINT") + wait)
    with pytest.raises(ExecutionError, match="KeyboardInterrupt"):
        execution.result(timeout=60, check=True)
    # It is not sent a second time: that would end this one.
    assert texts(run(client, "import time\ntime.sleep(0.4)\nprint('alive')")) == "alive\n"


def test_a_handler_of_the_users_own_is_called_once_for_each_signal(client):
    code = (
        "import signal, time\ncalls = []\nbefore = signal.signal(signal.SIGINT, lambda *_: calls.append(1))\n"
        "signal.raise_signal(signal.SIGINT)\ntime.sleep(0.4)\nsignal.signal(signal.SIGINT, before)\nprint(calls)"
    )
    assert texts(run(client, code)) == "[1]\n"


def test_a_signal_of_a_forked_child_is_not_ours(client):
    code = (
        "import os, signal, time\npid = os.fork()\n"
        "if not pid:\n    try:\n        signal.raise_signal(signal.SIGINT)\n"
        "    except KeyboardInterrupt:\n        os._exit(7)\n"
        "status = os.waitpid(pid, 0)[1]\ntime.sleep(0.4)\nprint(os.waitstatus_to_exitcode(status))"
    )
    assert texts(run(client, code)) == "7\n"


def test_an_idle_kernel_hears_sigterm_a_moment_before_it_waits(kernel):
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        run(client, UNSEEN.format(signal="SIGTERM"))
    assert kernel.process.wait(60) == 0


@pytest.mark.parametrize("then", ["", "while True: pass"])
def test_an_interrupt_while_an_await_ends_hits_the_cell_and_nothing_else(client, then):
    code = (
        "import asyncio, signal\nloop = asyncio.get_running_loop()\nready = loop.create_future()\n"
        "def end():\n    ready.set_result(None)\n    signal.raise_signal(signal.SIGINT)\n"
        f"loop.call_soon(end)\nawait ready\n{then}"
    )
    with pytest.raises(ExecutionError, match="KeyboardInterrupt"):
        client.execute(code).result(check=True)
    assert texts(run(client, "print('alive')")) == "alive\n"


@pytest.mark.parametrize(
    "when", ["cancel()", "loop.call_soon(cancel)", "loop.call_later(0.01, cancel)"]
)
def test_a_cell_may_cancel_all_tasks(client, when):
    run(
        client,
        "import asyncio\nloop = asyncio.get_running_loop()\ndone = asyncio.Event()\n"
        "def cancel():\n    done.set()\n    for task in asyncio.all_tasks(loop): task.cancel()\n"
        "await asyncio.sleep(0)",
    )
    first, second = client.execute(when), client.execute("print('next')")
    assert (first.result().status, second.result().text()) == ("ok", "next\n")
    run(client, "await done.wait()")
    assert texts(run(client, "print('alive')")) == "alive\n"


def test_an_interrupt_reaches_input(shared, client):
    def interrupt(asked):
        os.kill(shared.process.pid, signal.SIGINT)
        return ""

    execution = client.execute("while True: input('?')", on_input=interrupt)
    with pytest.raises(ExecutionError, match="KeyboardInterrupt"):
        execution.result(check=True)


def test_an_idle_kernel_does_not_mind_interrupts(shared, client):
    for _ in range(20):
        os.kill(shared.process.pid, signal.SIGINT)
    assert texts(run(client, "print('alive')")) == "alive\n"


# -- the end


@pytest.mark.parametrize("restart", [False, True])
def test_shutdown_is_answered_and_the_process_ends(kernel, restart):
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        reply = client.shutdown(restart, timeout=60)
        assert reply.content == {"status": "ok", "restart": restart}
    assert kernel.process.wait(60) == 0
    assert kernel.said() == ""


def test_shutdown_ends_a_cell_that_runs(kernel):
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        execution = client.execute("print('go', flush=True)\nwhile True: pass")
        next(message for message in execution if message.msg_type == "stream")
        client.shutdown(timeout=60)
    assert kernel.process.wait(60) == 0


def test_sigterm_ends_it_in_good_order(kernel):
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        kernel.process.terminate()
        assert kernel.process.wait(60) == 0


def test_sigterm_ends_a_cell_that_runs(kernel):
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        execution = client.execute("print('go', flush=True)\nwhile True: pass")
        next(message for message in execution if message.msg_type == "stream")
        kernel.process.terminate()
        assert kernel.process.wait(60) == 0


def test_a_cell_that_will_not_end_is_ended_with_the_process(kernel, tmp_path):
    """It has five seconds, whether the end is asked for by a message or by a signal."""
    stubborn = """
import threading
while True:
    try:
        print('go', flush=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
"""
    (tmp_path / "other").mkdir()
    other = Process(tmp_path / "other")
    try:
        other.start()
        with kernel.client() as client, other.client() as other_client:
            for each in (client, other_client):
                each.wait_until_ready(timeout=60)
                execution = each.execute(stubborn)
                next(message for message in execution if message.msg_type == "stream")
            client.shutdown(timeout=60)
            other.process.terminate()
            assert (kernel.process.wait(60), other.process.wait(60)) == (1, 1)
    finally:
        other.stop()


@pytest.mark.parametrize(
    "module",
    [
        "ast",
        "nuncius.protocol.kernel",
        "nuncius.protocol.connection",
        "zmq",
        "nuncius.protocol.serving.server",
    ],
)
def test_ctrl_c_while_it_starts_shows_no_traceback(tmp_path, module):
    """It comes when a module has just been imported."""
    said = []
    with serving("-f", str(tmp_path / "k.json"), PYTHONPROFILEIMPORTTIME="1") as process:
        for line in process.stderr:
            if line.split("|")[-1].strip() == module:
                break
        process.send_signal(signal.SIGINT)
        for line in process.stderr:
            said.append(line)
            if "--existing" in line:
                process.terminate()  # it is up, and an idle kernel ignores Ctrl-C
        assert process.wait(60) in (0, 130)
    assert not [line for line in said if "Traceback" in line or "Error" in line]


# -- faults


def test_a_taken_port_is_named(tmp_path):
    with zmq.Context() as context, context.socket(zmq.ROUTER) as taken:
        port = taken.bind_to_random_port("tcp://127.0.0.1")
        path = tmp_path / "kernel.json"
        write_connection_file(ConnectionInfo(key="k", control_port=port), path)
        done = subprocess.run(
            [sys.executable, str(SCRIPT), "-f", str(path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: cannot listen at tcp://127.0.0.1:{port} (control)")


def test_garbage_is_dropped_and_noted(kernel):
    """Wrong keys, replays, truncated and random frames: the kernel lives, and its log is short."""
    session = Session(kernel.info.key)
    stranger = Session("another key")
    request = session.encode(session.message(Channel.SHELL, "kernel_info_request"))
    rng = random.Random(7)
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(kernel.info.url("shell"))
        socket.send_multipart(request)
        assert socket.poll(60_000)
        assert socket.recv_multipart()
        for _ in range(50):
            socket.send_multipart(request)  # replayed
            socket.send_multipart(
                stranger.encode(stranger.message(Channel.SHELL, "kernel_info_request"))
            )
            socket.send_multipart(request[: rng.randrange(1, len(request))])
            socket.send_multipart(
                [rng.randbytes(rng.randrange(40)) for _ in range(rng.randrange(1, 8))]
            )
            socket.send_multipart([DELIMITER, b"", b"{", b"[]", b"\xff", b""])
        socket.send_multipart(session.encode(session.message(Channel.SHELL, "kernel_info_request")))
        assert socket.poll(60_000)
        assert session.decode(socket.recv_multipart()).msg_type == "kernel_info_reply"
        assert not socket.poll(0)
    assert kernel.process.poll() is None
    lines = kernel.said().splitlines()
    assert [
        line for line in lines if "replayed" in line or "another key" in line or "dropped" in line
    ]
    assert len(lines) <= 4


def test_a_killed_client_harms_nobody(kernel):
    """Its kernel goes on, and a new client of the same session takes its place."""
    code = (
        "import sys, json\n"
        "from nuncius.protocol.client.blocking import Client\n"
        "from nuncius.protocol.connection import load_connection_file\n"
        "from nuncius.protocol.transport.zmq import ZmqChannels\n"
        f"client = Client(ZmqChannels(load_connection_file({str(kernel.path)!r})))\n"
        "client.__enter__()\n"
        "client.wait_until_ready(timeout=60)\n"
        "for message in client.execute('n = 0\\nfor n in range(3000): print(n, flush=True)'):\n"
        "    if message.msg_type == 'stream': print('go', flush=True)\n"
    )
    write_connection_file(kernel.info, kernel.path)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"go\n"
        other.kill()
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        assert texts(run(client, "print(n)")) == "2999\n"


def test_a_client_that_never_reads_does_not_hang_the_kernel(kernel):
    with zmq.Context() as context, context.socket(zmq.SUB) as deaf:
        deaf.linger = 0
        deaf.set(zmq.RCVHWM, 1)
        deaf.set(zmq.SUBSCRIBE, b"")
        deaf.connect(kernel.info.url("iopub"))
        with kernel.client() as client:
            client.wait_until_ready(timeout=60)
            code = "for n in range(2000): io.publish('display_data', {'data': {'text/plain': 'x' * 1000}})"
            assert len(run(client, code)) == 2001


def test_many_clients_connect(kernel):
    """A thousand clients come, and each is answered."""
    session = Session(kernel.info.key)
    with zmq.Context() as context:
        context.set(zmq.MAX_SOCKETS, 2000)
        sockets = []
        for _ in range(1000):
            socket = context.socket(zmq.DEALER)
            socket.linger = 0
            socket.connect(kernel.info.url("shell"))
            socket.send_multipart(
                session.encode(session.message(Channel.SHELL, "kernel_info_request"))
            )
            sockets.append(socket)
        try:
            assert all(socket.poll(60_000) for socket in sockets)
        finally:
            for socket in sockets:
                socket.close()
    assert kernel.process.poll() is None


def test_each_subscriber_is_welcomed(shared):
    session = Session(shared.info.key)
    with zmq.Context() as context:
        for _ in range(2):
            with context.socket(zmq.SUB) as socket:
                socket.linger = 0
                socket.set(zmq.SUBSCRIBE, b"")
                socket.connect(shared.info.url("iopub"))
                assert socket.poll(60_000)
                message = session.decode(socket.recv_multipart(), Channel.IOPUB)
                assert (message.msg_type, message.content) == (
                    "iopub_welcome",
                    {"subscription": ""},
                )


def test_it_stays_small(kernel):
    """Six threads, and less than 20 MiB that it does not share with other processes."""
    folder = Path(f"/proc/{kernel.process.pid}")
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        code = "import threading\nprint(*(thread.name for thread in threading.enumerate()))"
        names = sorted(texts(run(client, code)).split())
        assert names == ["MainThread", "nuncius-control", "nuncius-heartbeat", "nuncius-io"]
        # Besides these: two of ZeroMQ.
        assert len(list((folder / "task").iterdir())) == 6
        sizes = (folder / "smaps_rollup").read_text().split("\nPss:")[1]
        assert int(sizes.split()[0]) < 20 * 1024


def test_garbage_is_looked_for_in_what_cells_make_only(client):
    assert texts(run(client, "import gc\nprint(gc.isenabled(), gc.get_freeze_count() > 0)")) == (
        "True True\n"
    )


def test_threads_take_turns_more_often_for_a_control_request_and_a_moment_after_it(client):
    code = """
import sys
before = sys.getswitchinterval()
sys.setswitchinterval(0.004)
print("begun", flush=True)
while sys.getswitchinterval() > 0.001: pass
while sys.getswitchinterval() < 0.001: pass
print(round(sys.getswitchinterval(), 6))
sys.setswitchinterval(before)
"""
    execution = client.execute(code)
    next(iter(message for message in execution if message.msg_type == "stream"))
    client.kernel_info(channel=Channel.CONTROL, timeout=60)
    assert execution.result(60).text() == "begun\n0.004\n"


# -- ways to listen


def serving(*arguments, **environment):
    """Start a kernel in a process of its own, with these arguments."""
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "JPY_PARENT_PID": str(os.getpid()), **environment},
    )


def greets(info):
    with Client(ZmqChannels(info)) as client:
        client.wait_until_ready(timeout=60)
        said = texts(run(client, "print('hello')"))
        client.shutdown(timeout=60)
    return said


def test_a_kernel_that_is_started_by_hand_says_how_to_reach_it(tmp_path):
    """It writes its own connection file, for this user only, and removes it."""
    with serving(JUPYTER_RUNTIME_DIR=str(tmp_path)) as process:
        line = process.stderr.readline()
        path = Path(line.split("--existing ")[1].strip())
        assert path.parent == tmp_path
        assert path.stat().st_mode & 0o777 == 0o600
        assert greets(load_connection_file(path)) == "hello\n"
        assert process.wait(60) == 0
        assert process.stderr.read() == ""
    assert not path.exists()


def test_it_writes_the_file_that_it_is_told_to(tmp_path):
    path = tmp_path / "mine.json"
    with serving("-f", str(path), "--ip=127.0.0.2") as process:
        assert str(path) in process.stderr.readline()
        info = load_connection_file(path)
        assert (info.ip, greets(info)) == ("127.0.0.2", "hello\n")
        assert process.wait(60) == 0
    assert not path.exists()


def test_it_listens_on_unix_sockets():
    """Their paths are short, so the folder is too."""
    with tempfile.TemporaryDirectory(prefix="n", dir="/tmp") as folder:
        path = Path(folder) / "k.json"
        ports = {f"{channel}_port": n for n, channel in enumerate(Channel, 1)}
        info = ConnectionInfo(transport="ipc", ip=f"{folder}/k", key=new_key()).with_ports(ports)
        write_connection_file(info, path)
        with serving("-f", str(path)) as process:
            assert greets(info) == "hello\n"
            assert process.wait(60) == 0


def test_it_encrypts_when_the_file_has_a_key_pair(tmp_path):
    """A client without the keys hears nothing."""
    path = tmp_path / "k.json"
    with zmq.Context() as context:
        registrar = Registrar(context)
        invited = registrar.invite(with_new_keys(ConnectionInfo(key=new_key())), "test")
        write_connection_file(invited, path)
        with serving("-f", str(path)) as process:
            assert registrar.socket.poll(60_000)
            info = registrar.receive(invited, Session(invited.key))
            registrar.close()
            session = Session(info.key)
            with context.socket(zmq.DEALER) as stranger:
                stranger.linger = 0
                stranger.connect(info.url("shell"))
                stranger.send_multipart(
                    session.encode(session.message(Channel.SHELL, "kernel_info_request"))
                )
                assert greets(info) == "hello\n"
                assert not stranger.poll(0)
            assert process.wait(60) == 0


# -- the end of those around it


def test_it_ends_with_its_parent(tmp_path):
    """The kernel's parent is killed, and so cannot say goodbye."""
    path = tmp_path / "k.json"
    with zmq.Context() as context:
        registrar = Registrar(context)
        invited = registrar.invite(ConnectionInfo(key=new_key()), "test")
        write_connection_file(invited, path)
        code = (
            "import os, subprocess, sys\n"
            "environment = {**os.environ, 'JPY_PARENT_PID': str(os.getpid())}\n"
            f"kernel = subprocess.Popen([sys.executable, {str(SCRIPT)!r}, '-f', {str(path)!r}], env=environment)\n"
            "print(kernel.pid, flush=True)\n"
            "kernel.wait()\n"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
            kernel_pid = int(parent.stdout.readline())
            assert registrar.socket.poll(60_000)
            registrar.receive(invited, Session(invited.key))
            registrar.close()
            watched = os.pidfd_open(kernel_pid)
            try:
                parent.kill()
                assert select.select([watched], [], [], 10)[0], "the kernel lives on"
                assert not path.exists()
            finally:
                os.close(watched)


def test_a_kernel_that_cannot_register_leaves_no_file(tmp_path):
    """Who wrote the file is gone, and somebody else listens there."""
    path = tmp_path / "k.json"
    with zmq.Context() as context:
        registrar = Registrar(context)
        write_connection_file(registrar.invite(ConnectionInfo(key=new_key()), "test"), path)
        with subprocess.Popen(
            [sys.executable, str(SCRIPT), "-f", str(path)], stderr=subprocess.PIPE, text=True
        ) as process:
            assert registrar.socket.poll(60_000)
            kernel, *_ = registrar.socket.recv_multipart()
            registrar.socket.send_multipart([kernel, b"who", b"are", b"you?"])
            said = process.communicate(timeout=60)[1]
        registrar.close()
    assert (process.returncode, path.exists()) == (1, False)
    assert "was not for us" in said


@pytest.mark.parametrize(
    "ending",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "import threading; threading.Event().wait(60)",
    ],
)
def test_ctrl_c_ends_a_shutdown_that_takes_long(kernel, ending):
    """What the kernel does at its end is interrupted; the process ends in good order."""
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        run(client, "def at_end():\n    io.publish('display_data', {})\n    " + ending)
        ending_began = threading.Event()
        client.subscribe(
            lambda event: (
                ending_began.set()
                if getattr(getattr(event, "message", None), "msg_type", "") == "display_data"
                else None
            )
        )
        client.shutdown(timeout=60)
        while not ending_began.is_set():
            client.poll(10)
        os.kill(kernel.process.pid, signal.SIGINT)
        assert kernel.process.wait(60) == 0


@pytest.mark.parametrize("count", [1, 2, 5])
def test_ctrl_c_after_the_shutdown_was_answered_changes_nothing(kernel, count):
    with kernel.client() as client:
        client.wait_until_ready(timeout=60)
        client.shutdown(timeout=60)
        for _ in range(count):
            os.kill(kernel.process.pid, signal.SIGINT)
        assert kernel.process.wait(60) == 0
    assert "Traceback" not in kernel.said()
