"""Sanitize a notebook itself, so that whatever reads it next gets harmless markup only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.sanitize import cleaner

if TYPE_CHECKING:
    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.options import SanitizeHTML

__all__ = ["sanitize"]


def sanitize(nb: Notebook, resources: dict[str, Any], options: SanitizeHTML) -> None:
    """Sanitize the Markdown of cells and the markup of outputs; remove outputs that are neither safe nor sanitized."""
    tool = cleaner(options.tags, options.attributes, options.styles, strip_comments=options.strip_comments)  # fmt: skip
    for cell in nb["cells"]:
        if cell["cell_type"] in ("raw", "markdown"):
            cell["source"] = tool.clean(cell["source"])
        for output in cell.get("outputs", ()):
            if "data" in output:
                output["data"] = _data(output["data"], options, tool)


def _data(data: dict[str, Any], options: SanitizeHTML, tool: Any) -> dict[str, Any]:
    new = {}
    for mime, value in data.items():
        if mime in options.safe_output_keys:
            new[mime] = value
        elif mime in options.sanitized_output_types:
            new[mime] = tool.clean(value)
    return new
