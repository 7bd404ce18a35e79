"""Make a notebook of a session: its cells, with their outputs as far as they are kept.

Rule: outputs that are not kept any more leave the text of the cell's value, which the history has.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.protocol.core.outputs import OutputArea
    from nuncius.protocol.messages import Message

__all__ = ["notebook", "shown_by_cells"]

#: A cell as it was run: its number, and what was typed.
Cell = tuple[int, str]


def notebook(shell: Any) -> tuple[dict[str, Any], int]:
    """Return the cells of this session, but for the one that runs, as an nbformat 4.5 document; and how many of them have lost their outputs."""
    published = getattr(shell.io, "published", None)
    shown = {} if published is None else shown_by_cells(published())
    cells, lost = [], 0
    for _, number, content in shell.history_manager.get_range(0, 1, -1, raw=True, output=True):
        source, value = content
        area = shown.get((number, source.rstrip("\n")))
        lost += area is None and published is not None
        outputs = _of_value(number, value) if area is None else area.outputs
        cells.append(
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "execution_count": number,
                "metadata": {},
                "source": source.splitlines(keepends=True),
                "outputs": [_stored(output) for output in outputs],
            }
        )
    return _document(cells), lost


def shown_by_cells(messages: Iterable[Message]) -> dict[Cell, OutputArea]:
    """Return what the cells have shown, out of what was published; a cell whose beginning is not there is left out."""
    from nuncius.protocol.core.outputs import OutputCollector

    collector = OutputCollector(settle=True)
    areas: dict[Cell, OutputArea] = {}
    for message in messages:
        if message.msg_type == "execute_input":
            code = str(message.content.get("code", "")).rstrip("\n")
            area = collector.open(message.parent_id or "")
            areas[message.content.get("execution_count") or 0, code] = area
        collector.receive(message)
    return areas


def _of_value(number: int, text: str | None) -> list[dict[str, Any]]:
    if text is None:
        return []
    return [
        {
            "output_type": "execute_result",
            "execution_count": number,
            "data": {"text/plain": text},
            "metadata": {},
        }
    ]


def _stored(output: Mapping[str, Any]) -> dict[str, Any]:
    """Return an output as files have it: texts are lists of lines."""
    stored = dict(output)
    if "text" in output:
        stored["text"] = output["text"].splitlines(keepends=True)
    if "data" in output:
        stored["data"] = {mime: _lines(mime, value) for mime, value in output["data"].items()}
    return stored


def _lines(mime: str, value: Any) -> Any:
    if not isinstance(value, str) or mime.partition(";")[0].endswith(("/json", "+json")):
        return value
    return value.splitlines(keepends=True)


def _document(cells: list[dict[str, Any]]) -> dict[str, Any]:
    version = sys.version.split()[0]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {
                "name": "nuncius-python",
                "display_name": "Python (Nuncius)",
                "language": "python",
            },
            "language_info": {"name": "python", "version": version, "file_extension": ".py"},
        },
        "cells": cells,
    }
