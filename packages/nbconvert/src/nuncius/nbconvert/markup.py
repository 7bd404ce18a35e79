"""Write markup that data cannot break out of: the one place that escapes text and attributes."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["attribute", "attributes", "data_for_script", "heading_id", "text"]

_SPECIAL = re.compile("[&<>]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Control characters are not allowed in HTML, and surrogates not in UTF-8.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")


def text(value: str) -> str:
    """Return ``value`` as the text of an element."""
    if _SPECIAL.search(value):
        return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return value


def attribute(value: object) -> str:
    """Return ``value`` in quotes, as that of an attribute."""
    return '"' + text(str(value)).replace('"', "&quot;") + '"'


def attributes(**values: object) -> str:
    """Return attributes with a space before each; ``None`` and ``False`` leave one out, ``_`` stands for ``-``."""
    return "".join(
        f" {name.rstrip('_').replace('_', '-')}" + ("" if value is True else f"={attribute(value)}")
        for name, value in values.items()
        if value is not None and value is not False
    )


def clean(value: str) -> str:
    """Return a string without the characters that a page must not have."""
    return _FORBIDDEN.sub("\ufffd", value)


def data_for_script(value: Any) -> str:
    """Return JSON that can stand in a ``<script>`` element: nothing in it can end the element."""
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/").replace("<!--", "<\\u0021--")


def heading_id(title: str) -> str:
    """Return the id of a heading, as notebooks link to it: spaces become ``-``."""
    return re.sub(r"\s+", "-", title.strip())
