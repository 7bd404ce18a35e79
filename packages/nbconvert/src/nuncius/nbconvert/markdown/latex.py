"""Write the events of a Markdown text as LaTeX."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from nuncius.nbconvert.highlight import code
from nuncius.nbconvert.html_table import Table, read_tables
from nuncius.nbconvert.markdown.events import Event, events
from nuncius.nbconvert.markup import heading_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nuncius.nbconvert.markdown.math import Formula

__all__ = ["escape", "latex", "table"]

_SPECIAL = re.compile(r"[\\{}$&#%_^~<>|\"'`\[\]\-]")
_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\^{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": "'", "`": r"\textasciigrave{}", "[": "{[}", "]": "{]}", "-": "-",
}  # fmt: skip
_HEADINGS = ("section", "subsection", "subsubsection", "paragraph", "subparagraph", "subparagraph")
_OPEN = {"paragraph": "", "quote": "\\begin{quote}\n", "item": "\\item ", "em": r"\emph{", "strong": r"\textbf{", "del": r"\sout{"}  # fmt: skip
_CLOSE = {"paragraph": "\n\n", "quote": "\\end{quote}\n\n", "item": "\n", "em": "}", "strong": "}", "del": "}", "link": "}"}  # fmt: skip
_BLOCKS = frozenset({"paragraph", "heading", "quote", "list", "item", "codeblock", "table", "cell", "footnote"})  # fmt: skip
_ALIGN = {"Left": "l", "Right": "r", "Center": "c", "None": "l"}
_OWN_MATH = re.compile(r"\\begin\{(equation|align|gather|multline|flalign|alignat|eqnarray|displaymath|math)\*?\}")  # fmt: skip
_CITE = re.compile(r"<cite\s+data-cite=[\"']?([\w:./,+-]+)[\"']?\s*/?>")
_TAG = re.compile(r"<[^>]*>")
_IMG = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_INLINE_TAGS = {"b": r"\textbf{", "strong": r"\textbf{", "i": r"\emph{", "em": r"\emph{", "code": r"\texttt{", "u": r"\underline{", "sub": r"\textsubscript{", "sup": r"\textsuperscript{", "s": r"\sout{", "del": r"\sout{"}  # fmt: skip


def escape(text: str) -> str:
    """Return text as LaTeX: every character stands for itself."""
    if _SPECIAL.search(text):
        return _SPECIAL.sub(lambda match: _ESCAPES[match.group()], text)
    return text


def latex(source: str, picture: Callable[[str], str | None] | None = None) -> str:
    """Return a Markdown text as LaTeX.

    Args:
        source: Markdown.
        picture: Turns the address of a picture into the path of a file; None if there is no such file.
    """
    return _Writer(picture).write(events(source))


def table(value: Table) -> str:
    """Return a table; long ones may break over pages, wide ones are made to fit."""
    columns = "".join("r" if numeric else "l" for numeric in value.numeric)
    return _table(columns, [[escape(cell) for cell in row] for row in value.rows], value.head)


def _table(columns: str, rows: list[list[str]], head: int) -> str:
    lines = [r"\toprule"]
    for index, row in enumerate(rows):
        bold = [rf"\textbf{{{cell}}}" if cell else "" for cell in row] if index < head else row
        lines.append(" & ".join(bold) + r" \\")
        if head and index == head - 1:
            lines.append(r"\midrule")
    lines.append(r"\bottomrule")
    body = "\n".join(lines)
    if len(rows) > 30 and len(columns) <= 10:
        return f"\\begin{{longtable}}[c]{{{columns}}}\n{body}\n\\end{{longtable}}\n\n"
    return (
        "\\begin{center}\n\\begin{adjustbox}{max width=\\linewidth,max totalheight=0.9\\textheight}\n"
        f"\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}\n\\end{{adjustbox}}\n\\end{{center}}\n\n"
    )


class _Writer:
    def __init__(self, picture: Callable[[str], str | None] | None) -> None:
        self._picture = picture
        self._out: list[str] = []
        self._lists: list[str] = []
        self._rows: list[list[str]] = []
        self._starts: list[int] = []  # where the cell, heading or note that is being written began
        self._columns = ""
        self._head = 0
        self._notes: dict[str, str] = {}
        self._open = 0  # tags of HTML whose group is open
        self._title: list[str] | None = None  # the plain text of the heading that is being written

    def write(self, stream: Iterable[Event]) -> str:
        listed = list(stream)
        at = 0
        while at < len(listed):
            event = listed[at]
            kind = event[0]
            if self._title is not None and kind in ("text", "code", "math"):
                self._title.append(event[1] if kind != "math" else event[1].raw)
            if kind == "text":
                self._out.append(escape(event[1]))
            elif kind == "start" and event[1] in ("codeblock", "image"):
                at = self._code(listed, at) if event[1] == "codeblock" else self._image(listed, at)
            elif kind == "start":
                self._start(event)
            elif kind == "end":
                self._end(event[1])
            else:
                self._inline(event)
            at += 1
        self._flush()
        text = "".join(self._out)
        for name, note in self._notes.items():
            text = text.replace(f"\ue002{name}\ue003", rf"\footnote{{{note.strip()}}}")
        return re.sub("\ue002.*?\ue003", "", text) if "\ue002" in text else text

    def _inline(self, event: Event) -> None:
        kind = event[0]
        if kind == "code":
            self._out.append(rf"\texttt{{{escape(event[1])}}}")
        elif kind == "math":
            self._out.append(_formula(event[1]))
        elif kind == "soft":
            self._out.append("\n")
        elif kind == "hard":
            self._out.append(r"\\" + "\n")
        elif kind == "rule":
            self._out.append("\\begin{center}\\rule{0.5\\linewidth}{0.5pt}\\end{center}\n\n")
        elif kind == "task":
            self._out.append(r"$\boxtimes$ " if event[1] else r"$\square$ ")
        elif kind == "note":
            self._out.append(f"\ue002{event[1]}\ue003")
        elif kind == "html":
            self._html(event[1])

    def _html(self, html: str) -> None:
        """Write what can be said of HTML: citations, pictures, tables, simple markup; otherwise its text."""
        if match := _CITE.match(html):
            self._out.append(rf"\cite{{{match[1]}}}")
        elif "<table" in html.lower():
            tables, _ = read_tables(html)
            self._out += [table(value) for value in tables]
        elif match := _IMG.search(html):
            self._graphic(match[1], "")
        elif html.startswith("<") and not html.startswith("<!") and _TAG.fullmatch(html.strip()):
            self._tag(html.strip())
        elif not html.lstrip().lower().startswith(("<style", "<script", "<!--")):
            from html import unescape

            text = unescape(_TAG.sub("", html)).strip()
            if text:
                self._out.append(escape(text) + "\n\n")

    def _tag(self, tag: str) -> None:
        name = re.match(r"</?\s*(\w+)", tag)
        word = name[1].lower() if name else ""
        if word == "br":
            self._out.append(r"\newline" + "\n")
        elif word in _INLINE_TAGS:
            if not tag.startswith("</"):
                self._open += 1
                self._out.append(_INLINE_TAGS[word])
            elif self._open:
                self._open -= 1
                self._out.append("}")

    def _flush(self) -> None:
        """End the groups of tags that have no end of their own: TeX would look for it to the end of the file."""
        self._out.append("}" * self._open)
        self._open = 0

    def _start(self, event: Event) -> None:
        tag = event[1]
        if self._open and tag in _BLOCKS:
            self._flush()
        if tag in _OPEN:
            self._out.append(_OPEN[tag])
        elif tag == "heading":
            self._title = []
            self._starts.append(len(self._out))
            self._out.append(f"\\{_HEADINGS[event[2] - 1]}\ue004")
        elif tag == "list":
            # TeX has four levels of each kind; deeper ones would stop it.
            name = "itemize" if event[2] is None else "enumerate"
            self._lists.append(name if self._lists.count(name) < 4 else "")
            if self._lists[-1]:
                start = f"[start={event[2]}]" if event[2] not in (None, 0, 1) else ""
                self._out.append(f"\\begin{{{name}}}{start}\n")
        elif tag == "link":
            label = _label(unquote(event[2][1:])) if event[2].startswith("#") else ""
            self._out.append(rf"\hyperref[{label}]{{" if label else rf"\href{{{_address(event[2])}}}{{")  # fmt: skip
        elif tag == "table":
            self._columns = "".join(_ALIGN[align] for align in event[2])
            self._rows, self._head = [], 0
        elif tag in ("head", "row"):
            self._rows.append([])
        elif tag in ("cell", "footnote"):
            self._starts.append(len(self._out))
            if tag == "footnote":
                self._notes[event[2]] = ""

    def _end(self, tag: str) -> None:
        if self._open and tag in _BLOCKS:
            self._flush()
        if tag == "heading":
            self._out.append(self._heading(self._taken()))
        elif tag == "list":
            if name := self._lists.pop():
                self._out.append(f"\\end{{{name}}}\n" + ("\n" if not self._lists else ""))
        elif tag == "cell":
            self._rows[-1].append(self._taken().replace("\n", " "))
        elif tag == "head":
            self._head = 1
        elif tag == "table":
            self._out.append(_table(self._columns, self._rows, self._head))
        elif tag == "footnote":
            self._notes[list(self._notes)[-1]] = self._taken()
        elif tag in _CLOSE:
            self._out.append(_CLOSE[tag])

    def _heading(self, text: str) -> str:
        command, body = text.split("\ue004", 1) if "\ue004" in text else (text, "")
        title, self._title = "".join(self._title or ()), None
        # A picture has no place in the outline of a PDF.
        short = f"[{{{escape(title.strip()) or '~'}}}]" if "\\adjustimage" in body else ""
        label = _label(heading_id(title))
        return f"{command}{short}{{{body}}}" + (f"\\label{{{label}}}" if label else "") + "\n\n"

    def _taken(self) -> str:
        start = self._starts.pop()
        text = "".join(self._out[start:])
        del self._out[start:]
        return text

    def _code(self, stream: list[Event], at: int) -> int:
        language = stream[at][2].split(None, 1)[0] if stream[at][2].strip() else ""
        text = []
        at += 1
        while stream[at][0] != "end":
            text.append(stream[at][1])
            at += 1
        body = code.latex("".join(text).removesuffix("\n"), language)
        self._out.append(f"\\begin{{Verbatim}}[commandchars=\\\\\\{{\\}}]\n{body}\n\\end{{Verbatim}}\n\n")  # fmt: skip
        return at

    def _image(self, stream: list[Event], at: int) -> int:
        url = stream[at][2]
        alt, depth = [], 1
        while depth:
            at += 1
            event = stream[at]
            if event[0] in ("start", "end") and event[1] == "image":
                depth += 1 if event[0] == "start" else -1
            elif event[0] in ("text", "code"):
                alt.append(event[1])
        if self._title is not None:
            self._title += alt
        self._graphic(url, "".join(alt))
        return at

    def _graphic(self, url: str, alt: str) -> None:
        path = self._picture(url) if self._picture is not None else url
        if path is None:
            # TeX stops at a picture that it cannot find.
            self._out.append(rf"\emph{{{escape(alt or 'picture')}}} (\href{{{_address(url)}}}{{{escape(url)}}})")  # fmt: skip
        else:
            self._out.append(rf"\adjustimage{{max size={{0.9\linewidth}}{{0.9\paperheight}}}}{{{path}}}")  # fmt: skip


def _formula(formula: Formula) -> str:
    if _OWN_MATH.match(formula.tex):
        return formula.tex
    # A blank line would end the formula.
    tex = re.sub(r"\n\s*\n", "\n", formula.tex)
    return f"\\[{tex}\\]" if formula.display else f"\\({tex}\\)"


def _label(name: str) -> str:
    """Return the name of a heading without what TeX would read as something else."""
    return re.sub(r"[^\w.:+/()-]", "", name).replace("_", "-")


def _address(url: str) -> str:
    return url.replace("\\", "/").replace("%", r"\%").replace("#", r"\#").replace("{", "\\%7B").replace("}", "\\%7D")  # fmt: skip
