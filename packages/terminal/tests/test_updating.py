"""Outputs that are replaced where they stand, on a screen that is really drawn."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st

from nuncius.terminal.updating import Tracker

COLUMNS, LINES = 12, 6


class Page:
    """A screen, and a tracker that is told what is written to it."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.Stream(self.screen)
        self.tracker = Tracker(COLUMNS, LINES)

    def draw(self, text: str) -> None:
        self._stream.feed(text.replace("\n", "\r\n"))

    def write(self, text: str, name: str = "") -> None:
        self.draw(text)
        self.tracker.wrote(text, name)

    def update(self, name: str, text: str) -> bool:
        code = self.tracker.update(name, text)
        self.draw(code or "")
        return code is not None

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]


def test_a_display_is_replaced_and_what_came_after_it_stays() -> None:
    page = Page()
    page.draw("before\n")
    page.write("0 %\n", "bar")
    page.write("line\nmore")
    assert page.update("bar", "50 %\nhalf\n")
    assert page.lines == ["before", "50 %", "half", "line", "more", ""]
    page.write("!")
    assert page.update("bar", "done\n")
    assert page.lines == ["before", "done", "line", "more!", "", ""]


def test_long_lines_wrap_and_are_counted() -> None:
    page = Page()
    page.write("a\n", "x")
    page.write("0123456789abcdef\n")
    assert page.update("x", "0123456789ab\n")
    assert page.lines == ["0123456789ab", "0123456789ab", "cdef", "", "", ""]
    assert page.update("x", "b\n")
    assert page.lines == ["b", "0123456789ab", "cdef", "", "", ""]


def test_what_has_scrolled_away_is_not_replaced() -> None:
    page = Page()
    page.write("a\n", "x")
    page.write("1\n2\n3\n4\n5\n6\n")
    assert not page.update("x", "b\n")
    assert page.lines == ["2", "3", "4", "5", "6", ""]


def test_progress_bars_are_followed() -> None:
    page = Page()
    page.write("a\n", "x")
    page.write("\r 10 %\x1b[K")
    page.write("\r 20 %\n\r 1/2\x1b[A")
    assert page.update("x", "b\n")
    assert page.lines == ["b", " 20 %", " 1/2", "", "", ""]


def test_where_the_cursor_jumps_nothing_is_replaced() -> None:
    page = Page()
    page.write("a\n", "x")
    page.write("\x1b[3;3Hz")
    assert not page.update("x", "b\n")


def test_clearing_removes_what_is_still_there() -> None:
    page = Page()
    page.draw("kept\n")
    page.write("a\nb\nc")
    page.draw(page.tracker.clear())
    page.write("d\n")
    assert page.lines == ["kept", "d", "", "", "", ""]


def test_above_a_prompt_only_what_has_the_same_size_is_replaced() -> None:
    page = Page()
    page.write("0 %\n", "bar")
    page.write("after\n")
    page.draw("In: h\n")
    page.tracker.skip(1)
    page.write("x")
    assert page.update("bar", "done\n")
    assert page.lines == ["done", "after", "In: h", "x", "", ""]
    assert not page.update("bar", "two\nlines\n")
    page.write("y")
    assert page.update("bar", "0\n")
    assert page.lines == ["0", "after", "In: h", "xy", "", ""]


def test_a_display_of_several_full_lines_is_replaced_above_a_prompt() -> None:
    page = Page()
    page.write("0123456789ab\ncd\n", "x")
    page.draw("In: h\n")
    page.tracker.skip(1)
    assert page.update("x", "b\n\n")
    assert page.lines == ["b", "", "In: h", "", "", ""]
    assert page.update("x", "c\n0123456789ab\n")
    assert page.lines == ["c", "0123456789ab", "In: h", "", "", ""]
    assert not page.update("x", "0123456789abc\nd\n")


def test_clearing_leaves_the_cells_before_alone() -> None:
    page = Page()
    page.write("old\n", "x")
    page.draw("In: c\n")
    page.tracker.skip(1)
    page.write("a\nb")
    page.draw(page.tracker.clear())
    page.write("c\n")
    assert page.lines == ["old", "In: c", "c", "", "", ""]
    assert page.update("x", "new\n")
    assert page.lines == ["new", "In: c", "c", "", "", ""]


def test_a_prompt_in_the_middle_of_a_line_ends_what_is_known() -> None:
    page = Page()
    page.write("old\n", "x")
    page.write("no end")
    page.tracker.skip(1)
    assert not page.tracker.has_names
    assert not page.update("x", "new\n")


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "x", "y"]), st.text("ab\n", min_size=1, max_size=20)),
        max_size=6,
    ),
    st.text("cd\n", max_size=20),
)
def test_the_screen_is_as_if_it_had_been_written_so(
    writes: list[tuple[str, str]], new: str
) -> None:
    page, expected = Page(), Page()
    last = max((at for at, (name, _) in enumerate(writes) if name == "x"), default=-1)
    for name, text in writes:
        page.write(text, name)
    if page.update("x", new):
        for at, (_, text) in enumerate(writes):
            expected.draw(new if at == last else text)
        rows = "".join(text for _, text in writes).count("\n")
        if rows + new.count("\n") + sum(len(text) for _, text in writes) // COLUMNS < LINES - 2:
            assert page.lines == expected.lines
