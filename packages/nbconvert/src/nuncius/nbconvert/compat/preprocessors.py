"""nbconvert's preprocessor classes."""

from __future__ import annotations

from typing import Any, ClassVar

from traitlets import Unicode
from traitlets.config import LoggingConfigurable

from nuncius.nbconvert import options, stages
from nuncius.nbconvert.compat.nbclient import NotebookClient
from nuncius.nbconvert.compat.traits import gather, traits_of

__all__ = [
    "CSSHTMLHeaderPreprocessor",
    "ClearMetadataPreprocessor",
    "ClearOutputPreprocessor",
    "CoalesceStreamsPreprocessor",
    "ConvertFiguresPreprocessor",
    "ExecutePreprocessor",
    "ExtractAttachmentsPreprocessor",
    "ExtractOutputPreprocessor",
    "HighlightMagicsPreprocessor",
    "LatexPreprocessor",
    "NbConvertBase",
    "Preprocessor",
    "RegexRemovePreprocessor",
    "SVG2PDFPreprocessor",
    "SanitizeHTML",
    "TagRemovePreprocessor",
]


class NbConvertBase(LoggingConfigurable):
    """The base of what can be configured."""

    locals().update(traits_of(options.NbConvertBase))
    default_language = Unicode("ipython", help="Accepted for compatibility.").tag(config=True)

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)


class Preprocessor(NbConvertBase):
    """The base of preprocessors: implement `preprocess_cell`, or `preprocess` for notebooks as a whole."""

    options_class: ClassVar[type[options.Preprocessor]] = options.Preprocessor
    enabled: Any
    locals().update(traits_of(options.Preprocessor))

    def __call__(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Run if enabled; return notebook and resources."""
        return self.preprocess(nb, resources) if self.enabled else (nb, resources)

    def preprocess(self, nb: Any, resources: Any = None) -> tuple[Any, Any]:
        """Process a notebook; by default each of its cells."""
        resources = {} if resources is None else resources
        for index, cell in enumerate(nb["cells"]):
            nb["cells"][index], resources = self.preprocess_cell(cell, resources, index)
        return nb, resources

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Process one cell; return it and the resources.

        Raises:
            NotImplementedError: A subclass has neither this nor `preprocess`.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method preprocess_cell(cell, resources, index)")  # fmt: skip


class _Stage(Preprocessor):
    """A preprocessor of ours: its options are traits, its work is the stage's."""

    def preprocess(self, nb: Any, resources: Any = None) -> tuple[Any, Any]:
        """Process a notebook in place; return it and the resources."""
        resources = {} if resources is None else resources
        for cell in nb["cells"]:
            cell.setdefault("metadata", {})
        stages.run_one(nb, resources, gather(self.options_class, self))
        return nb, resources


class TagRemovePreprocessor(_Stage):
    """Leaves out what is tagged."""

    options_class = options.TagRemovePreprocessor
    locals().update(traits_of(options_class))


class RegexRemovePreprocessor(_Stage):
    """Leaves out cells whose source matches a pattern."""

    options_class = options.RegexRemovePreprocessor
    locals().update(traits_of(options_class))


class ClearOutputPreprocessor(_Stage):
    """Removes outputs and execution counts."""

    options_class = options.ClearOutputPreprocessor
    locals().update(traits_of(options_class))


class ClearMetadataPreprocessor(_Stage):
    """Removes metadata."""

    options_class = options.ClearMetadataPreprocessor
    locals().update(traits_of(options_class))


class CoalesceStreamsPreprocessor(_Stage):
    """Joins the pieces of streams."""

    options_class = options.CoalesceStreamsPreprocessor
    locals().update(traits_of(options_class))


class ExecutePreprocessor(Preprocessor, NotebookClient):
    """Runs the notebook, cell by cell: subclasses may replace `preprocess_cell`."""

    options_class = options.ExecutePreprocessor
    nb: Any
    resources: Any

    def __init__(self, **kw: Any) -> None:
        nb = kw.pop("nb", None) or {"cells": [], "metadata": {}}
        super().__init__(nb=nb, **kw)

    def preprocess(self, nb: Any, resources: Any = None, km: Any = None) -> tuple[Any, Any]:
        """Run a notebook in place; return it and the resources.

        Raises:
            CellExecutionError: A cell raised.
        """
        self.resources = {} if resources is None else resources
        self._use(nb, km)
        with self.setup_kernel():
            self._describe()
            for index, cell in enumerate(nb["cells"]):
                nb["cells"][index], resources = self.preprocess_cell(cell, resources, index)
            self.set_widgets_metadata()
        return nb, self.resources

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Run one cell; return it and the resources."""
        return self.execute_cell(cell, index), resources


class ConvertFiguresPreprocessor(Preprocessor):
    """Converts outputs from one MIME type to another; implement ``convert_figure(data_format, data)``."""

    locals().update(traits_of(options.ConvertFiguresPreprocessor))
    from_format: Any
    to_format: Any

    def convert_figure(self, data_format: str, data: Any) -> Any:
        """Return the data in the other format."""
        raise NotImplementedError(f"{type(self).__name__} needs a method convert_figure(data_format, data)")  # fmt: skip

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Convert the outputs of one cell."""
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if self.from_format in data and self.to_format not in data:
                data[self.to_format] = self.convert_figure(self.from_format, data[self.from_format])
        return cell, resources


class SVG2PDFPreprocessor(_Stage):
    """Converts SVG outputs to PDF."""

    options_class = options.SVG2PDFPreprocessor
    locals().update(traits_of(options.ConvertFiguresPreprocessor), **traits_of(options_class))


class LatexPreprocessor(_Stage):
    """Prepares what LaTeX needs."""

    options_class = options.LatexPreprocessor
    locals().update(traits_of(options_class))


class HighlightMagicsPreprocessor(_Stage):
    """Finds cells in another language by their cell magic."""

    options_class = options.HighlightMagicsPreprocessor
    locals().update(traits_of(options_class))


class ExtractOutputPreprocessor(_Stage):
    """Takes pictures out of the notebook into files."""

    options_class = options.ExtractOutputPreprocessor
    locals().update(traits_of(options_class))


class ExtractAttachmentsPreprocessor(_Stage):
    """Takes attachments out of Markdown cells into files."""

    options_class = options.ExtractAttachmentsPreprocessor
    locals().update(traits_of(options_class))


class CSSHTMLHeaderPreprocessor(_Stage):
    """Gathers the style sheets of a page."""

    options_class = options.CSSHTMLHeaderPreprocessor
    locals().update(traits_of(options_class))


class SanitizeHTML(_Stage):
    """Lets through harmless markup only."""

    options_class = options.SanitizeHTML
    locals().update(traits_of(options_class))
