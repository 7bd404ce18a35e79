"""The Debug Adapter Protocol over the control channel: the books of a conversation, variables, and a whole session as JupyterLab has it."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.kernel.debug.conversation import Answered, Ask, Conversation, Told
from nuncius.kernel.debug.dap import DapDebugger
from nuncius.kernel.debug.explorer import Explorer
from nuncius.kernel.debug.wire import Decoder, WireError, encode
from nuncius.kernel.install import kernel_spec
from nuncius.protocol.core.lifecycle import RestartPolicy
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.manager.options import ManagerOptions

sys.path.insert(0, str(Path(__file__).parent))

from debug_session import LIMIT, Session

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(), _json), max_size=4), st.integers(1, 30))
def test_messages_are_found_however_the_stream_is_cut(messages, size):
    data = b"".join(map(encode, messages))
    decoder = Decoder()
    found = []
    for start in range(0, len(data), size):
        found += decoder.feed(data[start : start + size])
    assert found == messages


@pytest.mark.parametrize(
    "data",
    [b"Content-Length: 2\r\n\r\n[]", b"X: 1\r\n\r\n{}", b"x" * 5000, b"Content-Length: 1\r\n\r\n{"],
)
def test_what_is_no_message_is_refused(data):
    with pytest.raises(WireError):
        list(Decoder().feed(data))


def _event(name, **body):
    return {"type": "event", "seq": 9, "event": name, "body": body}


def test_frontends_hear_of_a_stop_when_its_threads_are_known():
    talk = Conversation()
    stopped = _event("stopped", threadId=1, allThreadsStopped=True)
    [ask] = talk.receive(stopped)
    assert ask.message["command"] == "threads"
    answer = {
        "type": "response",
        "request_seq": ask.message["seq"],
        "body": {"threads": [{"id": 1}, {"id": 3}]},
    }
    assert talk.receive(answer) == [Told(stopped)]
    assert talk.stopped == {1, 3}
    talk.receive(_event("continued", threadId=3, allThreadsContinued=False))
    assert talk.stopped == {1}
    talk.receive(_event("continued", threadId=1, allThreadsContinued=True))
    assert talk.stopped == set()


def test_continued_is_told_before_the_answer_and_once():
    talk = Conversation()
    for command in ("continue", "next"):
        talk.receive(_event("stopped", threadId=1))
        ask = talk.request({"command": command, "seq": 8, "arguments": {"threadId": 1}})
        answer = {"type": "response", "request_seq": ask.message["seq"], "success": True}
        [told, answered] = talk.receive(answer)
        assert told.event["event"] == "continued"
        assert told.event["body"] == {"threadId": 1, "allThreadsContinued": True}
        assert answered == Answered(ask.message["seq"], answer | {"request_seq": 8})
        assert talk.stopped == set()
        assert talk.receive(_event("continued", threadId=1, allThreadsContinued=True)) == []


def test_a_stop_before_the_answer_to_what_led_to_it_counts():
    talk = Conversation()
    talk.receive(_event("stopped", threadId=1))
    ask = talk.request({"command": "next", "seq": 8, "arguments": {"threadId": 1}})
    talk.receive(_event("continued", threadId=1, allThreadsContinued=True))
    talk.receive(_event("stopped", threadId=1))
    answer = {"type": "response", "request_seq": ask.message["seq"], "success": True}
    assert talk.receive(answer) == [Answered(ask.message["seq"], answer | {"request_seq": 8})]
    assert talk.stopped == {1}


def test_answers_carry_the_numbers_of_the_frontend():
    talk = Conversation()
    first = talk.request({"command": "next", "seq": 40, "arguments": {"threadId": 1}})
    second = talk.request({"command": "pause", "seq": 40})
    assert first == Ask(
        {"type": "request", "seq": 1, "command": "next", "arguments": {"threadId": 1}}
    )
    response = {"type": "response", "request_seq": 2, "success": True}
    assert talk.receive(response) == [Answered(2, response | {"request_seq": 40})]
    assert talk.receive(response) == []
    [left] = talk.ended("gone")
    assert (left.number, left.response["success"], left.response["message"]) == (1, False, "gone")
    assert second.message["seq"] == 2


def test_variables_are_listed_without_running_properties():
    class Thing:
        __slots__ = ("slot",)

        def __init__(self):
            self.slot = 5

        @property
        def trap(self):
            raise AssertionError("a property was run")

    explorer = Explorer()
    listed = explorer.variables({"n": 1, "l": [1, [2]], "d": {"k": 1}, "t": Thing(), "e": []})
    assert [(v["name"], v["type"], bool(v["variablesReference"])) for v in listed] == [
        ("n", "int", False),
        ("l", "list", True),
        ("d", "dict", True),
        ("t", "Thing", True),
        ("e", "list", False),
    ]
    children = explorer.children(listed[1]["variablesReference"])
    assert [(c["name"], c["value"], c["evaluateName"]) for c in children] == [
        ("0", "1", "l[0]"),
        ("1", "[2]", "l[1]"),
    ]
    [second] = explorer.children(listed[1]["variablesReference"], 1, 1)
    assert (second["name"], second["value"]) == ("1", "[2]")
    assert explorer.children(listed[2]["variablesReference"])[0]["evaluateName"] == "d['k']"
    assert [c["name"] for c in explorer.children(listed[3]["variablesReference"])] == ["slot"]
    assert explorer.children(12345) == []


def test_what_jupyter_adds_works_without_debugpy(shell, frontend):
    debugger = DapDebugger(shell, lambda: False)

    def ask(command, **arguments):
        request = {"type": "request", "seq": 7, "command": command, "arguments": arguments}
        reply = debugger.handle(request, frontend)
        assert (reply["type"], reply["request_seq"], reply["command"]) == ("response", 7, command)
        json.dumps(reply)
        return reply

    shell.run_cell("x = {'a': 1}\n_hidden = 2\nimport math", store_history=True)
    info = ask("debugInfo")["body"]
    assert (info["isStarted"], info["hashMethod"], info["tmpFileSuffix"]) == (
        False,
        "Murmur2",
        ".py",
    )
    names = [v["name"] for v in ask("inspectVariables")["body"]["variables"]]
    assert names == ["x", "_hidden", "math"]
    assert ask("richInspectVariables", variableName="x")["body"]["data"] == {
        "text/plain": "{'a': 1}"
    }
    assert not ask("richInspectVariables", variableName="nothing")["success"]
    assert not ask("richInspectVariables", variableName="x.y")["success"]
    path = ask("dumpCell", code="\n1 + 1")["body"]["sourcePath"]
    assert path == shell.compile.get_filename("\n1 + 1")
    assert ask("source", source={"path": path})["body"]["content"].startswith("\n1 + 1")
    assert not ask("source", source={"path": "/nowhere"})["success"]
    modules = ask("modules")["body"]
    assert any(m["name"] == "nuncius.kernel.shell" for m in modules["modules"])
    assert len(ask("modules", startModule=0, moduleCount=0)["body"]["modules"]) > 1
    assert "initialize" in ask("setBreakpoints", source={"path": path})["message"]
    assert "arguments" not in ask("configurationDone")
    assert not debugger.handle({"command": "dumpCell", "seq": 1}, frontend)["success"]
    assert ask("disconnect")["success"]
    debugger.close()


def test_a_session_as_jupyterlab_has_it(tmp_path):
    """The leading empty lines of a cell count; the kernel's own frames are not seen; a second session is as good as the first."""
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    code = "\n\ndef f(a):\n    b = [a]\n    return b\n\nf(41)"
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        assert "debugger" in client.kernel_info(timeout=LIMIT).content["supported_features"]
        session = Session(client)
        for _ in range(2):
            session.begin()
            path = session.break_in(code, 5)
            cell = client.execute(code)
            thread = session.until("stopped")["threadId"]
            info = session.body("debugInfo")
            assert (info["isStarted"], info["stoppedThreads"]) == (True, [thread])
            assert info["breakpoints"] == [{"source": path, "breakpoints": [{"line": 5}]}]
            frames = session.body("stackTrace", threadId=thread)["stackFrames"]
            assert [(f["name"], f["line"], f["source"]["path"]) for f in frames] == [
                ("f", 5, path),
                ("<module>", 7, path),
            ]
            top = frames[0]["id"]
            scopes = session.body("scopes", frameId=top)["scopes"]
            found = session.body("variables", variablesReference=scopes[0]["variablesReference"])
            assert [(v["name"], v["value"]) for v in found["variables"]] == [
                ("a", "41"),
                ("b", "[41]"),
            ]
            rich = session.body("richInspectVariables", variableName="b", frameId=top)
            assert rich["data"] == {"text/plain": "[41]"}
            session.body(
                "copyToGlobals", srcVariableName="b", dstVariableName="kept", srcFrameId=top
            )
            assert session.body("evaluate", expression="a + 1", frameId=top)["result"] == "42"
            session.leave(cell, thread)  # out of the cell, and not into the kernel
            assert cell.result(LIMIT).data["text/plain"] == "[41]"
            assert not session.ask("continue", threadId=thread)["success"]
            assert client.execute("kept").result(LIMIT).data["text/plain"] == "[41]"
            session.body("disconnect", restart=False, terminateDebuggee=False)
            assert session.body("debugInfo")["isStarted"] is False
        assert client.execute(code).result(LIMIT).data["text/plain"] == "[41]"


def test_breakpoint_stops_for_an_attached_frontend_and_an_interrupt_ends_it(tmp_path):
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        session = Session(client)
        session.begin()
        cell = client.execute("x = 1\nbreakpoint()\ny = 2\ny")
        thread = session.until("stopped")["threadId"]
        frames = session.body("stackTrace", threadId=thread)["stackFrames"]
        assert frames[0]["line"] in (2, 3)
        session.body("continue", threadId=thread)
        assert cell.result(LIMIT).data["text/plain"] == "2"
        for interrupt in (manager.interrupt, lambda: client.interrupt(timeout=LIMIT)):
            cell = client.execute("import time\nbreakpoint()\ntime.sleep(60)")
            session.until("stopped")
            interrupt()
            assert cell.result(LIMIT).error.ename == "KeyboardInterrupt"
        # a thread stands at the breakpoint, and the cell waits for it, and then for more
        code = (
            "import threading\ndef work():\n    return 1\nthread = threading.Thread(target=work)\n"
            "thread.start()\nthread.join()\nthreading.Event().wait()"
        )
        session.break_in(code, 3)
        for interrupt in (manager.interrupt, lambda: client.interrupt(timeout=LIMIT)) * 2:
            cell = client.execute(code)
            assert session.stopped()[1][0] == ("work", 3)
            interrupt()
            assert cell.result(LIMIT).error.ename == "KeyboardInterrupt"
        cell = client.execute("breakpoint()\n'stopped again'")
        session.body("continue", threadId=session.until("stopped")["threadId"])
        assert cell.result(LIMIT).ok
        session.body("disconnect", restart=False, terminateDebuggee=False)
        assert client.execute("import sys; sys.gettrace()").result(LIMIT).data == {}


@pytest.mark.parametrize("how", ["shutdown", "terminate"])
def test_a_kernel_that_stands_at_a_breakpoint_ends_when_it_is_told_to(how, tmp_path):
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    options = ManagerOptions(restart=RestartPolicy(enabled=False))
    with BlockingKernelManager(spec, options) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        session = Session(client)
        session.begin()
        code = "def f(a):\n    b = [a]\n    return b\nf(1)"
        session.break_in(code, 3)
        client.execute(code)
        session.until("stopped")
        if how == "shutdown":
            manager.shutdown()
        else:
            manager.signal(signal.SIGTERM)
            manager.wait()
        assert manager.last_exit is not None
        assert manager.last_exit.code == 0  # by itself: nobody had to kill it
