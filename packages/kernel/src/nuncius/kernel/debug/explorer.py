"""Show variables as the Debug Adapter Protocol does, while nothing is stopped, and pages of large ones: without debugpy, and without running a person's code but their ``__repr__``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nuncius.kernel.saferepr import safe_repr
from nuncius.kernel.variables.parts import Part, parts_of

__all__ = ["FIRST_REFERENCE", "Explorer", "Known"]

#: The numbers of our variables begin here: far above debugpy's.
FIRST_REFERENCE = 1 << 30

#: Children that are listed when a frontend does not say how many it wants.
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Known:
    """A value that was shown.

    Attributes:
        value: It.
        expression: Python that gives it; empty where there is none.
        frame: Number of the stopped frame that it is of; None while nothing is stopped.
    """

    value: Any
    expression: str
    frame: int | None = None


class Explorer:
    """The variables of a namespace, and what is in them, by number.

    Numbers hold until `variables` is asked for again: they keep the values alive.
    """

    def __init__(self) -> None:
        self._known: dict[int, Known] = {}
        #: Number of a container, and what an item was called -> the item's expression.
        self._items: dict[tuple[int, str], str] = {}

    def variables(self, names: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the variables of ``names``, and forget those of before."""
        self.forget()
        return [self._describe(Part(name, value, name), None) for name, value in names.items()]

    def forget(self) -> None:
        """Let go of the values."""
        self._known.clear()
        self._items.clear()

    def page(
        self, reference: int, known: Known, start: int = 0, count: int = 0
    ) -> list[dict[str, Any]]:
        """Return what is in a value that has the number ``reference``; see `children`."""
        parts = parts_of(known.value, known.expression)
        start = min(start, parts.count)
        found = parts.take(start, min(start + (count or _MOST), parts.count))
        for part in found:
            self._items[reference, part.name] = part.expression
        return [self._describe(part, known.frame) for part in found]

    def children(self, reference: int, start: int = 0, count: int = 0) -> list[dict[str, Any]]:
        """Return what is in a variable.

        Args:
            reference: Its number.
            start: The first child.
            count: How many; 0 for all, within reason.
        """
        known = self._known.get(reference)
        return [] if known is None else self.page(reference, known, start, count)

    def find(self, reference: int) -> Known | None:
        """Return the value with a number of ours."""
        return self._known.get(reference)

    def expression_of(self, reference: int, name: str) -> str | None:
        """Return the expression of an item that was shown; empty where it has none, None if it was not."""
        return self._items.get((reference, name))

    def describe(self, value: Any, expression: str, frame: int | None) -> dict[str, Any]:
        """Return what is told of a value."""
        return self._describe(Part(expression, value, expression), frame)

    def _describe(self, part: Part, frame: int | None) -> dict[str, Any]:
        reference = 0
        described: dict[str, Any] = {
            "name": part.name,
            "value": safe_repr(part.value, 300),
            "type": type(part.value).__name__,
            "evaluateName": part.expression,
        }
        inside = parts_of(part.value)
        if inside.count:
            reference = FIRST_REFERENCE + len(self._known)
            self._known[reference] = Known(part.value, part.expression, frame)
            if inside.are_items:
                described["indexedVariables"] = inside.count
        return described | {"variablesReference": reference}
