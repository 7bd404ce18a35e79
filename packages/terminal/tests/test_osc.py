"""What the terminal is told in escape codes, and the patience with Ctrl-C."""

from __future__ import annotations

import base64
import subprocess
import sys
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.terminal.options import TerminalShell
from nuncius.terminal.osc import Announcer, clipboard, title
from nuncius.terminal.signals import CellStopped, Impatience


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("6 * 7", "6 * 7"),
        ("\n  for n in x:\n    print(n)", "for n in x: …"),
        ("x" * 100, "x" * 60 + " …"),
        ("print('\x1b]2;mine\x07')", "print(']2;mine')"),
    ],
)
def test_a_title_is_one_short_line_without_codes(code: str, shown: str) -> None:
    assert title(code) == f"\x1b]2;nuncius: {shown}\x07"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_clipboard_gets_the_text_itself(text: str) -> None:
    sent = clipboard(text).removeprefix("\x1b]52;c;").removesuffix("\x07")
    assert base64.b64decode(sent).decode() == text


def test_a_cell_is_told_from_its_beginning_to_its_end() -> None:
    told: list[str] = []
    clock = iter([0.0, 12.0, 20.0, 21.0])
    announcer = Announcer(TerminalShell(notify_after=10), told.append, lambda: next(clock))
    announcer.begin("work()")
    announcer.end(3, ok=False)
    announcer.begin("6 * 7")
    announcer.end(4, ok=True)
    assert told == [
        "\x1b]2;nuncius: work()\x07\x1b]133;C\x07",
        "\x1b]133;D;1\x07\x1b]9;Cell 3 has failed after 12 s\x07\a",
        "\x1b]2;nuncius: 6 * 7\x07\x1b]133;C\x07",
        "\x1b]133;D;0\x07",
    ]


def test_a_terminal_that_wants_no_codes_is_told_nothing() -> None:
    told: list[str] = []
    announcer = Announcer(TerminalShell(term_title=False, prompt_marks=False), told.append)
    announcer.begin("6 * 7")
    announcer.end(1, ok=True)
    assert told == []


def test_the_second_ctrl_c_warns_and_the_third_stops() -> None:
    said: list[str] = []
    clock = count(0.0, 0.5)
    impatience = Impatience(said.append, lambda: next(clock))
    impatience.press(can_stop=True)
    impatience.press(can_stop=True)
    assert len(said) == 1
    impatience.press(can_stop=False)
    with pytest.raises(CellStopped):
        impatience.press(can_stop=True)


@pytest.mark.parametrize("seconds", [0.1, 1.5])
def test_ctrl_c_now_and_then_is_no_impatience(seconds: float) -> None:
    said: list[str] = []
    clock = count(0.0, seconds)
    impatience = Impatience(said.append, lambda: next(clock))
    for _ in range(5):
        if seconds < 1:
            impatience.begin()  # each is for another cell
        impatience.press(can_stop=True)
    assert said == []


def test_asyncio_works_without_openssl_and_with_it_once_it_is_needed() -> None:
    code = """
import asyncio, sys
from nuncius.terminal.late_imports import StandIn, import_without_openssl, put_off

assert "ssl" in sys.modules
import_without_openssl()  # nothing to do
with put_off("ssl", "colorsys"):
    import colorsys, ssl
    assert not isinstance(ssl, StandIn) and isinstance(colorsys, StandIn)
assert "colorsys" not in sys.modules
assert colorsys.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
assert not hasattr(colorsys, "__path__")
"""
    late = """
import sys
from nuncius.terminal.late_imports import import_without_openssl

import_without_openssl()
import asyncio
assert not {"ssl", "_ssl", "secrets", "_hashlib"} & set(sys.modules)

async def main():
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    server.close()
    assert asyncio.base_events.ssl.SSLContext.__module__ == "ssl"

asyncio.run(main())
import asyncio.sslproto, ssl
assert asyncio.base_events.ssl.SSLContext is ssl.SSLContext
"""
    for program in (code, late):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
