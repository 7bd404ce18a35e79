"""Keep windows alive between cells: run a toolkit's events while the kernel waits for its next request.

The toolkit's own loop never takes over: its waiting events are handled some fifty times a second from the kernel's asyncio loop. So requests are answered as fast as ever, and several toolkits can be on at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from nuncius.kernel.current import get_shell
from nuncius.kernel.errors import GuiUnavailable

__all__ = ["GUIS", "Pumps", "enable_gui", "loop_map", "register_integration"]

#: Handles the events that wait, and returns at once.
Pump = Callable[[], None]

#: Seconds between two looks at a toolkit's events.
INTERVAL = 0.02


def _qt() -> Pump:
    for binding in ("PyQt6", "PySide6", "PyQt5", "PySide2"):
        if f"{binding}.QtCore" in sys.modules or (
            not any(f"{b}.QtCore" in sys.modules for b in ("PyQt6", "PySide6", "PyQt5", "PySide2"))
            and find_spec(binding) is not None
        ):
            break
    else:
        raise GuiUnavailable("Qt is not installed: pip install PySide6")
    widgets: Any = import_module(f"{binding}.QtWidgets")
    application = widgets.QApplication.instance() or widgets.QApplication([" "])
    application.setQuitOnLastWindowClosed(False)
    _alive.append(application)  # a toolkit must not lose its application

    def pump() -> None:
        application.processEvents()

    return pump


def _tk() -> Pump:
    try:
        import tkinter
    except ImportError as error:
        raise GuiUnavailable("tkinter is not installed with this Python") from error

    def pump() -> None:
        # the person's own root window, once there is one
        root = getattr(tkinter, "_default_root", None)
        if root is not None:
            root.update()

    return pump


def _gtk(version: str) -> Callable[[], Pump]:
    def make() -> Pump:
        if find_spec("gi") is None:
            raise GuiUnavailable("GTK is not installed: pip install PyGObject")
        gi: Any = import_module("gi")
        gi.require_version("Gtk", version)
        glib: Any = import_module("gi.repository.GLib")
        context = glib.MainContext.default()

        def pump() -> None:
            while context.pending():
                context.iteration(False)

        return pump

    return make


def _wx() -> Pump:
    if find_spec("wx") is None:
        raise GuiUnavailable("wxPython is not installed: pip install wxPython")
    wx: Any = import_module("wx")
    application = wx.GetApp() or wx.App(redirect=False)
    _alive.append(application)

    def pump() -> None:
        loop = wx.GUIEventLoop()
        with wx.EventLoopActivator(loop):
            while loop.Pending():
                loop.Dispatch()
            loop.ProcessIdle()

    return pump


def _asyncio() -> Pump:
    import asyncio  # noqa: F401 - from then on the kernel waits in an asyncio loop

    return lambda: None


_alive: list[Any] = []

#: Name -> what makes its pump.
GUIS: dict[str, Callable[[], Pump]] = {
    "asyncio": _asyncio,
    "qt": _qt,
    "qt5": _qt,
    "qt6": _qt,
    "tk": _tk,
    "gtk": _gtk("3.0"),
    "gtk3": _gtk("3.0"),
    "gtk4": _gtk("4.0"),
    "wx": _wx,
}

loop_map = GUIS


def register_integration(*names: str) -> Callable[[Callable[[], Pump]], Callable[[], Pump]]:
    """Add a toolkit: decorate the function that makes its pump."""

    def register(make: Callable[[], Pump]) -> Callable[[], Pump]:
        for name in names:
            GUIS[name] = make
        return make

    return register


class Pumps:
    """The toolkit that is on in one kernel."""

    def __init__(self) -> None:
        self.gui: str | None = None
        self._pump: Pump | None = None
        self._handle: Any = None

    def enable(self, gui: str | None) -> None:
        """Turn a toolkit on; None turns it off.

        Raises:
            GuiUnavailable: There is no such toolkit, or it is not installed.
        """
        self.disable()
        if not gui or gui in ("none", "inline"):
            return
        if gui not in GUIS:
            raise GuiUnavailable(f"there is no GUI {gui!r}: expected one of {', '.join(GUIS)}")
        self._pump = GUIS[gui]()
        self.gui = gui
        self.schedule()

    def disable(self) -> None:
        """Turn the toolkit off."""
        if self._handle is not None:
            self._handle.cancel()
        self.gui = self._pump = self._handle = None

    @property
    def waits(self) -> bool:
        """Whether a toolkit is on, but no loop looks at its events yet."""
        return self._pump is not None and self._handle is None

    def schedule(self) -> None:
        """Begin to look at the toolkit's events on the running loop, if it does not yet."""
        if self._pump is None or self._handle is not None:
            return
        import asyncio

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # whoever runs one later tells us
        self._tick(loop)

    def _tick(self, loop: Any) -> None:
        if self._pump is None:
            return
        try:
            self._pump()
        finally:
            self._handle = loop.call_later(INTERVAL, self._tick, loop)


def enable_gui(gui: str | None = None, kernel: Any = None) -> None:
    """Turn a toolkit on for the shell that runs; None turns it off."""
    shell = get_shell()
    if shell is not None:
        shell.enable_gui(gui)
