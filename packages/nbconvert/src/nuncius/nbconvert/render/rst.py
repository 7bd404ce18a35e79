"""Write a document as reStructuredText."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from nuncius.nbconvert import ansi
from nuncius.nbconvert.document import CodeCell, Failure, MarkdownCell, RawCell, Shown, Stream
from nuncius.nbconvert.markdown.rst import rst as from_markdown
from nuncius.nbconvert.render.markdown import indented

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nuncius.nbconvert.rendering import Rendering

__all__ = ["rst"]


def rst(rendering: Rendering) -> Iterator[str]:
    """Yield the document."""
    for cell in rendering.document.cells:
        if isinstance(cell, MarkdownCell):
            yield f"{from_markdown(cell.source)}\n\n"
        elif isinstance(cell, RawCell):
            yield f"{cell.source}\n\n"
        elif isinstance(cell, CodeCell):
            if cell.source is not None and cell.source.strip():
                yield f".. code:: {cell.language}\n\n{indented(cell.source)}\n\n"
            for output in cell.outputs:
                yield from _output(output, cell, rendering)


def _output(output: object, cell: CodeCell, rendering: Rendering) -> Iterator[str]:
    if isinstance(output, Stream):
        yield _literal(output.text)
    elif isinstance(output, Failure):
        yield f"::\n\n{indented(ansi.strip(chr(10).join(output.traceback)))}\n\n"
    elif isinstance(output, Shown):
        yield _shown(output, cell, rendering)


def _literal(text: str) -> str:
    # parsed-literal would read markup in it.
    text = ansi.strip(text).strip("\n")
    return f"::\n\n{indented(text)}\n\n" if text.strip() else ""


def _shown(shown: Shown, cell: CodeCell, rendering: Rendering) -> str:
    mime, value = shown.mime, shown.value
    if mime == "text/plain":
        return _literal(str(value))
    if mime == "text/x-rst":
        return f"{value}\n\n"
    if mime == "text/html":
        return f".. raw:: html\n\n{indented(str(value))}\n\n"
    if mime == "text/markdown":
        return f"{from_markdown(str(value))}\n\n"
    if mime == "text/latex":
        return f".. math::\n\n{indented(str(value).strip().strip('$'))}\n\n"
    if shown.file is not None:
        sizes = "".join(f"\n   :{n}: {shown.metadata[n]}px" for n in ("width", "height") if n in shown.metadata)  # fmt: skip
        alt = "" if shown.alt.startswith("Picture without") else f"\n   :alt: {shown.alt}"
        return f".. image:: {quote(shown.file)}{alt}{sizes}\n\n"
    rendering.note(f"an output that this format cannot show ({', '.join(shown.offered)})", cell.index)  # fmt: skip
    return ""
