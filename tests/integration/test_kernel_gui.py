"""Kernels and windows: in programs with Qt and Tk, and toolkits that a kernel's own cells open."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from display import hidden_display

from nuncius.kernel.install import kernel_spec
from nuncius.protocol.client.blocking import Client
from nuncius.protocol.connection import load_connection_file
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.transport.zmq import ZmqChannels

LIMIT = 60


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """The name of an X display that nobody sees."""
    with hidden_display() as name:
        yield name


@contextmanager
def connected(path: str | Path) -> Iterator[Client]:
    """A client that knows nothing but the connection file."""
    with Client(ZmqChannels(load_connection_file(path))) as client:
        client.wait_until_ready(timeout=LIMIT)
        yield client


def run(client: Client, code: str) -> Any:
    return client.execute(code).result(LIMIT)


def value(client: Client, code: str) -> str:
    result = run(client, code)
    assert result.ok, result.error
    return result.data["text/plain"]


@contextmanager
def program(
    source: str, folder: Path, **variables: str
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A program that embeds a kernel, and the kernel's connection file."""
    with subprocess.Popen(
        [sys.executable, "-c", source],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"NUNCIUS_DIR": str(folder)} | variables,
    ) as process:
        assert process.stderr is not None
        try:
            hint = process.stderr.readline()
            yield process, Path(hint.partition("--existing ")[2].strip())
        finally:
            process.kill()


OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}

TK = """
import tkinter
root = tkinter.Tk()
label = tkinter.Label(root, text="before")
label.pack()
clicks = []
from nuncius.kernel.embed import serve_in_gui, embed_kernel
"""

QT = """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
label = QLabel("before")
label.show()
ticks = []
timer = QTimer()
timer.timeout.connect(lambda: ticks.append(1))
timer.start(5)
from nuncius.kernel.embed import serve_in_gui, embed_kernel
"""


def test_a_program_with_windows_of_qt_is_looked_into_while_they_live(tmp_path):
    source = f"{QT}kernel = serve_in_gui()\napp.exec()\nkernel.stop()\nprint(label.text(), 'end')\n"
    with program(source, tmp_path, **OFFSCREEN) as (process, file):
        with connected(file) as client:
            assert value(client, "label.text(), len(ticks) > 0") == "('before', True)"
            run(client, "label.setText('after')")
            assert (
                value(
                    client,
                    "import asyncio\nn = len(ticks)\nawait asyncio.sleep(0.1)\nlen(ticks) > n",
                )
                == "True"
            )
            assert run(client, "%gui qt").ok
            nested = (
                "from PySide6.QtCore import QEventLoop\nloop = QEventLoop()\n"
                "QTimer.singleShot(50, loop.quit)\nloop.exec()\n'closed'"
            )
            assert value(client, nested).strip("'") == "closed"
            run(client, "app.quit()")
        assert process.communicate(timeout=LIMIT) == ("after end\n", "")


def test_windows_of_qt_stay_alive_while_the_program_waits_in_its_kernel(tmp_path):
    source = f"{QT}def main(local):\n    embed_kernel()\n    print(local)\nmain(5)\n"
    with program(source, tmp_path, **OFFSCREEN) as (process, file):
        with connected(file) as client:
            assert value(client, "local") == "5"
            code = "import asyncio\nn = len(ticks)\nwhile len(ticks) == n: await asyncio.sleep(0.01)\n'alive'"
            assert value(client, code) == "'alive'"
            client.shutdown(timeout=LIMIT)
        assert process.communicate(timeout=LIMIT)[0] == "5\n"


def test_a_program_with_windows_of_tk_is_looked_into_while_they_live(tmp_path, screen):
    source = (
        f"{TK}kernel = serve_in_gui()\nroot.mainloop()\nkernel.stop()\n"
        "print(label['text'], 'end')\nroot.destroy()\n"
    )
    with program(source, tmp_path, DISPLAY=screen) as (process, file):
        with connected(file) as client:
            assert value(client, "label['text']") == "'before'"
            run(client, "label.config(text='after')\nroot.after(1, lambda: clicks.append(1))")
            code = "import asyncio\nwhile not clicks: await asyncio.sleep(0.01)\nclicks"
            assert value(client, code) == "[1]"
            assert run(client, "%gui tk").ok
            run(client, "root.quit()")
        assert process.communicate(timeout=LIMIT) == ("after end\n", "")


def test_windows_of_tk_stay_alive_while_the_program_waits_in_its_kernel(tmp_path, screen):
    source = f"{TK}embed_kernel()\nprint(clicks)\nroot.destroy()\n"
    with program(source, tmp_path, DISPLAY=screen) as (process, file):
        with connected(file) as client:
            run(client, "root.after(1, lambda: clicks.append(1))")
            code = "import asyncio\nwhile not clicks: await asyncio.sleep(0.01)\n'alive'"
            assert value(client, code) == "'alive'"
            client.shutdown(timeout=LIMIT)
        assert process.communicate(timeout=LIMIT)[0] == "[1]\n"


OPENS = {
    "qt": (
        "from PySide6.QtCore import QTimer\nfrom PySide6.QtWidgets import QApplication, QLabel\n"
        "label = QLabel('x')\nlabel.show()\n"
        "def later(f): QTimer.singleShot(1, f)"
    ),
    "tk": "import tkinter\nroot = tkinter.Tk()\ndef later(f): root.after(1, f)",
    "asyncio": "import asyncio\ndef later(f): asyncio.get_running_loop().call_later(0.001, f)",
}


@pytest.mark.parametrize("gui", OPENS)
def test_events_are_handled_while_the_kernel_waits(tmp_path, screen, gui):
    """A timer of the toolkit calls back between two cells, and cells are answered meanwhile."""
    env = {"NUNCIUS_DIR": str(tmp_path), "DISPLAY": screen, **OFFSCREEN}
    with BlockingKernelManager(kernel_spec(env=env)) as manager, manager.client() as client:
        client.wait_until_ready(timeout=LIMIT)
        assert run(client, f"%gui {gui}").ok
        assert run(client, OPENS[gui]).ok
        run(client, "import threading\ncame = threading.Event()\nlater(came.set)")
        subshell = client.create_subshell(timeout=LIMIT).content["subshell_id"]
        waited = client.execute(f"came.wait({LIMIT})", subshell_id=subshell).result(LIMIT)
        assert waited.data["text/plain"] == "True"
        assert run(client, "%gui\n1").ok
