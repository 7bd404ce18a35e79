"""The magics: commands of the shell that begin with a percent sign; and what one needs to write magics of one's own.

Importing this package loads no magic.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "FOLDER",
    "PATH",
    "PYTHON",
    "Flag",
    "Magics",
    "Operand",
    "argument",
    "argument_group",
    "cell_magic",
    "line_cell_magic",
    "line_magic",
    "magic_arguments",
    "magics_class",
    "needs_local_scope",
    "no_var_expand",
    "one_of",
    "options",
    "output_can_be_silenced",
    "parse_argstring",
    "register_cell_magic",
    "register_line_cell_magic",
    "register_line_magic",
    "takes",
    "variables",
]  # fmt: skip

_ARGUMENTS = frozenset({"argument", "argument_group", "magic_arguments", "parse_argstring"})

_OPERANDS = frozenset({"FOLDER", "Operand", "PATH", "PYTHON", "one_of", "takes", "variables"})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = "registry"
    if name in _ARGUMENTS:
        home = "arguments"
    elif name in _OPERANDS:
        home = "operands"
    elif name in ("Flag", "options"):
        home = "flags"
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return __all__
