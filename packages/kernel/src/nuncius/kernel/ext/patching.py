"""Give objects that exist the code of their new versions, so that whoever holds them has the new code.

Theory of operation: a module's source was run again, and made new functions and classes. Each old one takes over what its new one has (code, defaults, attributes, members), and goes back into the module in its place. So ``from module import f`` elsewhere, instances, bound methods, ``isinstance`` and ``super()`` go on working: there never is a second version of a class.

Rule 1: what a new function holds of a new class in its closure (``__class__`` for ``super()``, the class itself in frozen dataclasses) is replaced by the old class.
Rule 2: what cannot take over its new version is replaced by it.
Rule 3: a class whose slots have changed is replaced, too: its instances have no room for the new ones. They keep what makes them, and have the new code of the other methods.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

__all__ = ["Patcher"]

_FUNCTION_PARTS = ("__code__", "__defaults__", "__kwdefaults__", "__doc__", "__annotations__")
#: What belongs to a class as an object, and not to its definition.
_OWN = frozenset(
    ["__dict__", "__weakref__", "__module__", "__qualname__", "__name__", "_abc_impl", "__slots__"]
)
_ENUM_TABLES = ("_member_names_", "_member_map_", "_value2member_map_", "_unhashable_values_", "_hashable_values_", "_unhashable_values_map_")  # fmt: skip
_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)


class Patcher:
    """Patches the objects of one module.

    Args:
        module: Its name: only what it defined itself is patched.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        #: id of a new class -> the old one that takes over; and the new ones, which must live as long.
        self._classes: dict[int, type] = {}
        self._new: list[type] = []

    def patch_all(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Have the objects in ``old`` take over what those of the same names in ``new`` have, and put them there."""
        pairs = [
            (name, old[name], value)
            for name, value in list(new.items())
            if name in old and old[name] is not value
        ]
        for _, before, after in pairs:  # first all classes are known, then any of them is patched
            if self._are_classes(before, after) and _slots(before) == _slots(after):
                self._classes[id(after)] = before
                self._new.append(after)
        for name, before, after in pairs:
            new[name] = self.patched(before, after)
        for name, value in list(new.items()):
            if name not in old:
                self._rebind(value)

    def patched(self, old: Any, new: Any) -> Any:
        """Return what stands for both: the old object with the new one's content, or the new one."""
        if old is new:
            return old
        if self._are_classes(old, new):
            if _slots(old) != _slots(new):
                self._methods(old, new)
                return new
            self._class(old, new)
            return old
        if type(old) is not type(new):
            self._rebind(new)
            return new
        if isinstance(old, types.FunctionType):
            return old if self._mine(old) and self._function(old, new) else self._replaced(new)
        if isinstance(old, classmethod | staticmethod):
            inner = self.patched(old.__func__, new.__func__)
            return old if inner is old.__func__ else self._replaced(new)
        if isinstance(old, property):
            return self._property(old, new)
        if hasattr(old, "cache_clear") and hasattr(old, "__wrapped__"):
            old.cache_clear()
            inner = self.patched(old.__wrapped__, new.__wrapped__)
            return old if inner is old.__wrapped__ else self._replaced(new)
        return self._replaced(new)

    def _replaced(self, new: Any) -> Any:
        self._rebind(new)
        return new

    def _mine(self, thing: Any) -> bool:
        return getattr(thing, "__module__", None) == self._module

    def _are_classes(self, old: Any, new: Any) -> bool:
        return (
            isinstance(old, type) and isinstance(new, type) and self._mine(old) and self._mine(new)
        )

    # -- functions -----------------------------------------------------------------------------------

    def _function(self, old: types.FunctionType, new: types.FunctionType) -> bool:
        """Patch a function; False if it cannot be: it needs other variables of its surroundings."""
        if old.__code__.co_freevars != new.__code__.co_freevars:
            return False
        self._rebind(new)
        for mine, theirs in zip(old.__closure__ or (), new.__closure__ or (), strict=True):
            self._cell(mine, theirs)
        for part in _FUNCTION_PARTS:
            setattr(old, part, getattr(new, part))
        wrapped = getattr(old, "__wrapped__", None)
        old.__dict__.clear()
        old.__dict__.update(new.__dict__)
        if wrapped is not None and "__wrapped__" in new.__dict__:
            old.__wrapped__ = self.patched(wrapped, new.__wrapped__)  # type: ignore[attr-defined]
        return True

    def _cell(self, old: types.CellType, new: types.CellType) -> None:
        with suppress(ValueError):  # an empty cell
            after = new.cell_contents
            try:
                before = old.cell_contents
            except ValueError:
                old.cell_contents = after
                return
            if not isinstance(before, type):
                old.cell_contents = self.patched(before, after)

    def _property(self, old: property, new: property) -> Any:
        for name in ("fget", "fset", "fdel"):
            before, after = getattr(old, name), getattr(new, name)
            if before is not None and after is not None:
                self.patched(before, after)
        return self._replaced(new)

    def _rebind(self, value: Any, seen: set[int] | None = None) -> None:
        """Rule 1, for a function and for what wraps one."""
        seen = set() if seen is None else seen
        if id(value) in seen:
            return
        seen.add(id(value))
        for function in _functions_in(value):
            for cell in function.__closure__ or ():
                with suppress(ValueError):
                    content = cell.cell_contents
                    old = self._classes.get(id(content))
                    if old is not None:
                        cell.cell_contents = old
                    elif isinstance(content, types.FunctionType):
                        self._rebind(content, seen)

    # -- classes -------------------------------------------------------------------------------------

    def _class(self, old: type, new: type) -> None:
        self._classes[id(new)] = old
        self._new.append(new)
        if isinstance(old, enum.EnumMeta) and isinstance(new, enum.EnumMeta):
            self._enum(old, new)
        else:
            self._members(old, new, skip=lambda name: False)
        self._bases(old, new)

    def _members(self, old: type, new: type, skip: Callable[[str], bool]) -> None:
        before, after = dict(vars(old)), dict(vars(new))
        for name in before:
            if name not in after and name not in _OWN and not skip(name):
                with suppress(AttributeError, TypeError):
                    type.__delattr__(old, name)
        for name, value in after.items():
            if name in _OWN or skip(name) or isinstance(value, _SLOTS):
                continue
            if name in before and isinstance(before[name], _SLOTS):
                continue
            result = self.patched(before[name], value) if name in before else self._replaced(value)
            if before.get(name) is not result:
                with suppress(AttributeError, TypeError):  # a metaclass may keep some to itself
                    type.__setattr__(old, name, result)

    def _methods(self, old: type, new: type) -> None:
        """Rule 3: give the methods of the old class their new code, but for those that make instances what they are."""
        for name, value in vars(new).items():
            self._rebind(value)
            before = vars(old).get(name)
            if not isinstance(before, types.FunctionType) or name.startswith("__"):
                continue
            if isinstance(value, types.FunctionType):
                self._function(before, value)
        self._bases(new, new)

    def _bases(self, old: type, new: type) -> None:
        bases = tuple(self._classes.get(id(base), base) for base in new.__bases__)
        if bases != old.__bases__:
            with suppress(TypeError):  # instances of both differ in their layout
                old.__bases__ = bases

    def _enum(self, old: Any, new: Any) -> None:
        """Patch an enumeration: members that stay are the same objects, with their new values."""
        members = {
            id(after): self._member(old, old.__members__.get(name), after)
            for name, after in new.__members__.items()
        }
        names = {*old.__members__, *new.__members__}
        gone = set(old.__members__) - set(new.__members__)
        self._members(old, new, skip=lambda name: name in names or name in _ENUM_TABLES)
        for name in gone:
            with suppress(AttributeError):
                type.__delattr__(old, name)
        for name in names - gone:
            value = vars(new).get(name)
            if value is None:
                continue
            if hasattr(
                value, "member"
            ):  # since Python 3.12 some are properties that know their member
                value.member = members.get(id(value.member), value.member)
            type.__setattr__(old, name, members.get(id(value), value))
        for table in _ENUM_TABLES:
            if table in vars(new):
                type.__setattr__(old, table, _with_members(vars(new)[table], members))

    def _member(self, old: Any, before: Any, after: Any) -> Any:
        # a member that is a number or a text cannot take another value
        if before is not None and _same_payload(before, after):
            before.__dict__.clear()
            before.__dict__.update(after.__dict__)
            before.__dict__["__objclass__"] = old
            return before
        with suppress(TypeError):
            object.__setattr__(after, "__class__", old)
        after.__dict__["__objclass__"] = old
        return after


def _slots(kind: type) -> set[str]:
    """Return the names of the slots of a class, without those of its bases."""
    return {
        name for name, value in vars(kind).items() if isinstance(value, types.MemberDescriptorType)
    }


def _same_payload(before: enum.Enum, after: enum.Enum) -> bool:
    """Tell whether two members hold the same, where they are numbers or texts themselves."""
    same = bool(before.value == after.value)
    return same or not isinstance(before, int | str | float | bytes)


def _with_members(table: Any, members: dict[int, Any]) -> Any:
    if isinstance(table, dict):
        return {key: members.get(id(value), value) for key, value in table.items()}
    return table


def _functions_in(value: Any) -> Iterator[types.FunctionType]:
    """Yield the functions that an attribute is made of."""
    if isinstance(value, types.FunctionType):
        yield value
        wrapped = getattr(value, "__wrapped__", None)
        if wrapped is not None and wrapped is not value:
            yield from _functions_in(wrapped)
    elif isinstance(value, classmethod | staticmethod):
        yield from _functions_in(value.__func__)
    elif isinstance(value, property):
        for each in (value.fget, value.fset, value.fdel):
            yield from _functions_in(each)
    else:
        # functools.cached_property, partialmethod, lru_cache
        for name in ("func", "__wrapped__"):
            inner = getattr(value, "__dict__", {}).get(name)
            if isinstance(inner, types.FunctionType):
                yield from _functions_in(inner)
