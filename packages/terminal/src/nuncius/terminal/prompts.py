"""What stands before input and output: ``In [3]:``, ``   ...:``, ``Out[3]:``.

A `Prompts` object returns styled text; replace it at run time to have prompts of your own.
"""

from __future__ import annotations

__all__ = ["Prompts", "Styled", "plain"]

#: (style, text) pairs, as prompt_toolkit takes them. Text of the style ``[ZeroWidthEscape]`` is for the terminal, and takes no room.
Styled = list[tuple[str, str]]

_ESCAPE = "[ZeroWidthEscape]"


def plain(styled: Styled) -> str:
    """Return the text without its styles and escape codes."""
    return "".join(text for style, text in styled if style != _ESCAPE)


class Prompts:
    """The prompts of the shell.

    Args:
        marks: Tell the terminal where prompts and inputs begin (OSC 133).
    """

    def __init__(self, *, marks: bool = False) -> None:
        self.marks = marks

    def input(self, number: int) -> Styled:
        """Return what stands before the first line of input."""
        return self._marked(
            [
                ("class:prompt", "In ["),
                ("class:prompt.number", str(number)),
                ("class:prompt", "]: "),
            ]
        )

    def continuation(self, width: int) -> Styled:
        """Return what stands before the next lines of input, right-aligned to ``width`` columns."""
        return [("class:prompt", "...: ".rjust(width))]

    def left_behind(self) -> Styled:
        """Return what stays of a transient prompt before a cell that runs."""
        return self._marked([("class:prompt", "> ")])

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

    def _marked(self, styled: Styled) -> Styled:
        if not self.marks:
            return styled
        return [(_ESCAPE, "\x1b]133;A\x07"), *styled, (_ESCAPE, "\x1b]133;B\x07")]
