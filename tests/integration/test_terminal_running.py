"""Running things in the shell: programs of the system, signals, background output, faults; in-process and over ZeroMQ."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, NUNCIUS, Terminal


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    kept = ("PATH", "LANG", "LC_ALL")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    return {**env, "HOME": str(tmp_path), "LANG": "C.UTF-8"}


@pytest.fixture(params=COMMANDS)
def shell(
    request: pytest.FixtureRequest, home: dict[str, str], tmp_path: Path
) -> Iterator[Terminal]:
    with started(COMMANDS[request.param], home, tmp_path) as terminal:
        yield terminal


@pytest.fixture
def local(home: dict[str, str], tmp_path: Path) -> Iterator[Terminal]:
    with started(COMMANDS["in-process"], home, tmp_path) as terminal:
        yield terminal


def started(command: list[str], home: dict[str, str], tmp_path: Path) -> Terminal:
    terminal = Terminal([*command, "--no-banner"], home, str(tmp_path))
    terminal.wait("In [1]:")
    return terminal


@pytest.mark.parametrize("command", COMMANDS)
def test_lines_typed_before_the_prompt_run_in_order(
    home: dict[str, str], tmp_path: Path, command: str
) -> None:
    with Terminal([*COMMANDS[command], "--no-banner"], home, str(tmp_path)) as shell:
        shell.type("a = 6\rb = 7\ra * b\rlen(str(a")
        shell.wait("Out[3]: 42")
        shell.wait("In [4]: len(str(a")
        shell.type("))\r")
        shell.wait("Out[4]: 1")


def test_commands_of_the_system_have_output_and_an_exit_code(shell: Terminal) -> None:
    shell.type("!echo $((6 * 7)); exit 3\r")
    shell.wait("\n42")
    shell.wait("In [2]:")
    shell.type("_exit_code\r")
    shell.wait("Out[2]: 3")
    shell.type("files = !echo one; echo two\r")
    shell.wait("In [4]:")
    shell.type("list(files)\r")
    shell.wait("['one', 'two']")


def test_programs_of_the_shell_have_the_real_terminal(shell: Terminal) -> None:
    shell.type("!test -t 0 && test -t 1 && stty size\r")
    shell.wait("\n40 100")


def test_ctrl_c_ends_only_the_program_that_runs(shell: Terminal) -> None:
    shell.type("!echo be''gun; sleep 60\r")
    shell.wait("begun")
    shell.press("c")
    shell.wait("In [2]:")
    shell.type("6 * 7\r")
    shell.wait("Out[2]: 42")


def test_ctrl_c_right_after_enter_reaches_the_cell(shell: Terminal) -> None:
    """Wherever the cell is then: at the prompt that ends, on its way, or in the kernel."""
    shell.type("import time\r")
    shell.wait("In [2]:")
    for milliseconds in (0, 0.5, 1, 1.5, 2, 3, 4, 6) * 2:
        seen = len(shell.raw)
        shell.type("time.sleep(600)\r")
        pressed = monotonic() + milliseconds / 1000
        while monotonic() < pressed:
            pass
        shell.press("c")
        shell.wait(lambda _, seen=seen: b"KeyboardInterrupt" in shell.raw[seen:])
        shell.wait(lambda screen: re.fullmatch(r"In \[\d+\]:", screen.split("\n")[-1]) is not None)


def test_output_of_a_thread_does_not_tear_what_is_typed(shell: Terminal) -> None:
    shell.type("import threading, sys\r")
    shell.wait("In [2]:")
    shell.type("go = threading.Event()\r")
    shell.wait("In [3]:")
    shell.type(
        "threading.Thread(target=lambda: [threading.Event().wait(0.1) or print('ti' + 'ck', n) for n in range(3)]).start()\r"
    )
    shell.wait("In [4]:")
    shell.type("40 +")
    shell.wait("tick 2\n")
    shell.type(" 2\r")
    shell.wait("Out[4]: 42")
    assert "In [4]: 40 + 2" in shell.text


def test_a_flood_of_output_can_be_interrupted(shell: Terminal) -> None:
    shell.type("for n in range(10_000_000): print('line', n)\r\r")
    shell.wait("line 1")
    shell.press("c")
    shell.wait("KeyboardInterrupt", 40)
    shell.wait("In [2]:")
    shell.type("6 * 7\r")
    shell.wait("Out[2]: 42")


def test_a_huge_result_is_cut_with_a_hint(shell: Terminal) -> None:
    shell.type("'x' * 1_000_000\r")
    shell.wait("print(_) shows all", 30)


def test_reprs_that_raise_print_escape_codes_or_sleep(shell: Terminal) -> None:
    shell.type("class R:\rdef __repr__(self): return self.how()\r\r")
    shell.wait("In [2]:")
    shell.type("r = R(); r.how = lambda: 1 / 0; r\r")
    shell.wait("ZeroDivisionError")
    shell.wait("In [3]:")
    shell.type("import time; r.how = lambda: print('sleep' + 'ing') or time.sleep(60); r\r")
    shell.wait("sleeping")
    shell.press("c")
    shell.wait("KeyboardInterrupt")
    shell.wait("In [4]:")
    shell.type("r.how = lambda: '\\x1b[31mred\\x1b[0m'; r\r")
    shell.wait("red")
    shell.wait("In [5]:")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_long_text_is_paged(home: dict[str, str], tmp_path: Path, command: str) -> None:
    with started(COMMANDS[command], {**home, "PAGER": "less -R"}, tmp_path) as shell:
        shell.type("get_ipython().show_page('\\n'.join(f'row {n}' for n in range(200)))\r")
        shell.wait("row 30")
        shell.press("c")  # is not the end of the pager
        shell.type("G")
        shell.wait("row 199\n")
        shell.type("q")
        shell.wait("In [2]:")
        shell.type("6 * 7\r")
        shell.wait("Out[2]: 42")


def test_the_debugger_has_a_history_of_its_own(shell: Terminal) -> None:
    shell.type("def f(x):\rbreakpoint()\rreturn x + 1\r\r")
    shell.wait("In [2]:")
    shell.type("f(41)\r")
    shell.wait("ipdb>")
    shell.type("p x * 2\r")
    shell.wait("82")
    shell.wait(lambda screen: screen.rstrip().endswith("ipdb>"))
    shell.type("p x * 3\r")
    shell.wait("123")
    shell.wait(lambda screen: screen.rstrip().endswith("ipdb>"))
    shell.type("\x1b[A\x1b[A\r")
    shell.wait(lambda screen: screen.count("82") == 2)
    shell.wait(lambda screen: screen.rstrip().endswith("ipdb>"))
    shell.type("c\r")
    shell.wait("Out[2]: 42")
    shell.type("\x1b[A")
    shell.wait("In [3]: f(41)")


def at_debugger(shell: Terminal) -> None:
    shell.wait(lambda screen: screen.rstrip().endswith("ipdb>"))


def test_the_debugger_completes_and_takes_several_lines(shell: Terminal) -> None:
    shell.type("def f(x):\runusual_name = x * 2\rbreakpoint()\rreturn x\r\r")
    shell.wait("In [2]:")
    shell.type("f(21)\r")
    at_debugger(shell)
    shell.type("p unus\t")
    shell.wait("p unusual_name")
    shell.type("\r")
    shell.wait("\n42")
    at_debugger(shell)
    shell.type("for n in range(2):\rprint('n is', unusual_name + n)\r\r")
    shell.wait("n is 43")
    at_debugger(shell)
    # Ctrl-C drops what is typed, Ctrl-D leaves.
    shell.type("p unus")
    shell.wait("ipdb> p unus")
    shell.press("c")
    shell.type("p x + 100\r")
    shell.wait("\n121")
    at_debugger(shell)
    shell.press("d")
    shell.wait("In [3]:")


def test_the_debugger_stops_in_a_cell_that_awaits(shell: Terminal) -> None:
    shell.type("async def f(x):\rbreakpoint()\rreturn x\r\r")
    shell.wait("In [2]:")
    shell.type("await f(21)\r")
    at_debugger(shell)
    shell.type("p x * 2\r")
    shell.wait("\n42")
    at_debugger(shell)
    shell.type("c\r")
    shell.wait("Out[2]: 21")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_debugger_remembers_what_was_typed_in_the_shell_before(
    home: dict[str, str], tmp_path: Path, command: str
) -> None:
    for typed in ("p 6 * 7\r", "\x1b[A\r"):
        with started(COMMANDS[command], home, tmp_path) as shell:
            shell.type("def f(): breakpoint(); return 1\r\r")
            shell.wait("In [2]:")
            shell.type("f()\r")
            at_debugger(shell)
            shell.type(typed)
            shell.wait("\n42")
            at_debugger(shell)


def test_ctrl_d_ends_the_input_of_a_program(shell: Terminal) -> None:
    shell.type("input('name? ')\r")
    shell.wait("\nname?")
    shell.press("d")
    shell.wait("EOFError")
    shell.wait("In [2]:")


def test_standard_input_is_what_is_typed(shell: Terminal) -> None:
    shell.type("import sys; print('rea' + 'dy'); first = sys.stdin.readline()\r")
    shell.wait("\nready")
    shell.type("one\r")
    shell.wait("In [2]:")
    shell.type("print('rea' + 'dy to go on'); first, sys.stdin.read()\r")
    shell.wait("\nready to go on")
    shell.type("two\rthree\r\x04")
    shell.wait(r"Out[2]: ('one\n', 'two\nthree\n')")
    shell.type("print('rea' + 'dy again'); sys.stdin.read()\r")
    shell.wait("\nready again")
    shell.press("c")
    shell.wait("KeyboardInterrupt")
    shell.wait("In [4]:")


@pytest.mark.parametrize("ask", ["input", "__import__('getpass').getpass"])
def test_an_answer_that_is_typed_before_the_question(shell: Terminal, ask: str) -> None:
    # The second line comes while the first one is being taken: as the program of a quick person sees it, in one go.
    shell.type(f"answer = {ask}('na' + 'me? ')\rBob\x15Adam\x7f\r")
    shell.wait("\nname?")
    shell.wait("In [2]:")
    shell.type("answer + str(len(answer))\r")
    shell.wait("Out[2]: 'Ada3'")
    assert ("name? Ada\n" in shell.text) == (ask == "input")


@pytest.fixture
def busy(shell: Terminal, tmp_path: Path) -> tuple[Terminal, Path]:
    """A shell in which a cell runs until a file is there."""
    shell.type("import os, time\r")
    shell.wait("In [2]:")
    shell.type(
        "print('be' + 'gun', flush=True); exec(\"while not os.path.exists('go'): time.sleep(0.01)\")\r"
    )
    shell.wait("begun")
    return shell, tmp_path / "go"


def test_ctrl_d_while_a_cell_runs_leaves_after_it(busy: tuple[Terminal, Path]) -> None:
    shell, go = busy
    shell.press("d")
    go.touch()
    shell.wait("Do you really want to exit")
    shell.type("y\r")
    assert shell.wait_exit() == 0


def test_what_is_typed_while_a_cell_runs_is_there_at_the_next_prompt(
    busy: tuple[Terminal, Path],
) -> None:
    shell, go = busy
    shell.type("40 +")
    go.touch()
    shell.wait("In [3]: 40 +")
    shell.type(" 2\r")
    shell.wait("Out[3]: 42")


@pytest.mark.parametrize("typed", ["40 + 2\r\x04", "40 + 29\x02\x04\r\x04"])
def test_ctrl_d_among_other_keys_keeps_its_place(busy: tuple[Terminal, Path], typed: str) -> None:
    shell, go = busy
    shell.type(typed)  # the first Ctrl-D of the second one takes the 9 away
    go.touch()
    shell.wait("Out[3]: 42")
    shell.wait("Do you really want to exit")
    shell.type("n\r")
    shell.wait("In [4]:")


def test_after_an_error_its_frames_are_looked_at(shell: Terminal) -> None:
    shell.type("def f(x): return 1 / x\r\r")
    shell.wait("In [2]:")
    shell.type("f(0)\r")
    shell.wait("In [3]:")
    shell.type("%debug\r")
    shell.wait("ipdb>")
    shell.type("p 'x is', x\r")
    shell.wait("('x is', 0)")
    shell.wait(lambda screen: screen.rstrip().endswith("ipdb>"))
    shell.type("q\r")
    shell.wait("In [4]:")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("doing", ["typing", "running", "stubborn"])
def test_signals_end_the_shell_with_their_code(
    shell: Terminal, number: signal.Signals, doing: str
) -> None:
    code = {
        "typing": "print('be' + 'gun')",
        "running": "print('be' + 'gun'); import time; time.sleep(60)",
        "stubborn": "print('be' + 'gun'); exec('while True:\\n try:\\n  while True: pass\\n except KeyboardInterrupt: pass')",
    }[doing]
    shell.type(f"{code}\r")
    shell.wait("begun")
    if doing == "typing":
        shell.wait("In [2]:")
        shell.type("something")
        shell.wait("something")
    os.kill(shell.process.pid, number)
    assert shell.wait_exit() == 128 + number


def test_ctrl_backslash_shows_where_the_program_is(shell: Terminal) -> None:
    shell.type("import time; print('be' + 'gun'); time.sleep(60)\r")
    shell.wait("begun")
    shell.type("\x1c")
    # The head of a deep stack may have left the screen.
    shell.wait(
        lambda screen: (
            "in run_cell" in screen
            or re.search(r"The cell is.*\n +File.*line 1, in <module>\n", screen)
        )
    )
    shell.press("c")
    shell.wait("In [2]:")
    shell.type("6 * 7\r")
    shell.wait("Out[2]: 42")


def test_exit_leaves_and_runs_exit_handlers(shell: Terminal, tmp_path: Path) -> None:
    """Threads are waited for, tasks are cancelled, programs that run in the background end with their terminal."""
    shell.type("import asyncio, atexit, subprocess, threading, time\r")
    shell.wait("In [2]:")
    shell.type(
        "atexit.register(lambda: print('good' + 'bye', file=open('handler', 'w')) or print('good' + 'bye'));\r"
    )
    shell.wait("In [3]:")
    shell.type("task = asyncio.ensure_future(asyncio.sleep(60))\r")
    shell.wait("In [4]:")
    shell.type("threading.Thread(target=lambda: time.sleep(0.2) or open('thread', 'w')).start()\r")
    shell.wait("In [5]:")
    shell.type("exit\r")
    assert shell.wait_exit() == 0
    assert (tmp_path / "handler").read_text() == "goodbye\n"
    assert shell.text.endswith("\ngoodbye")
    assert (tmp_path / "thread").exists()
    assert "Traceback" not in shell.text


@pytest.mark.parametrize("command", COMMANDS)
def test_a_read_only_home_is_no_obstacle(tmp_path: Path, command: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o500)
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    with started(COMMANDS[command], env, tmp_path) as shell:
        shell.type("6 * 7\r")
        shell.wait("Out[1]: 42")
        shell.press("d")
        shell.wait("exit")
        shell.type("y\r")
        assert shell.wait_exit() == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_the_locale_c_shows_what_it_can(tmp_path: Path, command: str) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C"}
    with started(COMMANDS[command], env, tmp_path) as shell:
        shell.type("'caf\\xe9'\r")
        shell.wait("Out[1]: 'caf")
        shell.wait("In [2]:")


@pytest.mark.parametrize("command", COMMANDS)
def test_characters_that_the_terminal_lacks_are_shown_by_their_codes(
    home: dict[str, str], tmp_path: Path, command: str
) -> None:
    for encoding in (
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ):
        with started(COMMANDS[command], {**home, **encoding}, tmp_path) as shell:
            shell.type("'\\u65e5\\u672c'\r")
            shell.wait("Out[1]: '\\u65e5\\u672c'")
            shell.wait("In [2]:")


def test_the_prompt_tells_the_terminal_where_it_is(shell: Terminal) -> None:
    shell.type("6 * 7\r")
    shell.wait("Out[1]: 42")
    shell.wait("In [2]:")
    assert (
        shell.raw.index(b"\x1b]133;A")
        < shell.raw.index(b"\x1b]133;C")
        < shell.raw.index(b"\x1b]133;D;0")
    )


def test_another_frontend_is_seen(home: dict[str, str], tmp_path: Path) -> None:
    with (
        started(COMMANDS["zmq"], home, tmp_path) as first,
        Terminal([NUNCIUS, "attach", "--no-banner"], home, str(tmp_path)) as second,
    ):
        second.wait("]:")
        second.type("shared = 6 * 7; shared\r")
        second.wait("Out[1]: 42")
        first.wait("In (other) [1]: shared = 6 * 7; shared")
        first.wait("Out[1]: 42")
        first.type("shared + 1\r")
        first.wait("Out[2]: 43")
        second.type("exit\r")
        assert second.wait_exit() == 0
        first.wait("In (other) [3]: exit")
        first.type("shared + 2\r")
        first.wait("Out[4]: 44")


def test_a_detached_kernel_is_attached_to_again(home: dict[str, str], tmp_path: Path) -> None:
    with started([*COMMANDS["zmq"], "--detachable"], home, tmp_path) as shell:
        shell.type("kept = 41\r")
        shell.wait("In [2]:")
        shell.press("d")
        shell.wait("Do you really want to exit")
        shell.type("y\r")
        shell.wait("Stop the kernel")
        shell.type("n\r")
        shell.wait("The kernel goes on")
        assert shell.wait_exit() == 0
    with Terminal([NUNCIUS, "attach", "--no-banner"], home, str(tmp_path)) as shell:
        shell.wait("]:")
        shell.type("kept + 1\r")
        shell.wait(": 42")
        shell.type("import os; print('pid', os.getpid())\r")
        screen = shell.wait(lambda screen: "\npid " in screen)
        shell.type("exit\r")
        assert shell.wait_exit() == 0
        os.kill(int(screen.split("\npid ")[1].split()[0]), signal.SIGKILL)


def test_a_kernel_that_dies_while_it_completes_is_no_end(
    home: dict[str, str], tmp_path: Path
) -> None:
    with started(COMMANDS["zmq"], home, tmp_path) as shell:
        shell.type("import os; print('pid', os.getpid())\r")
        screen = shell.wait(lambda screen: "\npid " in screen)
        os.kill(int(screen.split("\npid ")[1].split()[0]), signal.SIGKILL)
        shell.type("os.getp\t")
        shell.type("id()\r")
        shell.wait("was restarted")
        shell.type("6 * 7\r")
        shell.wait(": 42")


@pytest.mark.parametrize(
    ("stored", "command"),
    [
        (b"", "in-process"),
        (b"no database at all", "zmq"),
        (b"SQLite format 3\0" + b"\xff" * 4096, "in-process"),
    ],
)
def test_a_broken_history_is_no_obstacle(
    home: dict[str, str], tmp_path: Path, stored: bytes, command: str
) -> None:
    for folder in (
        ".config/nuncius/profiles/default",
        ".local/share/nuncius",
        ".local/state/nuncius",
    ):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "history.sqlite").write_bytes(stored)
    with started(COMMANDS[command], home, tmp_path) as shell:
        shell.type("6 * 7\r")
        shell.wait("Out[1]: 42")
        shell.type("\x1b[A")
        shell.wait("In [2]: 6 * 7")
        shell.press("c")


def test_the_kernel_is_restarted_when_the_person_wants_it(
    home: dict[str, str], tmp_path: Path
) -> None:
    with started(COMMANDS["zmq"], home, tmp_path) as shell:
        shell.type("kept = 1\r")
        shell.wait("In [2]:")
        shell.type("%restart_kernel\r")
        shell.wait("was restarted")
        shell.type("'kept' in globals()\r")
        shell.wait("Out[1]: False")


def test_after_a_program_the_shell_has_its_variables(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text("answer = 42\n1 / 0\n")
    with Terminal([NUNCIUS, "shell", "--no-banner", "-i", "job.py"], home, str(tmp_path)) as shell:
        shell.wait("ZeroDivisionError")
        shell.wait("In [1]:")
        shell.type("answer\r")
        shell.wait("Out[1]: 42")
