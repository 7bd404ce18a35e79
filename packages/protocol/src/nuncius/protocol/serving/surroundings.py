"""What a request in this process takes from the program around it while it runs: Ctrl-C, and ``sys.stdout`` and ``sys.stderr``.

It is done for every cell, so it costs microseconds: nothing is made that can be kept.
"""

from __future__ import annotations

import sys
import threading
from signal import SIGINT, default_int_handler
from typing import TYPE_CHECKING, Any

try:
    # The same functions without the conversion to enums, which costs ten times as much as they do.
    from _signal import getsignal, signal  # type: ignore[import-not-found]
except ImportError:  # not CPython
    from signal import getsignal, signal

from nuncius.protocol.serving.streams import OutStream, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuncius.protocol.kernel import KernelIO
    from nuncius.protocol.serving.interrupts import Interrupts

__all__ = ["Surroundings"]

_SIGINT = int(SIGINT)


class Surroundings:
    """Take, and give back.

    Args:
        policy: Where output goes.
        interrupts: Handles SIGINT, where Python's own handler would.
        current_io: Returns the request for output that belongs to none.
    """

    def __init__(
        self, policy: Policy, interrupts: Interrupts, current_io: Callable[[], KernelIO | None]
    ) -> None:
        self._policy = policy
        self._handler = interrupts.handle
        self._current_io = current_io
        self._main = threading.main_thread().ident
        #: How many requests hold them: a cell may run another one.
        self._depth = 0
        self._took_signal = False
        #: The streams of the program, and ours that stand in for them.
        self._streams: dict[str, tuple[Any, OutStream]] = {}

    def take(self) -> None:
        """Take them; each call needs a `give_back`, and only the first one does anything."""
        self._depth += 1
        if self._depth > 1:
            return
        if self._policy.captures:
            sys.stdout = self._stand_in("stdout", sys.stdout)
            sys.stderr = self._stand_in("stderr", sys.stderr)
        if threading.get_ident() == self._main and getsignal(_SIGINT) is default_int_handler:
            self._took_signal = True
            signal(_SIGINT, self._handler)

    def give_back(self) -> None:
        """Give them back; what the program has put in their place meanwhile stays."""
        self._depth -= 1
        if self._depth:
            return
        if self._took_signal:
            self._took_signal = False
            if getsignal(_SIGINT) is self._handler:
                signal(_SIGINT, default_int_handler)
        if self._policy.captures:
            out, our_out = self._streams["stdout"]
            err, our_err = self._streams["stderr"]
            if sys.stdout is our_out:
                sys.stdout = out
            if sys.stderr is our_err:
                sys.stderr = err

    def _stand_in(self, name: str, original: Any) -> Any:
        known = self._streams.get(name)
        if known is not None and known[0] is original:
            return known[1]
        ours = OutStream(name, self._current_io, original, echo=self._policy.echoes)
        self._streams[name] = (original, ours)
        return ours
