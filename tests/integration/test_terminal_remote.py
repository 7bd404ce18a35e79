"""The shell over kernels that are elsewhere: behind SSH, left and attached to again, dead."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, NUNCIUS, Terminal

CONSOLE = COMMANDS["zmq"]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}


def started(command: list[str], home: dict[str, str], seen: str = "In [1]:") -> Terminal:
    terminal = Terminal([*command, "--no-banner"], home, home["HOME"])
    terminal.wait(seen, 40)
    return terminal


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """An SSH server on the loopback: its name, and a folder with an `ssh` that has the key."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for key in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True
            )
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (folder / "config").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\n"
            f"AuthorizedKeysFile {folder}/user.pub\nPidFile none\nUsePAM no\nStrictModes no\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        (folder / "bin").mkdir()
        client = folder / "bin" / "ssh"
        client.write_text(
            f"#!/bin/sh\nexec {shutil.which('ssh')} -F none -i {folder}/user -o IdentitiesOnly=yes "
            '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "$@"\n'
        )
        client.chmod(0o700)
        daemon = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
        assert daemon, "this test needs an SSH server: apt install openssh-server"
        with subprocess.Popen(
            [daemon, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.PIPE, text=True
        ) as server:
            assert server.stderr is not None
            assert any("listening on" in line for line in server.stderr)
            yield f"{getpass.getuser()}@127.0.0.1:{port}", str(folder / "bin")
            server.terminate()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--existing", "gone.json"], 1, "gone.json is stale: nobody listens at tcp://127.0.0.1:"),
        (["--ssh", "somewhere"], 2, "--ssh needs --existing FILE"),
    ],
)
def test_what_cannot_be_reached_is_said_at_once(
    home: dict[str, str], words: list[str], code: int, said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    channels = ("shell", "iopub", "stdin", "control", "hb")
    ports = {f"{name}_port": port for name in channels}
    info = {"ip": "127.0.0.1", "transport": "tcp", "key": "", **ports}
    Path(home["HOME"], "gone.json").write_text(json.dumps(info))
    done = subprocess.run(
        [NUNCIUS, "console", *words],
        cwd=home["HOME"],
        env=home,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout, said in done.stderr) == (code, "", True)
    assert done.stderr.count("\n") == 1


def test_a_kernel_behind_ssh(home: dict[str, str], ssh: tuple[str, str]) -> None:
    host, programs = ssh
    with started(CONSOLE, home) as first:
        first.type("%connect_info\r")
        first.wait("In [2]:")
        first.type("kept = 6 * 7\r")
        first.wait("In [3]:")
        through = {**home, "PATH": f"{programs}:{home['PATH']}"}
        command = [NUNCIUS, "console", "--existing", "--ssh", host]
        with started(command, through, "In [3]:") as second:
            assert "In [2]: kept = 6 * 7" in second.text
            second.type("kept\r")
            second.wait("Out[3]: 42")
            first.wait("In (other) [3]: kept")
            first.wait("Out[3]: 42")
            second.type("while True: pass\r\r")
            second.wait(lambda screen: screen.count("while True") == 1)
            first.wait("In (other) [4]: while True: pass")
            second.press("c")
            second.wait("KeyboardInterrupt")
            second.wait("In [5]:")
            second.press("d")
            second.wait("let the kernel run on")
            second.type("y\r")
            assert second.wait_exit() == 0
        first.type("kept + 1\r")
        first.wait("Out[5]: 43")


@pytest.mark.parametrize("running", [False, True], ids=["at the prompt", "in a cell"])
def test_a_tunnel_that_breaks_ends_the_shell_and_not_the_kernel(
    home: dict[str, str], ssh: tuple[str, str], running: bool
) -> None:
    host, programs = ssh
    through = {**home, "PATH": f"{programs}:{home['PATH']}"}
    with started(CONSOLE, home) as first:
        with started([NUNCIUS, "console", "--existing", "--ssh", host], through) as second:
            if running:
                second.type(
                    "import os; print('be' + 'gun', flush=True); exec(\"while not os.path.exists('go'): pass\"); print('en' + 'ded')\r"
                )
                second.wait("begun")
                first.wait("begun")
            (tunnel,) = children(second, "nuncius-tunnel")
            os.kill(tunnel, signal.SIGKILL)
            second.type("6 * 7\r")
            assert second.wait_exit() == 1
            assert f"The tunnel through {host} is broken" in second.text
            assert "The same command comes back to it." in second.text
        Path(home["HOME"], "go").touch()
        first.wait("ended" if running else "In [1]:")
        first.type("40 + 2\r")
        first.wait(": 42")


def children(terminal: Terminal, word: str) -> list[int]:
    """Return the processes that a program has started with this word in their command line."""
    task = Path(f"/proc/{terminal.process.pid}/task")
    pids = [pid for each in task.iterdir() for pid in (each / "children").read_text().split()]
    return [int(pid) for pid in pids if word in Path(f"/proc/{pid}/cmdline").read_text()]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_ssh_in_a_cell_has_the_terminal_and_asks_for_its_password(
    home: dict[str, str], ssh: tuple[str, str], command: list[str]
) -> None:
    (host, port), programs = ssh[0].rsplit(":", 1), ssh[1]
    key = Path(programs).with_name("user")
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", key], check=True)
    through = {**home, "PATH": f"{programs}:{home['PATH']}"}
    with started(command, through) as shell:
        shell.type(f"!ssh -t -p {port} {host} 'stty size; echo {{1+1}}; cat; exit 3'\r")
        shell.wait("Enter passphrase for key")
        shell.type("wrong\r")
        shell.wait(lambda screen: screen.count("Enter passphrase for key") == 2)
        shell.type("secret\r")
        shell.wait("40 100\n2")
        shell.type("there\rand back\r")
        shell.wait(lambda screen: screen.count("and back\n") + screen.endswith("and back") == 2)
        shell.press("d")
        shell.wait("In [2]:")
        shell.type("_exit_code\r")
        shell.wait("Out[2]: 3")
        assert "secret" not in shell.text


def test_what_ran_before_is_shown_to_who_comes_later(home: dict[str, str]) -> None:
    with started(CONSOLE, home) as first:
        first.type("def f(x):\rreturn x\r\r")
        first.wait("In [2]:")
        first.type("f('a\\nb'), f(1)\r")
        first.wait("In [3]:")
        with started([NUNCIUS, "attach", "--nosep"], home, "In [3]:") as second:
            assert second.text.split("\n") == [
                "In [1]: def f(x):",
                "   ...:     return x",
                "In [2]: f('a\\nb'), f(1)",
                "Out[2]: ('a\\nb', 1)",
                "In [3]:",
            ]
        with started([NUNCIUS, "attach", "--nosep", "--Target.replay=0"], home) as third:
            third.type("f(2)\r")
            third.wait("Out[3]: 2")


SHOW = """\
import sys
from IPython.display import display
print('printed')
print('said', file=sys.stderr)
bar = display('0 %', display_id=True)
bar.update('100 %')
1 / 0"""


def test_output_of_before_is_shown_as_it_was(home: dict[str, str]) -> None:
    with started(CONSOLE, home) as first:
        first.type(f"\x1b[200~{SHOW}\x1b[201~\r")
        first.wait("In [2]:")
        with started([NUNCIUS, "attach", "--nosep"], home, "In [2]:") as second:
            screen = second.text
            assert screen.split("1 / 0\n", 1)[1].startswith("printed\nsaid\n'100 %'\n-----")
            assert screen.endswith("ZeroDivisionError: division by zero\nIn [2]:")
            assert "0 %'\n'1" not in screen


def test_a_kernel_that_keeps_no_output_shows_inputs_and_values(home: dict[str, str]) -> None:
    with started([*CONSOLE, "--KernelOptions.replay_bytes=0"], home) as first:
        first.type("print('printed'); 6 * 7\r")
        first.wait("Out[1]: 42")
        with started([NUNCIUS, "attach", "--nosep"], home, "In [2]:") as second:
            assert second.text.split("\n") == [
                "In [1]: print('printed'); 6 * 7",
                "Out[1]: 42",
                "In [2]:",
            ]


def test_a_cell_goes_on_without_its_frontend_and_is_followed_by_the_next(
    home: dict[str, str],
) -> None:
    folder = Path(home["HOME"])
    code = (
        "import os, time; print('pid', os.getpid())\n"
        "for n in range(3000):\n"
        "    print('row', n)\n"
        "    if n == 1000: open('gone', 'w').close()\n"
        "    while n == 2000 and not os.path.exists('go'): time.sleep(0.01)"
    )
    with started([*CONSOLE, "--detachable"], home) as first:
        first.type(f"\x1b[200~{code}\x1b[201~\x1b\r")
        first.wait(lambda _: (folder / "gone").exists())
        os.kill(first.process.pid, signal.SIGKILL)
        first.wait_exit()
    with started([NUNCIUS, "attach"], home, "In [2]:") as second:
        second.wait("row 2000\n")
        assert "lines of output are not shown" in "\n".join(everything(second))
        (folder / "go").touch()
        second.wait("row 2999\n")
        rows = [int(line[4:]) for line in everything(second) if line.startswith("row ")]
        assert rows == list(range(rows[0], 3000))
        second.type("n\r")
        second.wait("Out[2]: 2999")
        second.type("os.kill(os.getpid(), 9)\r")
        second.wait_exit(40)


def everything(terminal: Terminal) -> list[str]:
    """Return the lines of the screen, and of what has scrolled away."""
    above = ["".join(line[at].data for at in range(100)) for line in terminal.screen.history.top]
    return [line.rstrip() for line in [*above, *terminal.screen.display]]


def test_a_kernel_that_dies_in_a_cell_is_started_again(home: dict[str, str]) -> None:
    with started(CONSOLE, home) as shell:
        shell.type("import os, time; print('pid', os.getpid()); time.sleep(60)\r")
        screen = shell.wait(lambda screen: "\npid " in screen)
        os.kill(int(screen.split("\npid ")[1].split()[0]), signal.SIGKILL)
        shell.wait("SIGKILL")
        shell.wait("was restarted")
        shell.type("6 * 7\r")
        shell.wait("Out[1]: 42")


def test_a_kernel_of_someone_else_that_dies_ends_the_shell(home: dict[str, str]) -> None:
    with (
        started(CONSOLE, home) as first,
        started([NUNCIUS, "attach"], home) as second,
    ):
        first.press("d")
        first.wait("Do you really want to exit")
        first.type("y\r")
        assert first.wait_exit() == 0
        second.type("6 * 7\r")
        assert second.wait_exit(40) == 1
        assert "kernel" in second.text


STUBBORN = "import signal; signal.signal(2, signal.SIG_IGN); exec('while True: pass')"


def insist(shell: Terminal, seen: str) -> None:
    """Press Ctrl-C again and again."""
    end = monotonic() + 40
    while seen not in shell.text:
        assert monotonic() < end, shell.text
        shell.press("c")
        shell.read()


def test_a_cell_that_does_not_stop_is_left_or_its_kernel_killed(home: dict[str, str]) -> None:
    with started(CONSOLE, home) as first:
        first.type("kept = 1\r")
        first.wait("In [2]:")
        with started([NUNCIUS, "attach"], home, "In [2]:") as second:
            second.type("print('be' + 'gun', flush=True); import time; time.sleep(600)\r")
            second.wait("begun")
            # What waits behind the cell of another shell is dropped, and the other cell goes on.
            ran = first.raw.count(b"\x1b]133;C")
            first.type("'not run'\r")
            first.wait(lambda _: first.raw.count(b"\x1b]133;C") > ran)
            first.press("c")
            first.wait("busy with something else. Press it again to stop that")
            first.press("c")
            second.wait("KeyboardInterrupt")
            first.wait("\nKeyboardInterrupt")
            second.wait("In [3]:")
            second.type(f"print('be' + 'gun', flush=True); {STUBBORN}\r")
            second.wait(lambda screen: screen.count("begun") == 2)
            insist(second, "goes on without this shell")
            # Another Ctrl-C may have come while it left.
            assert second.wait_exit() in (1, 130)
            assert "leave it as it is" in second.text
        ran = first.raw.count(b"\x1b]133;C")
        first.type("kept\r")
        first.wait(lambda _: first.raw.count(b"\x1b]133;C") > ran)
        insist(first, "was restarted")
        first.type("'kept' in globals()\r")
        first.wait(": False")


def test_programs_that_want_keys_say_that_they_have_no_terminal(home: dict[str, str]) -> None:
    Path(home["HOME"], "long.txt").write_text("".join(f"row {n}\n" for n in range(100)))
    with (
        started(CONSOLE, home),
        started([NUNCIUS, "attach", "--nosep"], home) as second,
    ):
        second.type("!less long.txt\r")
        second.wait("The program waits for keys")
        second.wait("In [2]:")
        second.type("!echo $((6 * 7))\r")
        second.wait("\n42\nIn [3]:")
