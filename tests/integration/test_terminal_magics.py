"""Magics and commands at the prompt, in-process and over ZeroMQ: files, history, the system, what is known of objects."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, Terminal


@pytest.fixture(params=COMMANDS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\nfor file; do :; done\nsed -i "s/old/new/" "$file"\n')
    editor.chmod(0o755)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "PAGER": "less -R",
        "EDITOR": str(editor),
    }
    command = [*COMMANDS[request.param], "--no-banner", "--nosep"]
    with Terminal(command, env, str(tmp_path)) as terminal:
        terminal.wait("In [1]:")
        yield terminal


def run(shell: Terminal, number: int, code: str) -> str:
    """Run a cell; return what the screen shows below it."""
    shell.type(f"{code}\r")
    screen = shell.wait(f"In [{number + 1}]:")
    return screen.split(f"In [{number}]:")[1].partition("\n")[2].rpartition("\nIn [")[0]


def test_a_script_is_run_with_its_arguments(shell: Terminal, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text("import sys\nfound = sys.argv[1:]\nprint(__name__, found)\n")
    assert run(shell, 1, "%run job.py a 'b c'") == "__main__ ['a', 'b c']"
    assert run(shell, 2, "found") == "Out[2]: ['a', 'b c']"
    assert run(shell, 3, "%run -n job.py") == "job []"
    (tmp_path / "bad.py").write_text("def f(): return 1 / 0\nf()\n")
    assert "bad.py:1" in run(shell, 4, "%run bad.py") or "bad.py" in shell.text
    assert "ZeroDivisionError" in shell.text


def test_code_is_edited_outside_and_run(shell: Terminal, tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text("print('the old text')\n")
    assert run(shell, 1, "%edit part.py").endswith("the new text")
    assert (tmp_path / "part.py").read_text() == "print('the new text')\n"
    run(shell, 2, "text = 'x = \"the old one\"'")
    assert run(shell, 3, "%edit -x part.py") == ""
    run(shell, 4, "%edit text")
    assert run(shell, 5, "x") == "Out[5]: 'the new one'"
    run(shell, 6, "print('an old word')")
    run(shell, 7, "%macro say 6")
    run(shell, 8, "%edit say")
    assert run(shell, 9, "say").endswith("an new word")


def test_files_are_loaded_into_the_next_cell(shell: Terminal, tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text("a = 20\nb = 22\n")
    shell.type("%load part.py\r")
    shell.wait("   ...: b = 22")
    shell.type("\x1b\r")
    shell.wait("In [3]:")
    assert run(shell, 3, "a + b") == "Out[3]: 42"


def test_earlier_cells_are_recalled_run_again_saved_and_named(
    shell: Terminal, tmp_path: Path
) -> None:
    run(shell, 1, "x = 20")
    run(shell, 2, "x += 1")
    shell.type("%recall 2\r")
    shell.wait("In [4]: x += 1")
    shell.type("\r")
    shell.wait("In [5]:")
    run(shell, 5, "%rerun 2")
    assert run(shell, 6, "x") == "Out[6]: 23"
    run(shell, 7, "%macro more 2")
    run(shell, 8, "more")
    assert run(shell, 9, "x") == "Out[9]: 24"
    run(shell, 10, "%save part 1-2")
    assert (tmp_path / "part.py").read_text().endswith("x = 20\nx += 1\n")
    assert "2: x += 1" in run(shell, 11, "%history -n 1-2")


def test_a_log_is_kept(shell: Terminal, tmp_path: Path) -> None:
    run(shell, 1, "%logstart -o log.py")
    run(shell, 2, "6 * 7")
    run(shell, 3, "%logstop")
    assert "6 * 7\n#[Out]# 42\n" in (tmp_path / "log.py").read_text()


def test_time_is_measured(shell: Terminal) -> None:
    assert "Wall time" in run(shell, 1, "%time sum(range(1000))")
    assert re.search(r"\d ns|\d .s", run(shell, 2, "%timeit -n 10 -r 2 sum(range(10))"))
    shell.type("%prun sum(range(10))\r")
    shell.wait("function calls in")
    shell.type("q")
    shell.wait("In [4]:")


def test_variables_are_listed(shell: Terminal) -> None:
    run(shell, 1, "answer = 42; name = 'Ada'")
    assert run(shell, 2, "%who").split() == ["answer", "name"]
    table = run(shell, 3, "%whos")
    assert re.search(r"^answer +int +42$", table, re.M)
    assert re.search(r"^name +str +Ada$", table, re.M)


def test_objects_are_described_in_a_pager_if_it_takes_one(shell: Terminal) -> None:
    run(shell, 1, 'def f(x):\r"Tell of x."\rreturn x + 1\r')
    assert "Docstring:       Tell of x.\n" in run(shell, 2, "f?")
    assert "Source:" in run(shell, 3, "f??")
    run(shell, 4, "f.__doc__ = '\\n'.join(f'row {n}' for n in range(100))")
    shell.type("f?\r")
    shell.wait(lambda screen: "row 30\n" in screen and "In [" not in screen)
    shell.type("G")
    shell.wait("row 99\n")
    shell.type("q")
    shell.wait("In [6]:")
    assert run(shell, 6, "6 * 7") == "Out[6]: 42"


def test_folders_bookmarks_and_the_environment(shell: Terminal, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two words").mkdir()
    assert run(shell, 1, "%cd one") == str(tmp_path / "one")
    assert run(shell, 2, "%cd '../two words'") == str(tmp_path / "two words")
    assert run(shell, 3, "%cd -") == str(tmp_path / "one")
    run(shell, 4, "%bookmark here")
    run(shell, 5, "%cd ~")
    assert str(tmp_path / "one") in run(shell, 6, "%cd here")
    run(shell, 7, "%env GREETING=hello")
    assert run(shell, 8, "!echo $GREETING") == "hello"
    shell.type("%cd '../tw\t")
    shell.wait("two words")
    shell.press("c")


def test_lines_of_programs_are_lists(shell: Terminal) -> None:
    run(shell, 1, "lines = !printf 'a 3\\nb 1\\nc 2\\n'")
    assert run(shell, 2, "lines.grep('[ab]').fields(1), lines.n, lines.s") == (
        "Out[2]: (['3', '1'], 'a 3\\nb 1\\nc 2', 'a 3 b 1 c 2')"
    )
    assert run(shell, 3, "%alias say echo it is %s") == ""
    assert run(shell, 4, "%say so") == "it is so"
    run(shell, 5, "%rehashx")
    assert run(shell, 6, "%echo hello") == "hello"


def test_cpaste_takes_text_until_two_dashes(shell: Terminal) -> None:
    shell.type("%cpaste\r")
    shell.wait("Pasting code")
    shell.type(">>> for n in [42]:\r...     print('n', n)\r--\r")
    shell.wait("n 42")
    shell.wait("In [2]:")
