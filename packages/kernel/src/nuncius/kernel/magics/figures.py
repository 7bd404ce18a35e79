"""Make figures and windows appear: ``%matplotlib``, ``%pylab``, ``%gui``."""

from __future__ import annotations

from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import say, warn

__all__ = ["PylabMagics"]


@magics_class
class PylabMagics(Magics):
    """Figures and event loops."""

    @line_magic
    @options(Flag("l", "List the backends.", also="list"), anywhere=True)
    def matplotlib(self, opts: Opts, rest: str) -> None:
        """Make figures appear: in the output (``inline``), or in windows of a toolkit; by itself, where the best place is.

        ::

            %matplotlib inline
            %matplotlib qt
            %matplotlib --list
        """
        if "l" in opts:
            from nuncius.kernel.gui.matplotlib import backends

            say(f"Available matplotlib backends: {sorted(backends)}")
            return
        _, backend = self._guarded(self.shell.enable_matplotlib, _name(rest))
        if not rest:
            say(f"Using matplotlib backend: {backend}")

    @line_magic
    @options(
        Flag("no-import-all", "Import the modules only, and not all their names."), anywhere=True
    )
    def pylab(self, opts: Opts, rest: str) -> None:
        """Make figures appear, and import numpy and matplotlib with all their names.

        ::

            %pylab inline
            %pylab --no-import-all
        """
        _, backend, clobbered = self._guarded(
            self.shell.enable_pylab, _name(rest), import_all="no-import-all" not in opts
        )
        say(f"Using matplotlib backend: {backend}")
        say("%pylab is deprecated, use %matplotlib inline and import the required libraries.")
        say("Populating the interactive namespace from numpy and matplotlib")
        if clobbered:
            warn(f"pylab import has clobbered these variables: {clobbered}")

    @line_magic
    def gui(self, parameter_s: str = "") -> None:
        """Run a toolkit's event loop while the kernel waits, so that its windows live; without an argument, end it.

        ::

            %gui qt
            %gui
        """
        self._guarded(self.shell.enable_gui, _name(parameter_s))

    def _guarded(self, enable: Any, *args: Any, **kwargs: Any) -> Any:
        from nuncius.kernel.errors import GuiUnavailable

        try:
            return enable(*args, **kwargs)
        except GuiUnavailable as error:
            raise UsageError(str(error)) from None


def _name(text: str) -> str | None:
    return text.strip().strip("\"'").lower() or None
