"""The shell over somebody else's kernel of another language, and its exit codes beside python's and IPython's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

from terminal import NUNCIUS, Terminal


@pytest.fixture
def bash(peers: Path, tmp_path: Path) -> Iterator[Terminal]:
    """The shell over bash_kernel."""
    spec = tmp_path / "jupyter" / "kernels" / "bash"
    spec.mkdir(parents=True)
    argv = [str(peers), "-m", "bash_kernel", "-f", "{connection_file}"]
    about = {"argv": argv, "display_name": "Bash", "language": "bash"}
    (spec / "kernel.json").write_text(json.dumps(about))
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "JUPYTER_PATH": str(tmp_path / "jupyter"),
    }
    command = [NUNCIUS, "console", "--kernel", "bash", "--no-banner"]
    with Terminal(command, env, str(tmp_path)) as terminal:
        terminal.wait("In [1]:", 60)
        yield terminal


def test_a_conversation_with_bash(bash: Terminal) -> None:
    bash.type("echo $((6 * 7))\r")
    bash.wait("\n42")
    bash.wait("In [2]:")
    bash.type('for n in one two; do\recho "it is $n"\rdone\r\r')
    bash.wait("it is two")
    bash.wait("In [3]:")
    bash.type("unse\t")
    bash.wait("In [3]: unset")
    bash.press("c")
    bash.wait(lambda screen: screen.count("In [3]:") == 2)
    bash.type("echo be''gun; sleep 60\r")
    bash.wait("begun")
    bash.press("c")
    bash.wait("In [4]:")
    bash.type("echo still $((40 + 2))\r")
    bash.wait("still 42")
    bash.press("d")
    bash.wait("Do you really want to exit")
    bash.type("y\r")
    assert bash.wait_exit() == 0


#: Arguments, standard input, and what python's exit code is; IPython's is another one where it is named.
PROGRAMS: tuple[tuple[str, tuple[str, ...], str, int, int | None], ...] = (
    ("code", ("-c", "pass"), "", 0, None),
    ("code that fails", ("-c", "1 / 0"), "", 1, None),
    ("a syntax error", ("-c", "1 +"), "", 1, None),
    ("an exit code", ("-c", "raise SystemExit(3)"), "", 3, 1),
    ("no exit code", ("-c", "raise SystemExit"), "", 0, 1),
    ("a large exit code", ("-c", "raise SystemExit(300)"), "", 44, 1),
    ("a negative exit code", ("-c", "raise SystemExit(-1)"), "", 255, 1),
    ("an exit message", ("-c", "raise SystemExit('no')"), "", 1, None),
    ("an interrupt", ("-c", "raise KeyboardInterrupt"), "", 130, 1),
    ("a file", ("job.py", "a", "-b"), "", 7, 2),
    ("a file that is not there", ("nowhere.py",), "", 2, None),
    ("a file that fails", ("fail.py",), "", 1, None),
    ("a module", ("-m", "tool", "a"), "", 5, 0),
    ("a module that is not there", ("-m", "nowhere"), "", 1, 0),
    ("a package that cannot be run", ("-m", "folder"), "", 1, 0),
    ("standard input", ("-",), "raise SystemExit(4)", 4, 2),
    ("standard input that fails", (), "1 / 0", 1, 0),
)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    (folder / "job.py").write_text(
        "import sys\nassert sys.argv == ['job.py', 'a', '-b'] and __name__ == '__main__'\nsys.exit(7)\n"
    )
    (folder / "fail.py").write_text("1 / 0\n")
    (folder / "tool.py").write_text("import sys\nassert sys.argv[1:] == ['a']\nsys.exit(5)\n")
    (folder / "folder").mkdir()
    (folder / "folder" / "__init__.py").touch()
    return folder


def exit_code(command: Sequence[str], folder: Path, stdin: str) -> int:
    """Run a program; a signal counts as a shell counts it."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    done = subprocess.run(
        command, cwd=folder, env=env, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    return 128 - done.returncode if done.returncode < 0 else done.returncode


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: str(program[0]))
def test_exit_codes_are_pythons(
    program: tuple[str, tuple[str, ...], str, int, int | None], programs: Path, peers: Path
) -> None:
    _, arguments, stdin, expected, of_ipython = program
    theirs = [str(peers), "-m", "IPython", "--no-banner", "--no-tip", *arguments]
    assert {
        "python": exit_code([sys.executable, *arguments], programs, stdin),
        "nuncius": exit_code([NUNCIUS, "shell", *arguments], programs, stdin),
        "ipython": exit_code(theirs, programs, stdin),
    } == {
        "python": expected,
        "nuncius": expected,
        "ipython": expected if of_ipython is None else of_ipython,
    }
