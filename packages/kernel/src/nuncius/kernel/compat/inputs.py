"""Base classes and helpers for those who write input transformers: ``IPython.core.inputtransformer2``."""

from __future__ import annotations

import re
from typing import Any

__all__ = [
    "PromptStripper",
    "TokenTransformBase",
    "assemble_continued_line",
    "find_end_of_continued_line",
    "find_last_indent",
]


class TokenTransformBase:
    """A change of the lines of a cell that begins at a token; derive from it, and append the class to ``token_transformers``.

    Args:
        start: The line, from 1, and the column of the token.
    """

    priority = 10

    def __init__(self, start: tuple[int, int]) -> None:
        self.start_line = start[0] - 1
        self.start_col = start[1]

    def sortby(self) -> tuple[int, int]:
        """Return the place."""
        return self.start_line, self.start_col

    @classmethod
    def find(cls, tokens_by_line: list[list[Any]]) -> TokenTransformBase | None:
        """Return the first place where this change is to be made, None if there is none."""
        raise NotImplementedError(f"{cls.__name__} has to define find()")

    def transform(self, lines: list[str]) -> list[str]:
        """Return the lines with the change."""
        raise NotImplementedError(f"{type(self).__name__} has to define transform()")


class PromptStripper:
    """Removes prompts from lines that were copied with them.

    Args:
        prompt_re: Matches any prompt.
        initial_re: Matches the prompt of a first line; ``prompt_re`` by default.
        doctest: Spaces before the prompts are indentation.
    """

    def __init__(
        self,
        prompt_re: re.Pattern[str],
        initial_re: re.Pattern[str] | None = None,
        *,
        doctest: bool = False,
    ) -> None:
        self.prompt_re = prompt_re
        self.initial_re = initial_re or prompt_re
        self.doctest = doctest

    def __call__(self, lines: list[str]) -> list[str]:
        """Return the lines without prompts, where the first or the second has one."""
        if not lines:
            return lines
        has = self.initial_re.match(lines[0]) or (len(lines) > 1 and self.prompt_re.match(lines[1]))
        return [self._strip(line) for line in lines] if has else lines

    def _strip(self, line: str) -> str:
        match = self.prompt_re.match(line)
        if match is None:
            return line
        indent = line[: len(line) - len(line.lstrip())] if self.doctest else ""
        return indent + line[match.end() :]


def find_end_of_continued_line(lines: list[str], start_line: int) -> int:
    """Return the index of the last of the lines that backslashes join."""
    end = start_line
    while end + 1 < len(lines) and lines[end].endswith("\\\n"):
        end += 1
    return end


def assemble_continued_line(lines: list[str], start: tuple[int, int], end_line: int) -> str:
    """Return lines that backslashes join as one line; it begins at a line and a column."""
    parts = [lines[start[0]][start[1] :], *lines[start[0] + 1 : end_line + 1]]
    return " ".join([part.rstrip()[:-1] for part in parts[:-1]] + [parts[-1].rstrip()])


def find_last_indent(lines: list[str]) -> int:
    """Return the width of the indentation of the last line, tabs as four."""
    if not lines:
        return 0
    last = lines[-1]
    return len(last[: len(last) - len(last.lstrip())].replace("\t", "    "))
