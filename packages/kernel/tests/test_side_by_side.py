"""Several shells in one process, and captures in several threads: nothing of one reaches the other."""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from nuncius.kernel.current import get_shell
from nuncius.kernel.display import capture_output, display
from nuncius.kernel.shell import Shell
from nuncius.protocol.kernel import CURRENT_IO
from nuncius.protocol.serving.streams import inherit_in_threads

LIMIT = 60


class Side:
    """A shell with a frontend of its own."""

    def __init__(self, frontend: Any) -> None:
        self.frontend = frontend
        self.shell = Shell()

    def run(self, code: str) -> Any:
        token = CURRENT_IO.set(self.frontend)
        try:
            return self.shell.run_cell(code, store_history=True)
        finally:
            CURRENT_IO.reset(token)

    def shown(self) -> list[str]:
        return [
            content["data"]["text/plain"]
            for kind, content in self.frontend.take()
            if kind in ("execute_result", "display_data")
        ]


@pytest.fixture
def sides(frontend: Any) -> Iterator[tuple[Side, Side]]:
    hook = sys.displayhook
    make = type(frontend)
    one, two = Side(make()), Side(make())
    yield one, two
    one.shell.close()
    two.shell.close()
    assert sys.displayhook is hook
    assert not hasattr(builtins, "get_ipython")


def together(*functions: Callable[[], Any]) -> list[Any]:
    """Call functions at the same time; returns what they return."""
    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result(LIMIT) for future in [pool.submit(f) for f in functions]]


def test_taking_turns_they_share_nothing(sides):
    one, two = sides
    for number in range(3):
        for side, word in ((one, "one"), (two, "two")):
            side.run(f"x = '{word}{number}'\ndisplay(x)\nx")
    for side, word in ((one, "one"), (two, "two")):
        quoted = [repr(f"{word}{number}") for number in range(3)]
        assert side.shown() == [each for each in quoted for _ in range(2)]
        assert dict(side.shell.user_ns["Out"]) == {n + 1: f"{word}{n}" for n in range(3)}
        assert len(side.shell.user_ns["In"]) == 4
        assert side.run("get_ipython()").result is side.shell
        side.run("%history -n 1")
        assert side.shell.execution_count == 6
    assert get_shell() is two.shell


def test_at_the_same_time_each_shows_its_own(sides):
    """Each cell waits in its middle until the other one is in its middle, too."""
    barrier = threading.Barrier(2, timeout=LIMIT)
    for side in sides:
        side.shell.push({"barrier": barrier})
    code = "barrier.wait()\ndisplay('{0}')\nbarrier.wait()\nhere = get_ipython()\nbarrier.wait()\n'{0}'"
    one, two = sides
    results = together(lambda: one.run(code.format("one")), lambda: two.run(code.format("two")))
    assert [result.result for result in results] == ["one", "two"]
    assert [side.shown() for side in sides] == [["'one'", "'one'"], ["'two'", "'two'"]]
    assert [side.shell.user_ns["here"] for side in sides] == [one.shell, two.shell]


def test_the_one_that_ends_first_leaves_the_hook_to_the_other(sides):
    one, two = sides
    first_is_over, second_runs = threading.Event(), threading.Event()
    two.shell.push({"runs": second_runs, "over": first_is_over, "limit": LIMIT})
    one.shell.push({"runs": second_runs, "limit": LIMIT})

    def first() -> None:
        one.run("runs.wait(limit)")
        first_is_over.set()

    together(first, lambda: two.run("runs.set()\nover.wait(limit)\nimport sys\nsys.displayhook(5)"))
    assert two.shown() == ["5"]


def test_an_error_of_one_is_not_the_last_error_of_the_other(sides):
    one, two = sides
    assert one.run("1/0").error_in_exec is not None
    assert two.run("1").success
    assert one.shell.last_execution_succeeded is False
    assert "ZeroDivisionError" in "".join(one.shell.failures.last[2])


def test_threads_of_a_cell_are_in_its_shell(sides):
    inherit_in_threads()
    code = (
        "import threading\nfound = []\n"
        "def look(): found.append(get_ipython()); display('from a thread')\n"
        "thread = threading.Thread(target=look)\nthread.start()\nthread.join()"
    )
    for side in sides:
        side.run(code)
        assert (side.shell.user_ns["found"], side.shown()) == ([side.shell], ["'from a thread'"])


def test_a_capture_takes_nothing_of_the_others(sides, capsys):
    barrier = threading.Barrier(2, timeout=LIMIT)
    for side in sides:
        side.shell.push({"barrier": barrier})
    inner = "barrier.wait()\nprint('mine')\ndisplay(1)\nbarrier.wait()\n2"
    one, two = sides
    together(lambda: one.run(f"%%capture out\n{inner}"), lambda: two.run(inner))
    out = one.shell.user_ns["out"]
    assert (out.stdout, [o.data["text/plain"] for o in out.outputs]) == ("mine\n", ["1", "2"])
    assert (one.shown(), two.shown()) == ([], ["1", "2"])
    assert capsys.readouterr().out == "mine\n"


def test_captures_that_overlap_end_in_any_order(capsys):
    plain = sys.stdout
    barrier = threading.Barrier(2, timeout=LIMIT)

    def first() -> str:
        with capture_output() as out:
            barrier.wait()
            print("first")
        barrier.wait()
        return out.stdout

    def second() -> str:
        barrier.wait()
        with capture_output() as out:
            print("second")
            barrier.wait()
            print("second again")
        return out.stdout

    assert together(first, second) == ["first\n", "second\nsecond again\n"]
    assert sys.stdout is plain
    print("through")
    assert capsys.readouterr().out == "through\n"


def test_a_capture_within_a_capture_lets_through_what_it_does_not_want(capsys):
    with capture_output() as outer:
        with capture_output(stdout=False) as inner:
            print("for the outer one")
            print("for the inner one", file=sys.stderr)
        print("more")
    assert (outer.stdout, outer.stderr) == ("for the outer one\nmore\n", "")
    assert (inner.stdout, inner.stderr) == ("", "for the inner one\n")
    assert capsys.readouterr() == ("", "")


def test_threads_started_in_a_capture_are_captured_until_it_ends(capsys, shell, frontend):
    inherit_in_threads()
    go, over = threading.Event(), threading.Event()

    def work() -> None:
        print("within")
        display("shown")
        go.set()
        over.wait(LIMIT)
        print("late")

    with capture_output() as out:
        thread = threading.Thread(target=work)
        thread.start()
        go.wait(LIMIT)
    over.set()
    thread.join(LIMIT)
    assert (out.stdout, len(out.outputs)) == ("within\n", 1)
    assert capsys.readouterr().out == "late\n"


def test_the_captured_stream_looks_like_one(shell):
    with capture_output() as out:
        assert (sys.stdout.writable(), sys.stdout.isatty()) == (True, False)
        assert sys.stdout.getvalue() == ""
        sys.stdout.writelines(["a", "b"])
        sys.stdout.flush()
        sys.stdout.close()
        with pytest.raises(OSError, match="fileno"):
            sys.stdout.fileno()
    assert out.stdout == "ab"
