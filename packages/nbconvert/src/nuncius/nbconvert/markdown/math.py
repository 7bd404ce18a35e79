r"""Take the formulas out of Markdown before it is parsed, so that ``*`` and ``_`` in them stay what they are.

Found are ``$x$``, ``$$x$$``, ``\\(x\\)``, ``\\[x\\]``, ``\begin{name}...\end{name}`` and ``\eqref{name}``, outside of code. One pass over the marks; where a mark has no partner the search for it is not repeated, so the time is linear.

Rule 1: ``$`` opens before something that is no space, or closes after a space too (``$ x $``, not ``$ x$``); what is followed by a digit closes nothing (``$5 and $10`` is money).
Rule 2: ``$`` reaches to the end of the paragraph at most; the others reach over blank lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Formula", "extract"]

_MARK = re.compile(
    r"(?P<fence>^[ ]{0,3}(?:>[ ]?)*[ ]*(?:`{3,}(?=[^`\n]*$)|~{3,}))|(?P<ticks>`+)|(?P<blank>\n[ \t]*(?=\n))"
    r"|(?P<escape>\\\\[()\[\]]|\\(?:begin|end)\{[a-zA-Z]+\*?\}|\\(?:eq)?ref\{[^{}\n]+\}|\\.)|(?P<dollar>\$\$?)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Formula:
    r"""A formula that was taken out.

    Attributes:
        tex: The LaTeX, without the marks (an environment keeps its ``\\begin`` and ``\\end``).
        display: It stands on its own.
        raw: The text as it was, with its marks.
    """

    tex: str
    display: bool
    raw: str


@dataclass(frozen=True, slots=True)
class _Mark:
    kind: str
    start: int
    end: int
    text: str


def extract(source: str, opening: str, closing: str) -> tuple[str, list[Formula]]:
    """Return the source with every formula replaced by ``opening NUMBER closing``, and the formulas.

    Args:
        source: Markdown.
        opening: A character that is not in the source.
        closing: Another one.
    """
    if not any(mark in source for mark in ("$", "\\\\", "\\begin{", "ref{")):
        return source, []
    marks = [
        _Mark(match.lastgroup or "", match.start(), match.end(), match.group())
        for match in _MARK.finditer(source)
    ]
    pieces: list[str] = []
    found: list[Formula] = []
    hopeless: set[str] = set()  # closing marks that the rest of the source does not have
    done = at = 0
    while at < len(marks):
        at, formula, end = _one(source, marks, at, hopeless)
        if formula is not None:
            start = end - len(formula.raw)
            pieces += (source[done:start], opening, str(len(found)), closing)
            found.append(formula)
            done = end
    pieces.append(source[done:])
    return "".join(pieces), found


def _one(source: str, marks: list[_Mark], at: int, hopeless: set[str]) -> tuple[int, Formula | None, int]:  # fmt: skip
    """Return the index of the mark to go on with, and the formula that began at this one with its end."""
    mark = marks[at]
    if mark.kind == "fence":
        return _after_fence(marks, at), None, 0
    if mark.kind == "ticks":
        return _find(marks, at, mark.text, hopeless, "ticks") or at + 1, None, 0
    text = mark.text
    if mark.kind == "dollar":
        close = _dollar(source, marks, at) if text == "$" else _find(marks, at, "$$", hopeless, "dollar")  # fmt: skip
        display = text == "$$"
    elif text in ("\\\\(", "\\\\["):
        close = _find(marks, at, "\\\\)" if text == "\\\\(" else "\\\\]", hopeless, "escape")
        display = text == "\\\\["
    elif text.startswith("\\begin{"):
        close = _environment(marks, at, hopeless)
        display = True
    elif text.startswith(("\\eqref{", "\\ref{")):
        return at + 1, Formula(text, False, text), mark.end
    else:
        return at + 1, None, 0
    if close is None:
        return at + 1, None, 0
    end = marks[close - 1].end
    raw = source[mark.start : end]
    inner = raw if text.startswith("\\begin") else raw[len(text) : -len(text)]
    if not inner.strip():
        return close, None, 0
    return close, Formula(inner.strip(), display, raw), end


def _find(marks: list[_Mark], at: int, wanted: str, hopeless: set[str], kind: str) -> int | None:
    """Return the index after the next mark that reads ``wanted``."""
    if wanted in hopeless:
        return None
    for index in range(at + 1, len(marks)):
        if marks[index].text == wanted and marks[index].kind == kind:
            return index + 1
    hopeless.add(wanted)
    return None


def _dollar(source: str, marks: list[_Mark], at: int) -> int | None:
    after = source[marks[at].end : marks[at].end + 1]
    if not after or after == "\n":
        return None
    ticks = 0
    for index in range(at + 1, len(marks)):
        mark = marks[index]
        if mark.kind in ("blank", "fence"):
            return None
        ticks += mark.kind == "ticks"
        if mark.text == "$":
            # An odd number of backticks: this dollar sign is inside of code.
            return index + 1 if ticks % 2 == 0 and _closes(source, mark, after) else None
    return None


def _closes(source: str, mark: _Mark, after: str) -> bool:
    before = source[mark.start - 1]
    return not source[mark.end : mark.end + 1].isdigit() and (
        before.isspace() or not after.isspace()
    )


def _environment(marks: list[_Mark], at: int, hopeless: set[str]) -> int | None:
    begin = marks[at].text
    end = "\\end" + begin[len("\\begin") :]
    if end in hopeless:
        return None
    depth = 0
    for index in range(at, len(marks)):
        depth += (marks[index].text == begin) - (marks[index].text == end)
        if depth == 0:
            return index + 1
    hopeless.add(end)
    return None


def _after_fence(marks: list[_Mark], at: int) -> int:
    fence = marks[at].text.strip().lstrip("> ")
    for index in range(at + 1, len(marks)):
        mark = marks[index]
        other = mark.text.strip().lstrip("> ")
        if mark.kind == "fence" and other[0] == fence[0] and len(other) >= len(fence):
            return index + 1
    return len(marks)
