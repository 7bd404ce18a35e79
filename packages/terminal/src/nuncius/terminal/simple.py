"""Read cells as plain lines: for pipes, Emacs, dumb terminals and screen readers. No escape codes, no prompt_toolkit."""

from __future__ import annotations

import sys
from collections.abc import Callable

from nuncius.terminal.prompts import Prompts, plain

__all__ = ["SimplePrompt"]


class SimplePrompt:
    """The prompt where the terminal can show nothing but text.

    Args:
        judge: Tells whether a cell is complete; returns status and indentation.
        prompts: What stands before the input.
    """

    def __init__(
        self, judge: Callable[[str], tuple[str, str]], prompts: Prompts | None = None
    ) -> None:
        self.prompts = prompts or Prompts()
        self._judge = judge
        #: Nobody counts them.
        self.rows: int | None = None

    async def read(self, number: int, default: str = "") -> str:
        """Read lines, see `read_now`."""
        return self.read_now(number, default)

    def read_now(self, number: int, default: str = "") -> str:
        """Read lines until they are a complete cell, or a blank line ends an incomplete one.

        Raises:
            EOFError: The input has ended.
            KeyboardInterrupt: Ctrl-C.
        """
        before = plain(self.prompts.input(number))
        lines = [self._line(before)]
        while True:
            code = "\n".join(lines)
            status, _ = self._judge(code)
            if status != "incomplete" or (len(lines) > 1 and not lines[-1].strip()):
                return code
            lines.append(self._line(plain(self.prompts.continuation(len(before)))))

    def take_answer(self) -> tuple[str, bool]:
        """Return nothing: the terminal makes lines of keys at any time."""
        return "", False

    def show_result_prompt(self, number: int) -> None:
        """Print what stands before a result, without ending the line."""
        sys.stdout.write(plain(self.prompts.output(number)))

    def show_other_prompt(self, number: int) -> None:
        """Print what stands before the input of another frontend, without ending the line."""
        sys.stdout.write(plain(self.prompts.other_input(number)))

    def above(self, write: Callable[[], None]) -> None:
        """Call ``write``, which prints."""
        write()

    def renumber(self, number: int) -> None:
        """Do nothing: what is printed stays."""

    @staticmethod
    def _line(prompt: str) -> str:
        sys.stdout.write(prompt)
        sys.stdout.flush()
        try:
            line = sys.stdin.readline()
        except KeyboardInterrupt:
            sys.stdout.write("\n")
            raise
        if not line:
            raise EOFError
        return line.rstrip("\n")
