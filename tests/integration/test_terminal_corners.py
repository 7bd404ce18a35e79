"""What few people need, and they all day: the mouse, other scripts, windows that change their size, the rarer commands of the debugger."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, Terminal

LEFT = "\x1b[D"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}


@pytest.fixture(params=COMMANDS)
def shell(request: pytest.FixtureRequest, home: dict[str, str]) -> Iterator[Terminal]:
    options = getattr(request.function, "options", ())
    command = [*COMMANDS[request.param], "--no-banner", "--nosep", *options]
    with Terminal(command, home, home["HOME"]) as terminal:
        terminal.wait("In [1]:")
        yield terminal


def cell(screen: str) -> str:
    """What stands in the prompt, its rows joined."""
    return re.sub(r"\n *\.\.\.: |\n", "", re.split(r"In \[\d+\]:", screen)[-1]).strip()


def expect(shell: Terminal, text: str) -> None:
    shell.wait(lambda screen: cell(screen) == text)


def test_arguments_are_completed_by_name(shell: Terminal) -> None:
    shell.type("far = lambda distance=1: distance\r")
    shell.wait("In [2]:")
    shell.type("far(dist\t")
    expect(shell, "far(distance=")
    shell.type("42)\r")
    shell.wait("Out[2]: 42")


def test_completions_come_while_typing(shell: Terminal) -> None:
    shell.type("kingdom = kingfisher = 42\r")
    shell.wait("In [2]:")
    shell.type("king")
    shell.wait(lambda screen: {"kingdom", "kingfisher"} <= set(screen.split("In [2]:")[1].split()))


test_completions_come_while_typing.options = ("--TerminalShell.complete_while_typing=True",)  # type: ignore[attr-defined]


def test_text_from_right_to_left_and_marks_that_combine(shell: Terminal) -> None:
    shell.type("s = '\u05e9\u05dc\u05d5\u05dd'; len(s), s[0]\r")
    shell.wait("Out[1]: (4, '\u05e9')")
    shell.wait("In [2]:")
    shell.type("len('e\u0301' + 'x')\r")
    shell.wait("Out[2]: 3")


def test_a_window_that_changes_its_size(shell: Terminal) -> None:
    text = "'" + "long " * 20 + "end'"
    shell.type(text)
    expect(shell, text)
    for columns, lines in ((30, 30), (100, 40), (60, 20)):
        shell.resize(columns, lines)
        shell.type(".")
        shell.wait(lambda screen: cell(screen).endswith("end'."))
        shell.type("\x7f")
        shell.wait(lambda screen: cell(screen).endswith("end'"))
    shell.type("[-3:]\r")
    shell.wait("Out[1]: 'end'")


def test_the_mouse_moves_the_cursor(shell: Terminal) -> None:
    shell.type("1234")
    expect(shell, "1234")
    shell.wait(lambda _: shell.screen.cursor.x == len("In [1]: 1234"))
    row, column = shell.screen.cursor.y + 1, shell.screen.cursor.x - 2
    shell.type(f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m")
    shell.type("0")
    expect(shell, "10234")
    shell.type("\r")
    shell.wait("Out[1]: 10234")


test_the_mouse_moves_the_cursor.options = ("--TerminalShell.mouse=True",)  # type: ignore[attr-defined]


def test_a_debugger_shows_the_whole_function_and_another_prompt(shell: Terminal) -> None:
    shell.type("def half(number):\rrest = number % 2\rassert not rest\rreturn number // 2\r\r")
    shell.wait("In [2]:")
    shell.type("half(7)\r")
    shell.wait("In [3]:")
    shell.type("%debug\r")
    shell.wait("ipdb>")
    shell.type("longlist\r")
    shell.wait(lambda screen: re.search(r"1 def half.*4 +return number // 2", screen, re.DOTALL))
    shell.wait(lambda screen: screen.count("ipdb>") == 2)
    shell.type("interact\r")
    shell.wait(">>>")
    shell.type("rest * 42\r")
    shell.wait("\n42")
    shell.press("d")
    shell.wait(lambda screen: screen.count("ipdb>") == 3)
    shell.type("q\r")
    shell.wait("In [4]:")


def test_a_statement_is_debugged_from_a_line_on(shell: Terminal, tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("def run(n):\n    m = n + 1\n    return m\n")
    shell.type("import steps\r")
    shell.wait("In [2]:")
    shell.type("%debug -b steps.py:3 steps.run(41)\r")
    shell.wait("ipdb>")
    shell.type("p m\r")
    shell.wait("\n42")
    shell.type("c\r")
    shell.wait("In [3]:")


def test_the_debugger_looks_into_a_group_of_exceptions(shell: Terminal) -> None:
    shell.type("raise ExceptionGroup('both', [ValueError('one'), KeyError('two')])\r")
    shell.wait("In [2]:")
    shell.type("%debug\r")
    shell.wait("ipdb>")
    shell.type("exceptions\r")
    shell.wait("[2 of 2] KeyError: 'two'")
    shell.wait(lambda screen: screen.count("ipdb>") == 2)
    shell.type("q\r")
    shell.wait("In [3]:")
