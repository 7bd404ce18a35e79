"""Choose what to show of an output that comes in several forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

__all__ = ["RICH_FIRST", "TEXT_FIRST", "choose", "is_json", "is_text", "joined"]

#: For frontends that can show anything.
RICH_FIRST = (
    "application/vnd.*",
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "text/latex",
    "image/*",
    "application/javascript",
    "application/json",
    "application/pdf",
    "text/plain",
)

#: For terminals and logs.
TEXT_FIRST = ("text/plain", "text/markdown", "text/latex", "text/html", "application/json")


def choose(bundle: Mapping[str, Any], priority: Iterable[str] = RICH_FIRST) -> str | None:
    """Return the MIME type of ``bundle`` that comes first in ``priority``.

    Args:
        bundle: MIME type -> content.
        priority: MIME types, the best first; ``*`` stands for any characters.

    Returns:
        None if none of them is there.
    """
    for wanted in priority:
        if wanted in bundle:
            return wanted
        if "*" in wanted:
            for mime in bundle:
                if fnmatchcase(mime, wanted):
                    return mime
    return None


def is_json(mime: str) -> bool:
    """Tell whether contents of this type are JSON values and not text."""
    kind = mime.partition(";")[0].strip()
    return kind == "application/json" or kind.endswith("+json")


def is_text(mime: str) -> bool:
    """Tell whether contents of this type are text as it is, and not base64 or JSON."""
    kind = mime.partition(";")[0].strip()
    return (
        kind.startswith("text/")
        or kind.endswith("+xml")
        or kind in {"application/javascript", "application/xml"}
    )


def joined(content: Any) -> Any:
    """Return text that notebooks store as a list of lines as one text; anything else as it is."""
    if isinstance(content, list) and all(isinstance(line, str) for line in content):
        return "".join(content)
    return content
