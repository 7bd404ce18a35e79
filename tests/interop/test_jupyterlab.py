"""JupyterLab as it is, in a browser, on this kernel: what a person clicks, types and sees.

It runs in an environment of its own, made when it is missing; ``NUNCIUS_LAB`` names its folder, ``.venv-lab`` in the repository by default.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lab import Debugging, Lab, Notebook, environment, plain

if TYPE_CHECKING:
    Open = Callable[..., Notebook]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(environment(), tmp_path_factory.mktemp("lab")) as made:
        yield made


@pytest.fixture
def open_notebook(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open notebooks on kernels of their own; they are closed after the test."""
    opened: list[Notebook] = []

    def open_(*cells: str) -> Notebook:
        name = f"{request.node.name}-{len(opened)}"
        opened.append(Notebook(lab, name, list(cells)))
        return opened[-1]

    yield open_
    for notebook in opened:
        notebook.close()


def test_outputs_are_shown(lab: Lab, open_notebook: Open) -> None:
    notebook = open_notebook(
        "print('printed', 6 * 7)\n'a value'",
        "class Table:\n    def _repr_html_(self):\n        return '<table id=mine><tr><td>1</td><td>two</td></tr></table>'\nTable()",
        "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]);",
        "def inner(d):\n    return d['missing']\ninner({})",
        "handle = display('first', display_id=True)",
        "handle.update('second')\nfrom IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('stays')",
    )
    assert notebook.run(0) == [
        {"output_type": "stream", "name": "stdout", "text": "printed 42\n"},
        {"output_type": "execute_result", "execution_count": 1, "data": {"text/plain": "'a value'"}, "metadata": {}},
    ]  # fmt: skip
    assert notebook.text(0).split() == ["printed", "42", "[1]:", "'a", "value'"]
    notebook.run(1)
    lab.until(f"{notebook.cell(1)}.outputArea.node.querySelector('#mine')?.rows[0].cells[1].innerText === 'two'")  # fmt: skip
    notebook.run(2)
    lab.until(f"{notebook.cell(2)}.outputArea.node.querySelector('img')?.naturalWidth > 300")
    [error] = notebook.run(3)
    assert (error["ename"], error["evalue"]) == ("KeyError", "'missing'")
    assert "Cell In[4], line 2, in inner(d)" in plain(error["traceback"])
    notebook.shows(3, "return d['missing']")
    notebook.run(4)
    notebook.shows(4, "'first'")
    notebook.run(5)
    notebook.shows(4, "'second'")
    assert notebook.text(5).strip() == "stays"


def test_the_menu_of_completions_has_types_and_the_tooltip_a_signature(
    lab: Lab, open_notebook: Open
) -> None:
    notebook = open_notebook(
        "colour = 'red'\ndef paint(what, *, coats: int = 2):\n    'Cover it with paint.'\n    return what",
        "",
    )
    notebook.run(0)
    notebook.select(1)
    lab.type("pai")
    lab.press("Tab")
    menu = "(menu => menu?.getBoundingClientRect().width && [...menu.querySelectorAll('.jp-Completer-item')].map(e => e.innerText.replace(/\\s+/g, ' ').trim()))(document.querySelector('.jp-Completer'))"
    assert lab.until(menu) == ["f paint function"]
    lab.press("Enter")
    lab.until(f"!({menu}) && {notebook.cell(1)}.model.sharedModel.source === 'paint'")
    lab.type("(colour.isd")
    lab.press("Tab")
    assert lab.until(menu) == ["f isdecimal function", "f isdigit function"]
    lab.press("ArrowDown")
    lab.press("Enter")
    lab.until(
        f"!({menu}) && {notebook.cell(1)}.model.sharedModel.source === 'paint(colour.isdigit'"
    )
    lab.run(f"(e => {{ e.setCursorPosition({{line: 0, column: 6}}); }})({notebook.cell(1)}.editor)")
    lab.press("Tab", modifiers=8)
    shown = lab.until("document.querySelector('.jp-Tooltip')?.innerText")
    assert "paint(what, *, coats: int = 2)" in shown
    assert "Cover it with paint." in shown


def test_interrupt_and_restart(lab: Lab, open_notebook: Open) -> None:
    notebook = open_notebook("print('busy', flush=True)\nwhile True: pass", "seen = 1", "seen")
    notebook.run(1)
    notebook.start(0)
    notebook.shows(0, "busy")
    lab.click(f"{notebook.panel}.toolbar.node.querySelector('[data-command=\"notebook:interrupt-kernel\"]')")  # fmt: skip
    notebook.finish(0)
    assert notebook.outputs(0)[-1]["ename"] == "KeyboardInterrupt"
    assert notebook.run(2)[0]["data"] == {"text/plain": "1"}
    lab.click(f"{notebook.panel}.toolbar.node.querySelector('[data-command=\"notebook:restart-kernel\"]')")  # fmt: skip
    lab.click("document.querySelector('.jp-Dialog .jp-mod-accept')")
    lab.until(f"!document.querySelector('.jp-Dialog') && {notebook.panel}.sessionContext.session.kernel.status === 'idle'")  # fmt: skip
    [error] = notebook.run(2)
    assert error["ename"] == "NameError"


def test_a_cell_in_the_background_shows_its_output_below_itself(
    lab: Lab, open_notebook: Open
) -> None:
    notebook = open_notebook(
        "import asyncio\ngo = asyncio.Event()",
        "%%bg job\nprint('begun')\nawait go.wait()\nprint('late')\n'a value'",
        "print('meanwhile')\ngo.set()",
    )
    for number in range(3):
        notebook.run(number)
    notebook.shows(1, "'a value'")
    notebook.shows(1, "done in")
    assert "begun\nlate\n" in notebook.text(1)
    assert notebook.text(2).strip() == "meanwhile"


def test_questions(lab: Lab, open_notebook: Open) -> None:
    notebook = open_notebook("name = input('Who? ')\nprint('Hello', name)", "from getpass import getpass\nlen(getpass('Word? '))")  # fmt: skip
    notebook.start(0)
    notebook.shows(0, "Who?")
    lab.click(f"{notebook.cell(0)}.node.querySelector('.jp-Stdin-input')")
    lab.type("Ada")
    lab.press("Enter")
    notebook.finish(0)
    assert notebook.outputs(0)[-1]["text"].endswith("Hello Ada\n")
    notebook.start(1)
    field = f"{notebook.cell(1)}.node.querySelector('.jp-Stdin-input')"
    lab.until(f"{field}?.type === 'password'")
    lab.click(field)
    lab.type("secret")
    lab.press("Enter")
    notebook.finish(1)
    assert notebook.outputs(1)[-1]["data"] == {"text/plain": "6"}


def test_a_slider_is_moved_from_both_ends(lab: Lab, open_notebook: Open) -> None:
    notebook = open_notebook(
        "import ipywidgets as w\nslider = w.IntSlider(value=3, min=0, max=9)\nheard = w.Output()\n"
        "@heard.capture()\ndef tell(change):\n    print('now', change['new'])\n"
        "slider.observe(tell, 'value')\nw.VBox([slider, heard])",
        "slider.value = 7",
        "slider.value",
    )
    notebook.run(0)
    node = f"{notebook.cell(0)}.outputArea.node"
    lab.until(f"{node}.querySelector('.widget-readout')?.innerText === '3'")
    notebook.run(1)
    lab.until(f"{node}.querySelector('.widget-readout')?.innerText === '7'")
    notebook.shows(0, "now 7")
    lab.click(f"{node}.querySelector('.noUi-handle')")
    lab.press("ArrowRight")
    lab.until(f"{node}.querySelector('.widget-readout')?.innerText === '8'")
    notebook.shows(0, "now 8")
    assert notebook.run(2)[0]["data"] == {"text/plain": "8"}


#: The function of one cell that another one calls.
FUNCTION = """

def total(numbers):
    found = 0
    for number in numbers:
        found += twice(number)
    return found

def twice(number):
    doubled = number * 2
    return doubled"""
CALL = "first = 'a text'\nvalues = [10, 20]\nresult = total(values)\nresult"


def test_breakpoints_steps_and_variables(lab: Lab, open_notebook: Open) -> None:
    notebook = open_notebook(FUNCTION, CALL)
    debugger = Debugging(notebook)
    debugger.switch(on=True)
    debugger.breakpoint(1, 3)
    debugger.breakpoint(0, 10)
    assert [each.split()[-1] for each in debugger.breakpoints()] == ["3", "10"]
    notebook.run(0)
    notebook.start(1)

    debugger.stopped(1, 3, "<module>")
    debugger.variables(("first", "a text"), ("values", "list"))
    debugger.click("stepIn")
    debugger.stopped(0, 4, "total", "<module>")
    debugger.variables(("numbers", "list"))
    debugger.click("next")
    debugger.stopped(0, 5, "total", "<module>")
    debugger.click("continue")
    debugger.stopped(0, 10, "twice", "total", "<module>")
    debugger.variables(("number", "10"))
    debugger.click("next")
    debugger.stopped(0, 11, "twice", "total", "<module>")
    debugger.variables(("doubled", "20"))
    debugger.on_variable("doubled", "Copy Variable to Globals")
    debugger.click("stepOut")
    debugger.stopped(0, 6, "total", "<module>")
    debugger.variables(("found", "0"))
    debugger.scope("Globals")
    debugger.variables(("first", "a text"), ("doubled", "20"))
    debugger.scope("Locals")

    debugger.click("continue")
    debugger.stopped(0, 10, "twice", "total", "<module>")
    notebook.click_gutter(0, 10)  # cleared
    lab.until("document.querySelectorAll('.jp-DebuggerBreakpoint').length === 1")
    debugger.click("continue")
    debugger.going_on()
    notebook.finish(1)
    assert notebook.outputs(1)[-1]["data"] == {"text/plain": "60"}
    debugger.variables(("doubled", "20"), ("result", "60"))
    debugger.switch(on=False)
    assert notebook.run(1)[-1]["data"] == {"text/plain": "60"}


def test_a_value_is_looked_at_and_expressions_are_evaluated(lab: Lab, open_notebook: Open) -> None:
    notebook = open_notebook(
        "class Table:\n    def _repr_html_(self):\n        return '<b id=bold>rich</b>'\n",
        "def f(number):\n    shown = Table()\n    return shown, number\nf(20);",
    )
    notebook.run(0)
    debugger = Debugging(notebook)
    debugger.switch(on=True)
    debugger.breakpoint(1, 3)
    notebook.start(1)
    debugger.stopped(1, 3, "f", "<module>")
    debugger.on_variable("shown", "Render Variable")
    lab.until("document.querySelector('.jp-DebuggerRichVariable #bold')?.innerText === 'rich'")
    lab.run("[...jupyterapp.shell.widgets('main')].find(w => w.id.startsWith('jp-debugger-variable-mime')).dispose()")  # fmt: skip
    debugger.click("evaluate")
    prompt = (
        "document.querySelector('.jp-DebugConsole-widget .jp-CodeConsole-promptCell .cm-content')"
    )
    lab.click(prompt)
    lab.type("number = number + 22")
    lab.press("Enter", modifiers=8)
    lab.until(f"(e => e?.innerText.trim() === '' && e === document.activeElement)({prompt})")
    lab.type("number * 1000")
    lab.press("Enter", modifiers=8)
    lab.until("document.querySelector('.jp-DebugConsole-widget .jp-CodeConsole-content')?.innerText.includes('42000')")  # fmt: skip
    debugger.click("evaluate")
    lab.until("!document.querySelector('.jp-DebugConsole-widget')")
    debugger.click("continue")
    debugger.going_on()
    notebook.finish(1)


def test_it_stops_where_an_exception_is_raised(lab: Lab, open_notebook: Open) -> None:
    notebook = open_notebook(
        "def divide(a, b):\n    ratio = a / b\n    return ratio",
        "try:\n    divide(1, 0)\nexcept ZeroDivisionError:\n    print('caught')",
        "divide(2, 0)",
    )
    notebook.run(0)
    debugger = Debugging(notebook)
    debugger.switch(on=True)
    debugger.pause_on("raised")
    notebook.start(1)
    debugger.stopped(0, 2, "divide", "<module>")
    debugger.variables(("a", "1"), ("b", "0"))
    debugger.click("continue")
    debugger.stopped(1, 2, "<module>")
    debugger.click("continue")
    debugger.going_on()
    notebook.finish(1)
    assert notebook.text(1).strip() == "caught"
    debugger.pause_on("raised")  # no more
    debugger.pause_on("uncaught")
    assert notebook.run(1)[0]["text"] == "caught\n"
    notebook.start(2)
    debugger.stopped(0, 2, "divide", "<module>")
    debugger.click("continue")
    debugger.going_on()
    notebook.finish(2)
    assert notebook.outputs(2)[0]["ename"] == "ZeroDivisionError"


def test_the_debugger_survives_a_restart_and_a_new_page(lab: Lab, open_notebook: Open) -> None:
    notebook = open_notebook("def f(x):\n    y = x + 1\n    return y\nprint('got', f(3))", "name = input('Who? ')\nprint('Hello', name)")  # fmt: skip
    debugger = Debugging(notebook)
    debugger.switch(on=True)
    debugger.breakpoint(0, 2)
    notebook.start(0)
    debugger.stopped(0, 2, "f", "<module>")
    lab.click(f"{notebook.panel}.toolbar.node.querySelector('[data-command=\"notebook:restart-kernel\"]')")  # fmt: skip
    lab.click("document.querySelector('.jp-Dialog .jp-mod-accept')")
    lab.until(f"!document.querySelector('.jp-Dialog') && {notebook.panel}.sessionContext.session.kernel.status === 'idle'")  # fmt: skip
    debugger.is_switched(on=True)
    debugger.knows(2)
    notebook.start(0)
    debugger.stopped(0, 2, "f", "<module>")
    debugger.scope("Locals")
    debugger.variables(("x", "3"))
    debugger.click("continue")
    debugger.going_on()
    notebook.finish(0)
    assert notebook.text(0).strip() == "got 4"

    lab.command("docmanager:save")
    lab.visit(f"lab/tree/{notebook.path}?token=t")
    notebook.is_open()
    debugger.is_switched(on=True)
    debugger.knows(2)
    notebook.start(0)
    debugger.stopped(0, 2, "f", "<module>")
    debugger.click("next")
    debugger.stopped(0, 3, "f", "<module>")
    debugger.click("continue")
    debugger.going_on()
    notebook.finish(0)
    notebook.start(1)
    notebook.shows(1, "Who?")
    lab.click(f"{notebook.cell(1)}.node.querySelector('.jp-Stdin-input')")
    lab.type("Ann")
    lab.press("Enter")
    notebook.finish(1)
    assert notebook.outputs(1)[-1]["text"].endswith("Hello Ann\n")
