"""Run the compiled pieces of one cell: plain, or with ``await`` on whatever loop the person chose.

One coroutine does the work in both cases. A cell that does not await never suspends it, so that it can be driven to its end without any event loop: nothing of asyncio is imported for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.kernel.compile import Piece

__all__ = ["LOOP_RUNNERS", "LoopRunner", "drive", "loop_runner", "run_pieces"]

#: Runs a coroutine to its end, and returns its result.
LoopRunner = Callable[[Coroutine[Any, Any, Any]], Any]


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that does not suspend.

    Raises:
        SyntaxError: It wants to wait for something after all.
    """
    __tracebackhide__ = True
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise SyntaxError(
        "this cell awaits something that needs an event loop; turn one on with %autoawait asyncio"
    )


async def run_pieces(
    pieces: Sequence[Piece],
    user_global_ns: dict[str, Any],
    user_ns: Mapping[str, Any],
    show: Callable[[Any], None],
) -> None:
    """Run ``pieces`` one after another; what they raise comes out as it is.

    Args:
        pieces: Of `Compiler.segments`.
        user_global_ns: Their globals.
        user_ns: Their locals.
        show: Takes each value that is to be shown.
    """
    __tracebackhide__ = True
    for piece in pieces:
        value = eval(piece.code, user_global_ns, user_ns)
        if piece.awaits:
            value = await value
        if piece.shows == "value":
            show(value)
        del value


class _AsyncioRunner:
    """Run coroutines on one asyncio loop that lives as long as the shell, so that tasks outlive cells."""

    is_asyncio = True

    def __init__(self) -> None:
        self._runner: Any = None

    def __call__(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        import asyncio

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            coroutine.close()
            raise RuntimeError(
                "an event loop runs in this thread already: use 'await shell.run_cell_async(...)'"
            )
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(coroutine)

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None


def _default_interrupts(run: Callable[[], Any]) -> Any:
    """Run a foreign loop with Python's own handler of Ctrl-C.

    trio takes Ctrl-C over only from that one; a handler that raises inside such a loop, rather than in the code that it runs, would break it.
    """
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        return run()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run()
    finally:
        signal.signal(signal.SIGINT, before)


class _TrioRunner:
    """Run each coroutine by a ``trio.run`` of its own."""

    name = "trio"

    def __init__(self) -> None:
        self._trio: Any = _installed("trio")

    def __call__(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        async def main() -> Any:
            return await coroutine

        return _default_interrupts(lambda: self._trio.run(main))


class _CurioRunner:
    """Run each coroutine by a ``curio.run`` of its own."""

    name = "curio"

    def __init__(self) -> None:
        self._curio: Any = _installed("curio")

    def __call__(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return _default_interrupts(lambda: self._curio.run(coroutine))


def _installed(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ValueError(f"{name} is not installed here: %pip install {name}") from None
    except Exception as error:
        # curio needs names of multiprocessing that Python 3.12 has no more
        raise ValueError(
            f"{name} is installed, but cannot be imported by Python {'.'.join(map(str, sys.version_info[:3]))}: "
            f"{type(error).__name__}: {error}; use %autoawait asyncio or trio"
        ) from error


#: The names that ``%autoawait`` knows, besides a function of one's own.
LOOP_RUNNERS = ("asyncio", "trio", "curio", "sync")


def loop_runner(name: str | LoopRunner) -> LoopRunner:
    """Return the runner of this name; a function is taken as it is, ``package.function`` is imported.

    Raises:
        ValueError: There is none, or its library is not installed.
    """
    if callable(name):
        return name
    match name:
        case "asyncio":
            return _AsyncioRunner()
        case "trio":
            return _TrioRunner()
        case "curio":
            return _CurioRunner()
        case "sync":
            return drive
    module, dot, attribute = name.rpartition(".")
    if dot:
        function = getattr(import_module(module), attribute)
        if callable(function):
            return function  # type: ignore[no-any-return]
    raise ValueError(
        f"there is no event loop runner {name!r}: use {', '.join(LOOP_RUNNERS)}, "
        "or the dotted name of a function that takes a coroutine"
    )
