"""Notebooks as PDF, with Typst: what is in it, what is said about what is not, and that nothing stops it."""

from __future__ import annotations

import re
import zlib
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert_notebooks import PNG, code, markdown, notebook, result, save, stream

from nuncius.nbconvert.cli import main
from nuncius.nbconvert.configured import Configured
from nuncius.nbconvert.conversion import Result, convert, initial_resources
from nuncius.nbconvert.errors import ConversionException
from nuncius.nbconvert.formats import FORMATS
from nuncius.nbconvert.notebook import normalize
from nuncius.nbconvert.options import PDFExporter
from nuncius.nbconvert.pdf import pictures, text
from nuncius.nbconvert.pdf.engine import engine, svg_to_pdf
from nuncius.nbconvert.pdf.formulas import equation, formula
from nuncius.nbconvert.pdf.markdown import MarkdownWriter
from nuncius.nbconvert.pdf.source import prelude
from nuncius.nbconvert.pdf.terminal import terminal

FONTS = typst.Fonts(include_system_fonts=False)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="20" height="10"/></svg>'


def converted(*cells: dict[str, Any], folder: Path | None = None, **metadata: Any) -> Result:
    resources = initial_resources("report", str(folder or ""))
    options = PDFExporter(engine="typst", display_data_priority=list(FORMATS["pdf"].types))
    return convert(normalize(notebook(*cells, **metadata)), FORMATS["pdf"], Configured((), [options]), resources)  # fmt: skip


def problems(made: Result) -> list[str]:
    return [str(problem) for problem in made.problems]


def words(markup: str) -> str:
    """Return the text that Typst shows for markup, as it says itself."""
    head = prelude(_document(), ("Libertinus Serif",))
    html = typst.compile((head + markup).encode(), font_paths=FONTS, ignore_system_fonts=True, format="html")  # fmt: skip
    from html import unescape

    body = bytes(html).decode().partition("<body>")[2]
    return " ".join(unescape(re.sub("<[^>]+>", " ", body)).split())


def compiles(markup: str) -> bytes:
    head = prelude(_document(), ("Libertinus Serif",))
    return bytes(typst.compile((head + markup).encode(), font_paths=FONTS, ignore_system_fonts=True))  # fmt: skip


def _document() -> Any:
    from nuncius.nbconvert.document import View, build

    return build(normalize(notebook()).nb, "x", View(()))


def written(source: str) -> str:
    return MarkdownWriter(lambda url, cell: None).write(source, 0)


def test_a_report_becomes_a_tagged_pdf_that_is_the_same_each_time() -> None:
    table = '<table><thead><tr><th></th><th>alpha</th></tr></thead><tbody><tr><th>0</th><td>1.5</td></tr></tbody></table>'  # fmt: skip
    cells = (
        markdown("# Title\n\nMath $e^{i\\pi}$ and **bold**.\n\n- [x] done\n\n| a |\n|--:|\n| 1 |\n"),
        code("def f(): pass", stream("said\n"), stream("warned\n", "stderr"), result(text_html=table, text_plain="df")),
        code("x", result(image_svg__xml=SVG, text_plain="<Figure>"), result(image_png=PNG), result(text_latex="$x^2$"), result(application_json={"a": [None, "é"]})),
        code("raise", {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mE\x1b[39m: v"]}),
    )  # fmt: skip
    made = converted(*cells, title="A report", authors=[{"name": "Ann"}])
    data = made.output
    assert isinstance(data, bytes)
    assert data.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in data
    assert problems(made) == []
    assert made.resources["outputs"] == {}
    assert made.resources["output_extension"] == ".pdf"
    assert converted(*cells, title="A report", authors=[{"name": "Ann"}]).output == data


def test_what_markdown_says_is_what_is_shown() -> None:
    source = (
        "# One *two*\n\nA $x$ `c*d` **b** ~~s~~ <b>h</b> H<sub>2</sub>O & #no @ref [link](https://x.y/_z) -- ...\n\n"
        "1. a\n2. b\n   - c\n\n> q\n\n```python\nx = 1\n```\n\n| h | i |\n|---|---|\n| 1 | `2` |\n\n<div>in a div</div>\n\n<!-- no --><script>no()</script>\n"
    )
    shown = words(written(source))
    for piece in ("One two", "c*d", "#no @ref", "link", "-- ...", "in a div", "x = 1"):
        assert piece in shown
    assert "no()" not in shown


def test_links_within_lead_to_headings_and_others_are_text() -> None:
    markup = written("# Here it is\n\n[a](#Here-it-is) [b](#nowhere)\n\n# Here it is\n")
    pdf = compiles(markup)
    assert pdf.count(b"/Subtype /Link") + _inflated(pdf).count(b"/Subtype/Link") <= 2
    assert words(markup).startswith("Here it is a b")


def _inflated(pdf: bytes) -> bytes:
    out = []
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            out.append(zlib.decompress(match[1]))
        except zlib.error:
            continue
    return b"".join(out)


def test_footnotes_are_written_once_and_may_be_cited_again() -> None:
    markup = written("a[^n] b[^n] c[^gone]\n\n[^n]: note [^n]\n")
    assert markup.count("#footnote[") == 1
    assert markup.count('#footnote(label("note-0-n"))') == 2
    compiles(markup)


@pytest.mark.parametrize(
    ("tex", "typst_math"),
    [
        ("a+b", "$a \\+ b$"),
        (r"\frac{a}{b}", "$frac(a, b)$"),
        (r"\binom{n}{k}", "$binom(n, k)$"),
        (r"x_1^2", "$attach(x, br: 1, tr: 2)$"),
        (r"\sqrt[3]{x}", "$root(3, x)$"),
        (r"\mathrm{d}", "$upright(d)$"),
        (r"\overline{ab}", "$overline(a b)$"),
        (r"\left(x\right)", "$lr(\\( x \\))$"),
    ],
)
def test_a_formula_has_its_counterpart(tex: str, typst_math: str) -> None:
    made = formula(tex, False)
    assert made is not None
    assert made.endswith(f", {typst_math})")
    compiles(f"#{made};")


def test_lines_of_a_formula_are_aligned_at_their_signs() -> None:
    made = formula(r"\begin{align}a &= b \\ c &= d\end{align}", True)
    assert made is not None
    assert 'a & \\= b, #h(2em) "(1)"; c & \\= d, #h(2em) "(2)"' in made
    compiles(f"#{made};")


def test_a_formula_that_is_not_understood_is_shown_as_it_was_written() -> None:
    assert formula(r"\nosuchcommand{x}", False) is None
    assert words("x " + equation(r"\nosuchcommand{x}", False)) == r"x \nosuchcommand{x}"


_TEX = [
    "x", "12", "3.5", "+", "-", "=", "(", ")", "[", "]", r"\{", "|", r"\|", r"\left(", r"\right)", r"\frac{a}{b}", "^2", "_i",
    r"\sum", r"\alpha", r"\text{a\"b}", r"\mathbf{x}", r"\hat{x}", r"\underbrace{x}_n", r"\begin{cases}a&b\\c\end{cases}", r"\to",
    "'", ",", ";", ":", "/", r"\%", r"\#", r"\$", r"\&", r"\_", r"\lim", r"\color{red}", r"\boxed{x}", r"\bra{x}", "é", "中", "∑", '"', "\\\\", "&",
]  # fmt: skip


@given(st.lists(st.sampled_from(_TEX), max_size=8))
@settings(max_examples=60, deadline=None)
def test_no_formula_stops_the_document(pieces: list[str]) -> None:
    compiles(equation(" ".join(pieces), True) + " and " + equation(" ".join(pieces), False))


_MARKDOWN = [
    "# ", "*", "**", "_", "`", "```\n", "\n", "\n\n", "- ", "1. ", "> ", "[a](b)", "[a](#b)", "![x](y)", "<b>", "</b>", "<div>",
    "$x$", "$$", "|", "|-|-|\n", "a", "#", "@x", "\\", "[", "]", "(", ")", "{", "}", "<", "~~", "[^1]", "[^1]: n\n", "http://x.y",
    "&amp;", '"', "=", "//", "/*", "$", "    ", "<br>", "<table><tr><td>x</td></tr></table>", "<a id=q>", "😀", "\t", "---\n", "u{41}", ";", ".", "<![x",
]  # fmt: skip


@given(st.lists(st.sampled_from(_MARKDOWN), max_size=25).map("".join))
@settings(max_examples=40, deadline=None)
def test_no_markdown_stops_the_document(source: str) -> None:
    compiles(written(source))


@given(st.text(max_size=60))
@settings(max_examples=40, deadline=None)
def test_text_is_never_markup_or_code(value: str) -> None:
    compiles(
        f"{text.markup(value)}\n\n#{text.raw(value)};\n#{terminal(value)};\n#text({text.string(value)});"
    )


def test_what_no_font_has_is_named() -> None:
    made = converted(markdown("An Egyptian \U00013000 and \u2603"))
    assert [p for p in problems(made) if "no font" in p and "U+13000" in p]
    assert not [p for p in problems(made) if "U+2603" in p]


def test_ordinary_text_needs_no_fonts_of_the_system() -> None:
    fonts, families, missing = engine().fonts("Grüße, αβγ, Привет: → ∑ ☑")
    assert families == ("Libertinus Serif",)
    assert missing == []
    assert sorted(fonts.families()) == sorted(FONTS.families())


def test_damaged_and_foreign_pictures_are_named_and_the_rest_is_shown() -> None:
    damaged = b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * 40).decode()
    made = converted(
        markdown("![gone](gone.png) ![far](https://example.org/x.png)"),
        code("x", result(image_png=damaged), result(image_png=b64encode(b"nothing").decode()), result(image_png=PNG)),
    )  # fmt: skip
    data = made.output
    assert isinstance(data, bytes)
    assert data.startswith(b"%PDF-")
    assert b"/Subtype/Image" in data
    said = " ".join(problems(made))
    for piece in ("gone.png", "damaged", "no picture that can be shown", "on the network"):
        assert piece in said


def test_pictures_are_read_from_the_notebooks_folder_only(tmp_path: Path) -> None:
    import base64

    (tmp_path / "nb").mkdir()
    for place in (tmp_path / "nb" / "in.png", tmp_path / "out.png"):
        place.write_bytes(base64.b64decode(PNG))
    said: list[str] = []
    gathered = pictures.Pictures({}, str(tmp_path / "nb"), lambda text, cell: said.append(text))
    assert gathered.address("in.png", 0) == "/picture0.png"
    assert gathered.address("../out.png", 0) is None
    assert gathered.address("data:image/png;base64," + PNG, 0) == "/picture0.png"
    assert len(said) == 1
    assert "outside" in said[0]


def test_terminal_colors_and_progress_bars() -> None:
    made = terminal(
        "\x1b[1;31mred\x1b[0m plain \x1b[48;5;28mback\x1b[0m \x1b[38;2;1;2;3mtrue\x1b[0m"
    )
    assert 'fill: rgb("#c0392b"), weight: "bold"' in made
    assert "highlight(" in made
    assert "rgb(1, 2, 3)" in made
    assert words(f"#{made};") == "red plain back true"


def test_long_words_are_broken_and_wide_tables_are_small() -> None:
    assert "\u200b" in text.raw("x" * 200)
    assert "\u200b" not in text.raw("word " * 50)
    from nuncius.nbconvert.html_table import Table
    from nuncius.nbconvert.pdf.markdown import table

    narrow, wide = (table(Table([["12345678"] * n, ["1.0"] * n], 1)) for n in (3, 30))
    assert narrow.startswith("#sheet(9.0pt")
    assert wide.startswith("#sheet(5.0pt")


def test_latex_that_is_no_formula_gives_way_to_what_is_beside_it() -> None:
    latex = "\\begin{tabular}{l}a\\end{tabular}"
    assert problems(converted(code("x", result(text_latex=latex, text_plain="a")))) == []
    alone = problems(converted(code("x", result(text_latex=latex))))
    assert len(alone) == 1
    assert "shown as its source" in alone[0]


def test_an_svg_becomes_a_pdf_for_tex() -> None:
    made = svg_to_pdf(SVG)
    assert made is not None
    assert made.startswith(b"%PDF-")
    assert svg_to_pdf("<svg") is None


def test_the_command_writes_the_pdf_and_says_what_is_wrong(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(folder / "nb.ipynb", notebook(markdown("Hello")))
    assert main(["--to", "pdf", "--pdf-engine=typst", "nb.ipynb"]) == 0
    assert (folder / "nb.pdf").read_bytes().startswith(b"%PDF-")
    assert sorted(path.name for path in folder.iterdir()) == ["nb.ipynb", "nb.pdf"]
    assert main(["--to", "pdf", "--pdf-engine=word", "nb.ipynb"]) == 1
    assert "typst" in capsys.readouterr().err


def test_an_engine_that_is_not_there_is_named(folder: Path) -> None:
    options = PDFExporter(engine="xelatex", latex_command=["no-such-tex", "{filename}"])
    with pytest.raises(ConversionException, match="no-such-tex is not installed"):
        convert(normalize(notebook()), FORMATS["pdf"], Configured((), [options]), initial_resources())  # fmt: skip
