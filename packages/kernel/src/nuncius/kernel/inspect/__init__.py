"""What an object is: `Inspector` answers ``name?``, ``name??`` and inspect requests."""

from __future__ import annotations

from nuncius.kernel.inspect.find import ObjectFinder, expression_at
from nuncius.kernel.inspect.info import object_info
from nuncius.kernel.inspect.inspector import HookData, Inspector, inspector_for
from nuncius.kernel.inspect.model import Found, ObjectInfo
from nuncius.kernel.inspect.render import render

__all__ = [
    "Found",
    "HookData",
    "Inspector",
    "ObjectFinder",
    "ObjectInfo",
    "expression_at",
    "inspector_for",
    "object_info",
    "render",
]
