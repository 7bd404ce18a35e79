"""Write results to disk: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.errors import ConversionException

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["copy_files", "write", "write_outputs"]


def write(path: Path, chunks: Iterable[str] | Iterable[bytes]) -> int:
    """Write the chunks to a file; what was there stays until all is written.

    Returns:
        The number of bytes.

    Raises:
        OSError: It cannot be written.
    """
    try:
        return _write(path, chunks)
    except OSError as error:
        # Not the name of the temporary file: it says nothing to anybody.
        error.filename, error.filename2 = str(path), None
        raise


def _write(path: Path, chunks: Iterable[str] | Iterable[bytes]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    if path.exists() and not path.is_file():
        return _pour(path, chunks)  # a device or pipe cannot be replaced
    if isinstance(chunks, (list, tuple)) and (size := _touch(path, chunks)) is not None:
        return size
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:80]}.")
    os.close(handle)
    temporary = Path(name)
    try:
        size = _pour(temporary, chunks)
        temporary.chmod(path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask())
        # A link is followed: what it leads to is what people mean.
        temporary.replace(path.resolve() if path.is_symlink() else path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return size


def _touch(path: Path, chunks: Sequence[str] | Sequence[bytes]) -> int | None:
    """Make a file new that holds just this already; return its size, None if it does not.

    To replace a file takes the system milliseconds, and most of what is converted again has not changed.
    """
    size = 0
    try:
        with path.open("rb") as file:
            for chunk in chunks:
                data = chunk.encode("utf-8", "replace") if isinstance(chunk, str) else chunk
                if file.read(len(data)) != data:
                    return None
                size += len(data)
            if file.read(1):
                return None
        os.utime(path)
    except OSError:
        return None
    return size


def _pour(path: Path, chunks: Iterable[str] | Iterable[bytes]) -> int:
    size = 0
    with path.open("wb") as file:
        for chunk in chunks:
            data = chunk.encode("utf-8", "replace") if isinstance(chunk, str) else chunk
            size += file.write(data)
    return size


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_outputs(folder: Path, outputs: dict[str, bytes]) -> None:
    """Write the files that belong to a result, below a folder.

    Raises:
        ConversionException: A name leads out of the folder.
    """
    root = folder.resolve()
    for name, data in outputs.items():
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise ConversionException(f"the notebook wants to write {name!r}, which is outside of {folder}")  # fmt: skip
        write(path, [data])


def copy_files(patterns: Iterable[str], source: Path, target: Path) -> None:
    """Copy the files that patterns name from one folder to another, with the folders they are in."""
    import shutil

    for pattern in patterns:
        for path in sorted(source.glob(pattern)):
            destination = target / path.relative_to(source)
            if path.is_file() and path.resolve() != destination.resolve():
                destination.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, destination)


def as_bytes(chunks: Any) -> bytes:
    """Return chunks of text or bytes as bytes."""
    return b"".join(c.encode("utf-8", "replace") if isinstance(c, str) else c for c in chunks)
