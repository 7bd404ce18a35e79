"""Ask and tell people at a terminal, as ``IPython.utils.io`` and ``terminal`` do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TextIO

__all__ = [
    "Tee",
    "ask_yes_no",
    "get_terminal_size",
    "restore_term_title",
    "set_term_title",
    "toggle_set_term_title",
]


class Tee:
    """Writes to a file and to a stream.

    Args:
        file_or_name: The file.
        mode: How it is opened.
        channel: ``stdout`` or ``stderr``.

    Raises:
        ValueError: It is another channel.
    """

    def __init__(
        self, file_or_name: str | TextIO, mode: str = "w", channel: str = "stdout"
    ) -> None:
        if channel not in {"stdout", "stderr"}:
            raise ValueError(f"Invalid channel spec {channel!r}: expected stdout or stderr")
        opened = isinstance(file_or_name, str)
        self.file: Any = Path(file_or_name).open(mode) if opened else file_or_name  # type: ignore[arg-type]  # noqa: SIM115 - see close
        self.channel = channel
        self.ostream = getattr(sys, channel)
        setattr(sys, channel, self)
        self._closed = False

    def write(self, data: str) -> None:
        """Write to both."""
        self.file.write(data)
        self.ostream.write(data)
        self.ostream.flush()

    def flush(self) -> None:
        """Flush both."""
        self.file.flush()
        self.ostream.flush()

    def isatty(self) -> bool:
        """Tell whether the stream is a terminal."""
        return bool(self.ostream.isatty())

    def close(self) -> None:
        """Close the file, and put back the stream."""
        self.flush()
        setattr(sys, self.channel, self.ostream)
        self.file.close()
        self._closed = True


def ask_yes_no(prompt: str, default: str | None = None, interrupt: str | None = None) -> bool:
    """Ask until the answer is yes or no."""
    answers = {"y": True, "yes": True, "n": False, "no": False}
    while True:
        try:
            answer = input(f"{prompt} ").lower().strip() or default or ""
        except KeyboardInterrupt:
            answer = interrupt or ""
        except EOFError:
            if default is None:
                raise
            answer = default
        if answer in answers:
            return answers[answer]


def get_terminal_size(defaultx: int = 80, defaulty: int = 25) -> tuple[int, int]:
    """Return the columns and lines of the terminal."""
    from shutil import get_terminal_size as size

    return tuple(size((defaultx, defaulty)))  # type: ignore[return-value]


def set_term_title(title: str) -> None:
    """Do nothing: the title of the window is the terminal's own business."""


def toggle_set_term_title(val: bool) -> None:
    """Do nothing, see `set_term_title`."""


def restore_term_title() -> None:
    """Do nothing, see `set_term_title`."""
