"""HTML as text: for results that bring nothing better, and for the tables of data frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from nuncius.terminal.formats.blocks import Block, link, show_blocks, styled
from nuncius.terminal.formats.tables import Table

__all__ = ["find_table", "parse_html", "show_html"]

_STYLES = {
    "b": "bold",
    "strong": "bold",
    "dt": "bold",
    "i": "italic",
    "em": "italic",
    "cite": "italic",
    "var": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strike",
    "del": "strike",
    "code": "code",
    "kbd": "code",
    "samp": "code",
    "tt": "code",
}

#: Begin a block of their own.
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "nav",
        "aside",
        "figure",
        "figcaption",
        "details",
        "summary",
        "form",
        "fieldset",
        "dl",
        "dt",
        "dd",
        "address",
        "center",
    ]
)

_HEADINGS = {f"h{level}": level for level in range(1, 7)}

#: What is in them is not for people.
_SILENT = frozenset(
    ["script", "style", "head", "title", "template", "noscript", "svg", "math", "button"]
)

#: Rows and columns of a cell at most, whatever it says.
_MOST_SPANNED = 1000


def show_html(text: str, columns: int) -> str:
    """Return HTML as lines that fit into so many columns."""
    return show_blocks(parse_html(text), columns)


def find_table(text: str) -> Table | None:
    """Return the table of a data frame; None if the text holds none, or several."""
    if "<table" not in text:
        return None
    blocks = parse_html(text)
    tables = [block.table for block in blocks if block.table is not None]
    if len(tables) != 1:
        return None
    notes = [block.text for block in blocks if block.kind == "text"]
    return replace(tables[0], note=" ".join([tables[0].note, *notes]).strip())


def parse_html(text: str) -> list[Block]:
    """Return what HTML says, as blocks."""
    parser = _Parser()
    parser.feed(text)
    parser.close()
    parser.end_block()
    return parser.blocks


@dataclass(slots=True)
class _Grid:
    """A table as it grows."""

    header: list[list[str]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    #: Of the rows that have any data: how many names stand at their left.
    names: list[int] = field(default_factory=list)
    row: list[str] | None = None
    in_head: bool = False
    row_has_data: bool = False
    row_names: int = 0
    cell: tuple[int, int] = (1, 1)
    cell_is_name: bool = False
    #: Cells that reach down: column -> (rows left, text).
    below: dict[int, tuple[int, str]] = field(default_factory=dict)


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._text: list[str] = []
        self._silent = 0
        self._pre = 0
        self._heading = 0
        self._quote = 0
        self._language = ""
        self._first: str | None = None
        self._tight = False
        #: Lists that are open: the next number, or None for bullets.
        self._lists: list[int | None] = []
        self._links: list[tuple[str, int]] = []
        self._open_styles: list[tuple[str, int]] = []
        self._grids: list[_Grid] = []
        self._outside: list[list[str]] = []

    # -- what the parser tells

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table":
            self.end_block()
            self._grids.append(_Grid())
        elif self._grids and tag in ("thead", "tbody", "tfoot", "tr", "td", "th"):
            self._start_of_table(tag, values)
        elif tag == "br":
            self._text.append("\n")
        elif tag == "img":
            self._text.append(f"[{values.get('alt') or 'image'}]")
        elif tag == "input" and values.get("type") == "checkbox":
            self._text.append("\u2612 " if "checked" in values else "\u2610 ")
        elif tag == "a":
            self._links.append((values.get("href", ""), len(self._text)))
        elif tag in _STYLES:
            self._open_styles.append((tag, len(self._text)))
        else:
            self._start_block(tag, values)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a":
            if self._links:
                address, start = self._links.pop()
                self._enclose(start, lambda text: link(text, address))
        elif self._grids and tag in ("table", "tr", "td", "th"):
            self._end_of_table(tag)
        elif tag in _STYLES:
            while self._open_styles:
                name, start = self._open_styles.pop()
                style = _STYLES[name]
                self._enclose(start, lambda text, style=style: styled(text, style))
                if name == tag:
                    break
        else:
            self._end_tag_of_block(tag)

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self._text.append(data if self._pre else re.sub(r"\s+", " ", data))

    # -- text

    def _enclose(self, start: int, change: object) -> None:
        text = "".join(self._text[start:])
        del self._text[start:]
        blank = text[: len(text) - len(text.lstrip())]
        assert callable(change)
        if text.strip():
            self._text.append(blank + str(change(text.strip())) + text[len(text.rstrip()) :])
        else:
            self._text.append(text)

    def _taken(self) -> str:
        text = "".join(self._text)
        self._text.clear()
        self._links.clear()
        self._open_styles.clear()
        if self._pre:
            return text.strip("\n")
        return re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", text)).strip()

    # -- blocks

    def end_block(self) -> None:
        """Make a block of the text so far."""
        if self._grids:
            return
        text = self._taken()
        if not text:
            return
        bar = "\u2502 " * self._quote
        indent = bar + "  " * len(self._lists)
        first = indent if self._first is None else bar + self._first
        tight = self._tight
        self._first, self._tight = None, False
        if self._pre:
            self.blocks.append(Block("code", text, rest=indent, language=self._language))
        elif self._heading:
            self.blocks.append(Block("heading", text, first, indent, level=self._heading))
        else:
            self.blocks.append(Block("text", text, first, indent, tight=tight))

    def _start_block(self, tag: str, values: dict[str, str]) -> None:
        if tag in _HEADINGS:
            self.end_block()
            self._heading = _HEADINGS[tag]
        elif tag in ("ul", "ol"):
            self.end_block()
            start = values.get("start", "1")
            self._lists.append(
                None
                if tag == "ul"
                else int(start)
                if start[:9].isdecimal() and len(start) < 9
                else 1
            )
        elif tag == "li":
            self.end_block()
            self._start_item()
        elif tag == "blockquote":
            self.end_block()
            self._quote += 1
        elif tag == "pre":
            self.end_block()
            self._pre += 1
        elif tag == "hr":
            self.end_block()
            if not self._grids:
                self.blocks.append(Block("rule"))
        elif tag in _BLOCKS:
            self.end_block()
            if tag == "dd":
                self._first, self._tight = "    ", True

    def _start_item(self) -> None:
        if not self._lists:
            self._lists.append(None)
        number = self._lists[-1]
        indent = "  " * (len(self._lists) - 1)
        if number is None:
            self._first = f"{indent}\u2022 "
        else:
            self._first = f"{indent}{number}. "
            self._lists[-1] = number + 1
        self._tight = bool(self.blocks) and self.blocks[-1].first.strip(" \u2502") != ""

    def _end_tag_of_block(self, tag: str) -> None:
        if tag in _HEADINGS:
            self.end_block()
            self._heading = 0
        elif tag in ("ul", "ol"):
            self.end_block()
            if self._lists:
                self._lists.pop()
            self._first = None
        elif tag == "blockquote":
            self.end_block()
            self._quote = max(0, self._quote - 1)
        elif tag == "pre":
            self.end_block()
            self._pre = max(0, self._pre - 1)
        elif tag in _BLOCKS or tag == "li":
            self.end_block()

    # -- tables

    def _start_of_table(self, tag: str, values: dict[str, str]) -> None:
        grid = self._grids[-1]
        if tag in ("thead", "tbody", "tfoot"):
            grid.in_head = tag == "thead"
        elif tag == "tr":
            self._end_cell(grid)
            self._end_row(grid)
            grid.row, grid.row_has_data, grid.row_names = [], False, 0
            self._reach_down(grid)
        else:
            self._end_cell(grid)
            if grid.row is None:
                grid.row = []
            self._text.clear()
            grid.cell = (_span(values.get("colspan")), _span(values.get("rowspan")))
            grid.cell_is_name = tag == "th"
            grid.row_has_data |= tag == "td"
            self._outside.append([])

    def _end_of_table(self, tag: str) -> None:
        grid = self._grids[-1]
        self._end_cell(grid)
        if tag == "tr":
            self._end_row(grid)
        elif tag == "table":
            self._end_row(grid)
            self._grids.pop()
            table = _table(grid)
            if self._grids:
                self._text.append(" ".join(" ".join(row) for row in (*table.header, *table.rows)))
            elif table.width:
                self.blocks.append(Block("table", table=table, rest="\u2502 " * self._quote))
                self._text.clear()

    def _end_cell(self, grid: _Grid) -> None:
        if not self._outside or grid.row is None:
            return
        self._outside.pop()
        text = self._taken().replace("\n", " ")
        across, down = grid.cell
        if grid.cell_is_name and not grid.row_has_data:
            grid.row_names += across
        for more in range(across):
            shown = text if more == 0 else ""
            if down > 1:
                grid.below[len(grid.row)] = (down - 1, "" if grid.cell_is_name else shown)
            grid.row.append(shown)
            self._reach_down(grid)

    def _reach_down(self, grid: _Grid) -> None:
        """Fill in cells of rows above that reach into this one."""
        row = grid.row
        while row is not None and grid.below.get(len(row), (0, ""))[0] > 0:
            left, text = grid.below[len(row)]
            grid.below[len(row)] = (left - 1, text)
            grid.row_names += not grid.row_has_data
            row.append(text)

    def _end_row(self, grid: _Grid) -> None:
        if grid.row is None:
            return
        if grid.row:
            if grid.in_head or (not grid.row_has_data and not grid.rows):
                grid.header.append(grid.row)
            else:
                grid.rows.append(grid.row)
                grid.names.append(grid.row_names)
        grid.row = None


def _span(text: str | None) -> int:
    return min(int(text), _MOST_SPANNED) if text and text.isdecimal() and int(text) > 0 else 1


def _table(grid: _Grid) -> Table:
    return Table(_tuples(grid.header), _tuples(grid.rows), index=min(grid.names, default=0))


def _tuples(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(row) for row in rows)
