"""Offer the colors of terminals under the names that ``IPython.utils.coloransi`` and ``IPython.utils.PyColorize`` have for them."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from nuncius.kernel.themes import highlight, theme_named

__all__ = ["Parser", "TermColors"]

_COLORS = [
    "Black",
    "Red",
    "Green",
    "Brown",
    "Blue",
    "Purple",
    "Cyan",
    "LightGray",
    "DarkGray",
    "LightRed",
    "LightGreen",
    "Yellow",
    "LightBlue",
    "LightPurple",
    "LightCyan",
    "White",
]


class TermColors:
    """Escape sequences by the names of colors: ``Red``, ``BlinkRed``, ``Normal``."""

    NoColor = ""
    Normal = "\033[0m"
    _base = "\033[%sm"


for _number, _name in enumerate(_COLORS):
    _code = f"{_number // 8};{30 + _number % 8}"
    setattr(TermColors, _name, TermColors._base % _code)  # noqa: SLF001 - of this module
    setattr(TermColors, f"Blink{_name}", TermColors._base % f"5;{30 + _number % 8}")  # noqa: SLF001
TermColors.BlinkLightGray = TermColors._base % "5;37"  # type: ignore[attr-defined]  # noqa: SLF001


class Parser:
    """Colors Python source.

    Args:
        out: Where `format` writes by default.
        theme_name: The name of the theme.
        **options: Ignored.
    """

    def __init__(
        self, out: TextIO | None = None, *, theme_name: str = "neutral", **options: Any
    ) -> None:
        self.out = out or sys.stdout
        self.theme_name = str(options.get("style") or options.get("color_table") or theme_name)

    def format(self, raw: str, out: Any = None, scheme: str = "") -> str | None:
        """Return source with colors, see `format2`; without them, where it cannot be read."""
        return self.format2(raw, "str" if out is None else out)[0]

    def format2(self, raw: str, out: Any = None) -> tuple[str | None, bool]:
        """Write source with colors to a file, or return it where ``out`` is ``"str"``; and whether there was an error, which is never."""
        text = highlight(raw, theme_named(self.theme_name))
        if out == "str" or self.out == "str":
            return text, False
        (out or self.out).write(text)
        return None, False
