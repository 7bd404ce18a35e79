"""``IPython.terminal.prompts``: a person's own prompts, as a class that returns them in colored pieces."""

from __future__ import annotations

from typing import Any

from pygments.token import Token

__all__ = ["ClassicPrompts", "Prompts", "Token"]

Pieces = list[tuple[Any, str]]


class Prompts:
    """The usual prompts; to have others, derive from it and override methods.

    Args:
        shell: Whose cells are counted.
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def vi_mode(self) -> str:
        """Return what tells the mode of vi; empty outside of it."""
        return ""

    def current_line(self) -> int:
        """Return the number of the cell."""
        number: int = self.shell.execution_count
        return number

    def in_prompt_tokens(self) -> Pieces:
        """Return what stands before a cell."""
        return [
            (Token.Prompt, f"{self.vi_mode()}In ["),
            (Token.PromptNum, str(self.current_line())),
            (Token.Prompt, "]: "),
        ]

    def _width(self) -> int:
        return sum(len(text) for _, text in self.in_prompt_tokens())

    def continuation_prompt_tokens(
        self, width: int | None = None, *, lineno: int | None = None, wrap_count: int | None = None
    ) -> Pieces:
        """Return what stands before the other lines of a cell."""
        return [(Token.Prompt, "...: ".rjust(self._width() if width is None else width))]

    def rewrite_prompt_tokens(self) -> Pieces:
        """Return what stands before a line that was changed."""
        return [(Token.Prompt, "-" * (self._width() - 2) + "> ")]

    def out_prompt_tokens(self) -> Pieces:
        """Return what stands before a value."""
        return [
            (Token.OutPrompt, "Out["),
            (Token.OutPromptNum, str(self.current_line())),
            (Token.OutPrompt, "]: "),
        ]


class ClassicPrompts(Prompts):
    """The prompts of Python itself."""

    def in_prompt_tokens(self) -> Pieces:
        """Return what stands before a cell."""
        return [(Token.Prompt, ">>> ")]

    def continuation_prompt_tokens(
        self, width: int | None = None, *, lineno: int | None = None, wrap_count: int | None = None
    ) -> Pieces:
        """Return what stands before the other lines of a cell."""
        return [(Token.Prompt, "... ")]

    def rewrite_prompt_tokens(self) -> Pieces:
        """Return nothing."""
        return []

    def out_prompt_tokens(self) -> Pieces:
        """Return nothing."""
        return []
