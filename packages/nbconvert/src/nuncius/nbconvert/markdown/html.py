"""Write the events of a Markdown text as HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nuncius.nbconvert import markup
from nuncius.nbconvert.highlight import code
from nuncius.nbconvert.markdown.events import Event, events
from nuncius.nbconvert.mathml import Mathematics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Heading", "Style", "html"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the document."""

    level: int
    title: str
    id: str


@dataclass(slots=True)
class Style:
    """How Markdown is written, and what was seen in a document while it was.

    Attributes:
        math: Writes formulas.
        anchor: The sign that links to a heading, "" for none.
        image: Rewrites the address of a picture.
        link: Rewrites the address of a link.
        headings: The headings so far.
        ids: The ids that are taken.
    """

    math: Mathematics = field(default_factory=Mathematics)
    anchor: str = "¶"
    image: Callable[[str], str] | None = None
    link: Callable[[str], str] | None = None
    headings: list[Heading] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)


_OPEN = {"paragraph": "<p>", "quote": "<blockquote>\n", "item": "<li>", "em": "<em>", "strong": "<strong>", "del": "<del>", "row": "<tr>", "head": "<thead>\n<tr>"}  # fmt: skip
_CLOSE = {
    "paragraph": "</p>\n", "quote": "</blockquote>\n", "item": "</li>\n", "em": "</em>", "strong": "</strong>",
    "del": "</del>", "row": "</tr>\n", "head": "</tr>\n</thead>\n<tbody>\n", "table": "</tbody>\n</table>\n", "link": "</a>",
    "footnote": "</div>\n",
}  # fmt: skip


def html(source: str, style: Style | None = None) -> str:
    """Return a Markdown text as HTML. It is not sanitized: HTML in it is passed through."""
    writer = _Writer(style if style is not None else Style())
    return writer.write(events(source))


class _Writer:
    def __init__(self, style: Style) -> None:
        self._style = style
        self._out: list[str] = []
        self._lists: list[str] = []
        self._aligns: tuple[str, ...] = ()
        self._column = 0
        self._cell = "td"
        self._heading: tuple[int, int] | None = None  # level and where it began
        self._plain: list[str] | None = None  # the text of a heading or picture
        self._notes: dict[str, int] = {}

    def write(self, stream: Iterable[Event]) -> str:
        events_ = list(stream)
        at, size = 0, len(events_)
        out = self._out
        while at < size:
            event = events_[at]
            kind = event[0]
            if kind == "text":
                out.append(markup.text(event[1]))
                if self._plain is not None:
                    self._plain.append(event[1])
            elif kind == "start":
                if event[1] == "codeblock":
                    at = self._code(events_, at)
                elif event[1] == "image":
                    at = self._image(events_, at)
                else:
                    self._start(event)
            elif kind == "end":
                self._end(event[1])
            elif kind == "soft":
                out.append("\n")
            else:
                self._inline(event)
            at += 1
        return "".join(out)

    def _inline(self, event: Event) -> None:
        kind = event[0]
        if kind == "code":
            self._out.append(f"<code>{markup.text(event[1])}</code>")
            if self._plain is not None:
                self._plain.append(event[1])
        elif kind == "html":
            self._out.append(event[1])
        elif kind == "math":
            formula = event[1]
            self._out.append(self._style.math.html(formula.tex, formula.display, formula.raw))
            if self._plain is not None:
                self._plain.append(formula.raw)
        elif kind == "hard":
            self._out.append("<br>\n")
        elif kind == "rule":
            self._out.append("<hr>\n")
        elif kind == "task":
            state = ' checked aria-label="done"' if event[1] else ' aria-label="to do"'
            self._out.append(f'<input type="checkbox" disabled{state}> ')
        elif kind == "note":
            number = self._notes.setdefault(event[1], len(self._notes) + 1)
            name = markup.attribute(f"#fn-{event[1]}")
            self._out.append(f'<sup><a href={name} class="footnote-ref">{number}</a></sup>')

    def _start(self, event: Event) -> None:
        tag = event[1]
        if tag in _OPEN:
            self._out.append(_OPEN[tag])
            if tag in ("row", "head"):
                self._column = 0
                self._cell = "th" if tag == "head" else "td"
        elif tag == "cell":
            align = self._aligns[self._column] if self._column < len(self._aligns) else "None"
            look = f' style="text-align: {align.lower()}"' if align != "None" else ""
            scope = ' scope="col"' if self._cell == "th" else ""
            self._out.append(f"<{self._cell}{scope}{look}>")
            self._column += 1
        elif tag == "heading":
            self._heading = (event[2], len(self._out))
            self._plain = []
        elif tag == "list":
            name = "ul" if event[2] is None else "ol"
            start = f' start="{event[2]}"' if event[2] not in (None, 1) else ""
            self._lists.append(name)
            self._out.append(f"<{name}{start}>\n")
        elif tag == "link":
            url = event[2] if self._style.link is None else self._style.link(event[2])
            self._out.append(f"<a{markup.attributes(href=url, title=event[3] or None)}>")
        elif tag == "table":
            self._aligns = event[2]
            self._out.append("<table>\n")
        elif tag == "footnote":
            number = self._notes.setdefault(event[2], len(self._notes) + 1)
            name = markup.attribute(f"fn-{event[2]}")
            self._out.append(f'<div class="footnote" id={name}><sup>{number}</sup> ')

    def _end(self, tag: str) -> None:
        if tag == "cell":
            self._out.append(f"</{self._cell}>")
        elif tag == "heading":
            self._end_heading()
        elif tag == "list":
            self._out.append(f"</{self._lists.pop()}>\n")
        elif tag in _CLOSE:
            self._out.append(_CLOSE[tag])

    def _end_heading(self) -> None:
        assert self._heading is not None
        level, start = self._heading
        title = "".join(self._plain or ()).strip()
        self._heading = self._plain = None
        name = self._unique(markup.heading_id(title))
        body = "".join(self._out[start:])
        del self._out[start:]
        link = ""
        if self._style.anchor and name:
            target = markup.attribute("#" + name)
            label = markup.attribute(f"Link to {title}")
            link = f'<a class="anchor-link" href={target} aria-label={label}>{markup.text(self._style.anchor)}</a>'
        self._style.headings.append(Heading(level, title, name))
        self._out.append(f"<h{level} id={markup.attribute(name)}>{body}{link}</h{level}>\n")

    def _unique(self, name: str) -> str:
        taken = self._style.ids
        count = taken.get(name, 0)
        taken[name] = count + 1
        return name if count == 0 else f"{name}-{count}"

    def _code(self, stream: list[Event], at: int) -> int:
        """Write a block of code; return the index of its end."""
        language = stream[at][2].split(None, 1)[0].strip("{}.") if stream[at][2].strip() else ""
        text: list[str] = []
        at += 1
        while stream[at][0] != "end":
            text.append(stream[at][1])
            at += 1
        body = "".join(text)
        if language == "mermaid":
            self._out.append(f'<div class="jp-Mermaid"><pre class="mermaid">{markup.text(body)}</pre></div>\n')  # fmt: skip
        elif language:
            self._out.append(code.block(body, language) + "\n")
        else:
            self._out.append(f"<pre><code>{markup.text(body)}</code></pre>\n")
        return at

    def _image(self, stream: list[Event], at: int) -> int:
        """Write a picture; return the index of its end."""
        url, title = stream[at][2], stream[at][3]
        alt: list[str] = []
        depth = 1
        while depth:
            at += 1
            event = stream[at]
            if event[0] in ("start", "end") and event[1] == "image":
                depth += 1 if event[0] == "start" else -1
            elif event[0] in ("text", "code"):
                alt.append(event[1])
            elif event[0] == "math":
                alt.append(event[1].raw)
        address = url if self._style.image is None else self._style.image(url)
        words = "".join(alt)
        if self._plain is not None:
            self._plain.append(words)
        self._out.append(f"<img{markup.attributes(src=address, alt=words, title=title or None)}>")
        return at
