"""Run coroutines from code that does not await."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

__all__ = ["Loop", "blocking"]

T = TypeVar("T")


class Loop:
    """An event loop that is entered as often as wanted; close it at last.

    Where a loop runs already (in a notebook, say) it has a thread of its own.
    """

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._thread: ThreadPoolExecutor | None = None
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nuncius-execute")

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, and return its result."""
        if self._thread is None:
            return self._runner.run(coroutine)
        return self._thread.submit(self._runner.run, coroutine).result()

    def close(self) -> None:
        """End what is left on the loop, and close it."""
        if self._thread is None:
            self._runner.close()
            return
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()


def blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, on a loop of its own."""
    loop = Loop()
    try:
        return loop.run(coroutine)
    finally:
        loop.close()
