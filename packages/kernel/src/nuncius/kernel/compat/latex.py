"""``IPython.lib.latextools``: pictures of formulas, drawn by matplotlib where it is installed."""

from __future__ import annotations

from base64 import b64encode
from importlib import import_module
from io import BytesIO
from typing import Any

__all__ = ["latex_to_html", "latex_to_png"]


def latex_to_png(
    s: str,
    encode: bool = False,
    backend: str | None = None,
    wrap: bool = False,
    color: str = "Black",
    scale: float = 1.0,
) -> Any:
    """Return a picture of a formula.

    Args:
        s: The formula.
        encode: As base64 text rather than bytes.
        backend: Ignored: it is always matplotlib.
        wrap: Put dollars around the formula.
        color: Of the text.
        scale: Of the size.

    Returns:
        The picture; None where matplotlib is not installed, or does not know the formula.
    """
    try:
        mathtext: Any = import_module("matplotlib.mathtext")
    except ImportError:
        return None
    formula = s.strip()
    if wrap or not formula.startswith("$"):
        formula = f"${formula.strip('$')}$"
    # matplotlib knows one kind of formula only
    formula = formula.replace("\\displaystyle", "").replace("$$", "$")
    out = BytesIO()
    try:
        mathtext.math_to_image(formula, out, dpi=120 * scale, format="png", color=color.lower())
    except (ValueError, RuntimeError):
        return None
    return b64encode(out.getvalue()).decode("ascii") if encode else out.getvalue()


def latex_to_html(s: str, alt: str = "image") -> str | None:
    """Return an ``<img>`` element with a picture of a formula, None if there is none."""
    data = latex_to_png(s, encode=True)
    return None if data is None else f'<img src="data:image/png;base64,{data}" alt="{alt}"/>'
