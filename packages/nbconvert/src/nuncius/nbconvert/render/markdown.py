"""Write a document as Markdown: the cells as they are, code in fences, outputs indented or as pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from nuncius.nbconvert import ansi
from nuncius.nbconvert.document import (
    CodeCell,
    Failure,
    MarkdownCell,
    Output,
    RawCell,
    Shown,
    Stream,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nuncius.nbconvert.rendering import Rendering

__all__ = ["markdown"]

_LINE = re.compile("^(?=.)", re.MULTILINE)
_TICKS = re.compile("`{3,}")


def markdown(rendering: Rendering) -> Iterator[str]:
    """Yield the document."""
    for cell in rendering.document.cells:
        if isinstance(cell, MarkdownCell | RawCell):
            yield f"{cell.source}\n\n"
        elif isinstance(cell, CodeCell):
            if cell.source is not None:
                yield _fenced(cell, rendering.document.language)
            for output in cell.outputs:
                yield from _output(output, cell, rendering)
        else:
            yield f"*A cell of unknown type: {cell.kind}*\n\n"


def _fenced(cell: CodeCell, language: str) -> str:
    source = cell.source or ""
    # A fence is longer than any in the code, or it would end there.
    longest = max((len(ticks) for ticks in _TICKS.findall(source)), default=2)
    fence = "`" * (longest + 1)
    magic = cell.metadata.get("magics_language")
    return f"\n{fence}{magic if isinstance(magic, str) else language}\n{source}\n{fence}\n\n"


def indented(text: str, by: str = "    ") -> str:
    """Return text with every line that is not empty indented."""
    return _LINE.sub(by, text)


def _output(output: Output, cell: CodeCell, rendering: Rendering) -> Iterator[str]:
    if isinstance(output, Stream):
        yield f"{indented(ansi.strip(output.text))}\n\n"
    elif isinstance(output, Failure):
        yield f"\n{indented(ansi.strip(chr(10).join(output.traceback)))}\n\n"
    else:
        yield from _shown(output, cell, rendering)


def _shown(output: Shown, cell: CodeCell, rendering: Rendering) -> Iterator[str]:
    mime = output.mime
    if mime.startswith("image/"):
        kind = mime.rpartition("/")[2].partition("+")[0]
        alt = kind if output.alt.startswith("Picture without") else _alt(output.alt)
        yield f"\n![{alt}]("
        if output.file is not None:
            yield quote(output.file)
        elif mime == "image/svg+xml":
            from nuncius.nbconvert.sanitize import clean_svg

            yield clean_svg(str(output.value))
        else:
            yield f"data:{mime};base64,"
            yield str(output.value).replace("\n", "")
        yield ")\n\n"
    elif mime == "text/plain":
        yield f"\n{indented(ansi.strip(str(output.value)))}\n\n"
    elif mime:
        yield f"\n{output.value}\n\n"
    else:
        rendering.note(f"an output that this format cannot show ({', '.join(output.offered)})", cell.index)  # fmt: skip


def _alt(text: str) -> str:
    return text.replace("[", "(").replace("]", ")").replace("\n", " ")
