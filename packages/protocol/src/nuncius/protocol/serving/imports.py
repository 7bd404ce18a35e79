"""Call a function when a program has imported a module: what is to be done about a module should not cost its import."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["when_imported"]


def when_imported(name: str, call: Callable[[], None]) -> Callable[[], None]:
    """Have ``call`` called once, in the thread that imports the module ``name``, when its code has run.

    If it is imported already, the call is made at once.

    Returns:
        What ends that.
    """
    if name in sys.modules:
        call()
        return _nothing
    finder: Any = _Finder(name, call)
    sys.meta_path.insert(0, finder)
    return lambda: _forget(finder)


def _nothing() -> None:
    """There is nothing to end."""


def _forget(finder: Any) -> None:
    if finder in sys.meta_path:
        sys.meta_path.remove(finder)


class _Finder:
    """Finds one module, by asking those that come after it."""

    def __init__(self, name: str, call: Callable[[], None]) -> None:
        self._name = name
        self._call = call

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._name:
            return None
        _forget(self)
        for finder in sys.meta_path:
            find: Any = getattr(finder, "find_spec", None)
            spec: Any = None if find is None else find(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self._call)
                found: ModuleSpec = spec
                return found
        return None


class _Loader:
    """A module's own loader, and a call after it."""

    def __init__(self, loader: Any, call: Callable[[], None]) -> None:
        self._loader = loader
        self._call = call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        # From now on the module looks as if we had never been there.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._call()
