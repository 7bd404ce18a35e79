"""What a terminal says of its background: read, kept out of the keys, and remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.terminal.background import Sieve, may_ask, theme_for
from nuncius.terminal.themes import remember, remembered

ANSWERS = [
    ("rgb:ffff/ffff/ffff", "light"),
    ("rgb:0000/0000/0000", "dark"),
    ("rgb:fdfd/f6f6/e3e3", "light"),
    ("rgb:00/2b/36", "dark"),
    ("rgba:1e1e/1e1e/1e1e/ffff", "dark"),
    ("rgb:f/f/f", "light"),
    ("#eeeeee", "light"),
    ("#222", "dark"),
    ("rgb:ffff/ffff", None),
    ("blue", None),
    ("", None),
    ("#12345", None),
]


@pytest.mark.parametrize(("answer", "theme"), ANSWERS)
def test_a_color_tells_the_theme(answer: str, theme: str | None) -> None:
    assert theme_for(answer) == theme


#: Keys, some of which look like the beginning of an answer.
KEYS = st.lists(
    st.sampled_from(["a", "1", "]", "\r", "\x1b", "\x1b]", "\x1bf", "\x1b[A"]), max_size=8
).map("".join)


@given(
    before=KEYS,
    after=KEYS,
    answer=st.sampled_from([answer for answer, _ in ANSWERS]),
    end=st.sampled_from(["\x07", "\x1b\\"]),
    sizes=st.lists(st.integers(1, 12), max_size=30),
)
def test_keys_come_through_whole_wherever_the_answer_comes(
    before: str, after: str, answer: str, end: str, sizes: list[int]
) -> None:
    rest, sieve, keys = f"{before}\x1b]11;{answer}{end}{after}", Sieve(), ""
    for size in [*sizes, len(rest)]:
        keys, rest = keys + sieve.sift(rest[:size]), rest[size:]
    keys += sieve.release()

    assert (keys, sieve.answer) == (before + after, answer)


@pytest.mark.parametrize(
    ("typed", "keys"),
    [("\x1b", "\x1b"), ("\x1b]", "\x1b]"), ("\x1b]11;rgb:12/", ""), ("\x1bf", "\x1bf")],
    ids=["Escape", "Alt-]", "an answer that breaks off", "Alt-f"],
)
def test_what_nothing_follows_is_a_key(typed: str, keys: str) -> None:
    sieve = Sieve()
    assert sieve.sift(typed) + sieve.release() == keys


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, True),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, True),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, True),
        ({"TERM": "alacritty"}, True),
        ({"TERM": "screen-256color"}, False),
        ({"TERM": "xterm"}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "eterm-color"}, False),
        ({"TERM": "vt220"}, False),
        ({}, False),
        ({"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}, False),
    ],
)
def test_only_terminals_that_understand_are_asked(environ: dict[str, str], asked: bool) -> None:
    assert may_ask(environ) == asked


def test_terminals_are_remembered_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUNCIUS_DIR", str(tmp_path / "new"))
    xterm, far = {"TERM": "xterm"}, {"TERM": "xterm", "SSH_CLIENT": "192.0.2.1 4711 22"}
    assert remembered(xterm) is None

    remember("light", xterm)
    remember("dark", far)
    remember("light", far)
    for number in range(50):
        remember("dark", {"TERM": f"foot {number}"})
        remember("light", xterm)

    assert remembered(xterm) == "light"
    assert remembered({**far, "SSH_CLIENT": "192.0.2.1 4712 22"}) is None  # among the first of many
    assert remembered({"TERM": "foot 49"}) == "dark"
    kept = (tmp_path / "new" / "backgrounds").read_text().splitlines()
    assert len(kept) == 30
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["backgrounds"]


def test_what_cannot_be_kept_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUNCIUS_DIR", str(tmp_path / "file"))
    remember("light", {})
    assert remembered({}) is None
