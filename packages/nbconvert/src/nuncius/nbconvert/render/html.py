"""Write a document as a page: self-contained, accessible, light or dark, and printable.

The page has JupyterLab's classes (``jp-Cell``, ``jp-OutputArea-output`` ...), so that style sheets made for exported notebooks work. Nothing in it is random and nothing is loaded unless an output needs it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import assets, markup, sanitize, themes
from nuncius.nbconvert.document import (
    WIDGET_STATE,
    CodeCell,
    Document,
    MarkdownCell,
    Output,
    RawCell,
    UnknownCell,
)
from nuncius.nbconvert.highlight import code
from nuncius.nbconvert.markdown.html import Heading, Style, html
from nuncius.nbconvert.mathml import Mathematics
from nuncius.nbconvert.options import HTMLExporter
from nuncius.nbconvert.render import libraries
from nuncius.nbconvert.render.html_outputs import Outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Page", "render"]


@dataclass(slots=True)
class Page:
    """What the writing of one page needs and gathers.

    Attributes:
        options: The format's.
        css: Further style sheets, after the page's own.
        image: Rewrites the address of a picture in Markdown.
        link: Rewrites the address of a link in Markdown.
        note: Takes what could not be shown as it should.
    """

    options: HTMLExporter = field(default_factory=HTMLExporter)
    css: tuple[str, ...] = ()
    image: Callable[[str], str] | None = None
    link: Callable[[str], str] | None = None
    note: Callable[[str, int | None], None] = lambda text, cell: None
    clean: Callable[[str], str] = sanitize.clean
    style: Style = field(init=False)
    outputs: Outputs = field(init=False)

    def __post_init__(self) -> None:
        options = self.options
        self.style = Style(
            math=Mathematics(native=not options.mathjax_url),
            anchor="" if options.exclude_anchor_links else options.anchor_link_text,
            image=self.image,
            link=self.link,
        )
        self.outputs = Outputs(
            safe=options.sanitize_html,
            raw_svg=options.skip_svg_encoding,
            style=self.style,
            note=self.note,
            clean=self.clean,
            plotly_js_url=options.plotly_js_url,
        )


def render(document: Document, page: Page, *, whole: bool = True) -> Iterator[str]:
    """Yield the page.

    Args:
        document: What is shown.
        page: How.
        whole: With head and style sheets; False: the cells only, to be put into another page.
    """
    # What the head must have is known only after the body.
    chunks = [piece for cell in document.cells for piece in render_cell(cell, document, page)]
    if not whole:
        yield from chunks
        return
    yield head(document, page)
    if page.options.toc:
        yield contents(page.style.headings)
    yield "<main>\n"
    yield from chunks
    yield "</main>\n"
    yield from scripts(document, page)
    yield "</body>\n</html>\n"


def render_cell(cell: object, document: Document, page: Page) -> Iterator[str]:
    """Yield one cell."""
    if isinstance(cell, CodeCell):
        yield from _code(cell, document, page)
    elif isinstance(cell, MarkdownCell):
        yield from _markdown(cell, document, page)
    elif isinstance(cell, RawCell):
        yield page.clean(cell.source) if page.options.sanitize_html else cell.source
        yield "\n"
    elif isinstance(cell, UnknownCell):
        page.note(f"a cell of unknown type {cell.kind!r}", cell.index)
        yield f'<p class="nb-missing">A cell of unknown type: {markup.text(cell.kind)}</p>\n'


def _classes(tags: tuple[str, ...]) -> str:
    return "".join(f" celltag_{tag}" for tag in tags)


def _code(cell: CodeCell, document: Document, page: Page) -> Iterator[str]:
    empty = "" if cell.outputs else " jp-mod-noOutputs"
    classes = f"jp-Cell jp-CodeCell jp-Notebook-cell{empty}{_classes(cell.tags)}"
    yield f"<div class={markup.attribute(classes)} id={markup.attribute('cell-id=' + cell.id)}>\n"
    if cell.source is not None:
        yield from _folded(code_input(cell, document, page), cell.fold_input, "Show code")
    if cell.outputs:
        yield from _folded(code_outputs(cell, document, page), cell.fold_output, "Show output")
    yield "</div>\n"


def _folded(chunks: Iterator[str], fold: bool, label: str) -> Iterator[str]:
    if fold:
        yield f'<details class="nb-fold"><summary>{label}</summary>\n'
    yield from chunks
    if fold:
        yield "</details>\n"


def code_input(cell: CodeCell, document: Document, page: Page) -> Iterator[str]:
    """Yield the source of a code cell with its prompt."""
    count = "&nbsp;" if cell.count is None else str(cell.count)
    prompt = f'<div class="jp-InputPrompt jp-InputArea-prompt">In&nbsp;[{count}]:</div>\n' if document.view.input_prompt else ""  # fmt: skip
    body = code.block(cell.source or "", cell.language, page.options.lexer_options)
    yield (
        '<div class="jp-Cell-inputWrapper">\n<div class="jp-InputArea jp-Cell-inputArea">\n'
        f'{prompt}<div class="jp-CodeMirrorEditor jp-Editor jp-InputArea-editor" data-type="inline" tabindex="0">\n'
        f'<div class="cm-editor cm-s-jupyter">\n{body}\n</div>\n</div>\n</div>\n</div>\n'
    )


def code_outputs(cell: CodeCell, document: Document, page: Page) -> Iterator[str]:
    """Yield the outputs of a code cell with their prompts."""
    yield '<div class="jp-Cell-outputWrapper">\n<div class="jp-OutputArea jp-Cell-outputArea">\n'
    for number, output in enumerate(cell.outputs):
        yield from output_area(output, cell, number, document, page)
    yield "</div>\n</div>\n"


def output_area(
    output: Output, cell: CodeCell, number: int, document: Document, page: Page
) -> Iterator[str]:
    """Yield one output with its prompt."""
    result = getattr(output, "result", False)
    kind = " jp-OutputArea-executeResult" if result else ""
    yield f'<div class="jp-OutputArea-child{kind}">\n'
    if document.view.output_prompt:
        count = getattr(output, "count", None)
        count = cell.count if count is None else count
        text = f"Out[{'&nbsp;' if count is None else count}]:" if result else ""
        yield f'<div class="jp-OutputPrompt jp-OutputArea-prompt">{text}</div>\n'
    yield from page.outputs.write(output, cell, number)
    yield "</div>\n"


def _markdown(cell: MarkdownCell, document: Document, page: Page) -> Iterator[str]:
    classes = f"jp-Cell jp-MarkdownCell jp-Notebook-cell{_classes(cell.tags)}"
    prompt = '<div class="jp-InputPrompt jp-InputArea-prompt"></div>\n' if document.view.input_prompt else ""  # fmt: skip
    yield (
        f"<div class={markup.attribute(classes)} id={markup.attribute('cell-id=' + cell.id)}>\n"
        f'<div class="jp-Cell-inputWrapper">\n<div class="jp-InputArea jp-Cell-inputArea">\n{prompt}'
        '<div class="jp-RenderedHTMLCommon jp-RenderedMarkdown jp-MarkdownOutput" data-mime-type="text/markdown">\n'
    )
    yield markdown_cell(cell, page)
    yield "</div>\n</div>\n</div>\n</div>\n"


def markdown_cell(cell: MarkdownCell, page: Page) -> str:
    """Return the content of a Markdown cell."""
    page.style.image = (
        partial(_image, cell.attachments, page.image) if cell.attachments else page.image
    )
    body = html(cell.source, page.style)
    for tex in page.style.math.failed:
        page.note(f"a formula that is not understood: {tex[:80]}", cell.index)
    page.style.math.failed.clear()
    page.outputs.needs.mermaid |= 'class="mermaid"' in body
    return page.clean(body) if page.options.sanitize_html else body


def _image(attachments: Mapping[str, Any], otherwise: Callable[[str], str] | None, url: str) -> str:
    if url.startswith("attachment:"):
        from urllib.parse import unquote

        name = url[len("attachment:") :]
        bundle = attachments.get(name) or attachments.get(unquote(name))
        if isinstance(bundle, dict) and bundle:
            mime, data = next(iter(bundle.items()))
            return f"data:{mime};base64,{data if isinstance(data, str) else ''.join(data)}"
    return url if otherwise is None else otherwise(url)


def head(document: Document, page: Page) -> str:
    """Return everything before the content."""
    options = page.options
    theme = options.theme
    css = colors(theme) + "".join(f"<style>\n{sheet}\n</style>\n" for sheet in page.css)
    js = _head_scripts(document, page)
    dark = themes.is_dark(theme)
    look = "" if theme == "auto" else f' data-theme="{"dark" if dark else "light"}"'
    toc = " nb-has-toc" if options.toc else ""
    return (
        f"<!DOCTYPE html>\n<html lang={markup.attribute(options.language_code)}{look}>\n<head>\n"
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{markup.text(document.title)}</title>\n{css}{js}</head>\n"
        f'<body class="jp-Notebook{toc}" data-jp-theme-light="{"false" if dark else "true"}">\n'
    )


def colors(theme: str) -> str:
    """Return the page's style sheets: the one that all have, and what a theme adds to it."""
    sheets = [assets.read("notebook.css")]
    if theme == "auto":
        sheets.append(_dark_by_system())
    elif theme not in ("light", "dark"):
        sheets.append(themes.sheet(theme))
    return "".join(f"<style>\n{sheet}\n</style>\n" for sheet in sheets)


def _dark_by_system() -> str:
    css = assets.read("notebook.css")
    start = css.index("[data-theme=dark]{") + len("[data-theme=dark]")
    return "@media (prefers-color-scheme:dark){:root" + css[start : css.index("}", start) + 1] + "}"


def _head_scripts(document: Document, page: Page) -> str:
    options, needs = page.options, page.outputs.needs
    if options.sanitize_html:
        return ""
    out = ""
    if needs.require or needs.widgets:
        out += f"<script{markup.attributes(src=options.require_js_url)}></script>\n"
        out += (
            f"<script{markup.attributes(src=options.jquery_url)}></script>\n"
            if needs.require
            else ""
        )
    if options.mathjax_url:
        out += f"<script async{markup.attributes(src=options.mathjax_url)}></script>\n"
    return out


def scripts(document: Document, page: Page) -> Iterator[str]:
    """Yield what comes after the content: the widgets' state and the scripts that outputs need."""
    options, needs = page.options, page.outputs.needs
    if options.sanitize_html:
        return
    if needs.widgets and document.widgets is not None:
        url = options.widget_renderer_url or (
            f"{options.jupyter_widgets_base_url}@jupyter-widgets/html-manager@{options.html_manager_semver_range}/dist/embed-amd.js"
        )
        yield f'<script type="{WIDGET_STATE}">\n{markup.data_for_script(document.widgets)}\n</script>\n'
        yield f"<script{markup.attributes(src=url)}></script>\n"
    if needs.mermaid and options.mermaid_js_url:
        yield from libraries.mermaid(options.mermaid_js_url)


def contents(headings: list[Heading]) -> str:
    """Return a table of contents."""
    out = ['<nav class="nb-toc" aria-label="Contents">\n']
    stack: list[int] = []
    for heading in headings:
        if not stack or heading.level > stack[-1]:
            out.append("<ul>")
            stack.append(heading.level)
        else:
            while len(stack) > 1 and heading.level <= stack[-2]:
                out.append("</li></ul>")
                stack.pop()
            stack[-1] = min(stack[-1], heading.level)
            out.append("</li>\n")
        out.append(f"<li><a{markup.attributes(href='#' + heading.id)}>{markup.text(heading.title)}</a>")  # fmt: skip
    out.append("</li></ul>" * len(stack) + "\n</nav>\n")
    return "".join(out)
