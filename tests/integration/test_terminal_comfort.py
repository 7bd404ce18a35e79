"""What makes typing pleasant, and what the terminal is told: each option once, as a person uses it."""

from __future__ import annotations

import base64
import os
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, NUNCIUS, Terminal

RIGHT, F3 = "\x1b[C", "\x1bOR"


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> list[str]:
    return COMMANDS[request.param]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "PAGER": "cat"}


def started(command: list[str], home: dict[str, str], *options: str) -> Terminal:
    terminal = Terminal([*command, "--no-banner", *options], home, home["HOME"])
    terminal.wait("In [1]:")
    return terminal


def test_signatures_appear_while_typing(command: list[str], home: dict[str, str]) -> None:
    with started(command, home, "--TerminalShell.signatures_while_typing=True") as shell:
        shell.type("def f(width, *, height=3): pass\r")
        shell.wait("In [2]:")
        shell.type("f(")
        shell.wait(lambda screen: "height=3" in screen.split("In [2]:")[1])
        shell.type("1)")
        shell.wait(lambda screen: "height=3" not in screen.split("In [2]:")[1])


DESCRIBED = """\
def describe(first, second=2):
    '''Tell what the two are.

    Slowly.'''

describes = 1"""


@pytest.mark.parametrize("style", ["column", "multicolumn"])
def test_the_selected_completion_is_described_beside_the_menu(
    command: list[str], home: dict[str, str], style: str
) -> None:
    with started(command, home, f"--TerminalShell.completion_style={style}") as shell:
        shell.type(f"\x1b[200~{DESCRIBED}\x1b[201~\r")
        shell.wait("In [2]:")
        shell.type("desc\t")
        shell.wait(lambda screen: "describes" in screen.split("In [2]:")[1])
        assert "Tell what" not in shell.text.split("In [2]:")[1]
        shell.type("\t")
        shell.wait(lambda screen: "describe(first, second=2)" in screen.split("In [2]:")[1])
        shell.wait(lambda screen: "Tell what the two are." in screen.split("In [2]:")[1])
        shell.type("\t")
        shell.wait(lambda screen: "Tell what the two are." not in screen.split("In [2]:")[1])
        shell.type("\x1b[Z\r(40, 2)")
        shell.wait("In [2]: describe(40, 2)")


def test_percent_keys_and_f1_list_the_keys(command: list[str], home: dict[str, str]) -> None:
    with started(command, home) as shell:
        shell.resize(100, 120)
        shell.type("%keys\r")
        shell.wait("Run the cell if it is complete")
        shell.wait(lambda screen: screen.rstrip().endswith("In [2]:"))
        shell.type("\x1bOP")  # F1
        shell.wait(lambda screen: screen.count("Run the cell if it is complete") == 2)
        shell.wait(lambda screen: screen.rstrip().endswith("In [2]:"))


def test_a_mistake_in_the_shortcuts_is_told_before_anything_else(
    home: dict[str, str], tmp_path: Path
) -> None:
    config = tmp_path / "config.py"
    config.write_text("c.TerminalShell.shortcuts = [{'command': 'rnu', 'new_keys': ['f5']}]\n")
    with Terminal([NUNCIUS, f"--config={config}"], home, str(tmp_path)) as shell:
        shell.wait("there is no command 'rnu'; did you mean 'run'")
        assert shell.wait_exit() == 2


#: What many people turn on or off, all of it at once.
CONFIG = """\
c.TerminalShell.shortcuts = [
    {"command": "toggle_comment", "new_keys": ["c-x", "c-k"], "create": True},
    {"command": "run", "new_keys": ["f5"], "match_keys": ["escape", "enter"]},
]
c.TerminalShell.auto_close_brackets = True
c.TerminalShell.autoformatter = "./tidy"
c.TerminalShell.completion_documentation = False
c.TerminalShell.transient_prompt = True
c.TerminalShell.right_prompt = "duration"
"""


def test_what_is_configured_for_typing(
    command: list[str], home: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "config.py").write_text(CONFIG)
    (tmp_path / "tidy").write_text("#!/bin/sh\nsed 's/ *+ */ + /g'\n")
    (tmp_path / "tidy").chmod(0o755)
    with started(command, home, "--config=config.py") as shell:
        shell.type("len([40+   2")
        shell.wait("In [1]: len([40+   2])")
        shell.type("])")  # steps over the brackets that have come by themselves
        shell.type(F3)
        shell.wait("In [1]: len([40 + 2])")
        shell.type("\r")
        shell.wait("In [2]:")
        assert "In [1]" not in shell.text
        assert "> len([40 + 2])\nOut[1]: 1" in shell.text
        shell.type("a = 1\x18\x0b")  # Ctrl-X Ctrl-K
        shell.wait("In [2]: # a = 1")
        shell.type("\x18\x0b; print('it')\x1b[15~")  # F5
        shell.wait("\nit\n")
        shell.type("import os, time; time.sleep(0.3)\r")
        screen = shell.wait(lambda screen: re.search(r"In \[4\]: +\d\.\d s$", screen) is not None)
        assert float(screen.split()[-2]) >= 0.3
        shell.type("os.remov\t")
        shell.wait("removexattr")
        shell.type("\t")
        shell.wait(lambda screen: "In [4]: os.remove " in screen)
        shell.type(" is None\r")
        shell.wait("Out[4]: False")
        assert b"dir_fd" not in shell.raw


def test_the_title_shows_the_cell_that_runs_and_then_the_folder(
    command: list[str], home: dict[str, str]
) -> None:
    with started(command, home) as shell:
        shell.type("6 * 7\r")
        shell.wait("Out[1]: 42")
        running, at_prompt = b"\x1b]2;nuncius: 6 * 7\x07", b"\x1b]2;nuncius: ~\x07"
        shell.wait(lambda _: at_prompt in shell.raw.partition(running)[2])
        assert b"\x1b]7;file://" in shell.raw


def test_a_long_cell_that_ends_is_notified(command: list[str], home: dict[str, str]) -> None:
    with started(command, home, "--TerminalShell.notify_after=0.2") as shell:
        shell.type("import time\r")
        shell.wait("In [2]:")
        assert b"\x1b]9;" not in shell.raw
        shell.type("time.sleep(0.3)\r")
        shell.wait("In [3]:")
        assert b"\x1b]9;Cell 2 has ended after 0 s\x07" in shell.raw


def test_percent_copy_fills_the_clipboard(command: list[str], home: dict[str, str]) -> None:
    with started(command, home) as shell:
        shell.type("%copy\r")
        shell.wait("There is no result yet")
        shell.wait("In [2]:")
        shell.type("'caf\\xe9'\r")
        shell.wait("Out[2]: 'café'")
        shell.wait("In [3]:")
        shell.type("%cop\x1b[A\r")  # it is in the history, as other cells are
        shell.wait("Copied 6 characters")
        shell.wait("In [4]:")
        sent = shell.raw.split(b"\x1b]52;c;")[1].split(b"\x07")[0]
        assert base64.b64decode(sent).decode() == "'café'"


def test_a_suggestion_is_what_up_would_bring(command: list[str], home: dict[str, str]) -> None:
    with started(command, home) as shell:
        shell.type("answer = 41\r")
        shell.wait("In [2]:")
        shell.type("answer = 42\r")
        shell.wait("In [3]:")
        shell.type("ans")
        shell.wait("In [3]: answer = 42")
        shell.type("\x1b[A")
        shell.wait("In [3]: answer = 42")
        shell.type("\x1b[A")
        shell.wait("In [3]: answer = 41")
        shell.type("\x1b[B\x1b[B")
        shell.wait("In [3]: answer = 42")
        shell.type("\x1bf\r")  # the next word of the suggestion
        shell.wait("Out[3]: 42")
