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
from nuncius.protocol.entrypoints import entry_points

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "commands.md"
#: What stands at the end of every program's help, and once at the beginning of the page.
COMMON = "\n\noptions of every program:"
HEAD = """\
# Commands

`nuncius` alone starts the shell. `nuncius COMMAND` starts one of these; those of packages that are not installed say what to install.
What each of them has beside the options here is told by `--help-all`. How options are written, and read from files, is told in [](../howto/configure.md).

Every program has these as well:

```text
{common}
```
"""


def page() -> str:
    """The text of the page: what each command that is installed says of itself."""
    os.environ["COLUMNS"] = "100"  # the same on every terminal
    found = entry_points("nuncius.commands")
    common = _help(found["paths"].load()).partition(COMMON)[2].strip("\n")
    parts = [HEAD.format(common=common)]
    shown: set[str] = set()
    for name, (summary, package) in KNOWN_COMMANDS.items():
        if name not in found or found[name].value in shown:  # one command may have two names
            parts.append(f"## nuncius {name}\n\n{summary} It comes with `{package}`.\n")
            continue
        shown.add(found[name].value)
        command = found[name].load()
        programs = command.programs if isinstance(command, Group) else (command,)
        for program in programs:
            title = program.name if isinstance(program, Program) else name
            parts.append(_section(title, package, _help(program).partition(COMMON)[0]))
    return "\n".join(parts)


def _help(command: Any) -> str:
    """What a command says of itself."""
    said = io.StringIO()
    with redirect_stdout(said), suppress(SystemExit):
        command(["--help"])
    return said.getvalue().rstrip()


def _section(name: str, package: str, text: str) -> str:
    origin = "" if package == "nuncius-protocol" else f"It comes with `{package}`.\n\n"
    return f"## nuncius {name}\n\n{origin}```text\n{text}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
