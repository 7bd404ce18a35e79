"""Exporter classes and the functions that find them, as ``nbconvert.exporters`` has them."""

from __future__ import annotations

from nuncius.nbconvert.compat.api import export, get_export_names, get_exporter
from nuncius.nbconvert.compat.exporters import (
    ASCIIDocExporter,
    Exporter,
    HTMLExporter,
    LatexExporter,
    MarkdownExporter,
    NotebookExporter,
    PDFExporter,
    PythonExporter,
    QtPDFExporter,
    QtPNGExporter,
    RSTExporter,
    ScriptExporter,
    SlidesExporter,
    TemplateExporter,
    WebPDFExporter,
)
from nuncius.nbconvert.errors import ExporterDisabledError, ExporterNameError
from nuncius.nbconvert.nodes import ResourcesDict

__all__ = [
    "ASCIIDocExporter",
    "Exporter",
    "ExporterDisabledError",
    "ExporterNameError",
    "HTMLExporter",
    "LatexExporter",
    "MarkdownExporter",
    "NotebookExporter",
    "PDFExporter",
    "PythonExporter",
    "QtPDFExporter",
    "QtPNGExporter",
    "RSTExporter",
    "ResourcesDict",
    "ScriptExporter",
    "SlidesExporter",
    "TemplateExporter",
    "WebPDFExporter",
    "export",
    "get_export_names",
    "get_exporter",
]
