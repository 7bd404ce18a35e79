"""What an object is: `Inspector` answers ``name?``, ``name??`` and inspect requests.

The names are loaded when they are first used, see `nuncius.kernel.traceback`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.kernel.inspect.find import ObjectFinder, expression_at
    from nuncius.kernel.inspect.info import object_info
    from nuncius.kernel.inspect.inspector import HookData, Inspector, inspector_for
    from nuncius.kernel.inspect.model import Found, ObjectInfo

__all__ = [
    "Found",
    "HookData",
    "Inspector",
    "ObjectFinder",
    "ObjectInfo",
    "expression_at",
    "inspector_for",
    "object_info",
]

_PLACES = {
    "Found": "model",
    "HookData": "inspector",
    "Inspector": "inspector",
    "ObjectFinder": "find",
    "ObjectInfo": "model",
    "expression_at": "find",
    "inspector_for": "inspector",
    "object_info": "info",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
