"""What the prompt makes of the history of its kernel."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.terminal.history import glob_of, merged


@given(st.text(alphabet="ab*?[]!-\\", max_size=12))
def test_a_glob_of_a_text_is_like_that_text_alone(text: str) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        like = "SELECT ? GLOB ?"
        assert database.execute(like, (text, glob_of(text))).fetchone() == (1,)
        assert database.execute(like, (f"{text}x", glob_of(text))).fetchone() == (0,)


@pytest.mark.parametrize(
    ("here", "past", "whole"),
    [
        ([], ["b", "a"], ["b", "a"]),
        (["c"], ["b", "a"], ["c", "b", "a"]),
        (["c", "b"], ["b", "a"], ["c", "b", "a"]),
        (["c", "b"], ["c", "b", "a"], ["c", "b", "a"]),
        (["a"], ["b", "a"], ["a", "b", "a"]),
        (["a"], [], ["a"]),
    ],
)
def test_what_was_typed_here_and_what_the_kernel_knows_are_one(
    here: list[str], past: list[str], whole: list[str]
) -> None:
    assert merged(here, past) == whole
