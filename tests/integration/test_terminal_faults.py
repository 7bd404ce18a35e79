"""What goes wrong: the shell says so, and goes on."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, NUNCIUS, Terminal


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "NUNCIUS_DIR": str(tmp_path / "nuncius"),
        "LANG": "C.UTF-8",
    }


@pytest.fixture(params=COMMANDS)
def shell(request: pytest.FixtureRequest, home: dict[str, str]) -> Iterator[Terminal]:
    with started(COMMANDS[request.param], home) as terminal:
        yield terminal


@pytest.fixture
def local(home: dict[str, str]) -> Iterator[Terminal]:
    with started(COMMANDS["in-process"], home) as terminal:
        yield terminal


def started(command: list[str], home: dict[str, str]) -> Terminal:
    terminal = Terminal([*command, "--no-banner"], home, home["HOME"])
    terminal.wait("In [1]:")
    return terminal


def test_a_third_ctrl_c_stops_a_cell_that_catches_the_others(local: Terminal) -> None:
    local.type(
        "\x1b[200~def stubborn():\n  while True:\n    try:\n      print('be' + 'gun', flush=True)\n      while True: pass\n    except KeyboardInterrupt: pass\n\x1b[201~\r"
    )
    local.wait("In [2]:")
    local.type("kept = 41; stubborn()\r")
    local.wait("begun")
    local.press("c")
    local.wait(lambda screen: screen.count("begun") == 2)
    local.press("c")
    local.wait("Once more stops it by force")
    local.press("c")
    local.wait("CellStopped")
    local.wait("In [3]:")
    local.type("kept + 1\r")
    local.wait("Out[3]: 42")


def test_ctrl_backslash_at_the_prompt_says_where_it_is_and_keeps_what_is_typed(
    shell: Terminal,
) -> None:
    shell.type("40 +")
    shell.wait("In [1]: 40 +")
    shell.type("\x1c")
    shell.wait(lambda screen: "most recent call first" in screen or "No line of a cell" in screen)
    shell.type(" 2\r")
    shell.wait("Out[1]: 42")


def test_typing_goes_on_while_a_completion_hangs(shell: Terminal) -> None:
    shell.type(
        "\x1b[200~class Slow:\n    def __dir__(self):\n        import time\n        time.sleep(60)\n\nslow = Slow()\x1b[201~\r"
    )
    shell.wait("In [2]:")
    shell.type("slow.\t")
    shell.type("x = 'ty' + 'ped'")
    shell.wait("x = 'ty' + 'ped'", 5)
    shell.press("c")
    shell.wait(lambda screen: screen.count("In [2]:") == 2)
    shell.type("6 * 7\r")
    shell.wait("Out[2]: 42")


def test_a_full_disk_is_no_obstacle(home: dict[str, str]) -> None:
    limited = ["bash", "-c", f"ulimit -f 0; exec {NUNCIUS} --no-banner"]
    with Terminal(limited, home, home["HOME"]) as shell:
        shell.wait("In [1]:")
        shell.type("6 * 7\r")
        shell.wait("Out[1]: 42")
        shell.type("\x1b[A")
        shell.wait("In [2]: 6 * 7")
        shell.press("c")
        shell.press("d")
        shell.wait("exit")
        shell.type("y\r")
        assert shell.wait_exit() == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_system_without_room(home: dict[str, str], command: str) -> None:
    # In a mount namespace of its own, nobody else sees it, and it goes with the shell.
    apart = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else [])]
    start = f"mount -t tmpfs -o size=256k tmpfs {home['HOME']} && cd && exec {' '.join(COMMANDS[command])} --no-banner"
    with Terminal([*apart, "sh", "-c", start], home, home["HOME"]) as shell:
        shell.wait("In [1]:")
        shell.type("open('fill', 'wb', 0).write(bytes(300_000))\r")
        shell.wait(lambda screen: "Out[1]:" in screen or "No space left" in screen)
        shell.wait("In [2]:")
        shell.type("open('more', 'w').write('x' * 100_000)\r")
        shell.wait("No space left on device")
        shell.wait("In [3]:")
        shell.type("6 * 7\r")
        shell.wait("Out[3]: 42")
        shell.wait("In [4]:")
        shell.type("\x1b[A")
        shell.wait("In [4]: 6 * 7")
        shell.press("c")
        shell.wait(lambda screen: screen.endswith("In [4]:"))
        shell.press("d")
        shell.wait("exit")
        shell.type("y\r")
        assert shell.wait_exit() == 0
        assert "Traceback" not in shell.text.partition("Out[3]")[2]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_locked_history_does_not_keep_anybody_waiting(home: dict[str, str], command: str) -> None:
    path = Path(home["NUNCIUS_DIR"], "profiles", "default", "history.sqlite")
    with started(COMMANDS[command], home) as shell:
        shell.type("old = 1\r")
        shell.wait("In [2]:")
        shell.type("exit\r")
        assert shell.wait_exit() == 0
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE IF NOT EXISTS mine (a)")
        database.execute("BEGIN EXCLUSIVE")
        with started(COMMANDS[command], home) as shell:
            shell.type("6 * 7\r")
            shell.wait("Out[1]: 42")
            shell.type("40 + 2\r")
            shell.wait("Out[2]: 42")
        database.rollback()


def test_reprs_that_leave_the_terminal_in_disorder_are_shown_and_forgotten(shell: Terminal) -> None:
    shell.type(
        "\x1b[200~class R:\n    def __repr__(self):\n        return '\\x1b[31;7mred\\x1b]2;mine\\x07'\n\nR()\x1b[201~\r"
    )
    shell.wait("red")
    shell.wait("In [2]:")
    shell.type("6 * 7\r")
    shell.wait("Out[2]: 42")


def test_a_folder_that_is_gone_is_no_obstacle(shell: Terminal) -> None:
    shell.type("import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\r")
    shell.wait("In [2]:")
    shell.type("6 * 7\r")
    shell.wait("Out[2]: 42")


@pytest.mark.parametrize("name", ["stdin", "stdout"])
@pytest.mark.parametrize("ahead", [False, True], ids=["at the prompt", "typed ahead"])
def test_a_standard_stream_that_is_replaced_by_a_cell(
    home: dict[str, str], name: str, ahead: bool
) -> None:
    with Terminal([*COMMANDS["in-process"], "--no-banner"], home, home["HOME"]) as shell:
        if not ahead:
            shell.wait("In [1]:")
        shell.type(f"import sys, io; sys.{name} = io.StringIO()\r")
        shell.wait("In [2]:")
        shell.type(f"sys.{name} = sys.__{name}__; 6 * 7\r")
        shell.wait(": 42")


def test_a_narrow_window_wraps_and_goes_on(shell: Terminal) -> None:
    shell.resize(20, 15)
    shell.type("print('abcdefghijklmnopqrstuvwxyz' * 2)\r")
    shell.wait("abcdefghij")
    shell.wait("In [2]:")
    shell.type("1 / 0\r")
    shell.wait("ZeroDivisionError")
    shell.wait("In [3]:")
    shell.resize(100, 40)
    shell.type("6 * 7\r")
    shell.wait("Out[3]: 42")
