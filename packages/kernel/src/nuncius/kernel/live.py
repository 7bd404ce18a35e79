"""Be a dictionary over the variables of a function that is running, where Python gives a view of them that names cannot be removed from (since 3.13)."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

__all__ = ["LiveVariables"]


class LiveVariables(MutableMapping[str, Any]):
    """The function's variables, written through, and other names beside them.

    Args:
        variables: The view: ``frame.f_locals``.
    """

    def __init__(self, variables: MutableMapping[str, Any]) -> None:
        self._variables = variables
        self._own: dict[str, Any] = {}
        #: The function's variables that were removed here; it has them still.
        self._removed: set[str] = set()

    def _is_theirs(self, name: str) -> bool:
        return name in self._variables and name not in self._removed

    def __getitem__(self, name: str) -> Any:
        return self._variables[name] if self._is_theirs(name) else self._own[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self._variables:
            self._removed.discard(name)
            self._variables[name] = value
        else:
            self._own[name] = value

    def __delitem__(self, name: str) -> None:
        if self._is_theirs(name):
            self._removed.add(name)
        else:
            del self._own[name]

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in self._variables if name not in self._removed)
        yield from (name for name in self._own if not self._is_theirs(name))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return (name in self._variables and name not in self._removed) or name in self._own

    def __repr__(self) -> str:
        return repr(dict(self))
