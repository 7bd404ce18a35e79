"""Save what a run has brought as it comes: a journal beside the result, appended to, and folded into the notebook at the end.

Each line is a JSON list: what happened, in which cell, and what with. Writing the whole notebook after each cell would take time that grows with the square of its length.

Rule 1: whatever has been written survives the end of this process, however it ends.
Rule 2: a last line that is torn is passed over; any other that cannot be understood is a `JournalError`.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from nuncius.nbconvert.execute.aside import aside
from nuncius.nbconvert.execute.errors import JournalError
from nuncius.nbconvert.execute.events import (
    CellFinished,
    CellStarted,
    Event,
    Published,
    RunFinished,
)
from nuncius.protocol.core.outputs import Appended, Change, Cleared, Extended, Replaced

__all__ = ["Journal", "fold", "journal_path", "left_in", "read_left", "record"]

_VERSION = 1


def journal_path(target: str | Path) -> Path:
    """Return where the journal of a result lies."""
    return aside(target, "journal")


def record(index: int, change: Change) -> list[Any] | None:
    """Return the line for a change of a cell's outputs; None if it needs none."""
    match change:
        case Appended():
            return ["add", index, dict(change.output)]
        case Extended():
            return ["text", index, change.text]
        case Replaced():
            return ["set", index, change.index, change.output["data"], change.output["metadata"]]
        case Cleared():
            return ["clear", index]
    return None


class Journal:
    """The journal of one run. Listens to its events; close it, or `remove` it when the result is written.

    Args:
        path: Where it lies.
        nb: The notebook as it is at first, without outputs.
        salvage: Called with what an earlier run has left there, before it is overwritten.

    Attributes:
        failed: Why it was written no further; None if it was. The run goes on without.

    Raises:
        JournalError: Another run that is still going on writes it.
        OSError: It cannot be written.
    """

    def __init__(
        self,
        path: Path,
        nb: Mapping[str, Any],
        salvage: Callable[[bytes], None] = lambda data: None,
    ) -> None:
        self.path = path
        self.failed: OSError | None = None
        #: Lines that go with the next one.
        self._held: list[list[Any]] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _lock(self._file, path)
            if left := path.read_bytes():
                salvage(left)
            os.ftruncate(self._file, 0)
            self._write(["journal", _VERSION, nb])
            if self.failed is not None:
                raise self.failed
        except BaseException:
            self.close()
            raise

    def __call__(self, event: Event) -> None:
        """Write down what an event says."""
        match event:
            case Published():
                lines = [record(index, change) for index, change in event.changes]
                self._write(*(line for line in lines if line is not None))
            case CellStarted():
                # There is nothing to lose yet: it goes with what comes next.
                self._held = [["start", event.index]]
            case CellFinished():
                cell = event.cell
                said = {"execution_count": cell["execution_count"], "metadata": cell["metadata"]}
                self._write(["end", event.index, said])
            case RunFinished():
                self._write(["done", event.status])

    def close(self) -> None:
        """Leave the journal where it is."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def remove(self) -> None:
        """Remove the journal: the result is written."""
        with contextlib.suppress(OSError):
            self.path.unlink()
        self.close()

    def _write(self, *lines: list[Any]) -> None:
        if not lines or self._file < 0 or self.failed is not None:
            return
        lines, self._held = (*self._held, *lines), []
        # json escapes what is not ASCII, and so what UTF-8 cannot hold.
        data = "".join(json.dumps(line) + "\n" for line in lines).encode("ascii")
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            error.filename = str(self.path)
            self.failed = error


def _lock(file: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise JournalError(f"{path} is being written by another run; give this one another --output, or wait") from None  # fmt: skip


def read_left(path: Path) -> bytes:
    """Return what a run has left that was cut off.

    Raises:
        JournalError: There is nothing, or the run is still going on.
    """
    if not path.exists():
        raise JournalError(f"there is nothing to recover: no {path}")
    return left_in(path)


def left_in(path: Path) -> bytes:
    """Return what is in a journal that nobody writes; nothing if there is none.

    Raises:
        JournalError: A run that is still going on writes it.
    """
    try:
        with path.open("rb") as file:
            _lock(file.fileno(), path)
            return file.read()
    except FileNotFoundError:
        return b""


def fold(lines: Iterable[str | bytes], source: str = "journal") -> tuple[dict[str, Any], str]:
    """Return the notebook that a journal tells of, and how its run ended ("" if it never did).

    Raises:
        JournalError: This is no journal.
    """
    rows = list(lines)
    nb: dict[str, Any] | None = None
    status = ""
    for number, row in enumerate(rows, 1):
        try:
            line = json.loads(row)
            if nb is None:
                nb = _begin(line)
            elif line[0] == "done":
                status = str(line[1])
            else:
                _apply(nb, line)
        except (
            ValueError,
            KeyError,
            IndexError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            if number == len(rows) and nb is not None:
                break
            raise JournalError(f"{source}, line {number}: not what a journal has there ({error!r})") from None  # fmt: skip
    if nb is None:
        raise JournalError(f"{source}: the journal is empty; nothing had run")
    return nb, status


def _begin(line: Any) -> dict[str, Any]:
    word, version, nb = line
    if word != "journal" or version != _VERSION:
        raise ValueError(f"expected a journal of version {_VERSION}")
    if not isinstance(nb["cells"], list):
        raise TypeError("a notebook without cells")
    return dict(nb)


def _apply(nb: dict[str, Any], line: list[Any]) -> None:
    cell = _cell(nb, line[1])
    _RECORDS[line[0]](cell, *line[2:])


def _cell(nb: dict[str, Any], index: Any) -> dict[str, Any]:
    if not isinstance(index, int) or index < 0:
        raise ValueError(f"no cell {index!r}")
    cell: dict[str, Any] = nb["cells"][index]
    return cell


def _start(cell: dict[str, Any]) -> None:
    cell["outputs"], cell["execution_count"] = [], None


def _add(cell: dict[str, Any], output: dict[str, Any]) -> None:
    if not isinstance(output["output_type"], str):
        raise TypeError("an output without a type")
    cell["outputs"].append(output)


def _text(cell: dict[str, Any], text: str) -> None:
    cell["outputs"][-1]["text"] += text


def _set(cell: dict[str, Any], place: int, data: Any, metadata: Any) -> None:
    cell["outputs"][place].update(data=data, metadata=metadata)


def _clear(cell: dict[str, Any]) -> None:
    cell["outputs"] = []


def _end(cell: dict[str, Any], said: dict[str, Any]) -> None:
    cell["execution_count"], cell["metadata"] = said["execution_count"], said["metadata"]


_RECORDS: dict[str, Callable[..., None]] = {
    "start": _start,
    "add": _add,
    "text": _text,
    "set": _set,
    "clear": _clear,
    "end": _end,
}
