"""Writer classes, as ``nbconvert.writers`` has them."""

from __future__ import annotations

from nuncius.nbconvert.compat.writers import DebugWriter, FilesWriter, StdoutWriter, WriterBase

__all__ = ["DebugWriter", "FilesWriter", "StdoutWriter", "WriterBase"]
