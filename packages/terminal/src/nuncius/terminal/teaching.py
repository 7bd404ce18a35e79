"""Teach a Python kernel the names of the shell's own commands, so that they are cells like others: counted, remembered, found again.

The kernel gets a line magic for each that it is asked for. All it does is to ask the frontend, in the payload of its reply, to do what is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["SOURCE", "command_of", "lesson"]

#: Of the payloads.
SOURCE = "nuncius.terminal"

# What stands in braces means something to magics, and is not theirs here.
_LESSON = """\
(lambda shell, ask: (
    setattr(ask, '_ipython_magic_no_var_expand', True),
    shell.register_magic_function(ask, 'line', {name!r}),
))(get_ipython(), lambda line: get_ipython().payload_manager.write_payload(
    {{'source': {source!r}, 'command': {name!r}, 'argument': line}}, single=False))
"""


def lesson(name: str) -> str:
    """Return the code that teaches a kernel the command ``name``."""
    return _LESSON.format(name=name, source=SOURCE)


def command_of(payload: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name and the argument that a payload asks for."""
    return str(payload.get("command", "")), str(payload.get("argument", "")).strip()
