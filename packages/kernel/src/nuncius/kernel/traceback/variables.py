"""Read the values that the mode Verbose shows, within limits of time and length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from nuncius.kernel.saferepr import safe_repr

__all__ = ["Arguments", "argument_names", "arguments_of", "variables_of"]

_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
_STRING_OR_COMMENT = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|#.*")
_LATE = "<not shown: the traceback takes too long>"

Pairs = tuple[tuple[str, str], ...]
#: Names, and values where they were read.
Arguments = tuple[tuple[str, str | None], ...]


def argument_names(code: CodeType) -> list[str]:
    """Return the names of a function's arguments, as its signature has them, with their stars."""
    count = code.co_argcount + code.co_kwonlyargcount
    positional = list(code.co_varnames[: code.co_argcount])
    keyword_only = list(code.co_varnames[code.co_argcount : count])
    if code.co_flags & CO_VARARGS:
        positional.append(f"*{code.co_varnames[count]}")
        count += 1
    if code.co_flags & CO_VARKEYWORDS:
        keyword_only.append(f"**{code.co_varnames[count]}")
    return positional + keyword_only


def arguments_of(
    frame: FrameType, limit: int, deadline: float, clock: Callable[[], float]
) -> Arguments:
    """Return names and values of the arguments of the function that runs in ``frame``."""
    names = argument_names(frame.f_code)
    if not names:
        return ()
    values = frame.f_locals
    return tuple(
        (
            name,
            _show(values[bare], limit, deadline, clock) if bare in values else "<deleted>",
        )
        for name, bare in ((name, name.lstrip("*")) for name in names)
    )


def variables_of(
    frame: FrameType,
    lines: Iterable[str],
    limit: int,
    deadline: float,
    clock: Callable[[], float],
) -> Pairs:
    """Return names and values of the variables that ``lines`` mention.

    Functions, classes and modules are left out: their names say all; arguments are shown where the function is named.
    """
    values, shown = frame.f_locals, []
    arguments = {name.lstrip("*") for name in argument_names(frame.f_code)}
    for name in _names(lines):
        if name in arguments:
            continue
        if name in values:
            value, label = values[name], name
        elif name in frame.f_globals:
            value, label = frame.f_globals[name], f"global {name}"
        else:
            continue
        if not isinstance(value, (FunctionType, BuiltinFunctionType, ModuleType, type)):
            shown.append((label, _show(value, limit, deadline, clock)))
    return tuple(shown)


def _names(lines: Iterable[str]) -> Iterable[str]:
    text = _STRING_OR_COMMENT.sub(" ", "\n".join(lines))
    return dict.fromkeys(_NAME.findall(text))


def _show(value: Any, limit: int, deadline: float, clock: Callable[[], float]) -> str:
    return safe_repr(value, limit) if clock() < deadline else _LATE
