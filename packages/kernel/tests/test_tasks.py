"""Cells in the background: a kernel as a process with a client, and a kernel in the process of its frontend."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest

from nuncius.kernel.errors import UsageError
from nuncius.kernel.install import kernel_spec
from nuncius.kernel.runner import drive
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.messages import Channel
from nuncius.protocol.serving import CallHost, find_kernel
from nuncius.protocol.transport.memory import MemoryChannels

LIMIT = 60

#: The arguments of ``%%bg``, and how the cell waits for the event ``go`` of this class.
KINDS = {
    "task": ("", "await go.wait()", "asyncio.Event()"),
    "thread": ("", "go.wait(60)", "threading.Event()"),
    "loop of its own": ("--thread", "await asyncio.to_thread(go.wait, 60)", "threading.Event()"),
}


class Talk:
    """A client that keeps what each cell shows, whenever it comes."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.messages: dict[str, list[Any]] = {}
        client.subscribe(self._hear)

    def _hear(self, event: Any) -> None:
        message = getattr(event, "message", None)
        if message is None or message.channel is not Channel.IOPUB or message.parent is None:
            return
        if message.msg_type not in ("status", "execute_input"):
            self.messages.setdefault(message.parent.msg_id, []).append(message)

    def run(self, code: str, **options: Any) -> Any:
        return self.client.execute(code, **options).result(LIMIT)

    def value(self, code: str) -> str:
        return self.run(code).check().data["text/plain"]

    def begin(self, code: str, **options: Any) -> str:
        """Run a cell whose code goes on, and return the id of its request."""
        execution = self.client.execute(code, **options)
        execution.result(LIMIT).check()
        return execution.msg_id

    def shown(self, msg_id: str) -> list[str]:
        """What a cell shows, as a person reads it; times are ``N s``."""
        lines: list[str] = []
        texts = ""
        for message in [*self.messages.get(msg_id, ()), None]:
            if message is not None and message.msg_type == "stream":
                texts += message.content["text"]
                continue
            if texts:
                lines.append(texts)
                texts = ""
            if message is not None:
                lines.append(_text(message))
        return [
            re.sub(r"[0-9.]+ s\b", "N s", line) if "<CellTask" in line else line for line in lines
        ]

    def until(self, condition: Callable[[], bool]) -> None:
        end = monotonic() + LIMIT
        while not condition():
            assert monotonic() < end, [self.shown(msg_id) for msg_id in [*self.messages][-5:]]
            self.client.poll(1)

    def end_of(self, msg_id: str) -> list[str]:
        """What a cell shows when its task has ended; one that is quick may end before its handle is shown."""
        ended = re.compile(r"(update: )?<CellTask .*(done|failed|canceled)")
        self.until(lambda: any(ended.match(line) for line in self.shown(msg_id)))
        return self.shown(msg_id)


def _text(message: Any) -> str:
    content = message.content
    if message.msg_type == "error":
        return f"error: {content['ename']}: {content['evalue']}"
    kind = {"update_display_data": "update: ", "execute_result": "result: "}
    return kind.get(message.msg_type, "") + str(content["data"]["text/plain"])


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Talk]]:
    """A kernel process with a client."""
    folder = tmp_path_factory.mktemp("nuncius")
    spec = kernel_spec(env={"NUNCIUS_DIR": str(folder)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        talk = Talk(client)
        talk.run("import asyncio, threading, time").check()
        yield manager, talk


@pytest.fixture
def talk(process: tuple[Any, Talk]) -> Talk:
    return process[1]


# -- what a cell in the background is


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_cell_need_not_wait(talk, kind):
    """It runs on while others do; what it says belongs to it, and what it assigns to all."""
    arguments, wait, event = KINDS[kind]
    talk.run(f"go = {event}\nx = 0").check()
    number = int(talk.value("get_ipython().execution_count")) + 1
    cell = f"%%bg {arguments} download\n{wait}\nprint('late')\nx = 5\nx + 1"
    download = talk.begin(cell)
    assert talk.value("x, download.done()") == "(0, False)"
    assert re.match(
        r"'<CellTask download, In.[0-9]+.: running for 0.", talk.value("repr(download)")
    )
    assert talk.value("40 + 2") == "42"
    talk.run("go.set()").check()
    assert talk.value("await download") == "6"
    assert talk.end_of(download) == [
        f"<CellTask download, In[{number}]: running>",
        "late\n",
        "6",
        f"update: <CellTask download, In[{number}]: done in N s>",
    ]
    assert talk.value(f"Out[{number}] is download, x, download.result()") == "(True, 5, 6)"
    assert talk.value(f"_i{number} == {cell!r}") == "True"


def test_without_a_name_it_is_the_number_of_its_cell(talk):
    number = int(talk.value("go = asyncio.Event(); get_ipython().execution_count")) + 1
    first = talk.begin("%%bg\nawait go.wait();")
    second = talk.begin("%%bg second\nawait go.wait(); 'not shown';")
    rows = talk.run("%tasks").text().splitlines()
    assert rows[0].split() == ["Name", "Cell", "State"]
    assert [re.sub(" for .*", "", re.sub("  +", " ", row)) for row in rows[-2:]] == [
        f"In[{number}] In[{number}] running",
        f"second In[{number + 1}] running",
    ]
    offered = "list(get_ipython().completer.complete('%cancel ').matches)"
    assert {f"In[{number}]", "all", "second"} <= set(
        json.loads(talk.value(offered).replace("'", '"'))
    )
    assert talk.value(f"go.set()\nawait Out[{number}], await second") == "(True, 'not shown')"
    assert [
        line for line in talk.end_of(first) + talk.end_of(second) if "CellTask" not in line
    ] == []
    talk.run("%reset -f out\ndel second, go").check()


def test_magics_work_in_it(talk):
    """``%%capture`` and ``%%time`` are of the code, when they are in the cell."""
    talk.run("go = asyncio.Event()").check()
    kept = talk.begin("%%bg kept\n%%capture output\nawait go.wait()\nprint('kept')\n7")
    timed = talk.begin("%%bg timed\n%%time\nawait go.wait()\nprint('timed')")
    talk.run("go.set()\nawait kept\nawait timed").check()
    assert talk.value("output.stdout, output.outputs[0].data['text/plain']") == "('kept\\n', '7')"
    assert ["kept\n" in talk.end_of(kept), len(talk.end_of(kept))] == [False, 2]
    printed = talk.end_of(timed)[1]
    assert printed.startswith("timed\nCPU times")
    assert "Wall time" in printed


def test_each_has_context_variables_of_its_own(talk):
    talk.run("import contextvars\nvariable = contextvars.ContextVar('v', default=0)").check()
    code = "%%bg {0}\nvariable.set('{0}')\nawait asyncio.sleep(0)\nvariable.get()"
    for name in ("one", "two"):
        talk.begin(code.format(name))
    assert talk.value("await one, await two, variable.get()") == "('one', 'two', 0)"


def test_in_a_subshell_it_has_a_thread(talk):
    client = talk.client
    reply = client.request("create_subshell_request", channel=Channel.CONTROL)
    subshell = reply.content["subshell_id"]
    aside = talk.begin(
        "%%bg aside\nawait asyncio.sleep(0)\nprint('from there')\n'there'", subshell_id=subshell
    )
    talk.end_of(aside)
    assert talk.value("await aside") == "'there'"
    talk.until(lambda: "from there" in "".join(talk.shown(aside)))
    client.request("delete_subshell_request", {"subshell_id": subshell}, channel=Channel.CONTROL)


# -- failures


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_is_shown_once_in_its_own_cell(talk, kind):
    """The kernel goes on; what the frames held is free after the next success, and the traceback is still there."""
    arguments, wait, event = KINDS[kind]
    talk.run(
        f"import weakref\ngo = {event}\nclass Big: pass\n"
        "def work():\n    global ref\n    big = Big()\n    ref = weakref.ref(big)\n    1 / 0"
    ).check()
    bad = talk.begin(f"%%bg {arguments} bad\n{wait}\nwork()")
    talk.run("go.set()").check()
    _, error, end = talk.end_of(bad)
    assert error == "error: ZeroDivisionError: division by zero"
    assert end.endswith(": failed after N s: ZeroDivisionError>")
    traceback = "\n".join(talk.messages[bad][1].content["traceback"])
    assert "work()" in traceback
    assert "nuncius" not in traceback
    talk.run("0").check()
    assert (
        talk.value("ref() is None, type(bad.exception()).__name__") == "(True, 'ZeroDivisionError')"
    )
    raised = talk.run("await bad").error
    assert raised.ename == "ZeroDivisionError"
    assert "work()" in "\n".join(raised.traceback)
    assert talk.shown(bad)[1:-1] == [error]


def test_a_failure_that_somebody_awaits_is_theirs(talk):
    talk.run("go = asyncio.Event()").check()
    bad = talk.begin("%%bg bad\nawait go.wait()\n{}['key']")
    error = talk.run("asyncio.get_running_loop().call_soon(go.set)\nawait bad").error
    assert (error.ename, error.evalue) == ("KeyError", "'key'")
    assert ["CellTask" in line for line in talk.end_of(bad)] == [True, True]


def test_it_cannot_ask(talk):
    asking = talk.begin("%%bg\ninput('who? ')")
    refusal = "error: StdinNotSupported: a cell in the background cannot ask"
    talk.until(lambda: any(line.startswith(refusal) for line in talk.shown(asking)))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%%bg 1x\n2", "%%bg: expected the name of a variable, or nothing, got '1x'"),
        ("%%bg class\n2", "%%bg: expected the name of a variable, or nothing, got 'class'"),
        ("%cancel", "%cancel: a name, the number of a cell, or 'all' is required; see %tasks"),
        ("%cancel x", "%cancel: nothing runs in the background that is 'x'; see %tasks"),
        ("%%bg\nprint(", "'(' was never closed"),
        ("%%bg\nfrom math import nothing_\nawait 1 +", "invalid syntax"),
    ],
)
def test_what_cannot_be_done_is_said(shell, code, expected):
    error = shell.run_cell(code).error_in_exec
    assert isinstance(error, UsageError | SyntaxError)
    assert str(error).startswith(expected)


def test_only_asyncio_goes_on_between_cells(shell):
    shell.loop_runner = drive
    result = shell.run_cell("%%bg\nawait f()")
    assert isinstance(result.error_in_exec, UsageError)
    assert "%autoawait asyncio" in str(result.error_in_exec)


# -- ending it


ENDINGS = {
    "method": lambda talk, msg_id: talk.run("long.cancel()").check(),
    "name": lambda talk, msg_id: talk.run("%cancel long").check(),
    "number": lambda talk, msg_id: talk.run("%cancel {long.number}").check(),
    "all": lambda talk, msg_id: talk.run("%cancel all").check(),
    "message": lambda talk, msg_id: talk.client.interrupt(msg_id=msg_id),
}


@pytest.mark.parametrize(
    ("code", "way"),
    [
        ("%%bg long\nawait asyncio.sleep(600)", "method"),
        ("%%bg long\nawait asyncio.sleep(600)", "message"),
        ("%%bg long\nwhile True: time.sleep(0.001)", "name"),
        ("%%bg long\nwhile True: time.sleep(0.001)", "message"),
        ("%%bg long\nwhile True: print('.', end='')", "number"),
        ("%%bg --thread long\nawait asyncio.sleep(600)", "all"),
        ("%%bg --thread long\nawait asyncio.sleep(0)\nwhile True: time.sleep(0.001)", "message"),
    ],
)
def test_it_can_be_canceled(talk, code, way):
    long = talk.begin(code)
    ENDINGS[way](talk, long)
    shown = talk.end_of(long)
    assert re.search(r"canceled after N s>$", shown[-1])
    assert not any(line.startswith("error") for line in shown)
    assert talk.value("long.cancelled(), long.done(), long.cancel()") == "(True, True, False)"
    error = talk.run("await long").error
    assert (error.ename, error.evalue) == ("CancelledError", "the task long was canceled")


@pytest.mark.parametrize(
    ("source", "thread"),
    [
        ("await asyncio.sleep(600)", False),
        ("while True: print('.', end='')", False),
        ("await asyncio.sleep(600)", True),
    ],
)
def test_it_can_be_canceled_at_any_moment(talk, source, thread):
    """Also before it has begun: it ends, and nothing is said of code that has not run."""
    start = f"get_ipython().tasks.start({source!r}, 'early', thread={thread})"
    cell = talk.begin(
        f"ends = []\nfor n in range(40):\n    early = {start}\n    time.sleep(n * 0.00005)\n"
        "    early.cancel()\n    try: await early\n    except Exception as error: ends.append(type(error).__name__)"
    )
    assert talk.value("set(ends), len(ends)") == "({'CancelledError'}, 40)"
    assert [line for line in talk.shown(cell) if line.strip(".")] == []


def test_an_interrupt_is_for_the_cell_that_waits(process):
    manager, talk = process
    talk.run("go, ready = asyncio.Event(), threading.Event()").check()
    a = talk.begin("%%bg a\nawait go.wait();")
    b = talk.begin("%%bg b\nready.wait(60)")
    for interrupt in (manager.interrupt, talk.client.interrupt):
        cell = talk.client.execute("print('on')\nawait a")
        talk.until(lambda: talk.shown(cell.msg_id) == ["on\n"])  # noqa: B023 - called here
        interrupt()
        assert cell.result(LIMIT).error.ename == "KeyboardInterrupt"
    assert talk.value("a.done(), b.done()") == "(False, False)"
    talk.run("go.set(); ready.set()").check()
    assert talk.end_of(a)[1:] == [talk.shown(a)[-1]]
    assert talk.end_of(b)[-1].endswith("done in N s>")


@pytest.mark.parametrize("code", ["time.sleep(600)", "while True: print('.', end='')"])
@pytest.mark.parametrize("aimed", [True, False])
def test_a_task_that_holds_the_kernel_can_be_interrupted(talk, code, aimed):
    """By its own id at once; by an interrupt for nobody, when the kernel has not answered for a while."""
    hog = talk.begin(f"%%bg hog\nawait asyncio.sleep(0)\nprint('holds', flush=True)\n{code}")
    talk.until(lambda: "holds" in "".join(talk.shown(hog)))
    waiting = talk.client.execute("'alive'")

    def answers() -> bool:
        talk.client.interrupt(msg_id=hog if aimed else None)
        return waiting.finished

    talk.until(answers)
    assert talk.end_of(hog)[-1].endswith("canceled after N s>")


def test_one_cell_is_interrupted_and_no_other(talk):
    """One that runs, whether it computes or awaits, and one that waits behind it."""
    client = talk.client
    options = {"stop_on_error": False}
    for code in ("while True: time.sleep(0.001)", "await asyncio.sleep(600)"):
        cells = [client.execute(f"print('on')\n{code}", **options)]
        cells += [client.execute(f"'{n}'", **options) for n in range(3)]
        talk.until(lambda: talk.shown(cells[0].msg_id) == ["on\n"])  # noqa: B023 - called here
        client.interrupt(msg_id=cells[2].msg_id)
        assert not cells[0].finished
        client.interrupt(msg_id=cells[0].msg_id)
        results = [cell.result(LIMIT) for cell in cells]
        assert [result.status for result in results] == ["error", "ok", "aborted", "ok"]
        assert results[0].error.ename == "KeyboardInterrupt"
    client.interrupt(msg_id=cells[3].msg_id)  # over
    assert talk.value("1") == "1"
    assert client.interrupt(msg_id=5).content["status"] == "error"  # type: ignore[arg-type]


def test_an_interrupt_that_comes_late_hits_no_other(talk):
    for _ in range(50):
        short = talk.client.execute("for i in range(20): pass")
        talk.client.interrupt(msg_id=short.msg_id)
        after = talk.client.execute("2")
        statuses = (short.result(LIMIT).status, after.result(LIMIT).status)
        assert statuses in {("ok", "ok"), ("aborted", "ok"), ("error", "ok"), ("error", "aborted")}


def test_they_end_with_the_kernel_and_say_nothing(tmp_path):
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        talk = Talk(client)
        talk.run("import asyncio, time").check()
        for code in (
            "await asyncio.sleep(600)",
            "while True: time.sleep(0.001)",
            "time.sleep(600)",
        ):
            talk.begin(f"%%bg\n{code}")
        began = monotonic()
        client.shutdown()
        ended = manager.wait()
        assert (ended.code, ended.output) == (0, "")
        assert monotonic() - began < 5


# -- in the process of a frontend


@pytest.fixture
def hosted() -> Iterator[tuple[CallHost, MemoryChannels, Talk]]:
    """A kernel in this process."""
    host = CallHost(find_kernel("python")(startup=False))
    channels = MemoryChannels(host)
    with Client(channels) as client:
        yield host, channels, Talk(client)
    host.close()


def test_in_process_it_goes_on_while_a_prompt_waits(hosted):
    """What a thread shows, the frontend hears of at once."""
    import asyncio

    host, channels, talk = hosted
    told = threading.Event()
    channels.on_waiting = told.set
    task = talk.begin("%%bg task\nimport asyncio\nawait asyncio.sleep(0)\n'from a task'")
    host.run(asyncio.sleep(0.01))
    assert talk.shown(task)[1] == "'from a task'"
    assert talk.end_of(task)[2].endswith("done in N s>")
    talk.run("import threading; go = threading.Event()").check()
    thread = talk.begin("%%bg thread\ngo.wait(60)\n'from a thread'")
    assert len(talk.shown(thread)) == 1
    talk.run("go.set()").check()
    assert told.wait(LIMIT)
    assert talk.end_of(thread)[1] == "'from a thread'"


def test_in_process_one_cell_is_interrupted(hosted):
    _, _, talk = hosted
    task = talk.begin("%%bg task\nimport asyncio\nawait asyncio.sleep(600)")
    talk.client.interrupt(msg_id=task)
    assert talk.run("await task").error.ename == "CancelledError"
    talk.begin("%%bg left\nawait asyncio.sleep(600)")  # ends with the host
