"""Write a Markdown text as reStructuredText."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nuncius.nbconvert.markdown.blocks import Node, children, read

if TYPE_CHECKING:
    from nuncius.nbconvert.markdown.events import Event

__all__ = ["rst"]

_SPECIAL = re.compile(r"[\\*`|]|_(?!\w)|(?<!\w)_")
_UNDER = "=-~^\"'"
_MARKS = {"em": "*", "strong": "**"}


def rst(source: str) -> str:
    """Return a Markdown text as reStructuredText."""
    writer = _Writer()
    text = "\n\n".join(writer.block(node) for node in children(read(source)))
    tail = "\n\n".join(writer.after)
    return f"{text}\n\n{tail}" if tail else text


class _Writer:
    def __init__(self) -> None:
        self.after: list[str] = []  # substitutions, which stand at the end

    def block(self, node: Node) -> str:
        return getattr(self, f"_{node.tag}", self._paragraph)(node)

    def _blocks(self, node: Node) -> str:
        return "\n\n".join(self.block(child) for child in children(node))

    def _paragraph(self, node: Node) -> str:
        if all(not isinstance(i, Node) and i[0] in ("html", "soft") for i in node.inside):
            html = "".join(item[1] if len(item) > 1 else "\n" for item in node.inside if not isinstance(item, Node))  # fmt: skip
            return ".. raw:: html\n\n" + _indent(html.strip("\n"))
        if len(node.inside) == 1:
            only = node.inside[0]
            if isinstance(only, Node) and only.tag == "image":
                return f".. image:: {only.values[0].replace(' ', '%20')}\n   :alt: {_plain(only)}"
            if not isinstance(only, Node) and only[0] == "math" and only[1].display:
                return ".. math::\n\n" + _indent(_without_environment(only[1].tex))
        return self._line(node)

    def _heading(self, node: Node) -> str:
        title = self._line(node).replace("\n", " ")
        # A wide character takes two columns, and the line below must be as long.
        width = sum(2 if ord(char) > 0x2E7F else 1 for char in title)
        return f"{title}\n{_UNDER[node.values[0] - 1] * max(width, 1)}"

    def _quote(self, node: Node) -> str:
        return _indent(self._blocks(node))

    def _list(self, node: Node) -> str:
        items = []
        first = node.values[0]
        for index, item in enumerate(i for i in node.inside if isinstance(i, Node)):
            mark = "- " if first is None else f"{first + index}. "
            body = _indent(self._blocks(item), " " * len(mark)).lstrip(" ")
            items.append(mark + body)
        return ("\n\n" if any("\n" in item for item in items) else "\n").join(items)

    def _codeblock(self, node: Node) -> str:
        text = "".join(i[1] for i in node.inside if not isinstance(i, Node)).rstrip("\n")
        language = node.values[0].split(None, 1)[0] if node.values[0].strip() else ""
        return (f".. code:: {language}\n\n" if language else "::\n\n") + _indent(text)

    def _table(self, node: Node) -> str:
        rows = [
            [self._line(cell).replace("\n", " ") for cell in row.inside if isinstance(cell, Node)]
            for row in node.inside
            if isinstance(row, Node)
        ]
        return list_table(rows, 1)

    def _footnote(self, node: Node) -> str:
        return f".. [#{_label(node.values[0])}] " + _indent(self._blocks(node)).lstrip()

    def _rule(self, node: Node) -> str:
        return "--------------"

    def _line(self, node: Node, plain: bool = False) -> str:
        out: list[str] = []
        for item in node.inside:
            text = self._node(item, plain) if isinstance(item, Node) else _event(item, plain)
            marked = text[:1] in "*`:|" and not plain and bool(text)
            # Markup must stand apart from letters before it and after it.
            if out and (marked or out[-1][-1:] in "*`_|") and not out[-1][-1:].isspace() and text[:1] not in " \n.,;:!?)":  # fmt: skip
                out.append("\\ ")
            if text:
                out.append(text)
        return "".join(out)

    def _node(self, node: Node, plain: bool) -> str:
        if node.tag == "image":
            return self._picture(node)
        # Markup cannot be nested: what is inside is plain.
        inner = self._line(node, plain=True).strip()
        if plain or not inner:
            return inner
        if node.tag in _MARKS:
            return f"{_MARKS[node.tag]}{inner}{_MARKS[node.tag]}"
        if node.tag == "link":
            url = node.values[0]
            return url if url == inner else f"`{inner} <{url}>`__"
        return inner

    def _picture(self, node: Node) -> str:
        name = f"{_plain(node) or 'picture'} {len(self.after) + 1}"
        name = re.sub(r"[|\n]", " ", name)
        self.after.append(f".. |{name}| image:: {node.values[0].replace(' ', '%20')}")
        return f"|{name}|"


def _event(event: Event, plain: bool) -> str:
    kind = event[0]
    if kind == "text":
        return _SPECIAL.sub(r"\\\g<0>", event[1])
    if kind == "code":
        return str(event[1]) if plain else f"``{event[1]}``"
    if kind == "math":
        return f":math:`{' '.join(event[1].tex.split())}`" if not plain else event[1].raw
    if kind == "note":
        return f"[#{_label(event[1])}]_"
    if kind == "task":
        return "☒ " if event[1] else "☐ "
    if kind == "html":
        return "\n" if event[1].lower().startswith("<br") else ""
    return "\n"


def _plain(node: Node) -> str:
    return "".join(
        i[1] for i in node.inside if not isinstance(i, Node) and i[0] in ("text", "code")
    )


def _label(name: str) -> str:
    return re.sub(r"\W+", "-", name) or "note"


def _without_environment(tex: str) -> str:
    # Sphinx puts formulas into an environment of its own.
    return re.sub(r"\\(?:begin|end)\{(?:equation|displaymath)\*?\}", "", tex).strip()


def _indent(text: str, by: str = "    ") -> str:
    return "\n".join(by + line if line.strip() else "" for line in text.split("\n"))


def list_table(rows: list[list[str]], head: int) -> str:
    """Return a table of which the first ``head`` rows are headings."""
    lines = [".. list-table::"] + ([f"   :header-rows: {head}"] if head else []) + [""]
    for row in rows:
        lines += [f"   {'* -' if i == 0 else '  -'} {cell}".rstrip() for i, cell in enumerate(row)]
    return "\n".join(lines)
