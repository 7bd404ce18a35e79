"""nbconvert's functions: find an exporter by its name, and convert with it."""

from __future__ import annotations

import os
from typing import Any

from traitlets.config import Config

from nuncius.nbconvert.compat import exporters
from nuncius.nbconvert.errors import ExporterDisabledError, ExporterNameError
from nuncius.nbconvert.formats import ALIASES, FORMATS, known_formats

__all__ = ["export", "get_export_names", "get_exporter"]

_CLASSES: dict[str, type[Any]] = {
    "html": exporters.HTMLExporter,
    "slides": exporters.SlidesExporter,
    "latex": exporters.LatexExporter,
    "pdf": exporters.PDFExporter,
    "webpdf": exporters.WebPDFExporter,
    "qtpdf": exporters.QtPDFExporter,
    "qtpng": exporters.QtPNGExporter,
    "markdown": exporters.MarkdownExporter,
    "rst": exporters.RSTExporter,
    "asciidoc": exporters.ASCIIDocExporter,
    "script": exporters.ScriptExporter,
    "python": exporters.PythonExporter,
    "notebook": exporters.NotebookExporter,
    "custom": exporters.TemplateExporter,
}


def get_exporter(name: str, config: Config | None = None) -> type[Any]:
    """Return an exporter class.

    Args:
        name: A format, the name of an entry point of the group ``nbconvert.exporters``, or a dotted path.
        config: Tells whether the exporter is enabled.

    Raises:
        ExporterNameError: There is none of that name.
        ExporterDisabledError: It is turned off.
    """
    lower = ALIASES.get(name.lower(), name.lower())
    if lower in _CLASSES:
        return _enabled(_CLASSES[lower], name, config)
    from importlib.metadata import entry_points

    for entry in entry_points(group="nbconvert.exporters"):
        if entry.name in (name, lower):
            return _enabled(entry.load(), name, config)
    if "." in name:
        from nuncius.nbconvert.errors import FilterError
        from nuncius.nbconvert.loading import load

        try:
            return _enabled(load(name), name, config)
        except FilterError as error:
            raise ExporterNameError(f"unknown exporter {name!r}: {error}", name, known_formats()) from error  # fmt: skip
    known = known_formats()
    from nuncius.protocol.app.options import nearest

    raise ExporterNameError(f"unknown exporter {name!r}{nearest(name, known)}; known are: {', '.join(known)}", name, known)  # fmt: skip


def _enabled(cls: type[Any], name: str, config: Config | None) -> type[Any]:
    exporter = cls(config=config or Config())
    if not getattr(exporter, "enabled", True):
        raise ExporterDisabledError(f"exporter {name!r} is turned off by c.{cls.__name__}.enabled")
    return cls


def get_export_names(config: Config | None = None) -> list[str]:
    """Return the names of the exporters that are enabled, sorted."""
    names = []
    for name in known_formats():
        try:
            get_exporter(name, config)
        except (ExporterDisabledError, ImportError):
            continue
        names.append(name)
    return names


def export(exporter: Any, nb: Any, **kw: Any) -> tuple[Any, Any]:
    """Convert a notebook.

    Args:
        exporter: An exporter, or its class (which is made with ``config``).
        nb: A tree, the name of a file, or an open file.
        **kw: ``config``, ``resources``.

    Returns:
        The result and the resources.

    Raises:
        TypeError: ``exporter`` is None or no exporter.
    """
    if exporter is None:
        raise TypeError("exporter is None; give an exporter or its class")
    resources = kw.pop("resources", None)
    if isinstance(exporter, type):
        if not issubclass(exporter, exporters.Exporter):
            raise TypeError(f"{exporter!r} is no exporter class")
        made = exporter(config=kw.pop("config", None))
    elif isinstance(exporter, exporters.Exporter):
        made = exporter
    else:
        raise TypeError(f"{exporter!r} is no exporter")
    if isinstance(nb, dict):
        return made.from_notebook_node(nb, resources, **kw)
    if isinstance(nb, (str, os.PathLike)):
        return made.from_filename(nb, resources, **kw)
    return made.from_file(nb, resources, **kw)


assert set(_CLASSES) == {*FORMATS, "custom"}
