"""Filters that turn Markdown, code and terminal output into other formats."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import ansi, sanitize
from nuncius.nbconvert.document import choose
from nuncius.nbconvert.errors import PandocMissing
from nuncius.nbconvert.highlight import code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "ansi2html",
    "ansi2latex",
    "citation2latex",
    "clean_html",
    "convert_explicitly_relative_paths",
    "convert_pandoc",
    "escape_latex",
    "filter_data_type",
    "get_metadata",
    "highlight2html",
    "highlight2latex",
    "markdown2asciidoc",
    "markdown2html",
    "markdown2latex",
    "markdown2rst",
    "resolve_references",
    "strip_ansi",
]


def markdown2html(source: str) -> str:
    """Return Markdown as HTML, formulas as MathML."""
    from nuncius.nbconvert.markdown.html import html

    return html(source)


def markdown2latex(source: str, *_: Any, **__: Any) -> str:
    """Return Markdown as LaTeX."""
    from nuncius.nbconvert.markdown.latex import latex

    return latex(source)


def markdown2rst(source: str, *_: Any, **__: Any) -> str:
    """Return Markdown as reStructuredText."""
    from nuncius.nbconvert.markdown.rst import rst

    return rst(source)


def markdown2asciidoc(source: str, *_: Any, **__: Any) -> str:
    """Return Markdown as AsciiDoc."""
    from nuncius.nbconvert.markdown.asciidoc import asciidoc

    return asciidoc(source)


def ansi2html(text: str) -> str:
    """Return terminal output as HTML."""
    return ansi.page(text)


def ansi2latex(text: str) -> str:
    """Return terminal output that is escaped for LaTeX as LaTeX with colors."""
    return ansi.latex(text)


def strip_ansi(text: str) -> str:
    """Return terminal output without its colors."""
    return ansi.strip(text)


def escape_latex(text: str) -> str:
    """Return text as LaTeX; for Verbatim environments too. Escape sequences of terminals stay what they are."""
    from nuncius.nbconvert.markdown.latex import escape

    return escape(text).replace("{[}", "[").replace("{]}", "]")


def highlight2html(source: str, language: str = "ipython3", metadata: Mapping[str, Any] | None = None) -> str:  # fmt: skip
    """Return code as highlighted HTML; a cell magic that the metadata names decides the language."""
    return code.block(source, (metadata or {}).get("magics_language") or language) + "\n"


def highlight2latex(source: str, language: str = "ipython3", metadata: Mapping[str, Any] | None = None, strip_verbatim: bool = False) -> str:  # fmt: skip
    """Return code as highlighted LaTeX."""
    body = code.latex(source, (metadata or {}).get("magics_language") or language)
    if strip_verbatim:
        return body
    return f"\\begin{{Verbatim}}[commandchars=\\\\\\{{\\}}]\n{body}\n\\end{{Verbatim}}\n"


def clean_html(element: Any) -> str:
    """Return harmless HTML."""
    text = element.decode("utf-8") if isinstance(element, bytes) else str(element)
    return sanitize.clean(text)


def citation2latex(source: str) -> str:
    """Return text in which ``<cite data-cite="key">`` elements are LaTeX citations."""
    return re.sub(r"<cite\s+data-cite=[\"']?([^\"'>\s]+)[\"']?\s*(?:/>|>.*?</cite>|>)", r"\\cite{\1}", source, flags=re.DOTALL)  # fmt: skip


def resolve_references(source: Any) -> Any:
    """Return the source as it is: references are resolved when Markdown is written."""
    return source


def convert_explicitly_relative_paths(source: Any) -> Any:
    """Return the source as it is: relative paths are resolved when Markdown is written."""
    return source


def get_metadata(output: Mapping[str, Any], key: str, mimetype: str | None = None) -> Any:
    """Return what an output's metadata says, for the MIME type first; None if nothing."""
    metadata = output.get("metadata") or {}
    if mimetype and isinstance(own := metadata.get(mimetype), dict) and key in own:
        return own[key]
    return metadata.get(key)


def filter_data_type(data: Mapping[str, Any], priority: Iterable[str]) -> list[str]:
    """Return the MIME type that is shown, as a list of one; empty if none is."""
    models = {v["model_id"]: 1 for v in data.values() if isinstance(v, dict) and "model_id" in v}
    mime = choose(data, list(priority), models)
    return [mime] if mime else []


def convert_pandoc(source: str, from_format: str, to_format: str, extra_args: Any = None) -> str:
    """Return text in another format; Markdown is converted here, all else by pandoc.

    Raises:
        PandocMissing: pandoc is needed and not installed.
    """
    writers = {"latex": markdown2latex, "rst": markdown2rst, "asciidoc": markdown2asciidoc, "html": markdown2html}  # fmt: skip
    if from_format.partition("+")[0] in ("markdown", "gfm", "commonmark", "markdown_strict") and to_format in writers:  # fmt: skip
        return writers[to_format](source)
    if from_format.partition("+")[0] == "markdown" and to_format == "json":
        return source  # on its way to LaTeX, in two steps
    if from_format == "json" and to_format == "latex":
        return markdown2latex(source)
    import shutil
    import subprocess

    program = shutil.which("pandoc")
    if program is None:
        raise PandocMissing
    done = subprocess.run(
        [program, "-f", from_format, "-t", to_format, *(extra_args or [])],
        input=source.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()
