"""Know where the output of the code that runs here is captured.

A capture belongs to the context that it was begun in, and to the tasks and threads that are started there: what other cells and other shells put out meanwhile goes its own way.
"""

from __future__ import annotations

import io
import sys
from contextlib import suppress
from contextvars import ContextVar, Token
from io import StringIO
from typing import Any

from nuncius.kernel.current import CURRENT_SHELL
from nuncius.protocol.kernel import INHERITED

__all__ = ["Capture", "begin", "captured_outputs", "end"]


class Capture:
    """What one capture takes; None for what it lets through.

    Args:
        stdout: Takes what is printed.
        stderr: Takes what is printed to ``sys.stderr``.
        outputs: Takes what is displayed, as the arguments of `RichOutput`.
    """

    def __init__(
        self, stdout: StringIO | None, stderr: StringIO | None, outputs: list[dict[str, Any]] | None
    ) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.outputs = outputs
        self.outer = _CURRENT.get()
        #: Whether it is over: threads that were started in it may go on.
        self.over = False
        self.token: Token[Capture | None] | None = None


_CURRENT: ContextVar[Capture | None] = ContextVar("nuncius_capture", default=None)
INHERITED.append(_CURRENT)

#: All captures that are not over, the newest last.
_open: list[Capture] = []


def _sink(kind: str) -> Any:
    """Return what takes output of a kind here; None if nothing does."""
    if not _open:
        return None
    capture = _CURRENT.get()
    if capture is None and CURRENT_SHELL.get() is None:
        capture = _open[-1]  # code that belongs to no cell, such as a thread of C code
    while capture is not None:
        if not capture.over and (sink := getattr(capture, kind)) is not None:
            return sink
        capture = capture.outer
    return None


def captured_outputs() -> list[dict[str, Any]] | None:
    """Return the list that takes what is displayed here; None where it is shown."""
    outputs: list[dict[str, Any]] | None = _sink("outputs")
    return outputs


def begin(capture: Capture) -> None:
    """Have the output of this context go to ``capture``."""
    _open.append(capture)
    capture.token = _CURRENT.set(capture)
    if capture.stdout is not None and not isinstance(sys.stdout, _Routed):
        sys.stdout = _Routed("stdout", sys.stdout)
    if capture.stderr is not None and not isinstance(sys.stderr, _Routed):
        sys.stderr = _Routed("stderr", sys.stderr)


def end(capture: Capture) -> None:
    """Have output go where it went before."""
    capture.over = True
    _open.remove(capture)
    assert capture.token is not None
    with suppress(ValueError):  # it ends in another context than it began in; it is over there, too
        _CURRENT.reset(capture.token)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, _Routed) and all(getattr(each, name) is None for each in _open):
            setattr(sys, name, stream.plain)


class _Routed(io.TextIOBase):
    """A stream whose text goes to the capture of the code that writes it.

    Args:
        name: ``stdout`` or ``stderr``.
        plain: Takes the text of code that is not captured.
    """

    def __init__(self, name: str, plain: Any) -> None:
        self.name = name
        self.plain = plain

    @property
    def _target(self) -> Any:
        sink = _sink(self.name)
        return self.plain if sink is None else sink

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def write(self, text: str, /) -> int:
        """Write text."""
        return self._target.write(text)  # type: ignore[no-any-return]

    def flush(self) -> None:
        """Flush."""
        if self.plain is not None:
            self._target.flush()

    def isatty(self) -> bool:
        """Whether the text goes to a terminal."""
        return bool(self._target.isatty())

    def fileno(self) -> int:
        """Return the file descriptor; captured text has none."""
        return int(self._target.fileno())

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def close(self) -> None:
        """Do nothing: the streams behind it are not ours."""

    @property
    def encoding(self) -> Any:  # type: ignore[override]
        """The encoding of the stream behind it."""
        return self._target.encoding

    @property
    def errors(self) -> Any:  # type: ignore[override]
        """How the stream behind it treats text that it cannot encode."""
        return self._target.errors
