"""Have an interrupt reach what is typed at the debugger's prompt, also where the prompt is that of a task for which the cell waits: the interrupt would go to the cell."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from nuncius.protocol.serving.interrupts import Interrupts

__all__ = ["interrupts_reach_here", "interrupts_so_far"]


def interrupts_so_far() -> int:
    """Return how many interrupts the kernel has had."""
    interrupts = _interrupts(None)
    return 0 if interrupts is None else interrupts.count


@contextmanager
def interrupts_reach_here(handler: Any = None) -> Iterator[None]:
    """Have interrupts be raised in the code that runs in this thread.

    Args:
        handler: What handles SIGINT; by default what does so now.
    """
    interrupts = _interrupts(handler)
    waiting = None if interrupts is None else _waiting(interrupts)
    with ExitStack() as stack:
        if interrupts is not None:
            # these do not count as what the cell has caught, and never become harder
            stack.callback(setattr, interrupts, "error", interrupts.error)
            interrupts.error = KeyboardInterrupt
        if waiting is not None and not waiting.inside:
            stack.callback(setattr, waiting, "inside", False)
            waiting.inside = True
        yield


def _interrupts(handler: Any) -> Interrupts | None:
    owner = getattr(handler or signal.getsignal(signal.SIGINT), "__self__", None)
    return owner if isinstance(owner, Interrupts) else None


def _waiting(interrupts: Interrupts) -> Any:
    """Return what awaits the cell of this thread."""
    if threading.current_thread() is threading.main_thread():
        return interrupts.waiting
    ours = interrupts.threads.get(threading.get_ident())
    return None if ours is None else ours.waiting
