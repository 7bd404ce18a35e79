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

RIGHT, SHIFT_LEFT, F3 = "\x1b[C", "\x1b[1;2D", "\x1bOR"


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


def test_in_a_narrow_window_the_description_is_below_the_menu(home: dict[str, str]) -> None:
    with started(COMMANDS["in-process"], home) as shell:
        shell.resize(40, 30)
        shell.type("import os\r")
        shell.wait("In [2]:")
        shell.type("os.remov\t")
        shell.wait("removexattr")
        shell.type("\t")
        shell.wait(
            lambda screen: re.search(r"\n +remove .*\n(.*\n)+ +remove\(path", screen) is not None
        )


def test_descriptions_can_be_switched_off(home: dict[str, str]) -> None:
    option = "--TerminalShell.completion_documentation=False"
    with started(COMMANDS["in-process"], home, option) as shell:
        shell.type("import os\r")
        shell.wait("In [2]:")
        shell.type("os.remov\t")
        shell.wait("removexattr")
        shell.type("\t")
        shell.wait("In [2]: os.remove\n")
        shell.type(" is None\r")
        shell.wait("Out[2]: False")
        assert b"dir_fd" not in shell.raw


def test_brackets_close_by_themselves(home: dict[str, str]) -> None:
    with started(COMMANDS["in-process"], home, "--TerminalShell.auto_close_brackets=True") as shell:
        shell.type("len([1, 2")
        shell.wait("In [1]: len([1, 2])")
        shell.type("])\r")  # steps over them
        shell.wait("Out[1]: 2")
        shell.type("('it")
        shell.wait("In [2]: ('it')")
        shell.type("' + \"x\r")
        shell.wait("Out[2]: 'itx'")


def test_f3_formats_the_cell(home: dict[str, str], tmp_path: Path) -> None:
    tool = tmp_path / "tidy"
    tool.write_text("#!/bin/sh\nsed 's/ *+ */ + /g'\n")
    tool.chmod(0o755)
    with started(COMMANDS["in-process"], home, f"--TerminalShell.autoformatter={tool}") as shell:
        shell.type("40+   2" + F3)
        shell.wait("In [1]: 40 + 2")
        shell.type("\r")
        shell.wait("Out[1]: 42")


def test_shift_and_arrows_select_what_is_cut_and_put_back(home: dict[str, str]) -> None:
    with started(COMMANDS["in-process"], home) as shell:
        shell.type("1234" + SHIFT_LEFT * 2 + "\x17")  # cut
        shell.wait(lambda screen: screen.endswith("In [1]: 12"))
        shell.type("\x01\x19\r")  # to the beginning, insert
        shell.wait("Out[1]: 3412")


def test_percent_keys_lists_the_keys(command: list[str], home: dict[str, str]) -> None:
    with started(command, home) as shell:
        shell.resize(100, 80)
        shell.type("%keys\r")
        shell.wait("Run the cell if it is complete")
        shell.wait(lambda screen: screen.rstrip().endswith("In [2]:"))


def test_a_command_gets_another_key(home: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "config.py"
    config.write_text(
        "c.TerminalShell.shortcuts = [{'command': 'toggle_comment', 'new_keys': ['c-x', 'c-k'], 'create': True}]\n"
    )
    with started(COMMANDS["in-process"], home, f"--config={config}") as shell:
        shell.type("a = 1\x18\x0b")
        shell.wait("In [1]: # a = 1")


def test_a_mistake_in_the_shortcuts_is_told_before_anything_else(
    home: dict[str, str], tmp_path: Path
) -> None:
    config = tmp_path / "config.py"
    config.write_text("c.TerminalShell.shortcuts = [{'command': 'rnu', 'new_keys': ['f5']}]\n")
    with Terminal([NUNCIUS, f"--config={config}"], home, str(tmp_path)) as shell:
        shell.wait("there is no command 'rnu'; did you mean 'run'")
        assert shell.wait_exit() == 2


def test_a_transient_prompt_leaves_a_short_mark(home: dict[str, str]) -> None:
    with started(COMMANDS["in-process"], home, "--TerminalShell.transient_prompt=True") as shell:
        shell.type("40 +")
        shell.wait("In [1]: 40 +")
        shell.type(" 2\r")
        shell.wait("In [2]:")
        assert "In [1]" not in shell.text
        assert "> 40 + 2\nOut[1]: 42" in shell.text


def test_the_right_prompt_tells_how_long_a_cell_took(home: dict[str, str]) -> None:
    with started(COMMANDS["in-process"], home, "--TerminalShell.right_prompt=duration") as shell:
        shell.type("import time; time.sleep(0.3)\r")
        screen = shell.wait(lambda screen: re.search(r"In \[2\]: +\d\.\d s$", screen) is not None)
        assert float(screen.split()[-2]) >= 0.3


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
