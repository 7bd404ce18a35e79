"""Tell whether a toolkit's event loop runs, and run it: ``IPython.lib.guisupport``, for scripts that open windows."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from nuncius.kernel.current import get_shell
from nuncius.kernel.errors import GuiUnavailable

__all__ = [
    "get_app_qt4",
    "get_app_wx",
    "is_event_loop_running_qt4",
    "is_event_loop_running_wx",
    "start_event_loop_qt4",
    "start_event_loop_wx",
]

_BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")


def _shell_runs(gui: str) -> bool:
    """Tell whether the shell runs the loop of a toolkit, by ``%gui``."""
    shell: Any = get_shell()
    active = getattr(shell, "active_eventloop", None) or ""
    return str(active).rstrip("56") == gui


def _widgets() -> Any:
    for binding in _BINDINGS:
        try:
            return import_module(f"{binding}.QtWidgets")
        except ImportError:
            continue
    raise GuiUnavailable(f"Qt is not installed: pip install {_BINDINGS[0]}")


def get_app_qt4(*args: Any, **kwargs: Any) -> Any:
    """Return the Qt application, a new one if there is none; Qt 5 and 6 as well.

    Raises:
        GuiUnavailable: Qt is not installed.
    """
    kind = _widgets().QApplication
    return kind.instance() or kind(*(args or ([""],)), **kwargs)


def is_event_loop_running_qt4(app: Any = None) -> bool:
    """Tell whether Qt's loop runs."""
    if _shell_runs("qt"):
        return True
    return bool(getattr(get_app_qt4() if app is None else app, "_in_event_loop", False))


def start_event_loop_qt4(app: Any = None) -> None:
    """Run Qt's loop, unless it runs."""
    app = get_app_qt4() if app is None else app
    if not is_event_loop_running_qt4(app):
        app._in_event_loop = True  # noqa: SLF001 - where it is looked for
        app.exec()
        app._in_event_loop = False  # noqa: SLF001


def _wx() -> Any:
    try:
        return import_module("wx")
    except ImportError:
        raise GuiUnavailable("wx is not installed: pip install wxPython") from None


def get_app_wx(*args: Any, **kwargs: Any) -> Any:
    """Return the wx application, a new one if there is none.

    Raises:
        GuiUnavailable: wx is not installed.
    """
    wx = _wx()
    return wx.GetApp() or wx.App(*args, **{"redirect": False, **kwargs})


def is_event_loop_running_wx(app: Any = None) -> bool:
    """Tell whether wx's loop runs."""
    if _shell_runs("wx"):
        return True
    app = get_app_wx() if app is None else app
    return bool(app.IsMainLoopRunning())


def start_event_loop_wx(app: Any = None) -> None:
    """Run wx's loop, unless it runs."""
    app = get_app_wx() if app is None else app
    if not is_event_loop_running_wx(app):
        app.MainLoop()
