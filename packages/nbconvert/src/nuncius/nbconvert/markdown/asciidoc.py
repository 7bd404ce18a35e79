"""Write a Markdown text as AsciiDoc."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nuncius.nbconvert.markdown.blocks import Node, children, read

if TYPE_CHECKING:
    from nuncius.nbconvert.markdown.events import Event

__all__ = ["asciidoc", "table"]

_MARKS = {"em": "_", "strong": "*", "del": "[line-through]#"}
_SPECIAL = re.compile(r"[*_`#+^~](?=\S)|\{(?=\w)|\[\[|<<")


def asciidoc(source: str) -> str:
    """Return a Markdown text as AsciiDoc."""
    return "\n\n".join(_block(node, 0) for node in children(read(source)))


def _block(node: Node, depth: int) -> str:
    writer = _BLOCKS.get(node.tag, _paragraph)
    return writer(node, depth)


def _paragraph(node: Node, depth: int) -> str:
    if all(not isinstance(i, Node) and i[0] in ("html", "soft") for i in node.inside):
        html = "".join(i[1] if len(i) > 1 else "\n" for i in node.inside if not isinstance(i, Node))
        return f"++++\n{html.strip(chr(10))}\n++++"
    if len(node.inside) == 1:
        only = node.inside[0]
        if isinstance(only, Node) and only.tag == "image":
            return f"image::{only.values[0].replace(' ', '%20')}[{_plain(only)}]"
        if not isinstance(only, Node) and only[0] == "math" and only[1].display:
            return f"[latexmath]\n++++\n{only[1].tex}\n++++"
    return _line(node)


def _heading(node: Node, depth: int) -> str:
    return f"{'=' * (node.values[0] + 1)} {_line(node).replace(chr(10), ' ')}"


def _quote(node: Node, depth: int) -> str:
    return "____\n" + "\n\n".join(_block(child, 0) for child in children(node)) + "\n____"


def _list(node: Node, depth: int) -> str:
    mark = ("*" if node.values[0] is None else ".") * (depth + 1)
    items = []
    for item in (i for i in node.inside if isinstance(i, Node)):
        blocks = list(children(item))
        parts = [_block(blocks[0], depth + 1)] if blocks else [""]
        for block in blocks[1:]:
            parts.append(("" if block.tag == "list" else "+\n") + _block(block, depth + 1))  # noqa: PERF401
        items.append(f"{mark} " + "\n".join(parts))
    return "\n".join(items)


def _codeblock(node: Node, depth: int) -> str:
    text = "".join(i[1] for i in node.inside if not isinstance(i, Node)).rstrip("\n")
    language = node.values[0].split(None, 1)[0] if node.values[0].strip() else ""
    fence = "-" * max(4, *(len(line) + 1 for line in text.split("\n") if set(line) == {"-"}), 4)
    return (f"[source,{language}]\n" if language else "") + f"{fence}\n{text}\n{fence}"


def _table(node: Node, depth: int) -> str:
    rows = [[_line(cell).replace("\n", " ") for cell in row.inside if isinstance(cell, Node)] for row in node.inside if isinstance(row, Node)]  # fmt: skip
    return table(rows, 1)


def _footnote(node: Node, depth: int) -> str:
    return f"[[fn-{node.values[0]}]]{node.values[0]}. " + "\n".join(_block(c, 0) for c in children(node))  # fmt: skip


def _rule(node: Node, depth: int) -> str:
    return "'''"


_BLOCKS = {
    "paragraph": _paragraph, "heading": _heading, "quote": _quote, "list": _list, "codeblock": _codeblock,
    "table": _table, "footnote": _footnote, "rule": _rule,
}  # fmt: skip


def table(rows: list[list[str]], head: int) -> str:
    """Return a table of which the first ``head`` rows are headings."""
    options = '[options="header"]\n' if head else ""
    body = "\n".join("".join(f"|{cell.replace('|', chr(92) + '|')} " for cell in row).rstrip() for row in rows)  # fmt: skip
    return f"{options}|===\n{body}\n|==="


def _line(node: Node) -> str:
    return "".join(_node(i) if isinstance(i, Node) else _event(i) for i in node.inside)


def _node(node: Node) -> str:
    if node.tag == "image":
        return f"image:{node.values[0].replace(' ', '%20')}[{_plain(node)}]"
    inner = _line(node)
    if node.tag == "link":
        url = node.values[0]
        if url == inner:
            return str(url)
        return f"link:{url.replace(' ', '%20')}[{inner.replace(']', chr(92) + ']')}]"
    mark = _MARKS.get(node.tag, "")
    return f"{mark}{inner}{'#' if mark.endswith('#') else mark}"


def _event(event: Event) -> str:
    kind = event[0]
    if kind == "text":
        return _SPECIAL.sub(r"\\\g<0>", event[1])
    if kind == "code":
        return f"`+{event[1]}+`"
    if kind == "math":
        return "latexmath:[" + " ".join(event[1].tex.split()).replace("]", "\\]") + "]"
    if kind == "note":
        return f"<<fn-{event[1]},{event[1]}>>"
    if kind == "task":
        return "[x] " if event[1] else "[ ] "
    if kind == "html":
        return " +\n" if event[1].lower().startswith("<br") else f"+++{event[1]}+++"
    return " +\n" if kind == "hard" else "\n"


def _plain(node: Node) -> str:
    return "".join(i[1] for i in node.inside if not isinstance(i, Node) and i[0] in ("text", "code")).replace("]", "")  # fmt: skip
