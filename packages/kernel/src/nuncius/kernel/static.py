"""Look at objects without running their code: what completion and inspection are built on.

Attribute access runs code: properties, ``__getattr__``, descriptors, lazily loading modules. The functions here read the dictionaries behind objects and classes instead, so that pressing a key never moves a ten gigabyte table, opens a connection or changes the program.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import GetSetDescriptorType, MappingProxyType, MemberDescriptorType, ModuleType
from typing import Any, Final, TypeGuard, TypeVar, overload

__all__ = [
    "MISSING",
    "class_attribute",
    "class_dict",
    "class_members",
    "instance_dict",
    "is_a",
    "module_of",
    "mro_of",
    "qualified_name",
    "raw_attribute",
]


T = TypeVar("T")


class _Missing:
    """The type of `MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"


#: What the look-ups return when there is nothing: None may be a value.
MISSING: Final = _Missing()

_get_mro = type.__dict__["__mro__"].__get__
_get_class_dict = type.__dict__["__dict__"].__get__
_get_class_module = type.__dict__["__module__"].__get__
_get_module_dict: Any = vars(ModuleType)["__dict__"].__get__


@overload
def is_a(obj: Any, kinds: type[T]) -> TypeGuard[T]: ...
@overload
def is_a(obj: Any, kinds: tuple[type, ...]) -> bool: ...
def is_a(obj: Any, kinds: Any) -> bool:
    """Tell whether ``obj`` is an instance; unlike `isinstance`, it is not asked for its ``__class__``."""
    return issubclass(type(obj), kinds)


def mro_of(kind: type) -> tuple[type, ...]:
    """Return the classes that ``kind`` inherits from, itself first."""
    found: tuple[type, ...] = _get_mro(kind)
    return found


def class_dict(kind: type) -> Mapping[str, Any]:
    """Return what the body of a class defined."""
    found: Mapping[str, Any] = _get_class_dict(kind)
    return found


def class_members(kind: type) -> dict[str, Any]:
    """Return all that instances of ``kind`` find on their class: names and the raw objects behind them."""
    members: dict[str, Any] = {}
    for base in reversed(mro_of(kind)):
        members.update(class_dict(base))
    return members


def instance_dict(obj: Any) -> Mapping[str, Any]:
    """Return the attributes that ``obj`` itself has; empty when it keeps them in another way."""
    if is_a(obj, ModuleType):
        found: Mapping[str, Any] = _get_module_dict(obj)
        return found
    raw = class_attribute(type(obj), "__dict__")
    # only the descriptors that Python itself makes: a property named __dict__ is the person's code
    if type(raw) not in (GetSetDescriptorType, MemberDescriptorType):
        return {}
    try:
        values = raw.__get__(obj, type(obj))
    except (AttributeError, TypeError):
        return {}
    return values if is_a(values, (dict, MappingProxyType)) else {}


def class_attribute(kind: type, name: str) -> Any:
    """Return the raw object behind ``kind.name``, `MISSING` if there is none."""
    for base in mro_of(kind):
        members = class_dict(base)
        if name in members:
            return members[name]
    return MISSING


def raw_attribute(obj: Any, name: str) -> Any:
    """Return the raw object behind ``obj.name``: a value, or an unbound descriptor such as a property.

    Args:
        obj: Anything.
        name: Of the attribute.

    Returns:
        `MISSING` when it can only be known by running code.
    """
    if is_a(obj, ModuleType):
        value = instance_dict(obj).get(name, MISSING)
        if value is MISSING:
            return sys.modules.get(f"{instance_dict(obj).get('__name__')}.{name}", MISSING)
        return value
    on_class = class_attribute(type(obj), name)
    if on_class is not MISSING and class_attribute(type(on_class), "__set__") is not MISSING:
        return on_class
    value = class_attribute(obj, name) if is_a(obj, type) else instance_dict(obj).get(name, MISSING)
    return on_class if value is MISSING else value


def module_of(kind: type) -> str:
    """Return the name of the module of a class, empty when it has none."""
    try:
        module = _get_class_module(kind)
    except AttributeError:
        return ""
    return module if isinstance(module, str) else ""


def qualified_name(kind: type) -> str:
    """Return the module and the name of a class."""
    name = type.__dict__["__qualname__"].__get__(kind)
    return f"{module_of(kind)}.{name}".lstrip(".")
