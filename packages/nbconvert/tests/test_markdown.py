"""Markdown: the dialect of notebooks, and what it becomes in each format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.nbconvert.markdown.asciidoc import asciidoc
from nuncius.nbconvert.markdown.events import events
from nuncius.nbconvert.markdown.html import html
from nuncius.nbconvert.markdown.latex import latex
from nuncius.nbconvert.markdown.math import extract
from nuncius.nbconvert.markdown.rst import rst
from nuncius.nbconvert.mathml import Mathematics

ODD = st.text(st.sampled_from("$`\\\n ab*_[]()<>#|-1~!{}\"'&."), max_size=60)


@pytest.mark.parametrize(
    ("source", "formulas"),
    [
        ("$x_1*2*$ and $y$", ["x_1*2*", "y"]),
        ("it costs $5 and $10", []),
        ("`$no$` $yes$", ["yes"]),
        ("```\n$no$\n```\n$yes$", ["yes"]),
        ("$$a\n\nb$$", ["a\n\nb"]),
        ("\\begin{align}a\n\nb\\end{align}", ["\\begin{align}a\n\nb\\end{align}"]),
        ("\\\\(q\\\\) \\\\[r\\\\]", ["q", "r"]),
        ("\\$5 $a$", ["a"]),
        ("$unclosed", []),
        ("$a\n\nb$", []),
        ("$$ $$", []),
        ("$A, B, $ and $C$", ["A, B,", "C"]),
        ("see \\eqref{a} and `\\ref{b}`", ["\\eqref{a}"]),
    ],
)
def test_formulas_are_found_outside_of_code(source: str, formulas: list[str]) -> None:
    assert [formula.tex for formula in extract(source, "<", ">")[1]] == formulas


@given(ODD)
def test_taking_formulas_out_loses_nothing(source: str) -> None:
    plain, found = extract(source, "\ue000", "\ue001")
    for index, formula in enumerate(found):
        plain = plain.replace(f"\ue000{index}\ue001", formula.raw)
    assert plain == source


@given(ODD)
def test_every_text_can_be_written_in_every_format(source: str) -> None:
    for write in (html, latex, rst, asciidoc):
        assert "\ue000" not in write(source)


def test_headings_have_anchors_and_need_no_space() -> None:
    assert html("#My `x` title\n#My `x` title") == (
        '<h1 id="My-x-title">My <code>x</code> title<a class="anchor-link" href="#My-x-title" aria-label="Link to My x title">¶</a></h1>\n'
        '<h1 id="My-x-title-1">My <code>x</code> title<a class="anchor-link" href="#My-x-title-1" aria-label="Link to My x title">¶</a></h1>\n'
    )


def test_bare_addresses_are_links_without_the_full_stop() -> None:
    assert html("see https://a.b/c_(d).") == '<p>see <a href="https://a.b/c_(d)">https://a.b/c_(d)</a>.</p>\n'  # fmt: skip
    assert [e[0] for e in events("[https://a.b](https://c.d)")].count("start") == 2


def test_formulas_become_mathml() -> None:
    assert html("$x^2$") == "<p><math><msup><mi>x</mi><mn>2</mn></msup></math></p>\n"
    assert html(r"$\nosuch{x}$") == '<p><code class="nb-math-source">$\\nosuch{x}$</code></p>\n'


def test_latex_has_tables_code_and_escapes() -> None:
    assert latex("50% of a_b & `c_d` ~~x~~ [l](http://x/a#b)") == (
        r"50\% of a\_b \& \texttt{c\_d} \sout{x} \href{http://x/a\#b}{l}" + "\n\n"
    )
    assert "\\toprule\n\\textbf{a} & \\textbf{b} \\\\\n\\midrule\n1 & 2 \\\\" in latex("|a|b|\n|-|-|\n|1|2|")  # fmt: skip


def test_rst_has_sections_and_lists() -> None:
    assert rst("# 标题\n\n- a *b*\n- c\n\n`x`y [l](u)") == "标题\n====\n\n- a *b*\n- c\n\n``x``\\ y `l <u>`__"  # fmt: skip


def test_asciidoc_has_nested_lists() -> None:
    assert asciidoc("# T\n\n- a\n  - b\n- c") == "== T\n\n* a\n** b\n* c"


@pytest.mark.parametrize(
    "mark", ["$a ", "\\begin{a}", "$$ ", "[[", "<!--", "$a `", "`" * 3 + "\n$", "**a "]
)
def test_time_is_linear(mark: str) -> None:
    """A hostile cell of 200 KB takes no longer than a plain one of that size, give or take."""
    import time

    started = time.process_time()
    events(mark * (200_000 // len(mark)))
    assert time.process_time() - started < 3


TEX = st.lists(st.sampled_from([r"\begin{equation}", r"\end{equation}", r"\begin{eqnarray}", r"\end{eqnarray}", r"\begin{split}", r"\end{split}", r"\label{a}", r"\eqref{a}", r"\ref{b}", r"\tag{1}", r"\text{a $b$ c}", "\\", "\\\n", "&=&", "x", "{", "}", r"\cr", r"\rm", "^"]), max_size=10).map("".join)  # fmt: skip


@given(st.lists(TEX, max_size=4))
def test_any_formulas_are_numbered_or_shown_as_they_are(formulas: list[str]) -> None:
    mathematics = Mathematics()
    mathematics.learn(formulas)
    for tex in formulas:
        assert mathematics.html(tex, True).startswith(("<math", "<a ", '<code class="nb-math-source">'))  # fmt: skip
