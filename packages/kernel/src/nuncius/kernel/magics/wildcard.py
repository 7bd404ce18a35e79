"""Find names by a pattern: ``re.e*``, ``*Error``, ``a*.b*``; without running what properties would."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch, fnmatchcase
from typing import Any

from nuncius.kernel.static import MISSING, raw_attribute

__all__ = ["KINDS", "search"]

#: The words that name a kind of object, besides the names of classes.
KINDS: Mapping[str, Any] = {
    "builtin": types.BuiltinFunctionType,
    "class": type,
    "function": types.FunctionType,
    "generator": types.GeneratorType,
    "method": types.MethodType,
    "module": types.ModuleType,
    "string": str,
}


def search(
    pattern: str,
    namespaces: Iterable[Mapping[str, Any]],
    kind: str = "all",
    *,
    ignore_case: bool = False,
    hidden: bool = False,
) -> list[str]:
    """Return the names that match, sorted.

    Args:
        pattern: A glob for each part of a dotted name.
        namespaces: Where the first part is looked up.
        kind: Only objects of this kind: of `KINDS`, or the name of their class.
        ignore_case: Match without regard to case.
        hidden: Also names that begin with an underscore; a pattern that does so finds them anyway.
    """
    parts = pattern.split(".")
    matches = fnmatch_lower if ignore_case else fnmatchcase
    found = [("", names) for names in namespaces]
    for depth, part in enumerate(parts):
        last = depth == len(parts) - 1
        level: list[tuple[str, Any]] = []
        for prefix, owner in found:
            for name, value in _members(owner, depth):
                shown = hidden or not name.startswith("_") or part.startswith("_")
                if shown and matches(name, part) and (not last or _is(value, kind)):
                    level.append((f"{prefix}{name}", value))
        found = level if last else [(f"{name}.", value) for name, value in level]
    return sorted({name for name, _ in found})


def fnmatch_lower(name: str, pattern: str) -> bool:
    """Match a glob without regard to case."""
    return fnmatch(name.lower(), pattern.lower())


def _members(owner: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if depth == 0:
        yield from list(owner.items())
        return
    try:
        names = dir(owner)
    except Exception:  # noqa: BLE001 - a broken __dir__
        return
    for name in names:
        value = raw_attribute(owner, name)
        if value is not MISSING:
            yield name, value


def _is(value: Any, kind: str) -> bool:
    if kind == "all":
        return True
    known = KINDS.get(kind)
    if known is not None:
        return isinstance(value, known)
    return type(value).__name__.lower() == kind.lower()
