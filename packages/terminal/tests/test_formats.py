"""Tables, HTML, markdown and formulas as text for a terminal."""

# ruff: noqa: RUF001 - characters that look like others are what this module is about

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuncius.protocol.text.ansi import strip
from nuncius.terminal.formats.html import find_table, show_html
from nuncius.terminal.formats.latex import is_understood, show_formula, to_line
from nuncius.terminal.formats.markdown import show_markdown
from nuncius.terminal.formats.narrow import narrowed
from nuncius.terminal.formats.tables import Table, lay_out
from nuncius.terminal.formats.widths import cut, width_of, wrapped
from nuncius.terminal.render import PLAIN, Rich, best_text

# -- widths


def test_widths_are_those_of_the_terminal() -> None:
    assert [width_of(text) for text in ("abc", "\x1b[1mabc\x1b[0m", "日本", "e\u0301", "a\x00b", "")] == [3, 3, 4, 1, 2, 0]  # fmt: skip
    assert cut("日本語", 4) == "日…"
    assert cut("\x1b[1mabcdef\x1b[0m", 4) == "abc…"
    assert cut("abcd", 4) == "abcd"


def test_a_style_goes_on_in_the_next_line_but_not_over_what_stands_before_it() -> None:
    assert wrapped("\x1b[1mone two three\x1b[22m four", 12, "> ", "| ") == [
        "> \x1b[1mone two\x1b[0m",
        "| \x1b[1mthree\x1b[22m four",
    ]


@given(st.text(max_size=60), st.integers(10, 40))
def test_no_line_is_too_long(text: str, columns: int) -> None:
    assert all(width_of(line) <= columns for line in wrapped(text.replace("\x1b", ""), columns))
    assert width_of(cut(text.replace("\x1b", ""), columns)) <= columns


# -- tables

TABLE = Table(
    (("", "name", "size"),),
    (("0", "a long name of something", "1"), ("1", "b", "2000"), ("2", "日本", "NaN")),
    index=1,
    note="3 rows × 2 columns",
)


def test_a_table_has_its_columns_aligned() -> None:
    assert strip(lay_out(TABLE, 80)).split("\n") == [
        "   name                      size",
        "─  ────────────────────────  ────",
        "0  a long name of something     1",
        "1  b                         2000",
        "2  日本                       NaN",
        "3 rows × 2 columns",
    ]


def test_a_narrow_table_has_its_texts_cut() -> None:
    assert strip(lay_out(TABLE, 24, hint="%view")).split("\n") == [
        "   name             size",
        "─  ───────────────  ────",
        "0  a long name of…     1",
        "1  b                2000",
        "2  日本              NaN",
        "3 rows × 2 columns, %vi…",
    ]


def test_a_wide_table_loses_the_columns_in_its_middle() -> None:
    row = tuple(f"value {n} of ten" for n in range(10))
    shown = strip(lay_out(Table((tuple("abcdefghij"),), (row,), 0), 40)).split("\n")
    assert shown[0].split() == ["a", "…", "j"]
    assert all(width_of(line) <= 40 for line in shown)


CELLS = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=12)


@given(st.lists(st.lists(CELLS, max_size=8), max_size=5), st.integers(20, 60), st.integers(0, 2))
def test_every_table_fits(rows: list[list[str]], columns: int, index: int) -> None:
    table = Table((), tuple(map(tuple, rows)), index)
    if table.width * 3 <= columns:
        assert all(width_of(line) <= columns for line in lay_out(table, columns).split("\n"))
    else:
        lay_out(table, columns)


DATA_FRAME = """\
<div><style scoped>.dataframe {}</style><table border="1" class="dataframe">
<thead><tr><th></th><th></th><th colspan="2">top</th></tr>
<tr><th></th><th></th><th>u</th><th>v</th></tr><tr><th>k</th><th>j</th><th></th><th></th></tr></thead>
<tbody><tr><th rowspan="2" valign="top">a</th><th>1</th><td>0</td><td>1</td></tr>
<tr><th>2</th><td>2</td><td>3</td></tr></tbody></table><p>2 rows &times; 2 columns</p></div>"""


def test_the_table_of_a_data_frame() -> None:
    assert find_table(DATA_FRAME) == Table(
        (("", "", "top", ""), ("", "", "u", "v"), ("k", "j", "", "")),
        (("a", "1", "0", "1"), ("", "2", "2", "3")),
        index=2,
        note="2 rows × 2 columns",
    )
    assert find_table("<table><tr><td>1</table><table><tr><td>2</table>") is None
    assert find_table("<p>none</p>") is None


# -- HTML


def test_html_as_text() -> None:
    html = """<h1>T &amp; t</h1><p>A <b>bold</b> <a href="https://x.org">link</a>,<br>next
    <ul><li>one<li>two<ol start=3><li>x</ol></ul><pre>a\n  b</pre><blockquote><p>quoted words go on</p></blockquote>
    <script>no()</script><p>end <img alt="cat" src="x">"""
    assert strip(show_html(html, 20)).split("\n") == [
        "T & t", "═════", "", "A bold link", "(https://x.org),", "next", "",
        "• one", "• two", "  3. x", "", "  a", "    b", "", "│ quoted words go on", "", "end [cat]",
    ]  # fmt: skip


@given(st.text('<>/abptdrhul123 ="&;\n', max_size=80))
@settings(max_examples=300)
def test_broken_html_is_shown_all_the_same(html: str) -> None:
    show_html(html, 30)
    show_html(f"<table><tr><td rowspan=2>{html}", 30)


# -- markdown

MARKDOWN = r"""Title
=====
Some *words*, **bold `x`**, ~~no~~ and [a link](https://x.org) for $5; $x^2$ \* snake_case_name
## Part
- one
  goes on
  - nested
- [x] done

> quoted
> > twice

```python
x = 1
```
| a | b |
|---|--:|
| 1 | **2** |

$$
\frac{a}{b}
$$
"""


def test_markdown_as_text() -> None:
    assert strip(show_markdown(MARKDOWN, 60)).split("\n") == [
        "Title", "═════", "",
        "Some words, bold x, no and a link (https://x.org) for $5; x²", "* snake_case_name", "",
        "Part", "────", "",
        "• one goes on", "  • nested", "☒ done", "",
        "│ quoted", "", "│ │ twice", "",
        "  x = 1", "",
        "a  b", "─  ─", "1  2", "",
        "   a", "  ───", "   b",
    ]  # fmt: skip


@given(st.text("#*_`$|-> \n[]()ab1\\", max_size=80))
@settings(max_examples=300)
def test_any_text_is_markdown(text: str) -> None:
    show_markdown(text, 30)


# -- formulas


@pytest.mark.parametrize(
    ("latex", "line"),
    [
        (r"$\displaystyle \frac{x^{2}}{2}$", "x²/2"),
        (r"\int_0^{\infty} e^{- x^{2}}\, dx = \frac{\sqrt{\pi}}{2}", "∫₀^∞ e^(-x²) dx = (√π)/2"),
        (r"\sin{\left(x \right)} + \cos^{2}{\left(y_{i+1} \right)}", "sin(x) + cos²(yᵢ₊₁)"),
        (r"\left[\begin{matrix}1 & \frac{a}{b}\\x & 2\end{matrix}\right]", "[1, a/b; x, 2]"),
        (r"3\ \mathrm{meter}", "3 meter"),
        (r"mass speed^{2} + 2 x y", "mass speed² + 2xy"),
        (r"x \bmod 3", "x mod 3"),
        (r"\mathbb{R}^n \to \mathbb{C}", "ℝⁿ → ℂ"),
        (r"\hat{x} \leq \alpha", "x̂ ≤ α"),
        ("-x + a-b", "-x + a - b"),
        (r"\sqrt[3]{a+b}", "³√(a + b)"),
        (r"f(x) = \begin{cases} x & x > 0 \\ 0 & \text{else} \end{cases}", "f(x) = {x, x > 0; 0, else}"),
        ("", ""),
    ],
)  # fmt: skip
def test_formulas_in_a_line(latex: str, line: str) -> None:
    assert (to_line(latex), is_understood(latex)) == (line, True)


@pytest.mark.parametrize(
    ("latex", "lines"),
    [
        (r"\frac{x^{2}}{2}", [" x²", "────", " 2"]),
        (r"\sum_{n=1}^{\infty} n", ["  ∞", "  ∑   n", "n = 1"]),
        (r"\left[\begin{matrix}1 & 2\\x & y\end{matrix}\right]", ["⎡1  2⎤", "⎣x  y⎦"]),
        (r"e^{- \frac{x^{2}}{2}} y", [" -x²/2", "e     y"]),
        (r"\sqrt{a+b}", [" ┌─────", "√│a + b"]),
        (r"x_{\mathrm{max}}^{2/3}", [" 2/3", "x", " max"]),
    ],
)
def test_formulas_in_several_lines(latex: str, lines: list[str]) -> None:
    assert show_formula(latex).split("\n") == lines


def test_what_is_unknown_is_named() -> None:
    assert (to_line(r"\foo{x}"), is_understood(r"\foo{x}")) == ("foo x", False)


@given(st.lists(st.sampled_from([r"\frac", r"\sqrt", r"\left(", r"\right)", r"\begin{matrix}", r"\end{matrix}", "{", "}", "^", "_", "&", r"\\", "x", " ", "[", "]", r"\left", r"\text", "$", r"\sum", r"\hat", r"\not"]), max_size=14))  # fmt: skip
@settings(max_examples=500)
def test_any_text_is_a_formula(tokens: list[str]) -> None:
    to_line("".join(tokens))
    show_formula("".join(tokens))


def test_deep_formulas_are_no_danger() -> None:
    to_line(r"\frac{" * 2000)
    to_line("{" * 5000)
    to_line("x^" * 2000)
    to_line(r"\frac" * 2000)
    to_line(r"\mathrm{" * 2000)
    show_markdown(">" * 2000, 40)
    show_markdown("**_" * 500 + "a" + "_**" * 500, 40)
    show_html("<div><b><table><tr><td>" * 500, 40)


# -- tracebacks

TRACEBACK = """\
\x1b[31m---------------------------------\x1b[0m
Cell In[2], line 1
\x1b[32m----> 1\x1b[0m def a_function(first, second): return first / second
                                              ^^^^^^^^^^^^^^
      2 short
        ^^^^^
ZeroDivisionError: division by zero"""


def test_in_a_narrow_window_the_marked_place_is_in_sight() -> None:
    assert narrowed(TRACEBACK, 30).split("\n") == [
        "\x1b[31m------------------------------\x1b[0m",
        "Cell In[2], line 1",
        "----> 1 …eturn first / second",
        "               ^^^^^^^^^^^^^^",
        "      2 short",
        "        ^^^^^",
        "ZeroDivisionError: division by zero",
    ]
    assert narrowed(TRACEBACK, 80) == TRACEBACK


@given(st.text("-> 12ab^~\n", max_size=80), st.integers(5, 40))
def test_any_text_is_narrowed(text: str, columns: int) -> None:
    assert narrowed(text, columns).count("\n") == text.count("\n")


# -- which text of a bundle

RICH = Rich(columns=60)


@pytest.mark.parametrize(
    ("bundle", "text"),
    [
        ({"text/plain": "x**2/2", "text/latex": r"$\frac{x^2}{2}$"}, " x²\n────\n 2"),
        ({"text/plain": "x", "text/latex": r"$\unheard{x}$"}, "x"),
        ({"text/plain": "a\nb", "text/latex": "$x$"}, "a\nb"),
        ({"text/plain": "<IPython.core.display.Latex object>", "text/latex": "$x^2$"}, "x²"),
        ({"text/plain": "<IPython.core.display.Markdown object>", "text/markdown": "*a*"}, "\x1b[3ma\x1b[23m"),
        ({"text/plain": "3 m", "text/html": "<b>3</b> m"}, "3 m"),
        ({"text/plain": "<a.B at 0x7f>", "text/html": "<p>3</p>"}, "3"),
        ({"text/html": "<p>3</p>"}, "3"),
        ({"text/plain": "<IPython.core.display.JSON object>", "application/json": {"a": 1}}, '{\n  "a": 1\n}'),
        ({"text/plain": "   a\n0  1", "text/html": '<table class="dataframe"><tr><th>a<tr><td>1</table>'}, "\x1b[1ma\x1b[22m\n─\n1"),
        ({"text/plain": "<Figure size 1x1 with 1 Axes>"}, "<Figure size 1x1 with 1 Axes>"),
    ],
)  # fmt: skip
def test_the_text_that_a_terminal_shows_best(bundle: dict[str, object], text: str) -> None:
    assert best_text(bundle, RICH) == text


def test_all_of_it_can_be_switched_off() -> None:
    for bundle in (
        {"text/plain": "x", "text/latex": "$y$"},
        {"text/plain": "x", "text/html": '<table class="dataframe"><tr><td>1</table>'},
    ):
        assert best_text(bundle, PLAIN) == "x"
    assert (
        best_text({"text/plain": "<a.B object>", "text/markdown": "*a*"}, PLAIN) == "<a.B object>"
    )
