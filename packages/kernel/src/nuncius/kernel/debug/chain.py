"""List the exceptions that are linked to one: causes, contexts, and the members of groups, so that each can be looked at where it was raised."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Linked", "linked_exceptions"]

#: Of exceptions that are listed: groups may have thousands.
_MOST = 100


@dataclass(frozen=True, slots=True)
class Linked:
    """One exception.

    Attributes:
        error: It.
        depth: How deep it is in groups.
        relation: How it came about with regard to the one before; empty for the first.
    """

    error: BaseException
    depth: int
    relation: str

    @property
    def has_frames(self) -> bool:
        """Whether it was raised: one that was not has nothing to look at."""
        return self.error.__traceback__ is not None


def linked_exceptions(error: BaseException) -> list[Linked]:
    """Return ``error``, and after it everything that is linked to it, each once."""
    found: list[Linked] = []
    _collect(error, 0, "", found, set())
    return found


def _collect(
    error: BaseException, depth: int, relation: str, found: list[Linked], seen: set[int]
) -> None:
    if id(error) in seen or len(found) >= _MOST:
        return
    seen.add(id(error))
    found.append(Linked(error, depth, relation))
    if isinstance(error, BaseExceptionGroup):
        for number, child in enumerate(error.exceptions, 1):
            _collect(child, depth + 1, f"{number} of {len(error.exceptions)}", found, seen)
    if error.__cause__ is not None:
        _collect(error.__cause__, depth, "the cause", found, seen)
    elif error.__context__ is not None and not error.__suppress_context__:
        _collect(error.__context__, depth, "being handled before", found, seen)
