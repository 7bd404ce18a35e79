"""Write a document as slides: reveal.js in the page itself, so that the file is all there is to carry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import assets, markup
from nuncius.nbconvert.errors import ConversionException
from nuncius.nbconvert.render import html
from nuncius.nbconvert.render.pages import make_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nuncius.nbconvert.document import Cell, Document
    from nuncius.nbconvert.options import SlidesExporter
    from nuncius.nbconvert.rendering import Rendering

__all__ = ["grouped", "slide_type", "slides"]

_CSS = """\
.reveal{font-size:20px}.reveal .slides{text-align:left}.reveal .slides section{font-size:20px}
:root{--jp-content-font-size1:20px;--jp-code-font-size:17px;--jp-cell-prompt-width:5.5rem}
.reveal .highlight pre,.reveal .jp-OutputArea-output pre{width:auto;margin:0;box-shadow:none;font-size:var(--jp-code-font-size);line-height:1.35}
.reveal pre code,.reveal .highlight pre{max-height:none}.reveal .jp-InputArea-editor{box-shadow:none}
.reveal table{font-size:.8em;margin:.4em 0}.reveal section img{margin:.3em 0;background:none;border:0}
.reveal :is(ol,ul){display:block}.reveal blockquote{width:auto;margin:.6em 0;padding:0 1em;box-shadow:none;border-left:3px solid var(--line)}
.reveal h1{font-size:1.9em}.reveal h2{font-size:1.5em}.reveal h3{font-size:1.2em}
html,body,main,.reveal{height:100%}main{max-width:none;margin:0;padding:0}body.jp-Notebook{padding:0}
.nb-scroll .slides>section,.nb-scroll .slides>section>section{max-height:100%;overflow-y:auto}
"""
_IMPORT = re.compile(r"@import\s+url\([^)]*\);?")
_DARK = frozenset({"black", "black-contrast", "blood", "dracula", "league", "moon", "night"})


def slide_type(cell: Cell) -> str:
    """Return what the author made of a cell: slide, subslide, fragment, notes, skip or "-"."""
    return _kind(cell.metadata)


def _kind(metadata: Mapping[str, Any]) -> str:
    show = metadata.get("slideshow")
    kind = show.get("slide_type") if isinstance(show, dict) else None
    return kind if isinstance(kind, str) and kind else "-"


def grouped(cells: tuple[Cell, ...]) -> list[list[list[tuple[str, Cell]]]]:
    """Return the cells as slides of subslides of (type, cell); what is skipped is left out."""
    slides_: list[list[list[tuple[str, Cell]]]] = []
    for cell in cells:
        kind = slide_type(cell)
        if kind == "skip":
            continue
        if not slides_:
            # The first that is seen begins a slide, whatever it is; notes may come before.
            slides_.append([[]])
            kind = kind if kind == "notes" else "slide"
        elif kind == "slide":
            slides_.append([[]])
        elif kind == "subslide":
            slides_[-1].append([])
        slides_[-1][-1].append((kind, cell))
    return slides_


def mark(nb: dict[str, Any]) -> None:
    """Write into the cells' metadata where slides begin and end, as templates of nbconvert read it."""
    cells = [cell for cell in nb["cells"] if _kind(cell["metadata"]) != "skip"]
    kinds = [_kind(cell["metadata"]) for cell in cells]
    if kinds and kinds[0] not in ("slide", "notes"):
        kinds[0] = "slide"
    fragment = False
    for index, (cell, kind) in enumerate(zip(cells, kinds, strict=True)):
        metadata = cell["metadata"]
        metadata["slide_type"] = kind
        if index == 0 or kind == "slide":
            metadata["slide_start"] = True
        if index == 0 or kind in ("slide", "subslide"):
            metadata["subslide_start"] = True
            fragment = False
        if kind == "fragment":
            metadata["fragment_start"] = fragment = True
        following = kinds[index + 1] if index + 1 < len(kinds) else "slide"
        metadata["fragment_end"] = fragment and following in ("fragment", "subslide", "slide")
        fragment = fragment and not metadata["fragment_end"]
        metadata["subslide_end"] = following in ("subslide", "slide")
        metadata["slide_end"] = following == "slide"
    for cell in nb["cells"]:
        if _kind(cell["metadata"]) == "skip":
            cell["metadata"]["slide_type"] = "skip"


def slides(rendering: Rendering) -> Iterator[str]:
    """Yield the page."""
    page = make_page(rendering)
    options: SlidesExporter = rendering.options
    document = rendering.document
    body = [chunk for slide in grouped(document.cells) for chunk in _slide(slide, document, page)]
    if options.reveal_theme in _DARK and options.theme == "light":
        import dataclasses

        page.options = dataclasses.replace(options, theme="dark")
    yield _head(document, page, options)
    yield f'<main>\n<div class="reveal{" nb-scroll" if options.reveal_scroll else ""}">\n<div class="slides">\n'
    yield from body
    yield "</div>\n</div>\n</main>\n"
    yield from html.scripts(document, page)
    yield from start(options)
    yield "</body>\n</html>\n"


def _slide(slide: list[list[tuple[str, Cell]]], document: Document, page: html.Page) -> Iterator[str]:  # fmt: skip
    yield "<section>\n"
    for subslide in slide:
        yield "<section>\n"
        fragment = False
        for kind, cell in subslide:
            if kind == "fragment":
                yield ("</div>\n" if fragment else "") + '<div class="fragment">\n'
                fragment = True
            if kind == "notes":
                yield '<aside class="notes">\n'
            yield from html.render_cell(cell, document, page)
            if kind == "notes":
                yield "</aside>\n"
        yield "</div>\n</section>\n" if fragment else "</section>\n"
    yield "</section>\n"


def sheets(options: SlidesExporter) -> str:
    """Return the style sheets of slides: those of reveal.js, then ours."""
    if options.reveal_url_prefix:
        prefix = options.reveal_url_prefix
        theirs = "".join(
            f'<link rel="stylesheet"{markup.attributes(href=f"{prefix}/dist/{path}.css")}>\n'
            for path in ("reveal", f"theme/{options.reveal_theme}")
        )
    else:
        css = assets.read("reveal/reveal.css") + _IMPORT.sub("", _theme(options.reveal_theme))
        theirs = f"<style>\n{css}\n</style>\n"
    return f"{theirs}<style>\n{_CSS}</style>\n"


def _head(document: Document, page: html.Page, options: SlidesExporter) -> str:
    head = html.head(document, page)
    theirs, ours = sheets(options).rsplit("<style>", 1)
    # Before the page's own sheets, which have the last word about cells.
    head = head.replace("<style>", theirs + "<style>", 1)
    return head.replace("</head>", f"<style>{ours}</head>", 1)


def _theme(name: str) -> str:
    if not re.fullmatch(r"[\w-]+", name):
        raise ConversionException(f"SlidesExporter.reveal_theme: {name!r} is no name of a theme")
    try:
        return assets.read(f"reveal/theme/{name}.css")
    except FileNotFoundError:
        from pathlib import Path

        known = sorted(p.stem for p in Path(assets.__file__).parent.glob("reveal/theme/*.css"))
        raise ConversionException(f"SlidesExporter.reveal_theme: there is no theme {name!r}; known are {', '.join(known)}") from None  # fmt: skip


def start(options: SlidesExporter) -> Iterator[str]:
    """Yield the scripts of slides, and the one that starts them."""
    if options.reveal_url_prefix:
        for path in ("dist/reveal.js", "plugin/notes/notes.js"):
            yield f"<script{markup.attributes(src=f'{options.reveal_url_prefix}/{path}')}></script>\n"
    else:
        for path in ("reveal/reveal.js", "reveal/notes.js"):
            script = _IN_PAGE.sub(lambda _: "<\\/", assets.read(path))
            yield f"<script>\n{script}\n</script>\n"
    settings = {
        "controls": True,
        "progress": True,
        "hash": True,
        "center": False,
        "transition": options.reveal_transition,
        "slideNumber": options.reveal_number or False,
        "width": _length(options.reveal_width, 960),
        "height": _length(options.reveal_height, 700),
    }
    settings_text = markup.data_for_script(settings)
    yield f"<script>\nReveal.initialize(Object.assign({settings_text}, {{plugins: [RevealNotes]}}));\n</script>\n"


def speaker_script() -> str:
    """Return the script in the window of the speaker's view: a page may have a policy that lets through named scripts only."""
    import json

    # The window is written from a string in the script that opens it; it has no other escapes than JSON.
    text = assets.read("reveal/notes.js")
    begin, end = "<script>", "<\\/script>"
    written = text[text.index(begin) + len(begin) : text.index(end)]
    return str(json.loads(f'"{written}"'))


#: A script that has the end of a script in a string must not end there.
_IN_PAGE = re.compile(r"</(?=script)", re.IGNORECASE)


def _length(value: str, default: int) -> int | str:
    return int(value) if value.isdigit() else value or default
