"""Files that go into results: style sheets and scripts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

__all__ = ["read"]


@lru_cache(maxsize=16)
def read(name: str) -> str:
    """Return the text of a file beside this module."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
