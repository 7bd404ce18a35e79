"""Read what an object holds: the values of its own dictionary and of its slots, never what a property or ``__getattr__`` would compute."""

from __future__ import annotations

from collections.abc import Iterator
from types import MemberDescriptorType
from typing import Any

from nuncius.kernel.static import class_dict, instance_dict, is_a, mro_of

__all__ = ["held_by"]


def held_by(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the names of the attributes of ``value``, and what they are; without those of Python's own."""
    for name, item in list(instance_dict(value).items()):
        if type(name) is str and not _is_special(name):
            yield name, item
    for kind in () if is_a(value, type) else mro_of(type(value)):
        members = class_dict(kind)
        if "__slots__" not in members:
            continue
        for name, member in list(members.items()):
            if type(member) is MemberDescriptorType and not _is_special(name):
                try:
                    yield name, member.__get__(value)
                except AttributeError:  # a slot that was never set
                    continue


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
