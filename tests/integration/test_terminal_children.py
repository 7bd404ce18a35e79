"""Programs that cells start have the real terminal: full screens, passwords, job control, background writes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import Terminal

NUNCIUS = str(Path(sys.executable).with_name("nuncius"))

#: A program like vi, less or top: it takes the whole screen, reads single keys, and puts the screen back.
FULL_SCREEN = """
import curses

def main(window):
    window.addstr(0, 0, "full screen of %d lines" % curses.LINES)
    key = window.getkey()
    open("pressed", "w").write(key)

curses.wrapper(main)
"""

#: A program like ssh or sudo: it asks at the terminal itself, whatever its input is.
ASKS = """
import getpass, sys

secret = getpass.getpass("Password: ")
print("a secret of", len(secret), "characters", sys.stdin.isatty())
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Terminal]:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    (tmp_path / "screen.py").write_text(FULL_SCREEN)
    (tmp_path / "asks.py").write_text(ASKS)
    with Terminal([NUNCIUS, "--no-banner"], env, str(tmp_path)) as terminal:
        terminal.wait("In [1]:")
        terminal.type(f"python = {sys.executable!r}\r")
        terminal.wait("In [2]:")
        yield terminal


def test_a_full_screen_program(shell: Terminal, tmp_path: Path) -> None:
    shell.type("!{python} screen.py\r")
    shell.wait("full screen of 40 lines")
    shell.type("k")
    shell.wait("In [3]:")
    assert (tmp_path / "pressed").read_text() == "k"
    shell.type("6 * 7\r")
    shell.wait("Out[3]: 42")


def test_a_program_that_asks_for_a_password(shell: Terminal) -> None:
    shell.type("!{python} asks.py\r")
    shell.wait("Password:")
    shell.type("hidden\r")
    shell.wait("a secret of 6 characters True")
    assert "hidden" not in shell.text
    shell.wait("In [3]:")


def test_ctrl_c_in_a_program_leaves_its_exit_code(shell: Terminal) -> None:
    shell.type("!echo be''gun; sleep 60\r")
    shell.wait("begun")
    shell.press("c")
    shell.wait("In [3]:")
    shell.type("_exit_code\r")
    shell.wait(lambda screen: "Out[3]: 130" in screen or "Out[3]: -2" in screen)


def test_a_program_in_the_background_writes_and_typing_goes_on(
    shell: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    shell.type("!(while test -e go; do :; done; echo 'from the' back) &\r")
    shell.wait("In [3]:")
    shell.type("40 +")
    shell.wait("In [3]: 40 +")
    (tmp_path / "go").unlink()
    shell.wait("from the back")
    shell.type(" 2\r")
    shell.wait("Out[3]: 42")


def test_writes_to_the_bare_descriptor_do_not_lose_what_is_typed(shell: Terminal) -> None:
    shell.type("import os, threading; go = threading.Event()\r")
    shell.wait("In [3]:")
    shell.type(
        "threading.Thread(target=lambda: [go.wait(), os.write(1, b'ra' + b'w\\n')]).start()\r"
    )
    shell.wait("In [4]:")
    shell.type("import asyncio; task = asyncio.ensure_future(asyncio.to_thread(go.set))\r")
    shell.wait("raw")
    shell.type("40 + 2\r")
    shell.wait(": 42")
    shell.press("l")
    shell.wait(lambda screen: screen.startswith("In ["))


def test_stop_and_go_on_while_a_program_runs(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "PS1": "sh> "}
    with Terminal(["bash", "--norc", "-i"], env, str(tmp_path)) as outer:
        outer.wait("sh>")
        outer.type(f"{NUNCIUS} --no-banner\r")
        outer.wait("In [1]:")
        outer.type("import time; print('be' + 'gun', flush=True); time.sleep(0.5); 6 * 7\r")
        outer.wait("begun")
        outer.press("z")
        outer.wait("Stopped")
        outer.type("fg\r")
        outer.wait("Out[1]: 42")
        outer.wait("In [2]:")
