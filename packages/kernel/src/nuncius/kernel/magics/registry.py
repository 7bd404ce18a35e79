"""Know the magics: classes of them, single functions, and the ones that are loaded only when they are called.

Magics that come with the kernel are in `nuncius.kernel.magics.table`: a name there costs nothing until it is used.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol, TypeVar, cast, overload

from nuncius.kernel.current import get_shell
from nuncius.kernel.errors import UsageError

__all__ = [
    "MagicAlias",
    "Magics",
    "MagicsManager",
    "cell_magic",
    "line_cell_magic",
    "line_magic",
    "magics_class",
    "needs_local_scope",
    "no_var_expand",
    "output_can_be_silenced",
    "register_cell_magic",
    "register_line_cell_magic",
    "register_line_magic",
]

MAGIC_NO_VAR_EXPAND_ATTR = "_ipython_magic_no_var_expand"
MAGIC_OUTPUT_CAN_BE_SILENCED = "_ipython_magic_output_can_be_silenced"

#: Where the decorators of methods leave what they were told: a list of (kind, name).
_MARK = "_nuncius_magics"
_KINDS = {"line": ("line",), "cell": ("cell",), "line_cell": ("line", "cell")}

Function = TypeVar("Function", bound=Callable[..., Any])
Class = TypeVar("Class", bound=type)


class _Marker(Protocol):
    """A decorator that may be given a name."""

    @overload
    def __call__(self, arg: str) -> Callable[[Function], Function]: ...

    @overload
    def __call__(self, arg: Function) -> Function: ...


def _decorator(kind: str) -> _Marker:
    def decorate(arg: Any) -> Any:
        if callable(arg):
            return _mark(arg, kind, arg.__name__)
        if isinstance(arg, str):
            return lambda function: _mark(function, kind, arg)
        raise TypeError(f"expected a function or the name of a magic, got {arg!r}")

    decorate.__doc__ = (
        f"""Mark a method of a `Magics` class as a {kind} magic, under its own name or another."""
    )
    return cast("_Marker", decorate)


def _mark(function: Function, kind: str, name: str) -> Function:
    marks = function.__dict__.setdefault(_MARK, [])
    marks.extend((each, name) for each in _KINDS[kind])
    return function


line_magic = _decorator("line")
cell_magic = _decorator("cell")
line_cell_magic = _decorator("line_cell")


def _registrar(kind: str) -> Callable[..., Any]:
    def register(arg: Any) -> Any:
        def add(function: Callable[..., Any], name: str) -> Callable[..., Any]:
            shell: Any = get_shell()
            if shell is None:
                raise NameError("there is no shell to register a magic with")
            shell.register_magic_function(function, kind, name)
            return function

        if callable(arg):
            return add(arg, arg.__name__)
        return lambda function: add(function, arg)

    register.__doc__ = (
        f"""Make a function a {kind} magic of the shell that runs, under its own name or another."""
    )
    return register


register_line_magic = _registrar("line")
register_cell_magic = _registrar("cell")
register_line_cell_magic = _registrar("line_cell")


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
        kwargs.pop("config", None)
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

    @property
    def config(self) -> Any:
        """The configuration as extensions read it."""
        return getattr(self.shell, "config", None)

    def arg_err(self, func: Callable[..., Any]) -> None:
        """Say that a magic was called in a wrong way.

        Raises:
            UsageError: Always.
        """
        raise UsageError(f"Error in arguments:\n{func.__doc__ or ''}")

    def default_option(self, fn: str, optstr: str) -> None:
        """Have the magic ``fn`` called as if ``optstr`` stood before its line."""
        self.options_table[fn] = optstr

    def parse_options(
        self,
        arg_str: str,
        opt_str: str,
        *long_opts: str,
        mode: str = "string",
        list_all: bool = False,
        posix: bool = True,
        strict: bool = True,
        preserve_non_opts: bool = False,
    ) -> tuple[Any, Any]:
        """Return the options of a line, and the rest of it.

        Args:
            arg_str: What follows the name of the magic.
            opt_str: The letters that are options, with a colon after those that take a value.
            *long_opts: Options with two dashes, with ``=`` after those that take a value.
            mode: ``list``: the rest is a list of words.
            list_all: All values are lists, not only those of options that were given several times.
            posix: Take quotes away from the words of the rest.
            strict: Kept for those who pass it.
            preserve_non_opts: Leave the rest as it was typed.

        Raises:
            UsageError: There is no such option, or its value is missing.
        """
        from nuncius.kernel.magics.flags import Flag, Opts, parse, split_words

        flags = [
            Flag(name, value="VALUE" if takes else "", repeated=True)
            for name, takes in re.findall(r"(\w)(:?)", opt_str)
        ]
        flags += [
            Flag(name.rstrip("="), value="VALUE" if name.endswith("=") else "", repeated=True)
            for name in long_opts
        ]
        caller = sys._getframe(1).f_code.co_name  # noqa: SLF001 - defaults are kept by the magic's name
        given, rest = parse(flags, f"{self.options_table.get(caller, '')} {arg_str}".strip())
        found = Opts(given)
        if not list_all:
            found.update((k, v[0] if len(v) == 1 else v) for k, v in given.items())
        if mode == "list":
            return found, split_words(rest) if posix else rest.split()
        return found, rest if preserve_non_opts or not posix else " ".join(split_words(rest))


class MagicAlias:
    """Another name for a magic, perhaps with parameters; made by ``%alias_magic``."""

    def __init__(
        self, shell: Any, magic_name: str, magic_kind: str, magic_params: str | None = None
    ) -> None:
        self.shell = shell
        self.magic_name = magic_name
        self.magic_kind = magic_kind
        self.magic_params = magic_params
        mark = "%" if magic_kind == "line" else "%%"
        self.pretty_target = f"{mark}{magic_name}"
        self.__doc__ = f"Alias for `{self.pretty_target}`."
        self._running = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the magic.

        Raises:
            UsageError: It is gone, or is this alias itself.
        """
        function = self.shell.find_magic(self.magic_name, self.magic_kind)
        if function is None:
            raise UsageError(f"Magic `{self.pretty_target}` not found.")
        if self._running:
            raise UsageError("Infinite recursion detected; magic aliases cannot call themselves.")
        self._running = True
        try:
            if self.magic_params:
                args = (f"{self.magic_params} {args[0]}", *args[1:])
            if getattr(function, "needs_local_scope", False):
                kwargs.setdefault("local_ns", self.shell.user_ns)
            return function(*args, **kwargs)
        finally:
            self._running = False


class MagicsManager:
    """The magics of one shell.

    Args:
        shell: Given to classes of magics.
        table: Kind -> name -> ``module:Class`` of magics that are loaded when they are used.
    """

    def __init__(self, shell: Any, table: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.shell = shell
        self.magics: dict[str, dict[str, Any]] = {"line": {}, "cell": {}}
        #: Class name -> its instance, as users look for state of magics.
        self.registry: dict[str, Any] = {}
        #: Name -> extension that brings it when it is called.
        self.lazy_magics: dict[str, str] = {}
        self._table = {kind: dict((table or {}).get(kind, {})) for kind in ("line", "cell")}
        #: The places of the table that were loaded.
        self._loaded: set[str] = set()
        #: Completion asks for magics in a thread of its own, while a cell calls them.
        self._loading = threading.RLock()
        #: Name -> entry point of installed packages, once they were asked for.
        self._providers: dict[str, Any] | None = None

    @property
    def auto_magic(self) -> bool:
        """Whether line magics run without their percent sign."""
        return bool(self.shell.prefilter.automagic)

    @auto_magic.setter
    def auto_magic(self, wanted: bool) -> None:
        self.shell.set_option("automagic", bool(wanted))

    def names(self, kind: str = "line") -> list[str]:
        """Return the names of the magics of a kind, without loading any."""
        return sorted({*self.magics[kind], *self._table[kind], *self.lazy_magics})

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
        if function is None and name not in self.magics["line"] and name not in self.magics["cell"]:
            self._ask_packages(name)
            function = self.magics[kind].get(name)
        return function

    def _load(self, place: str) -> None:
        module, _, name = place.partition(":")
        target = getattr(import_module(module), name)
        with self._loading:
            if place in self._loaded:
                return
            self._loaded.add(place)
            try:
                self._add(target)
            except BaseException:  # an interrupt: the next call is to find them
                self._loaded.discard(place)
                raise

    def _add(self, target: Any) -> None:
        mine = {kind: dict(names) for kind, names in self.magics.items()}
        if isinstance(target, type):
            self.register(target)
        else:
            target(self.shell)
        for kind, names in mine.items():  # what a person registered meanwhile stays
            self.magics[kind].update(names)

    def _ask_packages(self, name: str) -> None:
        """Call the entry point ``name`` of the group ``nuncius.magics`` with the shell, if there is one."""
        if self._providers is None:
            from importlib.metadata import entry_points

            self._providers = {each.name: each for each in entry_points(group="nuncius.magics")}
        provider = self._providers.pop(name, None)
        if provider is not None:
            provider.load()(self.shell)

    def ready_made(self, name: str) -> bool:
        """Tell whether a line magic, and no alias, comes with the kernel under this name."""
        place = self._table["line"].get(name, "")
        return bool(place) and not place.endswith(":define_aliases")

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

    def register_alias(
        self,
        alias_name: str,
        magic_name: str,
        magic_kind: str = "line",
        magic_params: str | None = None,
    ) -> None:
        """Add another name for a magic.

        Args:
            alias_name: The new name.
            magic_name: The magic.
            magic_kind: ``line`` or ``cell``.
            magic_params: Stand before the line of each call.

        Raises:
            ValueError: There is no such kind.
        """
        if magic_kind not in ("line", "cell"):
            raise ValueError(f"magic_kind is {magic_kind!r}; expected line or cell")
        alias = MagicAlias(self.shell, magic_name, magic_kind, magic_params)
        setattr(alias, MAGIC_NO_VAR_EXPAND_ATTR, True)
        self.magics[magic_kind][alias_name] = alias

    def remove(self, name: str, kind: str = "line") -> None:
        """Forget a magic."""
        self.magics[kind].pop(name, None)
        self._table[kind].pop(name, None)

    def lsmagic(self) -> dict[str, dict[str, Any]]:
        """Return all magics: kind -> name -> function; not loaded ones are named by their place."""
        return {kind: {**self._table[kind], **self.magics[kind]} for kind in ("line", "cell")}

    def lsmagic_docs(self, brief: bool = False, missing: str = "") -> dict[str, dict[str, str]]:
        """Return the documentation of all magics, loading them: kind -> name -> text.

        Args:
            brief: Only the first line.
            missing: Stands where there is none.
        """
        docs: dict[str, dict[str, str]] = {"line": {}, "cell": {}}
        for kind, texts in docs.items():
            for name in self.names(kind):
                text = (getattr(self.find(name, kind), "__doc__", None) or missing).strip()
                texts[name] = text.partition("\n")[0] if brief else text
        return docs

    def options(self, name: str, kind: str = "line") -> list[tuple[str, str, str]]:
        """Return the options of a magic, for completion: how each is typed, what follows it, what it does."""
        from nuncius.kernel.magics.flags import flags_of

        return [
            (word, flag.value, flag.help)
            for flag in flags_of(self.find(name, kind))
            for word in flag.words
        ]

    def expected(self, name: str, kind: str, line: str) -> tuple[str, list[str], int] | None:
        """Return what the word is that the line of a magic ends in, for completion: its kind, words that may stand there, and where it begins.

        Only the kernel's own magics are loaded for this. None if nothing is known of the word.

        Args:
            name: The magic.
            kind: ``line`` or ``cell``.
            line: What follows its name, up to the cursor.
        """
        from nuncius.kernel.alias import Alias
        from nuncius.kernel.magics.operand_table import FILES, OPERANDS
        from nuncius.kernel.magics.operands import expected, operands_of

        name, kind, function = self._known(name, kind)
        ours = getattr(function, "__module__", "").startswith("nuncius.")
        operands = operands_of(function) or (OPERANDS.get(name) if ours else None)
        if operands is None and isinstance(function, Alias):
            operands = FILES
        found = expected(self.shell, function, operands, line)
        if found.operand is None:
            return None
        words = [str(word) for word in found.operand.give(found.asked)]
        return found.operand.kind, words, found.start

    def _known(self, name: str, kind: str) -> tuple[str, str, Any]:
        """Return a magic, or the one that it is an alias of, without running anybody's code."""
        if name in self._table[kind] and name not in self.magics[kind]:
            self._load(self._table[kind][name])
        function = self.magics[kind].get(name)
        if isinstance(function, MagicAlias) and function.magic_name != name:
            return self._known(function.magic_name, function.magic_kind)
        return name, kind, function

    def register_lazy(self, name: str, fully_qualified_name: str) -> None:
        """Have an extension loaded when the magic ``name`` is called."""
        self.lazy_magics[name] = fully_qualified_name
