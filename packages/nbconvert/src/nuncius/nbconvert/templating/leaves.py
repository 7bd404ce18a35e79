"""What the built-in templates call: the same writers that make results without a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.document import CodeCell, View
from nuncius.nbconvert.document import build as build_document

if TYPE_CHECKING:
    from nuncius.nbconvert.rendering import Rendering

__all__ = ["Leaves"]


class Leaves:
    """The leaves of templates, for one notebook; in templates it is called ``nuncius``."""

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering
        self._page: Any = None

    @property
    def _html(self) -> Any:
        if self._page is None:
            from nuncius.nbconvert.render.pages import make_page

            self._page = make_page(self._rendering)
        return self._page

    def _cell(self, cell: Any, outputs: Any = (), view: View | None = None) -> Any:
        nb = {
            "metadata": self._rendering.nb["metadata"],
            "cells": [{**cell, "outputs": list(outputs)}],
        }
        return build_document(nb, "", view or self._rendering.document.view).cells[0]

    def output(self, output: Any, cell: Any, mime: str = "", number: int = 0) -> str:
        """Return one output as HTML, in the MIME type that the template has chosen."""
        import dataclasses

        view = self._rendering.document.view
        if mime:
            view = dataclasses.replace(view, priority=[mime])
        made = self._cell(cell, [output], view)
        assert isinstance(made, CodeCell)
        return "".join(piece for item in made.outputs for piece in self._html.outputs.write(item, made, number))  # fmt: skip

    def classic_output(self, output: Any, cell: Any, mime: str = "", number: int = 0) -> str:
        """Return one output as HTML, with the classes of the classic notebook."""
        from nuncius.nbconvert.render.html_outputs import CLASSIC, Names

        outputs = self._html.outputs
        outputs.names = CLASSIC
        try:
            return self.output(output, cell, mime, number)
        finally:
            outputs.names = Names()

    def markdown(self, cell: Any) -> str:
        """Return the content of a Markdown cell as HTML."""
        from nuncius.nbconvert.render.html import markdown_cell

        return markdown_cell(
            self._cell({**cell, "attachments": cell.get("attachments") or {}}), self._html
        )

    def clean(self, text: str) -> str:
        """Return HTML, sanitized if the notebook is not trusted."""
        return self._html.clean(text) if self._rendering.options.sanitize_html else text

    def css(self, *names: str) -> str:
        """Return the style sheets of the page: the usual one, and others by name."""
        from nuncius.nbconvert import assets
        from nuncius.nbconvert.render.html import colors

        more = (f"<style>\n{assets.read(f'{name}.css')}\n</style>\n" for name in names)
        return colors(getattr(self._rendering.options, "theme", "light")) + "".join(more)

    def is_dark(self) -> bool:
        """Tell whether the page is dark."""
        from nuncius.nbconvert import themes

        return themes.is_dark(self._rendering.options.theme)

    def latex_preamble(self, section: str) -> str:
        """Return a part of the preamble of LaTeX documents."""
        from nuncius.nbconvert.render.latex import preamble

        return preamble(section)

    def latex_head(self) -> str:
        """Return title, author and date of a LaTeX document."""
        from nuncius.nbconvert.render.latex import head

        return head(self._rendering.document)

    def latex_markdown(self, source: str) -> str:
        """Return Markdown as LaTeX, its pictures found."""
        from nuncius.nbconvert.render.latex import cell_markdown

        return cell_markdown(source, self._rendering)

    def latex_input(self, cell: Any) -> str:
        """Return the source of a code cell as LaTeX."""
        from nuncius.nbconvert.render.latex import source

        return source(self._cell(cell), self._rendering.document)

    def latex_output(self, output: Any, cell: Any, mime: str = "") -> str:
        """Return one output as LaTeX."""
        import dataclasses

        from nuncius.nbconvert.render.latex import output as write

        view = self._rendering.document.view
        if mime:
            view = dataclasses.replace(view, priority=[mime])
        made = self._cell(cell, [output], view)
        return "".join(
            piece for item in made.outputs for piece in write(item, made, 0, self._rendering)
        )

    def reveal_css(self) -> str:
        """Return the style sheets of slides."""
        from nuncius.nbconvert.render.slides import sheets

        return sheets(self._rendering.options)

    def reveal_js(self) -> str:
        """Return the scripts of slides."""
        from nuncius.nbconvert.render.slides import start

        return "".join(start(self._rendering.options))
