"""Provide the modules ``IPython.*`` and ``ipykernel.*`` to whoever imports them in our kernel.

A module is made when it is imported, and each of its names is looked up when it is used; so the whole layer costs nothing until a library asks.

Rule 1: where the real package was imported before, it stays, and we provide nothing of it.
Rule 2: the objects are our own, the same under each name that leads to them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nuncius.kernel.compat.names import MODULES

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["install", "is_ours", "remove"]

_PACKAGES = ("IPython", "ipykernel")
_MARK = "__nuncius__"


class _Shim(ModuleType):
    """A module whose names are looked up in the table."""

    def __getattr__(self, name: str) -> Any:
        full = f"{self.__name__}.{name}"
        table = MODULES[self.__name__]
        place = table.get(name)
        if place is None and full in MODULES:
            return import_module(full)
        if place is None:
            if name.startswith("__") and name.endswith("__"):
                raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
            raise AttributeError(
                f"module {self.__name__!r}, as Nuncius provides it, has no attribute {name!r}"
            )
        value = _resolve(place)
        self.__dict__[name] = value
        return value

    def __dir__(self) -> list[str]:
        prefix = f"{self.__name__}."
        children = [name.removeprefix(prefix) for name in MODULES if name.startswith(prefix)]
        return sorted(
            {*self.__dict__, *MODULES[self.__name__], *(c for c in children if "." not in c)} - {""}
        )


def _resolve(place: str) -> Any:
    if place.startswith("="):
        text = place[1:]
        return eval(text) if text.startswith("(") else text  # our own table's tuples
    module, name = _split(place)
    return getattr(import_module(module), name) if name else import_module(module)


def _split(place: str) -> tuple[str, str]:
    """Return the module and the attribute of a place."""
    if place.startswith(":"):
        place = f"nuncius.kernel.{place[1:]}"
    module, _, name = place.partition(":")
    return module, name


class _Finder:
    """The meta path finder, and the loader."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package = name.partition(".")[0]
        if package not in _PACKAGES:
            return None
        root = sys.modules.get(package)
        if root is not None and not is_ours(root):
            return None
        if name not in MODULES:
            raise ModuleNotFoundError(
                f"No module named {name!r} among those that Nuncius provides", name=name
            )
        has_children = any(other.startswith(f"{name}.") for other in MODULES)
        return ModuleSpec(name, self, is_package=has_children)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module: one of ours under another name, or a shim."""
        place = MODULES[spec.name].get("")
        if place is not None:
            return import_module(_split(place)[0])
        return _Shim(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Mark the module as ours."""
        if isinstance(module, _Shim):
            module.__dict__[_MARK] = True
            module.__dict__["__file__"] = __file__
            names = MODULES[module.__name__]
            if names:
                module.__dict__["__all__"] = [n for n in names if n and not n.startswith("_")]


_finder = _Finder()
_uses = 0


def is_ours(module: ModuleType) -> bool:
    """Tell whether a module is provided by us."""
    return _MARK in getattr(module, "__dict__", {})


def install(present: Sequence[str] = ()) -> bool:
    """Provide the modules; each call needs a `remove`.

    Args:
        present: Modules to put into `sys.modules` at once.

    Returns:
        Whether we do: not where the real packages are imported already.
    """
    global _uses
    if any(not is_ours(sys.modules[name]) for name in _PACKAGES if name in sys.modules):
        return False
    _uses += 1
    if _uses == 1:
        sys.meta_path.insert(0, _finder)
    for name in present:
        import_module(name)
    return True


def remove() -> None:
    """Do not provide the modules any longer; those that were imported are forgotten."""
    global _uses
    _uses = max(0, _uses - 1)
    if _uses or _finder not in sys.meta_path:
        return
    sys.meta_path.remove(_finder)
    for name in [n for n in sys.modules if n.partition(".")[0] in _PACKAGES]:
        if is_ours(sys.modules[name]):
            del sys.modules[name]
