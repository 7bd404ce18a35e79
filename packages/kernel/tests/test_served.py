"""The kernel where people meet it: as a process over ZeroMQ, and in the process of a frontend."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.core.lifecycle import RestartPolicy
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.manager.options import ManagerOptions
from nuncius.protocol.serving import CallHost, find_kernel
from nuncius.protocol.transport.memory import MemoryChannels

LIMIT = 60


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Client]]:
    """A kernel process with a client."""
    folder = tmp_path_factory.mktemp("nuncius")
    spec = kernel_spec(env={"NUNCIUS_DIR": str(folder)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        yield manager, client


@pytest.fixture
def client(process: tuple[Any, Client]) -> Client:
    return process[1]


@pytest.fixture
def hosted() -> Iterator[Client]:
    """A kernel in this process."""
    host = CallHost(find_kernel("python")(startup=False))
    with Client(MemoryChannels(host)) as client:
        yield client
    host.close()


def run(client: Client, code: str, **options: Any) -> Any:
    return client.execute(code, **options).result(LIMIT)


def test_a_first_conversation(client):
    assert run(client, "x = 20").ok
    assert run(client, "x + 1").data["text/plain"] == "21"
    assert run(client, "print('hello')").text() == "hello\n"
    error = run(client, "1/0").error
    assert (error.ename, error.evalue) == ("ZeroDivisionError", "division by zero")


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "import asyncio; await asyncio.sleep(60)",
        "input()",
        "import subprocess; subprocess.run(['sleep', '60'], check=True)",
        "while True: print('more', flush=True)",
        "%time input()",
        "import threading; threading.Event().wait()",
        "class Value:\n def __del__(self):\n  while True: pass\nvalue = Value()\ndel value\nwhile True: pass",
    ],
)
def test_every_kind_of_waiting_can_be_interrupted(process, code):
    manager, client = process
    ready = threading.Event()

    def interrupt() -> None:
        ready.wait(LIMIT)
        manager.interrupt()

    def on_output(message: Any) -> None:
        if message.msg_type == "stream":
            ready.set()

    def on_input(question: Any) -> str:
        manager.interrupt()
        return "too late"

    if "input()" in code:
        result = client.execute(code, on_input=on_input).result(LIMIT)
    else:
        thread = threading.Thread(target=interrupt)
        thread.start()
        code = f"print('go', flush=True)\n{code}"
        result = client.execute(code, on_output=on_output).result(LIMIT)
        thread.join(LIMIT)
    assert result.error.ename in ("KeyboardInterrupt", "CalledProcessError")
    # where in the kernel it came is of no interest
    assert re.findall(r"nuncius/(?:kernel|protocol)|zmq/", "\n".join(result.error.traceback)) == []
    assert run(client, "'alive'").ok


def test_a_command_is_interrupted_and_the_cell_goes_on(process):
    manager, client = process

    def on_output(message: Any) -> None:
        if message.msg_type == "stream":
            manager.interrupt()

    result = client.execute("!echo go; sleep 60", on_output=on_output).result(LIMIT)
    assert result.ok
    assert run(client, "_exit_code < 0 or _exit_code == 130").data["text/plain"] == "True"


def test_tasks_go_on_between_cells(client):
    run(
        client,
        "import asyncio\ndone = asyncio.Event()\nasync def f():\n    await asyncio.sleep(0.01)\n    done.set()",
    )
    run(client, "task = asyncio.create_task(f())")
    assert run(client, "await asyncio.wait_for(done.wait(), 60)").data["text/plain"] == "True"


def test_output_of_threads_and_tasks_belongs_to_their_cell(client):
    first = client.execute(
        "import threading\nevent = threading.Event()\n"
        "def late():\n    event.wait(60)\n    print('late')\n    finished.set()\n"
        "finished = threading.Event()\nthread = threading.Thread(target=late)\nthread.start()"
    )
    first.result(LIMIT)
    orphans: list[Any] = []
    unsubscribe = client.subscribe(orphans.append)
    result = run(client, "event.set(); finished.wait(60); print('mine')")
    unsubscribe()
    assert result.text() == "mine\n"
    assert any("late" in str(event) and first.msg_id in str(event) for event in orphans)


ENDED = """
import multiprocessing
fork = multiprocessing.get_context("fork")
with fork.Pool(2) as pool:
    print(pool.map(abs, [-1, -2]))
ready, never = fork.Event(), fork.Event()
def work():
    ready.set()
    never.wait()
worker = fork.Process(target=work)
worker.start()
ready.wait()
worker.terminate()
worker.join()
print(worker.exitcode)
"""


def test_workers_of_a_pool_end_silently(client):
    """They inherit the kernel's handlers of signals, which are not for them."""
    outputs = run(client, ENDED).outputs
    assert [(o.get("name"), o.get("text")) for o in outputs] == [
        ("stdout", f"[1, 2]\n{-signal.SIGTERM}\n")
    ]


def test_children_of_every_kind_print_whole_lines_into_their_cell(client):
    code = (
        "import multiprocessing, os\nos.environ.pop('PYTHONUNBUFFERED', None)\n"
        "for kind in ('fork', 'spawn', 'forkserver'):\n"
        "    context = multiprocessing.get_context(kind)\n"
        "    every = [context.Process(target=print, args=(kind, n, 'end')) for n in range(2)]\n"
        "    for child in every: child.start()\n"
        "    for child in every: child.join()"
    )
    assert sorted(run(client, code).text().splitlines()) == [
        f"{kind} {n} end" for kind in ("fork", "forkserver", "spawn") for n in range(2)
    ]


def test_hooks_see_what_is_printed_and_may_keep_it(client):
    code = (
        "import sys\nhook = lambda m: None if 'secret' in m['content']['text'] else m\n"
        "sys.stdout.register_hook(hook)\nprint('secret', end='', flush=True)\nprint('shown')\n"
        "done = sys.stdout.unregister_hook(hook), sys.stdout.unregister_hook(hook)\n"
        "print('secret', done)"
    )
    assert run(client, code).text() == "shown\nsecret (True, False)\n"


def test_large_displays_and_many_of_them(client):
    code = "for i in range(500):\n    display({'text/plain': str(i)}, raw=True)"
    result = run(client, code)
    assert [o["data"]["text/plain"] for o in result.outputs] == [str(i) for i in range(500)]


PICTURE = """
class Picture:
    data = bytes(range(256)) * 8192
    def _repr_png_(self): return self.data
picture = Picture()
"""

HOOKED = """
seen = []
get_ipython().display_pub.register_hook(lambda m: seen.append(m) or m)
display(picture)
get_ipython().display_pub._hooks.clear()
assert type(seen[0]['content']['data']['image/png']) is str
"""


@pytest.mark.parametrize("carrier", ["client", "hosted"])
def test_a_large_picture_arrives_as_base64(request, carrier):
    client = request.getfixturevalue(carrier)
    picture = base64.b64encode(bytes(range(256)) * 8192).decode()
    run(client, PICTURE)
    codes = (
        "display(picture)",
        "picture",
        "with __import__('IPython').utils.capture.capture_output() as c: display(picture)\nc.show()",
        HOOKED,
    )
    for code in codes:
        result = run(client, code)
        assert result.ok, (code, result.error)
        assert [out["data"]["image/png"] == picture for out in result.outputs] == [True], code


def test_libraries_see_a_notebook(client):
    code = "import sys\nimport IPython\n(type(get_ipython()).__name__, get_ipython().config.get('IPKernelApp') is not None)"
    assert run(client, code).data["text/plain"] == "('ZMQInteractiveShell', True)"


def test_comms_are_opened_from_both_sides(client):
    run(
        client,
        "import comm\nheard = []\n"
        "def target(c, msg):\n"
        "    heard.append(msg['content']['data'])\n"
        "    @c.on_msg\n"
        "    def _(m):\n        c.send({'echo': m['content']['data']})\n"
        "comm.get_comm_manager().register_target('mine', target)",
    )
    client.notify("comm_open", {"comm_id": "c1", "target_name": "mine", "data": {"a": 1}})
    events: list[Any] = []
    unsubscribe = client.subscribe(events.append)
    client.notify("comm_msg", {"comm_id": "c1", "data": {"b": 2}})
    assert run(client, "heard").data["text/plain"] == "[{'a': 1}]"
    unsubscribe()
    assert "{'echo': {'b': 2}}" in str(events)
    assert client.comm_info(timeout=LIMIT).content["comms"] == {"c1": {"target_name": "mine"}}
    result = run(client, "c = comm.create_comm(target_name='theirs', data={'x': 1}, comm_id='c2')")
    assert result.ok
    assert run(client, "c.close()").ok
    client.notify("comm_msg", {"comm_id": "nobody", "data": {}})
    client.notify("comm_close", {"comm_id": "c1", "data": {}})
    assert client.comm_info(timeout=LIMIT).content["comms"] == {}


#: It goes on when its comm is told something.
AWAITS_A_COMM = """
import asyncio, comm
answer = asyncio.get_running_loop().create_future()
asked = comm.create_comm(target_name="t", data={})
asked.on_msg(lambda message: answer.set_result(message["content"]["data"]["value"]))
await answer
"""


@pytest.mark.parametrize("queued", [False, True])
def test_a_cell_may_await_what_a_comm_is_told(client, queued):
    cell = client.execute(AWAITS_A_COMM)
    comm_id = next(m for m in cell if m.msg_type == "comm_open").content["comm_id"]
    later = client.execute("answer.result() + 1") if queued else None
    client.notify("comm_msg", {"comm_id": comm_id, "data": {"value": 42}})
    assert cell.result(LIMIT).data == {"text/plain": "42"}
    if later is not None:
        assert later.result(LIMIT).data == {"text/plain": "43"}


def test_the_kernel_starts_lean():
    """What is imported before the first answer is what a person waits for."""
    code = "import sys\nimport nuncius.kernel.app\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    heavy = {"asyncio", "traitlets", "sqlite3", "pathlib", "nuncius.kernel.shell", "tempfile", "IPython", "comm"}  # fmt: skip
    assert loaded & heavy == set()


def test_a_shell_is_made_of_few_modules():
    code = "import sys\nfrom nuncius.kernel.app import build\nbuild(startup=False).shell\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    heavy = {"asyncio", "traitlets", "sqlite3", "tempfile", "comm", "pygments", "jedi", "nuncius.kernel.display.pretty"}  # fmt: skip
    assert loaded & heavy == set()


def test_a_frontend_runs_the_kernel_in_its_own_process(hosted):
    assert run(hosted, "x = 1").ok
    assert run(hosted, "x + 1").data["text/plain"] == "2"
    assert run(hosted, "print('out')").text() == "out\n"
    assert (
        run(hosted, "import asyncio\nawait asyncio.sleep(0, 'slept')").data["text/plain"]
        == "'slept'"
    )
    assert run(hosted, "1/0").error.ename == "ZeroDivisionError"
    assert run(hosted, "import os; os.getpid()").data["text/plain"] == str(os.getpid())


def test_an_interrupt_reaches_a_cell_in_this_process(hosted):
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwhile True: pass"
    assert run(hosted, code).error.ename == "KeyboardInterrupt"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_program_embeds_a_kernel(tmp_path):
    """A running program lets a frontend look at its variables, and goes on when it is done."""
    from nuncius.protocol.connection import load_connection_file
    from nuncius.protocol.transport.zmq import ZmqChannels

    path = tmp_path / "kernel.json"
    program = (
        "from nuncius.kernel.embed import embed_kernel\n"
        "secret = 42\n"
        "def main():\n    local = 'here'\n"
        f"    embed_kernel(connection_file={str(path)!r})\n    return local\n"
        "print(main(), secret)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"NUNCIUS_DIR": str(tmp_path)},
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        assert str(path) in process.stderr.readline()
        with Client(ZmqChannels(load_connection_file(path))) as client:
            client.wait_until_ready(timeout=LIMIT)
            assert run(client, "local, secret").data["text/plain"] == "('here', 42)"
            run(client, "global secret\nsecret = 43")
            client.shutdown(timeout=LIMIT)
        assert process.stdout.read() == "here 43\n"
        assert process.wait(LIMIT) == 0


def test_context_variables_stay_set_from_cell_to_cell(client):
    run(client, "import contextvars\nv = contextvars.ContextVar('v', default=0)\nv.set(1);")
    assert run(client, "v.get()").data["text/plain"] == "1"
    run(client, "import asyncio\nawait asyncio.sleep(0)\nv.set(2);")
    assert run(client, "v.get()").data["text/plain"] == "2"


def test_windows_stay_alive_between_cells(client):
    """A toolkit's events are handled while no cell runs."""
    run(
        client,
        "from nuncius.kernel.gui.loops import register_integration\nimport asyncio\nhandled = asyncio.Event()\n"
        "@register_integration('mine')\n"
        "def make():\n    return handled.set\n"
        "get_ipython().enable_gui('mine')",
    )
    assert run(client, "await asyncio.wait_for(handled.wait(), 60)").ok
    assert run(client, "get_ipython().enable_gui(None)").ok
    assert "no GUI 'nothing'" in run(client, "get_ipython().enable_gui('nothing')").error.evalue


def test_files_of_the_folder_do_not_disturb_the_start(tmp_path):
    """A person's random.py or enum.py is theirs, not Python's; their cells can import it."""
    for name in ("enum", "random", "typing", "zmq"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('mine')")
    (tmp_path / "theirs.py").write_text("value = 7")
    with BlockingKernelManager(kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})) as manager:
        manager.shutdown(now=True)
        manager.start(cwd=tmp_path)
        with manager.client() as client:
            client.wait_until_ready(timeout=LIMIT)
            assert run(client, "import theirs; theirs.value").data["text/plain"] == "7"


def test_a_subshell_answers_while_a_cell_runs(client):
    subshell = client.create_subshell(timeout=LIMIT).content["subshell_id"]
    run(client, "import threading\nfree = threading.Event()")
    first = client.execute("number = get_ipython().execution_count; free.wait(60); 'main'")
    second = client.execute("free.set(); print('sub'); 'quick'", subshell_id=subshell).result(LIMIT)
    assert (second.data["text/plain"], second.text()) == ("'quick'", "sub\n")
    result = first.result(LIMIT)
    assert result.data["text/plain"] == "'main'"
    shown = next(o for o in result.outputs if o["output_type"] == "execute_result")
    assert shown["execution_count"] == result.execution_count
    assert (
        client.execute("1/0", subshell_id=subshell).result(LIMIT).error.ename == "ZeroDivisionError"
    )
    client.delete_subshell(subshell, timeout=LIMIT)


SPEAKING = {
    "%load_ext not_there": ["Cell In"],
    "%%bash\nexit 3": ["Cell In"],
    "import asyncio\nasync def go():\n    await asyncio.sleep(0)\n    1/0\nawait asyncio.create_task(go())": [
        "Cell In",
        "Cell In",
    ],
    "import subprocess\nsubprocess.run(['false'], check=True)": ["Cell In", "File"],
    "%timeit -n1 -r1 1/0": ["Cell In", "Cell In"],
    "%debug 1/0": ["Cell In", "Cell In"],
}


@pytest.mark.parametrize("code", SPEAKING)
def test_an_error_that_says_all_shows_no_code_of_the_kernel(client, code):
    error = run(client, code, on_input=lambda question: "c").error
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
    assert re.findall(r"^(Cell In|File)", text, re.MULTILINE) == SPEAKING[code]
    assert "nuncius/" not in text


def test_what_a_thread_raises_is_told_with_its_source(client):
    code = "import threading\ndef fail():\n    1 / 0\nt = threading.Thread(target=fail, name='mine')\nt.start(); t.join()"
    result = run(client, code)
    text = re.sub(r"\x1b\[[0-9;]*m", "", result.text("stderr"))
    assert text.startswith("Exception in thread mine:\n")
    assert "----> 3     1 / 0" in text
    assert text.endswith("ZeroDivisionError: division by zero\n")
    assert result.ok


def test_a_cell_knows_its_notebook(tmp_path):
    env = {"NUNCIUS_DIR": str(tmp_path), "JPY_SESSION_NAME": "work/first.ipynb"}
    (tmp_path / "first.py").write_text("from_file = 1\n")
    spec = kernel_spec(env=env)
    options = (
        f"--KernelOptions.exec_files={tmp_path / 'first.py'}",
        "--KernelOptions.exec_lines=from_line = from_file + 1",
    )
    spec = replace(spec, argv=(*spec.argv, *options))
    with BlockingKernelManager(spec) as manager, manager.client() as other:
        other.wait_until_ready(timeout=LIMIT)
        code = "__session__, from_file, from_line"
        assert run(other, code).data["text/plain"] == "('work/first.ipynb', 1, 2)"
        assert run(other, "%reset -f\n__session__").data["text/plain"] == "'work/first.ipynb'"


LOOP = """
n = 0
while True:
    try:
        print(f"{{n}}\\n", end="", flush=True)
        {waits}
    except KeyboardInterrupt:
        n += 1
"""
STUBBORN = {
    "computes": LOOP.format(waits="while True: pass"),
    "sleeps": LOOP.format(waits="__import__('time').sleep(60)"),
    "awaits": LOOP.format(waits="await __import__('asyncio').sleep(60)"),
    "in a magic": "%%time" + LOOP.format(waits="__import__('time').sleep(60)"),
}


@pytest.mark.parametrize("code", STUBBORN.values(), ids=STUBBORN)
def test_a_cell_that_catches_interrupts_is_stopped_by_a_harder_one(process, code):
    manager, client = process

    def on_output(message: Any) -> None:
        if message.msg_type == "stream" and message.content["name"] == "stdout":
            manager.interrupt()

    result = client.execute(code, on_output=on_output).result(LIMIT)
    assert result.text().split()[:3] == ["0", "1", "2"]
    assert "The next one it cannot catch" in result.text("stderr")
    assert (result.error.ename, result.error.evalue) == (
        "KeyboardInterrupt",
        "the cell caught the interrupts before",
    )
    # and the next cell begins from the start
    again = client.execute(
        "try:\n    print('go', flush=True)\n    __import__('time').sleep(60)\nexcept KeyboardInterrupt:\n    'mine'",
        on_output=on_output,
    ).result(LIMIT)
    assert again.ok


@pytest.mark.parametrize("goes_on", [False, True], ids=["alone", "with cells behind it"])
def test_exit_ends_the_process_unless_the_frontend_does_what_is_needed(tmp_path, goes_on):
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    options = ManagerOptions(restart=RestartPolicy(enabled=False))
    ended = threading.Event()
    with BlockingKernelManager(spec, options) as manager, manager.client() as client:
        manager.add_callback(lambda *_: ended.set(), "dead")
        client.wait_until_ready(timeout=LIMIT)
        left = run(client, "exit", metadata={"ends_session": True})
        assert left.payload == [{"source": "ask_exit", "keepkernel": False}]
        assert run(client, "exit(keep_kernel=True)").payload[0]["keepkernel"] is True
        assert run(client, "1 + 1").data["text/plain"] == "2"
        last = client.execute("exit")
        if goes_on:
            never = client.execute("print('never')")
            result = never.result(LIMIT)
            assert (result.reply.content["ename"], result.text()) == ("SessionEnded", "")
        assert last.result(LIMIT).payload == [{"source": "ask_exit", "keepkernel": False}]
        assert ended.wait(LIMIT)
        assert manager.last_exit.code == 0


def test_a_reply_says_when_its_cell_began_and_where_the_time_went(client):
    cells = (
        ("import time; time.sleep(0.02)", "ok"),
        ("import asyncio; await asyncio.sleep(0.02)", "ok"),
        ("import time; time.sleep(0.02); 1 / 0", "error"),
    )
    for code, status in cells:
        reply = run(client, code).reply
        metadata = dict(reply.metadata)
        began = datetime.fromisoformat(metadata.pop("started"))
        ended = datetime.fromisoformat(reply.header.date)
        spans = metadata.pop("spans")
        assert sorted(spans) == ["cpu", "prepare", "run"]
        assert 0.02 <= spans["run"] <= (ended - began).total_seconds()
        assert 0 < spans["prepare"] < spans["run"]
        assert metadata == {
            "dependencies_met": True,
            "engine": reply.header.session,
            "status": status,
        }


@pytest.mark.parametrize("shows", ["display(1)", "1", "1 / 0"])
def test_output_of_a_child_comes_before_what_is_shown_after_it(client, shows):
    code = f"import subprocess\nsubprocess.run(['echo', 'child'], check=True);\n{shows}"
    for _ in range(20):
        assert run(client, code).outputs[0]["output_type"] == "stream"


def test_a_handler_of_a_signal_may_show_something_while_the_cell_does(client):
    code = """
import signal
busy, rung = [], 0
def ring(number, frame):
    global rung
    if not busy:
        busy.append(1)
        rung += 1
        display('ring')
        busy.clear()
display('cell')
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
for _ in range(1000):
    display('cell')
signal.setitimer(signal.ITIMER_REAL, 0)
signal.signal(signal.SIGALRM, signal.SIG_DFL)
(rung > 0, rung)
"""
    result = run(client, code)
    shown = [each["data"]["text/plain"] for each in result.outputs]
    rung = shown.count("'ring'")
    assert shown.pop() == f"(True, {rung})"
    assert len(shown) == rung + shown.count("'cell'") == rung + 1001
