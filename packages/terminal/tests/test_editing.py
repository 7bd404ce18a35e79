"""What keys do, decided from text alone."""

from __future__ import annotations

import pytest

from nuncius.terminal.editing import Enter, Newline, decide_enter, dedent_width, strip_prompts


@pytest.mark.parametrize(
    ("text", "status", "indent", "expected"),
    [
        ("1 + 1|", "complete", "", Enter.RUN),
        ("for i in x:|", "incomplete", "    ", Newline("    ")),
        ("a = 1|\nb = 2", "complete", "", Newline("")),
        ("if x:\n    a = 1|\n    b = 2", "complete", "", Newline("    ")),
        ("prin|t(1)", "complete", "", Enter.RUN),
        ("if x:\n    a = 1\n|", "complete", "", Enter.RUN),
        ("x = (|", "invalid", "", Enter.RUN),
        ("while true\n  do|", "unknown", "", Newline("  ")),
        ("while true\n|", "unknown", "", Enter.RUN),
    ],
)
def test_enter_runs_what_is_complete_and_otherwise_begins_a_line(
    text: str, status: str, indent: str, expected: object
) -> None:
    assert decide_enter(text.replace("|", ""), text.index("|"), status, indent) == expected


@pytest.mark.parametrize(
    ("line", "width"),
    [("", 1), ("x", 1), ("    ", 4), ("      ", 2), ("        ", 4), ("\t", 1), ("    x ", 1)],
)
def test_backspace_goes_back_one_level_within_the_indentation(line: str, width: int) -> None:
    assert dedent_width(line) == width


def test_pasted_prompts_are_removed() -> None:
    assert strip_prompts(">>> def f():\n...     return 1\n") == "def f():\n    return 1\n"
    assert strip_prompts("In [3]: x = 1\n   ...: y = 2\n") == "x = 1\ny = 2\n"
    assert strip_prompts("x = 1\n") == "x = 1\n"


@pytest.mark.parametrize("line", ["for i in x; do", "f() {", "let a =", "ls |", "a \\", "if x:"])
def test_a_line_of_any_language_that_goes_on_is_known_by_its_end(line: str) -> None:
    assert decide_enter(line, len(line), "unknown", "") == Newline("")


@pytest.mark.parametrize("line", ["echo do it", "ls", "x = undo", ""])
def test_others_run(line: str) -> None:
    assert decide_enter(line, len(line), "unknown", "") is Enter.RUN
