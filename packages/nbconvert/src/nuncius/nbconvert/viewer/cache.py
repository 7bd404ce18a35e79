"""Keep what was made, until there is too much of it: what was used last stays longest."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

__all__ = ["Cache"]

T = TypeVar("T")


class Cache(Generic[T]):
    """Values by key, bounded by the number of bytes that they are said to take.

    Args:
        limit: In bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._items: OrderedDict[object, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object) -> T | None:
        """Return a value; None if it is not there."""
        with self._lock:
            item = self._items.get(key)
            if item is None:
                return None
            self._items.move_to_end(key)
            return item[0]

    def put(self, key: object, value: T, size: int) -> None:
        """Keep a value; one that is bigger than the whole cache is not kept."""
        with self._lock:
            self._forget(key)
            if size > self._limit:
                return
            self._items[key] = (value, size)
            self._size += size
            while self._size > self._limit:
                self._forget(next(iter(self._items)))

    def forget(self, key: object) -> None:
        """Drop a value, if it is there."""
        with self._lock:
            self._forget(key)

    @property
    def size(self) -> int:
        """How many bytes its values are said to take."""
        return self._size

    def _forget(self, key: object) -> None:
        item = self._items.pop(key, None)
        if item is not None:
            self._size -= item[1]
