"""Small tools of those who write magics: what ``IPython.core.magic`` and ``IPython.core.magics`` have beside the decorators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nuncius.kernel.magics.registry import Magics, magics_class

__all__ = [
    "Bunch",
    "UserMagics",
    "compress_dhist",
    "default_script_magics",
    "parse_breakpoint",
    "record_magic",
    "validate_type",
]

_KINDS = ("line", "cell", "line_cell")


class Bunch:
    """An object to set attributes on."""


@magics_class
class UserMagics(Magics):
    """Where functions that became magics are listed; it has none of its own."""


def compress_dhist(dh: list[str]) -> list[str]:
    """Return a list of folders without those that come again later; the last ten stay as they are."""
    old, last = dh[:-10], dh[-10:]
    return [*dict.fromkeys(old), *last]


def record_magic(
    dct: dict[str, dict[str, Any]], magic_kind: str, magic_name: str, func: Callable[..., Any]
) -> None:
    """Put a function into a table of magics by kind and name."""
    for kind in ("line", "cell") if magic_kind == "line_cell" else (magic_kind,):
        dct[kind][magic_name] = func


def validate_type(magic_kind: str) -> None:
    """Check the kind of a magic.

    Raises:
        ValueError: There is no such kind.
    """
    if magic_kind not in _KINDS:
        raise ValueError(
            f"expected a kind of magics, one of {', '.join(_KINDS)}; got {magic_kind!r}"
        )


def parse_breakpoint(text: str, current_file: str) -> tuple[str, int]:
    """Return the file and the line of a breakpoint such as ``12`` or ``script.py:12``."""
    file, colon, line = text.rpartition(":")
    return (file, int(line)) if colon else (str(Path(current_file)), int(text))


def default_script_magics() -> list[str]:
    """Return the names of the magics that run a cell in a program."""
    return ["sh", "bash", "perl", "ruby", "python", "python2", "python3", "pypy"]
