"""Say in a line what a value is, without its own ``__repr__``: that is a person's code, which may take long, ask a database, or disturb the cell that runs."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import pathlib
import re
import types
import uuid
from collections import deque
from itertools import islice
from typing import Any, Final

from nuncius.kernel.saferepr import safe_repr
from nuncius.kernel.static import class_attribute, instance_dict, is_a, module_of
from nuncius.kernel.variables.columns import items_of, table_of
from nuncius.kernel.variables.objects import held_by
from nuncius.kernel.variables.tables import array_of, facts_of, is_frame, is_index, is_series

__all__ = ["PLAIN", "short_text", "type_name"]

#: Characters.
_LIMIT = 200

#: So many items of an array, or of a container that is of no exact type of the language.
_MOST = 20

#: So many attributes of an object.
_FEW = 6

#: Types of the standard library whose texts are made of themselves only.
PLAIN: Final = frozenset(
    [
        float,
        complex,
        bool,
        type(None),
        range,
        type(...),
        type(NotImplemented),
        datetime.datetime,
        datetime.date,
        datetime.time,
        datetime.timedelta,
        datetime.timezone,
        decimal.Decimal,
        fractions.Fraction,
        pathlib.PosixPath,
        pathlib.WindowsPath,
        pathlib.PurePosixPath,
        pathlib.PureWindowsPath,
        uuid.UUID,
        re.Pattern,
    ]
)

#: Values of pandas that are no tables.
_MOMENTS: Final = frozenset(["Timestamp", "Timedelta", "Period", "Interval", "NaTType", "NAType"])

_CONTAINERS = (dict, list, tuple, set, frozenset, deque)
_SCALARS = (str, int, float, complex, bytes)

_get_name = type.__dict__["__name__"].__get__


def short_text(value: Any, limit: int = _LIMIT) -> str:
    """Return what ``value`` is, in about ``limit`` characters.

    Containers of the language look as they are written. Other objects look like a call with what they hold: ``Point(x=1, y=2)``.
    """
    return safe_repr(value, limit, _foreign)


def type_name(value: Any) -> str:
    """Return the name of the type of ``value``."""
    name: str = _get_name(type(value))
    return name


def _foreign(value: Any) -> str:
    """Return the text of what is no container, text or number of the language itself."""
    kind = type(value)
    if kind in PLAIN:
        return repr(value)
    if kind in (bytes, bytearray):
        return repr(value[:_LIMIT]) + ("..." if len(value) > _LIMIT else "")
    if is_a(value, type):
        return f"<class {_class_name(value)}>"
    if is_a(value, types.ModuleType):
        return f"<module {instance_dict(value).get('__name__', '')}>"
    if is_a(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return _function(value)
    if module_of(kind).partition(".")[0] == "pandas" and type_name(value) in _MOMENTS:
        return repr(value)
    if module_of(kind) == "numpy" and class_attribute(kind, "ndim") is not None:
        return _of_numpy(value)
    return _table(value) or _derived(value) or _object(value)


def _class_name(kind: type) -> str:
    module = module_of(kind)
    name = str(_get_name(kind))
    return name if module in ("builtins", "__main__", "") else f"{module}.{name}"


def _function(value: Any) -> str:
    if is_a(value, types.MethodType):
        return f"<method {_function(value.__func__)[1:-1].removeprefix('function ')}>"
    return f"<function {value.__qualname__}>" if is_a(value.__qualname__, str) else "<function>"


def _of_numpy(value: Any) -> str:
    """Return the text of an array, of a number or of a type of numpy."""
    if array_of(value) is not None:
        return _array(value)
    item = value.item()
    return repr(value) if type(item) is type(value) else safe_repr(item, 60, _foreign)


def _array(value: Any) -> str:
    array = array_of(value)
    facts = facts_of(value)
    name = type_name(value).removeprefix("nd")
    if array.dtype.hasobject or not array.ndim:
        inner = (
            f"shape={tuple(array.shape)}" if array.ndim else safe_repr(array.tolist(), 60, _foreign)
        )
        return f"{name}({inner}, dtype={facts.get('dtype')})"
    side = _MOST if array.ndim == 1 else 4
    corner = tuple(slice(0, side) for _ in array.shape)
    text = safe_repr(array[corner].tolist(), 120, _foreign)
    whole = all(size <= side for size in array.shape)
    return f"{name}({text if whole else text[:-1] + ', ...]'}, dtype={facts.get('dtype')})"


def _table(value: Any) -> str:
    if array_of(value) is not None:
        return _array(value)
    if is_frame(value):
        rows, columns = value.shape
        names = [
            str(name) if type(name) is str else short_text(name, 40)
            for name in value.columns[:_MOST].tolist()
        ]
        more = ", ..." if columns > _MOST else ""
        return f"{type_name(value)}({rows} rows: {', '.join(names)}{more})"
    if is_series(value) or is_index(value):
        some = value.iloc[:_MOST].tolist() if is_series(value) else value[:_MOST].tolist()
        text = safe_repr(some, 120, _foreign)
        more = text[:-1] + ", ...]" if len(value) > _MOST else text
        return f"{type_name(value)}({more}, dtype={facts_of(value).get('dtype')})"
    return _columnar(value)


def _columnar(value: Any) -> str:
    """Return the text of a table, or of a column, of one of the other libraries; empty if it is none."""
    if (table := table_of(value)) is not None:
        names = [str(name)[:40] for name in table.names[:_MOST]]
        more = ", ..." if len(table.names) > _MOST else ""
        return f"{type_name(value)}({table.size}: {', '.join(names)}{more})"
    if (items := items_of(value)) is not None:
        text = safe_repr(list(items.take(0, min(_MOST, items.count))), 120, _foreign)
        more = text[:-1] + ", ...]" if items.count > _MOST else text
        return f"{type_name(value)}({more}, dtype={facts_of(value).get('dtype')})"
    return ""


def _derived(value: Any) -> str:
    """Return the text of what is derived from a type of the language; empty if it is not."""
    name = type_name(value)
    if is_a(value, enum.Enum):
        held = instance_dict(value)
        return f"<{name}.{held.get('_name_')}: {safe_repr(held.get('_value_'), 60, _foreign)}>"
    if is_a(value, BaseException):
        arguments = BaseException.__dict__["args"].__get__(value)
        return f"{name}({safe_repr(arguments, 100, _foreign)[1:-1].rstrip(',')})"
    if is_a(value, _CONTAINERS):
        return f"{name}({_items(value)})"
    scalar: Any = next((kind for kind in _SCALARS if is_a(value, kind)), None)
    return "" if scalar is None else f"{name}({scalar.__repr__(value)[:_LIMIT]})"


def _items(value: Any) -> str:
    """Return the text of the first items, of whichever type of the language it derives from."""
    some, size = _first(value)
    fields = class_attribute(type(value), "_fields")
    if type(fields) is tuple and len(fields) == size:
        return _pairs(zip(fields, some, strict=False), size)
    text = safe_repr(some, 120, _foreign)
    return text if size <= _MOST else f"{text[:-1]}, ...{text[-1]}"


def _first(value: Any) -> tuple[Any, int]:
    # by the methods of the language's own types: those of the value are a person's
    if is_a(value, dict):
        return dict(islice(dict.items(value), _MOST)), dict.__len__(value)
    if is_a(value, list):
        return list.__getitem__(value, slice(_MOST)), list.__len__(value)
    if is_a(value, tuple):
        return tuple.__getitem__(value, slice(_MOST)), tuple.__len__(value)
    base: Any = next(kind for kind in (set, frozenset, deque) if is_a(value, kind))
    return list(islice(base.__iter__(value), _MOST)), base.__len__(value)


def _object(value: Any) -> str:
    """Return an object with what it holds."""
    some = list(islice(held_by(value), _FEW + 1))
    name = type_name(value)
    return f"{name}({_pairs(some[:_FEW], len(some))})" if some else f"<{name} object>"


def _pairs(pairs: Any, size: int) -> str:
    # what they hold themselves is not looked into: a graph of objects has no end
    text = ", ".join(
        f"{name}={safe_repr(item, 40, _name_only)}" for name, item in islice(pairs, _FEW)
    )
    return text + (", ..." if size > _FEW else "")


def _name_only(value: Any) -> str:
    if type(value) in PLAIN:
        return repr(value)
    if is_a(value, (type, types.ModuleType, types.FunctionType, enum.Enum)):
        return _foreign(value)
    return f"<{type_name(value)}>"
