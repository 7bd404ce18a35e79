"""Read an exception into records: the only part that touches frames and the person's values.

Theory of operation: a cheap pass over the traceback keeps (frame, line) pairs; recursion is folded and long stacks are cut on those; only what is left has its source and values read, within a budget of time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE
from itertools import islice
from opcode import opmap
from types import CodeType, FrameType, TracebackType
from typing import Any

from nuncius.kernel.saferepr import safe_str
from nuncius.kernel.traceback.hints import hint_for
from nuncius.kernel.traceback.model import ExceptionRecord, FrameRecord, Omitted, SyntaxDetail
from nuncius.kernel.traceback.source import context_lines, source_line
from nuncius.kernel.traceback.variables import (
    Arguments,
    argument_names,
    arguments_of,
    variables_of,
)
from nuncius.protocol.values import Value

__all__ = ["CaptureOptions", "asks_to_hide", "capture", "type_name"]

_MAX_CHAIN = 20
_MAX_CHILDREN = 15
_MAX_DEPTH = 8
_MAX_PERIOD = 12


#: Packages that the kernel calls to wait and to load.
_WAITING = frozenset(
    {"_frozen_importlib", "_frozen_importlib_external", "importlib", "selectors", "subprocess", "threading", "zmq"}
)  # fmt: skip

#: Modules that run the person's code in between: the kernel's own loop, the debugger, threads.
_PLUMBING = frozenset({"nuncius.protocol.serving", "bdb", "threading"})
#: Errors of which the place in the kernel says nothing more: they come from what the person asked for.
_SPEAKING = frozenset(
    {"KeyboardInterrupt", "CalledProcessError", "ModuleNotFoundError", "EOFError", "StdinNotSupported"}
)  # fmt: skip


_RAISE = opmap["RAISE_VARARGS"]


def _root(frame: FrameType, parts: int) -> str:
    """Return the first parts of the name of the module that a frame runs code of."""
    return ".".join(str(frame.f_globals.get("__name__", "")).split(".")[:parts])


def _waits(frame: FrameType) -> bool:
    """Tell whether a frame is of what the kernel calls to wait; compiled code may know its file only."""
    return _root(frame, 1) in _WAITING or frame.f_code.co_filename.partition("/")[0] in _WAITING


def _no_label(filename: str) -> str:
    return ""


def _not_internal(frame: FrameType) -> bool:
    return False


class CaptureOptions(Value):
    """How much is read.

    Attributes:
        context: Lines of source around the one that ran.
        variables: Read the values of arguments and variables too.
        max_frames: Frames kept of one exception; the middle goes first.
        value_limit: Characters kept of one value.
        budget: Seconds after which no more values and sources are read.
        label: Gives the name to show for a file, empty for the file name itself.
        internal: Tells the frames of the kernel itself: those before the first frame of the person are left out.
    """

    context: int = 5
    variables: bool = False
    max_frames: int = 100
    value_limit: int = 1000
    budget: float = 2.0
    label: Callable[[str], str] = _no_label
    internal: Callable[[FrameType], bool] = _not_internal


def capture(
    error: BaseException,
    traceback: TracebackType | None = None,
    options: CaptureOptions | None = None,
    *,
    offset: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> ExceptionRecord:
    """Return what is known of ``error``.

    Args:
        error: The exception.
        traceback: By default its own.
        options: How much is read.
        offset: Frames to leave out at the start.
        clock: For the budget, in seconds.
    """
    options = options or CaptureOptions()
    reader = _Reader(options, clock() + options.budget, clock)
    return reader.exception(error, traceback or error.__traceback__, offset)


def type_name(kind: type[BaseException]) -> str:
    """Return the name of an exception's type, with its module where that tells something."""
    name = str(getattr(kind, "__qualname__", kind))
    module = getattr(kind, "__module__", None)
    if not isinstance(module, str) or module in {"builtins", "__main__"}:
        return name.rpartition("<locals>.")[2]
    return name.rpartition("<locals>.")[2] if "<locals>" in name else name


class _Reader:
    def __init__(
        self, options: CaptureOptions, deadline: float, clock: Callable[[], float]
    ) -> None:
        self._options = options
        self._deadline = deadline
        self._clock = clock
        #: Ids of the exceptions that were read: chains and groups may have cycles.
        self._seen: set[int] = set()

    def exception(
        self, error: BaseException, traceback: TracebackType | None, offset: int = 0, depth: int = 0
    ) -> ExceptionRecord:
        self._seen.add(id(error))
        custom = _custom_lines(error)
        frames: tuple[FrameRecord | Omitted, ...] = ()
        syntax = None
        if custom is None:
            # of wrong syntax the place in the text is shown, and not who read it
            speaks = type(error).__name__ in _SPEAKING or isinstance(error, SyntaxError)
            frames = self._frames(traceback, offset, speaks)
            if isinstance(error, SyntaxError):
                syntax = self._syntax(error)
        children, more = self._children(error, depth)
        link, previous = self._previous(error, depth) if custom is None else ("", None)
        return ExceptionRecord(
            type_name=type_name(type(error)),
            message=_message(error),
            notes=_notes(error),
            hint=hint_for(error, traceback) if custom is None else "",
            doc=_doc(type(error)),
            frames=frames,
            syntax=syntax,
            custom=custom,
            link=link,
            previous=previous,
            children=children,
            more_children=more,
        )

    def _previous(self, error: BaseException, depth: int) -> tuple[str, ExceptionRecord | None]:
        if len(self._seen) > _MAX_CHAIN * (_MAX_CHILDREN if depth else 1):
            return "", None
        link, other = "cause", error.__cause__
        if other is None and not error.__suppress_context__:
            link, other = "context", error.__context__
        if other is None or id(other) in self._seen:
            return "", None
        return link, self.exception(other, other.__traceback__, depth=depth)

    def _children(
        self, error: BaseException, depth: int
    ) -> tuple[tuple[ExceptionRecord, ...], int]:
        if not isinstance(error, BaseExceptionGroup):
            return (), 0
        if depth >= _MAX_DEPTH:
            return (), len(error.exceptions)
        kept = [e for e in error.exceptions[:_MAX_CHILDREN] if id(e) not in self._seen]
        records = tuple(self.exception(e, e.__traceback__, depth=depth + 1) for e in kept)
        return records, len(error.exceptions) - len(records)

    def _frames(
        self, traceback: TracebackType | None, offset: int, speaks: bool
    ) -> tuple[FrameRecord | Omitted, ...]:
        links = self._visible(traceback, offset, speaks)
        return tuple(
            item if isinstance(item, Omitted) else self._frame(item)
            for item in _cut(_fold(links), self._options.max_frames)
        )

    def _visible(
        self, traceback: TracebackType | None, offset: int, speaks: bool
    ) -> list[TracebackType | Omitted]:
        """Leave out what comes before the person's code, what asked to be hidden, and where in the kernel an error came that says all."""
        links: list[TracebackType] = []
        while traceback is not None:
            links.append(traceback)
            traceback = traceback.tb_next
        links = links[offset:]
        start = 0
        while start < len(links) and self._options.internal(links[start].tb_frame):
            start += 1
        if speaks or (links and self._refuses(links[-1])):
            del links[self._machinery(links, start + 1) :]
        shown: list[TracebackType | Omitted] = []
        for link in links[start:]:
            # the place of the error is never hidden
            if link is not links[-1] and _root(link.tb_frame, 3) in _PLUMBING:
                continue
            if link is not links[-1] and (
                asks_to_hide(link.tb_frame) or self._options.internal(link.tb_frame)
            ):
                last = shown[-1] if shown else None
                count = 1
                if isinstance(last, Omitted):
                    count += last.count
                    shown.pop()
                shown.append(Omitted(count, "hidden"))
            else:
                shown.append(link)
        return shown

    def _refuses(self, link: TracebackType) -> bool:
        """Tell whether the kernel itself raises there, by a ``raise``: what it was asked for is wrong, as the message says."""
        code = link.tb_frame.f_code.co_code
        return self._options.internal(link.tb_frame) and code[link.tb_lasti] == _RAISE

    def _machinery(self, links: Sequence[TracebackType], start: int) -> int:
        """Return where the last frames begin that are the kernel's, and those that it called: what waits, prints or handles the signal."""
        end = first = len(links)
        while end > start:
            frame = links[end - 1].tb_frame
            if self._options.internal(frame):
                first = end - 1
            elif not _waits(frame):
                break
            end -= 1
        return first

    def _frame(self, link: TracebackType) -> FrameRecord:
        frame, code = link.tb_frame, link.tb_frame.f_code
        in_time = self._clock() < self._deadline
        lineno, end_lineno, column, end_column = _position(link)
        lines: tuple[tuple[int, str], ...] = ()
        if in_time:
            lines = context_lines(
                code.co_filename, frame.f_globals, lineno, self._options.context, _extent(code)
            )
            column, end_column = _characters(
                code.co_filename, lineno, end_lineno, column, end_column
            )
        arguments: Arguments = tuple((name, None) for name in argument_names(code))
        variables: tuple[tuple[str, str], ...] = ()
        if self._options.variables and in_time:
            show = self._options.value_limit
            arguments = arguments_of(frame, show, self._deadline, self._clock)
            used = [text for number, text in lines if lineno <= number <= end_lineno]
            variables = variables_of(frame, used, show, self._deadline, self._clock)
        return FrameRecord(
            filename=code.co_filename,
            label=self._options.label(code.co_filename),
            function=code.co_qualname,
            lineno=lineno,
            end_lineno=end_lineno,
            column=column,
            end_column=end_column,
            lines=lines,
            arguments=arguments,
            variables=variables,
            is_async=bool(code.co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR)),
        )

    def _syntax(self, error: SyntaxError) -> SyntaxDetail | None:
        filename = error.filename if isinstance(error.filename, str) else ""
        lineno = error.lineno if isinstance(error.lineno, int) else None
        text = error.text if isinstance(error.text, str) else ""
        if not text and filename and lineno:
            text = source_line(filename, lineno)
        text = text.split("\n", 1)[0]
        column = error.offset - 1 if isinstance(error.offset, int) and error.offset > 0 else None
        end: int | None = None
        if column is not None:
            if error.end_lineno in (None, lineno) and isinstance(error.end_offset, int):
                end = error.end_offset - 1
            elif isinstance(error.end_lineno, int):
                end = len(text.rstrip())
            column = min(column, len(text) + 1)  # it may be behind the end of the text
            text = text.ljust(column)
            end = max(column + 1, min(end, len(text))) if end is not None else column + 1
        return SyntaxDetail(
            filename, self._options.label(filename) if filename else "", lineno, text, column, end
        )


def asks_to_hide(frame: FrameType) -> bool:
    """Tell whether ``frame`` says by ``__tracebackhide__`` that it is of no interest."""
    code = frame.f_code
    if "__tracebackhide__" in code.co_varnames:
        return bool(frame.f_locals.get("__tracebackhide__"))
    if code.co_name == "<module>":
        return bool(frame.f_globals.get("__tracebackhide__"))
    return False


def _extent(code: CodeType) -> tuple[int, int]:
    """Return the first and the last line of a function; all lines for a module or a cell."""
    if code.co_name == "<module>":
        return 1, sys.maxsize
    last = max((line for _, _, line in code.co_lines() if line), default=code.co_firstlineno)
    inner = [_extent(c)[1] for c in code.co_consts if isinstance(c, CodeType)]
    return code.co_firstlineno, max([last, *inner])


def _position(link: TracebackType) -> tuple[int, int, int | None, int | None]:
    """Return line, last line, column and last column (in bytes) of the instruction that ran."""
    code = link.tb_frame.f_code
    found: tuple[int | None, int | None, int | None, int | None]
    found = (None, None, None, None)
    if link.tb_lasti >= 0:
        found = next(islice(code.co_positions(), link.tb_lasti // 2, None), found)
    lineno, end_lineno, column, end_column = found
    line = link.tb_lineno or lineno or code.co_firstlineno
    if lineno != line or end_lineno is None:
        return line, line, None, None
    return line, end_lineno, column, end_column


def _characters(
    filename: str, lineno: int, end_lineno: int, column: int | None, end_column: int | None
) -> tuple[int | None, int | None]:
    """Turn columns in bytes of UTF-8 into columns in characters."""
    if column is None or end_column is None:
        return None, None
    return (
        _to_characters(source_line(filename, lineno), column),
        _to_characters(source_line(filename, end_lineno), end_column),
    )


def _to_characters(line: str, column: int) -> int:
    if line.isascii():
        return column
    return len(line.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace"))


_Item = TracebackType | Omitted


def _key(item: _Item) -> object:
    if isinstance(item, Omitted):
        return item
    return (item.tb_frame.f_code, item.tb_lineno)


def _fold(items: Sequence[_Item]) -> Iterator[_Item]:
    """Replace repetitions of the same few calls by how often they come."""
    keys = [_key(item) for item in items]
    at = 0
    while at < len(items):
        period, times = _repetition(keys, at)
        if times * period >= 4 and times >= 3:
            yield from items[at : at + period]
            yield Omitted((times - 1) * period, "repeated", period)
            at += times * period
        else:
            yield items[at]
            at += 1


def _repetition(keys: Sequence[object], at: int) -> tuple[int, int]:
    """Return the period and the number of repetitions of the block that starts at ``at``."""
    for period in range(1, min(_MAX_PERIOD, (len(keys) - at) // 3) + 1):
        if keys[at] != keys[at + period]:
            continue
        block = keys[at : at + period]
        times = 1
        while keys[at + times * period : at + (times + 1) * period] == block:
            times += 1
        if times >= 3:
            return period, times
    return 1, 1


def _cut(items: Iterator[_Item], limit: int) -> Iterator[_Item]:
    kept = list(items)
    if len(kept) > limit:
        head = max(1, limit // 3)
        tail = max(1, limit - head)
        kept[head:-tail] = [Omitted(len(kept) - head - tail, "long")]
    return iter(kept)


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and isinstance(error.msg, str):
        return error.msg
    if type(error).__str__ is KeyError.__str__ and len(error.args) == 1:
        return _key_text(error.args[0])
    return safe_str(error)


def _key_text(key: Any) -> str:
    from nuncius.kernel.saferepr import safe_repr

    return safe_repr(key, 2000)


def _notes(error: BaseException) -> tuple[str, ...]:
    try:
        notes = getattr(error, "__notes__", None)
        if notes is None:
            return ()
        if isinstance(notes, (list, tuple)):
            return tuple(note if isinstance(note, str) else safe_str(note) for note in notes)
    except Exception:  # noqa: BLE001 - __notes__ may be anything
        return ("<its notes cannot be read>",)
    return (safe_str(notes),)


def _doc(kind: type[BaseException]) -> str:
    doc = kind.__doc__
    if not isinstance(doc, str):
        return ""
    from inspect import cleandoc

    return cleandoc(doc)


def _custom_lines(error: BaseException) -> tuple[str, ...] | None:
    """Return what ``_render_traceback_`` gives; None when there is none, or it fails."""
    method = getattr(type(error), "_render_traceback_", None)
    if not callable(method):
        return None
    try:
        lines = method(error)
    except Exception:  # noqa: BLE001 - then the ordinary traceback is shown
        return None
    if isinstance(lines, str):
        return (lines,)
    if isinstance(lines, (list, tuple)) and all(isinstance(line, str) for line in lines):
        return tuple(lines)
    return None
