"""Write a kernel's own remarks to its log: the standard error that the process had at its start.

They must not go through ``sys.stderr``, which is the program's, nor fill a disk when somebody floods the kernel with garbage: of each kind the 1st, 10th, 100th ... is written.
"""

from __future__ import annotations

import contextlib
import os

__all__ = ["Notes"]


class Notes:
    """Where remarks go.

    Args:
        descriptor: A file descriptor; `close` closes it.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        #: How often each kind was said.
        self.counts: dict[str, int] = {}

    def say(self, kind: str, text: str) -> None:
        """Write ``text``, unless its kind was said often.

        Args:
            kind: What is counted.
            text: One line.
        """
        count = self.counts[kind] = self.counts.get(kind, 0) + 1
        if str(count).strip("0") != "1":
            return
        often = f" ({count} times so far)" if count > 1 else ""
        line = f"[nuncius kernel {os.getpid()}] {text}{often}\n"
        with contextlib.suppress(OSError):
            os.write(self.descriptor, line.encode("utf-8", "replace"))

    def close(self) -> None:
        """Close the descriptor."""
        with contextlib.suppress(OSError):
            os.close(self.descriptor)
