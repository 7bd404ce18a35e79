"""Answer ``variables_request``: some of a person's variables, or of what is in one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nuncius.kernel.errors import NoSuchVariable
from nuncius.kernel.variables.parts import Part, Parts, parts_of
from nuncius.kernel.variables.tables import facts_of
from nuncius.kernel.variables.texts import short_text, type_name

__all__ = ["LONGEST", "list_variables"]

#: So many are told at once at most.
LONGEST = 1000


def list_variables(
    names: Mapping[str, Any], path: Sequence[str | int] = (), offset: int = 0, limit: int = 100
) -> dict[str, Any]:
    """Return the content of ``variables_reply``.

    Args:
        names: The person's variables, in the order in which they are told.
        path: What is looked into: the name of a variable, and positions of parts after it. Empty: the variables themselves.
        offset: The first that is told.
        limit: How many, up to `LONGEST`.

    Raises:
        NoSuchVariable: There is nothing at the end of the path.
    """
    parts = _at_the_end(names, path)
    start = min(max(offset, 0), parts.count)
    stop = min(start + min(max(limit, 0), LONGEST), parts.count)
    found = parts.take(start, stop)
    return {
        "status": "ok",
        "variables": [_describe(part, position) for position, part in enumerate(found, start)],
        "offset": start,
        "total": parts.count,
    }


def _at_the_end(names: Mapping[str, Any], path: Sequence[str | int]) -> Parts:
    if not path:
        every = list(names)
        return Parts(
            len(every), lambda start, stop: [Part(n, names[n], n) for n in every[start:stop]]
        )
    first, *positions = path
    if not isinstance(first, str) or first not in names:
        raise NoSuchVariable(path[:1])
    part = Part(first, names[first], first)
    for depth, position in enumerate(positions, 2):
        inside = parts_of(part.value, part.expression)
        if not isinstance(position, int) or not 0 <= position < inside.count:
            raise NoSuchVariable(path[:depth])
        taken = inside.take(position, position + 1)
        if not taken:  # it has become shorter meanwhile
            raise NoSuchVariable(path[:depth])
        [part] = taken
    return parts_of(part.value, part.expression)


def _describe(part: Part, position: int) -> dict[str, Any]:
    value = part.value
    inside = parts_of(value)
    described: dict[str, Any] = {
        "name": part.name,
        "position": position,
        "type": type_name(value),
        "value": short_text(value),
        "parts": inside.count,
        **facts_of(value),
    }
    if part.expression:
        described["expression"] = part.expression
    return described
