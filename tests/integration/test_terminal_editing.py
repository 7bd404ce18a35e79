"""Typing in the shell: multi-line cells, history, completion, pasting, modes; the same in-process and over ZeroMQ."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, NUNCIUS, Terminal

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
SHIFT_TAB = "\x1b[Z"
#: Shapes of the cursor.
BLOCK, BEAM = b"\x1b[2 q", b"\x1b[6 q"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    kept = ("PATH", "LANG", "LC_ALL")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    return {**env, "HOME": str(tmp_path), "LANG": "C.UTF-8"}


@pytest.fixture(params=COMMANDS)
def shell(
    request: pytest.FixtureRequest, home: dict[str, str], tmp_path: Path
) -> Iterator[Terminal]:
    with started(COMMANDS[request.param], home, tmp_path) as terminal:
        yield terminal


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> list[str]:
    return COMMANDS[request.param]


def started(command: list[str], home: dict[str, str], tmp_path: Path) -> Terminal:
    terminal = Terminal([*command, "--no-banner"], home, str(tmp_path))
    terminal.wait("In [1]:")
    return terminal


def run(shell: Terminal, number: int, code: str) -> None:
    """Type a cell of one line, and wait for the prompt after it."""
    shell.type(f"{code}\r")
    shell.wait(f"In [{number + 1}]:")


def test_a_block_is_indented_and_dedented_and_ends_with_a_blank_line(shell: Terminal) -> None:
    shell.type("def f(x):\rif x:\rreturn 1\rreturn 2\r\r")
    screen = shell.wait("In [2]:")
    assert "...:     if x:\n   ...:         return 1\n   ...:     return 2" in screen
    shell.type("f(0) * 100 + f(1)\r")
    shell.wait("Out[2]: 201")


def test_alt_enter_runs_at_once(shell: Terminal) -> None:
    shell.type("for n in range(3):\rprint('n', n)\x1b\r")
    shell.wait("n 2\n")
    shell.wait("In [2]:")


def test_ctrl_o_makes_a_line_in_the_middle(shell: Terminal) -> None:
    shell.type("a = 1; b = 2")
    shell.type(LEFT * 6)
    shell.press("o")
    shell.wait("...:  b = 2")
    shell.press("c")


def test_up_walks_through_inputs_that_begin_alike(shell: Terminal) -> None:
    run(shell, 1, "apple = 1")
    run(shell, 2, "banana = 2")
    run(shell, 3, "apricot = 3")
    shell.type("ap" + UP)
    shell.wait("In [4]: apricot = 3")
    shell.type(UP)
    shell.wait("In [4]: apple = 1")
    shell.type(DOWN + DOWN + "ple")
    shell.wait("In [4]: apple = 1")  # what was typed is there again, and goes on in grey


def test_a_cell_of_several_lines_comes_back_whole_and_up_moves_in_it(shell: Terminal) -> None:
    shell.type("for n in range(2):\rprint('line', n)\r\r")
    shell.wait("In [2]:")
    shell.type(UP)
    shell.wait("In [2]: for n in range(2):\n   ...:     print('line', n)")
    shell.type(UP + "\x01# first\x1b\r")
    shell.wait("IndentationError")


def test_the_suggestion_is_taken_with_the_right_arrow(shell: Terminal) -> None:
    run(shell, 1, "value = 6 * 7")
    shell.type("val")
    shell.wait("In [2]: value = 6 * 7")  # in grey
    shell.type(RIGHT + " + 1; value\r")
    shell.wait("Out[2]: 43")


def test_ctrl_r_searches_backwards(shell: Terminal) -> None:
    run(shell, 1, "needle = 'found'")
    run(shell, 2, "hay = 1")
    shell.press("r")
    shell.wait("I-search backward:")
    shell.type("need")
    shell.wait("needle = 'found'")
    shell.type("\r")
    shell.wait("In [3]: needle = 'found'")
    shell.press("c")


def test_a_series_of_inputs_runs_again_one_after_another(shell: Terminal) -> None:
    for number, code in enumerate(("total = 1", "total *= 6", "total *= 7", "total"), 1):
        run(shell, number, code)
    shell.type("total = 1" + UP)
    shell.wait("In [5]: total = 1")
    for number, following in ((5, "total *= 6"), (6, "total *= 7"), (7, "total")):
        shell.type("\x1bo")  # Alt-O
        offered = f"In [{number + 1}]: {following}"
        shell.wait(lambda screen, offered=offered: screen.rstrip().endswith(offered))  # type: ignore[misc]
    shell.type("\r")
    shell.wait("Out[8]: 42")


def test_pasted_prompts_are_taken_off_and_nothing_runs_before_enter(shell: Terminal) -> None:
    shell.type(
        "\x1b[200~>>> a = 20\n>>> def f():\n...     return a + 1\n...\n>>> f() * 2\n\x1b[201~"
    )
    shell.wait("f() * 2")
    assert "Out[" not in shell.text
    shell.type("\r")
    shell.wait("Out[1]: 42")


def test_code_that_comes_too_fast_keeps_its_own_indentation(shell: Terminal) -> None:
    shell.type("if True:\r    a = 1\r    if a:\r        b = 2\r    c = a + b\r\rc\r")
    shell.wait(": 3")


def test_five_thousand_pasted_lines_run(shell: Terminal) -> None:
    lines = "".join(f"v{n} = [{n}, 'text {n}']\n" for n in range(5000))
    shell.type(f"\x1b[200~{lines}print('the', 'end', v4999)\x1b[201~")
    shell.wait("print('the', 'end', v4999)")
    shell.type("\x1b\r")
    shell.wait("the end [4999, 'text 4999']")


def test_tab_indents_a_selection_and_shift_tab_takes_it_back(shell: Terminal) -> None:
    shell.type("\x1b[200~a = 1\nb = 2\x1b[201~")
    shell.wait("b = 2")
    shell.type("\x1b[1;2A")  # shift and up
    shell.type("\t")
    shell.wait("In [1]:     a = 1\n   ...:     b = 2")
    shell.type(SHIFT_TAB)
    shell.wait("In [1]: a = 1\n   ...: b = 2")
    shell.press("c")


def test_alt_number_sign_comments_out(shell: Terminal) -> None:
    shell.type("a = 1\x1b#")
    shell.wait("In [1]: # a = 1")
    shell.type("\x1b#")
    shell.wait("In [1]: a = 1")


def test_the_cell_can_be_edited_outside(
    command: list[str], home: dict[str, str], tmp_path: Path
) -> None:
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\necho "$(cat "$1") * 7" > "$1"\n')
    editor.chmod(0o755)
    with started(command, {**home, "EDITOR": str(editor)}, tmp_path) as shell:
        shell.type("1\x18\x05")  # Ctrl-X Ctrl-E
        shell.wait("1 * 7")
        shell.type("\x1bOQ")  # F2
        shell.wait("1 * 7 * 7")
        shell.type("\r")
        shell.wait("Out[1]: 49")


def test_vi_users_have_their_modes(
    command: list[str], home: dict[str, str], tmp_path: Path
) -> None:
    with started([*command, "--editing-mode=vi"], home, tmp_path) as shell:
        shell.wait("[ins] In [1]:")
        shell.type("12 + 30\x1b")
        shell.wait("[nav] In [1]:")
        shell.wait(lambda _: BLOCK in shell.raw.rpartition(BEAM)[2])
        shell.type("0x\r")
        shell.wait("Out[1]: 32")


NAMES = """\
名前一 = 名前二 = 1
name_that_goes_on_and_on_until_it_is_one = name_that_goes_on_and_on_until_it_is_two = 2"""

LONGEST = "name_that_goes_on_and_on_until_it_is_two"


def below(screen: str) -> str:
    """Return the last prompt and what is below it, with names that are broken into rows put together."""
    return re.sub(r"\n( +\.\.\.: )?", "", screen.rpartition("In [2]:")[2])


@pytest.mark.parametrize("style", ["column", "multicolumn"])
@pytest.mark.parametrize("launch", COMMANDS)
def test_a_menu_fits_windows_of_all_sizes_also_when_they_change(
    home: dict[str, str], tmp_path: Path, launch: str, style: str
) -> None:
    command = [*COMMANDS[launch], f"--TerminalShell.completion_style={style}"]
    with started(command, home, tmp_path) as shell:
        shell.type(f"\x1b[200~{NAMES}\x1b[201~\r")
        shell.wait("In [2]:")
        shell.type("名\t")
        shell.wait(lambda screen: below(screen).count("名前二") == 2)
        shell.type("\t")
        for columns in (200, 80, 40, 20):
            shell.resize(columns, 30)
            shell.wait(lambda screen: screen.count("名前一") >= 2 and "integer" in below(screen))
            assert "名前二" in below(shell.text)
        shell.press("c")
        shell.wait(lambda screen: "名" not in below(screen))
        for columns in (20, 40, 80, 200):
            shell.resize(columns, 30)
            shell.type("name_\t")
            # Whatever is left out of a name, what differs is there.
            shell.wait(lambda screen: len(re.findall("it_is_(?:one|two)?", below(screen))) >= 3)
            assert {"it_is_one", "it_is_two"} <= set(re.findall("it_is_...", shell.text))
            shell.type("\t\t")
            shell.wait(lambda screen: below(screen).lstrip().startswith(LONGEST))
            shell.press("c")
            shell.wait(lambda screen: "until" not in below(screen))


@pytest.mark.parametrize("launch", COMMANDS)
def test_completions_are_listed_as_readline_lists_them(
    home: dict[str, str], tmp_path: Path, launch: str
) -> None:
    command = [*COMMANDS[launch], "--TerminalShell.completion_style=readline"]
    with started(command, home, tmp_path) as shell:
        shell.type(f"\x1b[200~{NAMES}\x1b[201~\r")
        shell.wait("In [2]:")
        shell.type("name_\t")
        shell.wait(lambda screen: below(screen).strip().endswith("until_it_is_"))
        for columns, listed in (
            (200, r"\n\S+until_it_is_one  \S+until_it_is_two\nIn \[2\]: name_that"),
            (80, r"\n\S+until_it_is_one\n\S+until_it_is_two\nIn \[2\]: name_that"),
        ):
            shell.resize(columns, 30)
            shell.type("\t")
            shell.wait(lambda screen, listed=listed: re.search(listed, screen) is not None)  # type: ignore[misc]
        shell.type("t\t")
        shell.wait(lambda screen: below(screen).strip().endswith("is_two"))
        shell.type(" + 40\r")
        shell.wait("Out[2]: 42")
        shell.wait("In [3]:")
        shell.resize(80, 12)
        shell.type("import os\ros.\t")
        shell.wait(" more\nIn [4]: os.")


def test_wide_characters_and_emoji_keep_their_place(shell: Terminal) -> None:
    shell.type("s = '漢字 😀 e\u0301'; len(s)\r")
    shell.wait("Out[1]: 7")


def test_a_window_of_twenty_columns_will_do(
    command: list[str], home: dict[str, str], tmp_path: Path
) -> None:
    with started(command, home, tmp_path) as shell:
        shell.resize(20, 20)
        shell.type("'a long line of text ' * 3\r")
        shell.wait("a long")
        shell.wait("In [2]:")


def test_without_colors_there_are_none(
    command: list[str], home: dict[str, str], tmp_path: Path
) -> None:
    with started(command, {**home, "NO_COLOR": "1"}, tmp_path) as shell:
        shell.type("1 / 0\r")
        shell.wait("ZeroDivisionError")
        shell.wait("In [2]:")
        assert not re.search(rb"\x1b\[(\d+;)*(3[0-8]|9\d)(;\d+)*m", shell.raw)


def test_ctrl_z_suspends_and_fg_comes_back(home: dict[str, str], tmp_path: Path) -> None:
    with Terminal(["bash", "--norc", "-i"], {**home, "PS1": "sh> "}, str(tmp_path)) as outer:
        outer.wait("sh>")
        outer.type(f"{NUNCIUS} --no-banner\r")
        outer.wait("In [1]:")
        outer.type("6 * ")
        outer.wait("6 *")
        outer.press("z")
        outer.wait("Stopped")
        outer.type("fg\r")
        outer.wait(lambda screen: screen.rstrip().endswith("In [1]: 6 *"))
        outer.type("7\r")
        outer.wait("Out[1]: 42")


def test_a_paste_into_the_first_moment_arrives_whole(
    command: list[str], home: dict[str, str], tmp_path: Path
) -> None:
    with Terminal([*command, "--no-banner"], home, str(tmp_path)) as shell:
        lines = "".join(f"é{n} = [{n}, '漢字']\n" for n in range(500))
        shell.wait(lambda _: b"In [" in shell.raw)
        shell.type(f"\x1b[200~{lines}len('the end'), é499\x1b[201~\r")
        shell.wait("(7, [499, '漢字'])")
