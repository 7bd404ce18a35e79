"""Tell apart, on the command line of the shell, its options, those of its kernel, and the program to run.

As for ``python``, what follows ``-c CODE``, ``-m MODULE`` or a file belongs to the program.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum

from nuncius.protocol.errors import OptionError
from nuncius.protocol.values import Value
from nuncius.terminal.options import KERNEL_NAMES, KernelSettings

__all__ = ["CommandLine", "Kind", "kernel_arguments", "split"]


class Kind(Enum):
    """What is to be run."""

    CODE = "-c"
    MODULE = "-m"
    FILE = "file"


class CommandLine(Value):
    """A command line, in its parts.

    Attributes:
        options: For the shell.
        kernel: For the kernel, by the names of its own classes.
        kind: What kind of program is to be run; None if none is.
        program: The code, the module or the file.
        arguments: Of the program.
        stay: Go on with a prompt afterwards (``-i``).
        quick: Read no configuration and no startup files (``--quick``).
    """

    options: tuple[str, ...] = ()
    kernel: tuple[str, ...] = ()
    kind: Kind | None = None
    program: str = ""
    arguments: tuple[str, ...] = ()
    stay: bool = False
    quick: bool = False


def split(
    words: Sequence[str],
    valued: Collection[str] = (),
    own: Collection[str] = (),
    *,
    files: bool = True,
) -> CommandLine:
    """Return the parts of a command line.

    Args:
        words: Without the program's own name.
        valued: Options, without dashes, that are followed by their value.
        own: The names of the shell's classes; an option of another class is the kernel's.
        files: A word that is no option names a file to run; otherwise it is left with the options.

    Raises:
        OptionError: ``-c`` or ``-m`` stand last.
    """
    options: list[str] = []
    kernel: list[str] = []
    stay = quick = False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, _ = word.lstrip("-").partition("=")
        if word in ("-i", "--quick"):
            stay, quick = stay or word == "-i", quick or word == "--quick"
            continue
        if files and (kind := _kind(word)) is not None:
            if word in ("-c", "-m", "--") and not rest:
                raise OptionError(f"{word} needs something after it: {word} {_WHAT[word]}")
            program = rest.pop(0) if word in ("-c", "-m", "--") else word
            return CommandLine(
                tuple(options), tuple(kernel), kind, program, tuple(rest), stay, quick
            )
        owner, dot, _ = name.partition(".")
        target = kernel if word.startswith("-") and dot and owner not in own else options
        target.append(word)
        if not equals and rest and (name in valued or (dot and word.startswith("-"))):
            target.append(rest.pop(0))
    return CommandLine(tuple(options), tuple(kernel), stay=stay, quick=quick)


_WHAT: Mapping[str, str] = {"-c": "CODE", "-m": "MODULE", "--": "FILE"}


def _kind(word: str) -> Kind | None:
    if word == "-c":
        return Kind.CODE
    if word == "-m":
        return Kind.MODULE
    return Kind.FILE if word == "--" or word == "-" or not word.startswith("-") else None


def kernel_arguments(settings: KernelSettings) -> list[str]:
    """Return the shell's short names for settings of the kernel as the kernel's own command line."""
    arguments: list[str] = []
    for name, target in KERNEL_NAMES.items():
        value = getattr(settings, name)
        if target.startswith("%") and value:
            word = f'"{value}"' if " " in str(value) else value
            arguments.append(f"--KernelOptions.exec_lines={target.format(word)}")
        elif isinstance(value, list):
            arguments += [f"--{target}={each}" for each in value]
        elif value is not None and not target.startswith("%"):
            arguments.append(f"--{target}={value}")
    return arguments
