"""Templates: users' own, built on ours by the blocks that nbconvert has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from nbconvert_notebooks import PNG, code, markdown, notebook, result, save, stream

from nuncius.nbconvert.cli import main
from nuncius.nbconvert.errors import ConversionException
from nuncius.nbconvert.exporters import HTMLExporter, LatexExporter, get_exporter

NB = notebook(
    markdown("# T $x^2$\n\n| a |\n|--|\n| 1 |", tags=["t"]),
    code("print(1)", stream("\x1b[31mred\x1b[0m <\n"), stream("err", "stderr")),
    code("f()", result(text_html="<b>x</b>", text_plain="x"), {"output_type": "display_data", "metadata": {}, "data": {"image/png": PNG, "text/plain": "<F>"}}),
    code("g()", {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mE\x1b[0m", "v"]}, count=None),
    {"cell_type": "raw", "metadata": {}, "source": "<i>raw</i>"},
    {"cell_type": "raw", "metadata": {"raw_mimetype": "text/latex"}, "source": "not here"},
)  # fmt: skip


def squeezed(text: str) -> list[str]:
    body = text[text.index("<main>") :]
    return re.findall(r"<[^>]*>|[^<\s]+", body)


def test_the_template_says_what_the_writer_says() -> None:
    """The page of lab/index.html.j2 and the page that is written without a template are the same."""
    plain = HTMLExporter().from_notebook_node(NB)[0]
    template = HTMLExporter(raw_template='{% extends "lab/index.html.j2" %}').from_notebook_node(
        NB
    )[0]
    assert squeezed(template) == squeezed(plain)


def make(folder: Path, name: str, index: str, **conf: object) -> None:
    (folder / name).mkdir()
    (folder / name / "index.html.j2").write_text(index)
    (folder / name / "conf.json").write_text(json.dumps(conf))


def test_a_template_overrides_blocks_of_another(folder: Path) -> None:
    make(folder, "mine", "{% extends 'lab/index.html.j2' %}{% block input %}<b>{{ cell.source | upper }}</b>{% endblock %}{% block html_head_css %}<style>MINE</style>{% endblock %}", base_template="lab")  # fmt: skip
    make(folder, "other", "{% extends 'mine/index.html.j2' %}{% block markdowncell %}MARK{% endblock %}", base_template="mine")  # fmt: skip
    save(folder / "a.ipynb", NB)
    assert main(["--to", "html", "--template", "other", f"--TemplateExporter.extra_template_basedirs={folder}", "a.ipynb"]) == 0  # fmt: skip
    text = (folder / "a.html").read_text()
    assert ("<b>PRINT(1)</b>" in text, "<style>MINE</style>" in text, text.count("MARK")) == (True, True, 1)  # fmt: skip


def test_templates_are_found_where_jupyter_keeps_them(folder: Path) -> None:
    place = folder / "data" / "nbconvert" / "templates"
    place.mkdir(parents=True)
    make(place, "mine", "{% extends 'base/null.j2' %}{% block any_cell %}[{{ cell.cell_type }}]{% endblock %}", base_template="base")  # fmt: skip
    assert HTMLExporter(template_name="mine").from_notebook_node(NB)[0] == "[markdown][code][code][code][raw][raw]"  # fmt: skip


def test_a_template_brings_preprocessors(folder: Path) -> None:
    make(folder, "mine", "{{ nb.cells | length }}", base_template="lab", preprocessors={"500-x": {"type": "nbconvert.preprocessors.TagRemovePreprocessor", "enabled": True, "remove_cell_tags": ["t"]}})  # fmt: skip
    assert HTMLExporter(template_name="mine").from_notebook_node(NB)[0] == "5"


@pytest.mark.parametrize(
    "name", ["html", "slides", "latex", "markdown", "rst", "asciidoc", "python"]
)
def test_every_built_in_template_renders(name: str) -> None:
    exporter = get_exporter(name)()
    exporter.register_filter("x", str)  # so that the template is used
    text, _ = exporter.from_notebook_node(NB)
    assert "print" in text
    assert "Undefined" not in text


def test_latex_blocks() -> None:
    text, _ = LatexExporter(raw_template=r'((* extends "latex/index.tex.j2" *))((* block docclass *))\documentclass{book}((* endblock *))').from_notebook_node(NB)  # fmt: skip
    assert text.startswith("\\documentclass{book}")
    assert "\\begin{document}" in text


def test_a_wrong_template_is_named_with_its_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    make(folder, "bad", "\n{% block x %}")
    save(folder / "a.ipynb", NB)
    assert main(["--to", "html", "--template", "bad", "a.ipynb"]) == 1
    assert "index.html.j2, line 2: " in capsys.readouterr().err


def test_the_classic_template_has_the_classes_of_the_classic_notebook() -> None:
    text = HTMLExporter(template_name="classic").from_notebook_node(NB)[0]
    for classes in (
        "cell border-box-sizing code_cell rendered", "cell border-box-sizing text_cell rendered celltag_t", "prompt input_prompt",
        "inner_cell", "input_area", "output_wrapper", "output_area", "prompt output_prompt", "text_cell_render border-box-sizing rendered_html",
        "output_subarea output_stream output_stdout output_text", "output_subarea output_text output_error", "output_png output_subarea",
        "output_html rendered_html output_subarea output_execute_result",
    ):  # fmt: skip
        assert f'class="{classes}"' in text, classes
    assert "jp-Cell" not in text[text.index("<main>") :]


def test_templates_find_code_as_they_know_it() -> None:
    """Some take the lines out of it: what is around them is part of the bargain."""
    template = "{% for cell in nb.cells %}{{ cell.source | highlight_code }}{% endfor %}"
    made = HTMLExporter(raw_template=template).from_notebook_node(notebook(code("x\ny")))[0]
    assert made == '<div class=" highlight hl-ipython3"><pre><span></span><span class="n">x</span>\n<span class="n">y</span>\n</pre></div>\n'  # fmt: skip


def test_themes_of_jupyterlab_color_pages(folder: Path) -> None:
    """What the theme's style sheet refers to is in the page; what it does not say stays as it is."""
    extension = folder / "data" / "labextensions" / "@me" / "night"
    (extension / "themes" / "@me" / "night").mkdir(parents=True)
    (extension / "package.json").write_text('{"name": "@me/night"}')
    (extension / "themes" / "@me" / "night" / "f.woff2").write_bytes(b"FONT")
    (extension / "themes" / "@me" / "night" / "index.css").write_text(
        "@import url(https://example.org/x.css);@font-face{src:url(f.woff2)}.a{background:url('../../../package.json')}:root{--jp-layout-color0: #101112}"
    )
    plain, template = (HTMLExporter(theme="night", raw_template=raw).from_notebook_node(NB)[0] for raw in ("", '{% extends "lab/index.html.j2" %}'))  # fmt: skip
    for text in (plain, template):
        assert '<html lang="en" data-theme="dark">' in text
        assert "@font-face{src:url(data:font/woff2;base64,Rk9OVA==)}.a{background:url(data:,)}" in text  # fmt: skip
        assert ":root{--bg:var(--jp-layout-color0)}" in text
        assert "example.org" not in text
    with pytest.raises(ConversionException, match="known are light, dark, auto, @me/night"):
        HTMLExporter(theme="day").from_notebook_node(NB)
