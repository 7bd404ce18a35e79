"""Files that go into results: style sheets and scripts."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

__all__ = ["read", "rules"]


@lru_cache(maxsize=16)
def read(name: str) -> str:
    """Return the text of a file beside this module."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


@lru_cache(maxsize=4)
def rules(start: str) -> str:
    """Return the rules of the page's style sheet that begin with ``start``, for pages that do not have its variables."""
    sheet = read("notebook.css")
    values = dict(re.findall(r"(--[\w-]+):([^;}]+)", sheet[: sheet.index("}")]))
    found = "\n".join(line for line in sheet.splitlines() if line.startswith(start))
    return re.sub(r"var\((--[\w-]+)\)", lambda m: f"var({m[1]},{values[m[1]]})", found)
