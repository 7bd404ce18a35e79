"""Write help texts from the declarations of programs and options."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from nuncius.protocol.app.options import Option, describe, type_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["group_help", "options_help", "program_help", "table"]

_COLUMN = 26


def options_help(cls: type) -> str:
    """Return every option of a class, with its type, its default and what it does: as ``%config`` and ``--help-all`` show it."""
    title = f"{cls.__name__}: {(cls.__doc__ or '').strip().partition(chr(10))[0]}"
    return "\n".join([title, *(_entry(item) for item in describe(cls))])


def table(rows: Iterable[tuple[str, str]], width: int | None = None) -> str:
    """Return two columns, the second one wrapped; a long first entry gets a line of its own.

    Args:
        rows: The entries of both.
        width: In characters; by default the terminal's, at most 100.
    """
    width = width or min(shutil.get_terminal_size().columns, 100)
    return "\n".join(line for left, right in rows for line in _row(left, right, width))


def _row(left: str, right: str, width: int) -> Sequence[str]:
    lines = textwrap.wrap(right, max(width - _COLUMN - 2, 20)) or [""]
    head = f"  {left}"
    indent = " " * _COLUMN
    if len(head) + 2 > _COLUMN:
        return [head, *(f"{indent}{line}" for line in lines)]
    return [
        f"{head:<{_COLUMN}}{lines[0]}".rstrip(),
        *(f"{indent}{line}" for line in lines[1:]),
    ]


def _program_usage(program: Any) -> str:
    return " ".join(filter(None, ["nuncius", program.name, program.arguments, "[options]"]))


def program_help(program: Any, *, everything: bool = False) -> str:
    """Return the help of a `Program`.

    Args:
        program: The program.
        everything: Every option of every class, as ``--help-all`` prints it.
    """
    parts = [f"usage: {_program_usage(program)}\n\n{program.summary}"]
    if program.description:
        parts.append(program.description.strip())
    known = {item.key: item for cls in program.all_options for item in describe(cls)}
    rows = [_alias_row(name, alias, known) for name, alias in program.aliases.items()]
    rows += [(_dashed(name), flag.help) for name, flag in program.flags.items()]
    if rows:
        parts.append(f"options:\n{table(rows)}")
    own = set(program.aliases) | set(program.flags)
    rows = [
        _alias_row(name, alias, known)
        for name, alias in program.all_aliases.items()
        if name not in own
    ]
    rows += [(_dashed(n), flag.help) for n, flag in program.all_flags.items() if n not in own]
    rows += [("-h, --help", "This text."), ("--help-all", "This text, and every option there is.")]
    parts.append(f"options of every program:\n{table(rows)}")
    if everything:
        parts += [options_help(cls) for cls in program.all_options]
    return "\n\n".join(parts)


def group_help(group: Any) -> str:
    """Return the help of a `Group`."""
    rows = [(verb, program.summary) for verb, program in group.verbs.items()]
    usage = f"usage: nuncius {group.name} {{{','.join(group.verbs)}}} ..."
    return f"{usage}\n\n{group.summary}\n\n{table(rows)}"


def _alias_row(name: str, alias: Any, known: Mapping[str, Option]) -> tuple[str, str]:
    item = known[alias.target]
    value = item.name.upper()
    left = _dashed(name) + (f"[={value}]" if alias.bare is not None else f" {value}")
    text = alias.help or item.help
    if item.default not in (None, "", [], (), {}):
        text += f" [{item.default}]"
    return left, text


def _entry(item: Option) -> str:
    width = min(shutil.get_terminal_size().columns, 100)
    head = f"  --{item.key}={item.default!r}   ({type_name(item.type)})"
    return f"{head}\n{textwrap.fill(item.help, width, initial_indent='      ', subsequent_indent='      ')}"


def _dashed(name: str) -> str:
    return f"-{name}" if len(name) == 1 else f"--{name}"
