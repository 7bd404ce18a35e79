"""The table of formats: everything that is particular to one, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import options
from nuncius.nbconvert.configured import defaults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nuncius.nbconvert.rendering import Rendering
    from nuncius.protocol.app.config import Setting

__all__ = ["FORMATS", "Format", "known_formats"]

_HTML_TYPES = [
    "application/vnd.jupyter.widget-view+json",
    "application/javascript",
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "text/vnd.mermaid",
    "text/latex",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "application/vnd.plotly.v1+json",
    "text/plain",
    "application/json",
]
_LATEX_TYPES = ["text/latex", "application/pdf", "image/png", "image/jpeg", "image/svg+xml", "text/markdown", "text/html", "text/plain"]  # fmt: skip
_MARKDOWN_TYPES = ["text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "image/jpeg", "image/gif", "text/plain"]  # fmt: skip
_ASCIIDOC_TYPES = ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain", "text/latex"]  # fmt: skip
_RST_TYPES = ["text/x-rst", "text/html", "application/pdf", "text/latex", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Format:
    """A format that notebooks can be converted to.

    Attributes:
        name: How it is asked for.
        options: Its options class; its name is that of nbconvert's exporter.
        extension: Of the result, with its dot.
        mimetype: Of the result.
        label: How a menu calls it; "" if it should not be in one.
        template: The template that stands for it.
        types: MIME types of outputs, the best first.
        raw_types: MIME types of raw cells that it passes through.
        said: Settings that it has by default.
        path: ``module:function`` of its writer, which yields text (or bytes, if the format is binary).
    """

    name: str
    options: type[options.Exporter]
    extension: str
    mimetype: str
    label: str
    template: str
    types: tuple[str, ...]
    raw_types: tuple[str, ...]
    path: str
    said: tuple[Setting, ...] = field(default=())

    def load(self) -> Callable[[Rendering], Iterator[str] | Iterator[bytes]]:
        """Return the writer."""
        module, _, name = self.path.partition(":")
        return getattr(import_module(module), name)  # type: ignore[no-any-return]


def _said(name: str, types: list[str], *enabled: str) -> tuple[Setting, ...]:
    return defaults(
        f"the defaults of {name}",
        ("NbConvertBase", "display_data_priority", types),
        *((stage, "enabled", True) for stage in enabled),
    )


_TEMPLATED = ("HighlightMagicsPreprocessor", "TagRemovePreprocessor", "RegexRemovePreprocessor", "CoalesceStreamsPreprocessor", "VegaPreprocessor")  # fmt: skip
_PAGE = (*_TEMPLATED, "CSSHTMLHeaderPreprocessor")
_FILES = (*_TEMPLATED, "ExtractOutputPreprocessor", "ExtractAttachmentsPreprocessor")
_LATEX = (*_FILES, "SVG2PDFPreprocessor", "LatexPreprocessor")


def _format(
    name: str,
    cls: type[options.Exporter],
    extension: str,
    mimetype: str,
    label: str,
    template: str,
    types: list[str],
    raw_types: tuple[str, ...],
    path: str,
    stages: tuple[str, ...],
) -> Format:
    said = _said(name, types, *stages) if types else defaults(name, *((s, "enabled", True) for s in stages))  # fmt: skip
    return Format(name, cls, extension, mimetype, label, template, tuple(types), raw_types, "nuncius.nbconvert.render." + path, said)  # fmt: skip


_HTML_RAW = ("text/html", "")
_LATEX_RAW = ("text/latex", "text/tex", "application/pdf", "")

FORMATS: dict[str, Format] = {
    item.name: item
    for item in (
        _format("html", options.HTMLExporter, ".html", "text/html", "HTML", "lab", _HTML_TYPES, _HTML_RAW, "pages:page", _PAGE),
        _format("slides", options.SlidesExporter, ".slides.html", "text/html", "Reveal.js slides", "reveal", _HTML_TYPES, _HTML_RAW, "slides:slides", _PAGE),
        _format("latex", options.LatexExporter, ".tex", "text/latex", "LaTeX", "latex", _LATEX_TYPES, _LATEX_RAW, "latex:latex", _LATEX),
        _format("pdf", options.PDFExporter, ".pdf", "application/pdf", "PDF", "latex", _LATEX_TYPES, _LATEX_RAW, "pdf:pdf", _FILES),
        _format("webpdf", options.WebPDFExporter, ".pdf", "application/pdf", "PDF via HTML", "webpdf", _HTML_TYPES, _HTML_RAW, "webpdf:webpdf", _PAGE),
        _format("qtpdf", options.QtExporter, ".pdf", "application/pdf", "", "lab", _HTML_TYPES, _HTML_RAW, "webpdf:qtpdf", _PAGE),
        _format("qtpng", options.QtExporter, ".png", "image/png", "", "lab", _HTML_TYPES, _HTML_RAW, "webpdf:qtpng", _PAGE),
        _format("markdown", options.MarkdownExporter, ".md", "text/markdown", "Markdown", "markdown", _MARKDOWN_TYPES, ("text/markdown", "text/html", ""), "markdown:markdown", _FILES),
        _format("rst", options.RSTExporter, ".rst", "text/restructuredtext", "reStructuredText", "rst", _RST_TYPES, ("text/x-rst", "text/restructuredtext", ""), "rst:rst", _FILES),
        _format("asciidoc", options.ASCIIDocExporter, ".asciidoc", "text/asciidoc", "AsciiDoc", "asciidoc", _ASCIIDOC_TYPES, ("text/asciidoc", "text/markdown", "text/html", ""), "asciidoc:asciidoc", _FILES),
        _format("script", options.ScriptExporter, ".txt", "text/plain", "Executable Script", "script", [], ("", "text/x-python"), "script:script", ("TagRemovePreprocessor", "RegexRemovePreprocessor")),
        _format("python", options.PythonExporter, ".py", "text/x-python", "", "python", [], ("", "text/x-python"), "script:python", ("TagRemovePreprocessor", "RegexRemovePreprocessor")),
        _format("notebook", options.NotebookExporter, ".ipynb", "application/json", "Notebook", "", [], (), "notebook:notebook", ("TagRemovePreprocessor", "RegexRemovePreprocessor")),
    )
}  # fmt: skip

ALIASES = {"ipynb": "notebook", "md": "markdown", "tex": "latex"}


def known_formats() -> list[str]:
    """Return the names of the formats that come with the package and of those that are installed."""
    return sorted({*FORMATS, *(entry.name for entry in _entry_points())} | {"custom"})


def _entry_points() -> Any:
    from importlib.metadata import entry_points

    return [e for e in entry_points(group="nbconvert.exporters") if not e.value.startswith("nbconvert.")]  # fmt: skip
