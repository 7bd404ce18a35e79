"""Keys one after another, in-process and over ZeroMQ: what each does to the cell."""

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
    return re.split(r"In \[\d+\]:", screen)[-1].strip()


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


def test_earlier_inputs_come_back_and_what_is_typed_stays(shell: Terminal) -> None:
    for number, code in enumerate(("a = 1", "b = 2"), 1):
        shell.type(f"{code}\r")
        shell.wait(f"In [{number + 1}]:")
    shell.type("\x10")  # Ctrl-P
    expect(shell, "b = 2")
    shell.type("\x10")
    expect(shell, "a = 1")
    shell.type("\x0e")  # Ctrl-N
    expect(shell, "b = 2")
    shell.type("\x1b>")
    expect(shell, "")


def test_names_that_nobody_can_type(shell: Terminal) -> None:
    shell.type("\\alph\t")
    expect(shell, "\\alpha")
    shell.type("\t")
    shell.wait("In [1]: \u03b1")
    shell.type(" = 42; \u03b1\r")
    shell.wait("Out[1]: 42")


def test_keys_of_dictionaries_paths_and_modules(shell: Terminal, tmp_path: Path) -> None:
    (tmp_path / "two words.txt").write_text("hello")
    shell.type("prices = {'first key': 42, 'last': 2}\r")
    shell.wait("In [2]:")
    shell.type("prices['fi\t")
    expect(shell, "prices['first key")
    shell.type("']\r")
    shell.wait("Out[2]: 42")
    shell.wait("In [3]:")
    shell.type("open('two\t")
    expect(shell, "open('two words.txt")
    shell.type("').read()\r")
    shell.wait("Out[3]: 'hello'")
    shell.wait("In [4]:")
    shell.type("import collections.ab\t")
    expect(shell, "import collections.abc")
