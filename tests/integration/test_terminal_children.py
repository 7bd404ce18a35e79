"""Programs that cells start have the real terminal: full screens, passwords, job control, background writes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, WHERE, Terminal

#: A program like vi, less or top: it takes the whole screen, reads single keys, and puts the screen back.
FULL_SCREEN = """
import curses

def main(window):
    window.addstr(0, 0, "full screen of %d lines" % curses.LINES)
    key = window.getkey()
    open("pressed", "w").write(key)

curses.wrapper(main)
"""

#: A program like ssh or sudo: it asks at the terminal itself, whatever its input is.
ASKS = """
import getpass, sys

secret = getpass.getpass("Password: ")
print("a secret of", len(secret), "characters", sys.stdin.isatty())
"""


@pytest.fixture(params=COMMANDS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    (tmp_path / "screen.py").write_text(FULL_SCREEN)
    (tmp_path / "asks.py").write_text(ASKS)
    with Terminal([*COMMANDS[request.param], "--no-banner"], env, str(tmp_path)) as terminal:
        terminal.wait("In [1]:")
        terminal.type(f"python = {sys.executable!r}\r")
        terminal.wait("In [2]:")
        yield terminal


def test_a_full_screen_program(shell: Terminal, tmp_path: Path) -> None:
    shell.type("!{python} screen.py\r")
    shell.wait("full screen of 40 lines")
    shell.type("k")
    shell.wait("In [3]:")
    assert (tmp_path / "pressed").read_text() == "k"
    shell.type("6 * 7\r")
    shell.wait("Out[3]: 42")


def test_vi_edits_a_file(shell: Terminal, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("first line\n")
    shell.type("!vi -u NONE notes.txt\r")
    shell.wait("first line\n~")
    shell.type("osecond line\x1b:wq\r")
    shell.wait("In [3]:")
    assert (tmp_path / "notes.txt").read_text() == "first line\nsecond line\n"
    # The prompt is where it was: nothing of the editor is left.
    shell.type("40 +")
    shell.wait("In [3]: 40 +")
    assert "~" not in shell.text
    shell.type(" 2\r")
    shell.wait("Out[3]: 42")


def test_an_editor_outlives_a_kernel_that_is_killed(tmp_path: Path) -> None:
    """What is typed in it is not lost; and the terminal is as it was when it ends."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    (tmp_path / "notes.txt").write_text("first line\n")
    with Terminal([*COMMANDS["zmq"], "--no-banner"], env, str(tmp_path)) as shell:
        shell.wait("In [1]:")
        shell.type("import os; print('pid', os.getpid())\r")
        screen = shell.wait(lambda screen: "\npid " in screen and "In [2]:" in screen)
        shell.type("!vi -u NONE notes.txt\r")
        shell.wait("first line\n~")
        os.kill(int(screen.split("\npid ")[1].split()[0]), signal.SIGKILL)
        shell.type("osecond line\x1b:wq\r")
        shell.wait("was restarted")
        assert (tmp_path / "notes.txt").read_text() == "first line\nsecond line\n"
        shell.wait("SIGKILL")
        shell.type("input('name? ')\r")
        shell.wait("\nname?")
        shell.type("Bob\x15Ada\r")
        shell.wait("Out[1]: 'Ada'")


def test_less_scrolls_searches_and_leaves(shell: Terminal, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("".join(f"line {n}\n" for n in range(500)))
    shell.type("!less long.txt\r")
    shell.wait("line 38\n")
    shell.type(" ")
    shell.wait("line 77\n")
    shell.type("/line 300\r")
    shell.wait("line 330\n")
    shell.press("c")  # is not the end of less
    shell.type("G")
    shell.wait("line 499\n")
    shell.type("q")
    shell.wait("In [3]:")
    shell.type("6 * 7\r")
    shell.wait("Out[3]: 42")


def test_top_redraws_until_it_is_left(shell: Terminal) -> None:
    shell.type("!top -d 0.2\r")
    shell.wait("PID USER")
    shell.wait(lambda _: shell.raw.count(b"load average") > 2)
    shell.type("q")
    shell.wait("In [3]:")
    shell.type("6 * 7\r")
    shell.wait("Out[3]: 42")


def test_ssh_keygen_asks_for_a_passphrase(shell: Terminal) -> None:
    shell.type("!ssh-keygen -q -t ed25519 -f key -C ada\r")
    shell.wait("Enter passphrase")
    shell.type("hidden\r")
    shell.wait("same passphrase again")
    shell.type("hidden\r")
    shell.wait("In [3]:")
    shell.type("!ssh-keygen -y -f key\r")
    shell.wait(lambda screen: last_line(screen).startswith("Enter passphrase"))
    shell.type("hidden\r")
    shell.wait("ssh-ed25519 ")
    shell.wait("In [4]:")
    assert "hidden" not in shell.text


def test_a_program_that_asks_for_a_password(shell: Terminal) -> None:
    shell.type("!{python} asks.py\r")
    shell.wait("Password:")
    shell.type("hidden\r")
    shell.wait("a secret of 6 characters True")
    assert "hidden" not in shell.text
    shell.wait("In [3]:")


def test_ctrl_c_in_a_program_leaves_its_exit_code(shell: Terminal) -> None:
    shell.type("!echo be''gun; sleep 60\r")
    shell.wait("begun")
    shell.press("c")
    shell.wait("In [3]:")
    shell.type("_exit_code\r")
    shell.wait(lambda screen: "Out[3]: 130" in screen or "Out[3]: -2" in screen)


BEHIND = "(while test -e go; do sleep 0.02; done; echo 'from the' back)"


def last_line(screen: str) -> str:
    return screen.rpartition("\n")[2]


def type_on(shell: Terminal, seen: str) -> None:
    """Type something, and take it back, until the last line of the screen is what it should be."""
    end = monotonic() + 60
    while last_line(shell.text) != seen:
        assert monotonic() < end, shell.text
        shell.type(".\x7f")
        shell.read()


def test_a_program_in_the_background_writes_and_typing_goes_on(
    shell: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    shell.type(f"!{BEHIND} &\r")
    shell.wait("In [3]:")
    shell.type("40 +")
    shell.wait("In [3]: 40 +")
    (tmp_path / "go").unlink()
    shell.wait("from the back")
    type_on(shell, "In [3]: 40 +")
    shell.type(" 2\r")
    shell.wait("In [3]: 40 + 2\nOut[3]: 42")


def test_after_a_program_of_this_process_has_written_the_cell_is_drawn_anew(
    shell: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    shell.type(f"import subprocess; p = subprocess.Popen({BEHIND!r}, shell=True)\r")
    shell.wait("In [3]:")
    shell.type("40 +")
    shell.wait("In [3]: 40 +")
    (tmp_path / "go").unlink()
    shell.wait(lambda screen: "from the back" in screen and last_line(screen) == "In [3]: 40 +")
    shell.type(" 2\r")
    shell.wait("In [3]: 40 + 2\nOut[3]: 42")


def test_writes_to_the_bare_descriptor_do_not_lose_what_is_typed(
    shell: Terminal, tmp_path: Path
) -> None:
    shell.type("import os, threading, time\r")
    shell.wait("In [3]:")
    shell.type(
        "def write():\rwhile not os.path.exists('go'): time.sleep(0.01)\r\x08os.write(1, b'ra' + b'w\\n')\r\r"
    )
    shell.wait("In [4]:")
    shell.type("threading.Thread(target=write).start()\r")
    shell.wait("In [5]:")
    shell.type("40 +")
    shell.wait("In [5]: 40 +")
    (tmp_path / "go").touch()
    shell.wait("raw")
    type_on(shell, "In [5]: 40 +")
    shell.type(" 2\r")
    shell.wait("In [5]: 40 + 2\nOut[5]: 42")


def test_keys_of_several_strokes_stay_together(shell: Terminal) -> None:
    shell.type("40 + 2")
    shell.wait("In [2]: 40 + 2")
    end = monotonic() + 60
    asked, pressed = shell.raw.count(WHERE), 0
    while shell.raw.count(WHERE) == asked:
        assert monotonic() < end
        # Ctrl-X Ctrl-X goes from the end to the beginning, and back; the terminal answers in the middle.
        shell.type("\x18")
        shell.read()
        shell.type("\x18")
        shell.read()
        pressed += 1
    shell.type("0")
    shell.wait("In [2]: 040 + 2" if pressed % 2 else "In [2]: 40 + 20")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_shell_stops_and_goes_on(tmp_path: Path, name: str) -> None:
    """While a cell runs, which goes on if it is in another process, and while something is typed."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "PS1": "sh> "}
    cell = (
        "import os, time; print('be' + 'gun', flush=True)\n"
        "while not os.path.exists('go'): time.sleep(0.01)\n"
        "print('mean' + 'while'); open('done', 'w').close()"
    )
    with Terminal(["bash", "--norc", "-i"], env, str(tmp_path)) as outer:
        outer.wait("sh>")
        outer.type(f"{' '.join(COMMANDS[name])} --no-banner\r")
        outer.wait("In [1]:")
        outer.type(f"\x1b[200~{cell}\x1b[201~\x1b\r")
        outer.wait("begun")
        outer.press("z")
        outer.wait("Stopped")
        (tmp_path / "go").touch()
        if name != "in-process":
            outer.wait(lambda _: (tmp_path / "done").exists())
        outer.type("fg\r")
        outer.wait(lambda screen: screen.rstrip().endswith("meanwhile\n\nIn [2]:"))
        outer.type("6 * ")
        outer.wait("6 *")
        outer.press("z")
        outer.wait(lambda screen: last_line(screen) == "sh>")
        outer.type("fg\r")
        outer.wait(lambda screen: last_line(screen) == "In [2]: 6 *")
        outer.type("7\r")
        outer.wait("Out[2]: 42")
