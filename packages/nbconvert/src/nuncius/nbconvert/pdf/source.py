"""Write a document as Typst source."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from nuncius.nbconvert.document import (
    Cell,
    CodeCell,
    Document,
    Failure,
    MarkdownCell,
    Output,
    RawCell,
    Shown,
    Stream,
)
from nuncius.nbconvert.html_table import read_tables
from nuncius.nbconvert.markdown.events import numbered
from nuncius.nbconvert.mathml import Mathematics
from nuncius.nbconvert.pdf import formulas
from nuncius.nbconvert.pdf.markdown import MarkdownWriter, picture, table
from nuncius.nbconvert.pdf.terminal import terminal
from nuncius.nbconvert.pdf.text import markup, raw, string

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nuncius.nbconvert.pdf.pictures import Pictures

__all__ = ["TYPES", "body", "only_math", "prelude"]

#: MIME types of outputs, the best first.
TYPES = (
    "text/latex", "image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf",
    "text/markdown", "text/html", "text/plain", "application/json",
)  # fmt: skip
_LANGUAGES = {"ipython": "python", "ipython3": "python", "python3": "python", "ipython2": "python", "c++": "cpp", "julia-1": "julia"}  # fmt: skip
_BREAK = re.compile(r"\\(?:newpage|clearpage|pagebreak)\b")
_DOLLARS = re.compile(r"(\$\$?)(?P<tex>[^$]+)\1|\\\[(?P<square>.+)\\\]|\\\((?P<round>.+)\\\)", re.DOTALL)  # fmt: skip


@lru_cache(maxsize=1)
def _definitions() -> str:
    return files(__package__).joinpath("prelude.typ").read_text(encoding="utf-8")


def prelude(document: Document, families: tuple[str, ...]) -> str:
    """Return what stands before the content: title, fonts, definitions.

    Args:
        document: The document.
        families: Fonts for text, the best first; all of them must be there.
    """
    listed = ", ".join(string(family) for family in families)
    authors = "".join(f"{string(author)}, " for author in document.authors)
    head = f"#set document(title: {string(document.title)}, author: ({authors}), date: none)\n"
    fonts = f'#set text(font: ({listed},), size: 10.5pt, lang: "en")\n#let mono = ("DejaVu Sans Mono", {listed},)\n'
    return head + fonts + _definitions()


def body(document: Document, pictures: Pictures, note: Callable[[str, int | None], None]) -> Iterator[str]:  # fmt: skip
    """Yield the content.

    Args:
        document: What is shown.
        pictures: Takes the pictures.
        note: Takes what could not be shown, with the index of the cell.
    """
    writer = _Writer(document, pictures, note)
    yield _title(document)
    for cell in document.cells:
        yield from writer.cell(cell)


def _title(document: Document) -> str:
    if not document.metadata.get("title") and not document.authors:
        return ""
    below = " · ".join([*document.authors, *([document.date] if document.date else [])])
    small = f"\n\n#text(size: 10pt)[{markup(below)}]" if below else ""
    return (
        f"#align(center)[#text(size: 18pt)[*{markup(document.title) or 'Notebook'}*]{small}];\n\n"
    )


def only_math(latex: str) -> str | None:
    """Return the formula that an output in LaTeX is; None if there is something else in it."""
    latex = latex.strip()
    match = _DOLLARS.fullmatch(latex)
    if match:
        latex = match["tex"] or match["square"] or match["round"]
    elif not latex.startswith("\\begin{") or latex.startswith(("\\begin{tabular", "\\begin{table")):
        return None
    return latex.strip()


class _Writer:
    def __init__(
        self, document: Document, pictures: Pictures, note: Callable[[str, int | None], None]
    ) -> None:
        self._document, self._pictures, self._note = document, pictures, note
        self._mathematics = Mathematics()
        self._mathematics.learn(numbered(document.prose))
        self._markdown = MarkdownWriter(pictures.address, self._mathematics)

    def cell(self, cell: Cell) -> Iterator[str]:
        if isinstance(cell, MarkdownCell):
            yield self._markdown.write(cell.source, cell.index)
        elif isinstance(cell, RawCell):
            yield self._raw(cell)
        elif isinstance(cell, CodeCell):
            if cell.source and cell.source.strip():
                yield self._source(cell)
            for item in cell.outputs:
                yield self._output(item, cell)

    def _raw(self, cell: RawCell) -> str:
        mime = str(cell.metadata.get("raw_mimetype", cell.metadata.get("format", ""))).lower()
        if "latex" in mime or "tex" in mime.split("/")[-1:]:
            if _BREAK.search(cell.source):
                return "#pagebreak(weak: true)\n\n"
            self._note("a raw cell in LaTeX is left out; --pdf-engine=xelatex shows it", cell.index)
            return ""
        return f"#{raw(cell.source, block=True)};\n\n" if cell.source.strip() else ""

    def _source(self, cell: CodeCell) -> str:
        language = cell.language.lower()
        code = raw(cell.source or "", language=_LANGUAGES.get(language, language), block=True)
        count = " " if cell.count is None else str(cell.count)
        label = f"In [{count}]:" if self._document.view.input_prompt else None
        return f"#input({_label(label)}, {code});\n\n"

    def _output(self, item: Output, cell: CodeCell) -> str:
        if isinstance(item, Stream):
            if not item.text.strip():
                return ""
            return f"#{'warned' if item.name == 'stderr' else 'printed'}({terminal(item.text)});\n\n"  # fmt: skip
        if isinstance(item, Failure):
            text = "\n".join(item.traceback) or f"{item.ename}: {item.evalue}"
            return f"#failed({terminal(text)});\n\n"
        shown = self._shown(item, cell)
        if not shown:
            return ""
        count = item.count if item.count is not None else cell.count
        label = f"Out[{' ' if count is None else count}]:" if item.result and self._document.view.output_prompt else None  # fmt: skip
        return f"#result({_label(label)}, {shown});\n\n"

    def _shown(self, item: Shown, cell: CodeCell) -> str:
        """Return an output as an expression; "" if there is nothing to show."""
        mime, value = item.mime, item.value
        if mime == "text/plain":
            return terminal(str(value)) if str(value).strip() else ""
        if mime == "application/json":
            return raw(json.dumps(value, indent=2, ensure_ascii=False), language="json", block=True)
        if mime == "text/latex":
            return self._latex(str(value), cell)
        if mime == "text/markdown":
            return f"[{self._markdown.write(str(value), cell.index)}]"
        if mime == "text/html":
            tables, outside = read_tables(str(value))
            if tables:
                text = f"#smaller[{markup(outside)}];\n" if outside else ""
                return f"[{''.join(table(value) for value in tables)}{text}]"
        if item.file is not None and (name := self._pictures.output(item.file, cell.index)):
            return picture(name, item.alt, _size(item))
        if not mime.startswith("image/"):
            self._note(f"an output that cannot be shown in a PDF without a browser ({', '.join(item.offered)})", cell.index)  # fmt: skip
        return f"[#emph[{markup(item.alt or 'An output that is not shown here: ' + ', '.join(item.offered))}]]"  # fmt: skip

    def _latex(self, value: str, cell: CodeCell) -> str:
        tex = only_math(value)
        made = formulas.formula(tex, True, self._mathematics) if tex is not None else None
        if made is not None:
            return made
        if tex is None and "$" in value and "\\begin{tab" not in value:
            return f"[{self._markdown.write(value, cell.index)}]"
        self._note("an output in LaTeX is shown as its source", cell.index)
        return raw(value, language="latex", block=True)


def _label(text: str | None) -> str:
    return "none" if text is None else string(text)


def _size(item: Shown) -> str:
    """Return the size that an output's metadata gives its picture: pixels of 1/96 inch."""
    width = item.metadata.get("width")
    if isinstance(width, (int, float)) and not isinstance(width, bool) and 0 < width < 10_000:
        return f", width: {min(width * 0.75, 440):.1f}pt"
    return ""
