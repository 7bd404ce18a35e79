"""The shell as a person uses it, in a real terminal: the same scenarios in-process and over ZeroMQ."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, Terminal


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """A person who has configured nothing."""
    kept = ("PATH", "LANG", "LC_ALL")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    return {**env, "HOME": str(tmp_path), "LANG": "C.UTF-8"}


@pytest.fixture(params=COMMANDS)
def shell(
    request: pytest.FixtureRequest, home: dict[str, str], tmp_path: Path
) -> Iterator[Terminal]:
    with Terminal(COMMANDS[request.param], home, str(tmp_path)) as terminal:
        terminal.wait("In [1]:")
        yield terminal


def test_a_first_conversation(shell: Terminal) -> None:
    """Results, output, several lines, an error, a question, and good-bye."""
    shell.type("6 * 7\r")
    shell.wait("Out[1]: 42")
    shell.type("for n in range(2):\rprint('n is', n)\r\r")
    shell.wait("n is 1")
    shell.type("1 / 0\r")
    shell.wait("ZeroDivisionError: division by zero")
    shell.wait("In [4]:")
    shell.type("name = input('who? ')\r")
    shell.wait("\nwho?")
    shell.type("Ada\r")
    shell.wait("In [5]:")
    shell.type("name\r")
    shell.wait("'Ada'")
    shell.wait("In [6]:")
    shell.press("d")
    shell.wait("Do you really want to exit")
    shell.type("y\r")
    assert shell.wait_exit() == 0


@pytest.mark.parametrize(
    "code",
    [
        "exec('while True: pass')",
        "import time; time.sleep(60)",
        "import asyncio; await asyncio.sleep(60)",
        "input('?')",
        "import subprocess; subprocess.run(['sleep', '60'])",
    ],
)
def test_ctrl_c_interrupts_the_cell_and_the_shell_goes_on(shell: Terminal, code: str) -> None:
    shell.type("kept = 41\r")
    shell.wait("In [2]:")
    shell.type(f"print('beg' + 'un', flush=True); {code}\r")
    shell.wait("begun")
    shell.press("c")
    shell.wait("KeyboardInterrupt")
    shell.wait("In [3]:")
    shell.type("kept + 1\r")
    shell.wait("Out[3]: 42")


#: What is typed, and what shows that the moment has come.
MOMENTS = {
    "a line": ("half a thou", "half a thou"),
    "several lines": ("for x in y:\rprint(x)", "   ...:     print(x)"),
    "a search": ("\x12kept", "I-search"),
    "a menu of completions": ("kept_\t", "kept_too"),
    "a thread that is waited for": (
        "print('joi' + 'ning', flush=True); t = threading.Thread(target=e.wait, daemon=True); t.start(); t.join()\r",
        "joining",
    ),
    "a program whose output is kept": ("print('kee' + 'ping', flush=True); x = !sleep 60\r", "keeping"),
    "a program": ("!echo run''ning; sleep 60\r", "running"),
    "a script": ("%%bash\recho scrip''ting\rsleep 60\x1b\r", "scripting"),
    "a measurement": ("%timeit -n1 -r1 print('mea' + 'suring', flush=True) or e.wait()\r", "measuring"),
    "several tasks": (
        "print('awai' + 'ting', flush=True); await asyncio.gather(*[asyncio.sleep(60) for _ in range(3)])\r",
        "awaiting",
    ),
    "a secret": ("import getpass; getpass.getpass('sec' + 'ret? ')\r", "secret?"),
}  # fmt: skip


def test_ctrl_c_at_any_moment_leads_to_a_new_prompt(shell: Terminal) -> None:
    shell.type("import asyncio, threading; e = threading.Event()\r")
    shell.wait("In [2]:")
    shell.type("kept_one = kept_too = 41\r")
    shell.wait("In [3]:")
    for number, (typed, seen) in enumerate(MOMENTS.values()):
        shell.type(typed)
        shell.wait(seen)
        shell.press("c")
        shell.wait(lambda screen: re.search(r"\nIn \[\d+\]:$", screen) is not None)
        shell.type(f"kept_one + {number}\r")
        shell.wait(f": {41 + number}\n")
        shell.wait(lambda screen: re.search(r"\nIn \[\d+\]:$", screen) is not None)


def test_ctrl_c_drops_what_is_typed(shell: Terminal) -> None:
    shell.type("half a thou")
    shell.wait("half a thou")
    shell.press("c")
    shell.wait(lambda screen: screen.count("In [1]:") == 2)
    shell.type("6 * 7\r")
    shell.wait("Out[1]: 42")


def test_tab_completes_from_the_namespace(shell: Terminal) -> None:
    # Not typed as a whole: the history must not suggest it.
    shell.type("globals()['wonder' + 'ful_name'] = 1\r")
    shell.wait("In [2]:")
    shell.type("wonderf\t")
    shell.wait("In [2]: wonderful_name")
    shell.type(" + 1\r")
    shell.wait("Out[2]: 2")


def test_a_task_goes_on_while_the_prompt_waits(shell: Terminal) -> None:
    shell.type("import asyncio\r")
    shell.wait("In [2]:")
    shell.type("done = asyncio.Event()\r")
    shell.wait("In [3]:")
    shell.type("async def later(): await asyncio.sleep(0.2); print('ta' + 'sk'); done.set()\r\r")
    shell.wait("In [4]:")
    shell.type("await asyncio.sleep(0); task = asyncio.ensure_future(later())\r")
    shell.wait("In [5]:")
    shell.wait("task\n")
    shell.type("done.is_set()\r")
    shell.wait("True")


def test_a_closed_terminal_leaves_no_kernel_behind(home: dict[str, str], tmp_path: Path) -> None:
    with Terminal(COMMANDS["zmq"], home, str(tmp_path)) as shell:
        shell.wait("In [1]:")
        shell.type("import os; print('pid', os.getpid())\r")
        screen = shell.wait(lambda screen: "\npid " in screen)
        kernel = int(screen.split("\npid ")[1].split()[0])
        shell.wait("In [2]:")
        os.kill(shell.process.pid, signal.SIGHUP)
        shell.wait_exit()
        process = os.pidfd_open(kernel) if Path(f"/proc/{kernel}").exists() else None
        if process is not None:
            ended, _, _ = select.select([process], [], [], 20)
            os.close(process)
            assert ended, "the kernel outlived the shell"
