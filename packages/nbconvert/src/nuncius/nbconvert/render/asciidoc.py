"""Write a document as AsciiDoc."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from nuncius.nbconvert import ansi
from nuncius.nbconvert.document import CodeCell, Failure, MarkdownCell, RawCell, Shown, Stream
from nuncius.nbconvert.html_table import read_tables
from nuncius.nbconvert.markdown.asciidoc import asciidoc as from_markdown
from nuncius.nbconvert.markdown.asciidoc import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nuncius.nbconvert.rendering import Rendering

__all__ = ["asciidoc"]


def asciidoc(rendering: Rendering) -> Iterator[str]:
    """Yield the document."""
    view = rendering.document.view
    for cell in rendering.document.cells:
        if isinstance(cell, MarkdownCell):
            yield f"{from_markdown(cell.source)}\n\n"
        elif isinstance(cell, RawCell):
            yield _raw(cell)
        elif isinstance(cell, CodeCell):
            count = " " if cell.count is None else str(cell.count)
            if cell.source is not None:
                prompt = f"+*In[{count}]:*+\n" if view.input_prompt else ""
                yield f"{prompt}[source, {cell.language}]\n{_block(cell.source)}"
            if cell.outputs and view.output_prompt:
                yield f"+*Out[{count}]:*+\n\n"
            for output in cell.outputs:
                yield _output(output, cell, rendering)


def _raw(cell: RawCell) -> str:
    kind = str(cell.metadata.get("raw_mimetype", cell.metadata.get("format", ""))).lower()
    if kind == "text/html":
        return f"++++\n{cell.source}\n++++\n\n"
    return f"{from_markdown(cell.source) if kind == 'text/markdown' else cell.source}\n\n"


def _block(text: str) -> str:
    lines = text.split("\n")
    fence = "-" * max(4, *(len(line) + 1 for line in lines if line and set(line) == {"-"}), 4)
    return f"{fence}\n{text}\n{fence}\n\n"


def _output(output: object, cell: CodeCell, rendering: Rendering) -> str:
    if isinstance(output, Stream):
        return _block(ansi.strip(output.text).strip("\n"))
    if isinstance(output, Failure):
        return _block(ansi.strip("\n".join(output.traceback)))
    return _shown(output, cell, rendering) if isinstance(output, Shown) else ""


def _shown(shown: Shown, cell: CodeCell, rendering: Rendering) -> str:
    mime, value = shown.mime, str(shown.value)
    if mime == "text/plain":
        return _block(ansi.strip(value))
    if mime == "text/markdown":
        return f"{from_markdown(value)}\n\n"
    if mime == "text/latex":
        return f"[latexmath]\n++++\n{value.strip().strip('$')}\n++++\n\n"
    if mime == "text/html":
        tables, text = read_tables(value)
        if tables:
            return "".join(f"{table(item.rows, item.head)}\n\n" for item in tables) + (f"{text}\n\n" if text else "")  # fmt: skip
        return f"++++\n{value}\n++++\n\n"
    if shown.file is not None:
        return f"image::{quote(shown.file)}[{shown.alt.replace(']', '')}]\n\n"
    rendering.note(f"an output that this format cannot show ({', '.join(shown.offered)})", cell.index)  # fmt: skip
    return ""
