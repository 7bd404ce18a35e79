"""Colors while typing: lines, one after another, each with the state of the one before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.terminal.lexing import START, lex_line, state_after


def kinds(source: str) -> list[list[tuple[str, str]]]:
    """The fragments of each line, without blanks and plain names."""
    state, lines = START, []
    for line in source.split("\n"):
        fragments, state = lex_line(line, state)
        lines.append([(kind, text) for kind, text in fragments if kind not in ("", "name")])
    return lines


def test_a_program_has_its_colors() -> None:
    assert kinds(
        "@cached\ndef area(self, r=1.5e3):  # of a circle\n    return None is not len(r)"
    ) == [
        [("name.decorator", "@cached")],
        [
            ("keyword", "def"),
            ("name.function", "area"),
            ("punctuation", "("),
            ("name.builtin.pseudo", "self"),
            ("punctuation", ","),
            ("operator", "="),
            ("literal.number", "1.5e3"),
            ("punctuation", ")"),
            ("operator", ":"),
            ("comment", "# of a circle"),
        ],
        [
            ("keyword", "return"),
            ("keyword.constant", "None"),
            ("operator.word", "is"),
            ("operator.word", "not"),
            ("name.builtin", "len"),
            ("punctuation", "("),
            ("punctuation", ")"),
        ],
    ]


def test_a_string_goes_over_lines_until_its_quotes() -> None:
    assert kinds('x = rb"""one\n\'two\' "\nend""" + \'z\\\'\'') == [
        [("operator", "="), ("literal.string", 'rb"""one')],
        [("literal.string", "'two' \"")],
        [("literal.string", 'end"""'), ("operator", "+"), ("literal.string", "'z\\''")],
    ]


def test_a_string_with_a_backslash_at_the_end_goes_on_others_do_not() -> None:
    assert kinds("'a\\\nb' 1") == [
        [("literal.string", "'a\\")],
        [("literal.string", "b'"), ("literal.number", "1")],
    ]
    assert kinds("'a\n1")[1] == [("literal.number", "1")]


@pytest.mark.parametrize(
    ("line", "special"),
    [
        ("%time f()", "%time"),
        ("!ls -l", "!"),
        ("files = !ls", "!"),
        ("t = %time 1", "%time"),
        ("?len", "?"),
    ],
)
def test_magics_and_commands_stand_out(line: str, special: str) -> None:
    assert kinds(line) == [[("keyword", special)]]


@pytest.mark.parametrize("line", ["a %b", "a != b", "x = y != z"])
def test_operators_are_no_magics(line: str) -> None:
    assert ("keyword", "%b") not in kinds(line)[0]
    assert not any(kind == "keyword" for kind, _ in kinds(line)[0])


def test_the_body_of_a_cell_magic_is_python_only_where_it_is() -> None:
    assert kinds("%%bash\nfor x in y") == [[("keyword", "%%bash")], []]
    assert kinds("%%time\nfor x in y")[1] == [("keyword", "for"), ("operator.word", "in")]


@pytest.mark.parametrize("word", ["match", "case", "type"])
def test_soft_keywords_are_names_elsewhere(word: str) -> None:
    assert ("keyword", word) in kinds(f"{word} x:")[0]
    assert ("keyword", word) not in kinds(f"{word} = 1")[0]


@given(
    st.text(alphabet="ab'\"\\#%!?@ =.1ef(\t", max_size=60),
    st.sampled_from(["", START, "'''", '"', "foreign"]),
)
def test_no_character_is_lost(line: str, state: str) -> None:
    fragments, after = lex_line(line, state)
    assert "".join(text for _, text in fragments) == line
    assert isinstance(after, str)


@given(
    st.text(alphabet="ab'\"\\#%!?@ =.1ef(\t", max_size=60),
    st.sampled_from(["", START, "'''", '"', "foreign"]),
)
def test_the_quick_look_finds_the_same_state(line: str, state: str) -> None:
    assert state_after(line, state) == lex_line(line, state)[1]
