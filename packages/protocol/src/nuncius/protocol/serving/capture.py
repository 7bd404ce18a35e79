"""Capture what is written to the file descriptors 1 and 2, by child processes and by C code.

Each descriptor becomes the end of a pipe. One thread reads as text arrives; before a request is finished whoever finishes it reads what is there still, so that nothing comes late.

Rule 1: reading and handing over is one step under one lock; so the order is that of the pipe.
Rule 2: the pipe is made large: code that writes while it holds the interpreter's lock would stop for ever when it is full. And nobody has to hurry to read it: `_PAUSE`.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Capture"]

_PIPE_SIZE = 1 << 20

#: Bytes to read at once. The C library takes memory for more from the system each time, at ten times the price of reading.
_CHUNK = 1 << 16

#: Seconds to leave text in the pipe after a little was read. A program that writes a line at a time would be read a line at a time, and that costs more than its writing.
_PAUSE = 0.005

#: Bytes that are more than a little.
_MUCH = 1 << 14


class Capture:
    """The descriptors 1 and 2 of this process, from `__init__` to `close`.

    Args:
        take: Called with ``stdout`` or ``stderr``, and text.

    Attributes:
        originals: Duplicates of what the descriptors were before, by number.
        descriptors: What to wait on for reading.
    """

    def __init__(self, take: Callable[[str, str], None]) -> None:
        self._take = take
        self._lock = threading.RLock()
        #: A handler of a signal may show something while its thread is in the middle of `drain`.
        self._draining = False
        self._pid = os.getpid()
        self.originals: dict[int, int] = {}
        self._pipes: list[tuple[int, str, codecs.IncrementalDecoder]] = []
        self._poller = select.poll() if hasattr(select, "poll") else None  # not on Windows
        decoder = codecs.getincrementaldecoder("utf-8")
        for number, name in ((1, "stdout"), (2, "stderr")):
            self.originals[number] = _duplicate(number)
            reading, writing = os.pipe()
            _enlarge(writing)
            os.set_blocking(reading, False)
            os.dup2(writing, number)  # makes it inheritable
            os.close(writing)
            if self._poller is not None:
                self._poller.register(reading, select.POLLIN)
            self._pipes.append((reading, name, decoder("replace")))

    @property
    def descriptors(self) -> list[int]:
        """What becomes readable when something was written."""
        return [reading for reading, _, _ in self._pipes]

    def drain(self) -> float:
        """Hand over everything that had been written when this was called: no more than a pipe holds, of who writes on and on.

        Returns:
            Seconds that whoever waits for text should pause.
        """
        if "ctypes" in sys.modules:
            _flush_c()
        if self._pid != os.getpid():
            return _PAUSE
        with self._lock:
            if self._draining:
                return _PAUSE
            self._draining = True
            try:
                count = self._read()
            finally:
                self._draining = False
        return 0.0 if count >= _MUCH else _PAUSE

    def _read(self) -> int:
        """Take what the pipes have; return how many bytes that were."""
        count = 0
        # Nearly always there is nothing, and every cell asks: one look at both.
        if self._poller is not None and not self._poller.poll(0):
            return count
        for reading, name, decoder in self._pipes:
            left = _PIPE_SIZE
            while left > 0:
                try:
                    data = os.read(reading, _CHUNK)
                except OSError:
                    break
                count += len(data)
                if text := decoder.decode(data):
                    self._take(name, text)
                if len(data) < _CHUNK:
                    break  # the pipe was empty then
                left -= len(data)
        return count

    def close(self) -> None:
        """Give the descriptors back; what was not read yet is read."""
        for number, original in self.originals.items():
            with contextlib.suppress(OSError):
                os.dup2(original, number)
        self.drain()
        with self._lock:
            for reading, _, _ in self._pipes:
                os.close(reading)
            self._pipes.clear()


def _duplicate(number: int) -> int:
    try:
        return os.dup(number)
    except OSError:
        # The process was started with this descriptor closed.
        null = os.open(os.devnull, os.O_RDWR)
        if null != number:
            return null
        return os.dup(null)


def _enlarge(descriptor: int) -> None:
    try:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
    except (ImportError, AttributeError, OSError):
        return


_libc: Any = None


def _flush_c() -> None:
    """Flush the buffers of C's standard library: to a pipe it does not write line by line."""
    global _libc
    with contextlib.suppress(AttributeError, OSError, TypeError):
        if _libc is None:
            import ctypes

            _libc = ctypes.CDLL(None)
        _libc.fflush(None)
