"""Write a Markdown text as Typst markup."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote

from nuncius.nbconvert.html_table import Table, read_tables
from nuncius.nbconvert.markdown.blocks import Node, children, read
from nuncius.nbconvert.markup import heading_id
from nuncius.nbconvert.pdf import formulas
from nuncius.nbconvert.pdf.text import markup, raw, string

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nuncius.nbconvert.markdown.events import Event
    from nuncius.nbconvert.mathml import Mathematics

__all__ = ["MarkdownWriter", "picture", "table"]

_TAG = re.compile(r"<[^>]*>")
_NAME = re.compile(r"<(/?)\s*([a-zA-Z][\w-]*)")
_SRC = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_WIDTH = re.compile(r"\bwidth\s*[=:]\s*[\"']?\s*(\d+(?:\.\d+)?)(?:px)?(%?)", re.IGNORECASE)
_ANCHOR = re.compile(r"<a\b[^>]*?\b(?:id|name)\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style)\b.*?(</\1\s*>|\Z)|<!--.*?(-->|\Z)", re.IGNORECASE | re.DOTALL)  # fmt: skip
_INLINE = {"em": "emph", "strong": "strong", "del": "strike"}
_HTML = {
    "b": "strong", "strong": "strong", "i": "emph", "em": "emph", "u": "underline", "s": "strike", "del": "strike",
    "sub": "sub", "sup": "super", "mark": "highlight", "small": "smaller", "kbd": "mono", "code": "mono", "tt": "mono",
}  # fmt: skip
_SIDES = {"Left": "left", "Right": "right", "Center": "center", "None": "auto"}
_MAX_DEPTH = 40


def picture(name: str, alt: str, size: str = "") -> str:
    """Return a picture as an expression."""
    return f"image({string(name)}, alt: {string(alt or 'Picture without a description')}{size})"


def table(value: Table) -> str:
    """Return a table that was read from HTML as markup."""
    rows = [[_bold(markup(cell)) if i < value.head else markup(cell) for cell in row] for i, row in enumerate(value.rows)]  # fmt: skip
    sides = ["right" if numeric else "left" for numeric in value.numeric]
    made = _table(rows, value.head, sides, _width(value.rows))
    return (f"#smaller[{markup(value.caption)}];\n" if value.caption else "") + made


def _bold(cell: str) -> str:
    return f"*{cell}*" if cell.strip() else ""


def _width(rows: Sequence[Sequence[str]]) -> int:
    """Return how many letters a row needs; where there are many columns, words stand below each other."""
    many = len(rows[0]) > 6 if rows else False
    return sum(
        max(
            max(map(len, cell.split()), default=0) if many else min(len(cell), 40)
            for cell in column
        )
        for column in zip(*rows, strict=True)
    )


def _table(rows: Sequence[Sequence[str]], head: int, sides: Sequence[str], width: int) -> str:
    """Return rows of markup as a table; the more there is in a row, the smaller it is written."""
    size = max(5.0, min(9.0, 9.0 * 96 / (width + 3 * len(sides) or 1)))
    lines = [", ".join(f"[{cell}]" for cell in row) for row in rows]
    top = f"table.header({', '.join(lines[:head])}), " if head else ""
    body = ",\n".join(lines[head:])
    return f"#sheet({size:.1f}pt, ({', '.join(sides)},), {head},\n{top}{body});\n\n"


class MarkdownWriter:
    """Writes the Markdown of one document.

    Args:
        address: Gives the name of the picture at an address, for the cell of that index.
        mathematics: The formulas of the document.
    """

    def __init__(
        self,
        address: Callable[[str, int | None], str | None],
        mathematics: Mathematics | None = None,
    ) -> None:
        self._address = address
        self._mathematics = mathematics
        self._cell: int | None = None
        self._notes: dict[str, Node] = {}
        self._cited: set[str] = set()
        self._depth = 0

    def write(self, source: str, cell: int | None) -> str:
        """Return a Markdown text as markup."""
        tree = read(source)
        self._cell = cell
        self._cited = set()
        self._notes = {n.values[0]: n for n in tree.inside if isinstance(n, Node) and n.tag == "footnote"}  # fmt: skip
        return self._blocks(tree)

    # -- blocks

    def _blocks(self, node: Node) -> str:
        if self._depth > _MAX_DEPTH:
            return "…"
        self._depth += 1
        try:
            return "".join(self._block(child) for child in children(node))
        finally:
            self._depth -= 1

    def _block(self, node: Node) -> str:
        tag = node.tag
        if tag == "heading":
            return self._heading(node)
        if tag == "list":
            return self._list(node)
        if tag == "codeblock":
            return self._code(node)
        if tag == "quote":
            return f"#quote(block: true)[{self._blocks(node)}];\n\n"
        if tag == "table":
            return self._table(node)
        if tag == "rule":
            return "#rule;\n\n"
        if tag == "footnote":
            return ""
        return f"{self._line(node.inside)}\n\n"

    def _heading(self, node: Node) -> str:
        anchor = heading_id(_words(node.inside))
        label = f"#label({string(anchor)})" if anchor else ""
        return f"#heading(level: {node.values[0]})[{self._line(node.inside)}]{label};\n\n"

    def _list(self, node: Node) -> str:
        first = node.values[0]
        items = [self._item(child) for child in children(node)]
        tight = all(isinstance(i, Node) and not any(isinstance(c, Node) and c.tag == "paragraph" for c in i.inside) for i in node.inside)  # fmt: skip
        name = "list(" if first is None else f"enum(start: {min(int(first), 10**9)}, "
        return f"#{name}tight: {str(tight).lower()}, {', '.join(items)});\n\n"

    def _item(self, node: Node) -> str:
        return f"[{self._blocks(node).strip()}]"

    def _code(self, node: Node) -> str:
        language = (node.values[0].split(None, 1) or [""])[0].strip("{}").lower()
        text = "".join(item[1] for item in node.inside if not isinstance(item, Node) and item[0] == "text")  # fmt: skip
        return f"#example({raw(text.removesuffix(chr(10)), language=language, block=True)});\n\n"

    def _table(self, node: Node) -> str:
        rows = [[self._line(cell.inside) for cell in _nodes(row)] for row in _nodes(node)]
        head = sum(row.tag == "head" for row in _nodes(node))
        width = _width([[_words(cell.inside) for cell in _nodes(row)] for row in _nodes(node)])
        bold = [[_bold_markup(cell) for cell in row] if i < head else row for i, row in enumerate(rows)]  # fmt: skip
        return _table(bold, head, [_SIDES[side] for side in node.values[0]], width)

    # -- lines

    def _line(self, inside: Sequence[Node | Event]) -> str:
        """Return what stands in a line; tags of HTML that have an end surround what is between."""
        if self._depth > _MAX_DEPTH:
            return "…"
        self._depth += 1
        try:
            return self._pieces(inside)
        finally:
            self._depth -= 1

    def _pieces(self, inside: Sequence[Node | Event]) -> str:
        out = []
        at = 0
        while at < len(inside):
            item = inside[at]
            if isinstance(item, Node):
                out.append(self._span(item))
            elif item[0] == "html" and (end := _closing(inside, at)):
                name = _HTML[_name(item[1])[1]]
                out.append(f"#{name}[{self._line(inside[at + 1 : end])}];")
                at = end
            else:
                out.append(self._event(item))
            at += 1
        return "".join(out)

    def _event(self, event: Event) -> str:
        kind = event[0]
        if kind == "text":
            return markup(event[1])
        if kind == "code":
            return f"#{raw(event[1])};"
        if kind == "math":
            return formulas.equation(event[1].tex, event[1].display, self._mathematics)
        if kind == "html":
            return self._html(event[1])
        if kind == "note":
            return self._footnote(event[1])
        if kind == "task":
            return "☒ " if event[1] else "☐ "
        return {"soft": "\n", "hard": "#linebreak();\n"}.get(kind, "")

    def _span(self, node: Node) -> str:
        if node.tag == "image":
            return self._image(node.values[0], _words(node.inside))
        if node.tag == "link":
            return _link(node.values[0], self._line(node.inside))
        if node.tag in _INLINE:
            return f"#{_INLINE[node.tag]}[{self._line(node.inside)}];"
        return self._blocks(Node("document", (), [node]))

    def _image(self, url: str, alt: str, size: str = "") -> str:
        name = self._address(url, self._cell)
        if name is None:
            shown = markup(alt or url[:80])
            return f"#emph[{shown}];" if url.startswith("data:") else _link(url, f"#emph[{shown}];")
        return f"#{picture(name, alt, size)};"

    def _footnote(self, name: str) -> str:
        note = self._notes.get(name)
        if note is None:
            return markup(f"[^{name}]")
        label = f"label({string(f'note-{self._cell}-{name}')})"
        if name in self._cited:
            return f"#footnote({label});"
        self._cited.add(name)
        return f"#footnote[{self._blocks(note).strip()}]#{label};"

    def _html(self, html: str) -> str:
        """Return what can be said of HTML: tables, pictures, anchors, line ends; otherwise its text."""
        html = _HIDDEN.sub("", html)
        if "<table" in html.lower():
            tables, outside = read_tables(html)
            return markup(outside) + "".join(table(value) for value in tables)
        out = []
        done = 0
        for match in _TAG.finditer(html):
            out.append(markup(unescape(html[done : match.start()])))
            out.append(self._tag(match.group()))
            done = match.end()
        return "".join(out) + markup(unescape(html[done:]))

    def _tag(self, tag: str) -> str:
        closing, name = _name(tag)
        if name == "img" and (match := _SRC.match(tag)):
            alt = _ALT.search(tag)
            url = next(group for group in match.groups() if group is not None)
            words = unescape(alt[1] or alt[2] or "") if alt else ""
            return self._image(unescape(url), words, _size(tag))
        if name in ("br", "hr"):
            return "#linebreak();\n"
        if name == "a" and (match := _ANCHOR.match(tag)):
            return f"#metadata(none)#label({string(unescape(match[1]))});"
        return "\n\n" if closing and name in ("p", "div", "li", "h1", "h2", "h3", "h4", "summary") else ""  # fmt: skip


def _size(tag: str) -> str:
    """Return the width that an ``<img>`` tag asks for."""
    match = _WIDTH.search(tag)
    if not match or not 0 < float(match[1]) < 10_000:
        return ""
    if match[2] == "%":
        return f", width: {min(float(match[1]), 100):g}%"
    return f", width: {min(float(match[1]) * 0.75, 440):.1f}pt"


def _bold_markup(cell: str) -> str:
    return f"#strong[{cell}];" if cell.strip() else ""


def _nodes(node: Node) -> list[Node]:
    return [child for child in node.inside if isinstance(child, Node)]


def _name(tag: str) -> tuple[bool, str]:
    match = _NAME.match(tag)
    return (match[1] == "/", match[2].lower()) if match else (False, "")


def _closing(inside: Sequence[Node | Event], at: int) -> int:
    """Return the index of the tag that ends the one at ``at``; 0 if it is none of those known or has no end."""
    closing, name = _name(inside[at][1])  # type: ignore[index]
    if closing or name not in _HTML:
        return 0
    depth = 0
    for index in range(at, min(len(inside), at + 200)):
        item = inside[index]
        if isinstance(item, Node) or item[0] != "html":
            continue
        other_closing, other = _name(item[1])
        depth += (not other_closing) - other_closing if other == name else 0
        if depth == 0:
            return index
    return 0


def _link(url: str, body: str) -> str:
    if url.startswith("#"):
        return f"#goto({string(unquote(url[1:]))}, [{body}]);" if url[1:] else body
    if not url or re.match(r"(?i)\s*(javascript|vbscript|data):", url):
        return body
    return f"#link({string(url)}, [{body}]);"


def _words(inside: Sequence[Node | Event]) -> str:
    """Return the text of a line."""
    return "".join(
        _words(item.inside) if isinstance(item, Node)
        else item[1] if item[0] in ("text", "code")
        else item[1].tex if item[0] == "math"
        else " " if item[0] == "soft" else ""
        for item in inside
    )  # fmt: skip
