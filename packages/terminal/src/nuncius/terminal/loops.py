"""Tell whether an event loop runs: a prompt then needs a thread of its own."""

from __future__ import annotations

import sys

__all__ = ["loop_runs_here"]


def loop_runs_here() -> bool:
    """Tell whether this thread runs an event loop."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
