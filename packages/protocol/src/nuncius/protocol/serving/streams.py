"""Bring what a program prints to the request that it belongs to: `OutStream` stands in for ``sys.stdout`` and ``sys.stderr``, and threads inherit the request of whoever started them.

Rule 1: the request is found through `nuncius.protocol.kernel.CURRENT_IO`, which tasks inherit by themselves. Threads of C code have none: what they print belongs to the request that runs.
Rule 2: a forked child has no way to the frontends; it writes to the file descriptor, which the parent captures.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

from nuncius.protocol.kernel import CURRENT_IO, INHERITED, KernelIO
from nuncius.protocol.serving.forks import generation
from nuncius.protocol.serving.imports import when_imported
from nuncius.protocol.serving.interrupts import start_thread
from nuncius.protocol.session import parse_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["GuestStream", "OutStream", "Policy", "inherit_in_threads", "redirected"]

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
        #: For code that gives its output another parent: the request that it did so in, and who takes the output instead.
        self._override: ContextVar[tuple[KernelIO | None, KernelIO]] | None = None
        self._hooks: list[Callable[[dict[str, Any]], dict[str, Any] | None]] = []
        #: In a child of a fork: its generation, and the line that is not complete yet.
        self._line = (self._generation, "")

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
        current = self._request()
        return {} if current is None else current.request.header.to_dict()

    def get_parent(self) -> dict[str, Any]:
        """Return the request that text written now belongs to, as a nested dictionary."""
        current = self._request()
        return {} if current is None else current.request.to_dict()

    def set_parent(self, parent: Mapping[str, Any]) -> None:
        """Have what this thread or task writes belong to another request, until the one that runs is over.

        Args:
            parent: A message, or its header, as a dictionary.
        """
        self.set_thread_parent(parent)

    def set_thread_parent(self, parent: Mapping[str, Any]) -> Any:
        """As `set_parent`; return what `reset_thread_parent` takes to undo it."""
        header = parse_parent(parent.get("header", parent))
        current: Any = self._request()
        if header is None or current is None:
            return None
        if self._override is None:
            self._override = ContextVar("nuncius_stream")
        return self._override.set((_current(), current.with_parent(header)))

    def reset_thread_parent(self, token: Any) -> None:
        """Undo `set_thread_parent`."""
        if token is not None and self._override is not None:
            self._override.reset(token)

    def register_hook(self, hook: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
        """Have ``hook`` see what is written, as a message; it returns the message, another one, or None to keep it."""
        self._hooks.append(hook)

    def unregister_hook(self, hook: Callable[[dict[str, Any]], dict[str, Any] | None]) -> bool:
        """Undo `register_hook`; False if it was not registered."""
        if hook not in self._hooks:
            return False
        self._hooks.remove(hook)
        return True

    def _hooked(self, text: str) -> str:
        """Return what the hooks leave of a text."""
        message: dict[str, Any] | None = {
            "header": {"msg_type": "stream"},
            "msg_type": "stream",
            "parent_header": self.parent_header,
            "metadata": {},
            "content": {"name": self.name, "text": text},
        }
        for hook in self._hooks:
            message = None if message is None else hook(message)
        return "" if message is None else str(message["content"]["text"])

    def _request(self) -> KernelIO | None:
        current = _current()
        if self._override is not None:
            override = self._override.get(None)
            if override is not None and override[0] is current:
                return override[1]
        return current or self._fallback()

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
        length = len(text)
        if self._hooks:
            text = self._hooked(text)
        current = self._request() if self._override else _current() or self._fallback()
        if self._generation != generation():
            self._write_lines(text)
        elif current is not None:
            current.stream(self.name, text)
        elif self.echo is None:
            self._write_descriptor(text)
        if self.echo is not None:
            self.echo.write(text)
        return length

    def _write_lines(self, text: str) -> None:
        """Write whole lines: children that print at the same time do not mix within them."""
        now = generation()
        begun = self._line[1] if self._line[0] == now else ""
        lines, newline, rest = (begun + text).rpartition("\n")
        self._line = (now, rest)
        if newline:
            self._write_descriptor(lines + newline)

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
            now, rest = self._line
            if now == generation() and rest:
                self._line = (now, "")
                self._write_descriptor(rest)
            return
        current: Any = self._request()
        if current is not None:
            getattr(current, "flush_hint", current.flush)()
        if self.echo is not None:
            self.echo.flush()


class GuestStream(OutStream):
    """A text stream for a kernel within a program: what belongs to no request goes where it went before.

    Args:
        name: ``stdout`` or ``stderr``.
        original: The program's stream; None if it has none.
    """

    def __init__(self, name: str, original: TextIO | None) -> None:
        super().__init__(name, lambda: None, original)

    def _write_descriptor(self, text: str) -> None:
        if self._original is not None:
            self._original.write(text)

    def flush(self) -> None:
        """Send what is held back."""
        super().flush()
        # The program's stream may be gone when ours is collected.
        if self._original is not None and not self._original.closed and self._request() is None:
            self._original.flush()

    def isatty(self) -> bool:
        """Whether the text of the present code goes to a terminal."""
        return self._original is not None and self._request() is None and self._original.isatty()


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
    """Have every `threading.Thread`, and every call that an executor makes in one, belong to the request of the code that starts it, from now on."""
    global _inheriting
    if _inheriting:
        return
    _inheriting = True
    thread_class: Any = threading.Thread
    plain_start = thread_class.start
    # The one place where every thread begins, whatever a subclass overrides.
    plain_bootstrap = thread_class._bootstrap_inner  # noqa: SLF001

    def start(self: Any) -> None:
        if inherited := _inherited():
            self._nuncius_inherited = inherited
        start_thread(lambda: plain_start(self))

    def bootstrap_inner(self: Any) -> None:
        for variable, value in self.__dict__.pop("_nuncius_inherited", ()):
            variable.set(value)
        plain_bootstrap(self)

    start.__doc__ = plain_start.__doc__
    thread_class.start = start
    thread_class._bootstrap_inner = bootstrap_inner  # noqa: SLF001
    when_imported("concurrent.futures.thread", _inherit_in_executors)
    when_imported("multiprocessing.pool", _inherit_in_pools)


def _inherited() -> list[tuple[ContextVar[Any], Any]]:
    """Return what a thread that is started here inherits."""
    return [(each, value) for each in INHERITED if (value := each.get()) is not None]


def _present() -> list[tuple[ContextVar[Any], Any]]:
    """Return whose a call that is made here is. Also what it has not: the thread that does it may have begun for another request."""
    return [(each, each.get()) for each in INHERITED]


def _inherit_in_executors() -> None:
    from concurrent.futures import ThreadPoolExecutor

    executor_class: Any = ThreadPoolExecutor
    plain_submit = executor_class.submit

    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        return plain_submit(self, _call_for, _present(), fn, *args, **kwargs)

    submit.__doc__ = plain_submit.__doc__
    executor_class.submit = submit


def _inherit_in_pools() -> None:
    from multiprocessing.pool import ThreadPool

    # What all others call; processes have no part in this.
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        _inherit_in_method(ThreadPool, name)


def _inherit_in_method(pool_class: Any, name: str) -> None:
    plain = getattr(pool_class, name)

    @functools.wraps(plain)
    def method(self: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
        return plain(self, functools.partial(_call_for, _present(), func), *args, **kwargs)

    setattr(pool_class, name, method)


def _call_for(
    inherited: list[tuple[ContextVar[Any], Any]], fn: Any, /, *args: Any, **kwargs: Any
) -> Any:
    tokens = [(variable, variable.set(value)) for variable, value in inherited]
    try:
        return fn(*args, **kwargs)
    finally:
        for variable, token in tokens:
            variable.reset(token)
