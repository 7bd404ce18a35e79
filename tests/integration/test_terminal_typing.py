"""Keys and completions one after another, in-process and over ZeroMQ: what each does to the cell."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, Terminal

LEFT, UP, DOWN = "\x1b[D", "\x1b[A", "\x1b[B"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}


def started(command: list[str], home: dict[str, str], *options: str) -> Terminal:
    terminal = Terminal([*command, "--no-banner", "--nosep", *options], home, home["HOME"])
    terminal.wait("In [1]:")
    return terminal


@pytest.fixture(params=COMMANDS)
def shell(request: pytest.FixtureRequest, home: dict[str, str]) -> Iterator[Terminal]:
    with started(COMMANDS[request.param], home) as terminal:
        yield terminal


def cell(screen: str) -> str:
    """Return what stands in the prompt."""
    return screen.rpartition("]: ")[2]


def expect(shell: Terminal, text: str) -> None:
    shell.wait(lambda screen: cell(screen) == text)


def drop(shell: Terminal) -> None:
    before = shell.text.count("]:")
    shell.press("c")
    shell.wait(lambda screen: screen.count("]:") == before + 1)


def test_lines_are_indented_as_the_code_wants_it(shell: Terminal) -> None:
    shell.type("def f(x):\rif x:\rreturn 1\rreturn 2")
    expect(
        shell,
        "def f(x):\n   ...:     if x:\n   ...:         return 1\n   ...:     return 2",
    )
    drop(shell)
    shell.type("for n in []:\rpass\r")
    expect(shell, "for n in []:\n   ...:     pass\n   ...:")
    drop(shell)
    shell.type("value = (1 +\r2)")
    expect(shell, "value = (1 +\n   ...:          2)")


def test_new_lines_and_running_at_any_place(shell: Terminal) -> None:
    shell.type("12" + LEFT + "\x0f")  # Ctrl-O
    expect(shell, "1\n   ...: 2")
    shell.type("\x1b\r")  # Alt-Enter
    shell.wait("Out[1]: 2")
    shell.type("(1 +\x1b\r")
    shell.wait("SyntaxError")


def test_undo_and_redo(shell: Terminal) -> None:
    shell.type("one \x1b[200~two\x1b[201~")
    expect(shell, "one two")
    shell.type("\x1f")  # Ctrl-_
    expect(shell, "one")
    shell.type("\x1b_")
    expect(shell, "one two")


def test_what_is_cut_is_put_back(shell: Terminal) -> None:
    shell.type("first second\x17")  # Ctrl-W
    expect(shell, "first")
    shell.type("\x15")  # Ctrl-U
    expect(shell, "")
    shell.type("\x19")  # Ctrl-Y
    expect(shell, "first")
    shell.type("\x1by")  # Alt-Y: what was cut before
    expect(shell, "second")


def test_inputs_are_run_again_one_after_another(shell: Terminal) -> None:
    for number, code in enumerate(("a = 1", "b = 2", "c = 3"), 1):
        shell.type(f"{code}\r")
        shell.wait(f"In [{number + 1}]:")
    shell.type("\x10\x10\x10\x1bo")  # Ctrl-P three times, Alt-o
    shell.wait("In [5]: b = 2")
    shell.type("\x1bo")
    shell.wait("In [6]: c = 3")
    shell.type("\x10\x0e")  # Ctrl-P, Ctrl-N
    shell.wait("In [6]: c = 3")
    shell.type("\x1b>typed")
    shell.wait(lambda screen: cell(screen).endswith("typed"))


def test_names_that_nobody_can_type(shell: Terminal) -> None:
    shell.type("\\alph\t")
    expect(shell, "\\alpha")
    shell.type("\t")
    expect(shell, "α")
    shell.type(" = 42; \\alpha\t")
    expect(shell, "α = 42; α")
    shell.type("\r")
    shell.wait("Out[1]: 42")


def test_keys_of_dictionaries_paths_arguments_and_modules(shell: Terminal, tmp_path: Path) -> None:
    (tmp_path / "two words.txt").write_text("hello")
    shell.type("prices = {'first key': 40, 'last': 2}\r")
    shell.wait("In [2]:")
    shell.type("prices['fi\t")
    expect(shell, "prices['first key'")
    shell.type("] + prices['la\t]\r")
    shell.wait("Out[2]: 42")
    shell.wait("In [3]:")
    shell.type("open('two\t")
    expect(shell, "open('two words.txt'")
    shell.type(").read()\r")
    shell.wait("Out[3]: 'hello'")
    shell.wait("In [4]:")
    shell.type("def far(distance=1): return distance\r\r")
    shell.wait("In [5]:")
    shell.type("far(dist\t42)\r")
    shell.wait("Out[5]: 42")
    shell.wait("In [6]:")
    shell.type("import collections.ab\t")
    expect(shell, "import collections.abc")
    drop(shell)
    shell.type("%timei\t")
    expect(shell, "%timeit")


def test_completions_come_while_typing_if_that_is_wanted(home: dict[str, str]) -> None:
    option = "--TerminalShell.complete_while_typing=True"
    for command in COMMANDS.values():
        with started(command, home, option) as shell:
            shell.type("kingdom = kingfisher = 42\r")
            shell.wait("In [2]:")
            shell.type("kin")
            shell.wait(lambda screen: "kingfisher" in screen.split("In [2]:")[1])
            shell.type("gfis\t\r\r")
            shell.wait("Out[2]: 42")


def test_text_from_right_to_left_and_combining_marks(shell: Terminal) -> None:
    shell.type("s = 'שלום עולם'; len(s), s[0]\r")
    shell.wait("Out[1]: (9, 'ש')")
    shell.wait("In [2]:")
    shell.type("'e\u0301' + 'x'" + LEFT * 2 + "\x7fy\r")
    shell.wait("Out[2]: 'éy'" if "Out[2]: 'éy'" in shell.text else "y'")


def test_another_size_draws_the_cell_anew(shell: Terminal) -> None:
    shell.type("'" + "long " * 30 + "end'")
    shell.wait("end'")
    for columns, lines in ((30, 30), (100, 40), (60, 20)):
        shell.resize(columns, lines)
        shell.type(".")
        shell.wait(lambda screen: "".join(screen.split("\n")).endswith("end'."))
        shell.type("\x7f")
        shell.wait(lambda screen: "".join(screen.split("\n")).endswith("end'"))
    shell.type("[-4:]\r")
    shell.wait("Out[1]: ' end'")


def test_the_mouse_moves_the_cursor_if_that_is_wanted(home: dict[str, str]) -> None:
    with started(COMMANDS["in-process"], home, "--TerminalShell.mouse=True") as shell:
        shell.type("40 + 2")
        shell.wait("In [1]: 40 + 2")
        assert b"\x1b[?1000h" in shell.raw
        row, column = shell.screen.cursor.y + 1, len("In [1]: 4") + 1
        shell.type(f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m")
        shell.type("1")
        shell.wait("In [1]: 410 + 2")
