"""Recordings of sessions."""

from __future__ import annotations

import json

import pyte

from nuncius.terminal.cast import cast
from nuncius.terminal.past import exported


def test_a_recording_plays_the_session() -> None:
    rows = [json.loads(row) for row in cast([("def f(x):\n    return x", ""), ("f(42)", "42")], 60, 8).splitlines()]  # fmt: skip
    assert rows[0] == {"version": 2, "width": 60, "height": 8, "env": {"TERM": "xterm-256color"}}
    times = [time for time, _, _ in rows[1:]]
    assert times == sorted(times)
    screen = pyte.Screen(60, 8)
    pyte.Stream(screen).feed("".join(text for _, _, text in rows[1:]))
    assert [line.rstrip() for line in screen.display] == [
        "In [1]: def f(x):", "   ...:     return x", "", "In [2]: f(42)", "Out[2]: 42", "", "", "",
    ]  # fmt: skip


def test_one_session_is_exported_with_its_values() -> None:
    entries = [(1, 1, "old"), (2, 1, ("6 * 7", "42")), (2, 2, ("x", None))]
    assert exported(entries, "script", -1) == "6 * 7\n\nx\n"
    assert exported(entries, "cast", 2) == cast([("6 * 7", "42"), ("x", "")])
