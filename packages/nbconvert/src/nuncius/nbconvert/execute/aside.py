"""Say where that lies which a run leaves while it is not finished: its journal, and the record of its kernel."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from nuncius.nbconvert.places import is_address

__all__ = ["aside"]


def aside(target: str | Path, kind: str) -> Path:
    """Return the path of a file about a result: beside it, or in the user's own folder if the result has an address.

    Args:
        target: The result's path or address.
        kind: What the file's name ends with.
    """
    if is_address(str(target)):
        return _folder() / f"{_readable(str(target))}.{kind}"
    path = Path(target)
    return path.with_name(f".{path.name}.{kind}")


def _folder() -> Path:
    from nuncius.protocol.paths import nuncius_dir

    return Path(nuncius_dir()) / "runs"


def _readable(address: str) -> str:
    """Return a name for a file that tells people which address it is about, and that no other address has."""
    name = address.partition("?")[0].rstrip("/").rpartition("/")[2]
    digest = hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{re.sub(r'[^a-zA-Z0-9_.-]', '_', name)[:64]}-{digest}"
