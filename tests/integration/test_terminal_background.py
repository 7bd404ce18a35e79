"""The theme `auto` suits the background that the terminal says it has."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, Terminal

QUESTION = b"\x1b]11;?"

#: The color of "In [" and of "Out[" in each theme.
COLORS = {"light": ("005f00", "870000"), "dark": ("5faf5f", "d78787"), "auto": ("green", "red")}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "NUNCIUS_DIR": str(tmp_path / "nuncius"),
        "LANG": "C.UTF-8",
    }


def started(command: list[str], home: dict[str, str], term: str = "xterm-256color") -> Terminal:
    terminal = Terminal([*command, "--no-banner", "--nosep"], home, home["HOME"], term)
    terminal.wait("In [1]:")
    return terminal


def color_of(terminal: Terminal, row: int) -> str:
    return str(terminal.screen.buffer[row][0].fg)


def answer(terminal: Terminal, text: str) -> None:
    terminal.wait(lambda _: QUESTION in terminal.raw)
    terminal.type(text)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_the_prompt_changes_and_the_next_shell_begins_so(
    command: list[str], home: dict[str, str]
) -> None:
    light = COLORS["light"]
    with started(command, home) as shell:
        assert color_of(shell, 0) == "green"
        answer(shell, "6 *\x1b]11;rgb:ffff/ffff/ffff\x1b\\ 7")
        shell.wait(lambda screen: "6 * 7" in screen and color_of(shell, 0) == light[0])
        shell.type("\r")
        shell.wait("Out[1]: 42\nIn [2]:")
        assert [color_of(shell, row) for row in range(3)] == [light[0], light[1], light[0]]
        assert shell.raw.count(QUESTION) == 1
    with started(command, home) as shell:
        assert color_of(shell, 0) == light[0]


@pytest.mark.parametrize(
    ("said", "theme"),
    [
        (["\x1b]11;rgb:1e1e/1e1e/1e1e\x07"], "dark"),
        (["\x1b]1", "1;rgb:ff/ff", "/ff\x1b", "\\"], "light"),
        (["\x1b]11;no color\x1b\\"], "auto"),
    ],
    ids=["dark", "in pieces", "garbage"],
)
def test_what_else_terminals_say(said: list[str], theme: str, home: dict[str, str]) -> None:
    with started(COMMANDS["in-process"], home) as shell:
        for piece in said:
            answer(shell, piece)
        shell.type("6 * 7")
        shell.wait(lambda screen: "6 * 7" in screen and color_of(shell, 0) == COLORS[theme][0])
        shell.type("\r")
        screen = shell.wait("In [2]:")
        assert screen.split("\n") == ["In [1]: 6 * 7", "Out[1]: 42", "In [2]:"]
        assert color_of(shell, 1) == COLORS[theme][1]


def test_an_answer_that_comes_late_is_no_input(home: dict[str, str]) -> None:
    with started(COMMANDS["in-process"], home) as shell:
        shell.wait(lambda _: QUESTION in shell.raw)
        shell.type("6 * 7\r")
        shell.wait("In [2]:")
        shell.type("2 * 21\x1b]11;rgb:ffff/ffff/ffff\x1b\\")
        shell.wait(lambda screen: "2 * 21" in screen and color_of(shell, 2) == "005f00")
        shell.type("\r")
        shell.wait("Out[2]: 42\nIn [3]:")


def test_a_terminal_that_might_not_understand_is_not_asked(home: dict[str, str]) -> None:
    with started(COMMANDS["in-process"], home, "linux") as shell:
        for number in range(1, 4):
            shell.type("6 * 7\r")
            shell.wait(f"In [{number + 1}]:")
        assert QUESTION not in shell.raw
