"""Gather the pictures of a document for Typst: their bytes, under names that Typst can open."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_to_bytes

from nuncius.nbconvert.embedding import embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Pictures", "kind"]


def kind(data: bytes) -> str:
    """Return the file extension for a picture's bytes; "" if Typst cannot show it."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return ".png"
    if data.startswith(b"\xff\xd8\xff"):
        return ".jpg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return ".gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return ".webp"
    if data.startswith(b"%PDF-"):
        return ".pdf"
    return ".svg" if b"<svg" in data[:4096] else ""


class Pictures:
    """The pictures of one document.

    Args:
        outputs: Files that were extracted from the notebook.
        folder: The notebook's own; no file outside of it is read.
        note: Takes what could not be shown, with the index of the cell.
    """

    def __init__(
        self,
        outputs: Mapping[str, bytes],
        folder: str,
        note: Callable[[str, int | None], None],
    ) -> None:
        self._outputs, self._folder, self._note = outputs, folder, note
        #: Name to bytes, each picture once.
        self.files: dict[str, bytes] = {}
        self._names: dict[bytes, str] = {}

    def add(self, data: bytes, what: str, cell: int | None) -> str | None:
        """Return the name under which Typst finds a picture; None if it can show none like it."""
        if data in self._names:
            return self._names[data]
        extension = kind(data)
        if not extension:
            self._note(f"{what} is no picture that can be shown", cell)
            return None
        name = f"/picture{len(self.files)}{extension}"
        self.files[name] = data
        self._names[data] = name
        return name

    def output(self, name: str, cell: int) -> str | None:
        """Return the name for a picture that was extracted from an output."""
        data = self._outputs.get(name)
        return None if data is None else self.add(data, "an output", cell)

    def address(self, url: str, cell: int | None) -> str | None:
        """Return the name for the picture at an address in the Markdown; None if it cannot be had."""
        path = unquote(url)
        if path in self._outputs:
            return self.add(self._outputs[path], f"the picture {path}", cell)
        short = url if len(url) < 80 else url[:77] + "..."
        data, problem = embedded(url.removeprefix("/files/").removeprefix("files/"), self._folder)
        if problem or not data.startswith("data:"):
            self._note(problem.replace("embedded", "shown") or f"the picture {short} is not there", cell)  # fmt: skip
            return None
        return self.add(_decoded(data), f"the picture {short}", cell)


def _decoded(url: str) -> bytes:
    head, _, body = url.partition(",")
    if not head.endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return b64decode(unquote(body))
    except (Base64Error, ValueError):
        return b""
