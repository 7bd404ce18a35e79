"""What a writer is given: the document, the options, and where to say what could not be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuncius.nbconvert.configured import Configured
    from nuncius.nbconvert.document import Document
    from nuncius.nbconvert.notebook import Notebook

__all__ = ["Rendering"]


@dataclass(frozen=True, slots=True)
class Rendering:
    """One conversion, seen by a writer.

    Attributes:
        document: What is shown.
        nb: The notebook after the stages.
        resources: What stages and writers leave for each other, as nbconvert has it.
        options: The format's own options.
        configured: Those of anything else.
        note: Takes what could not be shown as it should, with the index of the cell.
    """

    document: Document
    nb: Notebook
    resources: dict[str, Any]
    options: Any
    configured: Configured
    note: Callable[[str, int | None], None]
