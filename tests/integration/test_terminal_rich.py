"""Rich results in the terminal: tables, formulas, documents, pictures, displays that change; in-process and over ZeroMQ."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nuncius.protocol.text.ansi import strip

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, NUNCIUS, Terminal


class Graphical(Terminal):
    """A terminal that tells what pictures it can show, and that a person types at while it does."""

    says = b"\x1bP>|XTerm(390)\x1b\\\x1b[6;20;10t"
    kinds = b"\x1b[?64;4c"
    typed_meanwhile = ""

    def read(self) -> bool:
        before = self.raw.count(b"\x1b[c")
        read = super().read()
        if self.raw.count(b"\x1b[c") > before:
            answer = self.says + self.typed_meanwhile.encode() + self.kinds
            os.write(self.process.child_fd, answer)
        return read


def started(
    command: list[str], tmp_path: Path, *options: str, terminal: type[Terminal] = Terminal
) -> Terminal:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        # Its table of fonts takes seconds: made once for all tests.
        "MPLCONFIGDIR": str(tmp_path.parent / "matplotlib"),
    }
    shell = terminal([*command, "--no-banner", "--nosep", *options], env, str(tmp_path))
    shell.wait("In [1]:")
    return shell


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> list[str]:
    return COMMANDS[request.param]


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Iterator[Terminal]:
    with started(command, tmp_path) as terminal:
        yield terminal


def run(shell: Terminal, number: int, code: str) -> str:
    """Run a cell; return what the screen shows below it."""
    shell.type(f"{code}\r")
    screen = shell.wait(f"In [{number + 1}]:")
    return screen.split(f"In [{number}]:")[1].partition("\n")[2].rpartition("\nIn [")[0]


def test_a_data_frame_fits_the_window(shell: Terminal) -> None:
    run(shell, 1, "import pandas as pd")
    assert run(shell, 2, "pd.DataFrame({'name': ['Ada', 'b'], 'n': [1, 20]})") == "\n".join(
        ["Out[2]:", "   name   n", "─  ────  ──", "0  Ada    1", "1  b     20"]
    )
    wide = run(shell, 3, "pd.DataFrame([[x / 7 for x in range(90)]])")
    assert "…" in wide
    assert "%view shows all" in wide
    assert max(len(line) for line in wide.split("\n")) <= 100


def test_a_table_is_viewed_in_the_whole_terminal(shell: Terminal) -> None:
    run(shell, 1, "import pandas as pd; pd.DataFrame({n: range(n, 1000 + n) for n in range(60)})")
    shell.type("%vie\t")
    shell.wait("In [2]: %view")
    shell.type("\r")
    shell.wait("rows 1-37 of 1,000, from column 1 of 60")
    shell.type("\x1b[6~")  # page down
    shell.wait("rows 38-74 of 1,000")
    shell.type("G")
    shell.wait("rows 964-1,000 of 1,000")
    shell.type("$")
    shell.wait("from column 60 of 60")
    shell.wait("999  1058")
    shell.type("q")
    shell.wait(lambda _: b"\x1b[?1049l" in shell.raw)
    shell.wait("In [3]:")
    shell.type("\x1bOS")  # F4
    shell.wait("rows 1-37 of 1,000, from column 1 of 60")
    shell.type("q")
    shell.wait(lambda _: shell.raw.count(b"\x1b[?1049l") == 2)
    shell.type("%view sorted\r")
    shell.wait("%view shows tables: data frames, arrays, lists")
    shell.type("%view [{'a': 1}, {'b': 2}]\r")
    shell.wait("of 2, from column 1 of 2")
    shell.resize(60, 12)
    shell.wait(lambda screen: "rows 1-2 of 2" in screen.split("\n")[-1])
    shell.type("\x1b")
    shell.wait(lambda _: shell.raw.count(b"\x1b[?1049l") == 3)


def test_formulas_and_documents_are_text(shell: Terminal) -> None:
    run(shell, 1, "from IPython.display import HTML, Latex, Markdown, display")
    assert run(shell, 2, r"Latex(r'$\frac{x^2}{2}$')") == "Out[2]:\n x²\n────\n 2"
    assert run(shell, 3, "Markdown('- *a*')") == "Out[3]: • a"
    assert run(shell, 4, "display(HTML('<p>one<p>two'))") == "one\n\ntwo"


def test_all_of_it_can_be_switched_off(command: list[str], tmp_path: Path) -> None:
    options = [f"--TerminalShell.rich_{name}=false" for name in ("tables", "formulas", "text")]
    with started(command, tmp_path, *options) as shell:
        assert (
            run(shell, 1, "import pandas as pd; pd.DataFrame({'n': [1]})") == "Out[1]:\n   n\n0  1"
        )
        run(shell, 2, "from IPython.display import Markdown")
        assert "Markdown object>" in run(shell, 3, "Markdown('- *a*')")


def test_a_display_changes_where_it_stands(shell: Terminal) -> None:
    run(shell, 1, "from IPython.display import HTML")
    code = "h = display('one', display_id=True); print('between'); h.update('two'); print('after')"
    assert run(shell, 2, code) == "'two'\nbetween\nafter"
    # Also from a later cell, as long as it is on the screen and takes as many lines.
    run(shell, 3, "6 * 7")
    assert run(shell, 4, "h.update('three')") == ""
    shell.wait("'three'\nbetween\nafter\nIn [3]: 6 * 7\nOut[3]: 42\nIn [4]: h.update('three')\nIn [5]:")  # fmt: skip
    assert run(shell, 5, "h.update(HTML('<p>a<p>b'))") == "a\n\nb"


def test_a_display_is_shown_anew_where_nobody_knows_its_place(shell: Terminal) -> None:
    assert run(shell, 1, "h = display('one', display_id=True)") == "'one'"
    shell.type("input('?')\r")
    shell.wait("\n?")
    shell.type("yes\r")
    shell.wait("In [3]:")
    assert run(shell, 3, "h.update('two')") == "'two'"
    shell.press("l")
    shell.wait(lambda screen: screen.startswith("In [4]:"))
    shell.type("h.update('three')\r")
    shell.wait("In [4]: h.update('three')\n'three'\nIn [5]:")


def test_frames_follow_each_other_in_one_place(shell: Terminal) -> None:
    code = "for n in range(3): get_ipython().display_pub.clear_output(wait=True); print('frame', n)"
    assert run(shell, 1, code) == "frame 2"


def test_progress_bars_stay_in_their_line(shell: Terminal) -> None:
    code = "import sys; [print(f'\\r{n} %', end='', file=sys.stderr) for n in range(5)]; print()"
    assert run(shell, 1, code) == "4 %"


def test_pictures_are_blocks_where_the_terminal_can_do_no_more(shell: Terminal) -> None:
    run(shell, 1, "%matplotlib inline")
    shown = run(shell, 2, "import matplotlib.pyplot as plt; plt.figure(figsize=(2, 1)); plt.plot([1, 2]);")  # fmt: skip
    assert shown.count("▀") > 1000


def test_a_terminal_is_asked_for_sixels(command: list[str], tmp_path: Path) -> None:
    with started(command, tmp_path, terminal=Graphical) as shell:
        assert isinstance(shell, Graphical)
        shell.typed_meanwhile = "6 * 7\r"
        shell.type("%matplotlib inline\r")
        shell.wait("In [2]:")
        shell.type(
            "import matplotlib.pyplot as plt; plt.figure(figsize=(2, 1)); plt.plot([1, 2]);\r"
        )
        # What was typed while the terminal answered is run.
        shell.wait("Out[3]: 42")
        sixels = re.findall(rb'\x1bP0;1q"1;1;(\d+);(\d+)#', shell.raw)
        assert len(sixels) == 1
        assert int(sixels[0][0]) > 100
        shell.type("plt.figure(figsize=(2, 1)); plt.plot([1, 2]);\r")
        shell.wait("In [5]:")
        assert len(re.findall(rb"\x1bP0;1q", shell.raw)) == 2
        assert shell.raw.count(b"\x1b[c") == 1


#: What a terminal says, and what it is sent then.
PROTOCOLS = {
    "kitty": (b"\x1b_Gi=31;OK\x1b\\", rb"\x1b_G[^;]*a=T[^;]*;[A-Za-z0-9+/=]+\x1b\\"),
    "iterm": (b"\x1bP>|iTerm2 3.5.4\x1b\\", rb"\x1b\]1337;File=inline=1;[^:]*:[A-Za-z0-9+/=]+\x07"),
}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAMBAQDJ/pLvAAAAAElFTkSuQmCC"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_pictures_are_sent_as_the_terminal_takes_them(
    command: list[str], tmp_path: Path, protocol: str
) -> None:
    with started(command, tmp_path, terminal=Graphical) as shell:
        assert isinstance(shell, Graphical)
        shell.says, sent = PROTOCOLS[protocol]
        shell.kinds = b"\x1b[?62c"
        shell.type(f"import base64, IPython.display as d; d.Image(base64.b64decode('{PNG}'))\r")
        shell.wait("In [2]:")
        assert len(re.findall(sent, shell.raw)) == 1
        shell.type("6 * 7\r")
        shell.wait("Out[2]: 42")


def test_files_of_tracebacks_are_links(command: list[str], tmp_path: Path) -> None:
    with started(command, tmp_path, "--TerminalShell.file_links=see:{path}:{line}") as shell:
        run(shell, 1, "import json")
        assert "JSONDecodeError" in run(shell, 2, "json.loads('{')")
        assert re.search(rb"\x1b]8;;see:/[^\x1b]*/json/decoder.py:\d+\x1b\\", shell.raw)


def test_in_a_narrow_window_a_traceback_shows_the_place(shell: Terminal) -> None:
    run(shell, 1, "def divide(first_of_two, second_of_two): return first_of_two / second_of_two\r")
    shell.resize(50, 40)
    shell.type("divide(1, 0)\r")
    shell.wait("ZeroDivisionError: division by zero")
    assert any(
        line.startswith("----> 1 \N{HORIZONTAL ELLIPSIS}") for line in shell.text.split("\n")
    )


def test_a_session_is_recorded(command: list[str], tmp_path: Path) -> None:
    with started(command, tmp_path, "--ShellOptions.store_outputs=true") as shell:
        run(shell, 1, "6 * 7")
        shell.type("exit\r")
        assert shell.wait_exit() == 0
    done = subprocess.run(
        [NUNCIUS, "history", "export", "--session=-1", "--format=cast"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    rows = [json.loads(row) for row in done.stdout.splitlines()]
    assert rows[0]["version"] == 2
    assert strip("".join(row[2] for row in rows[1:])).startswith("In [1]: 6 * 7\r\nOut[1]: 42\r\n")
