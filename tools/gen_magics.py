"""Write docs/reference/magics.md from the docstrings of the magics.

python tools/gen_magics.py            write it
python tools/gen_magics.py --check    say whether it is up to date
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from nuncius.kernel.magics.flags import flags_of
from nuncius.kernel.magics.table import MAGICS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "magics.md"

INTRODUCTION = """\
# Magics

Magics are commands of the Python kernel, in every frontend. A line magic begins with `%` and takes the rest of its line; a cell magic
begins with `%%` on the first line of a cell, and takes the whole cell. `%name?` shows what is said here; `%lsmagic` lists the names.

`$name` and `{expression}` in the line are replaced by values of Python, unless the magic takes code. Options come before everything else,
`--` ends them; Tab completes them. This page is made from the docstrings.
"""

EXTENSIONS = ("nuncius.kernel.ext.autoreload:AutoreloadMagics",)

#: In the order in which a person may want to read about them.
ORDER = [
    "InspectMagics",
    "BasicMagics",
    "RunMagics",
    "TimingMagics",
    "ProfilingMagics",
    "TaskMagics",
    "DebugMagics",
    "HistoryMagics",
    "CodeMagics",
    "EditMagics",
    "NamespaceMagics",
    "StoreMagics",
    "DisplayMagics",
    "PylabMagics",
    "FolderMagics",
    "OSMagics",
    "ScriptMagics",
    "PackagingMagics",
    "ConfigMagics",
    "ExtensionMagics",
    "AutoreloadMagics",
    "LoggingMagics",
    "CodeWrapMagics",
    "KernelMagics",
    "TerminalMagics",
]


def classes() -> list[type]:
    """Return the classes of magics, in the order of `ORDER`."""
    places = {place for kind in MAGICS.values() for place in kind.values()} | set(EXTENSIONS)
    found = [
        getattr(import_module(place.partition(":")[0]), place.partition(":")[2]) for place in places
    ]
    return sorted((c for c in found if isinstance(c, type)), key=lambda c: ORDER.index(c.__name__))


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for cls in classes():
        title = (inspect.getdoc(cls) or cls.__name__).partition("\n")[0].rstrip(".")
        parts.append(f"## {title}\n")
        if cls.__module__.startswith("nuncius.kernel.ext.autoreload"):
            parts.append("These are there after `%load_ext autoreload`.\n")
        parts.extend(entries(cls))
    return "\n".join(parts)


def entries(cls: Any) -> Iterator[str]:
    """Yield what the page says of each magic of a class."""
    names: dict[str, list[str]] = {}
    for kind, mark in (("line", "%"), ("cell", "%%")):
        for name, attribute in cls.magics[kind].items():
            names.setdefault(attribute, []).append(f"{mark}{name}")
    for attribute, marked in sorted(names.items(), key=lambda each: first_name(*each)):
        ordered = sorted(marked, key=lambda m: (m.lstrip("%") != first_name(attribute, marked), m))
        yield f"### {', '.join(f'`{name}`' for name in ordered)}\n"
        yield markdown(getattr(cls, attribute))


def first_name(attribute: str, marked: list[str]) -> str:
    """Return the name that a magic goes by: that of its method, if it is called so."""
    names = [name.lstrip("%") for name in marked]
    return attribute if attribute in names else names[0]


def markdown(function: Callable[..., Any]) -> str:
    """Return the docstring of a magic as Markdown, with its options as a table."""
    text = (inspect.getdoc(function) or "").partition("\nOptions:\n")[0].strip()
    text = re.sub(r"^::\n\n((?:(?:    .*)?\n?)*)", fenced, text + "\n", flags=re.MULTILINE)
    text = re.sub(r"``(.+?)``", r"`\1`", text)
    lines = [text.strip(), ""]
    flags = flags_of(function)
    if flags:
        lines += ["| option | |", "| --- | --- |"]
        for flag in flags:
            typed = ", ".join(f"`{f'{word} {flag.value}'.strip()}`" for word in flag.words)
            meaning = re.sub(r"``(.+?)``", r"`\1`", flag.help)
            lines.append(f"| {typed} | {meaning} |")
        lines.append("")
    return "\n".join(lines)


def fenced(match: re.Match[str]) -> str:
    """Return an indented block as a fenced one."""
    body = inspect.cleandoc(match.group(1))
    return f"```text\n{body}\n```\n\n"


def main(arguments: list[str]) -> int:
    """Write the page, or check it."""
    if "--check" in arguments:
        if PAGE.read_text(encoding="utf-8") != page():
            print(f"{PAGE} is not up to date: run python tools/gen_magics.py")
            return 1
        return 0
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
