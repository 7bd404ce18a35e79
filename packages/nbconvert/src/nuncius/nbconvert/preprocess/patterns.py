"""Leave out cells whose source matches a pattern."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.errors import FilterError

if TYPE_CHECKING:
    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.options import RegexRemovePreprocessor

__all__ = ["remove_matching"]


def remove_matching(nb: Notebook, resources: dict[str, Any], options: RegexRemovePreprocessor) -> None:  # fmt: skip
    """Leave out cells whose source matches one of the patterns from its start.

    Raises:
        FilterError: A pattern is no regular expression.
    """
    if not options.patterns:
        return
    try:
        pattern = re.compile("|".join(f"(?:{pattern})" for pattern in options.patterns))
    except re.error as error:
        raise FilterError(f"RegexRemovePreprocessor.patterns: {error} in {options.patterns!r}") from None  # fmt: skip
    nb["cells"] = [cell for cell in nb["cells"] if not pattern.match(cell["source"])]
