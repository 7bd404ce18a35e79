"""Know what a debugger that waits for a command has selected: completion and inspection look there first.

Requests that come on the control channel are answered while a cell runs, and so while its debugger waits; they find the names of the selected frame here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["Selection", "select", "selected"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Where a debugger looks names up.

    Attributes:
        local_ns: The variables of the selected frame.
        global_ns: Its globals.
        commands: The debugger's commands, with a line on each.
    """

    local_ns: Mapping[str, Any]
    global_ns: Mapping[str, Any]
    commands: Mapping[str, str]


#: Identity of a shell -> what its debuggers have selected, the innermost last.
_selected: dict[int, list[Selection]] = {}


@contextmanager
def select(shell: Any, selection: Selection) -> Iterator[None]:
    """Have ``selection`` looked at first, as long as the debugger of ``shell`` waits."""
    stack = _selected.setdefault(id(shell), [])
    stack.append(selection)
    try:
        yield
    finally:
        # by identity: those of other threads may have come since
        stack[:] = [other for other in stack if other is not selection]
        if not stack:
            _selected.pop(id(shell), None)


def selected(shell: Any) -> Selection | None:
    """Return what a debugger of ``shell`` has selected, None while none waits."""
    stack = _selected.get(id(shell))
    return stack[-1] if stack else None
