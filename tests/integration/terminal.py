"""A terminal to test programs in: a real pty, a screen, and waiting for what appears on it."""

from __future__ import annotations

import copy
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pexpect
import pyte

__all__ = ["COMMANDS", "NUNCIUS", "WHERE", "Terminal"]

CTRL = {letter: chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"}


#: The program.
NUNCIUS = str(Path(sys.executable).with_name("nuncius"))

#: The two ways to a kernel: each scenario is played on both.
COMMANDS = {
    "in-process": [NUNCIUS, "shell"],
    "zmq": [NUNCIUS, "console", "--kernel", "nuncius-python"],
}

#: A program asks where the cursor is.
WHERE = b"\x1b[6n"

#: The private mode that shows the other screen, of programs that take all of it (xterm's "alternate screen").
OTHER_SCREEN = 1049


class Screen(pyte.HistoryScreen):
    """A screen that full-screen programs put back when they end, and that leaves out what pyte does not know."""

    _before: tuple[dict[int, Any], tuple[int, int]] | None = None

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        if OTHER_SCREEN in modes and self._before is None:
            rows = {row: copy.copy(line) for row, line in self.buffer.items()}
            self._before = rows, (self.cursor.x, self.cursor.y)
            self.erase_in_display(2)
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        super().reset_mode(*modes, **kwargs)
        if OTHER_SCREEN in modes and self._before is not None:
            rows, (self.cursor.x, self.cursor.y) = self._before
            self._before = None
            self.erase_in_display(2)
            self.buffer.update(rows)

    def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
        # Private ones are about keys, not colors.
        if not private:
            super().select_graphic_rendition(*attributes)


class Terminal:
    """A program in a pty of 100 columns and 40 lines.

    Args:
        command: The program and its arguments.
        env: Its environment.
        cwd: Its folder.
        term: What the terminal says it is.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        cwd: str,
        term: str = "xterm-256color",
    ) -> None:
        self.screen = Screen(100, 40, history=5000)
        self._stream = pyte.ByteStream(self.screen)
        self.process = pexpect.spawn(
            command[0],
            list(command[1:]),
            env={**env, "TERM": term},
            cwd=cwd,
            dimensions=(40, 100),
            timeout=None,
        )
        #: Everything that was written, for error messages and for what scrolled away.
        self.raw = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.process.close(force=True)
        except pexpect.ExceptionPexpect:
            # It is killed, but on a busy machine that takes longer than pexpect waits.
            self.process.wait()

    @property
    def text(self) -> str:
        """What the screen shows, without trailing blanks."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def type(self, text: str) -> None:
        """Type text; ``\\r`` is Enter."""
        rest = text.encode()
        while rest:  # a write may take only a part
            rest = rest[self.process.send(rest) :]

    def press(self, letter: str) -> None:
        """Press Ctrl and a letter."""
        self.process.send(CTRL[letter])

    def resize(self, columns: int, lines: int) -> None:
        """Have a window of another size."""
        self.screen.resize(lines, columns)
        self.process.setwinsize(lines, columns)

    def wait(self, seen: str | Callable[[str], bool], seconds: float = 60) -> str:
        """Wait until the screen shows ``seen``; return the screen."""
        found = (lambda screen: seen in screen) if isinstance(seen, str) else seen
        end = time.monotonic() + seconds
        while True:
            self.read()
            if found(self.text):
                return self.text
            if not self.process.isalive() and not self.read():
                break
            if time.monotonic() > end:
                break
        raise AssertionError(f"waited {seconds} s for {seen!r}; the screen shows:\n{self.text}")

    def wait_exit(self, seconds: float = 60) -> int:
        """Wait until the program has ended; return its exit code (128 + n for signal n)."""
        end = time.monotonic() + seconds
        while self.process.isalive():
            self.read()
            if time.monotonic() > end:
                raise AssertionError(f"the program did not end; the screen shows:\n{self.text}")
        self.read()
        self.process.close()
        if self.process.signalstatus is not None:
            return 128 + int(self.process.signalstatus)
        return int(self.process.exitstatus)

    def read(self) -> bool:
        """Read what the program has written, if it has written something within 50 ms; tell whether it has."""
        try:
            data = self.process.read_nonblocking(65536, timeout=0.05)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return False
        self.raw += data
        first, *others = data.split(WHERE)
        self._stream.feed(first)
        for part in others:
            row, column = self.screen.cursor.y + 1, self.screen.cursor.x + 1
            os.write(self.process.child_fd, f"\x1b[{row};{column}R".encode())
            self._stream.feed(part)
        return True
