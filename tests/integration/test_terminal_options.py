"""Options of the command line and what is read at the start, in-process and over ZeroMQ."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from terminal import COMMANDS, NUNCIUS, Terminal


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "NUNCIUS_DIR": str(tmp_path / "nuncius"),
        "LANG": "C.UTF-8",
        # Its table of fonts takes seconds: made once for all tests.
        "MPLCONFIGDIR": str(tmp_path.parent / "matplotlib"),
    }


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> list[str]:
    return COMMANDS[request.param]


def started(command: list[str], home: dict[str, str], *options: str) -> Terminal:
    terminal = Terminal([*command, "--nosep", *options], home, home["HOME"])
    terminal.wait("In [1]:")
    return terminal


def run(shell: Terminal, number: int, code: str) -> str:
    """Run a cell; return what the screen shows below it."""
    shell.type(f"{code}\r")
    screen = shell.wait(f"In [{number + 1}]:")
    return screen.split(f"In [{number}]:")[1].partition("\n")[2].rpartition("\nIn [")[0]


def test_options_for_the_kernel(command: list[str], home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "extra.py").write_text(
        "def load_ipython_extension(shell): shell.push({'extra': 'loaded'})\n"
    )
    options = (
        "--xmode=Minimal",
        "--autocall=1",
        "--no-automagic",
        "--ext=extra",
        "--matplotlib=agg",
        "--logfile=log.py",
        "--no-banner",
    )
    with started(command, home, *options) as shell:
        assert run(shell, 1, "1 / 0") == "ZeroDivisionError: division by zero"
        assert run(shell, 2, "len 'four'").endswith("Out[2]: 4")
        assert "pwd" in run(shell, 3, "pwd")  # is a name here, and no magic
        assert "NameError" in shell.text
        assert run(shell, 4, "extra") == "Out[4]: 'loaded'"
        assert run(shell, 5, "import matplotlib; matplotlib.get_backend()").lower() == (
            "out[5]: 'agg'"
        )
        assert "len" in (tmp_path / "log.py").read_text()


def test_each_error_opens_the_debugger_if_that_is_wanted(
    command: list[str], home: dict[str, str]
) -> None:
    with started(command, home, "--pdb") as shell:
        shell.type("hidden = 41; 1 / 0\r")
        shell.wait(lambda screen: screen.rstrip().endswith("ipdb>"))
        shell.type("p hidden + 1\r")
        shell.wait("\n42")
        shell.wait(lambda screen: screen.rstrip().endswith("ipdb>"))
        shell.type("q\r")
        shell.wait("In [2]:")


def test_few_values_are_kept_if_that_is_wanted(command: list[str], home: dict[str, str]) -> None:
    with started(command, home, "--cache-size=3", "--pylab=agg") as shell:
        for number in range(1, 6):
            run(shell, number, f"{number} * 10")
        assert "1" not in run(shell, 6, "sorted(Out)")[len("Out[6]: ") :].split(", ")
        assert run(shell, 7, "array([1]).sum()").endswith("1)")


def test_the_banner_and_the_space_around_results_are_ones_own(
    command: list[str], home: dict[str, str]
) -> None:
    options = {"banner1": "Welcome", "banner2": "to the shop", "separate_out": "\n"}
    words = [f"--TerminalShell.{name}={value}" for name, value in options.items()]
    with started(command, home, *words) as shell:
        assert shell.text.startswith("Welcome\nto the shop\n")
        assert run(shell, 1, "6 * 7") == "\nOut[1]: 42"


def test_files_at_the_start(command: list[str], home: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "nuncius" / "profiles" / "default" / "startup"
    folder.mkdir(parents=True)
    (folder / "10-first.py").write_text("order = ['first']\n")
    (folder / "20-second.ipy").write_text("order.append('second')\nlisted = !echo third\n")
    (tmp_path / "start.py").write_text("begun = 'by Python'\n")
    home["PYTHONSTARTUP"] = str(tmp_path / "start.py")
    with started(command, home, "--no-banner") as shell:
        assert run(shell, 1, "order, list(listed), begun") == (
            "Out[1]: (['first', 'second'], ['third'], 'by Python')"
        )
    if "shell" in command:
        with started(command, home, "--no-banner", "--quick") as shell:
            assert "NameError" in run(shell, 1, "order")


def test_a_profile_is_made_found_and_used(command: list[str], home: dict[str, str]) -> None:
    def said(*words: str) -> str:
        done = subprocess.run(
            [NUNCIUS, *words], env=home, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    said("profile", "create", "shop")
    assert "shop" in said("profile", "list")
    folder = Path(said("profile", "locate", "shop").strip())
    assert folder.is_dir()
    (folder / "startup").mkdir(exist_ok=True)
    (folder / "startup" / "prices.py").write_text("price = 42\n")
    with started(command, home, "--profile=shop", "--no-banner") as shell:
        assert run(shell, 1, "price") == "Out[1]: 42"


def test_options_of_the_prompt(command: list[str], home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "log.py").write_text("earlier = 1\n")
    options = (
        "--no-banner",
        "--no-autoindent",
        "--no-confirm-exit",
        "--no-term-title",
        "--theme=dark",
        "--colors=nocolor",
        "--logappend=log.py",
    )
    with started(command, home, *options) as shell:
        shell.type("if True:\r")
        shell.wait("In [1]: if True:\n   ...:")
        shell.type("    shown = 41\r\r")
        shell.wait("In [2]:")
        assert run(shell, 2, "1 / 0").endswith("ZeroDivisionError: division by zero")
        assert b"\nZeroDivisionError: division by zero\r\n" in shell.raw
        assert b"\x1b[38;5;71mIn [" in shell.raw
        assert not re.search(rb"\x1b\][012];", shell.raw)
        assert run(shell, 3, "shown + 1") == "Out[3]: 42"
        shell.press("d")
        assert shell.wait_exit() == 0
    log = (tmp_path / "log.py").read_text()
    assert log.startswith("earlier = 1\n")
    assert "shown + 1\n" in log


def test_lines_and_files_of_the_configuration_run_at_the_start(
    command: list[str], home: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "first.ipy").write_text("said = !echo first\n")
    config = tmp_path / "settings.py"
    config.write_text(
        f"c.KernelOptions.exec_files = [{str(tmp_path / 'first.ipy')!r}]\n"
        "c.KernelOptions.exec_lines = ['said = list(said)', 'said.append(2)']\n"
        "c.TerminalShell.banner1 = 'Settings of my own'\n"
    )
    with started(command, home, f"--config={config}") as shell:
        assert shell.text.startswith("Settings of my own\n")
        assert run(shell, 1, "said") == "Out[1]: ['first', 2]"
