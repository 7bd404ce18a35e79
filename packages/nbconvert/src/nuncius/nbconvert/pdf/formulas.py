# ruff: noqa: RUF001 - accents are what this is about
"""Write formulas for Typst: LaTeX is read as MathML, and each of its elements has a counterpart.

What is written is correct Typst by construction: every symbol stands alone and is escaped, every function has its arguments. So no formula of a notebook can stop the whole document.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from html.entities import html5
from xml.etree import ElementTree

from nuncius.nbconvert import mathml
from nuncius.nbconvert.pdf.text import string

__all__ = ["equation", "formula"]

_ENTITY = re.compile(r"&(?!amp;|lt;|gt;|quot;|#)(\w+);")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_LENGTH = re.compile(r"(-?\d*\.?\d+)em")
_COLOR = re.compile(r"color:\s*(#[0-9a-fA-F]{6})\b")
_INVISIBLE = frozenset("\u2061\u2062\u2063\u2064\u200b\ufe00\ufe01")
_OPENING, _CLOSING = frozenset("([{⟨⌈⌊|‖⟦⟮"), frozenset(")]}⟩⌉⌋|‖⟧⟯")
_BIG = frozenset("∑∏∐∫∬∭∮⋃⋂⋁⋀⨁⨂⨀⨄")
_ACCENTS = {
    "ˆ": "\u0302", "^": "\u0302", "ˇ": "\u030c", "˜": "\u0303", "~": "\u0303", "¯": "\u0304", "‾": "\u0304",
    "˙": "\u0307", "¨": "\u0308", "⃛": "\u20db", "⃗": "\u20d7", "→": "\u20d7", "←": "\u20d6", "↔": "\u20e1",
    "´": "\u0301", "`": "\u0300", "˘": "\u0306", "˚": "\u030a", "⃖": "\u20d6",
}  # fmt: skip
_LINES = {"⏞": "overbrace", "⏟": "underbrace", "⎴": "overbracket", "⎵": "underbracket", "⏜": "overparen", "⏝": "underparen"}  # fmt: skip
_BARS = frozenset("\u0332\u0305_¯‾―—")
_DEPTH = 60


def formula(tex: str, display: bool, mathematics: mathml.Mathematics | None = None) -> str | None:
    """Return a formula as an expression of Typst's code; None if it is not understood.

    Args:
        tex: LaTeX, without dollar signs.
        display: It stands on its own.
        mathematics: Those of the document, which know the numbers.
    """
    read = mathml.formula if mathematics is None else mathematics.markup
    markup = read(tex, display)
    return None if markup is None else _written(markup, tex, display)


@lru_cache(maxsize=4096)
def _written(markup: str, tex: str, display: bool) -> str | None:
    try:
        tree = ElementTree.fromstring(_ENTITY.sub(_entity, markup))
    except ElementTree.ParseError:
        return None
    body = _children(tree, 0) or '""'
    inner = f"$ {body} $" if display else f"${body}$"
    return f"math.equation(block: {str(display).lower()}, alt: {string(tex)}, {inner})"


def equation(tex: str, display: bool, mathematics: mathml.Mathematics | None = None) -> str:
    """Return a formula as markup; what is not understood is shown as its source."""
    made = formula(tex, display, mathematics)
    return f"#{made};" if made is not None else f"#raw({string(tex)}, block: {str(display).lower()});"  # fmt: skip


def _entity(match: re.Match[str]) -> str:
    return html5.get(match[1] + ";", "")


def _children(element: ElementTree.Element, depth: int) -> str:
    return " ".join(made for child in element if (made := _element(child, depth + 1)))


def _element(element: ElementTree.Element, depth: int) -> str:
    if depth > _DEPTH:
        return '"…"'
    tag = element.tag
    text = "".join(element.itertext()) if len(element) == 0 or tag == "mtext" else ""
    if tag in ("mi", "mn", "mo", "mtext", "ms", "merror"):
        made = _token(tag, text, element)
    elif tag in _WRITERS:
        made = _WRITERS[tag](element, depth)
    else:
        made = _row(element, depth)
    return _styled(element, made) if element.attrib else made


def _styled(element: ElementTree.Element, made: str) -> str:
    if not made:
        return made
    if element.tag != "mtable":
        style = element.get("displaystyle")
        if style is not None:
            made = f"display({made})" if style == "true" else f"inline({made})"
    color = _COLOR.search(element.get("style", ""))
    value = color[1] if color else element.get("mathcolor", "")
    return f'#text(fill: rgb("{value}"), ${made}$)' if re.fullmatch("#[0-9a-fA-F]{6}", value) else made  # fmt: skip


def _token(tag: str, text: str, element: ElementTree.Element) -> str:
    if tag in ("mtext", "ms", "merror"):
        return string(text.replace("\xa0", " ")) if text else ""
    text = "".join(char for char in text if char not in _INVISIBLE).strip()
    if not text:
        return ""
    if tag == "mn":
        return text if _NUMBER.fullmatch(text) and text.isascii() else string(text)
    if len(text) > 1:
        return f"op({string(text)})"
    if tag == "mi" and element.get("mathvariant") == "normal":
        return f"upright({_symbol(text)})"
    if text in "|‖" and element.get("stretchy") == "false":
        return f'class("normal", {_symbol(text)})'  # a bar around something, not a relation
    return _symbol(text)


def _symbol(char: str) -> str:
    category = unicodedata.category(char)[0]
    if category in "MCZ":
        return string(char)
    return char if category in "LN" else "\\" + char


def _row(element: ElementTree.Element, depth: int) -> str:
    inside = list(element)
    if len(inside) == 3 and _fence(inside[0], "(") and _fence(inside[2], ")") and _no_rule(inside[1]):  # fmt: skip
        above, below = (_element(child, depth + 2) for child in inside[1])
        return f"binom({above or _EMPTY}, {below or _EMPTY})"
    body = _children(element, depth)
    if len(inside) > 1 and body:
        first, last = _stretched(inside[0]), _stretched(inside[-1])
        if (first is not None and first in _OPENING) or (last is not None and last in _CLOSING):
            return f"lr({body})"
    return body


_EMPTY = '""'


def _fence(element: ElementTree.Element, char: str) -> bool:
    return element.tag == "mo" and (element.text or "") == char


def _no_rule(element: ElementTree.Element) -> bool:
    return element.tag == "mfrac" and element.get("linethickness") in ("0", "0em") and len(element) == 2  # fmt: skip


def _stretched(element: ElementTree.Element) -> str | None:
    if element.tag != "mo" or element.get("stretchy") == "false":
        return None
    return (element.text or "").strip() or None


def _arguments(element: ElementTree.Element, depth: int, count: int) -> list[str]:
    made = [_element(child, depth + 1) or _EMPTY for child in element]
    return (made + [_EMPTY] * count)[:count]


def _fraction(element: ElementTree.Element, depth: int) -> str:
    above, below = _arguments(element, depth, 2)
    if element.get("linethickness") in ("0", "0em"):
        return f"mat(delim: #none, {above}; {below})"
    return f"frac({above}, {below})"


def _root(element: ElementTree.Element, depth: int) -> str:
    radicand, degree = _arguments(element, depth, 2)
    return f"root({degree}, {radicand})"


def _square_root(element: ElementTree.Element, depth: int) -> str:
    return f"sqrt({_children(element, depth) or _EMPTY})"


def _scripts(element: ElementTree.Element, depth: int) -> str:
    base, *scripts = _arguments(element, depth, 2 if element.tag != "msubsup" else 3)
    if base in _BIG or base.startswith("op("):
        base = f"scripts({base})"
    places = {"msub": ("b",), "msup": ("t",), "msubsup": ("b", "t")}[element.tag]
    named = ", ".join(f"{place}r: {script}" for place, script in zip(places, scripts, strict=True))
    return f"attach({base}, {named})"


def _limits(element: ElementTree.Element, depth: int) -> str:
    base, *scripts = _arguments(element, depth, 2 if element.tag != "munderover" else 3)
    if element.tag != "munderover" and (line := _line(element, base, depth)):
        return line
    places = {"munder": ("b",), "mover": ("t",), "munderover": ("b", "t")}[element.tag]
    named = ", ".join(f"{place}: {script}" for place, script in zip(places, scripts, strict=True))
    return f"attach(limits({base}), {named})"


def _line(element: ElementTree.Element, base: str, depth: int) -> str:
    """Return an accent, or a line or brace over or under something; "" if it is none."""
    if len(element) != 2 or element[1].tag != "mo":
        return ""
    char = (element[1].text or "").strip()
    if char in _LINES:
        return f"{_LINES[char]}({base})"
    if element.get("accent") != "true" and element.get("accentunder") != "true":
        return ""
    if element.tag == "munder":
        return f"underline({base})" if char in _BARS else ""
    if char in _BARS and element[1].get("stretchy") != "false":
        return f"overline({base})"
    return f'accent({base}, #"{_ACCENTS[char]}")' if char in _ACCENTS else ""


def _around(element: ElementTree.Element, depth: int) -> str:
    """Return a base with scripts on both of its sides."""
    base, *rest = (_element(child, depth + 1) if child.tag != "mprescripts" else None for child in element)  # fmt: skip
    split = rest.index(None) if None in rest else len(rest)
    named = []
    for places, scripts in ((("br", "tr"), rest[:split]), (("bl", "tl"), rest[split + 1 :])):
        for place, script in zip(places, scripts[:2], strict=False):
            if script:
                named.append(f"{place}: {script}")
    return f"attach({', '.join([base or _EMPTY, *named])})"


def _space(element: ElementTree.Element, depth: int) -> str:
    width = _LENGTH.fullmatch(element.get("width", ""))
    return f"#h({width[1]}em)" if width and float(width[1]) else ""


def _phantom(element: ElementTree.Element, depth: int) -> str:
    return f"#hide(${_children(element, depth) or _EMPTY}$)"


def _enclosed(element: ElementTree.Element, depth: int) -> str:
    notation = element.get("notation", "")
    inside = [child for child in element if not child.get("class", "").startswith("menclose")]
    body = " ".join(_element(child, depth + 1) for child in inside) or _EMPTY
    if "updiagonal" in notation and "downdiagonal" in notation:
        return f"cancel({body}, cross: #true)"
    if "diagonal" in notation:
        return f"cancel({body}, inverted: #{str('down' in notation).lower()})"
    if "box" in notation:
        return f"#box(stroke: 0.5pt, inset: 3pt, baseline: 3pt, ${body}$)"
    return body


def _table(element: ElementTree.Element, depth: int) -> str:
    rows = [list(row) for row in element if row.tag in ("mtr", "mlabeledtr")]
    numbered = "width" in element.get("style", "")
    numbers: list[str] = []
    if numbered:
        # The outer columns are there to hold the numbers.
        numbers = ["".join(row[-1].itertext()) if row else "" for row in rows]
        rows = [row[1:-1] for row in rows]
    if not any(rows):
        return ""
    width = max(len(row) for row in rows)
    aligned = numbered or any(_side(cell) == "right" for row in rows for cell in row)
    grand = element.get("displaystyle") == "true"
    lines = [
        ", ".join(_pairs(row, depth, grand) if aligned else _plain(row, width, depth, grand))
        for row in rows
    ]
    if any(numbers):
        lines = [f"{line}, {f'#h(2em) {string(number)}' if number else _EMPTY}" for line, number in zip(lines, numbers, strict=True)]  # fmt: skip
    side = "left" if all(_side(cell) == "left" for row in rows for cell in row) else "center"
    made = f"mat(delim: #none, align: #{side}, column-gap: #{'2em' if aligned else '0.8em'}, row-gap: #{'0.7em' if grand else '0.4em'}{_rules(rows)}, {'; '.join(lines)})"  # fmt: skip
    # Small fractions are right in a matrix, but not in the lines of a displayed formula.
    return f"#lines(${made}$)" if grand else made


def _plain(row: list[ElementTree.Element], width: int, depth: int, grand: bool) -> list[str]:
    cells = [_cell(cell, depth, grand) or _EMPTY for cell in row]
    return cells + [_EMPTY] * (width - len(cells))


def _pairs(row: list[ElementTree.Element], depth: int, grand: bool) -> list[str]:
    """Return cells that stand together around an alignment point: so a relation there is spaced as one."""
    made = []
    at = 0
    while at < len(row):
        if _side(row[at]) == "right" and at + 1 < len(row) and _side(row[at + 1]) == "left":
            left, right = (_cell(cell, depth, grand) for cell in row[at : at + 2])
            made.append(f"{left} & {right}")
            at += 2
        else:
            made.append(_cell(row[at], depth, grand) + (" &" if _side(row[at]) == "right" else ""))
            at += 1
    return [cell if cell.strip() else _EMPTY for cell in made] or [_EMPTY]


def _cell(cell: ElementTree.Element, depth: int, grand: bool) -> str:
    made = _children(cell, depth + 2)
    # A matrix makes integrals small, whatever is said about its fractions.
    return f"display({made})" if grand and not _BIG.isdisjoint(made) else made


def _side(cell: ElementTree.Element) -> str:
    match = re.search(r"text-align:\s*(\w+)", cell.get("style", ""))
    return match[1] if match else "center"


def _rules(rows: list[list[ElementTree.Element]]) -> str:
    across = [i for i, row in enumerate(rows) if i and row and "border-top" in row[0].get("style", "")]  # fmt: skip
    down = [i + 1 for i, cell in enumerate(rows[0][:-1]) if "border-right" in cell.get("style", "")]
    if not across and not down:
        return ""
    parts = [f"{name}: ({', '.join(map(str, at))},)" for name, at in (("hline", across), ("vline", down)) if at]  # fmt: skip
    return f", augment: #({', '.join(parts)})"


_WRITERS = {
    "mfrac": _fraction, "mroot": _root, "msqrt": _square_root, "msub": _scripts, "msup": _scripts,
    "msubsup": _scripts, "munder": _limits, "mover": _limits, "munderover": _limits, "mmultiscripts": _around,
    "mspace": _space, "mphantom": _phantom, "menclose": _enclosed, "mtable": _table,
}  # fmt: skip
