"""The command line of the shell, split into its parts."""

from __future__ import annotations

import pytest

from nuncius.protocol.errors import OptionError
from nuncius.terminal.commandline import CommandLine, Kind, kernel_arguments, split
from nuncius.terminal.options import KernelSettings

VALUED = {"theme", "xmode"}
OWN = {"TerminalShell"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], CommandLine()),
        (
            ["--theme", "dark", "job.py", "-x", "--theme=none"],
            CommandLine(("--theme", "dark"), (), Kind.FILE, "job.py", ("-x", "--theme=none")),
        ),
        (
            ["-i", "-c", "print(1)", "-c"],
            CommandLine((), (), Kind.CODE, "print(1)", ("-c",), stay=True),
        ),
        (["-m", "tool", "--help"], CommandLine((), (), Kind.MODULE, "tool", ("--help",))),
        (["--quick", "-"], CommandLine((), (), Kind.FILE, "-", quick=True)),
        (["--", "-odd.py"], CommandLine((), (), Kind.FILE, "-odd.py")),
        (
            ["--TerminalShell.theme", "dark", "--ShellOptions.xmode=Plain", "--KernelOptions.gui", "tk"],
            CommandLine(
                ("--TerminalShell.theme", "dark"),
                ("--ShellOptions.xmode=Plain", "--KernelOptions.gui", "tk"),
            ),
        ),
    ],
)  # fmt: skip
def test_a_command_line_is_split(words: list[str], expected: CommandLine) -> None:
    assert split(words, VALUED, OWN) == expected


def test_a_console_leaves_words_to_the_options() -> None:
    assert split(["word", "-i"], files=False) == CommandLine(("word",), stay=True)


@pytest.mark.parametrize("word", ["-c", "-m"])
def test_what_is_to_run_must_be_there(word: str) -> None:
    with pytest.raises(OptionError, match=f"^{word} needs something after it: {word} "):
        split([word])


def test_settings_reach_the_kernel_by_its_own_names() -> None:
    settings = KernelSettings(xmode="Plain", extensions=["a", "b"], automagic=False, pdb=True, logfile="x.log", logappend="two words.log")  # fmt: skip
    assert kernel_arguments(settings) == [
        "--ShellOptions.xmode=Plain",
        "--ShellOptions.automagic=False",
        "--KernelOptions.extensions=a",
        "--KernelOptions.extensions=b",
        "--KernelOptions.exec_lines=%pdb on",
        "--KernelOptions.exec_lines=%logstart x.log",
        '--KernelOptions.exec_lines=%logstart "two words.log" append',
    ]
    assert kernel_arguments(KernelSettings()) == []
