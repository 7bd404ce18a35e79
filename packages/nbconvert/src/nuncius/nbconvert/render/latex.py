"""Write a document as LaTeX that compiles with XeLaTeX, LuaLaTeX and pdfLaTeX, with no other program."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from nuncius.nbconvert import ansi, assets
from nuncius.nbconvert.document import (
    CodeCell,
    Document,
    Failure,
    MarkdownCell,
    Output,
    RawCell,
    Shown,
    Stream,
)
from nuncius.nbconvert.highlight import code
from nuncius.nbconvert.html_table import read_tables
from nuncius.nbconvert.markdown import latex as md

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nuncius.nbconvert.rendering import Rendering

__all__ = ["cell_markdown", "latex", "output", "preamble"]

_BOX_IN = "breakable, size=fbox, boxrule=1pt, pad at break*=1mm, colback=cellbackground, colframe=cellborder"  # fmt: skip
_BOX_OUT = "breakable, size=fbox, boxrule=.5pt, pad at break*=1mm, opacityfill=0"
_VERBATIM = "\\begin{Verbatim}[commandchars=\\\\\\{\\}]\n"
_PICTURES = (".png", ".jpg", ".jpeg", ".pdf", ".eps")


@lru_cache(maxsize=1)
def _sections() -> dict[str, str]:
    parts = assets.read("latex_preamble.tex").split("%%% ")
    return {name: text for part in parts[1:] for name, _, text in [part.partition("\n")]}


def preamble(section: str) -> str:
    """Return a part of the preamble: packages, definitions, commands or margins."""
    return _sections()[section]


def latex(rendering: Rendering) -> Iterator[str]:
    """Yield the document."""
    document = rendering.document
    yield "\\documentclass[11pt]{article}\n\n"
    yield preamble("packages")
    yield preamble("definitions")
    yield rendering.resources.get("latex", {}).get("pygments_definitions", "")
    yield head(document)
    yield preamble("commands") + preamble("margins")
    yield "\n\\begin{document}\n\\maketitle\n\n"
    for cell in document.cells:
        yield from _cell(cell, rendering)
    yield "\n\\end{document}\n"


def head(document: Document) -> str:
    """Return title, author and date."""
    parts = [f"\n\\title{{{md.escape(document.title)}}}\n"]
    if document.authors:
        names = r" \and ".join(md.escape(author) for author in document.authors)
        parts.append(f"\\author{{{names}}}\n")
    if document.date:
        parts.append(f"\\date{{{md.escape(document.date)}}}\n")
    return "".join(parts)


def _cell(cell: object, rendering: Rendering) -> Iterator[str]:
    if isinstance(cell, MarkdownCell):
        yield cell_markdown(cell.source, rendering) + "\n"
    elif isinstance(cell, RawCell):
        yield cell.source + "\n\n"
    elif isinstance(cell, CodeCell):
        if cell.source is not None:
            yield source(cell, rendering.document)
        for number, item in enumerate(cell.outputs):
            yield from output(item, cell, number, rendering)


def cell_markdown(text: str, rendering: Rendering) -> str:
    """Return a Markdown text as LaTeX."""
    return md.latex(text, partial(_picture, rendering))


def _picture(rendering: Rendering, url: str) -> str | None:
    """Return the path of a picture that TeX can read: one that was extracted, or a file beside the notebook."""
    from urllib.parse import unquote

    path = unquote(url).removeprefix("files/")
    if "://" in path or path.startswith(("data:", "attachment:")) or not path.lower().endswith(_PICTURES):  # fmt: skip
        return None
    folder = Path(rendering.resources.get("metadata", {}).get("path") or ".")
    if path in rendering.resources.get("outputs", {}) or (folder / path).is_file():
        return path
    return None


def source(cell: CodeCell, document: Document) -> str:
    """Return the box with the source of a code cell."""
    count = " " if cell.count is None else str(cell.count)
    prompt = f"\\prompt{{In}}{{incolor}}{{{count}}}{{\\boxspacing}}\n" if document.view.input_prompt else ""  # fmt: skip
    body = code.latex(cell.source or "", cell.language)
    return f"\\begin{{tcolorbox}}[{_BOX_IN}]\n{prompt}{_VERBATIM}{body}\n\\end{{Verbatim}}\n\\end{{tcolorbox}}\n\n"  # fmt: skip


def output(item: Output, cell: CodeCell, number: int, rendering: Rendering) -> Iterator[str]:
    """Yield an output."""
    if isinstance(item, Stream):
        yield f"{_VERBATIM}{_verbatim(item.text)}\n\\end{{Verbatim}}\n\n"
    elif isinstance(item, Failure):
        frame = "\\begin{Verbatim}[commandchars=\\\\\\{\\}, frame=single, framerule=2mm, rulecolor=\\color{outerrorbackground}]\n"  # fmt: skip
        yield f"{frame}{_verbatim(chr(10).join(item.traceback))}\n\\end{{Verbatim}}\n\n"
    else:
        yield from _shown(item, cell, rendering)


def _verbatim(text: str) -> str:
    return ansi.latex(code.verbatim(text)).strip("\n")


def _shown(item: Shown, cell: CodeCell, rendering: Rendering) -> Iterator[str]:
    mime, value = item.mime, item.value
    prompt = _prompt(item, cell, rendering.document)
    if mime == "text/plain":
        body = f"{_VERBATIM}{_verbatim(str(value))}\n\\end{{Verbatim}}\n"
        yield f"\\begin{{tcolorbox}}[{_BOX_OUT}]\n{prompt}{body}\\end{{tcolorbox}}\n\n" if prompt else body + "\n"  # fmt: skip
    elif mime == "text/latex":
        yield f"{prompt}{str(value).strip()}\n\n"
    elif mime == "text/markdown":
        yield prompt + cell_markdown(str(value), rendering)
    elif mime == "text/html":
        tables, _ = read_tables(str(value))
        yield prompt + "".join(md.table(table) for table in tables)
    elif mime.startswith("image/") or mime == "application/pdf":
        yield from _figure(item, cell, rendering, prompt)
    else:
        rendering.note(f"an output that this format cannot show ({', '.join(item.offered)})", cell.index)  # fmt: skip


def _prompt(item: Shown, cell: CodeCell, document: Document) -> str:
    if not item.result or not document.view.output_prompt:
        return ""
    count = item.count if item.count is not None else cell.count
    return f"\\prompt{{Out}}{{outcolor}}{{{' ' if count is None else count}}}{{\\boxspacing}}\n"


def _figure(item: Shown, cell: CodeCell, rendering: Rendering, prompt: str) -> Iterator[str]:
    if item.file is None or not item.file.lower().endswith(_PICTURES):
        rendering.note(f"a picture that TeX cannot read ({item.mime})", cell.index)
        yield f"{prompt}\\emph{{{md.escape(item.alt or 'picture')}}}\n\n"
        return
    path = item.file.replace("\\", "/")
    yield f"{prompt}\\begin{{center}}\n\\adjustimage{{max size={{0.9\\linewidth}}{{0.9\\paperheight}}}}{{{path}}}\n\\end{{center}}\n\n"  # fmt: skip
