"""Programs instead of conversations: files, -c, -m, standard input, and their exit codes, as Python has them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipapp
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


#: Programs that end as they do under Python: the exit code, what they print, and the last line of their errors.
PROGRAMS = {
    "end": "import sys; print(__name__, sys.argv)",
    "exit": "import sys; sys.exit()",
    "exit 3": "raise SystemExit(3)",
    "exit 259": "raise SystemExit(259)",
    "exit -1": "raise SystemExit(-1)",
    "exit True": "raise SystemExit(True)",
    "exit text": "import sys; sys.exit('enough')",
    "exit()": "def leave(): exit(5)\nleave(); print('never')",
    "quit()": "quit(); print('never')",
    "error": "print('begun'); 1 / 0",
    "chained": "try: 1 / 0\nexcept ZeroDivisionError as e: raise ValueError('two') from e",
    "syntax": "print(1); 1 +",
    "question": "print(input('who? ').upper())",
    "stderr": "import sys; print('aside', file=sys.stderr)",
    "thread fails": "import threading as t; x = t.Thread(target=lambda: 1 / 0); x.start(); x.join()",
    "atexit": "import atexit; atexit.register(print, 'bye'); print('hello'); raise SystemExit(4)",
    "thread": "import threading as t; e = t.Event(); t.Timer(0.1, print, ['late']).start(); print(1)",
    "stdin": "import sys; print(sys.stdin.read())",
}
#: What needs the shell's own process.
OWN_PROCESS = {
    "at once": "import os; os._exit(7)",
    "killed": "import os; os.kill(os.getpid(), 9)",
}


def ended(folder: Path, command: list[str]) -> tuple[int, str, list[str]]:
    """Run a program that is asked one line; return its exit code, its output, and the last line of its errors."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    done = subprocess.run(
        command, cwd=folder, env=env, input="Ada\n", capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr.splitlines()[-1:]


def compared(folder: Path, launch: tuple[str, ...], code: str) -> None:
    (folder / "program.py").write_text(code)
    forms = (["program.py", "one", "-x"], ["-c", code, "one", "-x"])
    for words in forms[: 1 if launch else 2]:  # a kernel takes a second to come and go
        ours = ended(folder, [NUNCIUS, "shell", *launch, *words])
        assert ours == ended(folder, [sys.executable, *words])


@pytest.mark.parametrize("code", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_ends_as_under_python(tmp_path: Path, launch: tuple[str, ...], code: str) -> None:
    compared(tmp_path, launch, code)


@pytest.mark.parametrize("code", OWN_PROCESS.values(), ids=OWN_PROCESS)
def test_a_program_in_the_own_process_ends_as_under_python(tmp_path: Path, code: str) -> None:
    compared(tmp_path, (), code)


@pytest.mark.parametrize(
    ("code", "exit_code", "out"),
    [
        ("6 * 7", 0, ""),
        ("raise KeyboardInterrupt", 130, ""),
        ("%timeit -n1 -r1 1", 0, None),
        ("import asyncio; await asyncio.sleep(0); print('awaited')", 0, "awaited\n"),
    ],
)
def test_code_of_the_command_line(
    tmp_path: Path, launch: tuple[str, ...], code: str, exit_code: int, out: str | None
) -> None:
    done = nuncius(tmp_path, *launch, "-c", code)
    assert done.returncode == exit_code, done.stderr
    if out is not None:
        assert done.stdout == out


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


def test_a_file_with_magics(tmp_path: Path, launch: tuple[str, ...]) -> None:
    (tmp_path / "job.ipy").write_text("import sys\nx = !echo one\nprint(list(x), sys.argv)\n")
    done = nuncius(tmp_path, *launch, "./job.ipy", "two")
    assert done.stdout == "['one'] ['job.ipy', 'two']\n"


def test_a_folder_or_an_archive_with_a_main_program(
    tmp_path: Path, launch: tuple[str, ...]
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("import sys\nprint(sys.argv)\nsys.exit(3)\n")
    zipapp.create_archive(tmp_path / "app", tmp_path / "app.pyz")
    for name in ("app", "app.pyz"):
        done = nuncius(tmp_path, *launch, name, "-x")
        assert (done.returncode, done.stdout) == (3, f"['{name}', '-x']\n")


def test_a_notebook_runs_cell_by_cell_until_one_fails(
    tmp_path: Path, launch: tuple[str, ...]
) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# text"]},
        {"cell_type": "code", "source": ["a = 1\n", "a + 1"]},
        {"cell_type": "code", "source": "1 / 0"},
        {"cell_type": "code", "source": "print('never')"},
    ]
    (tmp_path / "job.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    done = nuncius(tmp_path, *launch, "job.ipynb")
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
    assert "TerminalShell.completion_deadline" not in shown
    assert "TerminalShell.completion_deadline" in nuncius(tmp_path, "--help-all").stdout
    assert nuncius(tmp_path, "--version").stdout.startswith("nuncius-terminal ")
