r"""Turn LaTeX formulas into MathML.

Equations are numbered as AMS does it: each line of ``equation``, ``align`` and so on has a number, through the whole document; ``\tag`` says it itself. ``\eqref`` and ``\ref`` lead to the number of a ``\label``, wherever it is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import markup

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Mathematics", "formula"]

_converter: Any = None
_LABEL = re.compile(r"\\label\s*\{([^}]*)\}")
_UNNUMBERED = re.compile(r"\\(?:nonumber|notag)\b")
_NUMBERED = re.compile(r"\\begin\{(?:equation|align|gather|multline|eqnarray|alignat)\}|\\tag\b")
_REFERENCE = re.compile(r"\\(?:eq)?ref\b")
_PLAIN_REFERENCE = re.compile(r"\\ref\s*\{([^{}]*)\}")
#: How the number of a label, and a reference to it, look in what the converter makes.
_KNOWN = re.compile(r'<mtd [^>]*\bid="([^"]*)"><mtext>\(?([^<]*?)\)?</mtext>')
_OPEN = re.compile(r'<a href="#([^"]*)">\(\?\?\)</a>')
_ALONE = re.compile(r"\\(eq)?ref\s*\{([^{}]*)\}")
_FONTS = {"rm": r"\mathrm ", "bf": r"\mathbf ", "it": r"\mathit "}
_OLD = re.compile(r"\\(rm|bf|it)\b\s*")
_ENVIRONMENT = re.compile(r"\\(begin|end)\{(eqnarray|alignat|split)(\*?)\}(\{\d+\})?")
_MODERN = {"eqnarray": "align", "alignat": "align", "split": "aligned"}
_COLUMNS = re.compile(r"&\s*(=|\\[a-z]+|[<>+-])\s*&")
_BREAK = re.compile(r"(?<!\\)((?:\\\\)*)\\(?=\n|\Z)")
_MIXED = re.compile(r"\\text\{([^{}$]*)\$([^${}]*(?:\{[^{}]*\}[^${}]*)*)\$([^{}]*)\}")


def formula(tex: str, display: bool) -> str | None:
    """Return a formula as a ``<math>`` element; None if it is not understood.

    Args:
        tex: LaTeX, without dollar signs.
        display: It stands on its own.
    """
    return _formula(tex, display)


@lru_cache(maxsize=4096)
def _formula(tex: str, display: bool) -> str | None:
    global _converter
    if _converter is None:
        _converter = _new()
    return _converted(_converter.convert_with_local_state, tex, display)


def _new() -> Any:
    import math_core

    return math_core.LatexToMathML(annotation=False, fancy_error=False)


def _converted(convert: Any, tex: str, display: bool) -> str | None:
    import math_core

    tex = _PLAIN_REFERENCE.sub(r"\\eqref{\1}", tex)
    for attempt in dict.fromkeys((tex, modern := _modern(tex, display), _simplified(modern))):
        try:
            return str(convert(attempt, displaystyle=display))
        except math_core.LatexError:
            continue
    return None


def _modern(tex: str, display: bool) -> str:
    """Return a formula in the words of today, where it has some that are out of use."""
    if "eqnarray" in tex:
        tex = _COLUMNS.sub(r"&\1 ", tex)
    tex = _ENVIRONMENT.sub(lambda m: f"\\{m[1]}{{{_MODERN[m[2]]}{'' if m[2] == 'split' else m[3]}}}", tex)  # fmt: skip
    tex = _BREAK.sub(r"\1\\ ", tex.replace("\\cr", "\\\\"))
    tex = _MIXED.sub(r"\\text{\1}\2\\text{\3}", tex).replace("\\LaTeX", "\\text{LaTeX}")
    if display and "\\tag" in tex and "\\begin{" not in tex:
        return f"\\begin{{equation}}{tex}\\end{{equation}}"
    return tex


def _simplified(tex: str) -> str:
    """Return a formula without what only TeX itself understands."""
    tex = _UNNUMBERED.sub("", _LABEL.sub("", tex))
    tex = _OLD.sub(lambda match: _FONTS[match[1]], tex)
    return tex.replace("\\mbox", "\\text").replace("\\hspace*", "\\hspace").replace("\\nolimits", "")  # fmt: skip


class Mathematics:
    """The formulas of one document.

    Attributes:
        native: Formulas become MathML; otherwise they are left to a script like MathJax.
        failed: What could not be converted, for the report.
    """

    def __init__(self, *, native: bool = True) -> None:
        self.native = native
        self.failed: list[str] = []
        self._labels: dict[str, str] = {}
        self._counting: Any = None

    def learn(self, formulas: Iterable[str]) -> None:
        """Take note of the numbers that labels have, so that formulas before them can refer to them.

        Args:
            formulas: All of the document that stand on their own, in their order.
        """
        for tex in formulas:
            made = self.markup(tex, True)
            self._labels |= dict(_KNOWN.findall(made or ""))
        self._counting = None

    def markup(self, tex: str, display: bool) -> str | None:
        """Return a formula as a ``<math>`` element, numbered if it is one that has a number; None if it is not understood."""
        if not display or not _NUMBERED.search(tex):
            made = formula(tex, display)
        else:
            self._counting = self._counting or _new()
            made = _converted(self._counting.convert_with_global_state, tex, display)
        if made is None or not _REFERENCE.search(tex):
            return made
        marks = ("", "") if "\\eqref" not in tex else ("(", ")")
        # A formula is one thing for who hears it, and has no links in it.
        return _OPEN.sub(lambda m: f"{marks[0]}{self._labels.get(m[1], '???')}{marks[1]}", made)

    def html(self, tex: str, display: bool, raw: str = "") -> str:
        """Return a formula as HTML; what is not understood is shown as its source."""
        if self.native:
            if alone := _ALONE.fullmatch(tex):
                number = markup.text(self._labels.get(alone[2], "???"))
                return f"<a{markup.attributes(href='#' + alone[2])}>{f'({number})' if alone[1] else number}</a>"  # fmt: skip
            element = self.markup(tex, display)
            if element is not None:
                return element
            self.failed.append(tex)
            # Shown as code, so that a reader sees what it should have been.
            return f'<code class="nb-math-source">{markup.text(raw or tex)}</code>'
        if raw.startswith("\\"):
            return markup.text(raw)
        return markup.text(f"$${tex}$$" if display else f"${tex}$")
