"""What was typed: kept across sessions and shells, searched, exported, removed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import NUNCIUS, Terminal

UP = "\x1b[A"
LEFT = "\x1b[D"
LAUNCH = {"in-process": ["shell"], "zmq": ["console", "--kernel", "nuncius-python"]}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "NUNCIUS_DIR": str(tmp_path / "nuncius"),
        "LANG": "C.UTF-8",
    }


def shell(home: dict[str, str], tmp_path: Path) -> Terminal:
    terminal = Terminal([NUNCIUS, "--no-banner"], home, str(tmp_path))
    terminal.wait("In [1]:")
    return terminal


def history(home: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [NUNCIUS, "history", *arguments],
        env=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_killed_shell_has_lost_nothing_that_ran(home: dict[str, str], tmp_path: Path) -> None:
    with shell(home, tmp_path) as first:
        first.type("precious = 42\r")
        first.wait("In [2]:")
        os.kill(first.process.pid, signal.SIGKILL)
        first.wait_exit()
    with shell(home, tmp_path) as second:
        second.type("prec" + UP)
        second.wait("In [1]: precious = 42")


def test_ctrl_r_finds_a_cell_of_several_lines_of_another_session(
    home: dict[str, str], tmp_path: Path
) -> None:
    with shell(home, tmp_path) as first:
        first.type("for n in range(2):\rprint('needle', n)\r\r")
        first.wait("needle 1")
        first.wait("In [2]:")
        first.press("d")
        first.wait("exit")
        first.type("y\r")
        first.wait_exit()
    with shell(home, tmp_path) as second:
        second.press("r")
        second.wait("I-search backward:")
        second.type("needle")
        second.wait("print('needle', n)")
        second.type("\r")
        second.wait("In [1]: for n in range(2):")


def test_history_is_searched_exported_trimmed_and_cleared(
    home: dict[str, str], tmp_path: Path
) -> None:
    with shell(home, tmp_path) as first:
        first.type("a = 'straw'\rb = 'needle'\rfor n in [1]:\rprint(n)\r\r")
        first.wait("In [4]:")
        first.press("d")
        first.wait("exit")
        first.type("y\r")
        first.wait_exit()
    assert history(home, "search", "need").stdout == "1/2: b = 'needle'\n"
    assert history(home, "search", "haystack").returncode == 1
    assert history(home, "export").stdout == (
        "a = 'straw'\n\nb = 'needle'\n\nfor n in [1]:\n    print(n)\n"
    )
    notebook = json.loads(history(home, "export", "--format=notebook", "--session=-1").stdout)
    assert [cell["source"] for cell in notebook["cells"]] == [
        "a = 'straw'",
        "b = 'needle'",
        "for n in [1]:\n    print(n)",
    ]
    assert history(home, "trim", "--keep=1").stdout == "inputs removed: 2\n"
    assert history(home, "clear").returncode == 2
    assert history(home, "clear", "--yes").stdout == "inputs removed: 1\n"
    assert history(home, "search").stdout == ""


@pytest.fixture(params=LAUNCH)
def old_hand(
    request: pytest.FixtureRequest, home: dict[str, str], tmp_path: Path
) -> Iterator[Terminal]:
    """The shell of someone who has typed 20,000 lines."""
    path = tmp_path / "nuncius" / "profiles" / "default" / "history.sqlite"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE sessions (session integer primary key autoincrement, start timestamp, end timestamp, num_cmds integer, remark text);"
            "CREATE TABLE history (session integer, line integer, source text, source_raw text, PRIMARY KEY (session, line));"
            "CREATE TABLE output_history (session integer, line integer, output text, PRIMARY KEY (session, line));"
            "INSERT INTO sessions VALUES (1, '2020-01-01 00:00:00', NULL, 20000, '');"
        )
        special = {1: "first = 'of all'", 2000: "needle(1)", 3000: "needle(2)", 4000: "a[*]"}
        rows = [(n, special.get(n, f"value_{n} = {n}")) for n in range(1, 20_001)]
        database.executemany(
            "INSERT INTO history VALUES (1, ?, ?, ?)", [(n, text, text) for n, text in rows]
        )
        database.commit()
    command = [NUNCIUS, *LAUNCH[request.param], "--no-banner"]
    with Terminal(command, home, str(tmp_path)) as terminal:
        terminal.wait("In [1]:")
        yield terminal


def processes(pid: int) -> list[int]:
    """Return a process and those that it has started, and they."""
    children = ""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            children += (thread / "children").read_text()
    return [pid, *(each for child in children.split() for each in processes(int(child)))]


def reads_databases(pid: int) -> bool:
    """Tell whether the library that reads the history is loaded anywhere."""
    return any("_sqlite3" in Path(f"/proc/{each}/maps").read_text() for each in processes(pid))


def test_a_long_history_costs_nothing_before_the_first_key(old_hand: Terminal) -> None:
    assert not reads_databases(old_hand.process.pid)
    old_hand.type("nee" + UP)
    old_hand.wait("In [1]: needle(2)")
    assert reads_databases(old_hand.process.pid)


def test_up_finds_what_was_typed_long_ago(old_hand: Terminal) -> None:
    old_hand.type("nee" + UP)
    old_hand.wait("In [1]: needle(2)")
    old_hand.type(UP)
    old_hand.wait("In [1]: needle(1)")
    old_hand.press("c")
    old_hand.wait(lambda screen: screen.count("In [1]:") == 2)
    old_hand.type("a[" + UP)
    old_hand.wait("In [1]: a[*]")


def test_a_suggestion_comes_from_all_that_was_ever_typed(old_hand: Terminal) -> None:
    old_hand.type("need")
    old_hand.wait("In [1]: needle(2)")
    old_hand.type("\x1b[C")
    old_hand.type(" # again\r")
    old_hand.wait("name 'needle' is not defined")
    old_hand.type("firs")
    old_hand.wait("In [2]: first = 'of all'")
    old_hand.type("\x08\x08\x08\x08nowhere")
    old_hand.wait("In [2]: nowhere")


def test_up_goes_back_without_an_end(old_hand: Terminal) -> None:
    old_hand.type(UP)
    old_hand.wait("value_20000 = 20000")
    old_hand.type("\x1b1\x1b5\x1b0\x1b0" + UP)  # 1500 times
    old_hand.wait(lambda screen: screen.endswith("value_18500 = 18500"))
    old_hand.type("\x1b<")
    old_hand.wait("In [1]: first = 'of all'")


def test_keys_that_follow_up_at_once_mean_what_it_brought(old_hand: Terminal) -> None:
    old_hand.type("val" + UP + "; 6 * 7\r")
    old_hand.wait("Out[1]: 42")
    assert "In [1]: value_20000 = 20000; 6 * 7" in old_hand.text


def test_ctrl_r_searches_in_everything(old_hand: Terminal) -> None:
    old_hand.press("r")
    old_hand.type("edle(")
    old_hand.wait("needle(2)")
    old_hand.press("r")
    old_hand.wait("needle(1)")
    # What moves the cursor takes what was found.
    old_hand.press("e")
    old_hand.type(LEFT + "1")
    old_hand.wait("In [1]: needle(11)")
    old_hand.press("c")


def test_an_open_shell_finds_within_seconds_what_another_one_has_run(
    home: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "nuncius" / "profiles" / "default" / "history.sqlite"
    with shell(home, tmp_path) as one, shell(home, tmp_path) as other:
        other.type("1\r")
        other.wait("In [2]:")
        one.type("shared_needle = 1\r")
        one.wait("In [2]:")
        one.wait(lambda _: b"shared_needle" in stored(path))
        other.press("r")
        other.type("shared_nee")
        other.wait("shared_needle = 1")
        other.type("\r")
        other.wait("In [2]: shared_needle = 1")
        other.press("c")


def stored(path: Path) -> bytes:
    """Return what the database and its log hold."""
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
