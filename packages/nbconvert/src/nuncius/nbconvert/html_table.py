"""Read the tables in a fragment of HTML, so that formats without HTML can show them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser

__all__ = ["Table", "read_tables"]

_SILENT = frozenset({"style", "script", "title"})

_ATTRIBUTES = r"(?:\s(?>(?:[^<>\"']|\"[^\"<>]*\"|'[^'<>]*')*))?>"
_CELL = rf"<(t[dh]){_ATTRIBUTES}([^<]*+)</t[dh]>\s*+"
#: Rows of cells that hold text and nothing else, as programs write them: most of most tables.
_ROWS = re.compile(rf"(?>(?:<tr{_ATTRIBUTES}\s*+(?>(?:{_CELL})+)</tr>\s*+)+)")
_CELLS = re.compile(_CELL)


@dataclass(slots=True)
class Table:
    """A table: rows of texts, all of the same length.

    Attributes:
        rows: The cells; one that reaches over several columns is in the first.
        head: How many of the first rows are headings.
        caption: What stands above or below.
    """

    rows: list[list[str]] = field(default_factory=list)
    head: int = 0
    caption: str = ""

    @property
    def numeric(self) -> list[bool]:
        """For each column, whether it holds numbers."""
        body = self.rows[self.head :]
        return [all(_is_number(row[i]) for row in body) and bool(body) for i in range(self.width)]

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.rows[0]) if self.rows else 0


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return _is_written_number(text)
    return True


def _is_written_number(text: str) -> bool:
    """Tell whether a text is a number as people write it, or stands for one that is missing."""
    text = text.strip().rstrip("%").replace(",", "").replace("\u2212", "-")
    if text.lower() in ("", "nan", "inf", "-inf", "<na>", "none", "..."):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_tables(html: str) -> tuple[list[Table], str]:
    """Return the tables, and the text that stands outside of them."""
    reader = _Reader()
    # What browsers read as a comment, html.parser may refuse.
    html = html.replace("<![", "<!--[")
    done = 0
    for match in _ROWS.finditer(html):
        reader.feed(html[done : match.start()])
        reader.feed_rows(match.group())
        done = match.end()
    reader.feed(html[done:])
    reader.close()
    tables = [_squared(table) for table in reader.tables if table.rows]
    return tables, " ".join("".join(reader.outside).split())


def _squared(table: Table) -> Table:
    width = max(len(row) for row in table.rows)
    rows = [row + [""] * (width - len(row)) for row in table.rows]
    return Table(rows, table.head, table.caption)


class _Reader(HTMLParser):
    """Gathers rows; a table within a table is read as part of its cell's text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[Table] = []
        self.outside: list[str] = []
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._span = 1
        self._in_head = self._all_headings = False
        self._silent = self._depth = 0
        self._caption = False

    def feed_rows(self, html: str) -> None:
        """Read what `_ROWS` has found: without looking at each tag, where that makes no difference."""
        busy = self.rawdata or self.cdata_elem or self._silent or self._caption or self._cell is not None  # fmt: skip
        if busy or self._depth != 1 or "span" in html.lower():
            self.feed(html)
            return
        self._end_row()
        for row in html.split("</tr>")[:-1]:
            cells = _CELLS.findall(row)
            self._all_headings = all(tag == "th" for tag, _ in cells)
            self._row = [" ".join((unescape(text) if "&" in text else text).split()) for _, text in cells]  # fmt: skip
            self._end_row()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append(Table())
        elif self._depth == 1:
            self._inside(tag, dict(attrs))
        elif tag in ("br", "p", "div", "li"):
            self.outside.append(" ")

    def _inside(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag == "thead":
            self._in_head = True
        elif tag == "caption":
            self._caption = True
        elif tag == "tr":
            self._end_row()
            self._row, self._all_headings = [], True
        elif tag in ("td", "th"):
            self._end_cell()
            if self._row is None:
                self._row, self._all_headings = [], True
            self._cell = []
            self._all_headings &= tag == "th"
            span = attributes.get("colspan") or "1"
            self._span = min(int(span), 100) if span.isdigit() else 1
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "table" and self._depth:
            if self._depth == 1:
                self._end_row()
            self._depth -= 1
        elif self._depth == 1:
            if tag in ("td", "th"):
                self._end_cell()
            elif tag == "tr":
                self._end_row()
            elif tag == "thead":
                self._end_row()
                self._in_head = False
            elif tag == "caption":
                self._caption = False

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._cell is not None:
            self._cell.append(data)
        elif self._caption:
            self.tables[-1].caption += data.strip()
        elif not self._depth:
            self.outside.append(data)

    def _end_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            self._row.append(" ".join("".join(self._cell).split()))
            self._row += [""] * (self._span - 1)
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row:
            table = self.tables[-1]
            if (self._in_head or self._all_headings) and table.head == len(table.rows):
                table.head += 1
            table.rows.append(self._row)
        self._row = None
