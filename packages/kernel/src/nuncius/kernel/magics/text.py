"""Write what magics say, and read the small things that they are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nuncius.kernel import saying
from nuncius.kernel.errors import UsageError

__all__ = ["agreed", "say", "switch", "unquoted", "warn", "writing"]

_ON = frozenset({"1", "on", "true", "yes"})
_OFF = frozenset({"0", "off", "false", "no"})


def say(text: str) -> None:
    """Write a line to the output."""
    saying.say(f"{text}\n")


def warn(text: str) -> None:
    """Write a line to the errors' stream."""
    saying.complain(f"{text}\n")


def switch(text: str, now: bool) -> bool | None:
    """Return what an on-or-off argument asks for: nothing toggles; None if it is neither on nor off."""
    word = text.strip().lower()
    if not word:
        return not now
    if word in _ON:
        return True
    return False if word in _OFF else None


def agreed(question: str) -> bool:
    """Ask the person yes or no, no being what a bare return means; True where nobody can be asked."""
    from nuncius.protocol.errors import StdinNotSupported

    try:
        return input(f"{question} (y/[n])? ").strip().lower() in ("y", "yes")
    except (StdinNotSupported, EOFError):
        return True


def unquoted(text: str) -> str:
    """Return a text without the quotes around it."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


@contextmanager
def writing(magic: str, path: Any) -> Iterator[None]:
    """Have what hinders the writing of a file be told in a line.

    Args:
        magic: Who writes.
        path: The file.

    Raises:
        UsageError: It could not be written.
    """
    try:
        yield
    except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{magic}: cannot write {path}: {why}") from None
