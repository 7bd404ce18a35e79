"""Tell whether a question can be answered at once: then no other thread has to be woken for it, which takes as long as the answer.

What is asked most is what a module, a table or a plain object has. To list that runs no code but that of Python itself, and of data libraries whose ``__dir__`` is known to be quick.
"""

from __future__ import annotations

import re
import types
from typing import TYPE_CHECKING, Any

from nuncius.kernel.guarded import is_data_library, is_data_module
from nuncius.kernel.static import MISSING, class_attribute, instance_dict, is_a

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nuncius.kernel.complete.model import CompletionContext

__all__ = ["ORDINARY_DIR", "is_at_hand"]

#: What lists the attributes of objects that have no way of their own.
ORDINARY_DIR = (object.__dir__, type.__dir__, types.ModuleType.__dir__)

_DOTTED = re.compile(r"(?P<target>[^\W\d]\w*(?:\.[^\W\d]\w*)*)\.\w*")
#: What a longer cell binds takes its time to find out.
_SHORT = 5_000
#: To list more attributes than these takes longer than to wake a thread, and has to end at the deadline.
_MANY = 5_000
_CAREFUL = ("forbidden", "minimal", "limited")


def is_at_hand(context: CompletionContext) -> bool:
    """Tell whether a statement is ``name.``, or ``module.name.``, and all that there is can be listed at once."""
    if len(context.full_text) > _SHORT or context.policy not in _CAREFUL:
        return False
    if context.python is not context:  # the argument of a magic, or another language
        return False
    asked = _DOTTED.fullmatch(context.code.statement.strip())
    if asked is None:
        return False
    first, *rest = asked["target"].split(".")
    if first in context.drafts:
        return False
    value = _variable(context.namespaces, first)
    for name in rest:
        if type(value) is not types.ModuleType:
            return False
        value = instance_dict(value).get(name, MISSING)
    return value is not MISSING and _lists_quickly(value)


def _variable(namespaces: Sequence[Mapping[str, Any]], name: str) -> Any:
    for namespace in namespaces:
        if type(namespace) is not dict:
            return MISSING
        if name in namespace:
            return namespace[name]
    return MISSING


def _lists_quickly(value: Any) -> bool:
    own = instance_dict(value)
    # a dictionary of the person's own class runs the person's code
    if type(own) not in (dict, types.MappingProxyType) or len(own) > _MANY:
        return False
    if is_a(value, types.ModuleType) and "__dir__" in own:
        return is_data_module(value)
    kind = type(value)
    return class_attribute(kind, "__dir__") in ORDINARY_DIR or is_data_library(kind)
