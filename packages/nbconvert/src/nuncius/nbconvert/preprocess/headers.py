"""Prepare what the heads of LaTeX documents and pages need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.highlight.code import style_css, style_latex

if TYPE_CHECKING:
    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.options import CSSHTMLHeaderPreprocessor, LatexPreprocessor

__all__ = ["latex_header", "page_header"]


def latex_header(nb: Notebook, resources: dict[str, Any], options: LatexPreprocessor) -> None:
    """Put title, date, authors and the colors of code where the template finds them."""
    latex = resources.setdefault("latex", {})
    latex.setdefault("pygments_definitions", style_latex(options.style))
    latex.setdefault("pygments_style_name", options.style)
    if options.title:
        nb["metadata"]["title"] = options.title
    if options.date:
        nb["metadata"]["date"] = options.date
    if options.author_names:
        nb["metadata"]["authors"] = [{"name": name} for name in options.author_names]


def page_header(nb: Notebook, resources: dict[str, Any], options: CSSHTMLHeaderPreprocessor) -> None:  # fmt: skip
    """Gather style sheets: those of a pygments style, and ``custom.css`` of the user."""
    sheets = resources.setdefault("inlining", {}).setdefault("css", [])
    if options.style != "default":
        sheets.append(style_css(options.style, options.highlight_class))
    folder = resources.get("config_dir", "")
    custom = Path(folder, "custom", "custom.css") if folder else None
    if custom is not None and custom.is_file():
        sheets.append(custom.read_text(encoding="utf-8"))
