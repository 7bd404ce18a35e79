"""Turn LaTeX formulas into MathML."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from nuncius.nbconvert import markup

__all__ = ["Mathematics", "formula"]

_converter: Any = None
_LABEL = re.compile(r"\\label\s*\{([^}]*)\}")
_UNNUMBERED = re.compile(r"\\(?:nonumber|notag)\b")
_OLD = ((re.compile(r"\\(?:rm|bf|it)\b\s*"), lambda m: {"rm": r"\mathrm ", "bf": r"\mathbf ", "it": r"\mathit "}[m.group().strip()[1:]]),)  # fmt: skip


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
    import math_core

    if _converter is None:
        _converter = math_core.LatexToMathML(annotation=False, fancy_error=False)
    for attempt in (tex, _simplified(tex)):
        try:
            return str(_converter.convert_with_local_state(attempt, displaystyle=display))
        except math_core.LatexError:
            continue
    return None


def _simplified(tex: str) -> str:
    """Return a formula without what only TeX itself understands."""
    tex = _UNNUMBERED.sub("", _LABEL.sub("", tex))
    for pattern, replacement in _OLD:
        tex = pattern.sub(replacement, tex)
    return tex.replace("\\mbox", "\\text").replace("\\hspace*", "\\hspace").replace("\\nolimits", "")  # fmt: skip


class Mathematics:
    """The formulas of one document.

    Attributes:
        native: Formulas become MathML; otherwise they are left to a script like MathJax.
    """

    def __init__(self, *, native: bool = True) -> None:
        self.native = native
        #: What could not be converted, for the report.
        self.failed: list[str] = []

    def html(self, tex: str, display: bool, raw: str = "") -> str:
        """Return a formula as HTML; what is not understood is shown as its source."""
        if self.native:
            element = formula(tex, display)
            if element is not None:
                return element
            self.failed.append(tex)
            # Shown as code, so that a reader sees what it should have been.
            return f'<code class="nb-math-source">{markup.text(raw or tex)}</code>'
        if raw.startswith("\\begin"):
            return markup.text(raw)
        return markup.text(f"$${tex}$$" if display else f"${tex}$")
