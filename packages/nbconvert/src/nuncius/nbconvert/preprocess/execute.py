"""Run the notebook before it is converted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.errors import ConversionException

if TYPE_CHECKING:
    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.options import ExecutePreprocessor

__all__ = ["execute"]


def execute(nb: Notebook, resources: dict[str, Any], options: ExecutePreprocessor) -> None:
    """Run the cells and put the outputs into the notebook.

    Raises:
        ConversionException: There is nothing that could run it.
    """
    raise ConversionException("this version cannot execute notebooks; convert without --execute")
