"""What a person waits for: nothing is loaded before it is needed."""

from __future__ import annotations

import subprocess
import sys


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_running_code_loads_neither_asyncio_nor_what_only_others_need() -> None:
    code = """
import sys
import nuncius.terminal.app, nuncius.terminal.assembly, nuncius.terminal.batch
import nuncius.terminal.conversation, nuncius.terminal.debugging, nuncius.terminal.inprocess
import nuncius.terminal.screen, nuncius.terminal.session, nuncius.terminal.signals, nuncius.terminal.simple
from nuncius.terminal.programs import SHELL

SHELL.parse([], configured=False)
late = {"asyncio", "dataclasses", "inspect", "json", "logging", "pathlib", "prompt_toolkit", "sqlite3", "subprocess", "traitlets", "urllib.parse", "zmq"}
print(*sorted(late & set(sys.modules)))
"""
    assert _run(code) == "\n"


def test_the_editor_loads_what_it_needs_to_start_another_one_when_it_does() -> None:
    code = """
import sys
from nuncius.terminal.late_imports import StandIn, import_editor

import_editor()
print(*sorted({"ssl", "shutil", "tempfile", "bz2", "lzma", "random", "datetime"} & set(sys.modules)))
import_editor()  # nothing to do
import shutil
from prompt_toolkit import buffer
assert not isinstance(shutil, StandIn)
assert isinstance(buffer.shutil, StandIn)
assert buffer.shutil.rmtree is shutil.rmtree
assert buffer.tempfile.mkstemp.__module__ == "tempfile"
"""
    assert _run(code) == "\n"


def test_what_is_no_prompt_is_there_when_a_cell_asks_for_it() -> None:
    code = """
import sys
from nuncius.terminal.late_imports import import_editor

import_editor()
print(*sorted({"pyexpat", "prompt_toolkit.shortcuts.progress_bar"} & set(sys.modules)))
import prompt_toolkit
from prompt_toolkit.shortcuts import *
from prompt_toolkit.shortcuts import ProgressBar, button_dialog
from prompt_toolkit.shortcuts.dialogs import button_dialog as same
assert button_dialog is same and prompt_toolkit.shortcuts.progress_bar.ProgressBar is ProgressBar
assert prompt_toolkit.choice is choice and callable(choice)
assert prompt_toolkit.HTML("<b>bold</b>").formatted_text[0] == ("class:b", "bold")
assert not hasattr(prompt_toolkit.shortcuts, "no_such_name")
"""
    assert _run(code) == "\n"


def test_a_stand_in_gives_way_also_while_others_are_put_off() -> None:
    code = """
from nuncius.terminal.late_imports import StandIn, put_off

with put_off("colorsys"):
    from colorsys import rgb_to_hsv
    import colorsys
assert not isinstance(colorsys, StandIn)
assert rgb_to_hsv is colorsys.rgb_to_hsv
"""
    assert _run(code) == ""
