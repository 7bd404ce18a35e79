"""Gather a Markdown text's events into a tree, for the formats whose markup depends on what is around a block."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.markdown.events import Event, events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["BLOCKS", "Node", "children", "read"]

#: The tags of nodes that are blocks; all others are part of a line.
BLOCKS = frozenset({"paragraph", "heading", "quote", "list", "item", "codeblock", "table", "head", "row", "cell", "footnote"})  # fmt: skip


@dataclass(slots=True)
class Node:
    """A node: a tag with its values, and what is in it: nodes and events that are no tags."""

    tag: str
    values: tuple[Any, ...] = ()
    inside: list[Node | Event] = field(default_factory=list)


def read(source: str) -> Node:
    """Return a Markdown text as a tree."""
    return _tree(events(source))


def _tree(stream: Iterable[Event]) -> Node:
    root = Node("document")
    stack = [root]
    for event in stream:
        if event[0] == "start":
            node = Node(event[1], event[2:])
            stack[-1].inside.append(node)
            stack.append(node)
        elif event[0] == "end":
            stack.pop()
        else:
            stack[-1].inside.append(event)
    return root


def children(node: Node) -> Iterator[Node]:
    """Yield the blocks in a node; what stands there without one (as in tight lists) is put into a paragraph."""
    loose: list[Node | Event] = []
    for item in node.inside:
        block = item.tag in BLOCKS if isinstance(item, Node) else item[0] == "rule"
        if not block:
            loose.append(item)
            continue
        if loose:
            yield Node("paragraph", (), loose)
            loose = []
        yield item if isinstance(item, Node) else Node("rule")
    if loose:
        yield Node("paragraph", (), loose)
