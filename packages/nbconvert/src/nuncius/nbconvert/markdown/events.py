"""Turn Markdown into a flat list of events: the only module that knows which parser does it.

An event is a tuple; its first item says what it is::

    ("text", str)  ("code", str)  ("html", str)  ("math", Formula)  ("soft",)  ("hard",)  ("rule",)
    ("task", bool)  ("note", name)
    ("start", tag, ...)  ("end", tag)

with the tags ``paragraph``, ``heading`` (level), ``quote``, ``list`` (first number or None), ``item``, ``codeblock`` (language), ``table`` (alignments), ``head``, ``row``, ``cell``, ``em``, ``strong``, ``del``, ``link`` (address, title), ``image`` (address, title), ``footnote`` (name).

The dialect is GitHub's with math and footnotes; ``#Heading`` without a space is a heading, as notebooks have it.
"""

from __future__ import annotations

import re
from typing import Any

from nuncius.nbconvert.markdown.math import Formula, extract

__all__ = ["Event", "events", "numbered"]

Event = tuple[Any, ...]

_TAGS = {
    "Paragraph": "paragraph", "BlockQuote": "quote", "Item": "item", "TableHead": "head", "TableRow": "row",
    "TableCell": "cell", "Emphasis": "em", "Strong": "strong", "Strikethrough": "del", "List": "list",
    "Heading": "heading", "CodeBlock": "codeblock", "Table": "table", "Link": "link", "Image": "image",
    "FootnoteDefinition": "footnote", "HtmlBlock": "html",
}  # fmt: skip
_STARTS: dict[str, Event] = {name: ("start", tag) for name, tag in _TAGS.items()}
_ENDS: dict[str, Event] = {name: ("end", tag) for name, tag in _TAGS.items()}
_SIMPLE: dict[str, Event] = {"SoftBreak": ("soft",), "HardBreak": ("hard",), "Rule": ("rule",)}
_LOOSE_HEADING = re.compile(r"^( {0,3}#{1,6})(?=[^#\s])", re.MULTILINE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_AUTOLINK = re.compile(r"(?<![\w/])(?:https?://|www\.)[^\s<>\ue000-\uf8ff]+")
_RAW_HTML = re.compile(r"<(?:script|style|pre|textarea|code)\b", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")

_parser: Any = None


def events(source: str) -> list[Event]:
    """Return the events of a Markdown text."""
    opening, closing = _unused(source)
    plain, formulas = extract(source, opening, closing)
    if "#" in plain:
        plain = _spaced_headings(plain)
    reader = _Reader(formulas, opening, closing)
    for event in _markdown().events(plain):
        reader.read(event)
    return reader.out


def numbered(sources: list[str]) -> list[str]:
    """Return the formulas of Markdown texts that stand on their own, if anything refers to one of them."""
    if not any("ref{" in source for source in sources):
        return []
    return [event[1].tex for source in sources if "$" in source or "\\begin{" in source or "\\\\[" in source
            for event in events(source) if event[0] == "math" and event[1].display]  # fmt: skip


def _markdown() -> Any:
    global _parser
    if _parser is None:
        import pyromark

        flags = pyromark.Options
        _parser = pyromark.Markdown(
            options=flags.ENABLE_TABLES
            | flags.ENABLE_STRIKETHROUGH
            | flags.ENABLE_TASKLISTS
            | flags.ENABLE_FOOTNOTES
        )
    return _parser


def _unused(source: str) -> tuple[str, str]:
    """Return two characters for private use that the source does not have."""
    if source.isascii():
        return "\ue000", "\ue001"
    free = (chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in source)
    return next(free), next(free)


def _spaced_headings(source: str) -> str:
    if not _LOOSE_HEADING.search(source):
        return source
    if "```" not in source and "~~~" not in source:
        return _LOOSE_HEADING.sub(r"\1 ", source)
    lines = source.split("\n")
    fence = ""
    for index, line in enumerate(lines):
        if match := _FENCE.match(line):
            if not fence:
                fence = match[1]
            elif match[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif not fence:
            lines[index] = _LOOSE_HEADING.sub(r"\1 ", line)
    return "\n".join(lines)


class _Reader:
    """Turns the parser's events into ours and puts the formulas back."""

    def __init__(self, formulas: list[Formula], opening: str, closing: str) -> None:
        self.out: list[Event] = []
        self._formulas = formulas
        self._opening = opening
        self._hole = re.compile(f"{opening}(\\d+){closing}")
        self._in_code = False
        self._links = 0
        self._html: list[str] = []  # the lines of a block of HTML, which make one event

    def read(self, event: Any) -> None:
        if isinstance(event, str):
            self.out.append(_SIMPLE[event])
            return
        ((kind, value),) = event.items()
        if kind == "Text":
            self._text(value)
        elif kind == "Start":
            self._start(value)
        elif kind == "End":
            self._end(value)
        elif kind == "Code":
            self.out.append(("code", self._raw(value)))
        elif kind == "Html":
            self._html.append(value)
        elif kind == "InlineHtml":
            self.out.append(("html", self._raw(value)))
        elif kind == "FootnoteReference":
            self.out.append(("note", value))
        elif kind == "TaskListMarker":
            self.out.append(("task", value))

    def _start(self, value: Any) -> None:
        if isinstance(value, str):
            if value != "HtmlBlock":
                self.out.append(_STARTS[value])
            return
        ((name, data),) = value.items()
        if name == "Heading":
            self.out.append(("start", "heading", int(data["level"][1])))
        elif name in ("Link", "Image"):
            self._links += name == "Link"
            url = data["dest_url"]
            if data["link_type"] == "Email":
                url = "mailto:" + url
            self.out.append(("start", _TAGS[name], self._raw(url), self._raw(data["title"])))
        elif name == "CodeBlock":
            self._in_code = True
            fenced = data.get("Fenced", "") if isinstance(data, dict) else ""
            self.out.append(("start", "codeblock", fenced))
        elif name == "BlockQuote":
            self.out.append(("start", "quote"))
        else:  # List, Table, FootnoteDefinition
            self.out.append(("start", _TAGS[name], data))

    def _end(self, value: Any) -> None:
        name = value if isinstance(value, str) else next(iter(value))
        if name == "HtmlBlock":
            self._block("".join(self._html))
            self._html = []
            return
        if name == "CodeBlock":
            self._in_code = False
        self._links -= name == "Link"
        self.out.append(_ENDS[name])

    def _text(self, text: str) -> None:
        if self._in_code:
            self.out.append(("text", self._raw(text)))
            return
        if self._opening not in text:
            self._linked(text)
            return
        for index, piece in enumerate(self._hole.split(text)):
            if index % 2:
                self.out.append(("math", self._formulas[int(piece)]))
            elif piece:
                self._linked(piece)

    def _linked(self, text: str) -> None:
        """Append text in which bare addresses are links."""
        if self._links or ("://" not in text and "www." not in text):
            self.out.append(("text", text))
            return
        done = 0
        for match in _AUTOLINK.finditer(text):
            address = _trimmed(match.group())
            end = match.start() + len(address)
            if match.start() > done:
                self.out.append(("text", text[done : match.start()]))
            url = address if address[0] != "w" else "http://" + address
            self.out += [("start", "link", url, ""), ("text", address), ("end", "link")]
            done = end
        if done < len(text):
            self.out.append(("text", text[done:]))

    def _block(self, html: str) -> None:
        """Append a block of HTML; formulas between its tags are formulas."""
        if self._opening not in html or _RAW_HTML.search(html):
            self.out.append(("html", self._raw(html)))
            return
        html = _TAG.sub(lambda tag: self._raw(tag.group()), html)
        for index, piece in enumerate(self._hole.split(html)):
            if index % 2:
                self.out.append(("math", self._formulas[int(piece)]))
            elif piece:
                self.out.append(("html", piece))

    def _raw(self, text: str) -> str:
        if self._opening not in text:
            return text
        return self._hole.sub(lambda hole: self._formulas[int(hole[1])].raw, text)


def _trimmed(address: str) -> str:
    """Return an address without the punctuation of the sentence around it."""
    while True:
        if address[-1] in "?!.,:*_~'\"" or (address[-1] == ")" and address.count(")") > address.count("(")):  # fmt: skip
            address = address[:-1]
        else:
            return address
