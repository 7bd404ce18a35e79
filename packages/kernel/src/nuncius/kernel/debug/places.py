"""Remember where the variables of a stopped program are, so that the items of large containers can be listed a page at a time: debugpy shows the first few hundred, or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nuncius.kernel.variables.parts import PAGED_TYPES

__all__ = ["LARGE", "Places", "countable"]

#: Containers with more items than this say how many they have: frontends then ask for pages.
LARGE = 100


class Places:
    """Numbers of variables, and the expressions that give them in a frame.

    Numbers hold as long as the program stands still.
    """

    def __init__(self) -> None:
        #: Number of a scope -> its frame.
        self._frames: dict[int, int] = {}
        #: Number of a variable -> the expression, and the frame.
        self._places: dict[int, tuple[str, int]] = {}

    def forget(self) -> None:
        """Take notice that the program runs."""
        self._frames.clear()
        self._places.clear()

    def see_scopes(self, frame: int, scopes: Iterable[Mapping[str, Any]]) -> None:
        """Take notice of the scopes of a frame."""
        for scope in scopes:
            self._frames[int(scope.get("variablesReference") or 0)] = frame

    def see_variables(self, reference: int, variables: Iterable[Mapping[str, Any]]) -> None:
        """Take notice of what is in a scope, or in a variable."""
        frame = self.frame_of(reference)
        for each in variables if frame is not None else ():
            number, expression = each.get("variablesReference"), each.get("evaluateName")
            if frame is not None and number and expression:
                self._places[int(number)] = (str(expression), frame)

    def see_value(self, reference: int, expression: str, frame: int) -> None:
        """Take notice of an expression that was evaluated."""
        if reference:
            self._places[reference] = (expression, frame)

    def frame_of(self, reference: int) -> int | None:
        """Return the frame of a scope or of a variable."""
        if reference in self._frames:
            return self._frames[reference]
        place = self._places.get(reference)
        return place[1] if place is not None else None

    def find(self, reference: int) -> tuple[str, int] | None:
        """Return the expression and the frame of a variable."""
        return self._places.get(reference)


def countable(variables: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of variables that may be large containers."""
    return [
        each["name"]
        for each in variables
        if each.get("type") in PAGED_TYPES
        and each.get("variablesReference")
        and each.get("evaluateName") == each.get("name")
        and str(each["name"]).isidentifier()
    ]
