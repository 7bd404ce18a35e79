"""Let Ctrl-C wait while messages are taken from the sockets: an interrupt between reading a reply and remembering it would lose the reply."""

from __future__ import annotations

import threading
from signal import SIGINT, default_int_handler
from types import FrameType, TracebackType

try:
    # The same functions without the conversion to enums, which costs ten times as much as they do: this runs for every message of an in-process kernel.
    from _signal import getsignal, signal  # type: ignore[import-not-found]
except ImportError:  # not CPython
    from signal import getsignal, signal

__all__ = ["Shield", "held_back"]

_SIGINT = int(SIGINT)


def held_back() -> bool:
    """Tell whether SIGINT waits, or does nothing, here and now without a `Shield`, which costs more than to ask.

    So it is where the handler is a method of an object with an attribute ``holding`` that is true: that of an in-process kernel, while it hands messages over.
    """
    handler = getsignal(_SIGINT)
    if handler is default_int_handler:
        return False
    owner = getattr(handler, "__self__", None)
    return owner is not None and getattr(owner, "holding", False) is True


class Shield:
    """Hold back SIGINT for the length of a ``with`` block; its handler is called at the end.

    Does nothing outside the main thread, where Python never runs signal handlers.
    """

    __slots__ = ("_caught", "_handler")

    def __init__(self) -> None:
        self._handler: object = None
        self._caught: tuple[int, FrameType | None] | None = None

    def __enter__(self) -> None:
        if threading.get_ident() != threading.main_thread().ident:
            return
        handler = getsignal(_SIGINT)
        # None: installed by C code, which signal.signal() could not put back.
        if callable(handler):
            self._handler = handler
            signal(_SIGINT, self._catch)

    def _catch(self, number: int, frame: FrameType | None) -> None:
        self._caught = (number, frame)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        handler, self._handler = self._handler, None
        if callable(handler):
            signal(_SIGINT, handler)
            if self._caught is not None:
                caught, self._caught = self._caught, None
                handler(*caught)
