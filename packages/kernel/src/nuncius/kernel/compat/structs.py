"""Provide ``IPython.utils.ipstruct.Struct``: a dictionary whose entries are attributes, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

__all__ = ["Struct"]

Solver = Callable[[Any, Any], Any]

#: What to do with an entry that both have, by the names that conflicts may be given.
_SOLVERS: Mapping[str, Solver] = {
    "preserve": lambda old, new: old,
    "update": lambda old, new: new,
    "add": lambda old, new: old + new,
    "add_flip": lambda old, new: new + old,
    "add_s": lambda old, new: f"{old} {new}",
}


class Struct(dict[str, Any]):
    """A dictionary whose entries are attributes, too; ``+`` and ``-`` add and take away entries."""

    _grows = True

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__ or hasattr(type(self), name):
            raise AttributeError(f"attr {name} is a protected member of class Struct.")
        try:
            self[name] = value
        except KeyError as error:
            raise AttributeError(*error.args) from None

    def __setitem__(self, key: str, value: Any) -> None:
        if not self._grows and key not in self:
            raise KeyError(f"can't create new attribute {key} when allow_new_attr(False)")
        super().__setitem__(key, value)

    def allow_new_attr(self, allow: bool = True) -> None:
        """Allow entries under new names, or only new values of those that there are."""
        self.__dict__["_grows"] = allow

    def hasattr(self, key: str) -> bool:
        """Tell whether there is an entry."""
        return key in self

    def dict(self) -> Self:
        """Return itself."""
        return self

    def copy(self) -> Self:
        """Return another with the same entries."""
        return type(self)(self)

    def merge(
        self, __loc_data__: Mapping[str, Any] | None = None, __conflict_solve: Any = None, **kw: Any
    ) -> None:
        """Add entries; those that are there stay, unless told otherwise.

        Args:
            __loc_data__: Entries.
            __conflict_solve: Function of the old and the new value, or ``preserve``, ``update``, ``add``, ``add_flip`` or ``add_s`` -> names, a list or parted by spaces.
            **kw: More entries.
        """
        solvers = {
            name: _SOLVERS[how] if isinstance(how, str) else how
            for how, names in (__conflict_solve or {}).items()
            for name in (names.split() if isinstance(names, str) else names)
        }
        for key, value in {**(__loc_data__ or {}), **kw}.items():
            solve = solvers.get(key, _SOLVERS["preserve"])
            self[key] = solve(self[key], value) if key in self else value

    def __iadd__(self, other: Mapping[str, Any]) -> Self:
        self.merge(other)
        return self

    def __add__(self, other: Mapping[str, Any]) -> Self:
        total = self.copy()
        total += other
        return total

    def __isub__(self, other: Mapping[str, Any]) -> Self:
        for key in other:
            self.pop(key, None)
        return self

    def __sub__(self, other: Mapping[str, Any]) -> Self:
        rest = self.copy()
        rest -= other
        return rest
