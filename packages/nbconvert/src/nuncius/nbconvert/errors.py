"""Say what went wrong: the exceptions of `nuncius.nbconvert`, all in one tree.

::

    NunciusError
    └── NbConvertError
        ├── NotebookError           (ValueError) a file is no notebook: says file, cell, field and what was expected
        ├── ConversionException     a notebook cannot be converted to this format
        │   └── LatexFailed         (OSError) the TeX program failed; has its log
        ├── ExporterNameError       (NameError) no exporter has that name
        ├── ExporterDisabledError   (ValueError) the exporter was turned off by configuration
        ├── TemplateError           (ValueError) no such template, or it is wrong; says where it was looked for
        ├── FilterError             (ValueError) a filter or preprocessor that was asked for cannot be had
        ├── PandocMissing           (OSError) a filter that runs pandoc was used, and it is not installed
        └── PlaceError              (OSError) an address cannot be read from or written to
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nuncius.protocol.errors import NunciusError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "ConversionException",
    "ExporterDisabledError",
    "ExporterNameError",
    "FilterError",
    "LatexFailed",
    "NbConvertError",
    "NotebookError",
    "PandocMissing",
    "PlaceError",
    "TemplateError",
]


class NbConvertError(NunciusError):
    """The base of every exception that conversion raises on purpose."""


class NotebookError(NbConvertError, ValueError):
    """A file is no notebook, or so broken that it cannot be repaired.

    Attributes:
        source: The file, or how else the notebook is called.
        cell: The index of the cell from 0; None if the notebook as a whole is meant.
        field: The path of the field within it, like ``outputs[2].data``; "" if none.
        problem: What was expected and what came.
    """

    def __init__(
        self, problem: str, *, source: str = "", cell: int | None = None, field: str = ""
    ) -> None:
        self.source, self.cell, self.field, self.problem = source, cell, field, problem
        place = [source] if source else []
        if cell is not None:
            place.append(f"cell {cell + 1}")
        if field:
            place.append(field)
        super().__init__(f"{', '.join(place)}: {problem}" if place else problem)


class ConversionException(NbConvertError):
    """A notebook cannot be converted to this format."""


class LatexFailed(ConversionException, OSError):
    """A TeX program failed.

    Attributes:
        output: What it printed.
    """

    def __init__(self, output: str) -> None:
        self.output = output
        super().__init__(output)

    def __str__(self) -> str:
        at = self.output.find("\n!")  # how TeX marks what stopped it
        if at < 0:
            return f"the PDF was not made; this is the end of TeX's log:\n{self.output[-2000:]}"
        return f"the PDF was not made; TeX says:\n{self.output[at + 1 : at + 1500]}"


class ExporterNameError(NbConvertError, NameError):
    """No exporter has the name.

    Attributes:
        exporter: The name.
        known: The names that there are.
    """

    def __init__(self, message: str, exporter: str = "", known: Iterable[str] = ()) -> None:
        self.exporter, self.known = exporter, tuple(known)
        super().__init__(message)


class ExporterDisabledError(NbConvertError, ValueError):
    """The exporter is turned off by ``c.NAME.enabled = False``."""


class TemplateError(NbConvertError, ValueError):
    """A template is missing or wrong.

    Attributes:
        template: Its name.
        searched: The folders where it was looked for.
    """

    def __init__(self, message: str, template: str = "", searched: Sequence[str] = ()) -> None:
        self.template, self.searched = template, tuple(searched)
        places = "".join(f"\n  {place}" for place in self.searched)
        super().__init__(message + (f"; looked in:{places}" if places else ""))


class FilterError(NbConvertError, ValueError):
    """A filter or preprocessor that was asked for cannot be had."""


class PandocMissing(NbConvertError, OSError):
    """A filter that runs pandoc was used, and pandoc is not installed."""

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message
            or "this template uses the filter convert_pandoc, which needs the program pandoc (https://pandoc.org); the built-in templates do without"
        )


class PlaceError(NbConvertError, OSError):
    """A notebook at an address cannot be read, or a result cannot be written there."""
