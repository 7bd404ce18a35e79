"""nbconvert's exporter classes."""

from __future__ import annotations

import dataclasses
import os
from typing import IO, Any, ClassVar

from traitlets import List, Unicode, default
from traitlets.config import Config

from nuncius.nbconvert import options
from nuncius.nbconvert.compat.preprocessors import NbConvertBase
from nuncius.nbconvert.compat.traits import gather, settings_of, traits_of
from nuncius.nbconvert.configured import Configured
from nuncius.nbconvert.conversion import convert, describe_path, initial_resources
from nuncius.nbconvert.formats import FORMATS, Format
from nuncius.nbconvert.nodes import ResourcesDict, nodes
from nuncius.nbconvert.notebook import Loaded, loads, normalize
from nuncius.nbconvert.templating.source import TemplateSource

__all__ = [
    "ASCIIDocExporter",
    "Exporter",
    "HTMLExporter",
    "LatexExporter",
    "MarkdownExporter",
    "NotebookExporter",
    "PDFExporter",
    "PythonExporter",
    "QtPDFExporter",
    "QtPNGExporter",
    "RSTExporter",
    "ScriptExporter",
    "SlidesExporter",
    "TemplateExporter",
    "WebPDFExporter",
]


class Exporter(NbConvertBase):
    """The base of exporters: runs the preprocessors and returns the notebook.

    Attributes:
        export_from_notebook: How a menu calls the format; None if it should not be in one.
    """

    format: ClassVar[Format | None] = None
    output_mimetype: str = ""
    export_from_notebook: str | None = None
    enabled: Any
    file_extension: Any
    preprocessors: Any
    default_preprocessors: Any
    locals().update(traits_of(options.Exporter))

    def __init__(self, config: Config | None = None, **kw: Any) -> None:
        merged = Config(self.default_config)
        if config is not None:
            merged.merge(config)
        self._extra: list[Any] = []
        super().__init__(config=merged, **kw)
        for item in self.preprocessors:
            self.register_preprocessor(item)

    @property
    def default_config(self) -> Config:
        """What the exporter is configured to by default; a subclass may merge more into it."""
        config = Config()
        for setting in self.format.said if self.format is not None else ():
            config[setting.owner][setting.name] = setting.value
        return config

    @default("file_extension")
    def _default_extension(self) -> str:
        return self.format.extension if self.format is not None else ""

    def from_filename(self, filename: Any, resources: Any = None, **kw: Any) -> tuple[Any, Any]:
        """Convert a notebook that is a file; return the result and the resources."""
        path = os.fspath(filename)
        merged = ResourcesDict(describe_path(path))
        _merge(merged, resources)
        with open(path, "rb") as file:  # noqa: PTH123
            return self._convert(loads(file.read(), path), merged, **kw)

    def from_file(self, file_stream: IO[Any], resources: Any = None, **kw: Any) -> tuple[Any, Any]:
        """Convert a notebook that is an open file; return the result and the resources."""
        merged = ResourcesDict(initial_resources())
        _merge(merged, resources)
        name = getattr(file_stream, "name", "")
        return self._convert(loads(file_stream.read(), name if isinstance(name, str) else ""), merged, **kw)  # fmt: skip

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> tuple[Any, Any]:
        """Convert a notebook that is a tree; it is not changed. Return the result and the resources."""
        merged = ResourcesDict(initial_resources())
        _merge(merged, resources)
        return self._convert(normalize(_copied(nb)), merged, **kw)

    def register_preprocessor(self, preprocessor: Any, enabled: bool = False) -> Any:
        """Add a preprocessor: a function, an instance, a class or a dotted path; return what runs.

        Raises:
            FilterError: It cannot be had.
        """
        from nuncius.nbconvert.loading import make_preprocessor

        made = make_preprocessor(preprocessor, self, enabled)
        self._extra.append(made)
        return made

    def _configured(self) -> Configured:
        return Configured(settings_of(self.config))

    def _convert(self, loaded: Loaded, resources: Any, **kw: Any) -> tuple[Any, Any]:
        from nuncius.nbconvert import stages

        stages.run(loaded.nb, resources, self._configured())
        nb = nodes(loaded.nb)
        for preprocessor in self._extra:
            nb, resources = preprocessor(nb, resources)
        resources["output_extension"] = self.file_extension
        return nb, resources


def _merge(resources: Any, given: Any) -> None:
    for key, value in (given or {}).items():
        if key == "metadata" and isinstance(value, dict):
            resources["metadata"] = {**resources.get("metadata", {}), **value}
        else:
            resources[key] = value


def _copied(nb: Any) -> Any:
    """Return a copy of the parts of a tree that stages change; strings are shared."""
    if isinstance(nb, dict):
        return {key: _copied(value) for key, value in nb.items()}
    return [_copied(item) for item in nb] if isinstance(nb, list) else nb


class _FormatExporter(Exporter):
    """An exporter of one of our formats."""

    format: ClassVar[Format]

    def _templates(self) -> TemplateSource | None:
        return None

    def _convert(self, loaded: Loaded, resources: Any, **kw: Any) -> tuple[Any, Any]:
        target = dataclasses.replace(self.format, said=())
        if self.output_mimetype:
            target = dataclasses.replace(target, mimetype=self.output_mimetype)
        chosen = gather(self.format.options, self)
        configured = Configured(settings_of(self.config), [chosen])
        extra = [_on_nodes(item) for item in self._extra]
        result = convert(loaded, target, configured, resources, extra, self._templates())
        return result.output, result.resources


def _on_nodes(preprocessor: Any) -> Any:
    """Return a preprocessor that is given attributes, and whose result is made well-formed again."""

    def run(nb: Any, resources: Any) -> tuple[Any, Any]:
        nb, resources = preprocessor(nodes(nb), resources)
        return normalize(nb).nb, resources

    return run


class TemplateExporter(_FormatExporter):
    """Every exporter whose result can come from a template; by itself it needs one."""

    format = FORMATS["html"]
    locals().update(traits_of(options.TemplateExporter))
    filters: Any
    template_name: Any
    extra_template_basedirs: Any
    extra_loaders: Any = List(help="Jinja loaders that are asked first.")
    template_paths: Any = List(help="The folders where templates are looked for.").tag(affects_environment=True)  # fmt: skip
    template_data_paths = List(Unicode(), help="Accepted for compatibility.")

    def __init__(self, config: Config | None = None, **kw: Any) -> None:
        self._more_filters: dict[str, Any] = {}
        super().__init__(config=config, **kw)

    @default("template_name")
    def _default_template(self) -> str:
        return self.format.template

    @default("template_paths")
    def _default_paths(self) -> list[str]:
        from nuncius.nbconvert.templating.search import template_paths

        return template_paths(gather(options.TemplateExporter, self))

    def register_filter(self, name: str, jinja_filter: Any) -> Any:
        """Add a filter: a function, a class or a dotted path; return what is called."""
        from nuncius.nbconvert.loading import load

        if isinstance(jinja_filter, str):
            jinja_filter = load(jinja_filter)
        if isinstance(jinja_filter, type):
            jinja_filter = jinja_filter()
        self._more_filters[name] = jinja_filter
        return jinja_filter

    def default_filters(self) -> Any:
        """Yield (name, function) of further filters; for subclasses."""
        return iter(())

    def _templates(self) -> TemplateSource:
        # What a subclass says about paths counts; the default follows from the options.
        own = self._trait_values.get("template_paths")
        changed = own if "template_paths" in self._trait_values else None
        filters = {**dict(self.default_filters()), **self._more_filters}
        return TemplateSource(tuple(changed or ()), tuple(self.extra_loaders), filters)


class HTMLExporter(TemplateExporter):
    """Notebooks as pages."""

    format = FORMATS["html"]
    output_mimetype = "text/html"
    export_from_notebook: str | None = "HTML"
    locals().update(traits_of(options.HTMLExporter))


class SlidesExporter(HTMLExporter):
    """Notebooks as slides."""

    format = FORMATS["slides"]
    export_from_notebook = "Reveal.js slides"
    locals().update(traits_of(options.SlidesExporter))


class WebPDFExporter(HTMLExporter):
    """Pages printed by a browser."""

    format = FORMATS["webpdf"]
    output_mimetype = "application/pdf"
    export_from_notebook = "PDF via HTML"
    locals().update(traits_of(options.WebPDFExporter))


class QtPDFExporter(HTMLExporter):
    """Pages printed by Qt."""

    format = FORMATS["qtpdf"]
    output_mimetype = "application/pdf"
    export_from_notebook = None
    locals().update(traits_of(options.QtExporter))


class QtPNGExporter(HTMLExporter):
    """Pages as pictures by Qt."""

    format = FORMATS["qtpng"]
    output_mimetype = "image/png"
    export_from_notebook = None
    locals().update(traits_of(options.QtExporter))


class LatexExporter(TemplateExporter):
    """Notebooks as LaTeX."""

    format = FORMATS["latex"]
    output_mimetype = "text/latex"
    export_from_notebook = "LaTeX"


class PDFExporter(LatexExporter):
    """Notebooks as PDF."""

    format = FORMATS["pdf"]
    output_mimetype = "application/pdf"
    export_from_notebook = "PDF"
    locals().update(traits_of(options.PDFExporter))


class MarkdownExporter(TemplateExporter):
    """Notebooks as Markdown."""

    format = FORMATS["markdown"]
    output_mimetype = "text/markdown"
    export_from_notebook = "Markdown"


class RSTExporter(TemplateExporter):
    """Notebooks as reStructuredText."""

    format = FORMATS["rst"]
    output_mimetype = "text/restructuredtext"
    export_from_notebook = "reStructuredText"


class ASCIIDocExporter(TemplateExporter):
    """Notebooks as AsciiDoc."""

    format = FORMATS["asciidoc"]
    output_mimetype = "text/asciidoc"
    export_from_notebook = "AsciiDoc"


class ScriptExporter(TemplateExporter):
    """Notebooks as programs in their own language."""

    format = FORMATS["script"]
    export_from_notebook = "Executable Script"
    locals().update(traits_of(options.ScriptExporter))


class PythonExporter(TemplateExporter):
    """Notebooks as Python programs."""

    format = FORMATS["python"]
    output_mimetype = "text/x-python"
    locals().update(traits_of(options.PythonExporter))


class NotebookExporter(_FormatExporter):
    """Notebooks as notebooks, after the preprocessors."""

    format = FORMATS["notebook"]
    output_mimetype = "application/json"
    export_from_notebook = "Notebook"
    locals().update(traits_of(options.NotebookExporter))
