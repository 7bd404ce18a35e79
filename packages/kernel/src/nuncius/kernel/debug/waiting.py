"""Let a person ``await`` at the debugger's prompt: on the program's own event loop wherever that can turn.

Rule 1: the loop of this thread is turned, if it has one (see `nuncius.kernel.debug.turning`); what is awaited in another thread runs on the main thread's loop, if that turns by itself.
Rule 2: otherwise, and for trio, the coroutine runs on a loop of its own, in a thread of its own. What belongs to a loop that stands still cannot be waited for there.
Rule 3: whoever waits for another thread lets that one talk: it may meet a breakpoint.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from importlib import import_module
from typing import Any

from nuncius.kernel.current import get_shell
from nuncius.kernel.debug.interrupts import interrupts_so_far

__all__ = ["TALK", "wait_for"]

#: Held by the debugger that talks: one at a time, whatever number of threads has stopped.
TALK = threading.Condition()

#: Seconds between looks at whether something is over, or interrupted.
_LOOK = 0.1


def wait_for(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end, and return its result.

    Raises:
        BaseException: What it raises; an interrupt cancels it.
    """
    import asyncio

    from nuncius.kernel.debug.turning import loop_here, loop_that_turns, turn

    if _uses_trio():
        return _aside(_on_trio, _run_trio, coroutine)
    if (loop := loop_here()) is not None:
        return turn(loop, coroutine)
    if (loop := loop_that_turns()) is not None:
        future = asyncio.run_coroutine_threadsafe(coroutine, loop)
        return _result(future, future.cancel)
    try:
        return _aside(_on_asyncio, asyncio.run, coroutine)
    except (RuntimeError, ValueError) as error:
        if "different" not in str(error) or "loop" not in str(error):
            raise
        raise type(error)(f"{error}; that loop stands still while you are here") from error


def _uses_trio() -> bool:
    runner = getattr(get_shell(), "loop_runner", None)
    return runner == "trio" or getattr(runner, "name", None) == "trio"


def _result(future: Future[Any], cancel: Callable[[], object]) -> Any:
    """Wait for a result; others talk meanwhile. What is interrupted is canceled."""

    def wake(_: object) -> None:
        # if another one talks it is looked at a little later
        if TALK.acquire(blocking=False):
            TALK.notify_all()
            TALK.release()

    future.add_done_callback(wake)
    before = interrupts_so_far()
    try:
        with TALK:
            while not future.done():
                TALK.wait(_LOOK)
                if interrupts_so_far() != before:
                    raise KeyboardInterrupt
        return future.result()
    except BaseException:
        cancel()
        raise


def _aside(
    main: Callable[
        [Coroutine[Any, Any, Any], list[Callable[[], object]]], Coroutine[Any, Any, Any]
    ],
    run: Callable[[Coroutine[Any, Any, Any]], Any],
    coroutine: Coroutine[Any, Any, Any],
) -> Any:
    """Run a coroutine on a loop of its own."""
    future: Future[Any] = Future()
    cancel: list[Callable[[], object]] = []

    def work() -> None:
        try:
            future.set_result(run(main(coroutine, cancel)))
        except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
            future.set_exception(error)

    threading.Thread(
        target=copy_context().run, args=(work,), name="nuncius-debugger-await", daemon=True
    ).start()

    def give_up() -> None:
        with suppress(IndexError, RuntimeError):  # not begun, or over already
            cancel[0]()

    return _result(future, give_up)


async def _on_asyncio(
    coroutine: Coroutine[Any, Any, Any], cancel: list[Callable[[], object]]
) -> Any:
    import asyncio

    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    cancel.append(lambda: loop.call_soon_threadsafe(task.cancel))
    return await coroutine


async def _on_trio(coroutine: Coroutine[Any, Any, Any], cancel: list[Callable[[], object]]) -> Any:
    trio: Any = import_module("trio")
    token = trio.lowlevel.current_trio_token()
    with trio.CancelScope() as scope:
        cancel.append(lambda: token.run_sync_soon(scope.cancel))
        return await coroutine


def _run_trio(coroutine: Coroutine[Any, Any, Any]) -> Any:
    async def main() -> Any:
        return await coroutine

    return import_module("trio").run(main)
