"""Look at the toolkit of the program that a kernel is embedded in: which one it is, and a timer on its loop."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from nuncius.kernel.errors import GuiUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["running_toolkit", "start_timer"]

_BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")


def running_toolkit() -> str:
    """Return ``qt`` or ``tk``, if the program has an application of it; else an empty text."""
    if _qt_application() is not None:
        return "qt"
    return "tk" if _tk_root() is not None else ""


def start_timer(gui: str, turn: Callable[[], bool], interval: int) -> Callable[[], None]:
    """Have a toolkit's loop call a function again and again, until that returns False.

    Args:
        gui: ``qt`` or ``tk``.
        turn: The function.
        interval: Milliseconds.

    Returns:
        What stops the timer.

    Raises:
        GuiUnavailable: The program has no such application.
    """
    match gui.rstrip("56"):
        case "qt":
            return _qt_timer(turn, interval)
        case "tk":
            return _tk_timer(turn, interval)
    raise GuiUnavailable(
        f"expected a program with a Qt or a Tk application, got {gui or 'one with neither'!r}: "
        "make the application first; on other loops, use serve_in_thread"
    )


def _qt_application() -> Any:
    for binding in _BINDINGS:
        core: Any = sys.modules.get(f"{binding}.QtCore")
        if core is not None and (found := core.QCoreApplication.instance()) is not None:
            return found
    return None


def _qt_timer(turn: Callable[[], bool], interval: int) -> Callable[[], None]:
    application = _qt_application()
    if application is None:
        raise GuiUnavailable("the program has no QApplication: make it first")
    binding = next(b for b in _BINDINGS if sys.modules.get(f"{b}.QtCore") is not None)
    core: Any = sys.modules[f"{binding}.QtCore"]
    timer = core.QTimer(application)

    def tick() -> None:
        if not turn():
            timer.stop()

    timer.timeout.connect(tick)
    timer.start(interval)
    stop: Callable[[], None] = timer.stop
    return stop


def _tk_root() -> Any:
    tkinter: Any = sys.modules.get("tkinter")
    return getattr(tkinter, "_default_root", None)


def _tk_timer(turn: Callable[[], bool], interval: int) -> Callable[[], None]:
    root = _tk_root()
    if root is None:
        raise GuiUnavailable("the program has no Tk root window: make it first")
    pending: list[str] = []

    def tick() -> None:
        pending.clear()
        if turn():
            pending.append(root.after(interval, tick))

    def stop() -> None:
        while pending:
            root.after_cancel(pending.pop())

    pending.append(root.after(interval, tick))
    return stop
