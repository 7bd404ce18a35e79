"""The debugger in threads whose cell has ended: it asks in a cell that runs, and says so where there is none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.serving import CallHost, find_kernel
from nuncius.protocol.transport.memory import MemoryChannels

LIMIT = 60

#: A thread that outlives its cell, and stops when it is told to: through a pipe, which needs no cell.
THREAD = """
import threading
done, kept = threading.Event(), []
def work():
    open('PIPE').close()
    x = 41
    breakpoint()
    x += 1
    kept.append(x)
    done.set()
thread = threading.Thread(target=work, name='worker', daemon=True)
thread.start()
"""


class Person:
    """Reads what is shown, and answers the debugger."""

    def __init__(self, client: Any, manager: BlockingKernelManager, pipe: Path) -> None:
        os.mkfifo(pipe)
        self.pipe = pipe
        self.client = client
        self.manager = manager
        self.shown = ""
        client.subscribe(self._hear)

    def _hear(self, event: Any) -> None:
        message = getattr(event, "message", event)
        if getattr(message, "msg_type", "") == "stream":
            self.shown += message.content["text"]

    def start_thread(self, code: str = THREAD) -> None:
        assert self.run(code.replace("PIPE", str(self.pipe))).ok

    def go(self) -> None:
        """Have the thread go on to its breakpoint, now that no cell runs."""
        self.pipe.open("w").close()
        self.sees("The thread 'worker' has stopped in the debugger, and its cell has ended")

    def sees(self, text: str) -> None:
        end = monotonic() + LIMIT
        while text not in self.shown:
            assert monotonic() < end, f"{text!r} was not shown, but {self.shown!r}"
            self.client.poll(1)

    def run(self, code: str, *answers: str, on_input: Callable[[Any], str] | None = None) -> Any:
        """Run a cell, and answer what it asks; everything has to be asked."""
        left = list(answers)

        def answer(_question: Any) -> str:
            return left.pop(0)

        result = self.client.execute(code, on_input=on_input or answer).result(LIMIT)
        assert left == []
        return result


@pytest.fixture
def person(tmp_path: Any) -> Iterator[Person]:
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        yield Person(client, manager, tmp_path / "pipe")


def test_it_asks_in_the_next_cell_and_is_stepped_through_there(person):
    person.start_thread()
    person.go()
    silent = person.client.execute("kept", silent=True, allow_stdin=False).result(LIMIT)
    assert silent.ok  # a frontend's own cell is not asked
    cell = person.run("pass", "p x", "n", "p x", "c")
    assert [line for line in cell.text().splitlines() if line.isdigit()] == ["41", "42"]
    assert person.run("done.wait(10), kept").data == {"text/plain": "(True, [42])"}
    assert person.run("input('Now? ')", "yes").data == {"text/plain": "'yes'"}


def test_it_asks_in_the_cell_that_runs(person):
    person.start_thread()
    cell = person.run(f"open('{person.pipe}', 'w').close()\nthread.join()\nkept", "x = 1", "c")
    assert cell.data == {"text/plain": "[2]"}


def test_a_cell_that_ends_first_waits_for_its_guest(person):
    person.start_thread()
    asked = []

    def answer(question: Any) -> str:
        asked.append(question.prompt)
        return "c"

    # no matter whether the thread is there before the cell's end: it is asked in this cell, or in the next
    person.run(f"open('{person.pipe}', 'w').close()", on_input=answer)
    person.run("import time\nwhile not done.is_set(): time.sleep(0.01)", on_input=answer)
    assert asked == ["ipdb> "]
    assert person.run("kept").data == {"text/plain": "[42]"}


def test_an_interrupt_ends_the_visit(person):
    person.start_thread()
    person.go()

    def interrupt(_question: Any) -> str:
        person.manager.interrupt()
        return "p 'too late'"

    person.run("pass", on_input=interrupt)
    assert person.run("thread.join(10)\nthread.is_alive(), kept").data == {
        "text/plain": "(False, [])"
    }


def test_a_kernel_with_a_thread_that_waits_ends_when_it_is_told_to(person):
    person.start_thread(THREAD.replace(", daemon=True", ""))
    person.go()
    person.manager.shutdown()
    assert person.manager.last_exit.code == 0


def test_one_that_waits_keeps_nobody_from_stopping(person):
    person.start_thread()
    person.go()
    refused = person.client.execute("breakpoint()\n1", allow_stdin=False).result(LIMIT)
    assert refused.error.ename == "StdinNotSupported"
    seen = []

    def answer(question: Any) -> str:
        seen.append(question.prompt)
        return "c"

    person.run("breakpoint()\n1", on_input=answer)  # the cell, and its guest
    assert seen == ["ipdb> ", "ipdb> "]
    assert person.run("done.wait(10), kept").data == {"text/plain": "(True, [42])"}


def test_threads_ask_in_a_kernel_of_this_process(tmp_path):
    """The cell waits for its thread, and the thread for an answer: the client answers where it is asked."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    host = CallHost(find_kernel("python")(startup=False))
    try:
        with Client(MemoryChannels(host)) as client:

            def run(code: str, *answers: str) -> Any:
                left = list(answers)
                result = client.execute(code, on_input=lambda question: left.pop(0)).result(LIMIT)
                assert left == []
                return result

            joined = "heard = []\nimport threading\nt = threading.Thread(target=lambda: heard.append(input('? ')))\nt.start(); t.join()\nheard"
            assert run(joined, "from a thread").data == {"text/plain": "['from a thread']"}
            run(THREAD.replace("PIPE", str(pipe)))
            stepped = run(f"open('{pipe}', 'w').close()\nthread.join()\nkept", "x = 1", "n", "c")
            assert stepped.data == {"text/plain": "[2]"}
            assert run("input('Now? ')", "yes").data == {"text/plain": "'yes'"}
    finally:
        host.close()
