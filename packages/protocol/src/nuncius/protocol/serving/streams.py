"""Bring what a program prints to the request that it belongs to: `OutStream` stands in for ``sys.stdout`` and ``sys.stderr``, and threads inherit the request of whoever started them.

Rule 1: the request is found through `nuncius.protocol.kernel.CURRENT_IO`, which tasks inherit by themselves. Threads of C code have none: what they print belongs to the request that runs.
Rule 2: a forked child has no way to the frontends; it writes to the file descriptor, which the parent captures.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

from nuncius.protocol.kernel import CURRENT_IO, KernelIO
from nuncius.protocol.serving.forks import generation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["OutStream", "Policy", "inherit_in_threads", "redirected"]

_FileBuffer = Any

_current = CURRENT_IO.get


class OutStream(io.TextIOBase):
    """A text stream whose text goes to the frontends.

    Args:
        name: ``stdout`` or ``stderr``.
        fallback: Returns the request for code that belongs to none.
        original: The stream that this one stands in for; None if the process has none.
        descriptor: What `fileno` returns: where the process' output went before it was captured.
        echo: Also write to the original.
        owner: Who made it.
    """

    def __init__(
        self,
        name: str,
        fallback: Callable[[], KernelIO | None],
        original: TextIO | None = None,
        *,
        descriptor: int | None = None,
        echo: bool = False,
        owner: object = None,
    ) -> None:
        super().__init__()
        self.name = name
        self.owner = owner
        self._fallback = fallback
        self._original = original
        self._descriptor = descriptor
        self.echo = original if echo else None
        self._generation = generation()
        self._buffer: _Bytes | None = None

    def __repr__(self) -> str:
        return f"<OutStream {self.name}>"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """UTF-8, always."""
        return "UTF-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """How text that has no UTF-8 form is treated."""
        return "backslashreplace"

    @property
    def mode(self) -> str:
        """As of a file that is written to."""
        return "w"

    @property
    def line_buffering(self) -> bool:
        """Whether lines go out by themselves; they do."""
        return True

    @property
    def buffer(self) -> io.BufferedIOBase:
        """The stream for bytes, for programs that write UTF-8 themselves."""
        if self._buffer is None:
            self._buffer = _Bytes(self)
        return self._buffer

    @property
    def parent_header(self) -> dict[str, Any]:
        """The header of the request that text written now belongs to."""
        current = CURRENT_IO.get() or self._fallback()
        return {} if current is None else current.request.header.to_dict()

    def fileno(self) -> int:
        """Return the descriptor of the output that the process had at its start.

        Raises:
            io.UnsupportedOperation: It had none.
        """
        if self._descriptor is not None:
            return self._descriptor
        if self._original is not None:
            return self._original.fileno()
        raise io.UnsupportedOperation(f"the process has no {self.name}")

    def isatty(self) -> bool:
        """Return False: a frontend is no terminal."""
        return False

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str, /) -> int:
        """Send ``text`` to the frontends of the request that it belongs to."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        current = _current() or self._fallback()
        if self._generation != generation():
            self._write_descriptor(text)
        elif current is not None:
            current.stream(self.name, text)
        elif self.echo is None:
            self._write_descriptor(text)
        if self.echo is not None:
            self.echo.write(text)
        return len(text)

    def _write_descriptor(self, text: str) -> None:
        descriptor = 2 if self.name == "stderr" else 1
        if self._generation == generation() and self._descriptor is not None:
            descriptor = self._descriptor
        view = memoryview(text.encode("utf-8", "backslashreplace"))
        with contextlib.suppress(OSError):
            while view:
                view = view[os.write(descriptor, view) :]

    def flush(self) -> None:
        """Send what is held back."""
        if self._generation != generation():
            return
        current: Any = CURRENT_IO.get() or self._fallback()
        if current is not None:
            getattr(current, "flush_hint", current.flush)()
        if self.echo is not None:
            self.echo.flush()


class _Bytes(io.BufferedIOBase):
    """The bytes' face of an `OutStream`."""

    def __init__(self, stream: OutStream) -> None:
        super().__init__()
        import codecs

        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return False

    def write(self, data: _FileBuffer, /) -> int:
        view = memoryview(data)
        self._stream.write(self._decoder.decode(view.tobytes()))
        return view.nbytes

    def flush(self) -> None:
        self._stream.flush()


class Policy:
    """Where the output of a kernel that shares our process goes.

    Attributes:
        captures: ``print`` makes messages.
        echoes: It is also written where it went before.
    """

    __slots__ = ("captures", "echoes", "name")

    def __init__(self, name: str, *, captures: bool, echoes: bool) -> None:
        self.name = name
        self.captures = captures
        self.echoes = echoes

    def __repr__(self) -> str:
        return f"Policy.{self.name}"

    PASS_THROUGH: Policy
    TO_MESSAGES: Policy
    TEE: Policy


#: Real file descriptors, untouched: debuggers, curses, progress bars and child processes are native.
Policy.PASS_THROUGH = Policy("PASS_THROUGH", captures=False, echoes=False)
#: Messages for the frontend; nothing reaches the process' own output.
Policy.TO_MESSAGES = Policy("TO_MESSAGES", captures=True, echoes=False)
#: Both.
Policy.TEE = Policy("TEE", captures=True, echoes=True)


@contextlib.contextmanager
def redirected(out: TextIO, err: TextIO) -> Iterator[None]:
    """Have ``sys.stdout`` and ``sys.stderr`` be these streams meanwhile."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        yield
    finally:
        # The program may have put its own in place meanwhile; those stay.
        if sys.stdout is out:
            sys.stdout = before[0]
        if sys.stderr is err:
            sys.stderr = before[1]


_inheriting = False


def inherit_in_threads() -> None:
    """Have every `threading.Thread` belong to the request of the code that starts it, from now on."""
    global _inheriting
    if _inheriting:
        return
    _inheriting = True
    thread_class: Any = threading.Thread
    plain_start = thread_class.start
    # The one place where every thread begins, whatever a subclass overrides.
    plain_bootstrap = thread_class._bootstrap_inner  # noqa: SLF001

    def start(self: Any) -> None:
        current = CURRENT_IO.get()
        if current is not None:
            self._nuncius_io = current
        plain_start(self)

    def bootstrap_inner(self: Any) -> None:
        current = self.__dict__.pop("_nuncius_io", None)
        if current is not None:
            CURRENT_IO.set(current)
        plain_bootstrap(self)

    start.__doc__ = plain_start.__doc__
    thread_class.start = start
    thread_class._bootstrap_inner = bootstrap_inner  # noqa: SLF001
