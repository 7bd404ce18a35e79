"""Hand out programs that run in the background, whose answers may be awaited or not: ``--proc`` and ``--out`` of ``%%script --bg``."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator
from typing import IO, Any

__all__ = ["BackgroundPipe", "BackgroundProcess"]


class _Text(bytes):
    """Bytes that ``await`` gives as they are: code for IPython awaits what it reads."""

    def __await__(self) -> Generator[Any, None, bytes]:
        return self
        yield


class _Code(int):
    """An exit code that ``await`` gives as it is."""

    def __await__(self) -> Generator[Any, None, int]:
        return self
        yield


class _Pair(tuple[Any, ...]):
    """Both outputs, which ``await`` gives as they are."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, tuple[Any, ...]]:
        return self
        yield


class BackgroundProcess(subprocess.Popen[bytes]):
    """A program; ``process.wait()`` and ``await process.wait()`` are both its exit code."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, and return its exit code."""
        return _Code(super().wait(timeout))

    def communicate(self, *args: Any, **kwargs: Any) -> tuple[bytes, bytes]:
        """Return what it writes until it has ended; see `subprocess.Popen.communicate`."""
        pair: Any = _Pair(super().communicate(*args, **kwargs))
        return pair  # type: ignore[no-any-return]


class BackgroundPipe:
    """What a program writes; ``pipe.read()`` and ``await pipe.read()`` are both bytes.

    Args:
        pipe: The file to read from; its other attributes are those of this object.
        shown: What is written is shown, and nothing is left to be read.
    """

    def __init__(self, pipe: IO[bytes], *, shown: bool = False) -> None:
        self._pipe = pipe
        self._shown = shown
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, all until the end without a number."""
        return self._taken(self._pipe.read, size)

    def readline(self, size: int = -1) -> bytes:
        """Return the next line."""
        return self._taken(self._pipe.readline, size)

    def _taken(self, read: Callable[[int], bytes], size: int) -> bytes:
        if self._shown:
            return _Text()
        text = read(size)
        # a line that does not end is the last one
        self._ended = not text or (size < 0 and (read == self._pipe.read or text[-1:] != b"\n"))
        return _Text(text)

    def at_eof(self) -> bool:
        """Tell whether everything was read."""
        return self._shown or self._ended or self._pipe.closed

    def __iter__(self) -> Any:
        return iter(self._pipe)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipe, name)
