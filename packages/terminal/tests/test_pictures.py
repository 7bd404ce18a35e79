"""Pictures: what a terminal can show, and what is sent to it."""

from __future__ import annotations

import base64
import re
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.terminal.graphics import Graphics, guess, read_answers
from nuncius.terminal.images import _room, _sixels, iterm, kitty, picture_of, size_of


def png(width: int, height: int) -> bytes:
    rows = b"".join(b"\0" + b"\xff\0\0" * width for _ in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))  # fmt: skip

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1", "TMUX": "x"}, "blocks"),
        ({"TERM": "xterm-256color"}, "blocks"),
        ({"TERM": "vt100"}, ""),
    ],
)
def test_a_terminal_is_guessed_by_its_environment(environ: dict[str, str], expected: str) -> None:
    assert guess(environ) == Graphics(expected)


BLOCKS = Graphics("blocks")


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        # xterm with sixels; one without; kitty; WezTerm; one that says nothing but what it is
        (b"\x1bP>|XTerm(390)\x1b\\\x1b[6;18;9t\x1b[?64;1;2;4;6c", Graphics("sixel", (9, 18))),
        (b"\x1b[?62;22c", BLOCKS),
        (
            b"\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.36)\x1b\\\x1b[6;20;10t\x1b[?62;52c",
            Graphics("kitty", (10, 20)),
        ),
        (b"\x1b_Gi=31;OK\x1b\\\x1b[?65;4c", Graphics("kitty")),
        (b"\x1bP>|WezTerm 2024\x1b\\\x1b[?65;4;6c", Graphics("iterm")),
        (b"\x1bP>|tmux 3.4\x1b\\\x1b[?1;2;4c", Graphics("sixel")),
        (b"\x1b[?4c", BLOCKS),
    ],
)
def test_a_terminal_says_what_it_can(received: bytes, expected: Graphics) -> None:
    assert read_answers(received, BLOCKS) == (expected, b"", True)


def test_an_answer_that_does_not_come_leaves_the_guess() -> None:
    assert read_answers(b"\x1b[6;18;9t", Graphics("kitty")) == (Graphics("kitty", (9, 18)), b"", False)  # fmt: skip


@given(st.binary(max_size=20).filter(lambda keys: b"\x1b" not in keys), st.integers(0, 2))
def test_keys_between_the_answers_are_kept(keys: bytes, place: int) -> None:
    answers = [b"\x1b_Gi=31;OK\x1b\\", b"\x1b[6;18;9t", b"\x1b[?62;4c"]
    answers.insert(place, keys)
    assert read_answers(b"".join(answers), BLOCKS) == (Graphics("kitty", (9, 18)), keys, True)


@given(st.binary(max_size=80))
def test_no_answer_is_an_error(received: bytes) -> None:
    _, keys, _ = read_answers(received, BLOCKS)
    assert len(keys) <= len(received)


def test_pictures_are_sent_whole() -> None:
    data = png(300, 2) + b"\0" * 9000
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", kitty(data, 30, 2))
    assert [options for options, _ in pieces] == ["a=T,f=100,q=2,c=30,r=2,m=1", *["m=1"] * (len(pieces) - 2), "m=0"]  # fmt: skip
    assert base64.b64decode("".join(data for _, data in pieces)) == data
    assert iterm(b"abc", 4, 2) == "\x1b]1337;File=inline=1;size=3;width=4;height=2:YWJj\x07"


def test_pictures_of_a_bundle() -> None:
    assert picture_of({"image/png": base64.b64encode(b"abc").decode()}) == b"abc"
    assert picture_of({"image/jpeg": b"abc"}) == b"abc"
    assert picture_of({"image/png": "a"}) is None
    assert picture_of({"text/plain": "a"}) is None


def test_a_header_says_the_size() -> None:
    assert size_of(png(30, 20)) == (30, 20)
    assert size_of(b"GIF89a\x05\x00\x04\x00") == (5, 4)
    assert size_of(b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x14\x00\x1e\x03\x00\x00") == (30, 20)  # fmt: skip
    assert size_of(b"nothing") is None


@given(st.binary(max_size=60))
def test_a_broken_header_says_nothing(raw: bytes) -> None:
    for start in (b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8"):
        size_of(start + raw)


def test_a_picture_has_its_own_size_or_that_of_the_window() -> None:
    assert _room((80, 32), (8, 16), 100, 40) == (10, 2)
    assert _room((8000, 1600), (8, 16), 81, 40) == (80, 8)
    assert _room(None, (8, 16), 100, 40) == (50, 20)


def _unpacked(text: str, width: int) -> list[list[int]]:
    """Read sixels as a terminal does: the color of each pixel."""
    body = text.removeprefix(f'\x1bP0;1q"1;1;{width};')
    body = body[body.index("#") : -2]
    rows: list[list[int]] = []
    top = column = color = 0
    for match in re.finditer(r"#(\d+)(?:;2;\d+;\d+;\d+)?|!(\d+)(.)|([?-~])|([$-])", body):
        number, count, repeated, single, move = match.groups()
        if number is not None:
            color = int(number)
        elif move is not None:
            column, top = 0, top + (6 if move == "-" else 0)
        else:
            char = repeated or single
            end = column + int(count or 1)
            for bit in (bit for bit in range(6) if ord(char) - 63 >> bit & 1):
                while len(rows) <= top + bit:
                    rows.append([-1] * width)
                rows[top + bit][column:end] = [color] * (end - column)
            column = end
    return rows


@given(st.integers(1, 12), st.integers(1, 15), st.data())
def test_sixels_hold_every_pixel(width: int, height: int, data: st.DataObject) -> None:
    pixels = data.draw(st.binary(min_size=width * height, max_size=width * height))
    encoded = _sixels(pixels, width, height, [0] * 768)
    rows = [list(pixels[row * width : (row + 1) * width]) for row in range(height)]
    assert _unpacked(encoded, width) == rows
