"""Leave out cells, sources and outputs by their tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.options import TagRemovePreprocessor

__all__ = ["remove_tagged"]


def remove_tagged(nb: Notebook, resources: dict[str, Any], options: TagRemovePreprocessor) -> None:
    """Leave out what is tagged."""
    gone = set(options.remove_cell_tags)
    nb["cells"] = [cell for cell in nb["cells"] if gone.isdisjoint(_tags(cell))]
    for cell in nb["cells"]:
        tags = _tags(cell)
        if cell["cell_type"] == "code":
            _outputs(cell, tags, options)
        if not set(options.remove_input_tags).isdisjoint(tags):
            cell["metadata"]["transient"] = {"remove_source": True}


def _outputs(cell: dict[str, Any], tags: list[str], options: TagRemovePreprocessor) -> None:
    if not set(options.remove_all_outputs_tags).isdisjoint(tags):
        cell["outputs"] = []
        cell["execution_count"] = None
        for name in options.remove_metadata_fields:
            cell["metadata"].pop(name, None)
    single = set(options.remove_single_output_tags)
    if single:
        cell["outputs"] = [output for output in cell["outputs"] if single.isdisjoint(_tags(output))]


def _tags(owner: dict[str, Any]) -> list[str]:
    tags = (owner.get("metadata") or {}).get("tags", [])
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
