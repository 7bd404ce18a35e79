"""Color the code that is typed, at a cost that does not grow with the cell.

Python is lexed by `nuncius.terminal.lexing`. Other languages are by Pygments, which is imported behind the first prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from prompt_toolkit.lexers import Lexer

from nuncius.terminal.lexing import START, lex_line, state_after

if TYPE_CHECKING:
    from prompt_toolkit.document import Document
    from prompt_toolkit.formatted_text import StyleAndTextTuples

__all__ = ["LateLexer", "PythonLexer", "is_python"]


def is_python(language: str) -> bool:
    """Tell whether ``language`` names Python, or the language of its notebooks."""
    return language.lower() in {"python", "python3", "ipython", "ipython3", "py"}


class PythonLexer(Lexer):
    """Python, with magics."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Return what gives the fragments of a line of ``document``."""
        lines = document.lines
        #: By line; its length is how far the states are known.
        states = [START]

        def line(number: int) -> StyleAndTextTuples:
            if not 0 <= number < len(lines):
                return []
            while len(states) <= number:
                states.append(state_after(lines[len(states) - 1], states[-1]))
            fragments, _ = lex_line(lines[number], states[number])
            return [(f"class:pygments.{kind}" if kind else "", text) for kind, text in fragments]

        return line


class LateLexer(Lexer):
    """Another language: plain text until Pygments is there.

    Args:
        language: As ``language_info.pygments_lexer`` or ``language_info.name`` has it.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._lexer: Lexer | None = None

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Return what gives the fragments of a line of ``document``."""
        if self._lexer is not None:
            return self._lexer.lex_document(document)
        lines = document.lines
        return lambda number: [("", lines[number])] if 0 <= number < len(lines) else []

    def invalidation_hash(self) -> Hashable:
        """Return another value when lines have to be lexed anew."""
        return self._lexer is None

    def load(self) -> None:
        """Import Pygments and find the lexer; an unknown language stays plain."""
        from prompt_toolkit.lexers import PygmentsLexer
        from pygments.lexers import get_lexer_by_name
        from pygments.util import ClassNotFound

        try:
            self._lexer = PygmentsLexer(type(get_lexer_by_name(self._language)))
        except ClassNotFound:
            return
