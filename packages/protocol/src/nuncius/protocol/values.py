"""Make small immutable classes that cost little to define: the values of everything that has to start fast.

::

    class Place(Value):
        line: int
        column: int = 0

is what ``@dataclass(frozen=True, slots=True)`` makes of the same lines: the constructor (with ``__post_init__``), ``==``, ``hash``, ``repr`` and pattern matching are there, and type checkers know of them (PEP 681).
`dataclasses` writes and compiles the methods of each class when it is defined, half a millisecond for each one, and needs ``inspect``, another five. A shell defines some fifty before its first prompt. Here the methods are inherited and read a table, and the constructor is a copy of one that is compiled already: defining a class takes a twentieth.

`dataclasses.fields`, `dataclasses.replace`, `dataclasses.asdict` and `copy.replace` take such values as well.

Rule: only what programs need at their start, or make very many of, is worth it. Everything else stays a dataclass, which does more: ``order``, fields that are no arguments.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast, dataclass_transform

from nuncius.protocol.constructors import MOST_FIELDS, constructor

if TYPE_CHECKING:
    import dataclasses

__all__ = ["Field", "Value", "ValueType", "field", "replace"]

T = TypeVar("T")

_MISSING: Any = object()


class Field:
    """What is known of one field; made by `field`, and by the class for what has a plain default.

    Attributes:
        default: The value if none is given.
        default_factory: Makes that value; None without one.
        compare: It counts for ``==`` and ``hash``.
        repr: It is shown.
        metadata: For whoever reads the declaration.
        put: Sets it in an object, frozen or not.
    """

    __slots__ = ("compare", "default", "default_factory", "metadata", "put", "repr")

    def __init__(
        self,
        default: Any,
        default_factory: Callable[[], Any] | None,
        metadata: Mapping[str, Any] | None,
        *,
        compare: bool,
        repr: bool,  # noqa: A002 - the word of dataclasses
    ) -> None:
        self.default = default
        self.default_factory = default_factory
        self.metadata = metadata
        self.compare = compare
        self.repr = repr
        self.put: Callable[[Any, Any], None]

    @property
    def required(self) -> bool:
        """A value has to be given."""
        return self.default is _MISSING and self.default_factory is None

    def make_default(self) -> Any:
        """Return the value if none is given; only for a field that is not required."""
        return self.default if self.default_factory is None else self.default_factory()


def field(
    *,
    default: Any = _MISSING,
    default_factory: Callable[[], Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    compare: bool = True,
    repr: bool = True,  # noqa: A002 - the word of dataclasses
) -> Any:
    """Declare a field that is more than a name and a default, see `Field`."""
    return Field(default, default_factory, metadata, compare=compare, repr=repr)


class _Late:
    """What `dataclasses` keeps in the classes that it makes, for its functions; made when one of them asks for it."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, value: object, cls: type) -> Any:
        if cls is Value:
            raise AttributeError(self._name)
        return getattr(_as_dataclass(cls), self._name)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class ValueType(type):
    """The class of value classes: it makes slots of the annotated names.

    Args:
        kw_only: The constructor takes its arguments by name only.
        frozen: The values do not change. Those that do have no hash.
    """

    #: The fields by name, in order; those of bases first.
    __fields__: dict[str, Field]
    #: So many of them can be given without their names.
    __positional__: int

    def __new__(
        cls,
        name: str,
        bases: tuple[type, ...],
        body: dict[str, Any],
        *,
        kw_only: bool = False,
        frozen: bool = True,
    ) -> ValueType:
        """Make the class from its body."""
        inherited: dict[str, Field] = {}
        for base in bases:
            inherited |= getattr(base, "__fields__", {})
        own = {
            key: _declared(key, body.pop(key, _MISSING))
            for key, annotation in body.get("__annotations__", {}).items()
            if not str(annotation).startswith(("ClassVar", "typing.ClassVar"))
        }
        fields = inherited | own
        slots = tuple(key for key in own if key not in inherited)
        body["__slots__"] = (*slots, *body.get("__slots__", ()))
        body["__fields__"] = fields
        body["__positional__"] = 0 if kw_only else len(fields)
        body["__match_args__"] = () if kw_only else tuple(fields)
        if not frozen:
            body |= {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__, "__hash__": None}  # fmt: skip
        made = super().__new__(cls, name, bases, body)
        for key, declared in own.items():
            declared.put = getattr(made, key).__set__
        if "__init__" not in body and (own or "__post_init__" in body):
            made.__init__ = _constructor(made)  # type: ignore[misc]
        return made

    @property
    def __signature__(cls) -> Any:
        """What `inspect.signature` and help texts show of the constructor."""
        import inspect

        return inspect.signature(_as_dataclass(cls))


class Value(metaclass=ValueType):
    """An immutable value with the fields that its class annotates, see the module."""

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    else:
        __dataclass_fields__ = _Late("__dataclass_fields__")
        __dataclass_params__ = _Late("__dataclass_params__")

    def __init__(self, *given: Any, **named: Any) -> None:
        """Take the fields in order, or by name. Classes of few fields have a quicker one of their own."""
        cls = self.__class__
        count = len(given)
        if count > cls.__positional__:
            raise TypeError(
                f"{cls.__name__}() takes {cls.__positional__} arguments without a name, got {count}"
            )
        position = taken = 0
        for name, declared in cls.__fields__.items():
            if position < count:
                value = given[position]
                position += 1
            elif name in named:
                value = named[name]
                taken += 1
            elif (value := declared.default) is _MISSING:
                if declared.default_factory is None:
                    raise TypeError(f"{cls.__name__}() needs {name!r}")
                value = declared.default_factory()
            declared.put(self, value)
        if taken < len(named):
            raise _surplus(cls, named, count)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: a value does not change."""
        raise _frozen(self, name)

    def __delattr__(self, name: str) -> None:
        """Refuse: a value does not change."""
        raise _frozen(self, name)

    def __eq__(self, other: object) -> bool:
        """Tell whether the other is of the same class with equal fields."""
        if other.__class__ is not self.__class__:
            return NotImplemented
        return _compared(self) == _compared(other)

    def __hash__(self) -> int:
        """Return the hash of the fields."""
        return hash(_compared(self))

    def __repr__(self) -> str:
        """Show how the constructor would be called."""
        shown = [
            f"{name}={getattr(self, name)!r}"
            for name, declared in self.__class__.__fields__.items()
            if declared.repr
        ]
        return f"{self.__class__.__qualname__}({', '.join(shown)})"

    def __setstate__(self, state: Any) -> None:
        """Fill a copy, or what was unpickled."""
        fields = self.__class__.__fields__
        for name, value in state[1].items():
            fields[name].put(self, value)

    def __replace__(self, /, **changes: Any) -> Any:
        """Return a copy with some fields changed: what `copy.replace` calls."""
        return replace(self, **changes)


_V = TypeVar("_V", bound=Value)


def replace(value: _V, /, **changes: Any) -> _V:
    """Return a copy of a value with some fields changed, as `dataclasses.replace` does it.

    Args:
        value: The value.
        **changes: Fields by name.

    Raises:
        TypeError: There is no such field.
    """
    cls = value.__class__
    return cls(**{**{name: getattr(value, name) for name in cls.__fields__}, **changes})


def _declared(name: str, default: Any) -> Field:
    """Return what was written behind the annotation as a field."""
    if isinstance(default, Field):
        return default
    late = sys.modules.get("dataclasses")
    if late is not None and isinstance(default, late.Field):
        return _from_dataclass_field(default, late.MISSING)
    if isinstance(default, list | dict | set):
        raise ValueError(f"a default of {name!r} that can change is shared by all objects: use field(default_factory=...)")  # fmt: skip
    return Field(default, None, None, compare=True, repr=True)


def _from_dataclass_field(given: dataclasses.Field[Any], missing: object) -> Field:
    factory: Any = given.default_factory
    return Field(
        _MISSING if given.default is missing else given.default,
        None if factory is missing else factory,
        given.metadata,
        compare=given.compare,
        repr=given.repr,
    )


def _compared(value: Any) -> tuple[Any, ...]:
    fields = value.__class__.__fields__
    return tuple([getattr(value, name) for name, declared in fields.items() if declared.compare])


def _frozen(value: object, name: str) -> AttributeError:
    from dataclasses import FrozenInstanceError

    return FrozenInstanceError(f"{type(value).__name__}.{name} cannot be changed: use replace()")


def _surplus(cls: ValueType, named: Mapping[str, Any], count: int) -> TypeError:
    given = set(tuple(cls.__fields__)[:count])
    for name in named:
        if name in given:
            return TypeError(f"{cls.__name__}() got {name!r} twice")
        if name not in cls.__fields__:
            return TypeError(f"{cls.__name__}() has no field {name!r}")
    raise AssertionError(named)


def _constructor(cls: ValueType) -> Callable[..., None]:
    """Return what fills an object of the class."""
    puts, defaults = {}, {}
    for name, declared in cls.__fields__.items():
        puts[name] = declared.put if declared.default_factory is None else _put_or_make(declared)
        if not declared.required:
            defaults[name] = declared.default
        elif defaults and cls.__positional__:
            raise TypeError(f"{cls.__name__}.{name} has no default, but a field before it has one")
    init: Callable[..., None] = Value.__init__
    if 0 < len(puts) <= MOST_FIELDS:
        init = constructor(cls.__name__, puts, defaults, kw_only=not cls.__positional__)
    return init if not hasattr(cls, "__post_init__") else _checked(init)


def _put_or_make(declared: Field) -> Callable[[Any, Any], None]:
    put, factory = declared.put, declared.make_default
    return lambda value, given: put(value, factory() if given is _MISSING else given)


def _checked(init: Callable[..., None]) -> Callable[..., None]:
    """Return a constructor that has the class check what it got."""

    def init_and_check(self: Any, *given: Any, **named: Any) -> None:
        init(self, *given, **named)
        self.__post_init__()

    return init_and_check


def _as_dataclass(cls: Any) -> type:
    """Return a dataclass with the same fields."""
    import dataclasses
    import inspect

    if made := cls.__dict__.get("_dataclass"):
        return cast("type", made)
    annotations: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        annotations |= inspect.get_annotations(base)
    fields = [
        (name, annotations[name], _as_dataclass_field(declared))
        for name, declared in cls.__fields__.items()
    ]
    cls._dataclass = dataclasses.make_dataclass(
        cls.__name__, fields, frozen=True, kw_only=not cls.__positional__
    )
    return cast("type", cls._dataclass)


def _as_dataclass_field(declared: Field) -> Any:
    import dataclasses

    options: dict[str, Any] = {"compare": declared.compare, "repr": declared.repr}
    if declared.default_factory is not None:
        options["default_factory"] = declared.default_factory
    elif declared.default is not _MISSING:
        options["default"] = declared.default
    return dataclasses.field(metadata=declared.metadata, **options)
