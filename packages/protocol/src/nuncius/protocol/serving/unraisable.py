"""See to it that an interrupt is not lost in code that cannot pass on exceptions.

What is raised in a ``__del__``, a callback of a weak reference or of the garbage collector goes to `sys.unraisablehook`, and the code around it goes on as if nothing had been. An interrupt that hits such code is sent again once that is left.
"""

from __future__ import annotations

import sys
import threading
from _thread import start_new_thread
from time import sleep
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LostInterrupts"]

#: Seconds until it is sent again: the hook has returned by then.
_PAUSE: Final = 0.01


class LostInterrupts:
    """Sends interrupts again that were raised where nobody can catch them.

    Args:
        again: Called in a thread of its own, with the id of the thread that was hit.
    """

    def __init__(self, again: Callable[[int], object]) -> None:
        self._again = again
        self._before: Callable[[Any], object] | None = None

    def install(self) -> None:
        """Begin."""
        self._before = sys.unraisablehook
        sys.unraisablehook = self._hook

    def restore(self) -> None:
        """End; if somebody else has put a hook over ours, it goes on to pass on to the one before."""
        if sys.unraisablehook == self._hook and self._before is not None:
            sys.unraisablehook = self._before

    def _hook(self, unraisable: Any) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            start_new_thread(self._send, (threading.get_ident(),))
        elif self._before is not None:
            self._before(unraisable)

    def _send(self, ident: int) -> None:
        sleep(_PAUSE)
        self._again(ident)
