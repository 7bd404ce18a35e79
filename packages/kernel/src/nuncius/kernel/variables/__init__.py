"""Show what a program holds, a page at a time, without running any of its code: what frontends with a list of variables ask for, also while a cell runs.

* `list_variables`: the answer to ``variables_request``.
* `parts_of`: what is in a value. The debugger's lists of variables use it, too.
* `short_text`: a line that says what a value is.

Rule: properties, ``__repr__``, ``__len__`` and ``__getattr__`` of a person's classes are never called. What is shown of them is what they hold.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.kernel.variables.listing import list_variables
    from nuncius.kernel.variables.parts import Part, Parts, parts_of
    from nuncius.kernel.variables.texts import short_text

__all__ = ["Part", "Parts", "list_variables", "parts_of", "short_text"]

_PLACES = {
    "Part": "parts",
    "Parts": "parts",
    "list_variables": "listing",
    "parts_of": "parts",
    "short_text": "texts",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
