"""Turn an event loop that stands still because its thread is at the debugger's prompt, so that what is typed there can wait for tasks, locks and connections of the program.

Theory of operation: asyncio's loop takes as many callbacks from its queue in a round as there were when the round began, and one of them has led to the prompt. Rounds that are run inside of that one take the others, too; before the outer round goes on it is given as many that do nothing.

Rule 1: the task that stands at the prompt is not the current one meanwhile.
Rule 2: a breakpoint that is met meanwhile asks for itself; afterwards the debugger steps on as if nothing had been.
Rule 3: an interrupt cancels what was typed, not the tasks of the program.
"""

from __future__ import annotations

import bdb
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from time import monotonic
from types import FrameType
from typing import Any

from nuncius.kernel.debug.interrupts import interrupts_reach_here

__all__ = ["loop_here", "loop_that_turns", "turn", "turn_until"]

#: Seconds between looks at whether there is an interrupt: a sleeping thread hears only those that are signals.
_BEAT = 0.1

#: Seconds for what was typed to end when it is interrupted.
_GRACE = 0.5

#: Seconds for the loop of another thread to show that it turns.
_PATIENCE = 0.3


def loop_here() -> Any:
    """Return asyncio's loop of this thread, whether it runs or not, if it is one that can be turned; else None."""
    from asyncio import _get_running_loop, events

    loop: Any = _get_running_loop()
    if loop is None:
        # not get_event_loop(), which would make one
        get_policy = getattr(events, "_get_event_loop_policy", events.get_event_loop_policy)
        loop = getattr(getattr(get_policy(), "_local", None), "_loop", None)
    return loop if _can_turn(loop) else None


def loop_that_turns() -> Any:
    """Return the loop of the main thread, if that is another thread than this one, and the loop takes calls; else None."""
    main = threading.main_thread().ident
    if main is None or main == threading.get_ident():
        return None
    loop = _loop_in(sys._current_frames().get(main))  # noqa: SLF001 - whose loop is nobody's secret
    if loop is None:
        return None
    turned = threading.Event()
    loop.call_soon_threadsafe(turned.set)
    return loop if turned.wait(_PATIENCE) else None


def turn(loop: Any, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end on the loop of this thread, and return its result.

    Args:
        loop: From `loop_here`.
        coroutine: What to run.

    Raises:
        BaseException: What it raises; an interrupt cancels it.
    """
    with _out_of_task(loop), _beating(loop):
        task = loop.create_task(coroutine, context=copy_context())
        try:
            with _interrupts_cancel(loop, task) as interrupted:
                _traceable(_run, loop, task, interrupted)
        finally:
            if not task.cancel() and not task.cancelled():
                task.exception()  # it is known of, also when an interrupt has ended this
        if task.cancelled() and interrupted:
            raise KeyboardInterrupt
        return task.result()


def turn_until(loop: Any, is_over: Callable[[], bool]) -> None:
    """Run what there is to do on the loop of this thread, which runs, until something has happened.

    Raises:
        KeyboardInterrupt: The loop is to end.
    """
    with _out_of_task(loop), _beating(loop):
        _traceable(_rounds, loop, is_over)


def _can_turn(loop: Any) -> bool:
    from asyncio import BaseEventLoop

    return isinstance(loop, BaseEventLoop) and hasattr(loop, "_ready") and not loop.is_closed()


def _loop_in(frame: FrameType | None) -> Any:
    """Return the loop that runs in one of these frames."""
    from asyncio import BaseEventLoop

    while frame is not None and frame.f_code is not BaseEventLoop.run_forever.__code__:
        frame = frame.f_back
    return None if frame is None else frame.f_locals.get("self")


def _run(loop: Any, task: Any, interrupted: list[float]) -> None:
    def is_over() -> bool:
        if interrupted and monotonic() > interrupted[0] + _GRACE and not task.done():
            raise KeyboardInterrupt  # it may wait for the very task that stands at the prompt
        return bool(task.done())

    if loop.is_running():
        _rounds(loop, is_over)
    else:
        loop.run_until_complete(_ended(task))


def _rounds(loop: Any, is_over: Callable[[], bool]) -> None:
    queue = loop._ready  # noqa: SLF001 - see the theory of operation
    promised = len(queue)
    try:
        while not is_over():
            if loop._stopping:  # noqa: SLF001 - whoever stops it does not want to wait
                raise KeyboardInterrupt
            loop._run_once()  # noqa: SLF001
    finally:
        while len(queue) < promised:
            queue.append(_nothing(loop))


async def _ended(task: Any) -> None:
    from asyncio import wait

    await wait([task])


def _nothing(loop: Any) -> Any:
    from asyncio import Handle

    handle = Handle(print, (), loop)
    handle.cancel()
    return handle


@contextmanager
def _out_of_task(loop: Any) -> Iterator[None]:
    """Have no task be the current one, and no loop that does not turn be the running one."""
    from asyncio import _get_running_loop, _set_running_loop, current_task, tasks

    current, running = current_task(loop), _get_running_loop()
    if current is not None:
        tasks._leave_task(loop, current)  # noqa: SLF001
    if not loop.is_running():
        _set_running_loop(None)
    try:
        yield
    finally:
        _set_running_loop(running)
        if current is not None:
            tasks._enter_task(loop, current)  # noqa: SLF001


@contextmanager
def _beating(loop: Any) -> Iterator[None]:
    """Have the loop wake up now and then."""
    handles: list[Any] = []

    def beat() -> None:
        handles[:] = [loop.call_later(_BEAT, beat)]

    beat()
    try:
        yield
    finally:
        handles[0].cancel()


@contextmanager
def _interrupts_cancel(loop: Any, task: Any) -> Iterator[list[float]]:
    """Have an interrupt cancel ``task`` where it waits; yields a list that has the time of it then."""
    interrupted: list[float] = []
    before: Any = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield interrupted
        return
    from asyncio import current_task

    def handle(signum: int, frame: FrameType | None) -> None:
        try:
            with interrupts_reach_here(before):
                before(signum, frame)
        except KeyboardInterrupt:
            if interrupted or current_task(loop) is task:
                raise
            interrupted.append(monotonic())
            loop.call_soon_threadsafe(task.cancel)

    signal.signal(signal.SIGINT, handle)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _traceable(function: Callable[..., None], *args: Any) -> None:
    """Call a function so that debuggers can trace what it runs, and ours goes on afterwards where it was."""
    tracer: Any = sys.gettrace()
    if not isinstance(getattr(tracer, "__self__", None), bdb.Bdb):
        function(*args)
        return
    frames = list(_with_traces(sys._getframe()))  # noqa: SLF001
    sys.settrace(None)
    try:
        sys.call_tracing(function, args)
    finally:
        for frame, trace in frames:
            if frame.f_trace is not trace:
                frame.f_trace = trace
        sys.settrace(tracer)


def _with_traces(frame: FrameType | None) -> Iterator[tuple[FrameType, Any]]:
    while frame is not None:
        yield frame, frame.f_trace
        frame = frame.f_back
