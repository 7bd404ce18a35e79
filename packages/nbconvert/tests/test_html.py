"""Pages: what they show, that they stand alone, and that a hostile notebook can do nothing in a sanitized one."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from nbconvert_notebooks import PNG, code, markdown, notebook, result, stream

from nuncius.nbconvert.configured import Configured
from nuncius.nbconvert.conversion import convert, initial_resources
from nuncius.nbconvert.formats import FORMATS
from nuncius.nbconvert.notebook import normalize
from nuncius.nbconvert.options import HTMLExporter, SlidesExporter
from nuncius.nbconvert.render.slides import grouped


def page(nb: dict[str, Any], **options: Any) -> str:
    configured = Configured(
        (), [HTMLExporter(**options, display_data_priority=FORMATS["html"].types)]
    )
    return str(convert(normalize(nb), FORMATS["html"], configured, initial_resources("t")).output)


class Seen(HTMLParser):
    """What a browser would see in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.dangers: list[str] = []
        self.loads: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("script", "iframe", "object", "embed", "base", "form"):
            self.dangers.append(tag)
        for name, value in attrs:
            text = re.sub(r"[\s\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or text.startswith(
                ("javascript:", "vbscript:", "data:text/html")
            ):
                self.dangers.append(f"{tag} {name}={value}")
            if (
                name in ("src", "href")
                and tag in ("script", "link", "img")
                and text.startswith("http")
            ):
                self.loads.append(text)


HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>",
    "<a href='javascript:alert(1)'>x</a>", "<a href='jAvAsCrIpT&#58;alert(1)'>x</a>", "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "<details open ontoggle=alert(1)>", "<form action=javascript:alert(1)><button>x",
    "<style>@import 'http://evil'</style>", "<div style='background:url(javascript:alert(1))'>x</div>", "<base href='http://evil/'>",
    "<object data='data:text/html,<script>alert(1)</script>'>", "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "[x](javascript:alert(1))", "![x](javascript:alert(1))", "[x](data:text/html;base64,PHNjcmlwdD4=)", "# x\" onmouseover=\"alert(1)",
    "```x\" onload=\"alert(1)\ny\n```", "$\\href{javascript:alert(1)}{x}$", "$\\text{<script>alert(1)</script>}$", "<!--><script>alert(1)</script>-->",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", "<a xlink:href='javascript:alert(1)'>x</a>", "</main></body><script>alert(1)</script>",
]  # fmt: skip


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_sanitized_page_runs_nothing(attack: str) -> None:
    image = {"output_type": "display_data", "metadata": {"image/png": {"width": "1 onload=alert(1)", "height": attack, "alt": attack}}, "data": {"image/png": PNG + f'"{attack}'}}  # fmt: skip
    nb = notebook(
        markdown(attack, tags=[f'x" onclick="{attack}']),
        code(attack, stream(attack), result(text_html=attack, text_plain=attack), image),
        code("", result(text_markdown=attack), result(text_latex=attack), result(**{"text_vnd.mermaid": attack})),
        code("", result(image_svg__xml=f"<svg>{attack}</svg>"), result(application_javascript=attack, text_plain="p")),
        {"cell_type": "raw", "metadata": {}, "source": attack},
        title=attack,
    )  # fmt: skip
    nb["cells"][1]["id"] = attack
    seen = Seen(page(nb, sanitize_html=True, toc=True))
    assert seen.dangers == []


@pytest.mark.parametrize("kept", ["<p>x</p>", "<h1>x</h1>", "<hr>", "H<sub>2</sub>", "<table><tbody><tr><td>1</td></tr></tbody></table>", "<details><summary>s</summary>t</details>"])  # fmt: skip
def test_harmless_markup_stays_when_sanitizing(kept: str) -> None:
    assert kept in page(notebook(code("", result(text_html=kept))), sanitize_html=True)


def test_data_is_quoted_in_trusted_pages_too() -> None:
    """A picture whose width is ``1 onload=alert(1)`` ran a script in nbconvert's pages."""
    image = {"output_type": "display_data", "metadata": {"width": "1 onload=alert(1)", "height": 20}, "data": {"image/png": PNG}}  # fmt: skip
    text = page(notebook(code("", image, id="x")))
    assert Seen(text).dangers == []
    assert f'<img src="data:image/png;base64,{PNG}" alt="Picture without a description" height="20">' in text  # fmt: skip


def test_a_page_loads_nothing_and_has_no_scripts() -> None:
    text = page(notebook(markdown("# T\n$x$"), code("1", result(text_html="<b>x</b>"))))
    seen = Seen(text)
    assert (seen.loads, seen.dangers) == ([], [])
    assert len(text) < 20_000


def test_the_same_notebook_gives_the_same_bytes() -> None:
    nb = notebook(code("1", result(application_javascript="1"), result(text_html="require(1)")))
    assert page(nb) == page(nb)
    assert page(nb).count("<script") == 3


def test_input_and_outputs_have_their_classes_and_ids() -> None:
    text = page(notebook(code("x<1", stream("\x1b[31mred\x1b[0m", "stderr"), tags=["a"])))
    assert (
        '<div class="jp-Cell jp-CodeCell jp-Notebook-cell celltag_a" id="cell-id=cell-0">' in text
    )
    assert '<div class=" highlight hl-ipython3"><pre><span></span><span class="n">x</span><span class="o">&lt;</span><span class="mi">1</span>\n</pre></div>' in text  # fmt: skip
    assert 'data-mime-type="application/vnd.jupyter.stderr" tabindex="0">\n<pre><span class="ansi-red-fg">red</span></pre>' in text  # fmt: skip


def test_folding_and_contents() -> None:
    nb = notebook(markdown("# A\n## B\n# C"), code("1", tags=["hide-input"]), code("2"))
    text = page(nb, toc=True)
    assert text.count("<details") == 1
    assert '<ul><li><a href="#A">A</a><ul><li><a href="#B">B</a></li></ul></li>\n<li><a href="#C">C</a></li></ul>' in text  # fmt: skip
    assert page(nb, fold="both").count("<details") == 2


def test_what_is_excluded_is_not_there() -> None:
    nb = notebook(markdown("MARK"), code("SOURCE", stream("OUTPUT")))
    assert "SOURCE" not in page(nb, exclude_input=True)
    assert "OUTPUT" not in page(nb, exclude_output=True)
    assert "MARK" not in page(nb, exclude_markdown=True)
    assert "In&nbsp;[" not in page(nb, exclude_input_prompt=True)


def test_attachments_are_in_the_page() -> None:
    cell = {
        **markdown("![pic](attachment:a%20b.png)"),
        "attachments": {"a b.png": {"image/png": PNG}},
    }
    assert f'<img src="data:image/png;base64,{PNG}" alt="pic">' in page(notebook(cell))


def test_slides_are_grouped_as_their_author_said() -> None:
    from nuncius.nbconvert.document import View, build

    kinds = ["skip", "-", "fragment", "subslide", "slide", "notes"]
    nb = notebook(
        *(markdown(str(i), slideshow={"slide_type": kind}) for i, kind in enumerate(kinds))
    )
    cells = build(normalize(nb).nb, "t", View(())).cells
    assert [[[(kind, cell.index) for kind, cell in sub] for sub in slide] for slide in grouped(cells)] == [
        [[("slide", 1), ("fragment", 2)], [("subslide", 3)]],
        [[("slide", 4), ("notes", 5)]],
    ]  # fmt: skip


def test_slides_carry_reveal_and_load_nothing() -> None:
    configured = Configured((), [SlidesExporter(display_data_priority=FORMATS["slides"].types)])
    nb = notebook(markdown("# A", slideshow={"slide_type": "slide"}))
    text = str(convert(normalize(nb), FORMATS["slides"], configured, initial_resources()).output)
    assert Seen(text).loads == []
    assert "Reveal.initialize(" in text
    assert "@import" not in text


def test_equations_are_numbered_through_the_page_and_referred_to() -> None:
    made = page(
        notebook(
            markdown(r"see \eqref{last}, $\ref{two}$, \eqref{none}"),
            markdown(r"\begin{align}a&=1\\b&=2\label{two}\end{align}"),
            code("", result(text_latex=r"\begin{equation}c\end{equation}")),
            markdown(r"$$d\tag{A}$$ \begin{equation*}e\end{equation*} \begin{eqnarray}f&=&0\label{last}\end{eqnarray}"),
        ),
        sanitize_html=True,
    )  # fmt: skip
    assert re.findall(r"<mtext>(\(\w+\))</mtext>", made) == ["(1)", "(2)", "(3)", "(A)", "(4)"]
    assert re.findall(r'<a href="#(\w+)"[^>]*>([^<¶]*)</a>', made) == [("last", "(4)"), ("two", "2"), ("none", "(???)")]  # fmt: skip
    assert [name in made for name in ('id="two"', 'id="last"')] == [True, True]
