"""Find the call whose signature is of interest, and make a few lines of what a kernel says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["asks_for_signature", "hint", "signature_and_documentation"]

_SIGNATURE = re.compile(
    r"(?:Init signature|Call signature|Signature):\s*(.*?)(?=\n[A-Z][\w ]*:|\Z)", re.DOTALL
)
_DOCSTRING = re.compile(r"(?:Docstring|Init docstring):\s*(.*?)(?=\n(?:File|Type|Init|Call|Subclasses|Class)[\w ]*:|\Z)", re.DOTALL)  # fmt: skip
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")

#: What Python kernels say of what has none.
_NONE = "<no docstring>"

#: Lines that a hint may take at the bottom of the screen.
_LINES = 8


def asks_for_signature(before: str) -> bool:
    """Tell whether after this text one looks for a signature: at the beginning of a call or of an argument."""
    return before.endswith(("(", ",", ", "))


def signature_and_documentation(reply: Mapping[str, Any]) -> tuple[str, str]:
    """Return the signature, and what is said besides, of the content of an ``inspect_reply``; each may be empty.

    Args:
        reply: The content.
    """
    if not reply.get("found"):
        return "", ""
    text = _ESCAPES.sub("", str(reply.get("data", {}).get("text/plain", ""))).strip()
    signature, docstring = (
        "" if match is None else match[1].strip()
        for match in (_SIGNATURE.search(text), _DOCSTRING.search(text))
    )
    if docstring == _NONE:
        docstring = ""
    return (signature, docstring) if signature or docstring else ("", text)


def hint(reply: Mapping[str, Any], *, brief: bool = False) -> str:
    """Return what the content of an ``inspect_reply`` says, in a few lines; empty if nothing is known.

    Args:
        reply: The content.
        brief: Only the signature.
    """
    signature, documentation = signature_and_documentation(reply)
    parts = [signature] if brief else [signature, documentation]
    lines = "\n".join(part for part in parts if part).split("\n")
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], "..."]
    return "\n".join(lines)
