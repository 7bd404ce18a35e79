"""Write what magics say, and read the small things that they are told."""

from __future__ import annotations

from nuncius.kernel import saying

__all__ = ["agreed", "say", "switch", "warn"]

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
