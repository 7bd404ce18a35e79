"""Find out that a code cell is in another language by its cell magic."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.highlight.code import MAGICS

if TYPE_CHECKING:
    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.options import HighlightMagicsPreprocessor

__all__ = ["magic_language", "note_languages"]

_MAGIC = re.compile(r"\s*(%%\w+)")


def note_languages(nb: Notebook, resources: dict[str, Any], options: HighlightMagicsPreprocessor) -> None:  # fmt: skip
    """Write the language of code cells with a cell magic into their metadata, as ``magics_language``."""
    languages = {**MAGICS, **options.languages}
    for cell in nb["cells"]:
        if cell["cell_type"] == "code" and (language := magic_language(cell["source"], languages)):
            cell["metadata"]["magics_language"] = language


def magic_language(source: str, languages: dict[str, str] = MAGICS) -> str | None:
    """Return the language that the cell magic at the start of a source stands for."""
    match = _MAGIC.match(source)
    return languages.get(match[1]) if match else None
