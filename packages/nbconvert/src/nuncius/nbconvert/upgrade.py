"""Bring notebooks of formats 1 to 3 into the shape of format 4.

Source: the format descriptions and the conversion rules that the nbformat documentation gives.
"""

from __future__ import annotations

from typing import Any

__all__ = ["downgrade", "upgrade"]

#: How formats before 4 called the MIME types of an output.
_MIME = {
    "text": "text/plain",
    "html": "text/html",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "latex": "text/latex",
    "json": "application/json",
    "javascript": "application/javascript",
    "pdf": "application/pdf",
}
_OUTPUT_KEYS = frozenset({"output_type", "metadata", "prompt_number", *_MIME})


def upgrade(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook of format 1, 2 or 3 as one of format 4.

    Args:
        tree: What JSON says; it is not changed. It may be malformed: whatever is not understood is passed on as it is.
    """
    sheets = tree.get("worksheets")
    if isinstance(sheets, list):
        cells = [c for s in sheets if isinstance(s, dict) for c in _list(s.get("cells"))]
    else:
        cells = _list(tree.get("cells"))
    metadata = dict(tree["metadata"]) if isinstance(tree.get("metadata"), dict) else {}
    name = metadata.pop("name", "")
    if isinstance(name, str) and name and "title" not in metadata:
        metadata["orig_name"] = name
    metadata["orig_nbformat"] = tree.get("nbformat", 3)
    language = next((c["language"] for c in cells if isinstance(c, dict) and isinstance(c.get("language"), str)), "python")  # fmt: skip
    metadata.setdefault("language_info", {"name": language} if language != "python" else _python())
    # Until format 3 the lines of a list had no ends.
    between = "" if tree.get("nbformat", 3) == 3 else "\n"
    new = [_cell(c, between) if isinstance(c, dict) else c for c in cells]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": new}


def _python() -> dict[str, Any]:
    return {"name": "python", "file_extension": ".py", "mimetype": "text/x-python", "pygments_lexer": "ipython3"}  # fmt: skip


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _cell(cell: dict[str, Any], between: str) -> dict[str, Any]:
    kind = cell.get("cell_type")
    metadata = dict(cell["metadata"]) if isinstance(cell.get("metadata"), dict) else {}
    if isinstance(cell.get("collapsed"), bool):
        metadata.setdefault("collapsed", cell["collapsed"])
    if kind == "code":
        count = cell.get("prompt_number")
        outputs = [_output(o, between) for o in _list(cell.get("outputs"))]
        source = _joined(cell.get("input", cell.get("code", cell.get("source", ""))), between)
        return {"cell_type": "code", "metadata": metadata, "source": source, "execution_count": count, "outputs": outputs}  # fmt: skip
    source = _joined(cell.get("source", cell.get("text", "")), between)
    if kind == "heading":
        level = cell.get("level", 1)
        marks = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1)
        text = "".join(source) if isinstance(source, list) else str(source)
        return {"cell_type": "markdown", "metadata": metadata, "source": f"{marks} {' '.join(text.split())}"}  # fmt: skip
    # Format 1 and 2 had cells of "text" and "html".
    known = {"markdown": "markdown", "text": "markdown", "html": "markdown", "raw": "raw"}
    return {"cell_type": known.get(str(kind), kind), "metadata": metadata, "source": source}


def _joined(text: Any, between: str) -> Any:
    """Return lines as one text, if they are lines."""
    return between.join(text) if isinstance(text, list) and all(isinstance(line, str) for line in text) else text  # fmt: skip


def _output(output: Any, between: str) -> Any:
    if not isinstance(output, dict):
        return output
    output = {k: v if k == "traceback" else _joined(v, between) for k, v in output.items()}
    kind = output.get("output_type")
    if kind == "stream":
        return {"output_type": "stream", "name": output.get("stream", output.get("name", "stdout")), "text": output.get("text", "")}  # fmt: skip
    if kind == "pyerr":
        return {"output_type": "error", **{k: output.get(k) for k in ("ename", "evalue", "traceback")}}  # fmt: skip
    if kind not in ("pyout", "display_data"):
        return output
    data = {_MIME.get(k, k): v for k, v in output.items() if k in _MIME or k not in _OUTPUT_KEYS}
    metadata = output.get("metadata")
    by_mime = {_MIME.get(k, k): v for k, v in metadata.items()} if isinstance(metadata, dict) else {}  # fmt: skip
    new: dict[str, Any] = {"output_type": "display_data" if kind == "display_data" else "execute_result", "data": data, "metadata": by_mime}  # fmt: skip
    if kind == "pyout":
        new["execution_count"] = output.get("prompt_number")
    return new


def downgrade(nb: dict[str, Any], version: int) -> dict[str, Any]:
    """Return a notebook of format 4 as one of format 3 or 2 (what they cannot say is left out).

    Args:
        nb: The notebook; it is not changed.
        version: 2 or 3.
    """
    short = {mime: name for name, mime in _MIME.items()}
    language = nb["metadata"].get("language_info", {}).get("name", "python")
    cells = [_old_cell(cell, language, short) for cell in nb["cells"]]
    metadata = {k: v for k, v in nb["metadata"].items() if k not in ("orig_nbformat", "language_info", "kernelspec")}  # fmt: skip
    metadata.setdefault("name", "")
    return {"nbformat": version, "nbformat_minor": 0, "metadata": metadata, "worksheets": [{"cells": cells, "metadata": {}}]}  # fmt: skip


def _old_cell(cell: dict[str, Any], language: str, short: dict[str, str]) -> dict[str, Any]:
    if cell["cell_type"] != "code":
        return {"cell_type": cell["cell_type"], "metadata": cell["metadata"], "source": cell["source"]}  # fmt: skip
    old = {"cell_type": "code", "language": language, "metadata": cell["metadata"], "collapsed": bool(cell["metadata"].get("collapsed")), "input": cell["source"], "outputs": [_old_output(o, short) for o in cell["outputs"]]}  # fmt: skip
    if cell["execution_count"] is not None:
        old["prompt_number"] = cell["execution_count"]
    return old


def _old_output(output: dict[str, Any], short: dict[str, str]) -> dict[str, Any]:
    kind = output["output_type"]
    if kind == "stream":
        return {"output_type": "stream", "stream": output["name"], "text": output["text"]}
    if kind == "error":
        return {**output, "output_type": "pyerr"}
    old = {"output_type": "pyout" if kind == "execute_result" else "display_data", "metadata": output["metadata"], **{short.get(k, k): v for k, v in output["data"].items()}}  # fmt: skip
    if kind == "execute_result" and output.get("execution_count") is not None:
        old["prompt_number"] = output["execution_count"]
    return old
