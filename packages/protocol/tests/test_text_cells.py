"""The parts of cells, the choice of MIME types, and help for editors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.protocol.text.cells import Cell, parts, split_cell
from nuncius.protocol.text.editing import bracket_pairs, next_indent, open_brackets
from nuncius.protocol.text.mime import TEXT_FIRST, choose, is_json, is_text, joined


@pytest.mark.parametrize(
    ("source", "cell"),
    [
        ("x = 1", Cell("", "", 0, "python")),
        ("%%bash -e\nls", Cell("bash", "-e", 10, "bash")),
        ("\n\n%%html\n<b>", Cell("html", "", 9, "html")),
        ("%%time\nf()", Cell("time", "", 7, "python")),
        ("%%script /bin/node --x\n1", Cell("script", "/bin/node --x", 23, "javascript")),
        ("%%script --bg ruby", Cell("script", "--bg ruby", 18, "ruby")),
        ("%%writefile -a a.TOML\nx", Cell("writefile", "-a a.TOML", 22, "toml")),
        ("%%writefile Makefile", Cell("writefile", "Makefile", 20, "text")),
        ("%%time?", Cell("", "", 0, "python")),
        ("x\n%%bash", Cell("", "", 0, "python")),
    ],
)
def test_a_cell_magic_decides_the_language(source: str, cell: Cell) -> None:
    assert split_cell(source) == cell


def shown(source: str) -> list[tuple[str, str]]:
    return [
        (f"{part.kind} {part.language}".strip(), source[part.start : part.end])
        for part in parts(source)
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = '!ls'\n", [("code python", "x = '!ls'\n")]),
        (
            "x\n  !ls -l\ny = !!pwd\n",
            [
                ("code python", "x\n  "),
                ("escape", "!"),
                ("command bash", "ls -l\n"),
                ("code python", "y = "),
                ("escape", "!!"),
                ("command bash", "pwd\n"),
            ],
        ),
        (
            "%time f(x)\na = %magic b",
            [
                ("magic", "%time"),
                ("arguments", " f(x)\n"),
                ("code python", "a = "),
                ("magic", "%magic"),
                ("arguments", " b"),
            ],
        ),
        (
            "foo.bar??  \n?x\n/f 1",
            [
                ("help", "foo.bar"),
                ("escape", "??"),
                ("code python", "  \n"),
                ("escape", "?"),
                ("help", "x\n"),
                ("escape", "/"),
                ("code python", "f 1"),
            ],
        ),
        (
            "%%bash -e\nls\n!x",
            [("magic", "%%bash"), ("arguments", " -e\n"), ("code bash", "ls\n!x")],
        ),
        (
            "%%time\n!ls\nx?",
            [
                ("magic", "%%time"),
                ("arguments", "\n"),
                ("escape", "!"),
                ("command bash", "ls\n"),
                ("help", "x"),
                ("escape", "?"),
            ],
        ),
    ],
)
def test_the_stretches_of_a_cell(source: str, expected: list[tuple[str, str]]) -> None:
    assert shown(source) == expected


@given(st.lists(st.sampled_from([*"ab %!?,;/\n\\'\"#=()", "%%time\n", "\r\n"])).map("".join))
def test_the_stretches_cover_any_cell(source: str) -> None:
    found = parts(source)
    assert "".join(source[part.start : part.end] for part in found) == source
    assert all(part.start < part.end for part in found)


@pytest.mark.parametrize(
    ("code", "indent"),
    [
        ("x = 1", ""),
        ("if x:", "    "),
        ("if x:  # c", "    "),
        ("if x:\n    y", "    "),
        ("def f():\n    return 1", ""),
        ("for x in y:\n    if x:\n        break", "    "),
        ("    returned = 1", "    "),
        ("f(", "    "),
        ("x = f(a,", "      "),
        ("x = {  # c", "    "),
        ("    x = [\n        1,", "        "),
        ("x = 1 + \\", "    "),
        ("x = '''\n  a", "  "),
        ("x = '('", ""),
        ("if x:\n    y\n    # c", "    "),
        ("d = {'a':", "     "),
    ],
)
def test_the_next_line_is_indented_as_a_person_would(code: str, indent: str) -> None:
    assert next_indent(code) == indent


def test_brackets_are_paired_outside_strings_and_comments() -> None:
    code = "f(a[')'], # (\n {1})"
    assert bracket_pairs(code) == {1: 18, 18: 1, 3: 7, 7: 3, 15: 17, 17: 15}
    assert open_brackets("f(a[1], {") == [1, 8]
    assert open_brackets("f()") == []


BUNDLE = {"text/plain": "1", "text/html": "<b>", "application/vnd.x+json": {}, "image/png": "AA"}


def test_the_best_form_is_chosen() -> None:
    assert choose(BUNDLE) == "application/vnd.x+json"
    assert choose(BUNDLE, TEXT_FIRST) == "text/plain"
    assert choose(BUNDLE, ["image/*", "text/html"]) == "image/png"
    assert choose(BUNDLE, ["video/mp4"]) is None
    assert choose({}) is None


def test_mime_types_tell_how_contents_are_stored() -> None:
    assert [is_json(m) for m in ("application/json", "application/x+json; v=1", "text/plain")] == [
        True,
        True,
        False,
    ]
    assert [is_text(m) for m in ("text/html", "image/svg+xml", "application/javascript")] == [
        True
    ] * 3
    assert not is_text("image/png")
    assert joined(["a\n", "b"]) == "a\nb"
    assert joined("a") == "a"
    assert joined([1]) == [1]
