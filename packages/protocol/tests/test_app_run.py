"""`nuncius run` and `nuncius kernel` with real kernels, in processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
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


def test_rich_output_is_shown_as_text_as_well_as_can_be(place: Path):
    bundles = [
        {"text/html": "<b>b</b>", "text/plain": "plain"},
        {"text/html": "<b>b</b>", "text/markdown": "**b**\n"},
        {"text/plain": "<a.B object at 0x7f>", "text/latex": "$1$", "text/html": "<i>i</i>"},
        {"text/plain": "<a.B object>", "text/html": "<i>i</i>"},
        {"application/json": {"a": [1]}},
        {"image/png": "aGVsbG8="},
        {"image/svg+xml": "<svg/>"},
        {},
    ]
    (place / "a").write_text("".join(f"show {json.dumps(bundle)}\n" for bundle in bundles))
    assert run(place, "run", "--kernel=orders", "a") == (
        0,
        'plain\n**b**\n$1$\n<a.B object>\n{\n  "a": [\n    1\n  ]\n}\n<image/png>\n<svg/>\n',
        "",
    )


@pytest.mark.parametrize(
    ("argument", "code", "said"), [("3", 3, ""), ("", 0, ""), ("no more", 1, "no more\n")]
)
def test_a_file_ends_the_run_as_a_script_ends(place: Path, argument, code, said):
    (place / "a").write_text(f"print one\nexit {argument}\n")
    (place / "b").write_text("print never\n")
    assert run(place, "run", "--kernel=orders", "a", "b") == (code, "one\n", said)


def test_what_the_terminal_lacks_characters_for_does_not_end_the_run(place: Path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    (place / "a").write_text("print \u4e2d\nprint on\n", encoding="utf-8")
    assert run(place, "run", "--kernel=orders", "a") == (0, "\\u4e2d\non\n", "")


def test_the_end_of_standard_input_is_told_to_the_code(place: Path):
    (place / "a").write_text("ask more? \n")
    assert run(place, "run", "--kernel=orders", "a") == (0, "more? got '\\x04'\n", "")


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
        (["--existing", "1234", "-"], 2, "cannot read 1234: No such file or directory; a kernel is named by --existing=NAME"),
        (["bad.ipynb"], 2, "bad.ipynb is not a notebook of version 4"),
        (["none.ipynb"], 2, "none.ipynb is not a notebook: it is not JSON"),
        (["-", "--kernel=ordres"], 1, "no kernel named 'ordres'"),
        (["-", "--existing"], 1, "no kernel is running"),
        ([], 2, "expected FILE..."),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_told(place: Path, arguments, code, message):
    (place / "bad.ipynb").write_text("{}")
    (place / "none.ipynb").write_text("none")
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


def test_a_kernel_listens_where_it_is_told(place: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = run(place, "kernel", "--kernel=orders", f"--shell={port}")
        assert (code, "did not start" in err, "already in use" in err) == (1, True, True)
    path = place / "mine.json"
    with start(place, "kernel", "--kernel=orders", "-f", str(path), f"--shell={port}") as process:
        until(process, "Ctrl-C ends it.")
        assert json.loads(path.read_text())["shell_port"] == port
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    with start(
        place, "kernel", "--kernel=orders", "-f", str(path), "--transport=ipc", "--hb=77"
    ) as process:
        until(process, "Ctrl-C ends it.")
        info = json.loads(path.read_text())
        assert (info["transport"], info["hb_port"]) == ("ipc", 77)
        assert Path(f"{info['ip']}-77").is_socket()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert not Path(info["ip"]).parent.exists()


def test_the_file_of_a_kernel_that_is_gone_is_told_at_once(place: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ports = {f"{name}_port": port for name in ("shell", "iopub", "stdin", "control", "hb")}
    (place / "old.json").write_text(json.dumps({**ports, "key": "k", "transport": "tcp"}))
    code, out, err = run(place, "run", f"--existing={place}/old.json", "-", stdin="print 1\n")
    assert (code, out) == (1, "")
    assert f"old.json is stale: nobody listens at tcp://127.0.0.1:{port}" in err


@pytest.mark.parametrize("command", [["run", "a"], ["kernel"]], ids=["run", "kernel"])
@pytest.mark.parametrize("moment", [0.03, 0.12, 0.25])
def test_ctrl_c_at_any_moment_ends_a_command_without_a_word(place: Path, command, moment: float):
    """While it loads, while the kernel starts or runs, and while it ends: no traceback, nothing left (see `place`)."""
    (place / "a").write_text("print one\n")
    # What comes before our first line is Python's own matter.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); print('begun', flush=True); from nuncius.__main__ import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", code, *command, "--kernel=orders"],
        cwd=place,
        env=environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode in (0, 130, -signal.SIGINT)
    # In a callback of the import system Python can only report it.
    assert err in ("", "\nending the kernel ...\n") or err.startswith("Exception ignored in")
    assert command == ["kernel"] or out in ("", "one\n")


def test_a_kernel_that_dies_ends_the_command(place: Path):
    path = place / "mine.json"
    with start(place, "kernel", "--kernel=orders", "-f", str(path)) as process:
        until(process, "Ctrl-C ends it.")
        pid = run(place, "run", f"--existing={path}", "-", stdin="pid\n")[1]
        os.kill(int(pid), signal.SIGKILL)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the kernel has ended: it was killed by SIGKILL" in err
