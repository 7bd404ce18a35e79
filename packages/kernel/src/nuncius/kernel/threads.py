"""Threads that serve the kernel itself, which a debugger of the user's code leaves alone."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["hide", "service_thread"]


def service_thread(name: str, target: Callable[..., object], *args: Any) -> Thread:
    """Return a thread, not started, that does not keep the process alive.

    Args:
        name: Of what it does.
        target: What it calls.
        args: With these.
    """
    thread = Thread(target=target, args=args, name=f"nuncius-{name}", daemon=True)
    hide(thread)
    return thread


def hide(thread: Thread) -> None:
    """Have debugpy neither trace a thread nor show it."""
    # the names that pydevd looks for
    thread.pydev_do_not_trace = True  # type: ignore[attr-defined]
    thread.is_pydev_daemon_thread = True  # type: ignore[attr-defined]
