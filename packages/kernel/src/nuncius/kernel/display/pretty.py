"""Print Python values so that a person can read them: nested, indented, with guards against cycles and size.

Printers write texts, possible line breaks and groups into a `PrettyPrinter`. Nothing is laid out until the end: then each group is put on one line if it fits, and has all its breaks turned into new lines if not, outermost first (the method of Oppen, "Prettyprinting", 1980).

An object takes part with a method ``_repr_pretty_(self, p, cycle)``, where ``p`` is a `RepresentationPrinter`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from typing import Any, TextIO, cast

from nuncius.kernel.display.publish import SHOWN_MODULES, shown_name

__all__ = [
    "MAX_SEQ_LENGTH",
    "PrettyPrinter",
    "Printer",
    "RepresentationPrinter",
    "default_printers",
    "for_type",
    "for_type_by_name",
    "pprint",
    "pretty",
]

#: So many elements of a container are shown.
MAX_SEQ_LENGTH = 1000

Printer = Callable[[Any, Any, bool], None]

_TEXT, _BREAK, _NEWLINE, _BEGIN, _END = range(5)


class PrettyPrinter:
    """Take texts, possible breaks and groups, and write them laid out on `flush`.

    Args:
        output: Where the text goes.
        max_width: Columns that a line may have.
        newline: What ends a line.
        max_seq_length: So many elements of a container are shown; 0 is no limit.
    """

    def __init__(
        self,
        output: TextIO,
        max_width: int = 79,
        newline: str = "\n",
        max_seq_length: int = MAX_SEQ_LENGTH,
    ) -> None:
        self.output = output
        self.max_width = max_width
        self.newline = newline
        self.max_seq_length = max_seq_length
        self.indentation = 0
        #: What was written since the last flush: (kind, text, indentation).
        self._tokens: list[tuple[int, str, int]] = []
        self._column = 0

    def text(self, obj: str) -> None:
        """Write text that contains no line break."""
        if obj:
            self._tokens.append((_TEXT, obj, 0))

    def breakable(self, sep: str = " ") -> None:
        """Write ``sep``, or a new line if the group does not fit on one."""
        self._tokens.append((_BREAK, sep, self.indentation))

    def break_(self) -> None:
        """Write a new line in any case."""
        self._tokens.append((_NEWLINE, "", self.indentation))

    def begin_group(self, indent: int = 0, open: str = "") -> None:  # noqa: A002 - users' name
        """Begin what should stand on one line, with ``indent`` more columns if it does not."""
        if open:
            self.text(open)
        self._tokens.append((_BEGIN, "", 0))
        self.indentation += indent

    def end_group(self, dedent: int = 0, close: str = "") -> None:
        """End the group; ``dedent`` is the indent of its beginning."""
        self.indentation -= dedent
        self._tokens.append((_END, "", 0))
        if close:
            self.text(close)

    @contextmanager
    def group(self, indent: int = 0, open: str = "", close: str = "") -> Iterator[None]:  # noqa: A002
        """Begin and end a group around a ``with`` block."""
        self.begin_group(indent, open)
        try:
            yield
        finally:
            self.end_group(indent, close)

    @contextmanager
    def indent(self, indent: int) -> Iterator[None]:
        """Indent the lines that begin in a ``with`` block."""
        self.indentation += indent
        try:
            yield
        finally:
            self.indentation -= indent

    def flush(self) -> None:
        """Lay out what was written, and write it to the output."""
        tokens, self._tokens = self._tokens, []
        fits = self._measure(tokens)
        write = self.output.write
        column = self._column
        flat = [False]
        for position, (kind, text, indentation) in enumerate(tokens):
            if kind == _TEXT or (kind == _BREAK and flat[-1]):
                write(text)
                column += len(text)
            elif kind in (_BREAK, _NEWLINE):
                write(self.newline + " " * indentation)
                column = indentation
            elif kind == _BEGIN:
                # a group within one that fits, fits
                flat.append(flat[-1] or column + fits[position] <= self.max_width)
            elif len(flat) > 1:
                flat.pop()
        self._column = column

    def _measure(self, tokens: list[tuple[int, str, int]]) -> dict[int, float]:
        """Return for each group the columns that it takes on one line, with what follows up to the next break."""
        widths: dict[int, float] = {}
        # going backwards: ``total`` is the width of all that follows, ``at_break`` what it was at the break next to come
        total: float = 0
        at_break: float = 0
        ends: list[float] = []
        for position in range(len(tokens) - 1, -1, -1):
            kind, text, _ = tokens[position]
            if kind == _TEXT:
                total += len(text)
            elif kind == _BREAK:
                total += len(text)
                at_break = total
            elif kind == _NEWLINE:
                # no group around a forced line break fits
                total += self.max_width + 1
                at_break = total
            elif kind == _END:
                ends.append(at_break)
            else:
                widths[position] = total - (ends.pop() if ends else 0)
        return widths


class RepresentationPrinter(PrettyPrinter):
    """A `PrettyPrinter` that knows how to print Python values; ``p.pretty(value)``.

    Args:
        output: Where the text goes.
        verbose: Show more: all attributes of plain objects.
        max_width: Columns that a line may have.
        newline: What ends a line.
        singleton_pprinters: id of an object -> its printer.
        type_pprinters: Type -> printer.
        deferred_pprinters: (module, name) of a type that may not be imported -> printer.
        max_seq_length: So many elements of a container are shown; 0 is no limit.
    """

    def __init__(
        self,
        output: TextIO,
        verbose: bool = False,
        max_width: int = 79,
        newline: str = "\n",
        singleton_pprinters: Mapping[int, Printer] | None = None,
        type_pprinters: Mapping[type, Printer] | None = None,
        deferred_pprinters: Mapping[tuple[str, str], Printer] | None = None,
        max_seq_length: int = MAX_SEQ_LENGTH,
    ) -> None:
        super().__init__(output, max_width, newline, max_seq_length)
        self.verbose = verbose
        self.stack: list[int] = []
        self.singleton_pprinters = dict(
            _singletons() if singleton_pprinters is None else singleton_pprinters
        )
        self.type_pprinters = dict(_TYPES if type_pprinters is None else type_pprinters)
        self.deferred_pprinters = dict(
            _DEFERRED if deferred_pprinters is None else deferred_pprinters
        )

    def pretty(self, obj: Any) -> None:
        """Print ``obj``."""
        identity = id(obj)
        cycle = identity in self.stack
        self.stack.append(identity)
        self.begin_group()
        try:
            self._printer(obj)(obj, self, cycle)
        finally:
            self.end_group()
            self.stack.pop()

    def _printer(self, obj: Any) -> Printer:
        if (printer := self.singleton_pprinters.get(id(obj))) is not None:
            return printer
        kind = type(obj)
        if (printer := self.type_pprinters.get(kind)) is not None:
            return printer  # the common case, without walking the classes
        for cls in _classes(kind):
            printer = self.type_pprinters.get(cls) or self._deferred(cls)
            if printer is not None:
                return printer
            own = cls.__dict__
            if callable(own.get("_repr_pretty_")):
                return cast("Printer", getattr(cls, "_repr_pretty_"))  # noqa: B009 - may be a property of a metaclass
            if cls is not object and "__repr__" in own and callable(own["__repr__"]):
                return _by_repr
        return _by_default

    def _deferred(self, cls: type) -> Printer | None:
        key = (getattr(cls, "__module__", None), getattr(cls, "__name__", None))
        printer = self.deferred_pprinters.pop(key, None)  # type: ignore[arg-type]
        if printer is not None:
            self.type_pprinters[cls] = printer
        return printer


def _classes(kind: type) -> Iterable[type]:
    try:
        return kind.__mro__
    except AttributeError:
        return (kind, object)


def _by_repr(obj: Any, p: PrettyPrinter, cycle: bool) -> None:
    lines = repr(obj).splitlines()
    with p.group():
        for number, line in enumerate(lines):
            if number:
                p.break_()
            p.text(line)


def _by_default(obj: Any, p: Any, cycle: bool) -> None:
    kind = type(obj)
    own: Any = kind.__repr__
    if own is not object.__repr__:
        _by_repr(obj, p, cycle)
        return
    p.begin_group(1, "<")
    if kind.__module__ in SHOWN_MODULES:
        p.text(shown_name(kind))
    else:
        p.pretty(kind)
    p.text(f" at 0x{id(obj):x}")
    if cycle:
        p.text(" ...")
    elif p.verbose:
        first = True
        for name in dir(obj):
            if name.startswith("_"):
                continue
            try:
                value = getattr(obj, name)
            except Exception:  # noqa: BLE001 - a property may raise anything
                continue
            if not callable(value):
                if not first:
                    p.text(",")
                first = False
                p.breakable()
                p.text(name + "=")
                p.pretty(value)
    p.end_group(1, ">")


def _elements(obj: Iterable[Any], p: PrettyPrinter) -> Iterator[Any]:
    """Yield elements with commas between them, and an ellipsis after the limit."""
    for index, element in enumerate(obj):
        if index:
            p.text(",")
            p.breakable()
        if p.max_seq_length and index >= p.max_seq_length:
            p.text("...")
            return
        yield element


def _sequence(start: str, end: str, base: type) -> Printer:
    def print_sequence(obj: Any, p: Any, cycle: bool) -> None:
        kind = type(obj)
        if kind is not base and kind.__repr__ is not base.__repr__:
            p.text(repr(obj))  # a subclass with a repr of its own: a named tuple
            return
        if cycle:
            p.text(start + "..." + end)
            return
        with p.group(len(start), start, end):
            for element in _elements(obj, p):
                p.pretty(element)
            if base is tuple and len(obj) == 1:
                p.text(",")

    return print_sequence


def _set(start: str, end: str, base: type) -> Printer:
    def print_set(obj: Any, p: Any, cycle: bool) -> None:
        kind = type(obj)
        if kind is not base and kind.__repr__ is not base.__repr__:
            p.text(repr(obj))
            return
        if cycle:
            p.text(start + "..." + end)
            return
        if not obj:
            p.text(f"{kind.__name__}()")
            return
        values: Iterable[Any] = obj
        if not p.max_seq_length or len(obj) <= p.max_seq_length:
            try:
                values = sorted(obj)
            except Exception:  # noqa: BLE001 - not all values have an order
                values = obj
        with p.group(len(start), start, end):
            for element in _elements(values, p):
                p.pretty(element)

    return print_set


def _dict(start: str, end: str, base: type = dict) -> Printer:
    def print_dict(obj: Any, p: Any, cycle: bool) -> None:
        kind = type(obj)
        if kind is not base and kind.__repr__ is not base.__repr__:
            p.text(repr(obj))
            return
        if cycle:
            p.text("{...}")
            return
        with p.group(len(start), start, end):
            for key in _elements(obj, p):
                p.pretty(key)
                p.text(": ")
                p.pretty(obj[key])

    return print_dict


def _call(name: str, parts: Callable[[Any], tuple[Any, ...]]) -> Printer:
    """Return a printer for ``Name(argument, ...)``."""

    def print_call(obj: Any, p: Any, cycle: bool) -> None:
        shown = name or type(obj).__name__
        with p.group(len(shown) + 1, f"{shown}(", ")"):
            if cycle:
                p.text("...")
                return
            for index, part in enumerate(parts(obj)):
                if index:
                    p.text(",")
                    p.breakable()
                p.pretty(part)

    return print_call


def _simple_namespace(obj: Any, p: Any, cycle: bool) -> None:
    name = "namespace" if type(obj).__name__ == "SimpleNamespace" else type(obj).__name__
    with p.group(len(name) + 1, f"{name}(", ")"):
        if cycle:
            p.text("...")
            return
        for index, (key, value) in enumerate(vars(obj).items()):
            if index:
                p.text(",")
                p.breakable()
            with p.group(len(key) + 1, f"{key}="):
                p.pretty(value)


def _type_name(obj: type) -> str:
    module = getattr(obj, "__module__", None)
    try:
        name = obj.__qualname__
        if not isinstance(name, str):
            raise TypeError("no text")
    except Exception:  # noqa: BLE001 - a metaclass may do as it likes
        name = getattr(obj, "__name__", "<unknown type>")
    return name if module in (None, "__builtin__", "builtins", "exceptions") else f"{module}.{name}"


def _type(obj: Any, p: Any, cycle: bool) -> None:
    # a metaclass with a repr of its own keeps it
    for cls in type(obj).__mro__:
        if "__repr__" in cls.__dict__:
            if cls is not type:
                _by_repr(obj, p, cycle)
                return
            break
    p.text(_type_name(obj))


def _function(obj: Any, p: Any, cycle: bool) -> None:
    name = getattr(obj, "__qualname__", None) or obj.__name__
    module = obj.__module__
    if module and module not in ("__builtin__", "builtins", "exceptions"):
        name = f"{module}.{name}"
    try:
        from inspect import signature

        name += str(signature(obj))
    except (TypeError, ValueError):
        pass
    p.text(f"<function {name}>")


def _exception(obj: Any, p: Any, cycle: bool) -> None:
    name = getattr(type(obj), "__qualname__", type(obj).__name__)
    module = type(obj).__module__
    if module not in ("exceptions", "builtins"):
        name = f"{module}.{name}"
    with p.group(len(name) + 1, f"{name}(", ")"):
        for index, argument in enumerate(getattr(obj, "args", ())):
            if index:
                p.text(",")
                p.breakable()
            p.pretty(argument)


def _super(obj: Any, p: Any, cycle: bool) -> None:
    with p.group(8, "<super: ", ">"):
        p.pretty(obj.__thisclass__)
        p.text(",")
        p.breakable()
        p.pretty(obj.__self__)


def _regex(obj: Any, p: Any, cycle: bool) -> None:
    import re

    with p.group(11, "re.compile(", ")"):
        if isinstance(obj.pattern, str):
            p.text("r" + repr(obj.pattern).replace("\\\\", "\\"))
        else:
            p.text(repr(obj.pattern))
        names = [flag.name for flag in sorted(re.RegexFlag(obj.flags)) if flag.name]
        if names:
            p.text(",")
            p.breakable()
            p.text("|".join(f"re.{name}" for name in names))


def _deque(obj: Any, p: Any, cycle: bool) -> None:
    name = type(obj).__name__
    with p.group(len(name) + 1, f"{name}(", ")"):
        if cycle:
            p.text("...")
            return
        p.pretty(list(obj))
        if obj.maxlen is not None:
            p.text(",")
            p.breakable()
            p.text(f"maxlen={obj.maxlen}")


def _environ(obj: Any, p: Any, cycle: bool) -> None:
    with p.group(8, "environ{", "}"):
        for key in _elements(sorted(obj), p):
            p.pretty(key)
            p.text(": ")
            p.pretty(obj[key])


def _plain(obj: Any, p: Any, cycle: bool) -> None:
    p.text(repr(obj))


def _function_types() -> dict[type, Printer]:
    from types import (
        BuiltinFunctionType,
        FunctionType,
        MappingProxyType,
        MethodType,
        SimpleNamespace,
    )

    return {
        FunctionType: _function,
        BuiltinFunctionType: _function,
        MethodType: _by_repr,
        SimpleNamespace: _simple_namespace,
        MappingProxyType: _call("mappingproxy", lambda obj: (dict(obj),)),
    }


_TYPES: dict[type, Printer] = {
    int: _by_repr,
    float: _by_repr,
    complex: _by_repr,
    str: _by_repr,
    bytes: _by_repr,
    bool: _plain,
    type(None): _plain,
    type(...): _plain,
    type(NotImplemented): _plain,
    range: _by_repr,
    slice: _by_repr,
    tuple: _sequence("(", ")", tuple),
    list: _sequence("[", "]", list),
    dict: _dict("{", "}"),
    set: _set("{", "}", set),
    frozenset: _set("frozenset({", "})", frozenset),
    super: _super,
    type: _type,
    BaseException: _exception,
    **_function_types(),
}

_DEFERRED: dict[tuple[str, str], Printer] = {
    ("re", "Pattern"): _regex,
    ("datetime", "datetime"): _by_repr,
    ("datetime", "timedelta"): _by_repr,
    ("os", "_Environ"): _environ,
    ("collections", "OrderedDict"): _call("", lambda obj: (list(obj.items()),) if obj else ()),
    ("collections", "defaultdict"): _call("", lambda obj: (obj.default_factory, dict(obj))),
    ("collections", "deque"): _deque,
    ("collections", "Counter"): _call("", lambda obj: (dict(obj.most_common()),) if obj else ()),
    ("collections", "UserList"): _call("", lambda obj: (obj.data,)),
}


def _singletons() -> dict[int, Printer]:
    return {id(value): _plain for value in (None, True, False, Ellipsis, NotImplemented)}


def default_printers() -> tuple[
    dict[int, Printer], dict[type, Printer], dict[tuple[str, str], Printer]
]:
    """Return copies of the tables of printers: by id, by type, and by the name of a type."""
    return _singletons(), dict(_TYPES), dict(_DEFERRED)


def for_type(typ: type, func: Printer | None) -> Printer | None:
    """Print instances of ``typ`` with ``func(obj, p, cycle)`` everywhere; returns what did so before."""
    before = _TYPES.get(typ)
    if func is not None:
        _TYPES[typ] = func
    return before


def for_type_by_name(type_module: str, type_name: str, func: Printer | None) -> Printer | None:
    """Do as `for_type`, for a type that may not be imported yet."""
    key = (type_module, type_name)
    before = _DEFERRED.get(key)
    if func is not None:
        _DEFERRED[key] = func
    return before


def pretty(
    obj: Any,
    verbose: bool = False,
    max_width: int = 79,
    newline: str = "\n",
    max_seq_length: int = MAX_SEQ_LENGTH,
) -> str:
    """Return the text of ``obj``."""
    stream = StringIO()
    printer = RepresentationPrinter(
        stream, verbose, max_width, newline, max_seq_length=max_seq_length
    )
    printer.pretty(obj)
    printer.flush()
    return stream.getvalue()


def pprint(
    obj: Any,
    verbose: bool = False,
    max_width: int = 79,
    newline: str = "\n",
    max_seq_length: int = MAX_SEQ_LENGTH,
) -> None:
    """Write the text of ``obj`` to ``sys.stdout``."""
    sys.stdout.write(pretty(obj, verbose, max_width, newline, max_seq_length) + newline)
    sys.stdout.flush()
