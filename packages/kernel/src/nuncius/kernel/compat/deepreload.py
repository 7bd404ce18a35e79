"""Reload a module together with the modules that it imports: ``IPython.lib.deepreload.reload``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from types import ModuleType

__all__ = ["DEFAULT_EXCLUDE", "reload"]

#: What cannot be imported a second time, or should not.
DEFAULT_EXCLUDE = ("sys", "os.path", "builtins", "__main__", "numpy", "numpy._globals")


def reload(module: ModuleType, exclude: Iterable[str] = DEFAULT_EXCLUDE) -> ModuleType:
    """Reload a module; before it, those that it has imported, and theirs.

    Python's own modules and those that are written in C stay as they are: reading them again gives nothing new.

    Args:
        module: The module.
        exclude: Names of modules that stay as they are; a package's modules stay with it.

    Returns:
        The module, which is the same object.
    """
    kept = frozenset(exclude)
    for each in _imported(module, kept, set()):
        importlib.reload(each)
    return module


def _imported(module: ModuleType, kept: frozenset[str], seen: set[str]) -> list[ModuleType]:
    """Return what is to be reloaded, in that order: each module after those that it needs."""
    seen.add(module.__name__)
    order: list[ModuleType] = []
    for value in list(vars(module).values()):
        name = value.__name__ if isinstance(value, ModuleType) else _home(value)
        needed = sys.modules.get(name)
        if needed is not None and name not in seen and _reloads(needed, kept):
            order += _imported(needed, kept, seen)
    return [*order, module]


def _home(value: object) -> str:
    """Return the module that a function or a class comes from."""
    home = getattr(value, "__module__", "") if callable(value) else ""
    return home if isinstance(home, str) else ""


def _reloads(module: ModuleType, kept: frozenset[str]) -> bool:
    name = module.__name__
    parts = name.split(".")
    if parts[0] in sys.stdlib_module_names or parts[:2] == ["nuncius", "kernel"]:
        return False
    if any(".".join(parts[:end]) in kept for end in range(1, len(parts) + 1)):
        return False
    return str(getattr(module, "__file__", None) or "").endswith(".py")
