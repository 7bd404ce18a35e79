"""Cells in the background, in the terminal: what they show comes above the prompt, at once, and over nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, Terminal


def cell(terminal: Terminal, code: str) -> None:
    """Paste a cell, and run it."""
    terminal.type(f"\x1b[200~{code}\x1b[201~")
    terminal.wait(code.rpartition("\n")[2])
    terminal.type("\x1b\r")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_output_comes_above_what_is_typed(command: list[str], tmp_path: Path) -> None:
    home = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NUNCIUS_DIR": str(tmp_path / "n")}
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    wait = f"open('{pipe}').read()"
    with Terminal([*command, "--no-banner", "--nosep"], home, str(tmp_path)) as terminal:
        terminal.wait("In [1]:")
        cell(terminal, f"%%bg work\n{wait}\nprint('said')\n1/0")
        terminal.wait("In [2]:")
        terminal.type("half a li")
        terminal.wait("In [2]: half a li")
        pipe.write_text("go")
        screen = terminal.wait(
            lambda screen: "failed after" in screen and screen.endswith("In [2]: half a li")
        )
        lines = screen.split("\n")
        assert "said" in lines
        assert lines.index("ZeroDivisionError: division by zero") > lines.index("said")
        terminal.press("u")
        cell(terminal, f"%%bg quiet\n{wait};")
        terminal.wait("In [3]:")
        pipe.write_text("go")
        screen = terminal.wait("<CellTask quiet, In[2]: done in")
        assert "quiet, In[2]: running" not in screen  # it was changed where it stood
        cell(terminal, "%%bg left\nimport asyncio\nawait asyncio.sleep(600)")
        terminal.wait("In [4]:")
        terminal.type("exit\r")
        assert terminal.wait_exit() == 0
        assert terminal.text.partition("In [4]: exit")[2].strip() == ""
