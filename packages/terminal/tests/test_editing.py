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


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        (">>> def f():\n...     return 1\n", "def f():\n    return 1\n"),
        ("In [3]: x = 1\n   ...: y = 2\n", "x = 1\ny = 2\n"),
        ("x = 1\n", "x = 1\n"),
        # What was printed is left out.
        (">>> 1 / 0\nTraceback (most recent call last):\n  ...\n>>> x = 2", "1 / 0\nx = 2"),
        (">>> for n in a:\n...     n\n...\n0\n1\n>>> np.eye(9)\n[[1, ..., 0],\n ...,\n [0]]\n", "for n in a:\n    n\n\nnp.eye(9)\n"),
        ("In [3]: def f():\n   ...:     return 6\n   ...: \n\nIn [4]: f()\nOut[4]: 6\n\nIn [5]: ", "def f():\n    return 6\n\nf()\n"),
        ("In [3]: %time f()\nWall time: 1 s\nOut[3]: <F>\n", "%time f()\n"),
        # Where only the first line has a prompt, the others go on with it.
        (">>> def f():\n    x = 1\n    return x\n", "def f():\n    x = 1\n    return x\n"),
        ('>>> s = """a\nb\n"""\n', 's = """a\nb\n"""\n'),
        # Not a session: nothing is left out.
        ('"""Doc.\n\n>>> 1 + 1\n2\n"""\n', '"""Doc.\n\n>>> 1 + 1\n2\n"""\n'),
        ("x = 1\n>>> x\n1\n", "x = 1\nx\n1\n"),
    ],
)  # fmt: skip
def test_pasted_prompts_are_removed(pasted: str, code: str) -> None:
    assert strip_prompts(pasted) == code


@pytest.mark.parametrize("line", ["for i in x; do", "f() {", "let a =", "ls |", "a \\", "if x:"])
def test_a_line_of_any_language_that_goes_on_is_known_by_its_end(line: str) -> None:
    assert decide_enter(line, len(line), "unknown", "") == Newline("")


@pytest.mark.parametrize("line", ["echo do it", "ls", "x = undo", ""])
def test_others_run(line: str) -> None:
    assert decide_enter(line, len(line), "unknown", "") is Enter.RUN
