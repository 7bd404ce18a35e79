"""Write to the person's streams, which cells may have replaced, closed or set to None."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

__all__ = ["complain", "flush", "say"]


def say(text: str) -> None:
    """Write to ``sys.stdout``, if that is possible."""
    _write(sys.stdout, text)


def complain(text: str) -> None:
    """Write to ``sys.stderr``, if that is possible."""
    _write(sys.stderr, text)


def flush() -> None:
    """Flush both streams, as far as they can be."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


def _write(stream: Any, text: str) -> None:
    with suppress(Exception):
        stream.write(text)
