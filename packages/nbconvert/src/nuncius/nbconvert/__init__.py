"""Execute and convert notebooks.

The classes and functions that nbconvert has are found here under the same names; they are loaded when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = [
    "ASCIIDocExporter",
    "Exporter",
    "ExporterDisabledError",
    "ExporterNameError",
    "HTMLExporter",
    "LatexExporter",
    "MarkdownExporter",
    "NotebookClient",
    "NotebookExporter",
    "PDFExporter",
    "PythonExporter",
    "RSTExporter",
    "ScriptExporter",
    "SlidesExporter",
    "TemplateExporter",
    "WebPDFExporter",
    "export",
    "get_export_names",
    "get_exporter",
]


def __getattr__(name: str) -> Any:
    if name == "NotebookClient":
        return import_module("nuncius.nbconvert.nbclient").NotebookClient
    if name in __all__:
        return getattr(import_module("nuncius.nbconvert.exporters"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
