"""What is shown, and what is found in texts: pure functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.terminal.completion import Ask, rows, with_commands
from nuncius.terminal.early import paint, take_line
from nuncius.terminal.editing import comment_lines, indent_lines
from nuncius.terminal.hints import hint
from nuncius.terminal.history import suggest
from nuncius.terminal.prompts import Prompts, plain
from nuncius.terminal.render import best_text, describe_error, shortened
from nuncius.terminal.themes import STYLES, sgr


@pytest.mark.parametrize(
    ("typed", "line", "rest"),
    [
        (b"a = 1\rb = 2\r", "a = 1", b"b = 2\r"),
        (b"a = 1\nb", "a = 1", b"b"),
        ("é = 1\r".encode(), "é = 1", b""),
        (b"a = ", None, b"a = "),
        (b"a\tb\r", None, b"a\tb\r"),
        (b"\x1b[A\r", None, b"\x1b[A\r"),
        (b"\x03", None, b"\x03"),
        (b"\xff\r", None, b"\xff\r"),
        (b"\r", "", b""),
    ],
)
def test_only_plain_lines_are_taken_without_an_editor(
    typed: bytes, line: str | None, rest: bytes
) -> None:
    assert take_line(typed) == (line, rest)


@given(st.binary(max_size=40))
def test_no_key_is_lost(typed: bytes) -> None:
    line, rest = take_line(typed)
    if line is None:
        assert rest == typed
    else:
        assert typed in (f"{line}\r".encode() + rest, f"{line}\n".encode() + rest)


def test_prompts_are_painted_before_there_is_a_toolkit() -> None:
    prompt = Prompts(marks=True).input(3)
    assert plain(prompt) == "In [3]: "
    assert paint(prompt, {}) == "In [3]: "
    assert paint(prompt, sgr("auto", {})) == (
        "\x1b]133;A\x07\x1b[32mIn [\x1b[0m\x1b[92;1m3\x1b[0m\x1b[32m]: \x1b[0m\x1b]133;B\x07"
    )
    assert sgr("dark", {})["prompt"] == "\x1b[38;5;71m"
    assert sgr("dark", {"COLORTERM": "truecolor"})["prompt"] == "\x1b[38;2;95;175;95m"
    assert sgr("none") == {}


def test_all_themes_color_the_same_things() -> None:
    assert {frozenset(rules) for name, rules in STYLES.items() if name != "none"} == {
        frozenset(STYLES["dark"])
    }


def test_lines_are_commented_out_and_back() -> None:
    lines = ["    a = 1", "", "      b = 2"]
    commented = ["    # a = 1", "", "    #   b = 2"]
    assert comment_lines(lines) == commented
    assert comment_lines(commented) == lines
    assert comment_lines(["", ""]) == ["", ""]


def test_lines_are_indented_and_back() -> None:
    assert indent_lines(["a", "", "  b"], 4) == ["    a", "", "      b"]
    assert indent_lines(["    a", "", "  b"], -4) == ["a", "", "b"]


def test_the_suggestion_is_what_up_would_bring() -> None:
    past = ["value = 2", "value = 1", "for x in y:\n    print(x)"]
    assert suggest("val", past) == "ue = 2"
    assert suggest("value = 2", past) == ""
    assert suggest("for", past) == " x in y:"
    assert suggest("for x in y:\n    p", past) == "rint(x)"
    assert suggest("", past) == suggest("x", past) == ""


REPLY = {
    "found": True,
    "data": {
        "text/plain": "\x1b[31mSignature:\x1b[39m f(a, b=1)\n\x1b[31mDocstring:\x1b[39m\nAdd.\n\nMore.\n\x1b[31mFile:\x1b[39m x.py"
    },
}


def test_a_hint_is_the_signature_and_what_it_is_for() -> None:
    assert hint(REPLY, brief=True) == "f(a, b=1)"
    assert hint(REPLY) == "f(a, b=1)\nAdd.\n\nMore."
    assert hint({"found": False}) == ""
    assert hint({"found": True, "data": {"text/plain": "Type: int"}}, brief=True) == ""
    many = {"found": True, "data": {"text/plain": "\n".join(map(str, range(50)))}}
    assert hint(many) == "0\n1\n2\n3\n4\n5\n6\n..."


def test_a_long_result_is_cut_with_a_hint() -> None:
    assert shortened("x" * 100, 100) == "x" * 100
    text = shortened("a" * 500 + "b" * 500, 100)
    assert text.startswith(
        "a" * 100 + "\n... 700 characters are not shown: print(_) shows all ...\n"
    )
    assert text.endswith("b" * 200)


def test_the_best_text_of_a_bundle() -> None:
    assert best_text({"text/html": "<b>", "text/plain": "plain"}) == "plain"
    assert best_text({"text/markdown": ["a", "b"]}) == "ab"
    assert best_text({"image/png": "..."}) == "<image/png: this terminal cannot show it>"
    assert best_text({}) == "<nothing: this terminal cannot show it>"


def test_the_frame_of_what_ran_a_file_is_no_part_of_its_traceback() -> None:
    blocks = ["----", "\x1b[32mCell In[1]\x1b[0m, line 1\nexec()", "File <frozen runpy>:1", "File x.py:1", "E: e"]  # fmt: skip
    assert describe_error("E", "e", blocks) == "\n".join(blocks)
    assert describe_error("E", "e", blocks, skip_first_frame=True) == "----\nFile x.py:1\nE: e"
    assert describe_error("E", "e", []) == "E: e"


def test_commands_of_the_shell_are_completed_with_the_magics() -> None:
    import asyncio

    async def magics(code: str, position: int) -> dict[str, object]:
        match = {"text": "%vim", "start": 0, "end": position, "type": "magic"}
        metadata = {"_jupyter_types_experimental": [match]}
        return {"matches": ["%vim"], "cursor_start": 0, "metadata": metadata}

    async def nothing(code: str, position: int) -> dict[str, object]:
        return {}

    def texts(ask: Ask, code: str) -> list[str]:
        reply = asyncio.run(with_commands(ask, ["view", "keys"])(code, len(code)))  # type: ignore[var-annotated, arg-type]
        return [row.text for row in rows(reply, len(code))]

    assert texts(magics, "%vi") == ["%vim", "%view"]
    assert texts(nothing, "%") == ["%view", "%keys"]
    assert texts(nothing, "x % v") == []
