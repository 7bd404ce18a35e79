"""Make the traceback of a failed cell: the one object that a shell keeps for this.

Whatever the exception is made of, `Tracebacks.format` returns lines: when our own way fails, the standard library's is tried, then the bare name of the type.
"""

from __future__ import annotations

import linecache
import os
import sys
from contextlib import suppress
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from nuncius.kernel.themes import Theme, theme_named
from nuncius.kernel.traceback.capture import CaptureOptions, asks_to_hide, capture, type_name
from nuncius.kernel.traceback.render import MODES, render
from nuncius.protocol.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuncius.kernel.traceback.model import ExceptionRecord

__all__ = ["Tracebacks", "asks_to_hide", "is_kernel_frame"]

#: Columns of a traceback where there is no terminal.
_WIDTH = 75


def is_kernel_frame(frame: FrameType) -> bool:
    """Tell whether ``frame`` runs code of the kernel rather than of the person."""
    name = frame.f_globals.get("__name__")
    return isinstance(name, str) and name.startswith(("nuncius.kernel", "nuncius.protocol"))


class Tracebacks:
    """Format exceptions in a mode and a theme, and remember the text of the last one.

    Attributes:
        mode: One of `MODES`; see `set_mode`.
        theme: The colors; see `set_theme`.
        options: How much of an exception is read.
        last: The record of the last exception, which ``%tb`` shows again; it holds no frames.
    """

    def __init__(
        self,
        mode: str = "Context",
        theme: str | Theme = "neutral",
        options: CaptureOptions | None = None,
    ) -> None:
        self.options = options or CaptureOptions(internal=is_kernel_frame)
        self.mode = "Context"
        self.theme = theme if isinstance(theme, Theme) else theme_named(theme)
        self.last: ExceptionRecord | None = None
        self.set_mode(mode)

    def set_mode(self, mode: str | None = None) -> str:
        """Set the mode, or go to the next one with None; returns the mode.

        Raises:
            ValueError: There is no such mode.
        """
        if mode is None:
            mode = MODES[(MODES.index(self.mode) + 1) % len(MODES)]
        wanted = mode.strip().capitalize()
        if wanted not in MODES:
            raise ValueError(f"no traceback mode {mode!r}: expected one of {', '.join(MODES)}")
        self.mode = wanted
        return wanted

    def set_theme(self, name: str) -> None:
        """Set the colors.

        Raises:
            ValueError: There is no such theme.
        """
        self.theme = theme_named(name)

    def format(
        self,
        error: BaseException,
        traceback: TracebackType | None = None,
        *,
        offset: int = 0,
        mode: str | None = None,
        context: int | None = None,
        remember: bool = True,
    ) -> list[str]:
        """Return the blocks of text that show ``error``; never raises.

        Args:
            error: The exception.
            traceback: By default its own.
            offset: Frames to leave out at the start.
            mode: Instead of the present one.
            context: Lines of source around each line that ran.
            remember: Keep the record for `again`.
        """
        try:
            mode = mode or self.mode
            # values are always read for what may be shown again as Verbose only when it is Verbose:
            # they are the person's code, and may be slow
            options = replace(
                self.options,
                variables=mode.strip().capitalize() == "Verbose",
                context=self.options.context if context is None else context,
            )
            record = capture(error, traceback, options, offset=offset)
            if remember:
                self.last = record
            return render(record, mode, self.theme, _columns())
        except BaseException as problem:  # noqa: BLE001 - a person must see the error of the cell, whatever happens; who interrupts wants less of it
            return _fallback(error, traceback, problem, self.options.internal)

    def format_only(self, error: BaseException) -> list[str]:
        """Return the blocks without any frames: what it is, and where for a SyntaxError."""
        return self.format(error, mode="Minimal", remember=False)

    def again(self, mode: str | None = None) -> list[str]:
        """Return the last traceback once more, maybe in another mode; empty when there was none."""
        return (
            []
            if self.last is None
            else render(self.last, mode or self.mode, self.theme, _columns())
        )

    # -- the names that code written for IPython's traceback classes calls ------------------------

    def structured_traceback(
        self,
        etype: type[BaseException] | None,
        evalue: BaseException | None,
        etb: TracebackType | None = None,
        tb_offset: int | None = None,
        context: int | None = None,
    ) -> list[str]:
        """Return the blocks of ``evalue`` raised at ``etb``."""
        if evalue is None:
            return [etype.__name__ if etype is not None else "None"]
        return self.format(evalue, etb, offset=tb_offset or 0, context=context, remember=False)

    def stb2text(self, blocks: list[str]) -> str:
        """Return blocks as one text."""
        return "\n".join(blocks)

    def text(
        self,
        etype: type[BaseException] | None,
        evalue: BaseException | None,
        etb: TracebackType | None = None,
        tb_offset: int | None = None,
        context: int | None = None,
    ) -> str:
        """Return the traceback as one text."""
        return self.stb2text(self.structured_traceback(etype, evalue, etb, tb_offset, context))

    def get_exception_only(self, etype: Any, value: BaseException) -> list[str]:
        """Return the blocks without frames."""
        return self.format_only(value)


def _columns() -> int:
    """Return how wide a traceback may be: less than usual in a narrow terminal."""
    # As `shutil.get_terminal_size` does, whose module takes its time to load.
    said = os.environ.get("COLUMNS", "")
    columns = int(said) if said.isdecimal() else 0
    if not columns and sys.__stdout__ is not None:
        with suppress(OSError, ValueError):
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns
    return min(_WIDTH, columns or _WIDTH)


def _fallback(
    error: BaseException,
    traceback: TracebackType | None,
    problem: BaseException,
    internal: Callable[[FrameType], bool],
) -> list[str]:
    why = f"[the usual traceback failed: {type(problem).__name__}]"
    if isinstance(problem, KeyboardInterrupt):
        why = "[the rest of the traceback was interrupted: a value takes long to be shown]"
    try:
        import traceback as standard

        traceback = traceback or error.__traceback__
        while traceback is not None and internal(traceback.tb_frame):
            traceback = traceback.tb_next
        lines = standard.format_exception(type(error), error, traceback, limit=-50)
        return ["".join(lines).rstrip("\n"), why]
    except BaseException:  # noqa: BLE001 - the standard library fails on some broken exceptions too
        linecache.clearcache()
        return [f"{type_name(type(error))}: <its traceback cannot be shown>", why]
