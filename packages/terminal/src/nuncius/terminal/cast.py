"""Make a recording of a session for asciinema players: typed as a person types, with the values that were stored.

Source of the format: docs.asciinema.org/manual/asciicast/v2.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator

from nuncius.terminal.prompts import Prompts
from nuncius.terminal.themes import sgr

__all__ = ["cast"]

#: Seconds between two keys, before a line is entered, and to read a result.
_KEY, _ENTER, _READ = 0.05, 0.4, 1.0


def cast(cells: Iterable[tuple[str, str]], columns: int = 100, lines: int = 30) -> str:
    """Return a recording.

    Args:
        cells: Source, and the text of its value, or nothing.
        columns: Of the terminal that is shown.
        lines: Of it.
    """
    # The clocks of histories do not say how fast somebody typed. The same session gives the same recording.
    chance = random.Random(0)
    header = {"version": 2, "width": columns, "height": lines, "env": {"TERM": "xterm-256color"}}
    rows = [json.dumps(header)]
    now = 0.0
    for wait, text in _events(cells):
        now += wait * chance.uniform(0.6, 1.4)
        rows.append(
            json.dumps([round(now, 3), "o", text.replace("\n", "\r\n")], ensure_ascii=False)
        )
    return "\n".join(rows) + "\n"


def _events(cells: Iterable[tuple[str, str]]) -> Iterator[tuple[float, str]]:
    from nuncius.terminal.early import paint

    prompts, colors = Prompts(), sgr("auto", {})
    number = 1
    for source, value in cells:
        yield _ENTER, paint(prompts.input(number), colors)
        width = len(f"In [{number}]: ")
        for char in source.rstrip():
            yield _KEY, char
            if char == "\n":
                yield 0.0, paint(prompts.continuation(width), colors)
        yield _ENTER, "\n"
        if value:
            gap = "\n" if "\n" in value else ""
            yield _KEY, f"{paint(prompts.output(number), colors)}{gap}{value}\n"
        yield _READ, "\n"
        number += 1
