"""Write a document as a page and have a browser print it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.document import PLOTLY
from nuncius.nbconvert.errors import ConversionException
from nuncius.nbconvert.pdf.browser import Printing, print_page
from nuncius.nbconvert.render.pages import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nuncius.nbconvert.rendering import Rendering

__all__ = ["from_notebook", "qtpdf", "qtpng", "webpdf", "with_weasyprint"]

#: What scripts draw.
_DRAWN = {"application/javascript", "text/vnd.mermaid", PLOTLY}


def webpdf(rendering: Rendering) -> Iterator[bytes]:
    """Yield the page as PDF, printed by Chromium, Chrome or Edge."""
    options = rendering.options
    printing = Printing(
        paginate=options.paginate,
        timeout=max(5.0, options.page_render_timeout / 1000 + 20),
        sandbox=not options.disable_sandbox,
        arguments=tuple(options.browser_args),
        settle=_settle(rendering),
    )
    yield print_page(_html(rendering), printing)


def qtpdf(rendering: Rendering) -> Iterator[bytes]:
    """Yield the page as PDF; nbconvert used Qt's browser for this, which is Chromium too."""
    yield print_page(_html(rendering), Printing(paginate=rendering.options.paginate, settle=_settle(rendering)))  # fmt: skip


def qtpng(rendering: Rendering) -> Iterator[bytes]:
    """Yield the page as one picture."""
    yield print_page(_html(rendering), Printing(settle=_settle(rendering), picture=True))


def _html(rendering: Rendering) -> bytes:
    # The browser is given the page, and no folder to find pictures in.
    options = dataclasses.replace(rendering.options, embed_images=True)
    rendering = dataclasses.replace(rendering, options=options)
    return "".join(page(rendering)).encode("utf-8", "replace")


def _settle(rendering: Rendering) -> int:
    """Return how long scripts have to draw, in milliseconds: none if there are none."""
    for cell in rendering.nb["cells"]:
        for output in cell.get("outputs", ()):
            kinds = output.get("data", {})
            if kinds.keys() & _DRAWN or "<script" in str(kinds.get("text/html", "")):  # fmt: skip
                return 1500
    return 0


def page_of(rendering: Rendering, **options: Any) -> bytes:
    """Return the page of a rendering for another format, with options of its own."""
    from nuncius.nbconvert.document import build
    from nuncius.nbconvert.formats import FORMATS
    from nuncius.nbconvert.options import WebPDFExporter

    html = FORMATS["html"]
    view = dataclasses.replace(rendering.document.view, priority=html.types, html_tables_only=False)
    choice = dataclasses.replace(rendering.configured.of(WebPDFExporter), **options)
    changed = dataclasses.replace(
        rendering,
        document=build(rendering.nb, rendering.document.name, view),
        options=choice,
    )
    pictures = rendering.resources.get("outputs", {})
    rendering.resources["outputs"] = {}
    return _html(changed) if not pictures else _with_pictures(_html(changed), pictures)


def _with_pictures(html: bytes, pictures: dict[str, bytes]) -> bytes:
    """Put attachments, which are files by now, into the page."""
    import mimetypes
    from base64 import b64encode
    from urllib.parse import quote

    for name, data in pictures.items():
        for address in {name, quote(name)}:
            mark = f'src="{address}"'.encode()
            if mark in html:
                mime = mimetypes.guess_type(name)[0] or "image/png"
                html = html.replace(mark, f'src="data:{mime};base64,'.encode() + b64encode(data) + b'"')  # fmt: skip
    return html


def from_notebook(rendering: Rendering) -> Iterator[bytes]:
    """Yield the PDF that a browser makes of a notebook that was prepared for another engine."""
    yield print_page(page_of(rendering), Printing(settle=_settle(rendering)))


def with_weasyprint(rendering: Rendering) -> bytes:
    """Return the PDF that WeasyPrint makes. It knows no formulas: they are shown as their source.

    Raises:
        ConversionException: It is not installed.
    """
    try:
        import weasyprint  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except (ImportError, OSError) as error:
        raise ConversionException(f"WeasyPrint cannot be used ({error}): pip install weasyprint, or leave out --pdf-engine") from error  # fmt: skip
    if has_formulas(rendering):
        rendering.note("WeasyPrint cannot set formulas: they are shown as their source", None)
    # Formulas are left as they are written if somebody else is to set them.
    page = page_of(rendering, mathjax_url="data:,").decode()
    return bytes(weasyprint.HTML(string=page).write_pdf())


def has_formulas(rendering: Rendering) -> bool:
    """Tell whether there are formulas."""
    from nuncius.nbconvert.markdown.events import events

    return any(event[0] == "math" for text in rendering.document.prose for event in events(text))
