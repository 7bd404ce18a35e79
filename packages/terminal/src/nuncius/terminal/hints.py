"""Find the call whose signature is of interest, and make a few lines of what a kernel says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["asks_for_signature", "hint"]

_SIGNATURE = re.compile(
    r"(?:Init signature|Call signature|Signature):\s*(.*?)(?=\n[A-Z][\w ]*:|\Z)", re.DOTALL
)
_DOCSTRING = re.compile(r"(?:Docstring|Init docstring):\s*(.*?)(?=\n(?:File|Type|Init|Call|Subclasses|Class)[\w ]*:|\Z)", re.DOTALL)  # fmt: skip
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")

#: Lines that a hint may take at the bottom of the screen.
_LINES = 8


def asks_for_signature(before: str) -> bool:
    """Tell whether after this text one looks for a signature: at the beginning of a call or of an argument."""
    return before.endswith(("(", ",", ", "))


def hint(reply: Mapping[str, Any], *, brief: bool = False) -> str:
    """Return what the content of an ``inspect_reply`` says, in a few lines; empty if nothing is known.

    Args:
        reply: The content.
        brief: Only the signature.
    """
    if not reply.get("found"):
        return ""
    text = _ESCAPES.sub("", str(reply.get("data", {}).get("text/plain", ""))).strip()
    signature = _SIGNATURE.search(text)
    docstring = _DOCSTRING.search(text)
    parts = [match[1].strip() for match in (signature, docstring) if match and match[1].strip()]
    if brief:
        parts = parts[:1] if signature else []
    elif not parts:
        parts = [text]
    lines = "\n".join(parts).split("\n")
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], "..."]
    return "\n".join(lines)
