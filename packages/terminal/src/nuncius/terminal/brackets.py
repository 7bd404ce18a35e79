"""Type the closing bracket or quote with the opening one, for people who like that."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_toolkit.document import Document
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

__all__ = ["add_brackets", "closes", "opens"]

_PAIRS = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}


def opens(document: Document, key: str) -> bool:
    """Tell whether ``key`` begins a pair here: nothing but blanks or a closing bracket follows, and no quote ends a word."""
    after = document.char_before_cursor
    if key in "\"'" and (after.isalnum() or after in "\"'"):
        return False
    return document.current_char in ("", "\n", " ", ")", "]", "}", ",", ":")


def closes(document: Document, key: str) -> bool:
    """Tell whether ``key`` stands there already, to be stepped over."""
    return document.current_char == key


def add_brackets(bindings: KeyBindings) -> None:
    """Bind brackets and quotes."""
    for key in {*_PAIRS, *_PAIRS.values()}:
        bindings.add(key)(_type)


def _type(event: KeyPressEvent) -> None:
    buffer, key = event.current_buffer, event.data
    if closes(buffer.document, key) and key in _PAIRS.values():
        buffer.cursor_right()
    elif key in _PAIRS and opens(buffer.document, key):
        buffer.insert_text(key + _PAIRS[key], move_cursor=False)
        buffer.cursor_right()
    else:
        buffer.insert_text(key)
