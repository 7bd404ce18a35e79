"""Wake a thread that waits for file descriptors."""

from __future__ import annotations

import contextlib
import os

__all__ = ["Wakeup"]


class Wakeup:
    """A pipe to oneself: readable from `set` until `clear`."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)

    def fileno(self) -> int:
        """Return what to wait on."""
        return self._reading

    @property
    def writing(self) -> int:
        """The end to write to."""
        return self._writing

    def set(self) -> None:
        """Wake whoever waits; from any thread, or a signal handler."""
        with contextlib.suppress(OSError):
            os.write(self._writing, b"\0")

    def clear(self) -> None:
        """Forget that it was set."""
        with contextlib.suppress(OSError):
            os.read(self._reading, 4096)

    def close(self) -> None:
        """Close both ends."""
        for descriptor in (self._reading, self._writing):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._reading = self._writing = -1
