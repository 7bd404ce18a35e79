"""Write each cell to disk at once, in a file of this session's own: the database is filled from it later.

One write of some hundred bytes to an open file costs microseconds, waits for no lock, and survives ``kill -9``. The file is locked as long as its session lives; so another session can tell that its owner is gone, and take over what it holds.

Each line is a JSON array: ``["session", id, start]`` once the session has a number in the database, ``["in", line, source, raw]`` and ``["out", line, text]``.
"""

# ruff: noqa: PTH103, PTH104, PTH108, PTH116, PTH118, PTH123, PTH208
# os.path, not pathlib: the first cell makes a spool, and pathlib takes 4 ms to load.

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from nuncius.protocol.values import Value

__all__ = ["Batch", "Spool", "orphans", "read", "remove"]


class Batch(Value, frozen=False):
    """What a spool holds.

    Attributes:
        session: The session's number in the database, None before it has one.
        start: When the session began, in ISO 8601.
        inputs: (line, source, raw source).
        outputs: (line, text).
    """

    session: int | None = None
    start: str = ""
    inputs: tuple[tuple[int, str, str], ...] = ()
    outputs: tuple[tuple[int, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.inputs or self.outputs)


class Spool:
    """The file of one session.

    Args:
        folder: Where the spools of all sessions are; made if it is not there.
        start: When the session began, in ISO 8601.

    Raises:
        OSError: The file cannot be made.
    """

    def __init__(self, folder: str, start: str) -> None:
        os.makedirs(folder, exist_ok=True)
        name = os.path.join(folder, f"{os.getpid()}-{os.urandom(4).hex()}")
        self.path = f"{name}.jsonl"
        # It gets its name when it is locked: before that, others would take it for an orphan.
        unnamed = f"{name}.new"
        self._descriptor = os.open(
            unnamed, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        _lock(self._descriptor)
        self._start = start
        self._write(["session", None, start])
        os.rename(unnamed, self.path)

    def write_input(self, line: int, source: str, raw: str) -> None:
        """Keep a cell.

        Raises:
            OSError: The disk is full.
        """
        self._write(["in", line, source, raw])

    def write_output(self, line: int, text: str) -> None:
        """Keep the text of a value.

        Raises:
            OSError: The disk is full.
        """
        self._write(["out", line, text])

    def read(self) -> Batch:
        """Return what is not in the database yet."""
        return read(self.path)

    def begin_anew(self, session: int) -> None:
        """Forget what is in the database now, and remember under which number."""
        os.ftruncate(self._descriptor, 0)
        self._write(["session", session, self._start])

    def close(self) -> None:
        """Let go of the file; another session puts into the database what it still holds."""
        if self._descriptor < 0:
            return
        empty = not self.read()
        os.close(self._descriptor)
        self._descriptor = -1
        if empty:
            remove(self.path)

    def _write(self, entry: list[Any]) -> None:
        data = json.dumps(entry).encode() + b"\n"
        if os.write(self._descriptor, data) != len(data):
            raise OSError(f"no space for the history in {self.path}")


def read(path: str) -> Batch:
    """Return what a spool holds; a line that was cut off by a crash is left out."""
    session, start = None, ""
    inputs: list[tuple[int, str, str]] = []
    outputs: list[tuple[int, str]] = []
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        try:
            kind, *values = json.loads(line)
            if kind == "session":
                session, start = values
            elif kind == "in":
                number, source, raw = values
                inputs.append((int(number), _storable(source), _storable(raw)))
            elif kind == "out":
                number, text = values
                outputs.append((int(number), _storable(text)))
        except (ValueError, TypeError):
            continue
    return Batch(session, start, tuple(inputs), tuple(outputs))


def _storable(text: str) -> str:
    """Return a text as the database takes it: halves of characters are written as escapes."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def remove(path: str) -> None:
    """Remove a spool, if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(path)


def orphans(folder: str) -> Iterator[tuple[str, int]]:
    """Yield the spools whose sessions are gone, each with a descriptor that holds its lock: close it when done."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".jsonl"))
    except FileNotFoundError:
        return
    for name in names:
        path = os.path.join(folder, name)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        # Whoever had it a moment ago may have put it away.
        if _lock(descriptor) and _is_at(path, descriptor):
            yield path, descriptor
        else:
            os.close(descriptor)


def _is_at(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except OSError:
        return False


def _lock(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows: a file that another process has open cannot be deleted there
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
