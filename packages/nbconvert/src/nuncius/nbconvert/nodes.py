"""Notebooks whose fields are attributes too, as preprocessors and templates of nbconvert expect them."""

from __future__ import annotations

from typing import Any

__all__ = ["NotebookNode", "ResourcesDict", "nodes"]


class NotebookNode(dict[str, Any]):
    """A dict whose items are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(name) from None


class ResourcesDict(dict[str, Any]):
    """Resources: what is missing is ``""``."""

    def __missing__(self, key: str) -> str:
        return ""


def nodes(tree: Any) -> Any:
    """Return a tree with its dicts as `NotebookNode`."""
    if isinstance(tree, dict):
        return NotebookNode({key: nodes(value) for key, value in tree.items()})
    if isinstance(tree, list):
        return [nodes(item) for item in tree]
    return tree
