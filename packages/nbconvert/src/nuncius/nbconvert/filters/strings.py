"""Filters that work on text."""

from __future__ import annotations

import base64
import json
import os
import re
import textwrap
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

from nuncius.nbconvert import markup

__all__ = [
    "add_anchor",
    "add_prompts",
    "ascii_only",
    "comment_lines",
    "escape_html",
    "escape_html_keep_quotes",
    "escape_html_script",
    "get_lines",
    "html2text",
    "indent",
    "ipython2python",
    "json_dumps",
    "path2url",
    "posix_path",
    "prevent_list_blocks",
    "strip_dollars",
    "strip_files_prefix",
    "strip_trailing_newline",
    "text_base64",
    "wrap_text",
]


def indent(instr: str, nspaces: int = 4, ntabs: int = 0, flatten: bool = False) -> str:
    """Return text with every line that is not empty indented; ``flatten`` removes what indentation it has first."""
    if instr is None:
        return ""
    by = "\t" * ntabs + " " * nspaces
    lines = (line.lstrip() if flatten else line for line in instr.split("\n"))
    return "\n".join(by + line if line else "" for line in lines)


def wrap_text(text: str, width: int = 100) -> str:
    """Return text with its lines broken at ``width`` columns."""
    return "\n".join("\n".join(textwrap.wrap(line, width, replace_whitespace=False)) for line in text.split("\n"))  # fmt: skip


def html2text(element: Any) -> str:
    """Return the text of a fragment of HTML, or of an element of xml.etree."""
    if not isinstance(element, str):
        return "".join(element.itertext())
    parser = _Text()
    parser.feed(element)
    parser.close()
    return "".join(parser.out)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []

    def handle_data(self, data: str) -> None:
        self.out.append(data)


def add_anchor(html: str, anchor_link_text: str = "¶") -> str:
    """Return a heading with an id and a link to it."""
    match = re.match(r"\s*<(h[1-6])([^>]*)>(.*)</\1>\s*\Z", html, re.DOTALL)
    if match is None:
        return html
    name = markup.heading_id(html2text(match[3]))
    link = f'<a class="anchor-link"{markup.attributes(href="#" + name)}>{anchor_link_text}</a>'
    return f"<{match[1]}{match[2]}{markup.attributes(id=name)}>{match[3]}{link}</{match[1]}>"


def add_prompts(code: str, first: str = ">>> ", cont: str = "... ") -> str:
    """Return code with prompts."""
    lines = code.split("\n")
    return "\n".join([first + lines[0], *(cont + line for line in lines[1:])])


def strip_dollars(text: str) -> str:
    """Return text without dollar signs around it."""
    return text.strip("$")


def strip_files_prefix(text: str) -> str:
    """Return HTML or Markdown in which ``/files/`` before addresses is removed."""
    text = re.sub(r"(src|href)=([\"']?)/?files/", r"\1=\2", text)
    return re.sub(r"(!?\[[^\]]*\]\()/?files/", r"\1", text)


def comment_lines(text: str, prefix: str = "# ") -> str:
    """Return text with a comment sign before each line."""
    return prefix + ("\n" + prefix).join(text.split("\n"))


def get_lines(text: str, start: int | None = None, end: int | None = None) -> str:
    """Return the lines from ``start`` to before ``end``."""
    return "\n".join(text.split("\n")[start:end])


def ipython2python(code: str) -> str:
    """Return IPython code as Python."""
    from nuncius.protocol.text.inputs import transform_cell

    return transform_cell(code)


def posix_path(path: str) -> str:
    """Return a path with forward slashes."""
    return "/".join(path.split(os.path.sep))


def path2url(path: str) -> str:
    """Return a path as an address."""
    return "/".join(quote(part) for part in path.split(os.path.sep))


def ascii_only(text: str) -> str:
    """Return text with ``?`` for what is not ASCII."""
    return text.encode("ascii", "replace").decode()


def prevent_list_blocks(text: str) -> str:
    """Return text whose lines are no lists to Markdown."""
    text = re.sub(r"(^\s*)([-*+])(\s)", r"\1\\\2\3", text, flags=re.MULTILINE)
    return re.sub(r"(^\s*\d+)(\.\s)", r"\1\\\2", text, flags=re.MULTILINE)


def strip_trailing_newline(text: str) -> str:
    """Return text without the newline at its end."""
    return text.removesuffix("\n")


def text_base64(text: str) -> str:
    """Return text as base64."""
    return base64.b64encode(text.encode()).decode()


def escape_html(text: Any) -> str:
    """Return text for HTML, quotes escaped."""
    return escape(str(text), quote=True)


def escape_html_keep_quotes(text: Any) -> str:
    """Return text for HTML, quotes as they are."""
    return escape(str(text), quote=False)


def escape_html_script(text: Any) -> str:
    """Return text that can stand in a script element."""
    return str(text).replace("</", "<\\/").replace("<!--", "<\\!--")


def json_dumps(value: Any, **kw: Any) -> str:
    """Return a value as JSON."""
    return json.dumps(value, **kw)
