"""The debugger in depth: conditions, counts and messages of breakpoints, modules and libraries, threads, coroutines, subshells, large values, and what goes wrong."""

from __future__ import annotations

import copy
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nuncius.kernel.debug.dap import DapDebugger
from nuncius.kernel.debug.places import Places, countable
from nuncius.kernel.install import kernel_spec
from nuncius.protocol.core.lifecycle import RestartPolicy
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.manager.options import ManagerOptions

sys.path.insert(0, str(Path(__file__).parent))

from debug_session import LIMIT, Session


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("debugged")


@pytest.fixture(scope="module")
def manager(folder: Path) -> Iterator[BlockingKernelManager]:
    spec = kernel_spec(env={"NUNCIUS_DIR": str(folder), "PYTHONPATH": str(folder)})
    with BlockingKernelManager(spec) as manager:
        yield manager


@contextmanager
def attached(manager: BlockingKernelManager, **arguments: Any) -> Iterator[Session]:
    """A session with a kernel; its variables are gone afterwards."""
    with manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        session = Session(client)
        session.body("initialize", clientID="test", adapterID="", supportsVariablePaging=True)
        assert session.ask("attach", **arguments)["success"]
        yield session
        session.ask("disconnect", restart=False, terminateDebuggee=False)
        assert client.execute("%reset -f").result(LIMIT).ok


@pytest.fixture
def session(manager: BlockingKernelManager) -> Iterator[Session]:
    with attached(manager) as session:
        yield session


LOOP = "total = 0\nfor n in range(5):\n    total += n\ntotal"


@pytest.mark.parametrize(
    ("wanted", "stops"),
    [
        ({"condition": "n == 3"}, ["3"]),
        ({"condition": "n in (1, 4)"}, ["1", "4"]),
        ({"hitCondition": "4"}, ["3"]),
        ({"hitCondition": "% 2"}, ["1", "3"]),
    ],
    ids=["condition", "twice", "count", "every second"],
)
def test_a_breakpoint_with_a_condition(session, wanted, stops):
    session.breakpoints(LOOP, {"line": 3, **wanted})
    cell = session.client.execute(LOOP)
    seen = []
    for _ in stops:
        thread, stack = session.stopped()
        assert stack == [("<module>", 3)]
        seen.append(session.evaluate("n"))
        session.body("continue", threadId=thread)
    assert cell.result(LIMIT).data == {"text/plain": "10"}
    assert seen == stops


def test_a_breakpoint_that_says_something_does_not_stop(session):
    session.breakpoints(LOOP, {"line": 3, "logMessage": "n is {n}"}, {"line": 4})
    cell = session.client.execute(LOOP)
    said = [session.until("output")["output"].strip() for _ in range(5)]
    assert said == [f"n is {n}" for n in range(5)]
    thread, stack = session.stopped()
    assert stack == [("<module>", 4)]
    session.body("continue", threadId=thread)
    assert cell.result(LIMIT).data == {"text/plain": "10"}


LARGE = """\
big = list(range(5000))
keys = dict.fromkeys(range(3000))
nested = [[0]] * 200
small, word = [1, 2], 'a'
word + 'b', small, big[4000], keys[1000], nested[199]"""


WRONG = {
    "1 +": "'1 +' is no expression: invalid syntax",
    "1; import os": "'1; import os' is no expression: invalid syntax",
    "": "expected an expression, got none",
    "1/0": "ZeroDivisionError('division by zero')",
}


def test_large_containers_are_paged_and_items_are_set(session):
    session.breakpoints(LARGE, {"line": 5})
    cell = session.client.execute(LARGE)
    thread, _ = session.stopped()
    found = session.variables()
    assert {
        n: each["indexedVariables"] for n, each in found.items() if "indexedVariables" in each
    } == {
        "big": 5000,
        "keys": 3000,
        "nested": 200,
    }
    number = {name: each["variablesReference"] for name, each in found.items()}
    last = [("4998", "4998", "big[4998]"), ("4999", "4999", "big[4999]")]
    assert session.page(number["big"], 4998, 100) == last
    assert session.page(number["keys"], 1000, 1) == [("1000", "None", "keys[1000]")]
    assert session.page(number["nested"], 199, 1) == [("199", "[0]", "nested[199]")]
    inside = session.inside["nested[199]"]
    assert session.page(inside, 0, 9) == [("0", "0", "nested[199][0]")]

    # what debugpy has listed, items of pages, and what is in those
    assert session.put(session.scope, "word", "'new'") == "'new'"
    assert session.put(number["small"], "1", "20") == "20"
    session.page(number["big"], 4000, 1)
    assert session.put(number["big"], "4000", "word * 2") == "'newnew'"
    assert session.put(number["keys"], "1000", "small, 3  # two") == "([1, 20], 3)"
    assert session.put(inside, "0", "'deep'") == "'deep'"
    for where, name in ((inside, "0"), (session.scope, "word")):
        for value, why in WRONG.items():
            refused = session.ask("setVariable", variablesReference=where, name=name, value=value)
            assert (refused["success"], refused["message"]) == (False, why)
    frame = session.frames[0]["id"]
    refused = session.ask("setExpression", expression="word", value="", frameId=frame)
    assert refused["message"] == WRONG[""]
    session.body("continue", threadId=thread)
    assert cell.result(LIMIT).data == {
        "text/plain": "('newb', [1, 20], 'newnew', ([1, 20], 3), ['deep'])"
    }
    gone = session.ask("setVariable", variablesReference=inside, name="0", value="1")
    assert gone["message"] == "variables can be set while the program is stopped"


def test_the_places_of_variables():
    places = Places()
    places.see_scopes(7, [{"name": "Locals", "variablesReference": 3}])
    listed = [
        {"name": "a", "evaluateName": "a", "type": "list", "variablesReference": 4},
        {"name": "n", "evaluateName": "n", "type": "int", "variablesReference": 0},
        {"name": "b c", "evaluateName": "b c", "type": "dict", "variablesReference": 5},
    ]
    places.see_variables(3, listed)
    places.see_variables(
        4, [{"name": "0", "evaluateName": "a[0]", "type": "list", "variablesReference": 6}]
    )
    places.see_variables(99, [{"name": "x", "evaluateName": "x", "variablesReference": 8}])
    places.see_value(9, "a + a", 7)
    assert [places.find(number) for number in (4, 6, 8, 9)] == [
        ("a", 7),
        ("a[0]", 7),
        None,
        ("a + a", 7),
    ]
    assert countable(listed) == ["a"]
    places.forget()
    assert (places.find(4), places.frame_of(3)) == (None, None)


MODULE = "def outer(f):\n    first = 1\n    return f(first)\n\ndef plain():\n    value = 2\n    return value\n"


@pytest.fixture
def module(folder: Path) -> Path:
    """A module that the kernel can import."""
    path = folder / "debugged_module.py"
    path.write_text(MODULE)
    return path


def test_breakpoints_in_a_module_and_steps_into_it(session, module):
    session.set_breakpoints(str(module), {"line": 6})
    code = "import debugged_module\nx = debugged_module.plain()\ny = debugged_module.outer(lambda a: a + 1)\nx, y"
    session.breakpoints(code, {"line": 3})
    cell = session.client.execute(code)
    thread, stack = session.stopped()
    assert stack == [("plain", 6), ("<module>", 2)]
    assert session.frames[0]["source"]["path"] == str(module)
    session.body("continue", threadId=thread)
    assert session.stopped()[1] == [("<module>", 3)]
    assert session.step("stepIn", thread) == [("outer", 2), ("<module>", 3)]
    assert session.step("next", thread) == [("outer", 3), ("<module>", 3)]
    assert session.step("stepIn", thread) == [("<lambda>", 3), ("outer", 3), ("<module>", 3)]
    session.body("continue", threadId=thread)
    assert cell.result(LIMIT).data == {"text/plain": "(2, 2)"}


def test_just_my_code_leaves_libraries_out(manager):
    code = "import pygments.util\ntext = pygments.util.guess_decode(b'a')\ntext"
    for arguments, expected in (
        ({"justMyCode": True}, ("<module>", 3)),
        ({}, ("guess_decode", None)),
    ):
        with attached(manager, **arguments) as session:
            session.breakpoints(code, {"line": 2})
            cell = session.client.execute(code)
            thread, stack = session.stopped()
            assert stack == [("<module>", 2)]
            name, line = session.step("stepIn", thread)[0]
            assert (name, line if expected[1] else None) == expected
            session.body("continue", threadId=thread)
            assert cell.result(LIMIT).ok


def test_a_module_that_was_loaded_before_is_stepped_into_and_a_failing_cell_is_left(manager):
    """A step does not end in what the kernel shows the error with."""
    code = "mean = statistics.mean([1, 3])\n{copy.copy(mean): 'shown'}\nmean.missing"
    with attached(manager) as before:
        assert before.client.execute("import copy, statistics").result(LIMIT).ok
        before.ask("disconnect", restart=False, terminateDebuggee=False)
        before.begin()
        before.breakpoints(code, {"line": 1})
        cell = before.client.execute(code)
        thread, stack = before.stopped()
        assert stack == [("<module>", 1)]
        assert [name for name, _ in before.step("stepIn", thread)] == ["mean", "<module>"]
        source = before.frames[0]["source"]["path"]
        assert "def mean(" in before.body("source", source={"path": source})["content"]
        assert before.step("stepOut", thread) == [("<module>", 1)]
        assert before.step("next", thread) == [("<module>", 2)]
        line = copy.copy.__code__.co_firstlineno + 6
        before.set_breakpoints(str(copy.__file__), {"line": line})
        assert before.step("stepIn", thread) == [("copy", line), ("<module>", 2)]
        assert before.step("stepOut", thread) == [("<module>", 2)]
        assert before.step("stepIn", thread) == [("<module>", 3)]
        before.leave(cell, thread)
        before.set_breakpoints(str(copy.__file__))
        assert cell.result(LIMIT).error.ename == "AttributeError"


FAILING = (
    "def g():\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        return [][1]\ng()"
)


@pytest.mark.parametrize(
    ("filters", "stops"),
    [
        (["raised"], [("ZeroDivisionError", 3), ("IndexError", 5), ("IndexError", 6)]),
        (["uncaught"], [("IndexError", 5)]),
        ([], []),
    ],
    ids=["raised", "uncaught", "none"],
)
def test_exceptions_stop_where_it_was_asked_for(session, filters, stops):
    """One that leaves the cell is uncaught, though the kernel shows it."""
    session.body("setExceptionBreakpoints", filters=filters)
    cell = session.client.execute(FAILING)
    seen = []
    for _ in stops:
        thread, stack = session.stopped()
        name = session.body("exceptionInfo", threadId=thread)["exceptionId"].split()[0]
        seen.append((name, stack[0][1]))
        session.body("continue", threadId=thread)
    assert cell.result(LIMIT).error.ename == "IndexError"
    assert seen == stops


def test_two_frontends_share_a_session(manager, session):
    """A function of an earlier cell stops; who comes later sees it, jumps, changes a value, and lets it go on, also after the first has left."""
    client = session.client
    code = "def f(x):\n    y = x + 1\n    z = y * 2\n    return z"
    session.breakpoints(code, {"line": 2})
    assert client.execute(code).result(LIMIT).ok
    session.body("setFunctionBreakpoints", breakpoints=[{"name": "h"}])
    cell = client.execute("def h(): return f(5)\nh()")
    thread, stack = session.stopped()
    assert stack[0] == ("h", 1)
    session.body("continue", threadId=thread)
    thread, stack = session.stopped()
    assert stack == [("f", 2), ("h", 1), ("<module>", 2)]

    with manager.client() as second:
        other = Session(second)
        assert other.body("debugInfo")["stoppedThreads"] == [thread]
        other.begin()
        other.until("initialized")
        other.frames = other.body("stackTrace", threadId=thread)["stackFrames"]
        [frame, *_] = other.frames
        changed = other.body("setExpression", expression="x", value="10", frameId=frame["id"])
        assert changed["value"] == "10"
        found = other.body("completions", text="x.bit_l", column=8, frameId=frame["id"])["targets"]
        assert [each["label"] for each in found] == ["bit_length"]
        [target] = other.body("gotoTargets", source=frame["source"], line=4)["targets"]
        other.body("evaluate", expression="z = 'set'", frameId=frame["id"], context="repl")
        other.body("goto", threadId=thread, targetId=target["id"])
        assert other.stopped()[1][0] == ("f", 4)
        for command in ("loadedSources", "breakpointLocations", "nonsense"):
            assert other.ask(command)["message"] == f"debugpy does not know {command!r}"
        assert session.until("stopped")["reason"] == "goto"
        session.body("disconnect", restart=False, terminateDebuggee=False)
        assert other.evaluate("z") == "'set'"
        other.body("continue", threadId=thread)
        assert cell.result(LIMIT).data == {"text/plain": "'set'"}

        # who has left may come back, and be the last one
        session.begin()
        other.body("disconnect", restart=False, terminateDebuggee=False)
        cell = client.execute("f(6)")
        session.body("continue", threadId=session.stopped()[0])
        assert cell.result(LIMIT).data == {"text/plain": "14"}
        session.body("disconnect", restart=False, terminateDebuggee=False)
        assert other.body("debugInfo")["isStarted"] is False
        assert other.client.execute("f(7)").result(LIMIT).data == {"text/plain": "16"}


def test_another_thread_is_stopped_and_shown(session):
    code = "import threading\ndef work(number):\n    doubled = number * 2\n    results.append(doubled)\nresults = []\nt = threading.Thread(target=work, args=(21,), name='worker')\nt.start()\nt.join()\nresults"
    session.breakpoints(code, {"line": 4})
    cell = session.client.execute(code)
    thread, stack = session.stopped()
    assert stack[0] == ("work", 4)
    named = {each["id"]: each["name"] for each in session.body("threads")["threads"]}
    assert named[thread] == "worker"
    assert not [name for name in named.values() if name.startswith("nuncius-")]
    assert session.evaluate("doubled") == "42"
    session.body("continue", threadId=thread)
    assert cell.result(LIMIT).data == {"text/plain": "[42]"}


def test_a_cell_that_awaits(session):
    code = "import asyncio\nasync def twice(n):\n    await asyncio.sleep(0)\n    return n * 2\nx = await twice(4)\ny = await twice(x)\ny"
    session.breakpoints(code, {"line": 4})
    cell = session.client.execute(code)
    thread, stack = session.stopped()
    assert stack[:2] == [("twice", 4), ("<module>", 5)]
    assert session.evaluate("n") == "4"
    session.body("continue", threadId=thread)
    assert session.stopped()[1][:2] == [("twice", 4), ("<module>", 6)]
    session.body("continue", threadId=thread)
    assert cell.result(LIMIT).data == {"text/plain": "16"}


def test_a_cell_that_is_edited_has_breakpoints_of_its_own(session):
    before, after = "a = 1\nb = 2\na + b", "a = 1\n# more\nb = 3\na + b"
    session.breakpoints(before, {"line": 2})
    cell = session.client.execute(before)
    thread, stack = session.stopped()
    assert stack == [("<module>", 2)]
    session.body("continue", threadId=thread)
    assert cell.result(LIMIT).ok
    # nobody has set any in what it is now
    assert session.client.execute(after).result(LIMIT).data == {"text/plain": "4"}
    session.breakpoints(after, {"line": 3})
    cell = session.client.execute(after)
    assert session.stopped()[1] == [("<module>", 3)]
    session.body("continue", threadId=thread)
    assert cell.result(LIMIT).data == {"text/plain": "4"}
    assert len(session.body("debugInfo")["breakpoints"]) == 2


def test_a_cell_of_a_subshell_is_debugged_while_the_main_shell_works(session):
    client = session.client
    subshell = client.create_subshell(timeout=LIMIT).content["subshell_id"]
    code = "found = 6\nfound * 7"
    session.breakpoints(code, {"line": 2})
    cell = client.execute(code, subshell_id=subshell)
    thread, stack = session.stopped()
    assert stack == [("<module>", 2)]
    assert session.evaluate("found") == "6"
    session.body("continue", threadId=thread)
    assert cell.result(LIMIT).data == {"text/plain": "42"}
    client.delete_subshell(subshell, timeout=LIMIT)


def test_a_cell_that_computes_is_paused(session):
    code = "go, n = True, 0\nprint('begun', flush=True)\nwhile go:\n    n += 1\n'ended'"
    begun = []
    cell = session.client.execute(code, on_output=begun.append)
    while not any(message.msg_type == "stream" for message in begun):
        session.client.poll(LIMIT)
    threads = session.body("threads")["threads"]
    [main] = [each["id"] for each in threads if each["name"] == "MainThread"]
    session.body("pause", threadId=main)
    thread, stack = session.stopped()
    assert stack[0][0] == "<module>"
    assert stack[0][1] in (3, 4)
    frame = session.frames[0]["id"]
    session.body("evaluate", expression="go = False", frameId=frame, context="repl")
    session.body("continue", threadId=thread)
    assert cell.result(LIMIT).data == {"text/plain": "'ended'"}


def test_there_is_nothing_to_pause_while_no_cell_runs(session):
    assert session.client.execute("1").result(LIMIT).ok
    threads = session.body("threads")["threads"]
    [main] = [each["id"] for each in threads if each["name"] == "MainThread"]
    refused = session.ask("pause", threadId=main)
    assert (refused["success"], refused["message"]) == (
        False,
        "no cell runs: there is nothing to pause",
    )
    assert session.client.execute("2").result(LIMIT).data == {"text/plain": "2"}


def test_a_step_out_of_a_cell_does_not_stop_in_the_next(session):
    first, second = "a = 1\nb = 2", "c = a + b\nc"
    session.breakpoints(first, {"line": 2})
    cells = [session.client.execute(code) for code in (first, second)]
    thread, stack = session.stopped()
    assert stack == [("<module>", 2)]
    session.leave(cells[0], thread)
    assert cells[1].result(LIMIT).data == {"text/plain": "3"}


def test_terminate_ends_the_session_and_not_the_kernel(session):
    session.breakpoints(LOOP, {"line": 4})
    cell = session.client.execute(LOOP)
    session.stopped()
    assert session.ask("terminate")["success"]
    assert cell.result(LIMIT).data == {"text/plain": "10"}
    info = session.body("debugInfo")
    assert (info["isStarted"], info["breakpoints"], info["stoppedThreads"]) == (False, [], [])


def test_a_kernel_that_stands_at_a_breakpoint_is_restarted(tmp_path):
    with BlockingKernelManager(kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})) as manager:
        with attached_only(manager) as session:
            session.breakpoints(LOOP, {"line": 4})
            session.client.execute(LOOP)
            session.stopped()
            manager.restart()
        with attached_only(manager) as session:
            assert session.body("debugInfo")["breakpoints"] == []
            session.breakpoints(LOOP, {"line": 3})
            session.client.execute(LOOP)
            assert session.stopped()[1] == [("<module>", 3)]


@contextmanager
def attached_only(manager: BlockingKernelManager) -> Iterator[Session]:
    """A session that ends without a word."""
    with manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        session = Session(client)
        session.begin()
        yield session


def test_the_debuggers_process_is_killed(tmp_path):
    """What was stopped goes on; frontends hear that the session has ended; the kernel works, and says what to do."""
    options = ManagerOptions(restart=RestartPolicy(enabled=False))
    with BlockingKernelManager(kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)}), options) as manager:
        with attached_only(manager) as session:
            process = adapter_of(session)
            session.breakpoints(LOOP, {"line": 4})
            cell = session.client.execute(LOOP)
            session.stopped()
            os.kill(process, signal.SIGKILL)
            session.until("terminated")
            assert cell.result(LIMIT).data == {"text/plain": "10"}
            assert session.body("debugInfo")["isStarted"] is False
            assert session.ask("threads")["message"] == "the debugger has ended"
            refused = session.ask("initialize", clientID="test", adapterID="")
            assert not refused["success"]
            assert "restart the kernel" in refused["message"]
            assert session.ask("disconnect")["success"]
            answered = session.client.execute("breakpoint()", on_input=lambda question: "c")
            assert answered.result(LIMIT).ok  # at the prompt: no frontend is attached any more
        manager.shutdown()
        assert manager.last_exit.code == 0


def adapter_of(session: Session) -> int:
    """Return the process of debugpy's adapter of a kernel: it is nobody's child, but knows a port of it."""
    code = "__import__('debugpy').server.api._adapter_process.args[3]"
    port = session.client.execute(code).result(LIMIT).data["text/plain"]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "--for-server" in words and repr(words[words.index("--for-server") + 1]) == port:
            found.append(int(folder.name))
    [process] = found
    return process


def test_without_debugpy_it_says_what_to_install(shell, frontend, monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "debugpy", raising=False)
    debugger = DapDebugger(shell, lambda: False)
    reply = debugger.handle({"type": "request", "seq": 3, "command": "initialize"}, frontend)
    assert (reply["success"], reply["request_seq"], reply["command"]) == (False, 3, "initialize")
    assert "pip install debugpy" in reply["message"]
    assert debugger.handle({"command": "debugInfo", "seq": 4}, frontend)["success"]
    debugger.close()
