"""Let each client have its share and no more."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Limiter"]

_CLIENTS = 10_000


class Limiter:
    """Counts what clients ask for: a bucket for each, which fills again with time.

    Args:
        per_minute: How much one client may have in a minute, and at once; 0: as much as it likes.
        clock: Gives the time in seconds.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = per_minute, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, client: str) -> float:
        """Take one; return 0.0, or for how many seconds the client must wait."""
        if self._rate <= 0:
            return 0.0
        with self._lock:
            now = self._clock()
            left, since = self._left.pop(client, (float(self._rate), now))
            left = min(float(self._rate), left + (now - since) * self._rate / 60)
            wait = 0.0 if left >= 1 else (1 - left) * 60 / self._rate
            self._left[client] = (left - (wait == 0.0), now)
            while len(self._left) > _CLIENTS:
                self._left.popitem(last=False)
            return wait
