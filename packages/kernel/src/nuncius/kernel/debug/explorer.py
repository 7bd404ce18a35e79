"""Show variables as the Debug Adapter Protocol does, while nothing is stopped: without debugpy, and without running a person's code but their ``__repr__``."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from nuncius.kernel.saferepr import safe_repr

__all__ = ["FIRST_REFERENCE", "Explorer"]

#: The numbers of our variables begin here: far above debugpy's.
FIRST_REFERENCE = 1 << 30

#: Children that are listed when a frontend does not say how many it wants.
_MOST = 1000

_LEAVES = (str, bytes, int, float, complex, bool, type(None))


class Explorer:
    """The variables of a namespace, and what is in them, by number.

    Numbers hold until `variables` is asked for again: they keep the values alive.
    """

    def __init__(self) -> None:
        #: Number -> the value, and the expression that gives it.
        self._values: dict[int, tuple[Any, str]] = {}

    def variables(self, names: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the variables of ``names``, and forget those of before."""
        self._values.clear()
        return [self._describe(name, value, name) for name, value in names.items()]

    def forget(self) -> None:
        """Let go of the values."""
        self._values.clear()

    def page(
        self, value: Any, expression: str, start: int = 0, count: int = 0
    ) -> list[dict[str, Any]]:
        """Return what is in a value that ``expression`` gives; see `children`."""
        found = islice(_children(value, expression), start, start + (count or _MOST))
        return [self._describe(*child) for child in found]

    def children(self, reference: int, start: int = 0, count: int = 0) -> list[dict[str, Any]]:
        """Return what is in a variable.

        Args:
            reference: Its number.
            start: The first child.
            count: How many; 0 for all, within reason.
        """
        if reference not in self._values:
            return []
        return self.page(*self._values[reference], start, count)

    def _describe(self, name: str, value: Any, expression: str) -> dict[str, Any]:
        reference = 0
        described: dict[str, Any] = {
            "name": name,
            "value": safe_repr(value, 300),
            "type": type(value).__name__,
            "evaluateName": expression,
        }
        if _has_children(value):
            reference = FIRST_REFERENCE + len(self._values)
            self._values[reference] = (value, expression)
            if type(value) in (list, tuple):
                described["indexedVariables"] = len(value)
        return described | {"variablesReference": reference}


def _has_children(value: Any) -> bool:
    if isinstance(value, _LEAVES) or inspect.ismodule(value) or inspect.isroutine(value):
        return False
    if type(value) in (dict, list, tuple, set, frozenset):
        return bool(value)
    return next(iter(_attributes(value)), None) is not None


def _children(value: Any, expression: str) -> Iterator[tuple[str, Any, str]]:
    # by exact type: the items of subclasses may be a person's code
    if type(value) is dict:
        for key, item in list(value.items()):
            shown = safe_repr(key, 100)
            yield shown, item, f"{expression}[{shown}]"
    elif type(value) in (list, tuple):
        sequence: Sequence[Any] = value
        for index, item in enumerate(sequence):
            yield str(index), item, f"{expression}[{index}]"
    elif type(value) in (set, frozenset):
        items: Iterable[Any] = list(value)
        for index, item in enumerate(items):
            yield str(index), item, f"list({expression})[{index}]"
    else:
        for name, item in _attributes(value):
            yield name, item, f"{expression}.{name}"


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an object holds: never what a property or ``__getattr__`` would compute."""
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        own = {}
    if isinstance(own, Mapping):
        for name, item in list(own.items()):
            if isinstance(name, str) and not (name.startswith("__") and name.endswith("__")):
                yield name, item
    for kind in type(value).__mro__:
        for name, member in list(vars(kind).items()):
            if inspect.ismemberdescriptor(member) and not name.startswith("__"):
                try:
                    yield name, member.__get__(value)
                except AttributeError:  # a slot that was never set
                    continue
