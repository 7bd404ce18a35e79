"""Find the sub-command of `nuncius` that is asked for, and run it.

Sub-commands are entry points of the group ``nuncius.commands``: callables that take the arguments and return an exit code. Most are a `nuncius.protocol.app.program.Program`.
Those of our own packages are known here by name, so that a missing one is answered with the ``pip install`` that brings it, and the help is there without loading anything.

Rule: nothing heavy is imported here. A person waits for ``nuncius --version`` as long as for a bare Python.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from nuncius.protocol.app.output import delivered

__all__ = ["KNOWN_COMMANDS", "main"]

#: Our own commands: what they do, and the distribution that brings them.
KNOWN_COMMANDS: dict[str, tuple[str, str]] = {
    "shell": ("The interactive shell; also: nuncius alone.", "nuncius-terminal"),
    "console": ("The shell on any kernel, also one that runs already.", "nuncius-terminal"),
    "attach": ("Go on with a kernel that a shell left running.", "nuncius-terminal"),
    "history": ("Search, export, trim and clear what was typed.", "nuncius-terminal"),
    "qtconsole": ("The graphical console.", "nuncius-qtconsole"),
    "notebook": ("The notebook, in the browser.", "nuncius-notebook-server"),
    "nbconvert": ("Convert notebooks to other formats; also: convert.", "nuncius-nbconvert"),
    "convert": ("The same as nbconvert.", "nuncius-nbconvert"),
    "execute": ("Run notebooks, with parameters, many at once.", "nuncius-nbconvert"),
    "view": ("Show notebooks as pages in the browser.", "nuncius-nbconvert"),
    "cluster": ("Start, stop and list clusters of engines.", "nuncius-parallel"),
    "run": ("Run files in a kernel.", "nuncius-protocol"),
    "kernel": ("Start a kernel, and say how to attach to it.", "nuncius-protocol"),
    "kernelspec": ("List, install and remove kernels.", "nuncius-protocol"),
    "profile": ("Create, list and find profiles.", "nuncius-protocol"),
    "locate": ("Say where the configuration is.", "nuncius-protocol"),
    "paths": ("Say where everything is.", "nuncius-protocol"),
    "completion": ("Print what makes your shell complete nuncius commands.", "nuncius-protocol"),
}

_USAGE = 2


def main(argv: Sequence[str], loaded: Callable[[], None] | None = None) -> int:
    """Run the command that ``argv`` begins with; return its exit code.

    Args:
        argv: Without the program's own name.
        loaded: Called when the command is loaded, and before it runs.
    """
    words = list(argv)
    if words and words[0] in ("-h", "--help", "help"):
        return delivered("nuncius", _help)
    if words and words[0] in ("-V", "--version", "version"):
        return delivered("nuncius", lambda: _version(everything=words[0] == "version"))
    if not words or words[0].startswith("-") or _is_file(words[0]):
        return _run("shell", words, loaded)
    return _run(words[0], words[1:], loaded)


def _run(name: str, arguments: list[str], loaded: Callable[[], None] | None) -> int:
    from nuncius.protocol.entrypoints import entry_points

    commands = entry_points("nuncius.commands")
    if name not in commands:
        return _missing(name, list(commands))
    found = commands[name]
    try:
        command = found.load()
    except ImportError as error:
        _complain(
            f"the command {name!r} of {found.distribution} cannot be loaded: {error}\n"
            f"Repair it with: pip install --force-reinstall {found.distribution}"
        )
        return 1
    if loaded is not None:
        loaded()
    code = command(arguments)
    return code if isinstance(code, int) else 0


def _missing(name: str, installed: list[str]) -> int:
    if name in KNOWN_COMMANDS:
        _complain(f"nuncius {name} is not installed: pip install {KNOWN_COMMANDS[name][1]}")
        return _USAGE
    from difflib import get_close_matches

    close = get_close_matches(name, {*installed, *KNOWN_COMMANDS}, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    _complain(f"there is no command and no file {name!r}{hint}\nnuncius --help lists the commands.")
    return _USAGE


def _help() -> int:
    from nuncius.protocol.entrypoints import entry_points

    found = entry_points("nuncius.commands")
    lines = ["usage: nuncius [COMMAND] [options]", "", "Interactive computing.", ""]
    groups = {"commands:": [], "not installed:": [], "from other packages:": []}  # type: dict[str, list[str]]
    for name, (summary, package) in KNOWN_COMMANDS.items():
        if name in found:
            groups["commands:"].append(f"  {name:<12}{summary}")
        else:
            groups["not installed:"].append(f"  {name:<12}{summary} (pip install {package})")
    for name in sorted(found.keys() - KNOWN_COMMANDS.keys()):
        groups["from other packages:"].append(f"  {name:<12}({found[name].distribution})")
    for title, rows in groups.items():
        if rows:
            lines += [title, *rows, ""]
    lines += [
        "nuncius COMMAND --help says more about one of them.",
        "nuncius --version, nuncius version: this package's version, those of all packages.",
    ]
    print("\n".join(lines))  # noqa: T201
    return 0


def _version(*, everything: bool) -> int:
    from nuncius.protocol.entrypoints import installed_versions

    versions = installed_versions("nuncius" if everything else "nuncius-protocol")
    if everything:
        for name, version in versions.items():
            print(f"{name:<26}{version}")  # noqa: T201
        print(f"{'Python':<26}{sys.version.split()[0]}")  # noqa: T201
    else:
        print(f"nuncius {versions.get('nuncius-protocol', 'of unknown version')}")  # noqa: T201
    return 0


def _is_file(word: str) -> bool:
    # `nuncius analysis.py` is for the shell. A command never has a dot or a slash in it.
    if "." not in word and "/" not in word:
        return False
    import os

    return os.path.isfile(word)  # noqa: PTH113


def _complain(message: str) -> None:
    print(f"nuncius: {message}", file=sys.stderr)  # noqa: T201
