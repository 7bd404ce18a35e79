"""``await`` at the debugger's prompt: on the event loop of the program, which turns for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from time import monotonic
from typing import Any

import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.blocking import BlockingKernelManager

LIMIT = 60

#: What the program has: all of it belongs to its loop.
PROGRAM = """
import asyncio, threading
queue, lock, started = asyncio.Queue(), asyncio.Lock(), asyncio.Event()
async def put():
    for number in range(1000):
        await asyncio.sleep(0.001)
        await queue.put(number)
async def twice(n):
    await asyncio.sleep(0.001)
    return n * 2
async def work(word):
    breakpoint()
    word = word.upper()
    return word
def in_thread():
    breakpoint()
    return 5
async def wait_for_lock():
    async with lock:
        return 'got it'
def later(text, function=None, *args):
    loop = asyncio.get_running_loop()
    if function is None:
        loop.call_soon(lambda: print(text, flush=True))
    else:
        loop.create_task(function(*args)).add_done_callback(lambda task: started.set())
never = asyncio.get_running_loop().create_future()
if 'putting' in globals():
    putting.cancel()
putting = asyncio.create_task(put())
"""


class Person:
    """Answers the debugger, and interrupts when it is shown to be time."""

    def __init__(self, client: Any, manager: BlockingKernelManager) -> None:
        self.client = client
        self.manager = manager
        self.shown = ""
        client.subscribe(self._hear)

    def _hear(self, event: Any) -> None:
        message = getattr(event, "message", event)
        if getattr(message, "msg_type", "") != "stream":
            return
        text = message.content["text"]
        self.shown += re.sub(r"\x1b\[[\d;]*m", "", text)
        for _ in range(text.count("now\n")):
            self.manager.interrupt()

    def run(self, code: str, answers: Sequence[str] = ()) -> tuple[Any, list[str]]:
        """Run a cell; returns its result, and what was shown but for source. All that is there to be answered has to be asked."""
        left, self.shown = list(answers), ""
        result = self.client.execute(code, on_input=lambda _: left.pop(0)).result(LIMIT)
        assert left == [], self.shown
        lines = [line for line in self.shown.splitlines() if not re.match(r"[> -]|now$", line)]
        return result, lines

    def sees(self, text: str) -> None:
        end = monotonic() + LIMIT
        while text not in self.shown:
            assert monotonic() < end, f"{text!r} was not shown, but {self.shown!r}"
            self.client.poll(1)


@pytest.fixture(scope="module")
def kernel_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path_factory.mktemp("nuncius"))})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        person = Person(client, manager)
        # the first cell that imports asyncio has a loop that does not run yet
        assert person.run("breakpoint()\nx = 1\nx = 2", FIRST)[1] == ["'slept'"]
        yield person


FIRST = ["import asyncio", "p await asyncio.sleep(0.001, 'slept')", "c"]


@pytest.fixture
def person(kernel_of_all: Person) -> Person:
    assert kernel_of_all.run(PROGRAM)[0].ok
    return kernel_of_all


CASES = {
    "what a loop of its own could run, too": (
        "await work('done')",
        [
            "p await twice(21)",
            "found = await twice(len(word))",
            "found",
            "[await twice(n) for n in range(3)]",
            "async with asyncio.timeout(5):",
            "    print(await twice('a'))",
            "",
            "await twice()",
            "n",
            "p word",
            "c",
        ],
        ["42", "8", "[0, 2, 4]", "aa", "*** TypeError: twice() missing", "'DONE'"],
    ),
    "what belongs to the loop of the program": (
        "await lock.acquire()\nopening = asyncio.create_task(wait_for_lock())\nawait work('a')",
        ["p await queue.get() < await queue.get()", "lock.release(); await opening", "c"],
        ["True", "'got it'"],
    ),
    "the same in a cell that does not await": (
        "breakpoint()\nx = 1\nx = 2",
        ["p await queue.get() < await queue.get()", "n", "p x", "c"],
        ["True", "1"],
    ),
    "errors that are no Exception": (
        "await work('a')",
        ["task = asyncio.Future()", "task.cancel()", "await task", "p await task", "c"],
        ["True", *["*** asyncio.exceptions.CancelledError"] * 2],
    ),
    "a breakpoint in it asks for itself, and then one steps on as before": (
        "await work('outer')",
        ["await work('inner')", "n", "p word", "c", "p word", "n", "p word", "c"],
        ["'INNER'", "'INNER'", "'outer'", "'OUTER'"],
    ),
    "after an error, where nothing is traced": (
        "try:\n    1/0\nexcept ZeroDivisionError as error:\n    import sys; sys.last_value = error\n%debug",
        ["await twice(4)", "await lock.acquire()", "lock.locked()", "lock.release()", "q"],
        ["8", "True", "True"],
    ),
    "an interrupt ends it, and no task of the program": (
        "await work('a')",
        [
            "later('now'); await asyncio.sleep(1000)",
            "async def compute():\n    print('now', flush=True)\n    while True: pass",
            "await compute()",
            "putting.done()",
            "c",
        ],
        ["*** KeyboardInterrupt", "*** KeyboardInterrupt", "False"],
    ),
    "an interrupt in a task for which the cell waits": (
        "await asyncio.gather(work('a'), twice(1))",
        [
            "later('now'); await asyncio.sleep(1000)",
            "p (print('now', flush=True), [0 for _ in iter(int, 1)])",
            "print('now', flush=True); [0 for _ in iter(int, 1)]",
            "p 'still here'",
            "c",
        ],
        [*["*** KeyboardInterrupt"] * 3, "'still here'"],
    ),
    "what waits for the task that stands here": (
        "me = asyncio.create_task(work('a'))\nawait me",
        ["later('now'); await asyncio.shield(me)", "p 'still here'", "c"],
        ["*** KeyboardInterrupt", "'still here'"],
    ),
    "in a thread, while the loop turns": (
        "await asyncio.to_thread(in_thread)",
        ["p await queue.get() < await queue.get()", "await work('inner')", "c", "p 'back'", "c"],
        ["True", "'INNER'", "'back'"],
    ),
    "in a thread, while the loop stands still": (
        "thread = threading.Thread(target=in_thread)\nthread.start()\nthread.join()",
        ["p await twice(2)", "await never", "c"],
        ["4", "*** RuntimeError: Task"],
    ),
}


@pytest.mark.parametrize(("code", "answers", "shown"), CASES.values(), ids=CASES)
def test_what_is_awaited(person, code, answers, shown):
    lines = person.run(code, answers)[1]
    assert [line[: len(text)] for line, text in zip_longest(lines, shown, fillvalue="")] == shown


def test_an_error_of_another_loop_says_why(person):
    typed = ["await never", "c"]
    code = "thread = threading.Thread(target=in_thread)\nthread.start()\nthread.join()"
    assert "that loop stands still while you are here" in person.run(code, typed)[1][0]


def test_a_task_whose_cell_has_ended_asks_in_the_next_cells(person):
    """The kernel answers meanwhile."""
    assert person.run("later('', work, 'late')")[0].ok
    person.sees("(work) has stopped in the debugger, and its cell has ended: run a cell")
    silent = person.client.execute("x = 3", silent=True, allow_stdin=False).result(LIMIT)
    assert silent.ok  # a frontend's own cell is not asked
    result, lines = person.run("x", ["p word", "p await twice(1)", "n"])
    assert (lines, result.data) == (["'late'", "2"], {"text/plain": "3"})
    person.sees("(work) has stopped")
    assert person.run("pass", ["p word", "c"])[1] == ["'LATE'"]
    assert person.run("await started.wait()")[0].data == {"text/plain": "True"}


def test_to_wait_at_the_prompt_of_a_busy_cell_takes_no_processor_time(person):
    queued: list[Any] = []
    left = [
        "import time; putting.cancel(); began = time.thread_time()",
        "await asyncio.sleep(0.5)",
        "p time.thread_time() - began < 0.2",
        "c",
    ]

    def answer(_: object) -> str:
        if len(left) == 3:
            queued.append(person.client.execute("print('next')"))
        return left.pop(0)

    person.shown = ""
    assert person.client.execute("breakpoint()\nx = 1", on_input=answer).result(LIMIT).ok
    assert queued[0].result(LIMIT).ok
    assert "True" in person.shown.splitlines()


def test_a_cell_that_ends_while_its_task_awaits_at_the_prompt(person):
    result, _ = person.run(
        "task = asyncio.create_task(work('a'))\nawait asyncio.sleep(0.01)",
        ["await twice(1); await asyncio.sleep(0.05)"],
    )
    assert result.ok
    person.sees("run a cell")
    assert person.run("pass", ["p word", "c"])[1] == ["'a'"]
    assert person.run("await task")[0].data == {"text/plain": "'A'"}


def test_an_interrupt_and_an_end_while_a_task_waits_to_ask(person):
    assert person.run("later('', work, 'late')")[0].ok
    person.sees("run a cell")
    person.manager.interrupt()  # nothing runs that it is for
    result, lines = person.run("pass", ["print('now', flush=True); [0 for _ in iter(int, 1)]", "q"])
    assert (result.ok, lines) == (True, ["*** KeyboardInterrupt"])
    assert person.run("later('', work, 'late')")[0].ok
    person.sees("run a cell")
    person.manager.shutdown()
    assert person.manager.last_exit.code == 0
