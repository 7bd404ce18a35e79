"""Load what the first cells and questions will need while the kernel has nothing to do: in a thread, a module at a time, and never while a cell computes.

Rule 1: nothing is made or run here, only imported: what is imported twice at once is imported once.
Rule 2: a cell that waits, for a line of input or another program, is not slowed down either; and if it is interrupted, what shows the traceback is there.
Rule 3: when others want the processor, such as more kernels that start, it takes its time.
Rule 4: no process is forked in the middle of an import: in the child nobody would ever end it.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module
from time import monotonic, process_time, thread_time
from typing import TYPE_CHECKING

from nuncius.kernel.threads import service_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MODULES", "WarmUp"]

#: In the order in which people come to need them; the modules that each of them imports come with it.
MODULES = (
    "nuncius.kernel.display.pretty",
    "nuncius.kernel.display.formatters",
    "nuncius.kernel.history.manager",
    "nuncius.kernel.past",
    "nuncius.kernel.traceback.capture",
    "nuncius.kernel.traceback.render",
    "nuncius.kernel.traceback.formatter",
    "subprocess",
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
    "nuncius.protocol.text.special",
    "nuncius.kernel.magics.timing",
)

#: Seconds of rest before the first module, and after each: a request that arrives is answered first.
_SOON = 0.03
_REST = 0.004

#: Seconds between two looks at a cell that computes, and after a module for which the processor had to be waited for.
_QUIET = 0.15

#: Seconds of waiting in an import that say so.
_WAITED = 0.002

#: Seconds in which a cell shows whether it waits, and the part of them that it may use the processor.
_LOOK = 0.02
_IDLE = 0.2

#: Seconds that a fork waits for the end of an import, which itself may wait for what forks.
_PATIENCE = 1.0


class WarmUp:
    """Imports modules in the background.

    Args:
        busy: Tells whether a request is being answered.
        modules: Their names.
        then: Called at the end, in the thread.
        waits: Tells whether the request that is being answered waits itself; by default it looks for a moment at how much this process computes.
    """

    def __init__(
        self,
        busy: Callable[[], bool],
        modules: Sequence[str] = MODULES,
        then: Callable[[], None] | None = None,
        waits: Callable[[], bool] | None = None,
    ) -> None:
        self._busy = busy
        self._waits = waits or self._uses_little
        self._modules = modules
        self._then = then
        self._stopped = threading.Event()
        self._import = threading.Lock()
        #: The threads that fork at the moment, and hold the lock.
        self._forking: set[int] = set()
        self._thread = service_thread("warm-up", self._run)

    def start(self) -> None:
        """Begin."""
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._before_fork,
                after_in_parent=self._after_fork,
                after_in_child=self._after_fork,
            )
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
        if self._stopped.wait(_SOON):
            return
        for name in self._modules:
            if name in sys.modules:
                continue
            while self._busy() and not self._waits():
                if self._stopped.wait(_QUIET):
                    return
            began, used = monotonic(), thread_time()
            try:
                with self._import:
                    import_module(name)
            except Exception:  # noqa: BLE001 - whoever needs it is told then
                return
            waited = monotonic() - began - (thread_time() - used)
            if self._stopped.wait(_REST if waited < _WAITED else _QUIET):
                return
        if self._then is not None:
            self._then()

    def _uses_little(self) -> bool:
        before = process_time()
        self._stopped.wait(_LOOK)
        return process_time() - before < _IDLE * _LOOK

    def _before_fork(self) -> None:
        if self._import.acquire(timeout=_PATIENCE):
            self._forking.add(threading.get_ident())

    def _after_fork(self) -> None:
        ident = threading.get_ident()
        if ident in self._forking:
            self._forking.discard(ident)
            self._import.release()
