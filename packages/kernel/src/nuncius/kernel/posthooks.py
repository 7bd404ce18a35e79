"""Call a function when a module is imported, without importing it: so that a library that is never used costs nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["when_imported"]

_waiting: dict[str, list[Callable[[ModuleType], Any]]] = {}


def when_imported(name: str, function: Callable[[ModuleType], Any]) -> None:
    """Call ``function(module)`` once the module ``name`` is imported; now, if it is."""
    module = sys.modules.get(name)
    if module is not None:
        function(module)
        return
    functions = _waiting.setdefault(name, [])
    if function not in functions:
        functions.append(function)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


class _Finder:
    """Finds the awaited modules by the other finders, and calls what waits for them after they ran."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        functions = _waiting.get(name)
        if functions is None:
            return None
        del _waiting[name]  # also keeps us from finding ourselves
        if not _waiting:
            sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec = find_spec(name)
        if spec is None or spec.loader is None or not hasattr(spec.loader, "exec_module"):
            return spec
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            loader.exec_module = execute
            execute(module)
            for function in functions:
                function(module)

        loader.exec_module = exec_module
        return spec


_finder = _Finder()
