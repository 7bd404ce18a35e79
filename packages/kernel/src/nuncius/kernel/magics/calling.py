"""Call magics as cells do: look them up, expand variables in their line, give them the caller's variables, and say what is wrong when there is none."""

from __future__ import annotations

import sys
from typing import Any

from nuncius.kernel.errors import UsageError

__all__ = ["await_magic", "call_cell_magic", "call_line_magic"]


def call_line_magic(shell: Any, name: str, line: str, depth: int) -> Any:
    """Run ``%name line``.

    Args:
        shell: The shell.
        name: Of the magic.
        line: What follows it.
        depth: So many frames above our caller are the variables that the line is about.

    Raises:
        UsageError: There is no such magic, or it was called in a wrong way.
    """
    __tracebackhide__ = True
    function = shell.find_line_magic(name)
    if function is None:
        raise UsageError(_no_magic(shell, name, "line"))
    if not getattr(function, "_ipython_magic_no_var_expand", False):
        line = shell.var_expand(line, depth + 1)
    keywords: dict[str, Any] = {}
    if getattr(function, "needs_local_scope", False):
        frame = sys._getframe(depth + 1)  # noqa: SLF001 - the only way to the caller's variables
        at_top = frame.f_locals is shell.user_global_ns
        keywords["local_ns"] = shell.user_ns if at_top else frame.f_locals
    return _unless_silenced(function(line, **keywords), function, line)


def call_cell_magic(shell: Any, name: str, line: str, cell: str) -> Any:
    """Run ``%%name line`` with the rest of the cell.

    Raises:
        UsageError: There is no such magic, or it was called in a wrong way.
    """
    __tracebackhide__ = True
    function = shell.find_cell_magic(name)
    if function is None:
        raise UsageError(_no_magic(shell, name, "cell"))
    if cell == "":
        hint = f" Did you mean the line magic %{name} (single %)?"
        hint = hint if shell.magics_manager.has(name, "line") else ""
        raise UsageError(f"%%{name} is a cell magic, but the cell body is empty.{hint}")
    if not getattr(function, "_ipython_magic_no_var_expand", False):
        line = shell.var_expand(line, 2)
    keywords: dict[str, Any] = {}
    if getattr(function, "needs_local_scope", False):
        keywords["local_ns"] = shell.user_ns
    return _unless_silenced(function(line, cell, **keywords), function, cell)


async def await_magic(shell: Any, kind: str, name: str, *texts: str) -> Any:
    """Run a magic, awaiting what its code awaits: what a cell with ``await`` under such a magic calls.

    Args:
        shell: The shell.
        kind: ``line`` or ``cell``.
        name: Of the magic.
        *texts: The line; and the cell.
    """
    __tracebackhide__ = True
    from nuncius.kernel.magics.awaiting import Unfinished, call_unfinished

    if kind == "cell":
        result = call_unfinished(shell.run_cell_magic, name, *texts)
    else:
        result = call_unfinished(shell.run_line_magic, name, *texts, 4)
    if isinstance(result, Unfinished):
        result = _unless_silenced(await result.coroutine, shell.find_magic(name, kind), texts[-1])
    return result


def _no_magic(shell: Any, name: str, kind: str) -> str:
    from nuncius.protocol.app.options import nearest

    mark, other_mark, other = ("%", "%%", "cell") if kind == "line" else ("%%", "%", "line")
    text = f"{kind.capitalize()} magic function `{mark}{name}` not found"
    if shell.magics_manager.has(name, other):
        return f"{text}; there is a {other} magic `{other_mark}{name}`: did you mean that?"
    return f"{text}{nearest(name, shell.magics_manager.names(kind)) or '.'}"


def _unless_silenced(result: Any, function: Any, code: str) -> Any:
    """Return the value of a magic; None if a semicolon at the end of its code silences it."""
    if not getattr(function, "_ipython_magic_output_can_be_silenced", False) or ";" not in code:
        return result
    from nuncius.kernel.display.hook import ends_with_semicolon
    from nuncius.kernel.magics.awaiting import Unfinished

    return None if ends_with_semicolon(code) and not isinstance(result, Unfinished) else result
