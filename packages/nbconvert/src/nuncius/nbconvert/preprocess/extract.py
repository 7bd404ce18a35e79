"""Take pictures and attachments out of a notebook, into files beside the result.

The files are gathered in ``resources["outputs"]``, name to bytes; a writer writes them. Names come from templates and numbers, or are reduced to one harmless file name: nothing in a notebook can choose a place outside of the folder.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.options import ExtractAttachmentsPreprocessor, ExtractOutputPreprocessor

__all__ = ["extract_attachments", "extract_outputs", "harmless_name"]

_EXTENSIONS = {
    "image/png": ".png", "image/jpeg": ".jpg", "image/svg+xml": ".svg", "application/pdf": ".pdf",
    "image/gif": ".gif", "image/webp": ".webp", "text/html": ".html", "text/plain": ".txt", "text/latex": ".tex",
    "application/json": ".json", "application/javascript": ".js",
}  # fmt: skip
_BINARY = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"})


def extract_outputs(nb: Notebook, resources: dict[str, Any], options: ExtractOutputPreprocessor) -> None:  # fmt: skip
    """Make a file of each output that has one of the types, and write its name into the output's metadata."""
    for cell_index, cell in enumerate(nb["cells"]):
        for index, output in enumerate(cell.get("outputs", ())):
            if output["output_type"] in ("display_data", "execute_result"):
                for mime in options.extract_output_types:
                    if mime in output["data"]:
                        _extract(output, mime, cell_index, index, resources, options)


def _extract(
    output: dict[str, Any],
    mime: str,
    cell_index: int,
    index: int,
    resources: dict[str, Any],
    options: ExtractOutputPreprocessor,
) -> None:
    data = _bytes(output["data"][mime], mime)
    if data is None:
        note = resources.get("note")
        if callable(note):
            note(f"outputs[{index}]: {mime} is not valid base64; left out", cell_index)
        del output["data"][mime]
        return
    wanted = (output.get("metadata") or {}).get("filename")
    name = harmless_name(wanted) if isinstance(wanted, str) else ""
    if not name:
        name = options.output_filename_template.format(
            unique_key=resources.get("unique_key") or "output",
            cell_index=cell_index,
            index=index,
            extension=_EXTENSIONS.get(mime) or "." + mime.rpartition("/")[2].partition("+")[0],
        )
    folder = resources.get("output_files_dir") or ""
    path = f"{folder}/{name}" if folder else name
    output["metadata"].setdefault("filenames", {})[mime] = path
    if mime == "image/svg+xml":
        output["svg_filename"] = path
    elif mime in _BINARY:
        output[f"{_EXTENSIONS[mime][1:]}_filename"] = path
    resources.setdefault("outputs", {})[path] = data


def _bytes(value: Any, mime: str) -> bytes | None:
    if mime in _BINARY:
        try:
            return b64decode(value if isinstance(value, str) else "".join(value))
        except (Base64Error, ValueError, TypeError):
            return None
    if not isinstance(value, str):
        value = json.dumps(value)
    return str(value).encode("utf-8", "replace")


def harmless_name(name: str) -> str:
    """Return the last part of a path, without anything that leads elsewhere; "" if nothing is left."""
    last = PurePath(name.replace("\\", "/").replace("\0", "")).name
    last = re.sub(r'[<>:"|?*\x00-\x1f]', "_", last).strip(" .")
    return last[-120:]


def extract_attachments(nb: Notebook, resources: dict[str, Any], options: ExtractAttachmentsPreprocessor) -> None:  # fmt: skip
    """Make a file of each attachment, and let the Markdown refer to it."""
    name = resources.get("unique_key") or "notebook"
    if options.use_separate_dir:
        folder = options.attachments_directory_template.format(notebook_name=name)
    else:
        folder = resources.get("output_files_dir") or ""
    for cell in nb["cells"]:
        attachments = cell.get("attachments")
        if isinstance(attachments, dict) and attachments:
            cell["source"] = _detached(cell, attachments, folder, resources)


def _detached(
    cell: dict[str, Any], attachments: dict[str, Any], folder: str, resources: dict[str, Any]
) -> str:
    paths: dict[str, str] = {}
    for title, bundle in attachments.items():
        if not isinstance(bundle, dict) or not bundle:
            continue
        mime, value = next(iter(bundle.items()))
        data = _bytes(value, mime)
        clean = harmless_name(title)
        if data is None or not clean:
            continue
        # Two cells may have attachments of one name, that are not the same picture.
        path = f"{folder}/{clean}" if folder else clean
        outputs = resources.setdefault("outputs", {})
        if outputs.get(path, data) != data:
            path = f"{folder}/{cell['id']}_{clean}" if folder else f"{cell['id']}_{clean}"
        outputs[path] = data
        paths[title] = path.replace(" ", "%20")
    return _pointed(cell["source"], paths)


def _pointed(source: str, paths: dict[str, str]) -> str:
    from urllib.parse import unquote

    replace: Callable[[re.Match[str]], str] = lambda m: paths.get(m[1]) or paths.get(unquote(m[1])) or m[0]  # noqa: E731 # fmt: skip
    return re.sub(r"attachment:([^)\s\"'>]+)", replace, source)
