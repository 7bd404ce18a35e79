"""Write what magics say, and read the small things that they are told."""

from __future__ import annotations

from collections.abc import Iterable

from nuncius.kernel import saying

__all__ = ["agreed", "columns", "say", "switch", "warn"]

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


def columns(words: Iterable[str], width: int = 80) -> str:
    """Return words in columns, as ``ls`` has them: down, then across."""
    items = list(words)
    if not items:
        return "\n"
    for count in range(min(len(items), width), 0, -1):
        rows = -(-len(items) // count)
        table = [items[i : i + rows] for i in range(0, len(items), rows)]
        widths = [max(map(len, column)) for column in table]
        if sum(widths) + 2 * (len(widths) - 1) <= width or count == 1:
            break
    lines = []
    for row in range(rows):
        cells = [column[row].ljust(w) for column, w in zip(table, widths, strict=True) if row < len(column)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"
