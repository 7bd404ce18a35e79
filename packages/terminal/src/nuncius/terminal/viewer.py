"""Show a table in the whole terminal, to move over it: ``%view``."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nuncius.terminal.viewing import NotATable, TableView, expression, read_chunk
from nuncius.terminal.window import window_size

__all__ = ["view"]

#: Seconds between two looks at the size of the window.
_LOOK = 0.3

#: What the keys of a terminal are called here.
_KEYS = {
    "c-m": "enter", "c-j": "enter", " ": "space", "escape": "q", "c-c": "q", "c-d": "q", "c-p": "up", "c-n": "down",
    "c-f": "pagedown", "c-b": "pageup", "c-v": "pagedown", "c-a": "0", "c-e": "$", "s-left": "0", "s-right": "$",
    "c-home": "home", "c-end": "end",
}  # fmt: skip


def view(value: str, evaluate: Callable[[str], Mapping[str, Any]]) -> None:
    """Show a table until the person leaves it.

    Args:
        value: The expression for it.
        evaluate: Has the kernel evaluate an expression; returns its answer.

    Raises:
        NotATable: It is none.
    """

    def fetch(top: int, left: int) -> Any:
        return read_chunk(evaluate(expression(value, top, left)), top, left)

    shown = TableView(fetch, fetch(0, 0))
    if not (sys.stdin.isatty() and sys.stdout.isatty() and os.name == "posix"):
        size = window_size()
        sys.stdout.write("\n".join(shown.lines(size.columns, size.lines)[:-1]).rstrip() + "\n")
        return
    with _whole_screen():
        _converse(shown)


def _converse(shown: TableView) -> None:
    from prompt_toolkit.input import create_input

    source = create_input()
    size = window_size()
    with source.raw_mode():
        _draw(shown, size)
        while not source.closed:
            if size != window_size():
                size = window_size()
                shown = shown.pressed("", size.lines)
                _draw(shown, size)
            if not select.select([source.fileno()], [], [], _LOOK)[0]:
                pressed = source.flush_keys()
            else:
                pressed = source.read_keys()
            for key in pressed:
                name = getattr(key.key, "value", key.key)
                name = _KEYS.get(name, name)
                if name == "q":
                    return
                shown = shown.pressed(name, size.lines)
            if pressed:
                _draw(shown, size)


def _draw(shown: TableView, size: os.terminal_size) -> None:
    lines = shown.lines(size.columns, size.lines)
    text = "".join(f"\x1b[{at};1H{line}\x1b[0m\x1b[K" for at, line in enumerate(lines, 1))
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def _whole_screen() -> Iterator[None]:
    sys.stdout.write("\x1b[?1049h\x1b[?25l\x1b[2J")
    sys.stdout.flush()
    try:
        yield
    finally:
        sys.stdout.write("\x1b[?25h\x1b[?1049l")
        sys.stdout.flush()


def explain(error: NotATable) -> str:
    """Return what is said when there is no table."""
    return (
        f"%view shows tables: data frames, arrays, lists and dictionaries; this is none ({error})"
    )
