"""A notebook's conversation as VS Code's Jupyter extension holds it: silent cells of its own around the person's, variables by code that prints JSON, cells with ids, interrupt and restart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.manager.blocking import BlockingKernelManager

if TYPE_CHECKING:
    from nuncius.protocol.client.blocking import Client

LIMIT = 30

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
