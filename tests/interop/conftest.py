"""Give the tests the peers: other people's kernels, clients and servers, in an environment of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

#: Never installed where Nuncius is: no package of ours may come to stand on one of them.
PEERS = (
    "bash_kernel",
    "calysto-scheme",
    "echo_kernel",
    "ipykernel",
    "ipython",
    "jupyter_client",
    "jupyter-c-kernel",
    "jupyter_console",
    "jupyter-existing-provisioner",
    "jupyter_kernel_test",
    "jupyter_server",
    "metakernel",
    "nbclient",
    "nbconvert",
    "papermill",
    "pypandoc-binary",
    "xeus-python",
    "zsh-jupyter-kernel",
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def peers() -> Path:
    """The python of the environment with the peers, made when it is missing.

    ``NUNCIUS_PEERS`` names its folder, ``.venv-peers`` in the repository by default.
    """
    folder = Path(os.environ.get("NUNCIUS_PEERS") or ROOT / ".venv-peers")
    python = folder / "bin" / "python"
    complete = folder / ".complete"
    if "NUNCIUS_PEERS" in os.environ and python.exists():
        return python
    wanted = "\n".join(PEERS)
    if not (complete.exists() and complete.read_text() == wanted):
        install(folder, python)
        complete.write_text(wanted)
    return python


def install(folder: Path, python: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv:
        make = [uv, "venv", "--quiet", "--python", sys.executable, str(folder)]
        fill = [uv, "pip", "install", "--quiet", "--python", str(python), *PEERS]
    else:
        make = [sys.executable, "-m", "venv", str(folder)]
        fill = [str(python), "-m", "pip", "install", "--quiet", *PEERS]
    subprocess.run(make, check=True, timeout=600)
    subprocess.run(fill, check=True, timeout=1200)
    # bash_kernel comes without its kernelspec.
    subprocess.run(
        [str(python), "-m", "bash_kernel.install", "--sys-prefix"],
        check=True,
        timeout=60,
        capture_output=True,
    )


@pytest.fixture(scope="session")
def peer_environment(peers: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the peers' kernelspecs are found, and nothing of the user's is touched."""
    home = tmp_path_factory.mktemp("home")
    prefix = peers.parent.parent
    environment = {
        **os.environ,
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_PATH": str(prefix / "share" / "jupyter"),
        "PATH": f"{peers.parent}{os.pathsep}{os.environ['PATH']}",
        # What a kernel warns about is not ours to judge.
        "PYTHONWARNINGS": "ignore",
    }
    for name in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME"):
        environment.pop(name, None)
    return environment
