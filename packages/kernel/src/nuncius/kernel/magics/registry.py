"""Know the magics: classes of them, single functions, and the ones that are loaded only when they are called.

Magics that come with the kernel are in `nuncius.kernel.magics.table`: a name there costs nothing until it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

from nuncius.kernel.errors import UsageError

__all__ = [
    "Magics",
    "MagicsManager",
    "cell_magic",
    "line_cell_magic",
    "line_magic",
    "magics_class",
    "needs_local_scope",
    "no_var_expand",
    "output_can_be_silenced",
]

MAGIC_NO_VAR_EXPAND_ATTR = "_ipython_magic_no_var_expand"
MAGIC_OUTPUT_CAN_BE_SILENCED = "_ipython_magic_output_can_be_silenced"

#: Where the decorators of methods leave what they were told: a list of (kind, name).
_MARK = "_nuncius_magics"
_KINDS = {"line": ("line",), "cell": ("cell",), "line_cell": ("line", "cell")}

Function = TypeVar("Function", bound=Callable[..., Any])
Class = TypeVar("Class", bound=type)


def _decorator(kind: str) -> Callable[..., Any]:
    def decorate(arg: Any) -> Any:
        if callable(arg):
            return _mark(arg, kind, arg.__name__)
        if isinstance(arg, str):
            return lambda function: _mark(function, kind, arg)
        raise TypeError(f"expected a function or the name of a magic, got {arg!r}")

    decorate.__doc__ = (
        f"""Mark a method of a `Magics` class as a {kind} magic, under its own name or another."""
    )
    return decorate


def _mark(function: Function, kind: str, name: str) -> Function:
    marks = function.__dict__.setdefault(_MARK, [])
    marks.extend((each, name) for each in _KINDS[kind])
    return function


line_magic = _decorator("line")
cell_magic = _decorator("cell")
line_cell_magic = _decorator("line_cell")


def magics_class(cls: Class) -> Class:
    """Finish a class of magics, so that it can be registered."""
    marked = [
        (kind, name, attribute)
        for base in reversed(cls.__mro__)
        for attribute, value in vars(base).items()
        for kind, name in getattr(value, _MARK, ())
    ]
    magics: dict[str, dict[str, str]] = {"line": {}, "cell": {}}
    for kind, name, attribute in marked:
        magics[kind][name] = attribute
    cls.registered = True  # type: ignore[attr-defined]
    cls.magics = magics  # type: ignore[attr-defined]
    return cls


def needs_local_scope(function: Function) -> Function:
    """Have the magic called with ``local_ns``, the variables of the caller."""
    function.needs_local_scope = True  # type: ignore[attr-defined]
    return function


def no_var_expand(function: Function) -> Function:
    """Leave ``$name`` and ``{expression}`` in the magic's line as they are."""
    setattr(function, MAGIC_NO_VAR_EXPAND_ATTR, True)
    return function


def output_can_be_silenced(function: Function) -> Function:
    """Let a semicolon at the end of the line keep the magic's value from being shown."""
    setattr(function, MAGIC_OUTPUT_CAN_BE_SILENCED, True)
    return function


class Magics:
    """The base of classes of magics.

    Attributes:
        shell: The shell that they run in.
        magics: Kind -> name -> function.
    """

    registered = False
    magics: Any = None

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        if not type(self).registered:
            raise ValueError(f"{type(self).__name__} has magics: decorate it with @magics_class")
        self.shell = shell
        self.config = kwargs.pop("config", getattr(shell, "config", None))
        self.options_table: dict[str, str] = {}
        self.magics = {
            kind: {
                name: getattr(self, function) if isinstance(function, str) else function
                for name, function in type(self).magics[kind].items()
            }
            for kind in ("line", "cell")
        }
        for name, value in kwargs.items():
            setattr(self, name, value)

    def arg_err(self, func: Callable[..., Any]) -> None:
        """Say that a magic was called in a wrong way."""
        raise UsageError(f"Error in arguments:\n{func.__doc__ or ''}")


class MagicsManager:
    """The magics of one shell.

    Args:
        shell: Given to classes of magics.
        table: Kind -> name -> ``module:Class`` of magics that are loaded when they are used.
    """

    def __init__(self, shell: Any, table: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.shell = shell
        self.auto_magic = True
        self.magics: dict[str, dict[str, Any]] = {"line": {}, "cell": {}}
        #: Class name -> its instance, as users look for state of magics.
        self.registry: dict[str, Any] = {}
        #: Name -> extension that brings it when it is called.
        self.lazy_magics: dict[str, str] = {}
        self._table = {kind: dict((table or {}).get(kind, {})) for kind in ("line", "cell")}
        self._user_magics: Any = None

    def names(self, kind: str = "line") -> list[str]:
        """Return the names of the magics of a kind, without loading any."""
        lazy = self.lazy_magics if kind == "line" else {}
        return sorted({*self.magics[kind], *self._table[kind], *lazy})

    def has(self, name: str, kind: str = "line") -> bool:
        """Tell whether there is such a magic, without loading it."""
        return name in self.magics[kind] or name in self._table[kind] or name in self.lazy_magics

    def find(self, name: str, kind: str = "line") -> Callable[..., Any] | None:
        """Return a magic, loading it if need be."""
        function = self.magics[kind].get(name)
        if function is None and name in self._table[kind]:
            self._load(self._table[kind][name])
            function = self.magics[kind].get(name)
        if function is None and name in self.lazy_magics:
            self.shell.extension_manager.load_extension(self.lazy_magics[name])
            function = self.magics[kind].get(name)
        return function

    def _load(self, place: str) -> None:
        module, _, name = place.partition(":")
        cls = getattr(import_module(module), name)
        if name in self.registry:
            return
        mine = {kind: dict(names) for kind, names in self.magics.items()}
        self.register(cls)
        for kind, names in mine.items():  # what a person registered meanwhile stays
            self.magics[kind].update(names)

    def register(self, *objects: Any) -> None:
        """Add classes or instances of `Magics`.

        Raises:
            ValueError: A class is not decorated with `magics_class`.
        """
        for each in objects:
            if not getattr(each, "registered", False):
                raise ValueError(f"{each!r} has no magics: decorate its class with @magics_class")
            instance = each(self.shell) if isinstance(each, type) else each
            self.registry[type(instance).__name__] = instance
            for kind in ("line", "cell"):
                self.magics[kind].update(instance.magics[kind])

    def register_function(
        self, func: Callable[..., Any], magic_kind: str = "line", magic_name: str | None = None
    ) -> None:
        """Add a function as a magic.

        Raises:
            ValueError: There is no such kind.
        """
        if magic_kind not in _KINDS:
            raise ValueError(f"magic_kind is {magic_kind!r}; expected {', '.join(_KINDS)}")
        name = func.__name__ if magic_name is None else magic_name
        for kind in _KINDS[magic_kind]:
            self.magics[kind][name] = func

    def remove(self, name: str, kind: str = "line") -> None:
        """Forget a magic."""
        self.magics[kind].pop(name, None)
        self._table[kind].pop(name, None)

    def lsmagic(self) -> dict[str, dict[str, Any]]:
        """Return all magics: kind -> name -> function; not loaded ones are named by their place."""
        return {kind: {**self._table[kind], **self.magics[kind]} for kind in ("line", "cell")}

    def register_lazy(self, name: str, fully_qualified_name: str) -> None:
        """Have an extension loaded when the magic ``name`` is called."""
        self.lazy_magics[name] = fully_qualified_name
