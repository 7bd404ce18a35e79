"""Notebooks as PDF and pictures, printed by an installed browser over a pipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nbconvert_notebooks import code, markdown, notebook, result

from nuncius.nbconvert.configured import Configured
from nuncius.nbconvert.conversion import convert, initial_resources
from nuncius.nbconvert.errors import ConversionException
from nuncius.nbconvert.formats import FORMATS
from nuncius.nbconvert.notebook import normalize
from nuncius.nbconvert.options import PDFExporter
from nuncius.nbconvert.pdf.browser import Printing, print_page

PAGE = b"<!doctype html><html><head><title>T</title></head><body><h1>Hello</h1><script>document.title='ran'</script></body></html>"


def made(to: str, *options: Any, cells: tuple[dict[str, Any], ...] = ()) -> bytes:
    result = convert(normalize(notebook(markdown("# Hello $x^2$"), *cells)), FORMATS[to], Configured((), options), initial_resources())  # fmt: skip
    assert isinstance(result.output, bytes)
    return result.output


def test_a_page_is_printed_as_a_tagged_pdf() -> None:
    data = made("webpdf")
    assert data.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in data
    assert b"/MediaBox [0 0 595" in data or b"/MediaBox [0 0 594" in data


def test_a_notebook_that_only_a_browser_can_show_gets_one() -> None:
    interactive = code("x", result(text_html="<div id=chart></div>"))
    options = PDFExporter(display_data_priority=list(FORMATS["pdf"].types))
    assert b"Skia" not in made("pdf", options)
    assert b"Skia" in made("pdf", options, cells=(interactive,))


def test_a_page_cannot_read_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.html"
    secret.write_text("<body style='background:red;height:3000px'>secret</body>")
    frame = f"<iframe src='{secret.as_uri()}' style='width:500px;height:500px'></iframe>"
    page = PAGE.replace(b"<script>", frame.encode() + b"<script>")
    blank = PAGE.replace(b"<script>", frame.replace(secret.as_uri(), "about:blank").encode() + b"<script>")  # fmt: skip
    assert print_page(page, Printing(picture=True)) == print_page(blank, Printing(picture=True))


def test_one_long_page_and_a_picture() -> None:
    long = PAGE.replace(b"<h1>", b"<div style='height:5000px'></div><h1>")
    assert print_page(long, Printing(paginate=False)).count(b"/Type /Page\n") == 1
    assert print_page(PAGE, Printing(picture=True)).startswith(b"\x89PNG")


def test_a_page_that_never_comes_to_an_end_is_given_up() -> None:
    with pytest.raises(ConversionException, match=r"did not finish in 2 s"):
        print_page(PAGE.replace(b"document.title='ran'", b"for(;;);"), Printing(timeout=2))


def test_a_browser_that_does_not_start_says_why() -> None:
    with pytest.raises(ConversionException, match="ended before the page was printed"):
        print_page(PAGE, Printing(arguments=("--version",)))


def test_no_browser_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConversionException, match="no browser was found"):
        print_page(PAGE, Printing())
