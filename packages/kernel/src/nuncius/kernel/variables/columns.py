"""Read the tables and columns of polars and pyarrow, and the arrays of xarray, without computing anything: how much is in them, and a few items.

A library is never imported: who has no module of that name has no value of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nuncius.kernel.guarded import is_data_library
from nuncius.kernel.static import is_a, module_of
from nuncius.kernel.variables.tables import array_of

__all__ = ["Items", "Table", "items_of", "table_of"]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns that have names.

    Attributes:
        size: What is said of how large it is.
        names: Of the columns.
        column: Returns the column at a position.
        index: Returns the Python that follows the table's name to give the column at a position.
    """

    size: str
    names: Sequence[str]
    column: Callable[[int], Any]
    index: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Items:
    """Items that are known by their positions.

    Attributes:
        count: How many there are.
        take: Returns those from one position to another.
        before: Python between the value's name and the position.
        after: Python that follows the position.
    """

    count: int
    take: Callable[[int, int], Sequence[Any]]
    before: str = "["
    after: str = "]"


def table_of(value: Any) -> Table | None:
    """Return ``value`` as a table; None if it is none of these libraries."""
    make = _of_library(value, _TABLES)
    return None if make is None else make(value)


def items_of(value: Any) -> Items | None:
    """Return ``value`` as a row of items; None if it is none of these libraries, or they are not at hand."""
    make = _of_library(value, _ITEMS)
    return None if make is None else make(value)


def _of_library(value: Any, known: Mapping[str, Callable[[Any], Any]]) -> Any:
    # subclasses of data libraries only: a person's own may redefine anything
    library = module_of(type(value)).partition(".")[0]
    if library not in _LIBRARIES or not is_data_library(type(value)):
        return None
    for path, make in known.items():
        root, _, name = path.rpartition(".")
        kind = getattr(sys.modules.get(root), name, None)
        if kind is not None and is_a(value, kind):
            return make
    return None


def _by_name(names: Sequence[str]) -> Callable[[int], str]:
    def index(number: int) -> str:
        name = names[number]
        return f"[{name!r}]" if names.count(name) == 1 else f".column({number})"

    return index


def _polars_frame(value: Any) -> Table:
    names = value.columns
    return Table(f"{value.height} rows", names, value.to_series, _by_name(names))


def _polars_series(value: Any) -> Items:
    return Items(
        value.len(), lambda start, stop: value.slice(start, max(0, stop - start)).to_list()
    )


def _arrow_table(value: Any) -> Table:
    names = value.schema.names
    return Table(f"{value.num_rows} rows", names, value.column, _by_name(names))


def _arrow_array(value: Any) -> Items | None:
    if not is_data_library(type(value.type)):
        return None  # a person's own type makes its items by itself
    return Items(
        len(value),
        lambda start, stop: value.slice(start, max(0, stop - start)).to_pylist(),
        after="].as_py()",
    )


def _xarray_set(value: Any) -> Table:
    variables = value._variables  # noqa: SLF001 - the public ones make new objects
    names = [name for name in variables if type(name) is str]
    size = ", ".join(f"{name}: {count}" for name, count in value._dims.items())  # noqa: SLF001
    return Table(
        size, names, lambda number: variables[names[number]], lambda number: f"[{names[number]!r}]"
    )


def _xarray_array(value: Any) -> Items | None:
    variable = getattr(value, "_variable", value)
    array = array_of(variable._data)  # noqa: SLF001 - the public one reads a file, or computes
    if array is None or not array.ndim:
        return None
    return Items(
        array.shape[0],
        lambda start, stop: [array[number] for number in range(start, stop)],
        before=".values[",
    )


_LIBRARIES: Final = frozenset(["polars", "pyarrow", "xarray"])

_TABLES: Final[Mapping[str, Callable[[Any], Table]]] = {
    "polars.DataFrame": _polars_frame,
    "pyarrow.Table": _arrow_table,
    "pyarrow.RecordBatch": _arrow_table,
    "xarray.Dataset": _xarray_set,
}

_ITEMS: Final[Mapping[str, Callable[[Any], Items | None]]] = {
    "polars.Series": _polars_series,
    "pyarrow.Array": _arrow_array,
    "pyarrow.ChunkedArray": _arrow_array,
    "xarray.DataArray": _xarray_array,
    "xarray.Variable": _xarray_array,
}
