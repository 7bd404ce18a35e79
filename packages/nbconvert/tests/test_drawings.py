"""Outputs that only a program can draw: diagrams, figures and charts, with the program in the page or the picture made beforehand."""

from __future__ import annotations

import base64
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from nbconvert_notebooks import code, markdown, notebook, result

from nuncius.nbconvert import get_exporter

FIGURE = {"data": [{"type": "bar", "y": [1, 2]}], "layout": {"title": {"text": "</script>"}}}
CHART = {"mark": "bar", "data": {"values": [{"a": 1}]}, "encoding": {"y": {"field": "a"}}}
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><text>drawn</text></svg>'


def made(to: str, *cells: dict[str, Any], **options: Any) -> tuple[str, list[str]]:
    """What a notebook becomes, and what is said about it."""
    exporter = get_exporter(to)(**options)
    text, resources = exporter.from_notebook_node(notebook(*cells))
    return text, [str(problem) for problem in resources.get("problems", ())]


def plotly(**more: Any) -> dict[str, Any]:
    return result(**{"application_vnd.plotly.v1+json": FIGURE, **more})


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution that has what plotly brings: one script."""
    folder = tmp_path / "plotly" / "package_data"
    folder.mkdir(parents=True)
    (tmp_path / "plotly" / "__init__.py").write_text("raise SystemExit('imported')")
    (folder / "plotly.min.js").write_text('Plotly = {name: "</script><!-- <script>"}')
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_figure_is_drawn_by_the_script_of_the_installed_plotly(library: None) -> None:
    cells = [code("1", plotly()), code("2", plotly())]
    for to in ("html", "slides"):
        page, _ = made(to, *cells)
        assert page.count('Plotly = {name: "\\x3C/script>\\x3C!-- \\x3Cscript>"}') == 1
        assert page.count("Plotly.newPlot(") == 2
        held = page.split('<script type="application/vnd.plotly.v1+json">\n')[1]
        assert json.loads(held.partition("\n</script>")[0]) == FIGURE
    # A picture is smaller, and needs no script.
    with_picture, _ = made("html", code("1", plotly(image_png="aGk=")))
    assert "Plotly" not in with_picture


def test_where_plotly_js_is_can_be_said(tmp_path: Path) -> None:
    page, _ = made("html", code("1", plotly()), plotly_js_url="https://a.example/p.js")
    assert '<script src="https://a.example/p.js"></script>' in page
    (tmp_path / "own.js").write_text("Plotly = {own: 1}")
    assert "{own: 1}" in made("html", code("1", plotly()), plotly_js_url=str(tmp_path / "own.js"))[0]  # fmt: skip


def test_a_figure_that_cannot_be_drawn_is_named(library: None) -> None:
    page, _ = made("html", code("1", plotly()), sanitize_html=True)
    assert "Plotly" not in page
    assert "Output that cannot be shown here: application/vnd.plotly.v1+json" in page
    page, _ = made("html", code("1", plotly(text_plain="Figure(...)")), sanitize_html=True)
    assert "Figure(...)" in page


def test_mermaid_is_in_the_page_if_it_is_a_file(tmp_path: Path) -> None:
    script = tmp_path / "mermaid.min.js"
    script.write_text("mermaid = {initialize() {}}")
    diagram = markdown("```mermaid\ngraph TD; A-->B\n```")
    page, _ = made("html", diagram, mermaid_js_url=str(script))
    assert "mermaid = {initialize() {}}" in page
    assert "import mermaid" not in page
    assert 'import mermaid from "https://' in made("html", diagram)[0]
    assert "import mermaid" not in made("html", markdown("none"))[0]


def pictures(page: str) -> list[str]:
    """The SVG pictures of a page."""
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    return [base64.b64decode(data).decode() for data in found]


VL_CONVERT = f"""
def get_vegalite_versions():
    return ["5.8", "5.21", "6.1"]
def vegalite_to_svg(spec, version, allowed_base_urls):
    assert allowed_base_urls == []
    if "url" in spec["data"]:
        raise ValueError("it failed:\\nError: not allowed\\n  at 1")
    return {SVG!r}.replace("drawn", "drawn by " + str(version))
def vega_to_svg(spec, allowed_base_urls):
    return {SVG!r}
"""


@pytest.fixture
def painter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module with the two functions that are used of vl-convert-python."""
    (tmp_path / "vl_convert.py").write_text(VL_CONVERT)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "vl_convert", raising=False)


def test_charts_become_pictures_in_every_format(painter: None) -> None:
    chart = result(**{"application_vnd.vegalite.v5+json": CHART, "text_plain": "alt.Chart(...)"})
    page, _ = made("html", code("1", chart))
    assert pictures(page) == [SVG.replace("drawn", "drawn by 5.21")]
    assert "alt.Chart" not in page
    text, _ = made("markdown", code("1", chart))
    assert "![svg](" in text
    vega = result(**{"application_vnd.vega.v5+json": {"marks": []}, "text_plain": "Vega"})
    assert pictures(made("html", code("1", vega))[0]) == [SVG]
    # The notebook itself stays as it is.
    assert "svg" not in made("notebook", code("1", chart))[0]


def test_a_chart_that_is_not_drawn_is_shown_as_text(painter: None) -> None:
    far = {**CHART, "data": {"url": "https://a.example/data.json"}}
    chart = result(**{"application_vnd.vegalite.v6+json": far, "text_plain": "a chart"})
    assert "a chart" in made("html", code("1", chart))[0]
