"""What the tests of running notebooks share: notebooks, a kernel, and runs of the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

KERNEL = Path(__file__).with_name("execute_kernel.py")


def code(source: str, *tags: str, **metadata: Any) -> dict[str, Any]:
    """A code cell; ids are given by `notebook`."""
    metadata = {"tags": list(tags), **metadata} if tags else metadata
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


def text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def notebook(*cells: dict[str, Any] | str, kernel: str = "py") -> dict[str, Any]:
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    for number, cell in enumerate(made):
        cell["id"] = f"c{number}"
    spec = {"name": kernel, "display_name": "Py", "language": "python"}
    return {"cells": made, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}


def install_kernel(folder: Path) -> None:
    """Make the kernel ``py`` known below a data folder."""
    spec = folder / "data" / "kernels" / "py"
    spec.mkdir(parents=True)
    argv = [sys.executable, str(KERNEL), "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Py", "language": "python"})
    )


def save(path: Path, nb: dict[str, Any]) -> Path:
    path.write_text(json.dumps(nb))
    return path


def read(path: Path) -> dict[str, Any]:
    """A notebook as it was written, its texts joined."""
    from nuncius.nbconvert.notebook import loads

    return loads(path.read_bytes()).nb


def streams(nb: dict[str, Any]) -> list[str]:
    """What each code cell wrote; ``!NAME`` for an exception, ``=TEXT`` for what it showed."""
    return [
        "".join(
            output["text"]
            if output["output_type"] == "stream"
            else f"!{output['ename']}"
            if output["output_type"] == "error"
            else f"={output['data']['text/plain']}"
            for output in cell["outputs"]
        )
        for cell in nb["cells"]
        if cell["cell_type"] == "code"
    ]


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nuncius", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def command(folder: Path, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Run ``nuncius execute ...``: its exit code, and what it wrote to stdout and stderr."""
    with start(folder, "execute", *arguments) as process:
        out, err = process.communicate(stdin, timeout=60)
    return process.returncode, out, err
