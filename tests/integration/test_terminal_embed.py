"""The shell inside a running program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import Terminal

Run = Callable[..., Terminal]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Run a program in a terminal until the embedded prompt."""
    opened: list[Terminal] = []

    def program(source: str, *options: str) -> Terminal:
        (tmp_path / "program.py").write_text(source)
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
        opened.append(Terminal([sys.executable, *options, "program.py"], env, str(tmp_path)))
        opened[-1].wait("In [1]:")
        return opened[-1]

    yield program
    for terminal in opened:
        terminal.__exit__()


def leave(shell: Terminal) -> None:
    """Press Ctrl-D at the prompt, once it is there."""
    shell.wait(lambda screen: re.search(r"In \[\d+\]:[ \d:]*$", screen) is not None)
    shell.press("d")


FUNCTION = """\
from nuncius.terminal import embed
LIMIT = 10
def work(x):
    y = [x]
    embed(header="Have a look.")
    return x, y
print("result", work(1), LIMIT)
"""


def test_variables_of_a_function_are_seen_and_changed(run: Run) -> None:
    shell = run(FUNCTION)
    assert "in work (" in shell.text
    assert "Have a look." in shell.text
    shell.type("x, y, LIMIT\r")
    shell.wait("Out[1]: (1, [1], 10)")
    shell.type("x = 2; y.append(3)\r")
    shell.wait("In [3]:")
    leave(shell)
    shell.wait("result (2, [1, 3]) 10")
    assert shell.wait_exit() == 0


def test_comprehensions_lambdas_and_functions_see_them_too(run: Run) -> None:
    shell = run(FUNCTION)
    shell.type("[x + n for n in y], (lambda: x + LIMIT)(), new if (new := 5) else 0\r")
    shell.wait("Out[1]: ([2], 11, 5)")
    shell.type("def g(): return [new * x for _ in y]\r\r")
    shell.wait("In [3]:")
    shell.type("g()\r")
    shell.wait("Out[3]: [5]")


SHAPES = """\
from nuncius.terminal import embed
import asyncio
def generator():
    x = 1
    embed()
    yield x
class Body:
    x = 1
    embed()
def outer():
    x = 1
    def inner():
        nonlocal x
        embed()
    inner()
    return x
async def awaiting():
    x = 1
    embed()
    return x
found = [
    *generator(),
    Body.x,
    (lambda x: (embed(), x))(1)[1],
    *[(embed(), x)[1] for x in [1]],
    outer(),
    asyncio.run(awaiting()),
]
for x in range(20):
    embed()
    found.append(x)
print("found", found)
"""


def test_wherever_it_is_called_variables_are_seen_and_changed(run: Run) -> None:
    shell = run(SHAPES)
    for place in (10, 20, 30, 40, 50, 60):
        shell.wait(lambda screen: last_prompt(screen) == "In [1]:")
        shell.type(f"x += {place} - 1; copy = [x for _ in 'a']; copy\r")
        shell.wait(f"Out[1]: [{place}]")
        shell.wait(lambda screen: last_prompt(screen) == "In [2]:")
        shell.press("d")
        shell.wait(lambda screen: last_prompt(screen) == "In [1]:")
    shell.type("%kill_embedded\r")
    # The body of the class ran first.
    shell.wait(f"found {[20, 10, 30, 40, 50, 60, *range(20)]}")


def last_prompt(screen: str) -> str:
    return screen.rpartition("\n")[2].strip()


def test_globals_are_live(run: Run) -> None:
    shell = run(
        "from nuncius.terminal import embed\nflag = 0\ndef up():\n    global flag\n    flag += 1\nembed()\nprint('flag', flag, 'made' in globals())\n"
    )
    shell.type("up(); flag\r")
    shell.wait("Out[1]: 1")
    shell.type("flag = 41; up(); made = 1\r")
    shell.wait("In [3]:")
    leave(shell)
    shell.wait("flag 42 True")


def test_nothing_of_the_shell_is_left_in_the_module(run: Run) -> None:
    shell = run(
        "from nuncius.terminal import embed\nbefore = set(globals()) | {'before'}\nembed()\nprint('left', sorted(set(globals()) - before))\n"
    )
    shell.type("6 * 7\r")
    shell.wait("Out[1]: 42")
    leave(shell)
    shell.wait("left []")


LOOP = """\
from nuncius.terminal import KillEmbedded, embed
for n in range(3):
    print("round", n)
    try:
        embed()
    except KillEmbedded:
        print("caught")
print("the end")
"""


def test_in_a_loop_one_or_all_are_left(run: Run) -> None:
    shell = run(LOOP)
    leave(shell)
    shell.wait("round 1")
    shell.wait(lambda screen: screen.count("In [1]:") == 2)
    shell.type("%kill_embedded\r")
    shell.wait("round 2\nthe end")
    assert shell.wait_exit() == 0


def test_all_calls_are_passed_over(run: Run) -> None:
    shell = run(
        "from nuncius.terminal import embed\ndef a(): embed()\ndef b(): embed()\na()\nb()\nprint('the end')\n"
    )
    shell.type("%kill_embedded all\r")
    shell.wait("the end")
    assert shell.wait_exit() == 0


def test_callers_are_looked_at(run: Run) -> None:
    shell = run(
        "from nuncius.terminal import embed\ndef inner(x):\n    embed()\ndef outer(y):\n    inner(y + 1)\n    return y\nprint('result', outer(1))\n"
    )
    shell.type("%where\r")
    shell.wait("> inner (")
    places = [line.split(" (")[0] for line in shell.text.split("\n") if "program.py:" in line]
    assert places[-3:] == ["  <module>", "  outer", "> inner"]
    shell.type("%up\r")
    shell.wait("----> 5        inner(y + 1)")
    shell.type("y = 40; y + 2\r")
    shell.wait(": 42")
    shell.type("%up 5\r")
    shell.wait("<module> (")
    shell.type("made = outer\r")
    shell.type("%down 9\r")
    shell.wait(lambda screen: screen.count("inner (") >= 2)
    shell.type("x\r")
    shell.wait(": 2")
    leave(shell)
    shell.wait("result 40")


def test_variables_that_are_given_are_changed(run: Run) -> None:
    shell = run(
        "from nuncius.terminal import embed\nimport types\nspace = {'a': 1}\nembed(local_ns=space)\nprint('a is', space['a'])\nm = types.ModuleType('m'); m.b = 1\nembed(module=m)\nprint('b is', m.b)\n"
    )
    shell.type("a += 1; [a for _ in 'x']\r")
    shell.wait("Out[1]: [2]")
    leave(shell)
    shell.wait("a is 2")
    shell.wait(lambda screen: screen.count("In [1]:") == 2)
    shell.type("b += 41\r")
    shell.wait(lambda screen: screen.count("In [2]:") == 2)
    leave(shell)
    shell.wait("b is 42")


def test_in_a_test_that_pytest_runs(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from nuncius.terminal import embed\ndef test_it():\n    x = 41\n    embed()\n    assert x == 42\n"
    )
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    with Terminal([*command, "-s"], env, str(tmp_path)) as shell:
        shell.wait("In [1]:")
        shell.type("x += 1\r")
        shell.wait("In [2]:")
        leave(shell)
        shell.wait("1 passed")
    with Terminal(command, env, str(tmp_path)) as shell:
        shell.wait("under pytest: use -s")


def test_the_program_can_be_left_too(run: Run) -> None:
    shell = run(LOOP)
    shell.type("%exit_raise\r")
    shell.wait("caught\nround 1")
    shell.wait(lambda screen: screen.count("In [1]:") == 2)
    shell.type("%exit_program 3\r")
    assert shell.wait_exit() == 3


def test_one_shell_in_another(run: Run) -> None:
    shell = run(FUNCTION)
    shell.type("def inner():\rz = x * 100\rembed(banner='the inner one')\rreturn z\r\r")
    shell.wait("In [2]:")
    shell.type("inner()\r")
    shell.wait("the inner one")
    shell.wait(lambda screen: screen.rstrip().endswith("In [1]:"))
    shell.type("z + x\r")
    shell.wait("Out[1]: 101")
    leave(shell)
    shell.wait("Out[2]: 100")
    shell.type("x\r")
    shell.wait("Out[3]: 1")
    leave(shell)
    shell.wait("result (1, [1]) 10")


def test_under_a_running_loop_the_shell_has_a_thread(run: Run) -> None:
    shell = run(
        "import asyncio\nfrom nuncius.terminal import embed\nasync def main():\n    x = 42\n    embed()\n    print('x is', x)\nasyncio.run(main())\n"
    )
    assert "An event loop runs here" in shell.text
    shell.type("x\r")
    shell.wait("Out[1]: 42")
    shell.type("import asyncio; await asyncio.sleep(0); x + 1\r")
    shell.wait("Out[2]: 43")
    leave(shell)
    shell.wait("x is 42")


def test_in_a_thread(run: Run) -> None:
    shell = run(
        "import threading\nfrom nuncius.terminal import embed\ndef work():\n    x = 42\n    embed()\n    print('x is', x)\nt = threading.Thread(target=work)\nt.start()\nt.join()\n"
    )
    shell.type("x\r")
    shell.wait("Out[1]: 42")
    leave(shell)
    shell.wait("x is 42")


def test_a_crash_opens_the_shell_where_it_happened(run: Run) -> None:
    shell = run("def f(x):\n    y = x * 2\n    return y / 0\nf(21)\n", "-m", "nuncius.terminal")
    shell.wait("ZeroDivisionError in f (")
    shell.type("y, _error\r")
    shell.wait("Out[1]: (42, ZeroDivisionError('division by zero'))")
    leave(shell)
    assert shell.wait_exit() == 1


def test_the_frames_of_a_crash_are_looked_at(run: Run) -> None:
    shell = run("def g(a): return a / 0\ndef f(x):\n    return g(x * 2)\nf(21)\n", "-m", "nuncius.terminal")  # fmt: skip
    shell.type("%where\r")
    shell.wait("> g (")
    shell.type("%up\r")
    shell.wait("----> 3        return g(x * 2)")
    shell.type("x\r")
    shell.wait(": 21")


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("import sys; sys.exit(3)\n", 3, ""),
        ("x = (\n", 1, "SyntaxError"),
        ("raise KeyboardInterrupt\n", 130, "KeyboardInterrupt"),
    ],
)
def test_what_is_no_crash_opens_no_shell(tmp_path: Path, source: str, code: int, said: str) -> None:
    (tmp_path / "program.py").write_text(source)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "nuncius.terminal", "program.py"]
    with Terminal(command, env, str(tmp_path)) as shell:
        assert shell.wait_exit() == code
        assert said in shell.text


def test_without_a_terminal_it_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from nuncius.terminal import embed; embed()"],
        input="",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
    )
    assert "EmbedError: a shell needs a terminal" in done.stderr


def test_start_has_variables(run: Run) -> None:
    shell = run(
        "from nuncius.terminal import start\nprint('code', start(['--no-banner', '--no-confirm-exit'], user_ns={'answer': 42}, config={'TerminalShell': {'right_prompt': 'time'}}))\n"
    )
    shell.type("answer\r")
    shell.wait("Out[1]: 42")
    shell.wait(lambda screen: re.search(r"In \[2\]:.*\d\d:\d\d:\d\d", screen) is not None)
    leave(shell)
    shell.wait("code 0")


def test_breakpoint_opens_the_debugger(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("x = 41\nbreakpoint()\nprint('x is', x)\n")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONBREAKPOINT": "nuncius.terminal.set_trace",
    }
    with Terminal([sys.executable, "program.py"], env, str(tmp_path)) as shell:
        shell.wait("(Pdb)")
        shell.type("long_name = 5\r")
        shell.wait(lambda screen: screen.count("(Pdb)") == 2)
        shell.type("p long_\t")
        shell.wait("p long_name")
        shell.type("\r")
        shell.wait("\n5")
        shell.type("for _ in range(long_name):\rx += 1\r\r")
        shell.wait(lambda screen: screen.rstrip().endswith("(Pdb)"))
        shell.type("x -= 4\rc\r")
        shell.wait("x is 42")
