"""Write a document as PDF with the engine that was asked for."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from nuncius.nbconvert.document import PLOTLY, CodeCell, Document, Shown, build
from nuncius.nbconvert.errors import ConversionException
from nuncius.nbconvert.render.libraries import plotly_library

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.pdf.pictures import Pictures
    from nuncius.nbconvert.rendering import Rendering

__all__ = ["pdf", "typst_source"]

_BROWSER_ONLY = frozenset({"text/html", "application/javascript", "text/vnd.mermaid"})


def pdf(rendering: Rendering) -> Iterator[bytes]:
    """Yield the PDF.

    Raises:
        ConversionException: The engine is not installed, or refuses the document.
    """
    chosen = rendering.options.engine
    if chosen == "auto":
        chosen = _automatic(rendering)
    if chosen == "typst":
        yield _with_typst(rendering)
    elif chosen == "browser":
        from nuncius.nbconvert.render.webpdf import from_notebook

        yield from from_notebook(rendering)
    elif chosen == "weasyprint":
        from nuncius.nbconvert.render.webpdf import with_weasyprint

        yield with_weasyprint(rendering)
    else:
        from nuncius.nbconvert.render.tex import with_tex

        yield with_tex(rendering)


def _automatic(rendering: Rendering) -> str:
    """Choose the engine: a browser for what only it can show, if there is one; otherwise Typst, or what is there."""
    from nuncius.nbconvert.pdf.browser import find
    from nuncius.nbconvert.pdf.engine import available

    # Somebody who says how TeX is to be run wants TeX.
    if any(s.owner == "PDFExporter" and s.name == "latex_command" for s in rendering.configured.settings):  # fmt: skip
        return "xelatex"
    if not available():
        import shutil

        if find() is not None:
            return "browser"
        return "xelatex" if shutil.which("xelatex") else "typst"
    pages = _document(rendering).cells
    if any(_needs_browser(o) for c in pages if isinstance(c, CodeCell) for o in c.outputs) and find() is not None:  # fmt: skip
        return "browser"
    return "typst"


def _needs_browser(output: object) -> bool:
    if not isinstance(output, Shown) or output.mime:
        return False
    drawn = PLOTLY in output.offered and bool(plotly_library(""))
    return drawn or bool(_BROWSER_ONLY & {*output.offered})


def _document(rendering: Rendering) -> Document:
    """Return the document with the outputs that Typst shows best."""
    from nuncius.nbconvert.formats import FORMATS
    from nuncius.nbconvert.pdf.source import TYPES

    view = rendering.document.view
    if tuple(view.priority) == FORMATS["pdf"].types:
        view = dataclasses.replace(view, priority=TYPES)
    _without_hard_latex(rendering.nb)
    return build(rendering.nb, rendering.document.name, view)


def _without_hard_latex(nb: Notebook) -> None:
    """Leave out LaTeX that is more than a formula where the same output has something else."""
    from nuncius.nbconvert.pdf.formulas import formula
    from nuncius.nbconvert.pdf.source import only_math

    for cell in nb["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "text/latex" not in data or len(data) == 1:
                continue
            tex = only_math(str(data["text/latex"]))
            if tex is None or formula(tex, True) is None:
                del data["text/latex"]


def typst_source(rendering: Rendering, families: tuple[str, ...] = ("Libertinus Serif",)) -> str:
    """Return the source that Typst is given, for who wants to look at it."""
    from nuncius.nbconvert.pdf import source

    document = _document(rendering)
    return source.prelude(document, families) + "".join(source.body(document, _pictures(rendering), rendering.note))  # fmt: skip


def _pictures(rendering: Rendering) -> Pictures:
    from nuncius.nbconvert.pdf.pictures import Pictures

    resources = rendering.resources
    folder = str(resources.get("metadata", {}).get("path") or "")
    return Pictures(resources.get("outputs", {}), folder, rendering.note)


def _with_typst(rendering: Rendering) -> bytes:
    from nuncius.nbconvert.pdf import source
    from nuncius.nbconvert.pdf.engine import engine

    typst = engine()
    document = _document(rendering)
    pictures = _pictures(rendering)
    content = "".join(source.body(document, pictures, rendering.note))
    rendering.resources["outputs"] = {}  # the pictures are in the PDF
    fonts, families, missing = typst.fonts(content + document.title + "".join(document.authors))
    if missing:
        shown = ", ".join(f"{char} (U+{ord(char):04X})" for char in missing[:20])
        more = f" and {len(missing) - 20} more" if len(missing) > 20 else ""
        rendering.note(f"no font on this machine has {shown}{more}; install one, such as Noto", None)  # fmt: skip
    head = source.prelude(document, families)
    try:
        return typst.pdf(head + content, pictures.files, fonts)
    except ConversionException:
        broken = typst.broken(pictures.files)
        if not broken:
            raise
    for name in broken:
        rendering.note("a picture is damaged and cannot be shown", None)
        content = content.replace(f'image("{name}", alt: ', "emph(")
    files = {name: data for name, data in pictures.files.items() if name not in broken}
    return typst.pdf(head + _without_sizes(content), files, fonts)


def _without_sizes(content: str) -> str:
    import re

    return re.sub(r'(emph\("(?:[^"\\]|\\.)*"), width: [\d.]+(?:pt|%)\)', r"\1)", content)
