"""A notebook's conversation as VS Code's Jupyter extension holds it: what the client library says that the extension uses is recorded and replayed; which of its calls are made, and in which order, is written by hand, as are the stories below, not recorded from the extension.

By hand: silent cells of its own around the person's, variables by code that prints JSON, cells with ids, interrupt and restart.
"""

from __future__ import annotations

import hmac
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zmq

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.core.lifecycle import RestartPolicy
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.manager.options import ManagerOptions

if TYPE_CHECKING:
    from nuncius.protocol.client.blocking import Client

LIMIT = 60

#: Code of its own that it runs when a kernel has started.
AT_START = (
    "%config Completer.use_jedi = False",
    """
import os as _VSCODE_os
import sys as _VSCODE_sys
if _VSCODE_os.path.exists('.') and '.' not in _VSCODE_sys.path:
    _VSCODE_sys.path.append('.')
del _VSCODE_os, _VSCODE_sys
""",
    """
try:
    import ipywidgets as _VSCODE_ipywidgets
    del _VSCODE_ipywidgets
except:
    pass
""",
    "__vsc_ipynb_file__ = '/tmp/a.ipynb'",
)

#: How it asks for the variables that it lists.
VARIABLES = """
def _VSCODE_getVariableTypes(varnames):
    import json as _VSCODE_json
    import builtins as _VSCODE_builtins
    found = {name: type(get_ipython().user_ns[name]).__name__ for name in varnames if name in get_ipython().user_ns}
    return _VSCODE_builtins.print(_VSCODE_json.dumps(found))
_VSCODE_getVariableTypes(get_ipython().run_line_magic('who_ls', ''))
del _VSCODE_getVariableTypes
"""


class Notebook:
    """The extension's end of the conversation."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._cells = 0

    def start(self) -> None:
        for code in AT_START:
            assert self.own(code).reply.content["status"] == "ok"

    def own(self, code: str, **options: Any) -> Any:
        """Run a cell of its own: it leaves no trace."""
        return self.client.execute(
            code, silent=True, store_history=False, stop_on_error=False, **options
        ).result(LIMIT)

    def cell(self, code: str, **options: Any) -> Any:
        """Run a cell of the person's."""
        self._cells += 1
        return self.client.execute(
            code,
            stop_on_error=False,
            metadata={"cellId": f"vscode-notebook-cell:/tmp/a.ipynb#W{self._cells}sZmlsZQ=="},
            **options,
        ).result(LIMIT)

    def variables(self) -> dict[str, str]:
        return json.loads(self.own(VARIABLES).text())


@pytest.fixture
def kernel(tmp_path: Any) -> Iterator[tuple[BlockingKernelManager, Notebook]]:
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    with BlockingKernelManager(spec) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        notebook = Notebook(client)
        notebook.start()
        yield manager, notebook


def test_its_own_cells_leave_no_trace(kernel):
    _, notebook = kernel
    first = notebook.cell("x = [1]\ny = 'text'\nx")
    assert (first.execution_count, first.data) == (1, {"text/plain": "[1]"})
    assert notebook.variables() == {"x": "list", "y": "str"}
    assert notebook.cell("len(In), sorted(n for n in dir() if 'VSCODE' in n)").data == {
        "text/plain": "(3, [])"
    }
    assert notebook.variables() == {"x": "list", "y": "str"}


def test_it_looks_at_values_by_expressions(kernel):
    _, notebook = kernel
    notebook.cell("x = {'a': 1}")
    reply = notebook.own("", user_expressions={"value": "x['a']", "missing": "nothing"}).reply
    found = reply.content["user_expressions"]
    assert found["value"]["data"] == {"text/plain": "1"}
    assert (found["missing"]["status"], found["missing"]["ename"]) == ("error", "NameError")
    failed = notebook.own("1/0").reply.content
    assert (failed["status"], failed["ename"]) == ("error", "ZeroDivisionError")
    assert notebook.cell("2").execution_count == 2


def test_it_completes_and_tells_while_it_edits(kernel):
    _, notebook = kernel
    notebook.cell("import math\ndef area(radius): 'Of a circle.'; return math.pi * radius**2")
    client = notebook.client
    matches = client.complete("math.fact", 9, timeout=LIMIT).content
    assert (matches["matches"], matches["cursor_start"], matches["cursor_end"]) == (
        ["factorial"],
        5,
        9,
    )
    told = client.inspect("area(", 5, detail_level=0, timeout=LIMIT).content
    assert told["found"]
    assert "Of a circle." in told["data"]["text/plain"]


def test_an_error_points_into_the_cell(kernel):
    _, notebook = kernel
    error = notebook.cell("def f():\n    return 1/0\nf()").error
    assert error.ename == "ZeroDivisionError"
    assert "Cell In[1]" in "\n".join(error.traceback)
    # the cells after it run: the extension decides itself what stops
    assert notebook.cell("'after'").data == {"text/plain": "'after'"}


def test_questions_progress_and_updates(kernel):
    _, notebook = kernel
    answered = notebook.cell("input('Name? ')", on_input=lambda question: "Ada")
    assert answered.data == {"text/plain": "'Ada'"}
    shown = notebook.cell(
        "handle = display('one', display_id=True)\nhandle.update('two')\n"
        "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('here')"
    )
    assert shown.text() == "here\n"


def test_interrupt_and_restart(kernel):
    manager, notebook = kernel

    def on_output(message: Any) -> None:
        if message.msg_type == "stream":
            manager.interrupt()

    code = "print('go', flush=True)\nimport time\ntime.sleep(60)"
    assert notebook.cell(code, on_output=on_output).error.ename == "KeyboardInterrupt"
    notebook.cell("x = 1")
    manager.restart()
    notebook.client.wait_until_ready(timeout=LIMIT)
    notebook.start()
    again = notebook.cell("'x' in globals()")
    assert (again.execution_count, again.data) == (1, {"text/plain": "False"})


# -- what was recorded ------------------------------------------------------------------------------

RECORDING = Path(__file__).with_name("recorded_vscode.json")
#: Names of things that are another's in each run -> by what the requests call them.
_REFERENCES = {
    "sourcePath": "path",
    "path": "path",
    "threadId": "threadId",
    "variablesReference": "variablesReference",
    "subshell_id": "subshell_id",
}
#: Values that are different in each run or for each kernel: of these the type is compared.
_OWN = frozenset(
    [
        "banner",
        "implementation",
        "implementation_version",
        "version",
        "protocol_version",
        "url",
        "evalue",
        "source",
        "text/html",
        "traceback",
        "metadata",
        "seq",
        "hashSeed",
        "tmpFilePrefix",
        "display_id",
        "pygments_lexer",
        "sourcePath",
        "path",
        "subshell_id",
        "variablesReference",
        "id",
        "threads",
        "nbconvert_exporter",
        "comms",
        "history",
        "help_links",
        "file_extension",
        "evaluateName",
    ]
)


class Wire:
    """A frontend's sockets, in the words of the protocol alone."""

    def __init__(self, connection: dict[str, Any]) -> None:
        self._key = connection["key"].encode()
        self._context = zmq.Context()
        self._sockets: dict[str, zmq.Socket[bytes]] = {}
        self._poller = zmq.Poller()
        for name, kind in (("shell", zmq.DEALER), ("control", zmq.DEALER), ("stdin", zmq.DEALER), ("iopub", zmq.SUB)):  # fmt: skip
            socket = self._sockets[name] = self._context.socket(kind)
            socket.linger = 0
            if name == "iopub":
                socket.subscribe(b"")
            else:
                socket.identity = b"vscode"
            socket.connect(f"tcp://{connection['ip']}:{connection[name + '_port']}")
            self._poller.register(socket, zmq.POLLIN)
        #: What came: channel, type, the request that it belongs to, content, header.
        self.heard: list[tuple[str, str, str, Any, Any]] = []

    def close(self) -> None:
        self._context.destroy(linger=0)

    def send(self, step: dict[str, Any], content: Any, parent: Any) -> None:
        header = {
            "msg_id": step["id"], "msg_type": step["type"], "session": "recorded", "username": "vscode",
            "date": "2026-01-01T00:00:00.000Z", "version": "5.2",
        }  # fmt: skip
        frames = [json.dumps(part).encode() for part in (header, parent, step["metadata"], content)]
        signature = hmac.new(self._key, b"".join(frames), "sha256").hexdigest().encode()
        self._sockets[step["channel"]].send_multipart([b"<IDS|MSG>", signature, *frames])

    def listen(self) -> None:
        """Take what comes next, of any channel."""
        ready = dict(self._poller.poll(LIMIT * 1000))
        assert ready, "the kernel has said nothing more"
        for name, socket in self._sockets.items():
            if socket in ready:
                frames = socket.recv_multipart()
                start = frames.index(b"<IDS|MSG>")
                header, parent, _, content = map(json.loads, frames[start + 2 : start + 6])
                of = parent.get("msg_id", "")
                self.heard.append((name, header["msg_type"], of, content, header))


class Conversation:
    """What was recorded, said again; and what the kernel says this time."""

    def __init__(self, wire: Wire, signal_: Callable[[int], None]) -> None:
        self.steps: list[dict[str, Any]] = json.loads(RECORDING.read_text())
        self._wire = wire
        self._signal = signal_
        self._known: dict[tuple[str, Any], Any] = {}
        self._waiting: list[dict[str, Any]] = []
        self._used: set[int] = set()

    def hold(self) -> list[tuple[dict[str, Any], Any]]:
        """Go through the steps; returns each of the peer's messages, and the content of its like."""
        pairs = []
        for step in self.steps:
            match step:
                case {"say": _}:
                    continue
                case {"from": "kernel", "type": "status"}:
                    continue
                case {"from": "kernel"}:
                    pairs.append((step, self._like(step)))
                case {"signal": name}:
                    self._signal(getattr(signal, name))
                case _:
                    parent = self._known["header", step["of"]] if step["channel"] == "stdin" else {}
                    self._wire.send(step, self._filled(step["content"]), parent)
        return pairs

    def _like(self, step: dict[str, Any]) -> Any:
        """Return the content of the kernel's message that says the same in the same place, as soon as it is there; text may come in pieces."""
        content = self._next_like(step)
        if step["type"] == "stream":
            whole = step["content"]["text"]
            while (text := content["text"]) != whole and whole.startswith(text):
                content = content | {"text": text + self._next_like(step)["text"]}
        return content

    def _next_like(self, step: dict[str, Any]) -> Any:
        while True:
            for number, (channel, kind, of, content, header) in enumerate(self._wire.heard):
                if number in self._used or (channel, kind) != (step["channel"], step["type"]):
                    continue
                is_event = kind == "debug_event"
                if is_event and content["event"] != step["content"]["event"]:
                    continue
                if not is_event and of != step.get("of", ""):
                    continue
                self._used.add(number)
                self._learn(step["content"], content)
                if kind == "input_request":
                    self._known["header", step["id"]] = header
                return content
            try:
                self._wire.listen()
            except AssertionError as error:
                raise AssertionError(f"{error}: {step} is missing; it said {self._wire.heard[-5:]}") from None  # fmt: skip

    def _learn(self, theirs: Any, ours: Any, key: str = "") -> None:
        if isinstance(theirs, dict) and isinstance(ours, dict):
            for name in theirs.keys() & ours.keys():
                if name in _REFERENCES:
                    self._known[_REFERENCES[name], theirs[name]] = ours[name]
                elif name == "id" and key == "stackFrames":
                    self._known["frameId", theirs[name]] = ours[name]
                else:
                    self._learn(theirs[name], ours[name], name)
        elif isinstance(theirs, list) and isinstance(ours, list):
            for one, other in zip(theirs, ours, strict=False):
                self._learn(one, other, key)

    def _filled(self, content: Any) -> Any:
        if isinstance(content, dict):
            return {
                name: self._known.get((name, value), value) if isinstance(value, (str, int)) else self._filled(value)
                for name, value in content.items()
            }  # fmt: skip
        if isinstance(content, list):
            return [self._filled(each) for each in content]
        return content


#: Where this kernel answers differently, and why.
DIFFERENT = {
    "kernel_info_reply.supported_features": "this one has more",
    "silent execute_reply.execution_count": "the number of the next cell, not of the last",
    "execute_reply.engine_info": "of an old ipyparallel; no frontend reads it",
    "silent execute_reply.engine_info": "the same",
    "execute_reply.payload.data.text/plain": "in other colors, and other columns",
    "inspect_reply.data.text/plain": "the same",
    "complete_reply.matches": "they begin behind the dot, not with it",
    "complete_reply.cursor_start": "the same",
    "complete_reply.metadata._jupyter_types_experimental.start": "the same",
    "complete_reply.metadata._jupyter_types_experimental.text": "the same",
    "complete_reply.metadata._jupyter_types_experimental.type": "a function, more than an attribute",
}


def differences(theirs: Any, ours: Any, where: str) -> dict[str, str]:
    """Return where a content is not what was recorded: a key that is missing, another type, another value."""
    said = {where: f"{theirs!r:.200} was recorded, this is {ours!r:.200}"}
    found: dict[str, str] = {}
    match theirs, ours:
        case dict(), dict():
            found = {f"{where}.{key}": "is missing" for key in theirs.keys() - ours.keys()}
            for key in theirs.keys() & ours.keys():
                found |= differences(theirs[key], ours[key], f"{where}.{key}")
        case _ if type(theirs) is not type(ours):
            found = said
        case _ if where.rpartition(".")[2] in _OWN:
            found = {}
        case list(), list():
            found = said if len(theirs) != len(ours) else {}
            for one, other in zip(theirs, ours, strict=False):
                found |= differences(one, other, where)
        case _ if theirs != ours:
            found = said
    return found


def test_the_recorded_conversation(tmp_path):
    """What is recorded is what VS Code's client, @jupyterlab/services over ZeroMQ, sent and what the peer's kernel answered (tools/record_vscode.cjs).

    What the extension does in which order was written by hand, from its documentation and its source.
    """
    spec = kernel_spec(env={"NUNCIUS_DIR": str(tmp_path)})
    options = ManagerOptions(restart=RestartPolicy(enabled=False))
    with BlockingKernelManager(spec, options) as manager:
        wire = Wire(json.loads(Path(manager.connection_file).read_text()))
        try:
            conversation = Conversation(wire, manager.signal)
            pairs = conversation.hold()
        finally:
            wire.close()
        manager.wait()
        assert manager.last_exit.code == 0
    silent = {step["id"] for step in conversation.steps if step.get("content", {}).get("silent")}
    found: dict[str, str] = {}
    for step, ours in pairs:
        what = step["content"].get("command") or step["content"].get("event")
        where = f"{'silent ' * (step.get('of') in silent)}{step['type']}{f' {what}' if what else ''}"  # fmt: skip
        found |= differences(step["content"], ours, where)
    assert {place: said for place, said in found.items() if place not in DIFFERENT} == {}
    assert DIFFERENT.keys() <= found.keys()
