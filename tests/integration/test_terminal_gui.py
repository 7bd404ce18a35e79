"""Windows that cells open live while the prompt waits: Tk and Qt on a real display, in-process and over ZeroMQ.

Qt's wheels need libraries of the system for X: on Debian libxcb-cursor0, libxcb-icccm4, libxcb-keysyms1 and libxkbcommon-x11-0.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from display import hidden_display
from terminal import COMMANDS, Terminal


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with hidden_display() as name:
        yield name


@pytest.fixture(params=COMMANDS)
def shell(request: pytest.FixtureRequest, display: str, tmp_path: Path) -> Iterator[Terminal]:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "DISPLAY": display,
        # With its own platform "offscreen" Qt would show nothing to nobody.
        "QT_QPA_PLATFORM": "xcb",
    }
    with Terminal([*COMMANDS[request.param], "--no-banner"], env, str(tmp_path)) as terminal:
        terminal.wait("In [1]:")
        yield terminal


def run(shell: Terminal, number: int, code: str) -> None:
    shell.type(f"{code}\r")
    shell.wait(f"In [{number + 1}]:")


def types_while_it_lives(shell: Terminal, number: int) -> None:
    """Type a cell, in the middle of which the window says that it lives."""
    shell.type("6 *")
    shell.wait("alive 5\n")
    shell.type(" 7\r")
    shell.wait(f"Out[{number}]: 42")
    assert f"In [{number}]: 6 * 7\n" in shell.text


BEAT = """\
def beat():
    beats.append(1)
    print('al' + 'ive', len(beats))
    if len(beats) < 6:
        later(10, beat)
"""


@pytest.mark.parametrize(
    ("toolkit", "window", "visible"),
    [
        (
            "tk",
            "import tkinter; root = tkinter.Tk(); later = root.after",
            "bool(root.winfo_viewable()), root.destroy()",
        ),
        (
            "qt",
            "from PySide6 import QtCore, QtWidgets; root = QtWidgets.QLabel('window'); root.show(); later = QtCore.QTimer.singleShot",
            "root.windowHandle().isExposed(), root.hide()",
        ),
    ],
)
def test_a_window(shell: Terminal, toolkit: str, window: str, visible: str) -> None:
    run(shell, 1, f"%gui {toolkit}")
    run(shell, 2, f"{window}; beats = []")
    run(shell, 3, f"\x1b[200~{BEAT}\x1b[201~\r")
    run(shell, 4, "_ = later(10, beat)")
    types_while_it_lives(shell, 5)
    run(shell, 6, visible)
    shell.wait("Out[6]: (True, None)")


@pytest.mark.parametrize("toolkit", ["qt", "tk"])
def test_a_figure(shell: Terminal, toolkit: str) -> None:
    run(shell, 1, f"%matplotlib {toolkit}")
    run(shell, 2, "import matplotlib.pyplot as plt; fig = plt.figure(); plt.plot([1, 2]);")
    run(
        shell,
        3,
        "timer = fig.canvas.new_timer(10); beats = []; timer.add_callback(lambda: len(beats) < 6 and (beats.append(1) or print('al' + 'ive', len(beats))));",
    )
    run(shell, 4, "timer.start()")
    types_while_it_lives(shell, 5)
    run(shell, 6, "timer.stop(); plt.close(fig); plt.get_fignums()")
    shell.wait("Out[6]: []")
