"""Programs instead of conversations: files, -c, -m, standard input, and their exit codes, as Python has them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NUNCIUS = str(Path(sys.executable).with_name("nuncius"))
LAUNCH = {"in-process": (), "zmq": ("--kernel", "nuncius-python")}


@pytest.fixture(params=LAUNCH)
def launch(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return LAUNCH[request.param]


def nuncius(
    folder: Path, *arguments: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run(
        [NUNCIUS, "shell", *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **given,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("code", "exit_code", "out"),
    [
        ("print(6 * 7)", 0, "42\n"),
        ("6 * 7", 0, ""),
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit('enough')", 1, ""),
        ("1 / 0", 1, ""),
        ("1 +", 1, ""),
        ("%timeit -n1 -r1 1", 0, None),
        ("import asyncio; await asyncio.sleep(0); print('awaited')", 0, "awaited\n"),
        ("print(__name__)", 0, "__main__\n"),
    ],
)
def test_code_of_the_command_line(
    tmp_path: Path, launch: tuple[str, ...], code: str, exit_code: int, out: str | None
) -> None:
    done = nuncius(tmp_path, *launch, "-c", code)
    assert done.returncode == exit_code, done.stderr
    if out is not None:
        assert done.stdout == out


def test_a_message_of_sys_exit_is_said(tmp_path: Path) -> None:
    assert nuncius(tmp_path, "-c", "import sys; sys.exit('enough')").stderr == "enough\n"


def test_a_file_gets_its_arguments_and_its_own_traceback(
    tmp_path: Path, launch: tuple[str, ...]
) -> None:
    (tmp_path / "helper.py").write_text("def fail(): raise ValueError('from here')\n")
    (tmp_path / "job.py").write_text(
        "import sys, helper\nprint(sys.argv, __name__, __file__)\nhelper.fail()\n"
    )
    done = nuncius(tmp_path, *launch, "job.py", "-x", "--flag")
    assert done.stdout == "['job.py', '-x', '--flag'] __main__ job.py\n"
    assert done.returncode == 1
    assert "ValueError: from here" in done.stderr
    assert "job.py" in done.stderr
    assert "exec(" not in done.stderr
    assert "\x1b" not in done.stderr


def test_a_file_with_magics(tmp_path: Path) -> None:
    (tmp_path / "job.ipy").write_text("x = !echo one\nprint(list(x))\n")
    assert nuncius(tmp_path, "./job.ipy").stdout == "['one']\n"


def test_a_notebook_runs_cell_by_cell_until_one_fails(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# text"]},
        {"cell_type": "code", "source": ["a = 1\n", "a + 1"]},
        {"cell_type": "code", "source": "1 / 0"},
        {"cell_type": "code", "source": "print('never')"},
    ]
    (tmp_path / "job.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    done = nuncius(tmp_path, "job.ipynb")
    assert done.returncode == 1
    assert done.stdout == "Out[1]: 2\n"


def test_a_module(tmp_path: Path, launch: tuple[str, ...]) -> None:
    (tmp_path / "tool.py").write_text("import sys\nprint(sys.argv[1:])\nsys.exit(5)\n")
    done = nuncius(tmp_path, *launch, "-m", "tool", "a", "-b")
    assert (done.returncode, done.stdout) == (5, "['a', '-b']\n")


def test_standard_input_is_a_script(tmp_path: Path, launch: tuple[str, ...]) -> None:
    done = nuncius(
        tmp_path, *launch, stdin="for n in range(2):\n    print(n)\n\n6 * 7\nprint('end')\n"
    )
    assert (done.returncode, done.stdout) == (0, "0\n1\nend\n")


def test_simple_prompt_reads_a_pipe_as_a_conversation(tmp_path: Path) -> None:
    done = nuncius(tmp_path, "--simple-prompt", "--no-banner", stdin="6 * 7\n")
    assert done.stdout.startswith("In [1]: Out[1]: 42\n")


def test_options_of_the_kernel_are_handed_on(tmp_path: Path) -> None:
    done = nuncius(tmp_path, "--xmode=Minimal", "-c", "def f(): 1 / 0\nf()")
    assert done.stderr == "ZeroDivisionError: division by zero\n"


def test_startup_files_run_in_order_but_not_with_quick(tmp_path: Path) -> None:
    home = tmp_path / "config"
    startup = home / "profiles" / "default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("names = ['zero']\n")
    (startup / "01.ipy").write_text("names.append('one')\n")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NUNCIUS_DIR": str(home)}

    def run(*arguments: str) -> str:
        command = [NUNCIUS, "shell", *arguments, "-c", "print(globals().get('names'))"]
        return subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=60
        ).stdout  # fmt: skip

    assert run() == "['zero', 'one']\n"
    assert run("--quick") == "None\n"


def test_quick_reads_no_configuration_of_the_shell_or_the_kernel(tmp_path: Path) -> None:
    profile = tmp_path / "config" / "profiles" / "default"
    profile.mkdir(parents=True)
    (profile / "config.py").write_text(
        "c.KernelOptions.exec_lines = ['names = 1']\nc.TerminalShell.theme = 'dark'\n"
    )
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "NUNCIUS_DIR": str(profile.parents[1]),
    }

    def run(*arguments: str) -> str:
        command = [NUNCIUS, "shell", *arguments, "-c", "print(globals().get('names'))"]
        return subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=60
        ).stdout  # fmt: skip

    assert run() == "1\n"
    assert run("--quick") == "None\n"
    (profile / "config.py").write_text("this is no configuration\n")
    assert run("--quick") == "None\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.py"], "cannot run nowhere.py: No such file or directory"),
        (["-c"], "-c needs something after it: -c CODE"),
        (["--themes=dark"], "did you mean"),
        (["--editing-mode=nano"], "'emacs' or 'vi'"),
        (["--kernel", "no-such-kernel"], "no-such-kernel"),
    ],
)
def test_mistakes_are_told_in_a_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = nuncius(tmp_path, *arguments)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_help_and_version(tmp_path: Path) -> None:
    shown = nuncius(tmp_path, "--help").stdout
    assert "-c CODE" in shown
    assert "--editing-mode" in shown
    assert nuncius(tmp_path, "--version").stdout.startswith("nuncius-terminal ")
