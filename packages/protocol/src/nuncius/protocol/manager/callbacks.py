"""Tell those who want to know what happens to a kernel."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

__all__ = ["Callback", "Callbacks"]

#: Called with the event (``restart``, ``ready``, ``dead``) and a text.
Callback = Callable[[str, str], object]

_EVENTS = ("restart", "ready", "dead")

_log = logging.getLogger(__name__)


class Callbacks:
    """Whom to call, by event."""

    def __init__(self) -> None:
        self._callbacks: dict[str, list[Callback]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._callbacks.values()))

    def add(self, callback: Callback, *events: str) -> None:
        """Call ``callback`` from now on, for all events by default."""
        for event in events or _EVENTS:
            self._callbacks.setdefault(event, []).append(callback)

    def remove(self, callback: Callback) -> None:
        """Call ``callback`` no longer."""
        for callbacks in self._callbacks.values():
            with contextlib.suppress(ValueError):
                callbacks.remove(callback)

    def announce(self, whose: object, event: str, text: str) -> None:
        """Log what has happened, and call those who want to know."""
        level = logging.INFO if event == "ready" else logging.WARNING
        _log.log(level, "%r: %s: %s", whose, event, text)
        for callback in list(self._callbacks.get(event, ())):
            try:
                callback(event, text)
            except Exception:  # noqa: BLE001 - whatever it is, the kernel must not suffer from it
                _log.exception("a callback of %r failed", whose)
