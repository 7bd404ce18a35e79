"""Answers that are typed before their questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.terminal.asking import ask, ask_secret
from nuncius.terminal.early import split_answer


@pytest.mark.parametrize(
    ("typed", "split"),
    [
        (b"", ("", False, b"")),
        (b"Ada", ("Ada", False, b"")),
        (b"Ada\rx = 1\r", ("Ada", True, b"x = 1\r")),
        (b"Ada\n", ("Ada", True, b"")),
        (b"Adam\x7f\r", ("Ada", True, b"")),
        ("Zo\u00eb\x7f\u00e9\r".encode(), ("Zo\u00e9", True, b"")),
        (b"Bob\x15Ada\r", ("Ada", True, b"")),
        # Keys that mean something to an editor, and halves of characters, are for the next prompt.
        (b"\x1b[A\r", ("", False, b"\x1b[A\r")),
        (b"\x03", ("", False, b"\x03")),
        (b"\xc3", ("", False, b"\xc3")),
    ],
)
def test_what_was_typed_is_split(typed: bytes, split: tuple[str, bool, bytes]) -> None:
    assert split_answer(typed) == split


@given(st.binary())
def test_whatever_was_typed_is_split_or_kept(typed: bytes) -> None:
    answer, whole, rest = split_answer(typed)
    assert rest == typed or whole or not rest
    assert not set(answer) & set("\r\n\x7f\x1b")


def test_a_whole_answer_is_taken_and_shown_unless_it_is_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ask("name? ", ("Ada", True)) == "Ada"
    assert ask_secret("secret? ", ("hidden", True)) == "hidden"
    assert capsys.readouterr().out == "name? Ada\nsecret? \n"
