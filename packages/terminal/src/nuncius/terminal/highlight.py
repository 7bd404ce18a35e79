"""Color the code that is typed. Pygments is imported behind the first prompt, not before it."""

from __future__ import annotations

from prompt_toolkit.lexers import DynamicLexer, Lexer, SimpleLexer

__all__ = ["LateLexer"]


class LateLexer:
    """A lexer that shows plain text until Pygments is there.

    Args:
        language: As ``language_info.pygments_lexer`` or ``language_info.name`` has it.
    """

    def __init__(self, language: str) -> None:
        self._language = language
        self._lexer: Lexer = SimpleLexer()

    def lexer(self) -> Lexer:
        """Return what to give to a prompt."""
        return DynamicLexer(lambda: self._lexer)

    def load(self) -> None:
        """Import Pygments and find the lexer; an unknown language stays plain."""
        from prompt_toolkit.lexers import PygmentsLexer
        from pygments.lexers import get_lexer_by_name
        from pygments.util import ClassNotFound

        # "ipython3" is IPython's own lexer; what it adds to Python is only a few marks.
        name = "python" if self._language.startswith("ipython") else self._language
        try:
            self._lexer = PygmentsLexer(type(get_lexer_by_name(name)))
        except ClassNotFound:
            return
