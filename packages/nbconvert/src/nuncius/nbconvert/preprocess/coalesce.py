r"""Join the pieces of streams, and show what a terminal would after ``\r`` and ``\b``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nuncius.protocol.text.ansi import settle

if TYPE_CHECKING:
    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.options import CoalesceStreamsPreprocessor

__all__ = ["coalesce_streams"]


def coalesce_streams(nb: Notebook, resources: dict[str, Any], options: CoalesceStreamsPreprocessor) -> None:  # fmt: skip
    """Join neighboring outputs of one stream."""
    for cell in nb["cells"]:
        if cell["cell_type"] == "code" and cell["outputs"]:
            cell["outputs"] = _joined(cell["outputs"])


def _joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    new: list[dict[str, Any]] = []
    pieces: list[str] = []
    for output in outputs:
        same = new and output["output_type"] == "stream" == new[-1]["output_type"]
        if same and output["name"] == new[-1]["name"]:
            pieces.append(output["text"])
            continue
        _finish(new, pieces)
        new.append(dict(output) if output["output_type"] == "stream" else output)
        pieces = [output["text"]] if output["output_type"] == "stream" else []
    _finish(new, pieces)
    return new


def _finish(outputs: list[dict[str, Any]], pieces: list[str]) -> None:
    if pieces:
        outputs[-1]["text"] = settle("".join(pieces))
