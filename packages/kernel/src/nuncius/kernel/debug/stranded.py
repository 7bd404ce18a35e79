"""Let the debugger of a task ask whose cell has ended: its frontend listens no more, and while it waits in the thread of the cells no other cell runs.

So it turns the event loop, which takes the next request; and when a cell begins, it talks in there, before the first line of that cell.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import FrameType
from typing import Any

from nuncius.kernel.debug.turning import loop_here, turn_until
from nuncius.kernel.debug.visits import can_ask, latest_request
from nuncius.kernel.traceback.formatter import is_kernel_frame
from nuncius.protocol.kernel import CURRENT_IO

__all__ = ["Stranded", "is_of_loop", "is_stranded", "talk_in_next_cell"]


class Stranded(BaseException):
    """There is nobody to ask any more: the cell of this task has ended."""


def is_of_loop(frame: FrameType | None) -> bool:
    """Tell whether the loop of the main thread has called what ``frame`` runs in, and not the kernel for a request."""
    if "asyncio" not in sys.modules or threading.current_thread() is not threading.main_thread():
        return False
    from asyncio import Handle

    while frame is not None and not is_kernel_frame(frame):
        if frame.f_code is Handle._run.__code__:  # noqa: SLF001 - where callbacks begin
            return True
        frame = frame.f_back
    return False


def is_stranded(shell: Any) -> bool:
    """Tell whether the cell has ended that code which the loop has called belongs to."""
    own = CURRENT_IO.get()
    if shell is None or own is None or own.request.msg_type != "execute_request":
        return False
    if shell.is_running and latest_request(shell) is own:
        return False
    loop = loop_here()
    return can_ask(own) and loop is not None and bool(loop.is_running())


def talk_in_next_cell(shell: Any, talk: Callable[[], None], say: Callable[[str], None]) -> None:
    """Wait for a cell that begins, and talk in there.

    Args:
        shell: Whose cells.
        talk: Does so.
        say: Tells the person what is needed.

    Raises:
        KeyboardInterrupt: It came while they talked, or the kernel ends.
    """
    outcome: Future[None] = Future()

    def begins(_info: Any) -> None:
        io = CURRENT_IO.get()
        if io is None or not can_ask(io) or outcome.done() or outcome.running():
            return
        outcome.set_running_or_notify_cancel()
        try:
            talk()
        except BaseException as error:  # noqa: BLE001 - it is raised in the task
            outcome.set_exception(error)
        else:
            outcome.set_result(None)

    say(
        f"{_who()} has stopped in the debugger, and its cell has ended: run a cell, such as `pass`, to be asked there."
    )
    shell.events.register("pre_run_cell", begins)
    try:
        turn_until(loop_here(), outcome.done)
    finally:
        shell.events.unregister("pre_run_cell", begins)
    outcome.result()


def _who() -> str:
    from asyncio import current_task

    task: Any = current_task()
    if task is None:
        return "A callback"
    coroutine = task.get_coro()
    name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
    return f"The task {task.get_name()!r} ({name})"
