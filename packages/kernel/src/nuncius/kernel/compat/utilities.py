"""Look at objects and modules, as ``IPython.utils.dir2``, ``importstring``, ``generics`` and others do: each function a line or two over the standard library."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import singledispatch
from importlib import import_module
from typing import Any, Self, TypeVar

from nuncius.kernel.errors import TryNext

__all__ = [
    "NoOpContext",
    "Sentinel",
    "complete_object",
    "dir2",
    "extract_vars",
    "find_mod",
    "flag_calls",
    "get_real_method",
    "import_item",
    "inspect_object",
    "list_namespace",
    "prepended_to_syspath",
    "preserve_keys",
    "safe_hasattr",
    "undoc",
]

Function = TypeVar("Function", bound="Callable[..., Any]")


class Sentinel:
    """A value that is nothing but itself.

    Args:
        name: Its name.
        module: Where it is.
        docstring: What it stands for.
    """

    def __init__(self, name: str, module: str, docstring: str | None = None) -> None:
        self.name = name
        self.module = module
        self.__doc__ = docstring

    def __repr__(self) -> str:
        return f"{self.module}.{self.name}"


class NoOpContext:
    """A context manager that does nothing."""

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...

    def activate(self) -> None:
        """Do nothing: what it stands for is always there."""

    def deactivate(self) -> None:
        """Undo `activate`."""


def safe_hasattr(obj: Any, attr: str) -> bool:
    """Tell whether there is an attribute; what looking raises counts as no."""
    try:
        getattr(obj, attr)
    except Exception:  # noqa: BLE001 - the object is anybody's
        return False
    return True


def dir2(obj: Any) -> list[str]:
    """Return the names of an object's attributes, where ``__dir__`` fails, too."""
    try:
        words = set(dir(obj))
    except Exception:  # noqa: BLE001 - as above
        words = set()
    if safe_hasattr(obj, "__class__"):
        words |= set(dir(obj.__class__))
    return sorted(word for word in words if isinstance(word, str))


def get_real_method(obj: Any, name: str) -> Any:
    """Return a method; None for classes, and for objects that have an attribute of any name."""
    with suppress(Exception):
        if hasattr(obj, "_ipython_canary_method_should_not_exist_") or inspect.isclass(obj):
            return None
        method = getattr(obj, name, None)
        return method if callable(method) else None
    return None


def import_item(name: str) -> Any:
    """Return ``package.module.attribute``."""
    module, _, attribute = name.rpartition(".")
    if not module:
        return import_module(attribute)
    found = import_module(module)
    try:
        return getattr(found, attribute)
    except AttributeError:
        try:
            return import_module(name)
        except ModuleNotFoundError:
            raise ImportError(f"No module named {attribute}") from None


def find_mod(module_name: str) -> str | None:
    """Return the file of a module, without importing it."""
    from importlib.util import find_spec

    with suppress(ImportError, ValueError):
        spec = find_spec(module_name)
        return None if spec is None else spec.origin
    return None


def extract_vars(*names: str, depth: int = 0) -> dict[str, Any]:
    """Return variables of a caller."""
    there = sys._getframe(depth + 1).f_locals  # noqa: SLF001 - the only way to the caller's variables
    return {name: there[name] for name in names}


@contextmanager
def preserve_keys(dictionary: dict[str, Any], *keys: str) -> Iterator[None]:
    """Have some entries of a dictionary be afterwards what they were before."""
    before = {key: dictionary[key] for key in keys if key in dictionary}
    try:
        yield
    finally:
        for key in keys:
            dictionary.pop(key, None)
        dictionary |= before


def undoc(func: Function) -> Function:
    """Mark a function that is not documented."""
    return func


@singledispatch
def inspect_object(obj: Any) -> None:
    """Tell of an object; types may register a function of their own.

    Raises:
        TryNext: None is registered.
    """
    raise TryNext


@singledispatch
def complete_object(obj: Any, prev_completions: list[str]) -> list[str]:
    """Return completions of an object's attributes; types may register a function of their own.

    Raises:
        TryNext: None is registered.
    """
    raise TryNext


def flag_calls(func: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function an attribute ``called``, which tells whether its last call has returned."""
    if hasattr(func, "called"):
        return func
    import functools

    @functools.wraps(func)
    def flagged(*args: Any, **kw: Any) -> Any:
        flagged.called = False  # type: ignore[attr-defined]
        result = func(*args, **kw)
        flagged.called = True  # type: ignore[attr-defined]
        return result

    flagged.called = False  # type: ignore[attr-defined]
    return flagged


class prepended_to_syspath:  # noqa: N801 - its name there
    """Have a folder come first in the search for modules, for the time of a ``with`` block."""

    def __init__(self, folder: str) -> None:
        self.dir = folder

    def __enter__(self) -> Self:
        self.added = self.dir not in sys.path
        if self.added:
            sys.path.insert(0, self.dir)
        return self

    def __exit__(self, *exc: object) -> None:
        if self.added:
            with suppress(ValueError):
                sys.path.remove(self.dir)


def list_namespace(
    namespace: Mapping[str, Any],
    type_pattern: str,
    filter: str,  # noqa: A002 - its name there
    ignore_case: bool = False,
    show_all: bool = False,
) -> dict[str, Any]:
    """Return the entries of a namespace whose names match a glob, and whose values are of a kind."""
    from nuncius.kernel.magics.wildcard import search

    names = search(filter, [namespace], type_pattern, ignore_case=ignore_case, hidden=show_all)
    return {name: namespace.get(name) for name in names}
