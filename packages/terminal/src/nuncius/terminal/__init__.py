"""The Nuncius shell in a terminal: in-process or over any kernel.

`embed` opens it inside a running program, `start` runs it, `set_trace` opens the debugger, `on_crash` is a `sys.excepthook` that opens it where an error was raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.terminal.embed import EmbedError, KillEmbedded, embed, on_crash, set_trace, start

__all__ = ["EmbedError", "KillEmbedded", "embed", "on_crash", "set_trace", "start"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from importlib import import_module

        module = import_module("nuncius.terminal.embed")
        # The submodule and the function have one name; the function is what is meant.
        globals().update({each: getattr(module, each) for each in __all__})
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
