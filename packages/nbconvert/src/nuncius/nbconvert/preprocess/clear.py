"""Remove outputs and metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.options import ClearMetadataPreprocessor, ClearOutputPreprocessor

__all__ = ["clear_metadata", "clear_outputs"]


def clear_outputs(nb: Notebook, resources: dict[str, Any], options: ClearOutputPreprocessor) -> None:  # fmt: skip
    """Remove outputs, execution counts and the metadata that goes with them."""
    for cell in nb["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
            cell["execution_count"] = None
            for name in options.remove_metadata_fields:
                cell["metadata"].pop(name, None)


def clear_metadata(nb: Notebook, resources: dict[str, Any], options: ClearMetadataPreprocessor) -> None:  # fmt: skip
    """Remove metadata, but for what the masks keep."""
    if options.clear_cell_metadata:
        for cell in nb["cells"]:
            cell["metadata"] = _kept(cell["metadata"], options.preserve_cell_metadata_mask)
    if options.clear_notebook_metadata:
        nb["metadata"] = _kept(nb["metadata"], options.preserve_nb_metadata_mask)


def _kept(metadata: dict[str, Any], mask: Iterable[Any]) -> dict[str, Any]:
    """Return the parts of a tree at the paths of a mask; a path is a key or a tuple of keys."""
    new: dict[str, Any] = {}
    for entry in mask:
        path = [entry] if isinstance(entry, str) else list(entry)
        value: Any = metadata
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            continue
        place = new
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = value
    return new
