"""Count the forks that led to this process, so that objects of the parent know that they are in a child.

Asking the system for the process id costs a system call for each line of output.
"""

from __future__ import annotations

import os
import signal
from _thread import _local as local
from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

__all__ = ["generation", "not_for_children"]

_generation = 0
#: Handlers of signals that children are not to have, by number.
_handlers: dict[int, WeakMethod[Any]] = {}
#: What each thread that forks had blocked: these signals wait meanwhile.
_thread = local()


def generation() -> int:
    """Return how many forks this module has lived through; another number means another process."""
    return _generation


def not_for_children(signum: int, handler: Callable[..., Any]) -> None:
    """Have the children of this process end by a signal that ``handler``, a method, handles here.

    A child that begins to wait when the signal comes would never run the handler; and while the signal is
    its parent's as well, a child that gets it would tell the parent's loop.
    """
    _handlers[signum] = WeakMethod(handler)


def _before() -> None:
    if _handlers:
        _thread.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _handlers)


def _after() -> None:
    mask, _thread.mask = getattr(_thread, "mask", None), None
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _forked() -> None:
    global _generation
    _generation += 1
    for signum, handler in _handlers.items():
        own = handler()
        if own is not None and signal.getsignal(signum) == own:
            signal.signal(signum, signal.SIG_DFL)
    _after()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_forked)
