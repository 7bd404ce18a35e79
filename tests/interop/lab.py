"""JupyterLab as a person sees it: its server, a browser on it, and what hands and eyes do there.

Everything that is waited for is a condition in the page, with a time limit; what is pressed and clicked goes through the browser's input.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from pathlib import Path
from typing import Any, Self

from nuncius.nbconvert.pdf.browser import Browser, Printing, find

__all__ = ["Debugging", "Lab", "Notebook", "environment", "plain"]

ROOT = Path(__file__).parents[2]
LIMIT = 60
#: To find the page, and to start everything on a machine that has other work.
LONG = 60

PACKAGES = ("jupyterlab>=4.5", "ipywidgets", "matplotlib", "matplotlib-inline", "debugpy", "ipykernel")  # fmt: skip

#: Looks at a condition until it holds; its value, or null when the time is over.
_UNTIL = """(async () => {
  const end = performance.now() + %d;
  for (;;) {
    let found = null;
    try { found = await (%s); } catch (error) { if (performance.now() > end) throw error; }
    if (found) return found instanceof Object && !Array.isArray(found) ? true : found;
    if (performance.now() > end) return null;
    await new Promise(next => setTimeout(next, 15));
  }
})()"""

#: Nothing is fetched, nothing pops up, nothing is saved by itself.
_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}

#: Name -> the keyboard's code and number of a key.
_KEYS = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowRight": 39, "ArrowLeft": 37, "ArrowDown": 40, "Home": 36, "End": 35}  # fmt: skip
_SHIFT = 8


def environment() -> Path:
    """Return the python of the environment with JupyterLab and ours, made when it is missing.

    ``NUNCIUS_LAB`` names its folder, ``.venv-lab`` in the repository by default.
    """
    folder = Path(os.environ.get("NUNCIUS_LAB") or ROOT / ".venv-lab")
    python = folder / "bin" / "python"
    stamp, wanted = folder / ".complete", "\n".join((*PACKAGES, sys.version))
    if not (stamp.exists() and stamp.read_text() == wanted):
        if folder.exists():
            shutil.rmtree(folder)
        _install(folder, python)
        stamp.write_text(wanted)
    return python


def _install(folder: Path, python: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = [word for name in ("protocol", "kernel") for word in ("-e", str(ROOT / "packages" / name))]  # fmt: skip
    if uv := shutil.which("uv", path=path):
        make = [uv, "venv", "--quiet", "--python", sys.executable, str(folder)]
        fill = [uv, "pip", "install", "--quiet", "--python", str(python), *ours, *PACKAGES]
    else:
        make = [sys.executable, "-m", "venv", str(folder)]
        fill = [str(python), "-m", "pip", "install", "--quiet", *ours, *PACKAGES]
    subprocess.run(make, check=True, timeout=600)
    subprocess.run(fill, check=True, timeout=1200)


class Lab:
    """A server of JupyterLab, and a page of it in a browser.

    Args:
        python: Of the environment that it is in; our kernel runs there, too.
        folder: For everything that it writes; notebooks are in ``work`` below.
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir()
        self._environment = self._variables(python)
        (settings := folder / "config" / "labconfig").mkdir(parents=True)
        (settings / "default_setting_overrides.json").write_text(json.dumps(_SETTINGS))
        self._kernelspec(python)
        program = find()
        assert program is not None, "these tests need Chromium"
        self._log = folder / "lab.log"
        self._server = self._start(python)
        try:
            self._address = self._wait_for_server()
            self.browser = Browser(program, str(folder), Printing(timeout=3600)).__enter__()
        except BaseException:
            self._stop()
            raise
        self.session = ""
        self._pictures = 0

    def __enter__(self) -> Self:
        try:
            self._open_page()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.browser.__exit__(None, None, None)
        self._stop()

    def _stop(self) -> None:
        # by a signal it asks nothing twice, and ends its kernels
        self._server.terminate()
        try:
            self._server.wait(60)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()

    def _variables(self, python: Path) -> dict[str, str]:
        folder = self.folder
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}  # fmt: skip
        return {
            **kept,
            "HOME": str(folder),
            "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "MPLCONFIGDIR": str(folder / "matplotlib"),
            "NUNCIUS_DIR": str(folder / "nuncius"),
        }

    def _kernelspec(self, python: Path) -> None:
        install = [str(python), "-m", "nuncius.kernel", "install", "--user"]
        subprocess.run(install, env=self._environment, check=True, timeout=LONG, capture_output=True)  # fmt: skip

    def _start(self, python: Path) -> subprocess.Popen[bytes]:
        command = [
            str(python), "-m", "jupyterlab", "--allow-root", "--no-browser", "--ip=127.0.0.1", "--port=0",
            "--IdentityProvider.token=t", "--LabApp.expose_app_in_browser=True", "--LabApp.collaborative=False",
            f"--ServerApp.root_dir={self.work}", "--ServerApp.terminals_enabled=False",
        ]  # fmt: skip
        with self._log.open("wb") as log:
            return subprocess.Popen(command, cwd=self.work, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # fmt: skip

    def _wait_for_server(self) -> str:
        end = time.monotonic() + LONG
        runtime = self.folder / "runtime"
        while time.monotonic() < end and self._server.poll() is None:
            for path in runtime.glob("jpserver-*.json"):
                if (text := path.read_text()).endswith("}\n") or text.endswith("}"):
                    return str(json.loads(text)["url"])
            try:
                self._server.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        raise AssertionError(f"JupyterLab has not started:\n{self._log.read_text()[-3000:]}")

    def _open_page(self) -> None:
        self.session = self.browser.tab()
        size = {"width": 1400, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.browser.ask("Emulation.setDeviceMetricsOverride", size, self.session)
        self.visit("lab?token=t&reset")
        self.until("document.querySelector('.jp-Launcher')", LONG)

    def visit(self, path: str) -> None:
        """Load a page of the server, and wait until JupyterLab is there."""
        self.browser.ask("Page.navigate", {"url": f"{self._address}{path}"}, self.session)
        loaded = "new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))"
        self.browser.run(loaded, self.session)
        self.until("window.jupyterapp?.restored.then(() => true)", LONG)

    # -- eyes ----------------------------------------------------------------------------------

    def run(self, script: str) -> Any:
        """Return the value of a script in the page, awaited."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = self.browser.ask("Runtime.evaluate", asked, self.session)
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            raise AssertionError(f"{script}\n{thrown.get('exception', {}).get('description', thrown)}")  # fmt: skip
        return answer["result"].get("value")

    def until(self, condition: str, limit: float = LIMIT) -> Any:
        """Return the value of a condition in the page as soon as it holds."""
        found = self.run(_UNTIL % (limit * 1000, condition))
        if not found:
            raise AssertionError(f"not within {limit:g} s: {condition}\n{self.picture()}")  # fmt: skip
        return found

    def picture(self) -> Path:
        """Save what the page looks like now; returns where."""
        self._pictures += 1
        asked = {"format": "png"}
        data = self.browser.ask("Page.captureScreenshot", asked, self.session)["data"]
        path = self.folder / f"picture-{self._pictures}.png"
        path.write_bytes(b64decode(data))
        return path

    # -- hands ---------------------------------------------------------------------------------

    def command(self, name: str, **arguments: Any) -> None:
        """Have JupyterLab carry out a command, as its menus do."""
        self.run(f"jupyterapp.commands.execute({name!r}, {json.dumps(arguments)}).then(() => null)")

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press a key that has a name, or one letter."""
        code = _KEYS.get(key) or ord(key.upper())
        event: dict[str, Any] = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}  # fmt: skip
        text = {"text": "\r"} if key == "Enter" else {}
        self.browser.ask("Input.dispatchKeyEvent", {"type": "keyDown", **event, **text}, self.session)  # fmt: skip
        self.browser.ask("Input.dispatchKeyEvent", {"type": "keyUp", **event}, self.session)

    def type(self, text: str) -> None:
        """Type text where the focus is."""
        self.browser.ask("Input.insertText", {"text": text}, self.session)

    def click(self, element: str, button: str = "left") -> None:
        """Click into the middle of an element that a script finds, as soon as it is there and stands still."""
        place = self.until(
            f"(e => {{ if (!e) return null; const r = e.getBoundingClientRect(); if (!r.width || !r.height) return null;"
            f" const x = r.x + r.width / 2, y = r.y + r.height / 2, at = document.elementFromPoint(x, y);"
            f" return at && (e.contains(at) || at.contains(e)) && !e.hasAttribute('disabled') ? [x, y] : null; }})({element})"
        )
        self.click_at(*place, button)

    def click_at(self, x: float, y: float, button: str = "left") -> None:
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            pressed = {} if kind == "mouseMoved" else {"button": button, "clickCount": 1}
            self.browser.ask("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **pressed}, self.session)  # fmt: skip


class Notebook:
    """An open notebook on a kernel of its own.

    Args:
        lab: Where it is open.
        name: Of its file.
        cells: Their sources.
        kernel: The name of its kernelspec.
    """

    def __init__(self, lab: Lab, name: str, cells: list[str], kernel: str = "nuncius-python") -> None:  # fmt: skip
        self.lab = lab
        self.path = f"{name}.ipynb"
        document = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
            "cells": [
                {"id": f"cell-{number}", "cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
                for number, source in enumerate(cells)
            ],
        }  # fmt: skip
        (lab.work / self.path).write_text(json.dumps(document))
        self.panel = f"[...jupyterapp.shell.widgets('main')].find(w => w.context && w.context.path === {self.path!r})"
        self._size = len(cells)
        lab.command("docmanager:open", path=self.path, factory="Notebook")
        self.is_open()

    def is_open(self) -> None:
        """Wait until it is there with its cells and a kernel."""
        self.lab.until(f"(p => p && p.sessionContext.session?.kernel?.status === 'idle' && p.content.widgets.length === {self._size} && p.isVisible)({self.panel})", LONG)  # fmt: skip

    def click_gutter(self, number: int, line: int) -> None:
        """Set or clear a breakpoint: click left of a line of a cell."""
        gutter = (
            f"{self.cell(number)}.node.querySelector('.cm-gutters .cm-gutter.cm-breakpoint-gutter')"
        )
        place = self.lab.until(
            f"((cell, gutter) => {{ if (!gutter) return null; const view = cell.editor.editor, at = view.coordsAtPos(view.state.doc.line({line}).from),"
            f" box = gutter.getBoundingClientRect(); return [box.x + box.width / 2, (at.top + at.bottom) / 2]; }})({self.cell(number)}, {gutter})"
        )
        self.lab.click_at(*place)

    def cell(self, number: int) -> str:
        """Return the script of a cell's widget."""
        return f"{self.panel}.content.widgets[{number}]"

    def select(self, number: int) -> None:
        """Click into a cell's first line."""
        self.lab.run(f"{self.panel}.content.scrollToCell({self.cell(number)}).then(() => null, () => null)")  # fmt: skip
        self.lab.click(f"{self.cell(number)}.node.querySelector('.cm-line')")
        self.lab.until(f"{self.panel}.content.activeCellIndex === {number} && {self.cell(number)}.editor?.hasFocus()")  # fmt: skip

    def start(self, number: int) -> None:
        """Run a cell as a person does, by the keyboard; does not wait for it."""
        self.select(number)
        self.lab.press("Enter", modifiers=2)  # control: stays in the cell
        self.lab.until(f"{self.cell(number)}.model.executionState !== 'idle' || {self.cell(number)}.model.executionCount")  # fmt: skip

    def finish(self, number: int) -> None:
        """Wait until a cell has run and the kernel is idle."""
        self.lab.until(
            f"{self.cell(number)}.model.executionState === 'idle' && {self.cell(number)}.model.executionCount"
            f" && {self.panel}.sessionContext.session.kernel.status === 'idle'"
        )

    def run(self, number: int) -> list[dict[str, Any]]:
        """Run a cell and return its outputs."""
        self.start(number)
        self.finish(number)
        return self.outputs(number)

    def outputs(self, number: int) -> list[dict[str, Any]]:
        """Return the outputs of a cell as they would be saved."""
        found: list[dict[str, Any]] = self.lab.run(f"{self.cell(number)}.model.outputs.toJSON()")
        return found

    def text(self, number: int) -> str:
        """Return what the page shows below a cell."""
        return str(self.lab.run(f"{self.cell(number)}.outputArea.node.innerText"))

    def shows(self, number: int, text: str) -> None:
        """Wait until the page shows ``text`` below a cell."""
        self.lab.until(f"{self.cell(number)}.outputArea.node.innerText.includes({json.dumps(text)})")  # fmt: skip

    def close(self) -> None:
        """End its kernel and close it without saving."""
        self.lab.run(
            f"(async p => {{ if (!p) return; await p.sessionContext.shutdown(); await p.context.revert(); p.dispose(); }})({self.panel}).then(() => null)"
        )


class Debugging:
    """JupyterLab's debugger, as it is used on one notebook.

    Args:
        notebook: What is debugged.
    """

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.lab = notebook.lab
        self._button = f"{notebook.panel}.toolbar.node.querySelector('.jp-DebuggerBugButton')"

    def switch(self, on: bool) -> None:
        """Click the button with the bug, and wait until the side panel says that it has worked."""
        pressed = f"{self._button}.getAttribute('aria-pressed') === '{str(not on).lower()}'"
        self.lab.until(pressed)
        self.lab.click(self._button)
        self.is_switched(on)
        sources = "document.querySelectorAll('.jp-DebuggerKernelSource-source').length"
        self.lab.until(
            f"({sources} > 0) === {str(on).lower()}", LONG
        )  # the last thing that it asks for

    def is_switched(self, on: bool) -> None:
        """Wait until the debugger is on, with the gutters that one can click, or off."""
        gutters = (
            f"{self.notebook.panel}.node.querySelectorAll('.cm-gutter.cm-breakpoint-gutter').length"
        )
        self.lab.until(
            f"{self._button}.getAttribute('aria-pressed') === '{str(on).lower()}' && ({gutters} > 0) === {str(on).lower()}",
            LONG,
        )

    def breakpoint(self, cell: int, line: int) -> None:
        """Click left of a line; wait until the breakpoint is listed, and marked where it was clicked."""
        before = self.breakpoints()
        self.notebook.click_gutter(cell, line)
        self.lab.until(f"{_BREAKPOINTS}.length !== {len(before)}")

    def knows(self, *lines: int) -> None:
        """Wait until the kernel has breakpoints at these lines: after a restart it is told in the background."""
        asked = f"{self.notebook.panel}.sessionContext.session.kernel.requestDebug({{type: 'request', seq: 0, command: 'debugInfo', arguments: {{}}}}).done"
        told = "reply.content.body.breakpoints.flatMap(each => each.breakpoints.map(b => b.line)).join()"
        self.lab.until(f"{asked}.then(reply => {told} === {','.join(map(str, lines))!r})")
        self.lab.until(f"{_BREAKPOINTS}.length === {len(lines)}")

    def breakpoints(self) -> list[str]:
        """Return the lines with breakpoints, as the side panel lists them."""
        found: list[str] = self.lab.run(_BREAKPOINTS)
        return found

    def stopped(self, cell: int, line: int, *stack: str) -> None:
        """Wait until a line of a cell is shown as the one that comes next, and the stack has these functions, the innermost first."""
        shown = f"{self.notebook.cell(cell)}.node.querySelector('.jp-DebuggerEditor-highlight')"
        number = f"(e => e && [...e.parentNode.children].indexOf(e) + 1)({shown})"
        frames = "[...document.querySelectorAll('.jp-DebuggerCallstackFrame-name')].map(e => e.innerText)"
        try:
            self.lab.until(f"{number} === {line} && {frames}.join() === {','.join(stack)!r}")
        except AssertionError as error:
            now = self.lab.run("[document.querySelector('.jp-DebuggerCallstack').innerText, document.querySelector('.jp-DebuggerEditor-highlight')?.innerText]")  # fmt: skip
            raise AssertionError(f"expected line {line} of cell {cell} and {stack}; the page shows {now}\n{error}") from None  # fmt: skip

    def click(self, command: str) -> None:
        """Click a button of the panel: continue, next, stepIn, stepOut, evaluate, terminate."""
        self.lab.click(f"document.querySelector('.jp-DebuggerSidebar [data-command=\"debugger:{command}\"]')")  # fmt: skip

    def pause_on(self, kind: str) -> None:
        """Choose a kind of exceptions from the button's menu: to stop there, or no more."""
        self.lab.click("document.querySelector('.jp-debugger-pauseOnExceptions jp-button')")
        self.lab.click(f"[...document.querySelectorAll('.lm-Menu-itemLabel')].find(e => e.innerText === {kind!r})")  # fmt: skip

    def going_on(self) -> None:
        """Wait until nothing is stopped any more."""
        self.lab.until("!document.querySelector('.jp-DebuggerCallstackFrame-name') && !document.querySelector('.jp-DebuggerEditor-highlight')")  # fmt: skip

    def scope(self, name: str) -> None:
        """Choose a scope in the list above the variables."""
        select = "document.querySelector('.jp-DebuggerVariables-toolbar select')"
        self.lab.until(f"[...({select}?.options ?? [])].some(o => o.value === {name!r})")
        self.lab.run(f"(e => {{ e.value = {name!r}; e.dispatchEvent(new Event('change', {{bubbles: true}})); }})({select})")  # fmt: skip

    def variables(self, *shown: tuple[str, str]) -> None:
        """Wait until the panel shows these variables, by name and value, among others."""
        wanted = " && ".join(f"shown.includes({json.dumps(': '.join(pair))})" for pair in shown)
        self.lab.until(f"(shown => {wanted})({_VARIABLES})")

    def on_variable(self, name: str, entry: str) -> None:
        """Choose an entry of the menu that a right click on a variable opens."""
        row = f"[...document.querySelectorAll('.jp-DebuggerVariables-name')].find(e => e.innerText.replace(':', '') === {name!r})"
        self.lab.click(row)
        self.lab.click(row, button="right")
        self.lab.click(f"[...document.querySelectorAll('.lm-Menu-itemLabel')].find(e => e.innerText === {entry!r})")  # fmt: skip


_BREAKPOINTS = "[...document.querySelectorAll('.jp-DebuggerBreakpoint')].map(e => e.innerText.replace(/\\s+/g, ' ').trim())"
_VARIABLES = "[...document.querySelectorAll('.jp-DebuggerVariables-body:not(.lm-mod-hidden) jp-tree-item')].map(e => (e.querySelector('.jp-DebuggerVariables-name')?.innerText ?? '').replace(':', '') + ': ' + (e.querySelector('.jp-DebuggerVariables-detail')?.innerText ?? ''))"


def plain(traceback: list[str]) -> str:
    """Return a traceback without colors."""
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(traceback))
