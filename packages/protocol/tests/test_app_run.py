"""`nuncius run` and `nuncius kernel` with real kernels, in processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

KERNEL = Path(__file__).with_name("app_kernel.py")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder to work in, with one kernel installed; no connection file may be left in it."""
    folder = tmp_path / "data" / "kernels" / "orders"
    folder.mkdir(parents=True)
    argv = [sys.executable, str(KERNEL), "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Orders", "language": "orders"})
    )
    yield tmp_path
    left = [path.name for path in tmp_path.glob("data/runtime/*")]
    assert left == []


def environment(place: Path) -> dict[str, str]:
    own = {"JUPYTER_DATA_DIR": str(place / "data"), "NUNCIUS_DIR": str(place / "home")}
    return {**os.environ, **own, "PYTHONUNBUFFERED": "1"}


def start(place: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nuncius", *arguments],
        cwd=place,
        env=environment(place),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(place: Path, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """The exit code of `nuncius ...`, and what it wrote to stdout and stderr."""
    with start(place, *arguments) as process:
        out, err = process.communicate(stdin, timeout=60)
    return process.returncode, out, err


def until(process: subprocess.Popen[str], text: str) -> str:
    """What the process writes, up to the line with ``text``."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"{text!r} is not in {said!r}")


def test_files_are_run_with_their_output_where_a_script_has_it(place: Path):
    (place / "a").write_text("print one\nwarn two\nvalue 42\n")
    (place / "b").write_text("ask name? \n")
    assert run(place, "run", "--kernel=orders", "a", "b", stdin="Ann\n") == (
        0,
        "one\n42\nname? got 'Ann'\n",
        "two\n",
    )


def test_the_cells_of_a_notebook_are_run(place: Path):
    cells = [
        {"cell_type": "code", "source": ["print 1\n", "print 2"]},
        {"cell_type": "markdown", "source": "print no"},
        {"cell_type": "code", "source": "print 3"},
    ]
    (place / "n.ipynb").write_text(json.dumps({"cells": cells}))
    assert run(place, "run", "--kernel=orders", "n.ipynb") == (0, "1\n2\n3\n", "")


def test_an_error_ends_the_run_with_its_traceback_and_exit_code_1(place: Path):
    (place / "later").write_text("print never\n")
    done = run(place, "run", "--kernel=orders", "-", "later", stdin="print one\nraise oh no\n")
    assert done == (1, "one\n", "ValueError: oh no\n")


def test_a_kernel_that_dies_is_told(place: Path):
    (place / "a").write_text("print one\n")
    code, out, err = run(place, "run", "--kernel=orders", "a", "-", stdin="die\n")
    assert (code, out) == (1, "one\n")
    assert "nuncius run: the kernel died: it was killed by SIGKILL" in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gone.txt"], 2, "cannot read gone.txt: No such file or directory"),
        (["bad.ipynb"], 2, "bad.ipynb is not a notebook of version 4"),
        (["-", "--kernel=ordres"], 1, "no kernel named 'ordres'"),
        (["-", "--existing"], 1, "no kernel is running"),
        ([], 2, "expected FILE..."),
    ],
)
def test_what_cannot_be_run_is_told(place: Path, arguments, code, message):
    (place / "bad.ipynb").write_text("{}")
    done = run(place, "run", *arguments)
    assert (done[0], done[1], message in done[2]) == (code, "", True)


def test_ctrl_c_interrupts_the_kernel(place: Path):
    (place / "a").write_text("wait\n")
    with start(place, "run", "--kernel=orders", "a") as process:
        until(process, "waiting")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (1, "", "KeyboardInterrupt: \n")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_kernel_is_kept_for_others_until_it_is_ended(place: Path, end: signal.Signals):
    with start(place, "kernel", "--kernel=orders") as process:
        said = until(process, "Ctrl-C ends it.")
        path = Path(re.search(r"\n    (/.*\.json)\n", said)[1])
        assert path.parent == place / "data" / "runtime"
        assert f"nuncius console --existing {path.name}" in said
        assert run(place, "run", "--existing", "-", stdin="value 1\n") == (0, "1\n", "")
        assert run(place, "run", f"--existing={path.name}", "-", stdin="value 2\n")[1] == "2\n"
        process.send_signal(end)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "\nending the kernel ...\n")


def test_a_kernel_that_dies_ends_the_command(place: Path):
    path = place / "mine.json"
    with start(place, "kernel", "--kernel=orders", "-f", str(path)) as process:
        until(process, "Ctrl-C ends it.")
        pid = run(place, "run", f"--existing={path}", "-", stdin="pid\n")[1]
        os.kill(int(pid), signal.SIGKILL)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the kernel has ended: it was killed by SIGKILL" in err
