"""Environments of their own for tests: made with uv or pip when they are missing, and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["environment"]

ROOT = Path(__file__).parents[2]
OURS = ("protocol", "kernel")


def environment(
    variable: str, name: str, packages: Sequence[str], without_dependencies: Sequence[str] = ()
) -> Path:
    """Return the python of an environment with our kernel and packages; made anew when what it is to hold has changed.

    Args:
        variable: Of the process; names the folder.
        name: Of the folder in the repository, without the variable.
        packages: What is installed.
        without_dependencies: What is installed alone, afterwards.
    """
    folder = Path(os.environ.get(variable) or ROOT / name)
    python = folder / "bin" / "python"
    stamp = folder / ".complete"
    wanted = "\n".join((*packages, *without_dependencies, sys.version))
    if not (stamp.exists() and stamp.read_text() == wanted):
        if folder.exists():
            shutil.rmtree(folder)
        _make(folder, python, packages, without_dependencies)
        stamp.write_text(wanted)
    return python


def _make(folder: Path, python: Path, packages: Sequence[str], alone: Sequence[str]) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = [word for name in OURS for word in ("-e", str(ROOT / "packages" / name))]
    if uv := shutil.which("uv", path=path):
        make = [uv, "venv", "--quiet", "--python", sys.executable, str(folder)]
        fill = [uv, "pip", "install", "--quiet", "--python", str(python)]
    else:
        make = [sys.executable, "-m", "venv", str(folder)]
        fill = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run(make, check=True, timeout=600)
    subprocess.run([*fill, *ours, *packages], check=True, timeout=1200)
    if alone:
        subprocess.run([*fill, "--no-deps", *alone], check=True, timeout=600)
