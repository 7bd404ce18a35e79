"""What stands before input and output: ``In [3]:``, ``   ...:``, ``Out[3]:``.

A `Prompts` object returns styled text; replace it at run time to have prompts of your own.
"""

from __future__ import annotations

__all__ = ["Prompts", "Styled", "plain"]

#: (style, text) pairs, as prompt_toolkit takes them.
Styled = list[tuple[str, str]]


def plain(styled: Styled) -> str:
    """Return the text without its styles."""
    return "".join(text for _, text in styled)


class Prompts:
    """The prompts of the shell."""

    def input(self, number: int) -> Styled:
        """Return what stands before the first line of input."""
        return [
            ("class:prompt", "In ["),
            ("class:prompt.number", str(number)),
            ("class:prompt", "]: "),
        ]

    def continuation(self, width: int) -> Styled:
        """Return what stands before the next lines of input, right-aligned to ``width`` columns."""
        return [("class:prompt", "...: ".rjust(width))]

    def output(self, number: int) -> Styled:
        """Return what stands before a result."""
        return [
            ("class:out", "Out["),
            ("class:out.number", str(number)),
            ("class:out", "]: "),
        ]

    def other_input(self, number: int) -> Styled:
        """Return what stands before input that another frontend sent to the same kernel."""
        return [("class:other", f"In (other) [{number}]: ")]
