"""Let a person ``await`` at the debugger's prompt: the program's own event loop stands still there, so the coroutine runs on another one, in a thread of its own.

What belongs to the program's loop, such as its tasks and its open connections, cannot be waited for: that loop does not turn before the program goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import Any

__all__ = ["wait_for"]


def wait_for(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end, and return its result.

    Raises:
        BaseException: What it raises; an interrupt cancels it.
    """
    import asyncio

    found: list[Any] = []
    failed: list[BaseException] = []
    cancel: list[Any] = []

    async def main() -> Any:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        cancel.append(lambda: loop.call_soon_threadsafe(task.cancel))
        return await coroutine

    def run() -> None:
        try:
            found.append(asyncio.run(main()))
        except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
            failed.append(error)

    thread = threading.Thread(
        target=copy_context().run, args=(run,), name="nuncius-debugger-await", daemon=True
    )
    thread.start()
    try:
        thread.join()
    except BaseException:
        with suppress(IndexError, RuntimeError):  # not begun, or over already
            cancel[0]()
        raise
    if failed:
        raise failed[0]
    return found[0]
