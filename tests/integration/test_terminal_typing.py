"""Keys one after another, in-process and over ZeroMQ: what each does to the cell."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, WHERE, Terminal

LEFT, SHIFT_LEFT = "\x1b[D", "\x1b[1;2D"


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
    """Return what stands in the prompt, without what is searched for."""
    shown = re.split(r"In \[\d+\]:", screen)[-1]
    return re.sub(r"\n(I-search|reverse|forward).*", "", shown).strip()


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
    drop(shell)
    shell.type("1234" + SHIFT_LEFT * 2 + "\x17")
    expect(shell, "12")
    shell.type("\x01\x19")  # at the beginning
    expect(shell, "3412")


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


def test_the_clipboard_is_run_without_prompts_and_marks_of_quotation(
    shell: Terminal, tmp_path: Path
) -> None:
    def clipboard(program: str, text: str) -> None:
        path = tmp_path / "bin" / program
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
        path.chmod(0o755)

    shell.type(f"import os; os.environ['PATH'] = '{tmp_path}/bin:' + os.environ['PATH']\r")
    shell.wait("In [2]:")
    clipboard("xclip", ">>> def half(n):\n...     return n // 2\n...\n>>> print('it is', half(84))")
    shell.type("%paste\r")
    shell.wait("## -- End pasted text --\nit is 42")
    shell.wait("In [3]:")
    shell.type("%paste -r\r")
    shell.wait(lambda screen: screen.count("\nit is 42") == 2)
    shell.wait("In [4]:")
    clipboard("wl-paste", "> > if True:\n> >     kept = 20\n> >     kept += 1")
    shell.type("%paste -q\r")
    shell.wait("In [5]:")
    shell.type("%paste text\r")
    shell.wait("Block assigned to 'text'")
    shell.wait("In [6]:")
    shell.type("kept, text\r")
    shell.wait(r"Out[6]: (21, 'if True:\n    kept = 20\n    kept += 1\n')")


PROMPTS = """\
from nuncius.terminal import Prompts, use_prompts
class Mine(Prompts):
    def input(self, number):
        return [("class:prompt", "cell "), ("class:prompt.number", str(number)), ("", " % ")]
    def continuation(self, width):
        return [("", "+ ".rjust(width))]
    def output(self, number):
        return [("class:out", f"value {number}: ")]
use_prompts(Mine())
"""


def test_prompts_are_changed_by_a_cell(shell: Terminal) -> None:
    shell.type(f"\x1b[200~{PROMPTS}\x1b[201~\r")
    shell.wait("\ncell 2 %")
    shell.type("for n in [42]:\rn\r\r")
    shell.wait("\ncell 2 % for n in [42]:\n       +     n\n")
    shell.wait("\ncell 3 %")
    shell.type("6 * 7\r")
    shell.wait("\nvalue 3: 42\n")
    shell.wait("\ncell 4 %")
    shell.type("from IPython.terminal.prompts import ClassicPrompts\r")
    shell.wait("\ncell 5 %")
    shell.type("use_prompts(ClassicPrompts(get_ipython()))\r")
    shell.wait(lambda screen: screen.endswith("\n>>>"))
    shell.type("40 + 2\r")
    shell.wait("\n>>> 40 + 2\n42\n>>>")
    shell.type("use_prompts()\r")
    shell.wait("\nIn [8]:")


def test_ctrl_c_right_after_enter_keeps_the_cell_from_running(shell: Terminal) -> None:
    for times in range(1, 4):
        shell.type("ran = __import__('time').sleep(600)\r\x03")
        shell.wait(lambda screen, times=times: screen.count("\nKeyboardInterrupt\n") == times)
    shell.wait(lambda screen: re.search(r"In \[\d+\]:$", screen) is not None)
    shell.type("'ran' in globals()\r")
    shell.wait(": False\n")


#: As people have it who come from IPython; its first prompt takes two lines, so that each way of drawing counts them.
THEIRS = """\
from IPython.terminal.prompts import ClassicPrompts, Prompts, Token
class Theirs(Prompts):
    where = "home"
    def in_prompt_tokens(self):
        return [(Token.Comment, f"{self.where} "), (Token.Prompt, f"{self.shell.execution_count}\\n$ ")]
    def out_prompt_tokens(self):
        return [(Token.OutPrompt, "=> ")]
"""


def test_prompts_are_an_attribute_of_the_shell_as_in_ipython(
    home: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "theirs.py").write_text(THEIRS)
    (tmp_path / "config.py").write_text(
        "c.TerminalInteractiveShell.prompts_class = 'theirs.Theirs'\n"
    )
    command = [*COMMANDS["in-process"], "--no-banner", "--nosep", "--config=config.py"]
    with Terminal(command, home, home["HOME"]) as shell:
        shell.wait("home 1\n$")
        for typed, shown in [
            ("6 * 7", "\n=> 42\nhome 2\n$"),
            ("%doctest_mode", "\nDoctest mode is: ON\n>>>"),
            ("%doctest_mode", "\nDoctest mode is: OFF\nhome 4\n$"),
            ("ip = get_ipython(); ip.prompts.where = 'away'", "\naway 5\n$"),
            ("from theirs import *; ip.prompts = ClassicPrompts(ip)", "\n>>>"),
            ("6 * 7", "\n42\n>>>"),
            ("ip.prompts = Theirs(ip)", "\nhome 8\n$"),
            ("del Theirs.where  # an error is no reason to have no prompt", "\nIn [9]:"),
            ("ip.prompts = None", "\nIn [10]:"),
        ]:
            shell.type(f"{typed}\r")
            shell.wait(lambda screen, shown=shown: screen.endswith(shown))
        assert shell.text.startswith("home 1\n$ 6 * 7\n=> 42\n")


#: What the terminal says of its colors, and what a string in the dark theme is then written with.
DEPTHS = {
    "24 bits": ({"COLORTERM": "truecolor"}, "xterm-256color", rb"\x1b\[0;38;2;215;175;95m"),
    "256": ({}, "xterm-256color", rb"\x1b\[0;38;5;179m"),
    "16": ({}, "linux", rb"\x1b\[0;3[0-7]m|\x1b\[0;9[0-7]m"),
    "none": ({"NO_COLOR": "1"}, "xterm-256color", rb"\x1b\[0m\("),
}


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_terminal_gets_the_colors_that_it_has(home: dict[str, str], depth: str) -> None:
    environment, term, string = DEPTHS[depth]
    command = [*COMMANDS["in-process"], "--no-banner", "--theme=dark"]
    env = {**home, **environment, "PROMPT_TOOLKIT_NO_CPR": "1"}
    with Terminal(command, env, home["HOME"], term=term) as shell:
        shell.wait("In [1]:")
        shell.type("('text'")
        expect(shell, "('text'")
        shell.wait(lambda _: re.search(string + rb"'text'", shell.raw) is not None)
        shell.type(")" + LEFT)
        # The bracket that belongs to the one under the cursor.
        shell.wait(lambda _: re.search(rb"\x1b\[0;([\d;]*;)?1;4m\(", shell.raw) is not None)
        assert WHERE not in shell.raw


def test_a_cell_of_several_lines_is_suggested_line_by_line(shell: Terminal) -> None:
    shell.type("for n in [42]:\rprint('n is', n)\r\r")
    shell.wait("\nn is 42")
    shell.wait("In [2]:")
    shell.type("for")
    expect(shell, "for n in [42]:")
    shell.type("\x05\r")  # Ctrl-E takes it
    expect(shell, "for n in [42]:\n   ...:     print('n is', n)")
    shell.type("\x06\r\r")  # Ctrl-F takes that, too
    shell.wait(lambda screen: screen.count("\nn is 42") == 2)


def test_a_search_goes_both_ways(shell: Terminal) -> None:
    for number in (1, 2, 3):
        shell.type(f"found = {number}\r")
        shell.wait(f"In [{number + 1}]:")
    shell.press("r")
    shell.type("found")
    expect(shell, "found = 3")
    shell.press("r")
    expect(shell, "found = 2")
    shell.press("r")
    expect(shell, "found = 1")
    shell.press("s")
    expect(shell, "found = 2")
    shell.type("\r")
    expect(shell, "found = 2")


def test_magics_their_options_and_names_of_characters_are_completed(shell: Terminal) -> None:
    shell.type("%logsto\t")
    expect(shell, "%logstop")
    drop(shell)
    shell.type("%%timei\t")
    expect(shell, "%%timeit")
    drop(shell)
    shell.type("%xmode Verb\t")
    expect(shell, "%xmode Verbose")
    drop(shell)
    shell.type("'\\GREEK SMALL LETTER OMEG\t")
    shell.wait("OMEGA WITH")
