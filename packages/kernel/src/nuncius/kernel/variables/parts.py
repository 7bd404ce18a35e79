"""Find what is in a value: items of containers, rows and columns of tables, attributes of objects; some of them at a time."""

from __future__ import annotations

import enum
import types
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import Any, Final

from nuncius.kernel.static import class_attribute, is_a
from nuncius.kernel.variables.columns import items_of, table_of
from nuncius.kernel.variables.objects import held_by
from nuncius.kernel.variables.tables import array_of, is_frame, is_index, is_series
from nuncius.kernel.variables.texts import PLAIN, short_text

__all__ = ["PAGED_TYPES", "Part", "Parts", "parts_of"]

#: What the types are called whose parts are items, so many that people want pages of them.
PAGED_TYPES: Final = frozenset(
    [
        "list",
        "tuple",
        "dict",
        "set",
        "frozenset",
        "deque",
        "range",
        "defaultdict",
        "OrderedDict",
        "Counter",
        "ndarray",
        "DataFrame",
        "Series",
        "Index",
        "RangeIndex",
        "MultiIndex",
        "DatetimeIndex",
        "Table",
        "RecordBatch",
        "ChunkedArray",
        "Int64Array",
        "DoubleArray",
        "StringArray",
        "DataArray",
        "Dataset",
    ]
)

_LEAVES: Final = (
    str,
    bytes,
    bytearray,
    int,
    float,
    complex,
    type(None),
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    enum.Enum,
)

#: Longer keys are not shown whole.
_KEY = 100


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is in a value.

    Attributes:
        name: What it is called there: an index, a key, an attribute.
        value: It.
        expression: Python that gives it; empty where there is none.
    """

    name: str
    value: Any
    expression: str


@dataclass(frozen=True, slots=True)
class Parts:
    """What is in a value.

    Attributes:
        count: How many parts there are.
        take: Returns those from one position to another.
        are_items: They are items of a container, rather than attributes.
    """

    count: int
    take: Callable[[int, int], list[Part]]
    are_items: bool = True


_NONE: Final = Parts(0, lambda start, stop: [], are_items=False)


def parts_of(value: Any, expression: str = "") -> Parts:
    """Return what is in ``value``.

    Args:
        value: Anything.
        expression: Python that gives it; empty if there is none.
    """
    if is_a(value, _LEAVES) or (type(value) in PLAIN and type(value) is not range):
        return _NONE
    for kind, make in _CONTAINERS.items():
        if is_a(value, kind):
            return make(value, expression)
    for is_one, make in _TABLES:
        if is_one(value):
            return make(value, expression)
    return _attributes(value, expression)


def _at(expression: str, index: object) -> str:
    return f"{expression}[{index}]" if expression else ""


def _numbered(
    count: int, take: Callable[[int, int], Iterable[Any]], expression: str, index: str = ""
) -> Parts:
    """Return parts that are known by their positions."""
    base = f"{expression}{index}" if expression else ""
    return Parts(
        count,
        lambda start, stop: [
            Part(str(number), item, _at(base, number))
            for number, item in enumerate(take(start, stop), start)
        ],
    )


def _list(value: list[Any], expression: str) -> Parts:
    return _numbered(
        list.__len__(value),
        lambda start, stop: list.__getitem__(value, slice(start, stop)),
        expression,
    )


def _tuple(value: tuple[Any, ...], expression: str) -> Parts:
    fields = class_attribute(type(value), "_fields")

    def take(start: int, stop: int) -> Sequence[Any]:
        return tuple.__getitem__(value, slice(start, stop))

    count = tuple.__len__(value)
    if type(fields) is not tuple or len(fields) != count:
        return _numbered(count, take, expression)

    def named(start: int, stop: int) -> list[Part]:
        return [
            Part(str(name), item, f"{expression}.{name}" if expression else "")
            for name, item in zip(fields[start:stop], take(start, stop), strict=False)
        ]

    return Parts(count, named)


def _dict(value: dict[Any, Any], expression: str) -> Parts:
    def take(start: int, stop: int) -> list[Part]:
        # in one step of the interpreter: the program may run meanwhile, and change it
        found = list(islice(dict.items(value), start, stop))
        return [
            Part(short_text(key, _KEY), item, _at(expression, written) if written else "")
            for key, item in found
            for written in [_written(key)]
        ]

    return Parts(dict.__len__(value), take)


def _written(key: Any) -> str:
    """Return Python that gives a key; empty where there is none, or much of it."""
    kind = type(key)
    if kind in (str, bytes) and len(key) <= _KEY:
        return repr(key)
    if kind is int and abs(key) < 1 << 64:
        return repr(key)
    is_known = key is None or kind is bool or (kind is float and isfinite(key))
    return repr(key) if is_known else ""


def _unordered(kind: Any) -> Callable[[Any, str], Parts]:
    def parts(value: Any, expression: str) -> Parts:
        return _numbered(
            kind.__len__(value),
            lambda start, stop: list(islice(kind.__iter__(value), start, stop)),
            "",
        )

    return parts


def _deque(value: deque[Any], expression: str) -> Parts:
    return _numbered(
        deque.__len__(value),
        lambda start, stop: list(islice(deque.__iter__(value), start, stop)),
        expression,
    )


def _range(value: range, expression: str) -> Parts:
    return _numbered(len(value), lambda start, stop: value[start:stop], expression)


_CONTAINERS: Final[Mapping[Any, Callable[[Any, str], Parts]]] = {
    list: _list,
    tuple: _tuple,
    dict: _dict,
    set: _unordered(set),
    frozenset: _unordered(frozenset),
    deque: _deque,
    range: _range,
}


def _array(value: Any, expression: str) -> Parts:
    array = array_of(value)
    if not array.ndim:
        return _NONE
    return _numbered(
        array.shape[0],
        lambda start, stop: [array[number] for number in range(start, stop)],
        expression,
    )


def _frame(value: Any, expression: str) -> Parts:
    columns = value.columns

    def take(start: int, stop: int) -> list[Part]:
        parts = []
        for number, key in enumerate(columns[start:stop].tolist(), start):
            known = type(key) in (str, int) and _written(key) and columns.is_unique
            index = f"[{key!r}]" if known else f".iloc[:, {number}]"
            expressed = f"{expression}{index}" if expression else ""
            parts.append(Part(_label(key), value.iloc[:, number], expressed))
        return parts

    return Parts(len(columns), take)


def _series(value: Any, expression: str) -> Parts:
    def take(start: int, stop: int) -> list[Part]:
        some = value.iloc[start:stop]
        base = f"{expression}.iloc" if expression else ""
        pairs = zip(some.index.tolist(), some.tolist(), strict=True)
        return [
            Part(_label(key), item, _at(base, number))
            for number, (key, item) in enumerate(pairs, start)
        ]

    return Parts(len(value), take)


def _index(value: Any, expression: str) -> Parts:
    return _numbered(len(value), lambda start, stop: value[start:stop].tolist(), expression)


def _columns(value: Any, expression: str) -> Parts:
    table = table_of(value)
    assert table is not None

    def take(start: int, stop: int) -> list[Part]:
        return [
            Part(
                table.names[number][:_KEY],
                table.column(number),
                f"{expression}{table.index(number)}" if expression else "",
            )
            for number in range(start, min(stop, len(table.names)))
        ]

    return Parts(len(table.names), take)


def _items(value: Any, expression: str) -> Parts:
    items = items_of(value)
    assert items is not None

    def take(start: int, stop: int) -> list[Part]:
        base, end = f"{expression}{items.before}", items.after
        return [
            Part(str(number), item, f"{base}{number}{end}" if expression else "")
            for number, item in enumerate(items.take(start, min(stop, items.count)), start)
        ]

    return Parts(items.count, take)


def _label(key: Any) -> str:
    return key[:_KEY] if type(key) is str else short_text(key, _KEY)


_TABLES: Final[Sequence[tuple[Callable[[Any], bool], Callable[[Any, str], Parts]]]] = (
    (lambda value: array_of(value) is not None, _array),
    (is_frame, _frame),
    (is_series, _series),
    (is_index, _index),
    (lambda value: table_of(value) is not None, _columns),
    (lambda value: items_of(value) is not None, _items),
)


def _attributes(value: Any, expression: str) -> Parts:
    found = [
        Part(name, item, f"{expression}.{name}" if expression else "")
        for name, item in held_by(value)
    ]
    if not found:
        return _NONE
    return Parts(len(found), lambda start, stop: found[start:stop], are_items=False)
