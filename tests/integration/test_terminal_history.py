"""What was typed: kept across sessions and shells, searched, exported, removed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import Terminal

NUNCIUS = str(Path(sys.executable).with_name("nuncius"))
UP = "\x1b[A"


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
