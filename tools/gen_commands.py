#!/usr/bin/env python3
"""Write docs/reference/commands.md from the declarations of the programs; a test keeps it equal.

python tools/gen_commands.py          in the development environment
"""

from __future__ import annotations

import io
import os
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

from nuncius.protocol.app import Group, Program
from nuncius.protocol.app.cli import KNOWN_COMMANDS
from nuncius.protocol.app.help import program_help
from nuncius.protocol.entrypoints import entry_points

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "commands.md"
#: Commands of other packages whose options are shown, too.
SHOWN = ("nbconvert", "execute", "view")
HEAD = """\
# Commands

`nuncius` alone starts the shell. `nuncius COMMAND` starts one of these; those of packages that are not installed say what to install.
What each of them has beside the options here is told by `--help-all`.
"""


def page() -> str:
    """The text of the page: the commands of nuncius-protocol, and those of `SHOWN`."""
    os.environ["COLUMNS"] = "100"  # the same on every terminal
    found = entry_points("nuncius.commands")
    parts = [HEAD]
    for name, (summary, package) in KNOWN_COMMANDS.items():
        if package != "nuncius-protocol":
            parts.append(f"## nuncius {name}\n\n{summary} It comes with `{package}`.\n")
            if name in SHOWN:
                parts.append(f"```text\n{_help(found[name].load())}\n```\n")
            continue
        parts += [_section(program) for program in _programs(found[name].load())]
    return "\n".join(parts)


def _help(command: Any) -> str:
    """What a command says of itself."""
    said = io.StringIO()
    with redirect_stdout(said), suppress(SystemExit):
        command(["--help"])
    return said.getvalue().rstrip()


def _programs(command: Program | Group) -> tuple[Program, ...]:
    return command.programs if isinstance(command, Group) else (command,)


def _section(program: Program) -> str:
    text = program_help(program).partition("\n\noptions of every program:")[0]
    return f"## nuncius {program.name}\n\n```text\n{text}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
