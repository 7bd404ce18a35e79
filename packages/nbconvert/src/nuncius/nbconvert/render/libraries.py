"""Find the scripts that draw what only a program can draw, and put them into the page or refer to them.

A file of this machine is put into the page, so that the page needs nothing else. An address is referred to.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nuncius.nbconvert import markup

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DRAW_PLOTLY", "library", "mermaid", "plotly_library"]

#: Draws the figure that the element before holds.
DRAW_PLOTLY = """<script>
(at => {
  const figure = JSON.parse(at.querySelector("script").textContent);
  Plotly.newPlot(at, figure.data, figure.layout, {responsive: true, ...figure.config});
})(document.currentScript.previousElementSibling);
</script>
"""
_START_MERMAID = 'mermaid.initialize({startOnLoad: true, securityLevel: "strict"});'


def plotly_library(where: str) -> str:
    """Return where plotly.js is: what was configured, or the file that the installed plotly brings; "" if there is none."""
    if where:
        return where
    # Its files are looked for; it is not imported, which takes a second.
    spec = find_spec("plotly")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder, "package_data", "plotly.min.js")
        if path.is_file():
            return str(path)
    return ""


def mermaid(where: str) -> Iterator[str]:
    """Yield what draws the diagrams on a page.

    Args:
        where: A module's address, or a file that is one whole script (``mermaid.min.js``).
    """
    if where.endswith(".js") and (_is_address(where) or Path(where).is_file()):
        yield from library(where)
        yield f"<script>\n{_START_MERMAID}\n</script>\n"
    else:
        yield f'<script type="module">\nimport mermaid from {markup.data_for_script(where)};\n{_START_MERMAID}\n</script>\n'


def _is_address(where: str) -> bool:
    return where.startswith(("http://", "https://", "//"))


def library(where: str) -> Iterator[str]:
    """Yield the element that loads a script from an address, or holds one that is a file."""
    if _is_address(where) or not Path(where).is_file():
        yield f"<script{markup.attributes(src=where)}></script>\n"
        return
    text = Path(where).read_text(encoding="utf-8", errors="replace")
    yield "<script>\n"
    # What would end the element, or begin a comment that hides its end, is written otherwise; in strings of JavaScript it means the same.
    yield re.sub(r"<(?=/script|script|!--)", r"\\x3C", text, flags=re.IGNORECASE)
    yield "\n</script>\n"
