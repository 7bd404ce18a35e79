"""The Nuncius shell in a terminal: in-process or over any kernel.

`embed` opens it inside a running program, `start` runs it, `set_trace` opens the debugger, `on_crash` is a `sys.excepthook` that opens it where an error was raised. `use_prompts` changes the prompts of the shell from a cell of its own; `Prompts` are the usual ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.terminal.embed import EmbedError, KillEmbedded, embed, on_crash, set_trace, start
    from nuncius.terminal.own_prompts import use_prompts
    from nuncius.terminal.prompts import Prompts

_EMBEDDING = ("EmbedError", "KillEmbedded", "embed", "on_crash", "set_trace", "start")
_PLACES = {"Prompts": "prompts", "use_prompts": "own_prompts"}

__all__ = [
    "EmbedError",
    "KillEmbedded",
    "Prompts",
    "embed",
    "on_crash",
    "set_trace",
    "start",
    "use_prompts",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _PLACES:
        return getattr(import_module(f"nuncius.terminal.{_PLACES[name]}"), name)
    if name in _EMBEDDING:
        module = import_module("nuncius.terminal.embed")
        # The submodule and the function have one name; the function is what is meant.
        globals().update({each: getattr(module, each) for each in _EMBEDDING})
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
