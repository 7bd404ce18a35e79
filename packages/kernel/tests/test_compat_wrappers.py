"""What thirty-nine published kernels override and use of ipykernel's base class, on ours: under ipykernel's own names, over a real connection."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.messages import Channel

if TYPE_CHECKING:
    from nuncius.protocol.client.blocking import Client

LIMIT = 60

#: Its cells are expressions, evaluated where the kernel is ``self``.
PROGRAM = """
import nuncius.kernel.compat.provide_ipython

import inspect
import os

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel
from IPython.utils.tempdir import TemporaryDirectory
from IPython.utils.tokenutil import line_at_cursor, token_at_cursor
from traitlets import Dict, Unicode


ENDED = os.path.join(os.path.dirname(__file__), "ended")


class Survey(Kernel):
    implementation = "Survey"
    implementation_version = "1.0"
    language = "survey"
    language_version = "0.1"
    help_links = [{"text": "t", "url": "u"}]
    greeting = Unicode("hi").tag(config=True)
    settings = Dict({"a": 1}).tag(config=True)
    _banner = None

    @property
    def language_info(self):
        return {"name": self.language, "mimetype": "text/plain", "file_extension": ".txt"}

    @property
    def banner(self):
        if self._banner is None:
            self._banner = "made when asked for"
        return self._banner

    def __init__(self, **kwargs):
        super(Survey, self).__init__(**kwargs)
        self.calls = []
        self.kept = {}
        self.shell_handlers["shout_request"] = self.shout
        self.control_handlers["shout_request"] = self.shout

    def start(self):
        super().start()
        self.calls.append("start")

    def set_parent(self, ident, parent, channel="shell"):
        super().set_parent(ident, parent, channel)
        self.calls.append("set_parent " + channel + " " + parent["header"]["msg_type"])

    def pre_handler_hook(self):
        super().pre_handler_hook()
        self.calls.append("pre")

    def post_handler_hook(self):
        super().post_handler_hook()
        self.calls.append("post")

    def init_metadata(self, parent):
        return {**super().init_metadata(parent), "began": True}

    def send_response(self, *args, **kwargs):
        self.calls.append("send " + args[1])
        return super().send_response(*args, **kwargs)

    def raw_input(self, prompt=""):
        return super().raw_input(prompt).upper()

    async def shout(self, stream, ident, parent):
        content = {"status": "ok", "shout": parent["content"]["text"].upper()}
        self.session.send(stream, "shout_reply", content, parent, ident)

    async def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=True, *, cell_id=None):
        names = {"self": self, "cell_id": cell_id, "TemporaryDirectory": TemporaryDirectory}
        try:
            value = eval(code, names)
            if inspect.isawaitable(value):
                value = await value
        except Exception as error:
            told = {"ename": type(error).__name__, "evalue": str(error), "traceback": [repr(error)]}
            self.send_response(self.iopub_socket, "error", told)
            return {"status": "error", "execution_count": self.execution_count, **told}
        if not silent and value is not None:
            data = {"data": {"text/plain": repr(value)}, "metadata": {}, "execution_count": self.execution_count}
            self.send_response(self.iopub_socket, "execute_result", data)
        return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}

    def do_complete(self, code, cursor_pos):
        word = token_at_cursor(code, cursor_pos - 1)
        return {"status": "ok", "matches": [word + "ed"], "cursor_start": 0, "cursor_end": cursor_pos, "metadata": {}}

    def do_inspect(self, code, cursor_pos, detail_level=0):
        line, start = line_at_cursor(code, cursor_pos)
        return {"status": "ok", "found": True, "data": {"text/plain": f"{line.strip()} {start} {detail_level}"}, "metadata": {}}

    async def do_is_complete(self, code):
        return {"status": "incomplete", "indent": "  "} if code.endswith(":") else {"status": "complete"}

    def do_history(self, hist_access_type, output, raw, session=None, start=None, stop=None, n=None, pattern=None, unique=False):
        return {"status": "ok", "history": [[1, n, hist_access_type]]}

    def do_shutdown(self, restart):
        with open(ENDED, "w") as file:
            file.write(f"restart={restart}")
        return {"status": "ok", "restart": restart}


if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=Survey)
"""

#: What they use of it: an expression, and how its value is shown.
USED = {
    "self.iopub_socket is not None": "True",
    "self.shell_stream.socket is not None": "True",
    "self.execution_count > 0": "True",
    "self.log.info('x')": None,
    "self.session.msg('t', {'a': 1})['content']": "{'a': 1}",
    "self.session.send(self.iopub_socket, 'display_data', {'data': {}, 'metadata': {}})['msg_type']": "'display_data'",
    "self.raw_input('? ')": "'TYPED'",
    "self.getpass('? ')": "'typed'",
    "'shout_request' in self.shell_handlers": "True",
    "'shout_request' in self.control_handlers": "True",
    "self._allow_stdin": "True",
    "type(self.parent).__name__": "'IPKernelApp'",
    "self.get_parent()['header']['msg_type']": "'execute_request'",
    "self._parent_header['header']['msg_type']": "'execute_request'",
    "self._topic('x').decode() == f'kernel.{self.ident}.x'": "True",
    "self.io_loop is not None": "True",
    "self.profile_dir": None,
    "type(self).instance() is self": "True",
    "type(self).initialized()": "True",
    "self.config == self.parent.config": "True",
    "(self.greeting, self.settings)": "('hello', {'a': 1})",
    "self.has_trait('greeting')": "True",
    "sorted(self.traits(config=True))[-2:]": "['greeting', 'settings']",
    "cell_id": "'cell-7'",
    "TemporaryDirectory().__enter__() != ''": "True",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("survey")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Client]:
    program = folder / "survey.py"
    program.write_text(PROGRAM)
    argv = (sys.executable, str(program), "-f", "{connection_file}", "--Survey.greeting=hello")
    spec = replace(kernel_spec(env={"NUNCIUS_DIR": str(folder)}), argv=argv)
    with BlockingKernelManager(spec) as manager, manager.client() as found:
        found.wait_until_ready(timeout=LIMIT)
        yield found
    assert (folder / "ended").read_text() == "restart=False"


def value(client: Client, code: str) -> Any:
    cell = client.execute(code, cell_id="cell-7", on_input=lambda question: "typed")
    result = cell.result(LIMIT)
    assert result.ok, (code, result)
    return result.data.get("text/plain")


@pytest.mark.parametrize("code", USED)
def test_what_kernels_use(client, code):
    assert value(client, code) == USED[code]


def test_what_kernels_override(client):
    info = client.kernel_info(timeout=LIMIT).content
    assert {name: info[name] for name in ("implementation", "implementation_version", "banner", "help_links", "language_info")} == {
        "implementation": "Survey",
        "implementation_version": "1.0",
        "banner": "made when asked for",
        "help_links": [{"text": "t", "url": "u"}],
        "language_info": {"name": "survey", "mimetype": "text/plain", "file_extension": ".txt"},
    }  # fmt: skip
    assert client.complete("walk", timeout=LIMIT).content["matches"] == ["walked"]
    assert client.inspect("a\nb c", 3, timeout=LIMIT).content["data"]["text/plain"] == "b c 2 0"
    assert client.is_complete("if:", timeout=LIMIT).content["indent"] == "  "
    assert client.history("tail", n=3, timeout=LIMIT).content["history"] == [[1, 3, "tail"]]
    failed = client.execute("1 / 0").result(LIMIT)
    assert (failed.error.ename, failed.status) == ("ZeroDivisionError", "error")
    calls = eval(value(client, "self.calls"))
    assert calls[0] == "start"
    assert calls[-6:] == [
        "set_parent shell execute_request",
        "pre",
        "send error",
        "post",
        "set_parent shell execute_request",
        "pre",
    ]


@pytest.mark.parametrize("channel", [Channel.SHELL, Channel.CONTROL])
def test_a_request_of_its_own_is_answered_by_its_handler(client, channel):
    reply = client.request("shout_request", {"text": "hey"}, channel=channel, timeout=LIMIT)
    assert reply.content["shout"] == "HEY"
