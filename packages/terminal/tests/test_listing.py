"""Completions in columns, and prompts that somebody else has made."""

from __future__ import annotations

import json

import pytest

from nuncius.terminal.listing import in_columns
from nuncius.terminal.own_prompts import described, given
from nuncius.terminal.prompts import Prompts, plain

FIVE = ["a", "bb", "ccc", "dd", "e"]


@pytest.mark.parametrize(
    ("texts", "width", "lines", "shown"),
    [
        (FIVE, 80, 9, "a    bb   ccc  dd   e\n"),
        (FIVE, 11, 9, "a    dd\nbb   e\nccc\n"),
        (FIVE, 3, 9, "a\nbb\nccc\ndd\ne\n"),
        (FIVE, 3, 3, "a\nbb\n… 3 more\n"),
        (["名前", "x"], 12, 9, "名前  x\n"),
        (["far too long"], 5, 9, "far too long\n"),
        ([], 80, 9, ""),
    ],
)
def test_texts_go_down_their_columns(texts: list[str], width: int, lines: int, shown: str) -> None:
    assert in_columns(texts, width, lines) == shown


def test_prompts_arrive_as_they_were_made_but_with_the_number_of_the_cell() -> None:
    prompts = given(json.dumps(described(Prompts(), 7)), marks=True)
    assert prompts is not None
    assert plain(prompts.input(7)) == "In [7]: "
    assert plain(prompts.input(9)) == "In [9]: "
    assert prompts.input(9)[0] == ("[ZeroWidthEscape]", "\x1b]133;A\x07")
    assert prompts.continuation(8) == [("class:prompt", "   ...: ")]
    assert plain(prompts.output(9)) == "Out[9]: "


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"input": 1, "continuation": 2}', "null"])
def test_what_is_no_prompt_is_none(text: str) -> None:
    assert given(text) is None
