"""Keep the last that a process writes to its real stdout and stderr, so that its death can be explained.

A thread empties the pipe, and not the event loop: a loop that is busy, or is between two runs, must not make a kernel wait.
"""

from __future__ import annotations

import contextlib
import os
import threading

__all__ = ["OutputFile", "OutputTail"]


class OutputTail:
    """The end of a pipe, and the thread that empties it.

    Args:
        limit: Bytes to keep.

    Attributes:
        write_end: The file descriptor to give to the process; call `started` afterwards.
    """

    def __init__(self, limit: int = 16384) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._stop_read, self._stop_write = os.pipe()
        self._thread: threading.Thread | None = None

    def started(self) -> None:
        """Close our copy of the write end, and begin to read."""
        os.close(self.write_end)
        self._thread = threading.Thread(target=self._run, name="kernel-output", daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Return what is kept, from the first whole line on."""
        data = bytes(self._kept)
        if len(data) >= self._limit:
            data = data.partition(b"\n")[2] or data
        return data.decode("utf-8", "replace")

    def finish(self) -> str:
        """Read what is still in the pipe, end the thread, and return the text. The process has ended; those that it started may still hold the pipe."""
        thread, self._thread = self._thread, None
        if thread is not None:
            os.write(self._stop_write, b"x")
            thread.join()
            for descriptor in (self._read_end, self._stop_read, self._stop_write):
                os.close(descriptor)
        return self.text()

    def abandon(self) -> None:
        """Close everything; the process was never started."""
        for descriptor in (self._read_end, self.write_end, self._stop_read, self._stop_write):
            os.close(descriptor)

    def _run(self) -> None:
        from selectors import EVENT_READ, DefaultSelector

        with DefaultSelector() as selector:
            selector.register(self._stop_read, EVENT_READ)
            selector.register(self._read_end, EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if not self._drain() and self._read_end in selector.get_map():
                    selector.unregister(self._read_end)
                if self._stop_read in ready:
                    return

    def _drain(self) -> bool:
        """Read all that is there; False at the end of the pipe."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._read_end, 65536):
                self._kept += data
                del self._kept[: -self._limit]
            return False
        return True


class OutputFile:
    """The same by a file without a name, for a process that outlives us: it can write whether or not we read.

    Args:
        limit: Bytes to return at the end.

    Attributes:
        write_end: The file descriptor to give to the process; call `started` afterwards.
    """

    def __init__(self, limit: int = 16384) -> None:
        import tempfile

        self._limit = limit
        self._file = tempfile.TemporaryFile("a+b", buffering=0)  # noqa: SIM115 - closed by `finish`
        self.write_end = self._file.fileno()

    def started(self) -> None:
        """Nothing is to be done."""

    def finish(self) -> str:
        """Return the last that was written, from the first whole line on, and close the file."""
        with self._file as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - self._limit))
            data = file.read()
        if size > self._limit:
            data = data.partition(b"\n")[2] or data
        return data.decode("utf-8", "replace")

    def abandon(self) -> None:
        """Close the file; the process was never started."""
        self._file.close()
