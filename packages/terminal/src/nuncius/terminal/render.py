"""Turn what a kernel publishes into text for a terminal.

Everything here is pure: messages' contents in, text with ANSI codes out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nuncius.protocol.values import Value

__all__ = ["PLAIN", "Rich", "best_text", "describe_error", "shortened"]

#: What a terminal can show, best first.
_READABLE = ("text/plain", "text/markdown", "text/latex", "text/html")

#: What an object without a text of its own says of itself.
_OPAQUE = re.compile(
    r"\s*<[\w.]+(?: object)?(?: at 0x[0-9a-fA-F]+)?>\s*|\s*<[^<>\n]* object[^<>\n]*>\s*"
)

#: Characters of a result that are shown; more than anybody reads, less than what keeps a terminal busy.
_LONGEST = 100_000

#: Characters of a source that is laid out; more takes longer than a person waits.
_LARGEST = 200_000

#: Characters of the end of a result that is cut.
_END = 200


class Rich(Value):
    """Which results are laid out for the terminal, rather than shown as their plain text.

    Attributes:
        tables: Tables of data frames, as wide as the terminal.
        formulas: LaTeX, with the characters that Unicode has for it.
        text: Markdown and HTML of objects that have no plain text.
        columns: Of the terminal.
        hint: Said below a table of which a part is left out.
    """

    tables: bool = True
    formulas: bool = True
    text: bool = True
    columns: int = 80
    hint: str = ""


#: Nothing is laid out.
PLAIN = Rich(tables=False, formulas=False, text=False)


def best_text(data: Mapping[str, Any], rich: Rich = PLAIN) -> str:
    """Return the text of a mime bundle that a terminal shows best; a short note where there is none.

    Args:
        data: Text by mime type.
        rich: What is laid out.
    """
    plain = _text(data, "text/plain")
    bare = plain is None or _OPAQUE.fullmatch(plain) is not None
    laid_out = _table(data, rich, bare) or _formula(data, rich, plain, bare)
    if laid_out is None and bare and rich.text:
        laid_out = _document(data, rich)
    if laid_out is not None:
        return laid_out
    for mime in _READABLE:
        if (value := _text(data, mime)) is not None:
            return value
    kinds = ", ".join(sorted(data)) or "nothing"
    return f"<{kinds}: this terminal cannot show it>"


def _text(data: Mapping[str, Any], mime: str) -> str | None:
    value = data.get(mime)
    if value is None or isinstance(value, str):
        return value
    return "".join(map(str, value)) if isinstance(value, Sequence) else str(value)


def _rich_text(data: Mapping[str, Any], mime: str) -> str | None:
    """Return what can be laid out; nothing if that took longer than a person waits."""
    value = _text(data, mime)
    return None if value is None or len(value) > _LARGEST else value


def _table(data: Mapping[str, Any], rich: Rich, bare: bool) -> str | None:
    html = _rich_text(data, "text/html") if rich.tables else None
    if html is None or not (bare or "dataframe" in html) or "<table" not in html:
        return None
    from nuncius.terminal.formats.html import find_table
    from nuncius.terminal.formats.tables import lay_out

    table = find_table(html)
    return None if table is None else lay_out(table, rich.columns, hint=rich.hint)


def _formula(data: Mapping[str, Any], rich: Rich, plain: str | None, bare: bool) -> str | None:
    latex = _rich_text(data, "text/latex") if rich.formulas else None
    if (
        latex is None
        or len(latex) > _LARGEST // 10
        or "tabular" in latex
        or (plain is not None and "\n" in plain)
    ):
        return None
    from nuncius.terminal.formats.latex import is_understood, show_formula
    from nuncius.terminal.formats.widths import width_of

    if not bare and not is_understood(latex):
        return None
    shown = show_formula(latex)
    fits = max(map(width_of, shown.split("\n"))) <= rich.columns
    return shown if fits or bare else None


def _document(data: Mapping[str, Any], rich: Rich) -> str | None:
    if (markdown := _rich_text(data, "text/markdown")) is not None:
        from nuncius.terminal.formats.markdown import show_markdown

        return show_markdown(markdown, rich.columns)
    if (html := _rich_text(data, "text/html")) is not None:
        from nuncius.terminal.formats.html import show_html

        return show_html(html, rich.columns) or None
    if "application/json" in data:
        import json

        return json.dumps(data["application/json"], indent=2, ensure_ascii=False)
    return None


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return a result so that it does not flood the terminal, with a hint how to see all of it."""
    if len(text) <= longest + 2 * _END:
        return text
    head, tail = text[:longest], text[-_END:]
    left_out = len(text) - len(head) - len(tail)
    return f"{head}\n... {left_out:,} characters are not shown: print(_) shows all ...\n{tail}"


def describe_error(
    ename: str, evalue: str, traceback: Sequence[str], *, skip_first_frame: bool = False
) -> str:
    """Return the text of an error: the kernel's traceback, or what is known without one.

    Args:
        ename: The error's name.
        evalue: What it says.
        traceback: Blocks of text: a title, the frames, the error itself.
        skip_first_frame: The first frame is that of a cell which only runs something else.
    """
    blocks = list(traceback)
    if skip_first_frame:
        first = next((at for at, block in enumerate(blocks) if _is_cell(block)), None)
        if first is not None and len(blocks) > first + 1:
            del blocks[first]
            while len(blocks) > first + 1 and "<frozen runpy>" in blocks[first]:
                del blocks[first]
    return "\n".join(blocks) if blocks else f"{ename}: {evalue}"


def _is_cell(block: str) -> bool:
    return re.match(r"(?:\x1b\[[0-9;]*m)*Cell ", block) is not None
