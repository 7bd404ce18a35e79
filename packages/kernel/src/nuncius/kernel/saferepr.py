"""Show any value in a bounded time and space, whatever its ``__repr__`` does.

Containers of the language itself are cut before they are rendered, so that a list of ten million numbers costs nothing. Other objects render themselves; what they raise, `SystemExit` too, is told instead. Only an interrupt gets out.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

__all__ = ["safe_repr", "safe_str"]


class _Limited(reprlib.Repr):
    """The standard library's bounded repr, with bounds for people rather than for debuggers."""

    def __init__(self, limit: int, foreign: Callable[[Any], str]) -> None:
        super().__init__()
        self._foreign = foreign
        self.maxlevel = 6
        self.maxdict = self.maxlist = self.maxtuple = 40
        self.maxset = self.maxfrozenset = self.maxdeque = self.maxarray = 40
        self.maxstring = self.maxother = limit
        self.maxlong = 200

    def repr1(self, x: Any, level: int) -> str:
        # by exact type: subclasses may show more than their items (OrderedDict, DataFrame rows)
        kind = type(x)
        if kind in _NATIVE:
            return str(super().repr1(x, level))
        return _cut(self._foreign(x), self.maxother)

    def repr_instance(self, x: Any, level: int) -> str:
        return _cut(self._foreign(x), self.maxother)

    def repr_int(self, x: int, level: int) -> str:
        try:
            return super().repr_int(x, level)
        except ValueError:  # Python refuses to compute so many digits
            return f"<an int of {x.bit_length()} bits>"

    # The standard library sorts all keys and members to show some of them: that takes long, and compares a person's objects.

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        if not x:
            return "{}"
        if level <= 0:
            return "{...}"
        pairs = [
            f"{self.repr1(key, level - 1)}: {self.repr1(item, level - 1)}"
            for key, item in list(islice(x.items(), self.maxdict))
        ]
        return f"{{{', '.join(self._marked(pairs, len(x)))}}}"

    def repr_set(self, x: set[Any], level: int) -> str:
        return self._members(x, level, "{", "}") if x else "set()"

    def repr_frozenset(self, x: frozenset[Any], level: int) -> str:
        return self._members(x, level, "frozenset({", "})") if x else "frozenset()"

    def _members(self, x: Iterable[Any], level: int, left: str, right: str) -> str:
        if level <= 0:
            return f"{left}...{right}"
        members = list(islice(x, self.maxset))
        if len({type(member) for member in members}) == 1 and type(members[0]) in _SORTED:
            members.sort()
        texts = [self.repr1(member, level - 1) for member in members]
        return f"{left}{', '.join(self._marked(texts, len(x)))}{right}"  # type: ignore[arg-type]

    def _marked(self, texts: list[str], size: int) -> list[str]:
        return [*texts, "..."] if size > len(texts) else texts


_NATIVE = frozenset({list, tuple, dict, set, frozenset, str, int})

#: Members of sets that are shown in order.
_SORTED = frozenset({str, int, float, bytes})


def _foreign_repr(value: Any) -> str:
    if type(value) in (bytes, bytearray) and len(value) > 5000:
        return repr(value[:5000]) + "..."
    try:
        text = repr(value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a __repr__ raises, a person wants the rest
        return f"<unprintable {_type_name(value)} object: {_type_name(error)} in __repr__>"
    return text


def _type_name(value: Any) -> str:
    return str(type.__dict__["__name__"].__get__(type(value)))


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    return f"{text[:head]}...{text[len(text) - (limit - head - 3) :]}"


def safe_repr(value: Any, limit: int = 1000, foreign: Callable[[Any], str] = _foreign_repr) -> str:
    """Return ``repr(value)``, cut to about ``limit`` characters; raises nothing but an interrupt.

    Args:
        value: Anything.
        limit: Characters.
        foreign: Gives the text of what is no container, text or number of the language itself.
    """
    try:
        return _cut(_Limited(limit, foreign).repr(value), limit)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a recursion limit, or a broken __len__ of a subclass
        return f"<unprintable {_type_name(value)} object: {_type_name(error)}>"


def safe_str(value: Any) -> str:
    """Return ``str(value)``; when that fails, a text that says so."""
    try:
        return str(value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - an exception's __str__ is the person's code
        return f"<unprintable {_type_name(value)} object: {_type_name(error)} in __str__>"
