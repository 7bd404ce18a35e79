"""The debugger that asks through input requests: what a person types, and what they see."""

from __future__ import annotations

import gc
import os
import re
import sys

import pytest

from nuncius.kernel.debug import Debugger, post_mortem, run_with_debugger, set_trace
from nuncius.kernel.errors import UsageError

FAILING = "def f(a):\n    b = a + 1\n    return 1 / (b - b)\nf(3)"


def shown(frontend):
    """What was printed, and the prompts among it."""
    text = []
    for kind, content in frontend.take():
        if kind == "stream":
            text.append(content["text"])
        elif kind == "input_request":
            text.append(content["prompt"] + "\n")
    return plain("".join(text))


def plain(text):
    """A text without its colors."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


@pytest.fixture
def cell(kernel, frontend, capsys):
    """Run a cell with answers for the debugger; returns the reply and what was shown."""

    def run(code, *answers):
        frontend.answers = list(answers)
        reply = kernel.execute(code)
        assert frontend.answers == []
        shown_by_messages = shown(frontend)
        return reply, plain(capsys.readouterr().out) + shown_by_messages

    return run


def test_breakpoint_steps_through_the_statements_of_a_cell_and_not_into_the_kernel(cell):
    reply, text = cell("breakpoint()\nx = 1\ny = 2\nx + y", "n", "p x", "n", "w", "n")
    assert reply["status"] == "ok"
    stops = [line for line in text.splitlines() if line.startswith("----> ")]
    assert stops == [
        "----> 2    x = 1",
        "----> 3    y = 2",
        "----> 4    x + y",
        "----> 4    x + y",
    ]
    assert "Cell In[1]:2" in text
    assert "shell.py" not in text
    assert "bdb.py" not in text
    assert sys.gettrace() is None or "trace_dispatch" not in repr(sys.gettrace())


@pytest.mark.parametrize(
    "code", ["x = 1\nbreakpoint()", "x = 1; breakpoint()\n", "x = 1\nset_trace()"]
)
def test_a_breakpoint_at_the_end_of_a_cell_stops_there(cell, kernel, code):
    kernel.shell.user_ns["set_trace"] = set_trace
    reply, text = cell(code, "p x + 41", "c")
    assert reply["status"] == "ok"
    assert [line for line in text.splitlines() if line in ("--Return--", "42")] == [
        "--Return--",
        "42",
    ]
    assert cell("x = 2")[1] == ""


@pytest.fixture
def busy_collector():
    """The garbage collector runs at every chance, and calls a function of Python."""

    def called(phase, info):
        assert phase in ("start", "stop")

    often = gc.get_threshold()
    gc.callbacks.append(called)
    gc.set_threshold(1)
    yield
    gc.set_threshold(*often)
    gc.callbacks.remove(called)


@pytest.mark.usefixtures("busy_collector")
@pytest.mark.parametrize("command", ["n", "s"])
def test_what_the_garbage_collector_calls_is_not_stepped_into(cell, command):
    reply, text = cell("breakpoint()\nx = [1]\ny = [2]\nx + y", command, command, "c")
    assert reply["status"] == "ok"
    assert [line for line in text.splitlines() if line.startswith("----> ")] == [
        "----> 2    x = [1]",
        "----> 3    y = [2]",
        "----> 4    x + y",
    ]


def test_the_end_of_a_cell_ends_stepping(cell):
    cell("breakpoint()\nx = 1", "n")
    reply, _ = cell("y = 2")  # no prompt: there are no answers
    assert reply["status"] == "ok"


def test_debug_shows_the_frame_that_failed_and_its_callers(cell):
    cell(FAILING)
    _, text = cell("%debug", "p a, b", "u", "p 'a' in dir()", "d", "pinfo f", "q")
    assert "(3, 4)" in text
    assert "False" in text
    assert "----> 3        return 1 / (b - b)" in text
    assert "----> 4    f(3)" in text
    assert re.search(r"Type: +function", text)


def test_post_mortem_needs_an_exception(shell):
    assert not hasattr(sys, "last_traceback")
    with pytest.raises(UsageError, match="no exception to look at"):
        post_mortem()


def test_pdb_on_opens_the_debugger_after_an_error(cell):
    cell("%pdb on")
    reply, text = cell(FAILING, "p b", "q")
    assert reply["ename"] == "ZeroDivisionError"
    assert "4" in text
    cell("%pdb off")
    assert cell(FAILING)[0]["ename"] == "ZeroDivisionError"


def test_quitting_ends_the_cell_with_one_line(cell):
    reply, _ = cell("breakpoint()\nx = 1", "q")
    assert (reply["status"], reply["ename"]) == ("error", "BdbQuit")
    assert len(reply["traceback"]) == 1
    assert "bdb.py" not in reply["traceback"][0]


def test_a_frontend_without_input_hears_why(cell, kernel):
    reply = kernel.execute("breakpoint()\nx = 1")
    assert reply["ename"] == "StdinNotSupported"


def test_an_interrupt_at_the_prompt_ends_the_debugger(kernel, frontend):
    """pdb itself asks again; a kernel that shuts down would be asked for ever."""

    def interrupted(prompt="", *, password=False, **metadata):
        assert metadata == {"kind": "debugger"}
        raise KeyboardInterrupt

    frontend.input = interrupted
    assert kernel.execute("breakpoint()\nx = 1")["ename"] == "KeyboardInterrupt"
    assert kernel.execute("1")["status"] == "ok"


def test_pdb_set_trace_is_ours_while_a_shell_is_open(cell, kernel):
    import pdb

    _, text = cell("import pdb\npdb.set_trace(header='here we are')\nx = 5", "n")
    assert "here we are" in text
    assert "----> 3    x = 5" in text
    assert pdb.set_trace.__module__ == "nuncius.kernel.builtin_names"


def test_everything_is_put_back(frontend):
    import pdb

    from nuncius.kernel.shell import Shell

    before = sys.breakpointhook, pdb.set_trace
    shell = Shell()
    assert sys.breakpointhook is not before[0]
    shell.close()
    assert (sys.breakpointhook, pdb.set_trace) == before


def test_breakpoint_heeds_the_environment(cell, monkeypatch):
    monkeypatch.setitem(os.environ, "PYTHONBREAKPOINT", "0")
    assert cell("breakpoint()\nx = 6")[0]["status"] == "ok"


def test_code_is_run_step_by_step(shell, frontend, capsys):
    frontend.answers = ["n", "c"]
    names = {}
    run_with_debugger("x = 1\ny = 2\n", names)
    assert (names["x"], names["y"]) == (1, 2)
    frontend.answers = ["q"]
    run_with_debugger("z = 1\n", names)
    assert "z" not in names


def test_a_function_is_stopped_where_set_trace_says(shell, frontend, capsys):
    def function():
        value = 7
        set_trace()
        return value

    frontend.answers = ["p value", "c"]
    assert function() == 7
    assert "7\n" in capsys.readouterr().out


def test_another_debugger_can_be_chosen(shell, frontend):
    class Mine(Debugger):
        pass

    shell.debugger_cls = Mine
    assert shell.debugger_cls is Mine
