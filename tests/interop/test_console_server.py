"""The shell over a kernel of a real Jupyter server, in a real terminal."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

from terminal import NUNCIUS, Terminal

TOKEN = "a-token"


@pytest.fixture(scope="module")
def address(peers, peer_environment, tmp_path_factory):
    """The address of a server, as it is pasted from a browser."""
    folder = tmp_path_factory.mktemp("server")
    log = (folder / "log").open("wb")
    options = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}"]  # fmt: skip
    process = subprocess.Popen(
        [str(peers), "-m", "jupyter_server", *options],
        env=peer_environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
    try:
        yield wait_for(process, Path(peer_environment["JUPYTER_RUNTIME_DIR"]), folder / "log")
    finally:
        process.terminate()
        process.wait(timeout=60)
        log.close()


def wait_for(process, runtime: Path, log: Path) -> str:
    """The server writes its address into a file when it listens."""
    deadline = time.monotonic() + 60
    file = runtime / f"jpserver-{process.pid}.json"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            url = json.loads(file.read_text())["url"]
        except (OSError, ValueError):
            continue
        if "Jupyter Server" in log.read_text():
            return f"{url}?token={TOKEN}"
    return pytest.fail(log.read_text())


def console(address: str, tmp_path: Path, *options: str) -> Terminal:
    import os

    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    command = [
        NUNCIUS,
        "console",
        "--server",
        address,
        "--no-banner",
        "--TerminalShell.completion_deadline=20",
        *options,
    ]
    return Terminal(command, env, str(tmp_path))


def test_a_kernel_of_the_server_is_used_left_and_found_again(address: str, tmp_path: Path) -> None:
    with console(address, tmp_path, "--kernel", "python3") as shell:
        shell.wait("In [1]:", 60)
        shell.type("import os; kept = 6 * 7; kept\r")
        shell.wait("Out[1]: 42")
        shell.type("input('name? ')\r")
        shell.wait("name? ")
        shell.type("Ada\r")
        shell.wait("Out[2]: 'Ada'")
        shell.type("while True: pass\r\r")
        shell.wait(lambda screen: "while True" in screen)
        shell.press("c")
        shell.wait("KeyboardInterrupt")
        shell.wait("In [4]:")
        shell.type("kep\t")
        shell.wait("In [4]: kept")
        shell.press("c")
        shell.type("%restart_kernel\r")
        shell.wait("was restarted")
        shell.type("'kept' in globals()\r")
        shell.wait("Out[1]: False")
        shell.type("kept = 43\r")
        shell.wait("In [3]:")
        shell.press("d")
        shell.wait("Do you really want to exit")
        shell.type("y\r")
        shell.wait("Stop the kernel")
        shell.type("n\r")
        assert shell.wait_exit() == 0
    with console(address, tmp_path, "--existing") as shell:
        shell.wait("In [3]:", 60)
        assert "'kept' in globals()" in shell.text
        shell.type("kept\r")
        shell.wait("Out[3]: 43")
        shell.type("os = __import__('os'); os.kill(os.getpid(), 9)\r")
        shell.wait(lambda screen: "died" in screen or "restarted" in screen, 60)


def test_a_wrong_token_is_said_in_a_sentence(address: str, tmp_path: Path) -> None:
    wrong = address.replace(TOKEN, "wrong")
    with console(wrong, tmp_path) as shell:
        assert shell.wait_exit(60) == 1
        assert "does not let us in (403)" in shell.text
        assert "Traceback" not in shell.text
