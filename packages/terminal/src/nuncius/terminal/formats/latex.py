r"""LaTeX formulas as text: ``\frac{x^2}{2}`` as ``x²/2`` in a line, or with a bar between two lines.

Not a typesetter: what sympy, pint, astropy and people in notebooks write. What is unknown is shown by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from nuncius.terminal.formats.boxes import Box, beside, fenced, fraction, grid, rooted, stacked
from nuncius.terminal.formats.symbols import (
    ACCENTS,
    LIMITS,
    NAMED,
    RELATIONS,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    letters,
    symbol,
)

__all__ = ["is_understood", "show_formula", "to_line"]

_TOKEN = re.compile(r"%[^\n]*|\\[A-Za-z]+\*?|\\.|\s+|.", re.DOTALL)

_DELIMITERS = (("$$", "$$"), ("$", "$"), (r"\[", r"\]"), (r"\(", r"\)"))

_FONTS = frozenset(
    [
        "mathrm",
        "mathbf",
        "mathit",
        "mathsf",
        "mathtt",
        "mathbb",
        "mathcal",
        "mathscr",
        "mathfrak",
        "boldsymbol",
        "operatorname",
        "operatorname*",
        "textbf",
        "textit",
        "textrm",
        "texttt",
        "text",
        "mbox",
        "bm",
    ]
)
_TEXTS = frozenset(["text", "mbox", "textbf", "textit", "textrm", "texttt"])
_IGNORED = frozenset(
    [
        r"\displaystyle",
        r"\textstyle",
        r"\limits",
        r"\nolimits",
        r"\!",
        r"\big",
        r"\Big",
        r"\bigg",
        r"\Bigg",
        r"\bigl",
        r"\bigr",
        r"\Bigl",
        r"\Bigr",
        r"\biggl",
        r"\biggr",
        r"\Biggl",
        r"\Biggr",
        r"\nonumber",
        r"\notag",
        r"\hline",
        r"\rm",
        r"\bf",
        r"\it",
    ]
)
_SPACES = {"\\,": " ", "\\;": " ", "\\:": " ", "\\ ": " ", "\\quad": "  ", "\\qquad": "    ", "~": " ", "\\>": " "}  # fmt: skip
_FENCES = {"pmatrix": "()", "bmatrix": "[]", "Bmatrix": "{}", "vmatrix": "||", "Vmatrix": "\u2016\u2016", "cases": "{."}  # fmt: skip
_ALIGNED = frozenset({"aligned", "align", "align*", "split", "eqnarray", "eqnarray*", "alignedat"})
_DEEPEST = 60


class _Atom(NamedTuple):
    """A piece of a row. Its kind decides about the room around it: ``ord bin rel op open close punct space``."""

    box: Box
    kind: str = "ord"


def to_line(latex: str) -> str:
    """Return a formula in one line."""
    text = _Parser(latex, flat=True).whole().text
    return " ".join(text.split("\n"))


def show_formula(latex: str) -> str:
    """Return a formula in as many lines as it takes."""
    box = _Parser(latex, flat=False).whole()
    return "\n".join(line.rstrip() for line in box.lines)


def is_understood(latex: str) -> bool:
    """Tell whether nothing in a formula is unknown."""
    parser = _Parser(latex, flat=True)
    parser.whole()
    return not parser.unknown


def _bare(latex: str) -> str:
    text = latex.strip()
    for start, end in _DELIMITERS:
        if len(text) > len(start) + len(end) - 1 and text.startswith(start) and text.endswith(end):
            return text[len(start) : -len(end)]
    return text


class _Parser:
    def __init__(self, latex: str, *, flat: bool, depth: int = 0) -> None:
        self._tokens = [t for t in _TOKEN.findall(_bare(latex)) if not t.startswith("%")]
        self._at = 0
        self._flat = flat
        self._depth = depth
        #: Commands that it does not know.
        self.unknown: set[str] = set()

    def whole(self) -> Box:
        """Return all of the formula."""
        boxes = []
        while self._at < len(self._tokens):
            boxes.append(self._row(()))
            self._at += 1  # a bracket without its partner
        return beside(boxes) if boxes else Box(("",))

    # -- tokens

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _skip_blanks(self) -> None:
        while self._peek().isspace():
            self._at += 1

    def _raw(self) -> str:
        """Return what stands in braces, as it is written."""
        self._skip_blanks()
        if self._peek() != "{":
            return self._next()
        self._next()
        depth, parts = 1, []
        while self._at < len(self._tokens):
            token = self._next()
            depth += (token == "{") - (token == "}")
            if depth == 0:
                break
            parts.append(token)
        return "".join(parts)

    # -- rows

    def _row(self, ends: Sequence[str]) -> Box:
        """Read until one of ``ends``, or a closing brace, which is left."""
        if self._depth > _DEEPEST:
            return self._rest()
        atoms: list[_Atom] = []
        self._depth += 1
        while self._at < len(self._tokens):
            token = self._peek()
            if token == "}" or token in ends:
                break
            if token.isspace():
                if self._between_words():
                    atoms.append(_Atom(Box((" ",)), "space"))
                self._at += 1
            elif token in ("^", "_"):
                atoms.append(self._scripts(atoms.pop() if atoms else _Atom(Box(("",)))))
            else:
                atoms.extend(self._atoms())
        self._depth -= 1
        return _spaced(atoms)

    def _between_words(self) -> bool:
        """Tell whether the blank here is one between two names, of which one has several letters: sympy means a product."""
        before = "".join(self._tokens[max(0, self._at - 2) : self._at])
        after = "".join(self._tokens[self._at + 1 : self._at + 3])
        several = any(len(word) == 2 and word.isalpha() for word in (before, after))
        return several and before[-1:].isalnum() and after[:1].isalnum()

    def _rest(self) -> Box:
        """Return what is left as it is written: it is nested too deep to be read by anybody."""
        text = "".join(self._tokens[self._at :])
        self._at = len(self._tokens)
        return Box((" ".join(text.split()),))

    def _argument(self) -> Box:
        self._skip_blanks()
        if self._depth > _DEEPEST:
            return self._rest()
        if self._peek() != "{":
            self._depth += 1
            box = _spaced(self._atoms())
            self._depth -= 1
            return box
        self._next()
        box = self._row(())
        self._next()
        return box

    def _atoms(self) -> list[_Atom]:
        token = self._next()
        if not token:
            return []
        if token == "{":
            box = self._row(())
            self._next()
            return [_Atom(box)]
        if token in _SPACES:
            return [_Atom(Box((_SPACES[token],)), "space")]
        if token in _IGNORED:
            return []
        if token.startswith("\\") and len(token) > 1:
            return self._command(token[1:])
        return [_character("'" if token == "\u2019" else token)]

    def _command(self, name: str) -> list[_Atom]:
        special = self._commands.get(name)
        if special is not None:
            return [special(self)]
        if name in _FONTS:
            return [self._font(name)]
        if name in ACCENTS:
            box = self._argument()
            mark = ACCENTS[name]
            if box.height > 1:
                return [_Atom(box)]
            whole = name in ("overline", "underline")
            return [
                _Atom(Box(("".join(c + mark for c in box.text) if whole else box.text + mark,)))
            ]
        if name in NAMED:
            return [_Atom(Box((name,)), "op")]
        if not name[0].isalpha():
            return [_character("\u2016" if name == "|" else name)]
        if (char := symbol(name)) is not None:
            return [_character(char)]
        self.unknown.add(name)
        return [_Atom(Box((name,)), "op")]

    # -- commands

    def _scripts(self, base: _Atom) -> _Atom:
        marks = {"^": Box(("",)), "_": Box(("",))}
        while True:
            blanks = self._at
            self._skip_blanks()
            if self._peek() in marks and not marks[self._peek()].width:
                mark = self._next()
                flat, self._flat = self._flat, True
                marks[mark] = self._argument()
                self._flat = flat
            else:
                self._at = blanks
                break
        below, above = marks["_"], marks["^"]
        if not self._flat and base.box.text in LIMITS:
            parts = [box for box in (above, base.box, below) if box.width]
            return _Atom(stacked(parts, above.height if above.width else 0), "op")
        return _Atom(self._with_scripts(base.box, below, above), base.kind)

    def _with_scripts(self, base: Box, below: Box, above: Box) -> Box:
        sub, sup = _small(below, SUBSCRIPTS), _small(above, SUPERSCRIPTS)
        if sub is not None and sup is not None and (base.height == 1 or not sup):
            end = Box((sub + sup,))
            return beside([base, end]) if base.height == 1 else _lowered(base, end)
        if self._flat:
            low = sub if sub is not None else f"_{_enclosed(below)}"
            high = sup if sup is not None else f"^{_enclosed(above)}"
            return beside([base, Box((low + high,))])
        raised = [above] if above.width else []
        lowered = [below] if below.width else []
        middle = [Box((" ",))] * base.height
        return beside(
            [
                base,
                stacked(
                    [*raised, *middle, *lowered], base.base + (above.height if raised else 0), "<"
                ),
            ]
        )

    def _fraction(self) -> _Atom:
        above, below = self._argument(), self._argument()
        if not self._flat:
            return _Atom(fraction(above, below))
        return _Atom(Box((f"{_enclosed(above)}/{_enclosed(below)}",)))

    def _binomial(self) -> _Atom:
        above, below = self._argument(), self._argument()
        if self._flat:
            return _Atom(Box((f"C({above.text}, {below.text})",)))
        return _Atom(fenced(stacked([above, below], 0), "(", ")"))

    def _root(self) -> _Atom:
        index = ""
        self._skip_blanks()
        if self._peek() == "[":
            self._next()
            box = self._row(("]",))
            self._next()
            index = _small(box, SUPERSCRIPTS) or box.text
        body = self._argument()
        if body.height > 1 or (not self._flat and body.width > 1):
            return _Atom(rooted(body, index))
        return _Atom(Box((f"{index}\u221a{_enclosed(body)}",)))

    def _fenced(self) -> _Atom:
        left = self._delimiter()
        box = self._row((r"\right",))
        right = self._delimiter() if self._next() == r"\right" else ""
        return _Atom(fenced(box, left, right), "close" if left == "(" else "ord")

    def _delimiter(self) -> str:
        self._skip_blanks()
        token = self._next()
        if token == ".":
            return ""
        if token == r"\|":
            return "\u2016"
        return symbol(token[1:]) or token[1:] if token.startswith("\\") else token

    def _font(self, name: str) -> _Atom:
        text = self._raw()
        if name in _TEXTS:
            return _Atom(Box((re.sub(r"\\([%&_#$ ])", r"\1", text),)))
        box = _Parser(text, flat=self._flat, depth=self._depth + 1).whole()
        if name.startswith("operatorname"):
            return _Atom(box, "op")
        return _Atom(Box(tuple(letters(line, name) for line in box.lines), box.base))

    def _environment(self) -> _Atom:
        name = self._raw()
        if name == "array" or name.startswith("alignedat"):
            self._raw()
        rows: list[list[Box]] = [[]]
        while True:
            rows[-1].append(self._row(("&", r"\\", r"\end", r"\cr")))
            token = self._next()
            if token in (r"\\", r"\cr"):
                rows.append([])
            elif token == r"\end" or not token:
                break
        self._raw()
        if len(rows) > 1 and all(not box.width for box in rows[-1]):
            rows.pop()
        fences = _FENCES.get(name, "..")
        left, right = fences[0].strip("."), fences[1].strip(".")
        if self._flat and name not in ("equation", "equation*"):
            text = "; ".join(", ".join(box.text for box in row) for row in rows)
            if not left and "matrix" in name:
                return _Atom(Box((text,)))
            return _Atom(Box((f"{left or '['}{text}{right or (']' if not left else '}')}",)))
        if name in _ALIGNED:
            return _Atom(grid(rows, "><", gap=1))
        return _Atom(fenced(grid(rows, "<" if name == "cases" else "^"), left, right))

    def _over_or_under(self) -> _Atom:
        mark, body = self._argument(), self._argument()
        return _Atom(body if self._flat else stacked([mark, body], mark.height))

    def _silent(self) -> _Atom:
        self._raw()
        return _Atom(Box(("",)), "space")

    def _not(self) -> _Atom:
        atoms = self._atoms()
        if not atoms:
            return _Atom(Box(("",)))
        negated = {
            "=": "\u2260",
            "\u2208": "\u2209",
            "\u2261": "\u2262",
            "<": "\u226e",
            ">": "\u226f",
        }
        text = atoms[0].box.text
        return _Atom(Box((negated.get(text, text + "\u0338"),)), atoms[0].kind)

    _commands: dict[str, Callable[[_Parser], _Atom]] = {  # noqa: RUF012 - filled once
        "frac": _fraction,
        "dfrac": _fraction,
        "tfrac": _fraction,
        "cfrac": _fraction,
        "binom": _binomial,
        "dbinom": _binomial,
        "sqrt": _root,
        "left": _fenced,
        "begin": _environment,
        "overset": _over_or_under,
        "stackrel": _over_or_under,
        "hspace": _silent,
        "hspace*": _silent,
        "label": _silent,
        "tag": _silent,
        "color": _silent,
        "not": _not,
        "bmod": lambda self: _Atom(Box(("mod",)), "rel"),
        "middle": lambda self: _Atom(Box((self._delimiter(),))),
    }


def _character(char: str) -> _Atom:
    if char in RELATIONS:
        return _Atom(Box((char,)), "rel")
    if char in "+-\u00b1\u2213\u00d7\u00f7\u2295\u2297\u2228\u2227\u222a\u2229\u2216":
        return _Atom(Box((char,)), "bin")
    if char in "\u2211\u220f\u2210\u222b\u222c\u222d\u222e\u22c3\u22c2\u2a01\u2a02":
        return _Atom(Box((char,)), "op")
    if char in "([{\u27e8\u230a\u2308":
        return _Atom(Box((char,)), "open")
    if char in ")]}\u27e9\u230b\u2309":
        return _Atom(Box((char,)), "close")
    return _Atom(Box((char,)), "punct" if char in ",;" else "ord")


def _spaced(atoms: Sequence[_Atom]) -> Box:
    """Put atoms side by side, with the room that operators want."""
    boxes: list[Box] = []
    before = ""
    blank = Box((" ",))
    for place, atom in enumerate(atoms):
        after = _kind_of_next(atoms, place)
        kind = atom.kind
        if kind == "bin" and before in ("", "bin", "rel", "open", "punct", "op"):
            kind = "ord"  # a sign
        wide = kind == "rel" or (kind == "bin" and after)
        if boxes and (wide or (kind == "op" and before in ("ord", "close"))):
            boxes.append(blank)
        boxes.append(atom.box)
        if (
            after
            and after != "space"
            and (
                wide
                or kind == "punct"
                or (kind == "op" and after not in ("open", "close", "punct", "rel", "bin"))
            )
        ):
            boxes.append(blank)
        if kind != "space":
            before = "rel" if wide else kind
    return beside(boxes) if boxes else Box(("",))


def _kind_of_next(atoms: Sequence[_Atom], place: int) -> str:
    if place + 1 >= len(atoms):
        return ""
    atom = atoms[place + 1]
    return "open" if atom.box.lines[atom.box.base].startswith(("(", "\u239c")) else atom.kind


def _small(box: Box, table: dict[str, str]) -> str | None:
    text = box.text.replace(" ", "")
    if box.height > 1 or any(char not in table for char in text):
        return None
    return "".join(table[char] for char in text)


def _enclosed(box: Box) -> str:
    """Return a box's text, in parentheses unless it is one thing."""
    text = box.text
    simple = re.fullmatch(r"[\w\u0300-\u036f\u20d0-\u20ff\u2070-\u209c]*|.", text) is not None
    return text if simple or re.fullmatch(r"\([^()]*\)", text) else f"({text})"


def _lowered(base: Box, end: Box) -> Box:
    """Put a small script beside the lowest line of a high box."""
    blank = Box((" " * end.width,))
    return beside([base, stacked([*[blank] * (base.height - 1), end], base.base, "<")])
