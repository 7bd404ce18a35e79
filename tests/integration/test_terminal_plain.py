"""Plain lines for screen readers, Emacs and dumb terminals: nothing is drawn twice, and not one escape code is written."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, Terminal

#: What a person asks for who listens to the screen, and what says of itself that it can do no more.
WAYS = {"option": (("--simple-prompt",), "xterm-256color"), "dumb": ((), "dumb")}


@pytest.fixture(params=[(launch, way) for launch in COMMANDS for way in WAYS], ids="-".join)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    launch, way = request.param
    options, term = WAYS[way]
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "PAGER": "cat"}
    with Terminal([*COMMANDS[launch], *options], env, str(tmp_path), term=term) as terminal:
        terminal.wait("In [1]:")
        yield terminal


def test_a_conversation_in_plain_lines(shell: Terminal) -> None:
    """Cells, errors, questions, rich results, displays that change, the pager, the debugger, Ctrl-C and Ctrl-D."""
    shell.type("for n in range(2):\r    print('n is', n)\r\r")
    shell.wait("n is 1")
    shell.type("half = lambda n: n / 0\r")
    shell.wait("In [3]:")
    shell.type("half(84)\r")
    shell.wait("ZeroDivisionError: division by zero")
    shell.wait("In [4]:")
    shell.type("%debug\r")
    shell.wait("ipdb>")
    shell.type("p n // 2\r")
    shell.wait("\n42")
    shell.wait(lambda screen: screen.count("ipdb>") == 2)
    shell.type("q\r")
    shell.wait("In [5]:")
    shell.type("from IPython.display import Markdown, display; import time\r")
    shell.wait("In [6]:")
    shell.type("Markdown('# Head' + 'line\\n**bold**')\r")
    shell.wait("Headline")
    shell.wait("In [7]:")
    shell.type("shown = display('fir' + 'st', display_id=True); shown.update('sec' + 'ond')\r")
    shell.wait("'first'\n'second'")
    shell.wait("In [8]:")
    shell.type("from IPython.display import clear_output; clear_output(); print('kep' + 't')\r")
    shell.wait("\nkept")
    shell.wait("In [9]:")
    shell.type("who = input('who? ')\r")
    shell.wait("\nwho?")
    shell.type("Ada\r")
    shell.wait("In [10]:")
    shell.type("len?\r")
    shell.wait("number of items")
    shell.wait("In [11]:")
    shell.type("print('beg' + 'un'); time.sleep(60)\r")
    shell.wait("\nbegun")
    shell.press("c")
    shell.wait("KeyboardInterrupt")
    shell.wait("In [12]:")
    shell.type("half a thought")
    shell.wait("half a thought")
    shell.press("c")
    shell.wait(lambda screen: screen.count("In [12]:") == 2)
    shell.type("who, 6 * 7\r")
    shell.wait("Out[12]: ('Ada', 42)")
    shell.wait("In [13]:")
    shell.type("%keys\r")
    shell.wait("On an empty prompt: leave.")
    shell.wait("In [14]:")
    shell.press("d")
    shell.wait("Do you really want to exit")
    shell.type("y\r")
    assert shell.wait_exit() == 0
    assert re.findall(rb"[^\n]*\x1b[^\n]*", shell.raw) == []
