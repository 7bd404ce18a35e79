"""``nuncius execute`` with our own kernel: in a process of its own, and in that of the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CELLS = [
    "import os, sys\nprint('out')\nprint('err', file=sys.stderr)",
    "name = input('who? ')\nname",
    "from IPython.display import HTML, display\nhandle = display(HTML('<b>old</b>'), display_id=True)",
    "handle.update(HTML('<b>new</b>'))\nos.path.basename(os.getcwd())",
    "%time pass\n!echo shell",
    "1/0",
    "print('never')",
]


def notebook(cells: list[str]) -> dict[str, Any]:
    made = [
        {"cell_type": "code", "execution_count": None, "id": f"c{n}", "metadata": {}, "outputs": [], "source": source}
        for n, source in enumerate(cells)
    ]  # fmt: skip
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def execute(folder: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "nuncius", "execute", *words],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == ""
    return done.returncode, done.stderr


def shown(path: Path) -> list[str]:
    """What each cell shows, in one line."""
    nb = json.loads(path.read_text())
    return ["|".join(_shown(output) for output in cell["outputs"]) for cell in nb["cells"]]


def _shown(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return f"{output['name']}:{''.join(output['text']).strip()}"
    if output["output_type"] == "error":
        return f"!{output['ename']}"
    data = output["data"]
    return "".join(data.get("text/html") or data["text/plain"])


@pytest.mark.parametrize("words", [(), ("--in-process",)])
def test_a_notebook_runs_alike_here_and_there(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "nb.ipynb").write_text(json.dumps(notebook(CELLS)))
    (tmp_path / "answers").write_text("Ada\n")
    code, said = execute(tmp_path, "nb.ipynb", "--answers", "answers", *words)
    assert code == 1
    assert "ZeroDivisionError: division by zero" in said
    assert "Traceback (most recent call last):\n  File" not in said
    out = shown(tmp_path / "nb.executed.ipynb")
    assert sorted(out[0].split("|")) == ["stderr:err", "stdout:out"]
    assert out[1:4] == ["'Ada'", "<b>new</b>", f"'{tmp_path.name}'"]
    assert out[4].startswith("stdout:CPU times:")
    assert out[4].endswith("shell")
    assert out[5:] == ["!ZeroDivisionError", ""]


def test_there_is_no_such_kernel_in_this_process(tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text(json.dumps(notebook(["1"])))
    code, said = execute(tmp_path, "nb.ipynb", "--in-process", "-k", "cobol")
    assert code == 1
    assert said.startswith("nuncius execute: nb.ipynb: no kernel named 'cobol'")
