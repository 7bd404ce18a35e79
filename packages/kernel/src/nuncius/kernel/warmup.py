"""Load what the first cells and questions will need while the kernel has nothing to do: in a thread, a module at a time, and never while a request is answered.

Nothing is made or run here, only imported: what is imported twice at once is imported once.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MODULES", "WarmUp"]

#: In the order in which people come to need them; the modules that each of them imports come with it.
MODULES = (
    "nuncius.kernel.display.pretty",
    "nuncius.kernel.display.formatters",
    "nuncius.kernel.history.manager",
    "nuncius.kernel.past",
    "nuncius.kernel.guarded",
    "nuncius.kernel.complete.parse",
    "nuncius.kernel.complete.names",
    "nuncius.kernel.complete.modules",
    "nuncius.kernel.complete.paths",
    "nuncius.kernel.complete.symbols",
    "nuncius.kernel.complete.magics",
    "nuncius.kernel.complete.build",
    "nuncius.kernel.inspect.source",
    "nuncius.kernel.inspect.render",
    "nuncius.kernel.inspect.inspector",
    "nuncius.kernel.traceback.capture",
    "nuncius.kernel.traceback.render",
    "nuncius.kernel.traceback.formatter",
    "nuncius.protocol.text.special",
    "nuncius.kernel.magics.timing",
)

#: Seconds of rest before the first module, and after each: a request that arrives is answered first.
_QUIET = 0.15
_REST = 0.004


class WarmUp:
    """Imports modules in the background.

    Args:
        busy: Tells whether a request is being answered.
        modules: Their names.
        then: Called at the end, in the thread.
    """

    def __init__(
        self,
        busy: Callable[[], bool],
        modules: Sequence[str] = MODULES,
        then: Callable[[], None] | None = None,
    ) -> None:
        self._busy = busy
        self._modules = modules
        self._then = then
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nuncius-warm-up", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the rest for later; returns when no import is under way any more."""
        self._stopped.set()
        self.wait()

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the end."""
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        if self._stopped.wait(_QUIET):
            return
        for name in self._modules:
            while self._busy():
                if self._stopped.wait(_QUIET):
                    return
            if name not in sys.modules:
                try:
                    import_module(name)
                except Exception:  # noqa: BLE001 - whoever needs it is told then
                    return
                if self._stopped.wait(_REST):
                    return
        if self._then is not None:
            self._then()
