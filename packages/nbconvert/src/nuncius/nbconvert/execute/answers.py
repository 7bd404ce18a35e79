"""Answer the questions of cells from a list: what would be typed, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nuncius.nbconvert.execute.errors import NoInput

if TYPE_CHECKING:
    from nuncius.protocol.client.exchange import Input

__all__ = ["Answers"]


class Answers:
    """Gives one line for each question.

    Args:
        lines: The answers, in the order of the questions.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._given = 0

    def __call__(self, question: Input) -> str:
        """Return the answer to a question.

        Raises:
            NoInput: There is none left.
        """
        try:
            line = next(self._lines)
        except StopIteration:
            asked = question.prompt.strip() or "without a prompt"
            raise NoInput(f"input() asks ({asked}), and there is no answer left after {self._given}; add a line to --answers") from None  # fmt: skip
        self._given += 1
        return line
