"""Debug what runs: `pdb` through whatever frontend there is, and the Debug Adapter Protocol for graphical ones.

* `post_mortem`, `set_trace`, `run_with_debugger`: a person's own debugger, asked through input requests.
* `nuncius.kernel.debug.dap.DapDebugger`: answers a frontend's ``debug_request``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.kernel.debug.prompt import (
        Debugger,
        breakpoint_hook,
        post_mortem,
        run_with_debugger,
        set_trace,
    )

__all__ = ["Debugger", "breakpoint_hook", "post_mortem", "run_with_debugger", "set_trace"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from nuncius.kernel.debug import prompt

        return getattr(prompt, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
