"""Write text for Typst so that nothing in it is markup or code: the one place that escapes."""

from __future__ import annotations

import re

__all__ = ["content", "markup", "raw", "string"]

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_UNBROKEN = re.compile(r"[^\s\u200b]{72}(?=[^\s\u200b])")


def markup(text: str) -> str:
    """Return text as Typst markup: every character stands for itself, line ends are spaces."""
    text = _FORBIDDEN.sub("\ufffd", text).replace("\n", " ")
    return _PUNCTUATION.sub(r"\\\g<0>", text)


def string(text: str) -> str:
    """Return text as a string literal of Typst's code."""
    text = _FORBIDDEN.sub("\ufffd", text)
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{text}"'


def raw(text: str, *, language: str = "", block: bool = False) -> str:
    """Return text that keeps its spaces and line ends, as an expression of Typst's code.

    Words of more than 72 characters may be broken, so that no line leaves the page.
    """
    text = _UNBROKEN.sub("\\g<0>\u200b", text.expandtabs(8 if not language else 4))
    lang = f", lang: {string(language)}" if language else ""
    return f"raw({string(text)}{lang}{', block: true' if block else ''})"


def content(body: str) -> str:
    """Return markup as an expression of Typst's code."""
    return f"[{body}]"
