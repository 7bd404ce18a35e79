"""Text that programs write for terminals: what is shown, in a console and in a document."""

from __future__ import annotations

import time

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.protocol.text.ansi import (
    PLAIN,
    Parser,
    Run,
    Settler,
    Style,
    parse,
    rgb,
    settle,
    strip,
    to_html,
)

RED = Style(foreground=1)


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("plain", [Run("plain")]),
        ("", []),
        ("\x1b[31mred\x1b[0m!", [Run("red", RED), Run("!")]),
        ("\x1b[31mred\x1b[m!", [Run("red", RED), Run("!")]),
        ("\x1b[1;4;97;100mx", [Run("x", Style(15, 8, bold=True, underline=True))]),
        ("\x1b[38;5;208;48;2;1;2;3mx", [Run("x", Style(208, (1, 2, 3)))]),
        ("\x1b[38:5:208mx\x1b[38:2::1:2:3my", [Run("x", Style(208)), Run("y", Style((1, 2, 3)))]),
        ("\x1b[58;5;1;31mx", [Run("x", RED)]),
        ("\x1b[38;5;999mx", [Run("x")]),
        ("\x1b[38;2;1mx", [Run("x", Style((1, 0, 0)))]),
        ("\x1b[1;31m\x1b[22;39mx", [Run("x")]),
        ("\x1b[4:3mx\x1b[4:0my", [Run("x", Style(underline=True)), Run("y")]),
        ("\x1b[7;9;3;2;5;8;53mx", [
            Run("x", Style(None, None, False, True, True, False, True, True, True, True, True))
        ]),
        ("a\x1b[2K\x1b[?25lb\x1b(Bc\x1b=d", [Run("abcd")]),
        ("a\x00\x07\x0eb", [Run("ab")]),
        ("\x1b]0;title\x07x", [Run("x")]),
        ("\x1bPq#0\x1b\\x", [Run("x")]),
        ("\x1b]8;id=1;https://a.b\x1b\\link\x1b]8;;\x1b\\!", [
            Run("link", Style(link="https://a.b")), Run("!")
        ]),
        ("\x1b]8;;https://a.b\x07\x1b[31mx\x1b[0my", [
            Run("x", Style(1, link="https://a.b")), Run("y", Style(link="https://a.b"))
        ]),
        ("\x1b[>4;2mx\x1b[<umy", [Run("xmy")]),
        ("\x1b[" + "9" * 5000 + "mx", [Run("x")]),
    ],
)  # fmt: skip
def test_runs_have_styles(text: str, runs: list[Run]) -> None:
    assert parse(text) == runs


COLORED = "a\x1b[1;31mb\x1b[38;2;1;2;3mc\x1b]8;;https://x.y/\x1b\\d\x1b]8;;\x07\x1b(Be\x1b[0mf"


@pytest.mark.parametrize("cut", range(1, len(COLORED)))
def test_a_sequence_may_be_cut_anywhere(cut: int) -> None:
    """The text of a stream comes in pieces as the kernel flushes them."""
    parser = Parser()
    runs = parser.feed(COLORED[:cut]) + parser.feed(COLORED[cut:])
    merged: list[Run] = []
    for run in runs:
        if merged and merged[-1].style == run.style:
            merged[-1] = Run(merged[-1].text + run.text, run.style)
        else:
            merged.append(run)
    assert merged == parse(COLORED)


def test_strip_leaves_the_text() -> None:
    assert strip(COLORED) == "abcdef"
    assert strip("plain") == "plain"


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("a < b & 'c'", "a &lt; b &amp; 'c'"),
        ("\x1b[31mred", '<span class="ansi-red-fg">red</span>'),
        ("\x1b[1;31mred", '<span class="ansi-red-intense-fg ansi-bold">red</span>'),
        ("\x1b[92;44mx", '<span class="ansi-green-intense-fg ansi-blue-bg">x</span>'),
        ("\x1b[7mx", '<span class="ansi-default-inverse-fg ansi-default-inverse-bg">x</span>'),
        ("\x1b[7;31mx", '<span class="ansi-default-inverse-fg ansi-red-bg">x</span>'),
        ("\x1b[38;5;208mx", '<span style="color: rgb(255,135,0)">x</span>'),
        ("\x1b[48;5;244mx", '<span style="background-color: rgb(128,128,128)">x</span>'),
        (
            '\x1b]8;;https://a.b/?q="&<\x07x',
            '<a href="https://a.b/?q=&quot;&amp;&lt;">x</a>',
        ),
        ("\x1b]8;;javascript:alert(1)\x07x", "x"),
        ("\x1b]8;; JavaScript:alert(1)\x07x", "x"),
    ],
)
def test_documents_are_escaped_and_classed(text: str, document: str) -> None:
    assert to_html(text) == document


def test_bold_need_not_be_bright() -> None:
    assert (
        to_html("\x1b[1;31mx", bold_is_bright=False)
        == '<span class="ansi-red-fg ansi-bold">x</span>'
    )


def test_the_palette_has_a_cube_and_grays() -> None:
    assert [rgb(16), rgb(231), rgb(196), rgb(232), rgb(255)] == [
        (0, 0, 0),
        (255, 255, 255),
        (255, 0, 0),
        (8, 8, 8),
        (238, 238, 238),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\n", "a\nb\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("10%\r20%\r30%", "30%"),
        ("100%\r5%", "5%0%"),
        ("100%\r\x1b[K5%", "5%"),
        ("abc\b\bX", "aXc"),
        ("\b\bx", "x"),
        ("a\nb\n\x1b[2A\rX\x1b[2BY", "X\nb\n Y"),
        ("one\ntwo\x1b[1A\x1b[2K\rnew", "new\ntwo"),
        ("a\x1b[3Cb", "a   b"),
        ("abc\x1b[1Gx", "xbc"),
        ("abc\x1b[1K", "   "),
        ("old\x1b[2J\x1b[Hnew", "new"),
        ("a\nb\x1b[1A\x1b[Jc", "ac"),
        ("\x1b[31mred\x1b[0m\rR", "R\x1b[31med\x1b[0m"),
        ("\x1b[31mab\rc", "\x1b[31mcb"),
        (
            "\x1b]8;;https://a.b\x07ab\x1b]8;;\x07\rc",
            "c\x1b]8;;https://a.b\x1b\\b\x1b]8;;\x1b\\",
        ),
    ],
)
def test_a_progress_bar_is_what_the_terminal_shows_at_the_end(text: str, shown: str) -> None:
    assert settle(text) == shown


PIECES = st.lists(
    st.sampled_from(
        [
            *("ab", "c", "\r", "\n", "\b", "\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[A", "\x1b[2A"),
            *("\x1b[3C", "\x1b[D", "\x1b[5G", "\x1b[31m", "\x1b[0m", "\x1b[1m"),
        ]
    ),
    max_size=20,
)


@given(pieces=PIECES)
def test_a_real_terminal_shows_the_same(pieces: list[str]) -> None:
    """Side by side with a terminal emulator, white space at line ends aside."""
    text = "".join(pieces)
    screen = pyte.Screen(100, 50)
    screen.set_mode(pyte.modes.LNM)
    pyte.Stream(screen).feed(text)
    shown = [line.rstrip() for line in screen.display]
    ours = [line.rstrip() for line in strip(settle(text)).split("\n")]
    assert ours == shown[: len(ours)]
    assert not any(shown[len(ours) :])


TERMINAL_TEXT = st.lists(
    st.sampled_from(
        ["\x1b", "\x1b[", "\x1b]8;;", "\x07", "\x1b\\", ";", "38;5;", "31m", "\r", "\n"]
    )
    | st.text(max_size=4)
).map("".join)


@given(text=TERMINAL_TEXT, other=TERMINAL_TEXT)
def test_any_text_is_accepted(text: str, other: str) -> None:
    assert "\x00" not in "".join(run.text for run in parse(text))
    assert to_html(text).count("<span") == to_html(text).count("</span")
    settled = settle(text)
    assert settle(settled) == settled
    parser = Parser()
    parser.feed(text)
    parser.feed(other)


MOVING_TEXT = st.lists(
    st.sampled_from(
        ["\r", "\b", "\n", "\x1b[A", "\x1b[2A", "\x1b[K", "\x1b[31m", "\x1b[3C", "\x1b["]
    )
    | st.text("ab", max_size=3)
).map("".join)


@given(text=MOVING_TEXT, size=st.integers(1, 5))
def test_text_settles_the_same_in_pieces_of_any_size(text: str, size: int) -> None:
    settler = Settler()
    for pos in range(0, len(text), size):
        settler.feed(text[pos : pos + size])
        settler.text()
    assert settler.text() == settle(text)


def test_a_progress_bar_that_is_looked_at_each_time_takes_linear_time() -> None:
    """What lies above the highest movement is settled for good."""
    settler = Settler()
    start = time.process_time()
    lines = [f"\x1b[31m{number}%\r{number}\x1b[0m\n" for number in range(5_000)]
    for number, line in enumerate(lines):
        settler.feed(line)
        if number % 25 == 0:
            settler.text()
    assert settler.text() == settle("".join(lines))
    assert strip(settler.text()) == "".join(f"{number}%\n" for number in range(5_000))
    assert time.process_time() - start < 4


@given(text=st.text(st.characters(exclude_categories=["Cc"])))
def test_plain_text_is_untouched(text: str) -> None:
    assert "".join(run.text for run in parse(text)) == settle(text) == strip(text) == text
    assert all(run.style == PLAIN for run in parse(text))


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b]" * 50_000,
        "\x1b[" * 50_000,
        "\x1bP" * 50_000,
        "\x1b]8;;" + "x" * 200_000,
        "\x1b[" + "1;" * 100_000,
        "\x1b[999999999C x\r\n" * 5_000,
        "x" * 50_000 + "\x1b[1K" * 50_000,
        "\n" * 50_000 + "\x1b[999A\x1b[J" * 1_000,
        "\r" * 200_000,
        "\x1b[31m" * 50_000 + "\r",
    ],
    ids=lambda text: repr(text[:8]),
)
def test_time_grows_with_the_length_only(hostile: str) -> None:
    start = time.process_time()
    to_html(hostile)
    assert len(settle(hostile)) < 20 * len(hostile)
    parser = Parser()
    for pos in range(0, len(hostile), 1000):
        parser.feed(hostile[pos : pos + 1000])
    assert time.process_time() - start < 5
