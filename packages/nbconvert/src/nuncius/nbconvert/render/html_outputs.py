"""Write the outputs of code cells as HTML.

Chunks are yielded; the data of a picture is a chunk of its own, so that it is copied to the file and never put together with anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import ansi, markup, sanitize
from nuncius.nbconvert.document import PLOTLY, WIDGET_VIEW, CodeCell, Failure, Output, Shown, Stream
from nuncius.nbconvert.markdown.html import Style, html
from nuncius.nbconvert.render import libraries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["CLASSIC", "Names", "Needs", "Outputs"]

_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*\Z")
_SIZE = re.compile(r"\d{1,5}(?:\.\d+)?(?:px|%|em|rem|pt|cm|mm|in|vw|vh)?\Z")


@dataclass(frozen=True, slots=True)
class Names:
    """The classes of output elements; those of JupyterLab or of the classic notebook."""

    area: str = "jp-OutputArea-output"
    result: str = " jp-OutputArea-executeResult"
    text: str = "jp-RenderedText"
    html: str = "jp-RenderedHTMLCommon jp-RenderedHTML"
    markdown: str = "jp-RenderedHTMLCommon jp-RenderedMarkdown"
    latex: str = "jp-RenderedLatex"
    image: str = "jp-RenderedImage"
    svg: str = "jp-RenderedSVG"
    script: str = "jp-RenderedJavaScript"
    widget: str = "jupyter-widgets"


#: Those of the classic notebook, for style sheets that were written for it.
CLASSIC = Names(
    area="output_subarea",
    result=" output_execute_result",
    text="output_text",
    html="output_html rendered_html",
    markdown="output_markdown rendered_html",
    latex="output_latex",
    image="output_png",
    svg="output_svg",
    script="output_javascript",
    widget="output_widget_view",
)


@dataclass(slots=True)
class Needs:
    """What the page must load because an output needs it; of plotly, what it has loaded."""

    require: bool = False
    mermaid: bool = False
    plotly: bool = False
    widgets: bool = False


@dataclass(slots=True)
class Outputs:
    """Writes outputs.

    Attributes:
        safe: The notebook is not trusted.
        raw_svg: SVG goes into the page as it is.
        style: How Markdown is written.
        names: The classes.
        needs: Gathers what the page must load.
        note: Takes what could not be shown, for the report.
        clean: Makes HTML harmless.
        plotly_js_url: Where plotly.js is, see `nuncius.nbconvert.render.libraries`.
    """

    safe: bool = False
    raw_svg: bool = False
    style: Style = field(default_factory=Style)
    names: Names = field(default_factory=Names)
    needs: Needs = field(default_factory=Needs)
    note: Callable[[str, int], None] = lambda text, cell: None
    clean: Callable[[str], str] = sanitize.clean
    plotly_js_url: str = ""

    def write(self, output: Output, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield one output, without its prompt."""
        if isinstance(output, Stream):
            mime = (
                "text/plain"
                if output.name == "stdout"
                else f"application/vnd.jupyter.{output.name}"
            )
            yield from self.text(output.text, mime)
        elif isinstance(output, Failure):
            yield from self.text("\n".join(output.traceback), "application/vnd.jupyter.stderr")
        else:
            writer = _WRITERS.get(output.mime, Outputs.missing)
            yield from writer(self, output, cell, number)

    def _open(self, kind: str, shown: Shown | None, mime: str = "", more: str = "") -> str:
        result = self.names.result if shown is not None and shown.result else ""
        data = f" data-mime-type={markup.attribute(mime)}" if mime else ""
        return f'<div class="{kind} {self.names.area}{result}"{data}{more} tabindex="0">\n'

    def text(self, text: str, mime: str, shown: Shown | None = None) -> Iterator[str]:
        """Yield text with colors."""
        yield self._open(self.names.text, shown, mime)
        yield "<pre>"
        yield ansi.page(text)
        yield "</pre>\n</div>\n"

    def plain(self, shown: Shown, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield plain text."""
        yield from self.text(_string(shown.value), "text/plain", shown)

    def html(self, shown: Shown, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield HTML: as it is if it is trusted, in a frame of its own if it says so."""
        value = _string(shown.value)
        yield self._open(self.names.html, shown, "text/html")
        if self.safe:
            yield self.clean(value)
        elif shown.metadata.get("isolated"):
            yield f'<iframe title="Output" style="width:100%;height:520px;border:0" srcdoc={markup.attribute(value)}></iframe>'
        else:
            self._look(value)
            yield value
        yield "\n</div>\n"

    def _look(self, script: str) -> None:
        if not self.needs.require and ("require" in script or "define(" in script):
            self.needs.require = True

    def markdown(self, shown: Shown, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield Markdown."""
        body = html(_string(shown.value), self.style)
        yield self._open(self.names.markdown, shown, "text/markdown")
        yield self.clean(body) if self.safe else body
        yield "</div>\n"

    def latex(self, shown: Shown, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield LaTeX: formulas as such, anything else as source."""
        value = _string(shown.value)
        yield self._open(self.names.latex, shown, "text/latex")
        if not self.style.math.native:
            yield markup.text(value)
        elif _is_formula(value):
            body = html(value, self.style)
            yield self.clean(body) if self.safe else body
        else:
            yield f"<pre>{markup.text(value)}</pre>"
        yield "\n</div>\n"

    def image(self, shown: Shown, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield a picture."""
        yield self._open(self.names.image, shown)
        if shown.file is not None:
            yield f"<img src={markup.attribute(_url(shown.file))}"
        else:
            value = _string(shown.value)
            yield f'<img src="data:{shown.mime};base64,'
            # Letters, digits and three signs cannot end an attribute; anything else is escaped.
            yield value if not any(c in value for c in "\"'<>&") else markup.text(value).replace('"', "&quot;")  # fmt: skip
            yield '"'
        yield f"{self._image_attributes(shown)}>\n</div>\n"

    def _image_attributes(self, shown: Shown) -> str:
        metadata = shown.metadata
        classes = "unconfined" if metadata.get("unconfined") else ""
        background = metadata.get("needs_background")
        if background in ("light", "dark"):
            classes += f" jp-needs-{background}-background"
        return markup.attributes(
            alt=shown.alt,
            width=_size(metadata.get("width")),
            height=_size(metadata.get("height")),
            class_=classes.strip() or None,
        )

    def svg(self, shown: Shown, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield an SVG picture, as an image unless it may have scripts."""
        yield self._open(self.names.svg, shown, "image/svg+xml")
        if shown.file is not None:
            yield f"<img{markup.attributes(src=_url(shown.file), alt=shown.alt)}>"
        elif self.raw_svg and not self.safe:
            yield _string(shown.value)
        else:
            yield f'<img{markup.attributes(alt=shown.alt)} src="'
            yield sanitize.clean_svg(_string(shown.value))
            yield '">'
        yield "\n</div>\n"

    def mermaid(self, shown: Shown, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield a diagram."""
        self.needs.mermaid = True
        yield f'<div class="jp-Mermaid"><pre class="mermaid">{markup.text(_string(shown.value).strip())}</pre></div>\n'

    def script(self, shown: Shown, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield a script; nothing but its place if it is not trusted."""
        value = _string(shown.value)
        self._look(value)
        name = f"nb-js-{cell.index}-{number}"
        yield f'<div id="{name}" class="{self.names.script} {self.names.area}" data-mime-type="application/javascript">\n'
        if not self.safe:
            body = re.sub("</(?=script)", r"<\\/", value, flags=re.IGNORECASE)
            yield f"<script>\n(function(element) {{\n{body}\n}})(document.getElementById('{name}'));\n</script>\n"
        yield "</div>\n"

    def plotly(self, shown: Shown, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield a figure of plotly for its script to draw."""
        if self.safe or not libraries.plotly_library(self.plotly_js_url):
            why = "" if self.safe else "; pip install plotly, or say where plotly.js is: HTMLExporter.plotly_js_url"  # fmt: skip
            yield from self.missing(shown, cell, number, why)
            return
        if not self.needs.plotly:
            self.needs.plotly = True
            yield from libraries.library(libraries.plotly_library(self.plotly_js_url))
        yield f'<div class="nb-plotly {self.names.area}" data-mime-type="{shown.mime}">\n'
        yield f'<script type="{shown.mime}">\n{markup.data_for_script(shown.value)}\n</script>\n</div>\n'
        yield libraries.DRAW_PLOTLY

    def widget(self, shown: Shown, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield a widget for the manager to show."""
        self.needs.widgets = True
        name = f"nb-widget-{cell.index}-{number}"
        yield f'<div id="{name}" class="{self.names.widget} {self.names.area}">\n'
        yield f'<script type="{WIDGET_VIEW}">\n{markup.data_for_script(shown.value)}\n</script>\n</div>\n'

    def json(self, shown: Shown, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield JSON as text."""
        import json

        yield from self.text(
            json.dumps(shown.value, indent=2, ensure_ascii=False), shown.mime, shown
        )

    def pdf(self, shown: Shown, cell: CodeCell, number: int) -> Iterator[str]:
        """Yield an embedded PDF."""
        yield self._open("jp-RenderedPDF", shown, shown.mime)
        address = (
            _url(shown.file)
            if shown.file
            else f"data:application/pdf;base64,{_string(shown.value).strip()}"
        )
        yield f'<embed type="application/pdf" title="PDF" style="width:100%;height:30rem"{markup.attributes(src=address)}>\n</div>\n'

    def missing(self, shown: Shown, cell: CodeCell, number: int, why: str = "") -> Iterator[str]:
        """Yield a note about an output that cannot be shown."""
        kinds = ", ".join(shown.offered)
        self.note(f"an output that this format cannot show ({kinds}){why}", cell.index)
        yield self._open(self.names.text, shown)
        yield f'<p class="nb-missing">Output that cannot be shown here: {markup.text(kinds)}</p>\n</div>\n'


_WRITERS: dict[str, Callable[[Outputs, Shown, CodeCell, int], Iterator[str]]] = {
    "text/plain": Outputs.plain,
    "text/html": Outputs.html,
    "text/markdown": Outputs.markdown,
    "text/latex": Outputs.latex,
    "image/png": Outputs.image,
    "image/jpeg": Outputs.image,
    "image/gif": Outputs.image,
    "image/webp": Outputs.image,
    "image/svg+xml": Outputs.svg,
    "text/vnd.mermaid": Outputs.mermaid,
    "application/javascript": Outputs.script,
    "application/json": Outputs.json,
    "application/pdf": Outputs.pdf,
    PLOTLY: Outputs.plotly,
    WIDGET_VIEW: Outputs.widget,
}


def _string(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _url(path: str) -> str:
    return path.replace("\\", "/")


def _size(value: Any) -> str | None:
    """Return a width or height if it is one: whatever else it holds is not for the page."""
    if isinstance(value, bool) or value is None:
        return None
    return str(value) if _SIZE.match(str(value)) else None


def _is_formula(value: str) -> bool:
    text = value.strip()
    return text.startswith(("$", "\\(", "\\[", "\\begin{")) or "$" in text
