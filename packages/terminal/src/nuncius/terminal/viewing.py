"""Move over a table that is larger than the screen: the state of the viewer, and what it shows.

Pure: keys come in, lines go out. Parts of the table are fetched when they come into sight.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nuncius.terminal.formats.html import find_table
from nuncius.terminal.formats.tables import Table, lay_out
from nuncius.terminal.formats.widths import cut, padded

__all__ = ["Chunk", "NotATable", "TableView", "expression", "read_chunk"]

#: Rows and columns that are fetched at once.
ROWS, COLUMNS = 200, 40

#: Runs in the kernel, in Python: returns a part of anything that has rows, as JSON.
_SOURCE = """
class Raw(str):
    def __repr__(self):
        return str(self)
def part(v, top, bottom, left, right):
    import json
    if hasattr(v, "to_frame") and not hasattr(v, "iterrows"):
        v = v.to_frame()
    if hasattr(v, "iloc") and hasattr(v, "to_html"):
        shape, cut = v.shape, v.iloc[top:bottom, left:right]
        html = cut.to_html(max_rows=None, max_cols=None, notebook=False, show_dimensions=False)
        return Raw(json.dumps({"shape": shape, "html": html}))
    if hasattr(v, "to_pydict") and hasattr(v, "slice"):
        shape, names = (v.num_rows, v.num_columns), list(v.column_names)[left:right]
        columns = [v.column(n).slice(top, bottom - top).to_pylist() for n in names]
    elif hasattr(v, "get_columns") and hasattr(v, "height"):
        shape, names = (v.height, v.width), list(v.columns)[left:right]
        columns = [v[n][top:bottom].to_list() for n in names]
    else:
        names = []
        if hasattr(v, "ndim") and hasattr(v, "tolist"):
            if v.ndim not in (1, 2):
                raise TypeError("an array of %d dimensions" % v.ndim)
            whole, wide = v if v.ndim == 2 else v[:, None], None
            shape = tuple(whole.shape)
            names, rows = list(range(shape[1]))[left:right], whole[top:bottom, left:right].tolist()
        elif isinstance(v, dict):
            shape, names = (len(v), 2), ["key", "value"][left:right]
            rows = [list(pair)[left:right] for pair in list(v.items())[top:bottom]]
        elif isinstance(v, (list, tuple)):
            shown = v[top:bottom]
            if shown and all(isinstance(row, dict) for row in shown):
                every = list(dict.fromkeys(k for row in v[:1000] for k in row))
                shape, names = (len(v), len(every)), every[left:right]
                rows = [[row.get(n, "") for n in names] for row in shown]
            elif shown and all(isinstance(row, (list, tuple)) for row in shown):
                wide = max((len(row) for row in v[:1000]), default=0)
                shape, names = (len(v), wide), list(range(wide))[left:right]
                rows = [list(row[left:right]) for row in shown]
            else:
                shape, names, rows = (len(v), 1), ["value"], [[row] for row in shown]
        else:
            raise TypeError("a %s" % type(v).__name__)
        columns = None
    if columns is not None:
        rows = [list(row) for row in zip(*columns)]
    texts = [[str(top + at)] + [str(cell)[:500] for cell in row] for at, row in enumerate(rows)]
    return Raw(json.dumps({"shape": shape, "header": [""] + [str(n) for n in names], "rows": texts}))
"""


class NotATable(Exception):
    """What is to be viewed has no rows."""


def expression(value: str, top: int, left: int) -> str:
    """Return the Python expression for a part of a table.

    Args:
        value: The expression for the table.
        top: Its first row.
        left: Its first column.
    """
    place = f"{top}, {top + ROWS}, {left}, {left + COLUMNS}"
    return f"(lambda n, v: (exec({_SOURCE!r}, n), n['part'](v, {place}))[1])({{}}, ({value}))"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a table.

    Attributes:
        table: Its text.
        shape: Rows and columns of the whole.
        top: The first row that is in it.
        left: The first column that is in it.
    """

    table: Table
    shape: tuple[int, int]
    top: int = 0
    left: int = 0


def read_chunk(result: Mapping[str, Any], top: int, left: int) -> Chunk:
    """Return what the kernel answered to an `expression`.

    Raises:
        NotATable: It has no rows, or could not be evaluated.
    """
    if result.get("status") != "ok":
        raise NotATable(f"{result.get('ename', 'Error')}: {result.get('evalue', '')}")
    try:
        content = json.loads(result["data"]["text/plain"])
        shape = (int(content["shape"][0]), int(content["shape"][1]))
        if "html" in content:
            table = find_table(content["html"])
        else:
            rows = tuple(map(tuple, content["rows"]))
            table = Table((tuple(content["header"]),), rows, index=1)
    except (KeyError, TypeError, ValueError, IndexError):
        table = None
    if table is None:
        raise NotATable("the kernel did not answer with a table")
    return Chunk(table, shape, top, left)


@dataclass(frozen=True, slots=True)
class TableView:
    """Where a person looks in a table.

    Attributes:
        fetch: Returns the part that begins at a row and a column.
        chunk: The part that is here.
        top: The first row that is shown.
        left: The first column that is shown.
    """

    fetch: Callable[[int, int], Chunk]
    chunk: Chunk
    top: int = 0
    left: int = 0

    def pressed(self, key: str, lines: int) -> TableView:
        """Return the view after a key.

        Args:
            key: ``up``, ``down``, ``left``, ``right``, ``pageup``, ``pagedown``, ``home``, ``end``, or a letter as `less` has them.
            lines: Of the screen.
        """
        rows, columns = self.chunk.shape
        page = max(1, self._room(lines))
        top, left = self.top, self.left
        match key:
            case "up" | "k":
                top -= 1
            case "down" | "j" | "enter":
                top += 1
            case "pageup" | "b":
                top -= page
            case "pagedown" | "space":
                top += page
            case "home" | "g":
                top = 0
            case "end" | "G":
                top = rows
            case "left" | "h":
                left -= 1
            case "right" | "l":
                left += 1
            case "0":
                left = 0
            case "$":
                left = columns
        top = max(0, min(top, rows - page))
        left = max(0, min(left, columns - 1))
        return _with_data(replace(self, top=top, left=left), page)

    def lines(self, columns: int, lines: int) -> list[str]:
        """Return what is on the screen, line by line."""
        table, first = self.chunk.table, self.top - self.chunk.top
        skipped = table.index + self.left - self.chunk.left
        shown = replace(
            table,
            header=tuple(_without(row, table.index, skipped) for row in table.header),
            rows=tuple(
                _without(row, table.index, skipped)
                for row in table.rows[first : first + self._room(lines)]
            ),
            note="",
        )
        body = lay_out(_narrowed(shown, columns), columns).split("\n")
        rows, count = self.chunk.shape
        last = min(rows, self.top + self._room(lines))
        where = f" rows {min(self.top + 1, rows):,}-{last:,} of {rows:,}, from column {self.left + 1:,} of {count:,}   arrows move, q leaves"
        filled = body[: lines - 1] + [""] * (lines - 1 - len(body))
        return [*filled, f"\x1b[7m{padded(cut(where, columns), columns)}\x1b[27m"]

    def _room(self, lines: int) -> int:
        """Return how many rows have room between the names of columns and the last line."""
        return max(1, lines - 2 - len(self.chunk.table.header))


def _with_data(view: TableView, page: int) -> TableView:
    """Fetch the part that has come into sight."""
    here = view.chunk
    rows_here = here.top <= view.top and view.top + page <= here.top + ROWS
    columns_here = here.left <= view.left and view.left + COLUMNS // 2 <= here.left + COLUMNS
    columns_here |= view.left >= here.left and here.left + COLUMNS >= here.shape[1]
    if rows_here and columns_here:
        return view
    top = here.top if rows_here else max(0, view.top - ROWS // 4)
    left = here.left if columns_here else max(0, view.left - COLUMNS // 4)
    return replace(view, chunk=view.fetch(top, left))


def _without(row: tuple[str, ...], index: int, skipped: int) -> tuple[str, ...]:
    return (*row[:index], *row[skipped:])


def _narrowed(table: Table, columns: int) -> Table:
    """Leave out columns at the right that have no room: a person moves there."""
    most = max(table.index + 1, table.index + columns // 3)
    while most > table.index + 1:
        cutoff = Table(
            tuple(row[:most] for row in table.header),
            tuple(row[:most] for row in table.rows),
            table.index,
        )
        if "\u2026  " not in lay_out(cutoff, columns).split("\n")[0]:
            return cutoff
        most -= 1
    return Table(
        tuple(row[:most] for row in table.header),
        tuple(row[:most] for row in table.rows),
        table.index,
    )
