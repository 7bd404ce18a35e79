"""Open a terminal's shell in a running program: ``IPython.embed()``, ``IPython.start_ipython()`` and ``InteractiveShellEmbed``.

The shell is the terminal package's; it is found by its entry point, when it is asked for.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from nuncius.protocol.errors import MissingPackage

__all__ = ["embed", "open_shell", "start_ipython", "terminal"]

#: IPython's themes -> the terminal's.
_COLORS = {"linux": "dark", "lightbg": "light", "nocolor": "none"}


def terminal() -> Any:
    """Return the package that opens shells in terminals.

    Raises:
        MissingPackage: It is not installed.
    """
    from importlib.metadata import entry_points

    for point in entry_points(group="nuncius.commands", name="shell"):
        return import_module(point.module.rpartition(".")[0])
    raise MissingPackage("a shell in a terminal", "nuncius-terminal")


def embed(*, header: str = "", compile_flags: int | None = None, **kwargs: Any) -> None:
    """Open the shell in the variables of whoever calls; the program stands still meanwhile.

    Args:
        header: Said at the start.
        compile_flags: Ignored: those of the caller hold.
        **kwargs: ``banner1``, ``colors``, ``user_ns``; others are ignored.

    Raises:
        MissingPackage: The terminal's package is not installed.
    """
    open_shell(header, local_ns=kwargs.pop("user_ns", None), stack_depth=1, **kwargs)


def open_shell(
    header: str = "",
    *,
    local_ns: Any = None,
    module: Any = None,
    stack_depth: int = 0,
    **options: Any,
) -> None:
    """Open the shell in the variables of a caller.

    Args:
        header: Said at the start.
        local_ns: The variables; the caller's by default.
        module: The globals; the caller's by default.
        stack_depth: So many frames up is the caller.
        **options: ``banner1``, ``colors``.
    """
    words: dict[str, Any] = {}
    if options.get("banner1") is not None:
        words["banner"] = options["banner1"] + options.get("banner2", "")
    if options.get("colors"):
        words["colors"] = _COLORS.get(str(options["colors"]).lower(), "auto")
    terminal().embed(
        header=header, local_ns=local_ns, module=module, stack_depth=stack_depth + 1, **words
    )


def start_ipython(argv: list[str] | None = None, **kwargs: Any) -> int:
    """Run a terminal's shell in this process; return its exit code.

    Args:
        argv: The command line; that of the process by default.
        **kwargs: ``user_ns``: variables that are there from the beginning. Others are ignored.
    """
    words = sys.argv[1:] if argv is None else argv
    code: int = terminal().start(words, user_ns=kwargs.get("user_ns"))
    return code


def __getattr__(name: str) -> Any:
    if name == "KillEmbedded":
        try:
            return terminal().KillEmbedded
        except MissingPackage:  # nothing here raises it
            return type("KillEmbedded", (Exception,), {})
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
