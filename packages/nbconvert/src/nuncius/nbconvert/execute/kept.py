"""Go on where an earlier run failed: its kernel was kept, and still knows what the cells before have made.

A kernel that was started anew knows nothing: there, all cells are run again. So a run is continued only if its kernel lives, and if no cell that it has finished was changed since.

Rule 1: of one result there is at most one kernel that was kept: a run that does not go on in it ends it.
Rule 2: the record is written when the kernel starts, so that even a run that was killed can be continued.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import writing
from nuncius.nbconvert.execute import journal
from nuncius.nbconvert.execute.aside import aside
from nuncius.nbconvert.execute.errors import JournalError
from nuncius.nbconvert.execute.settings import Cell, Settings, is_finished, is_run
from nuncius.nbconvert.notebook import loads

if TYPE_CHECKING:
    from pathlib import Path

    from nuncius.nbconvert.places import Places

__all__ = ["Past", "Record", "finished_cells", "look_back", "restore"]


@dataclass(frozen=True, slots=True)
class Past:
    """What an earlier run of a notebook has left.

    Attributes:
        kernel: What is needed to take over its kernel, see `nuncius.protocol.manager.manager.KernelManager.adopt`.
        finished: The cells that it has finished, by their index in the notebook that is to be run.
        changed: A finished cell was changed since, so that nothing can be continued.
    """

    kernel: Mapping[str, Any]
    finished: Mapping[int, Cell]
    changed: bool = False


class Record:
    """The file that says how to reach the kernel of a run.

    Args:
        target: The result's path or address.
    """

    def __init__(self, target: str) -> None:
        self.path: Path = aside(target, "kernel")

    def read(self) -> dict[str, Any] | None:
        """Return what was written; None if there is nothing that can be used."""
        try:
            saved = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return None
        return saved if isinstance(saved, dict) else None

    def write(self, saved: Mapping[str, Any]) -> None:
        """Write how to reach the kernel, for its owner's eyes only.

        Raises:
            OSError: It cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        writing.write(self.path, [json.dumps(saved)])
        self.path.chmod(0o600)

    def remove(self) -> None:
        """Remove the file: the kernel has ended."""
        with contextlib.suppress(OSError):
            self.path.unlink()


def look_back(nb: Mapping[str, Any], target: str, settings: Settings, places: Places) -> Past | None:  # fmt: skip
    """Return what an earlier run of a notebook has left; None if it has left no kernel.

    Args:
        nb: The notebook as it is to be run now.
        target: The result's path or address.
        settings: How its cells are run.
        places: Who reads addresses.

    Raises:
        JournalError: The earlier run is still going on.
    """
    kernel = Record(target).read()
    if kernel is None:
        return None
    earlier = _earlier(target, places)
    finished = None if earlier is None else finished_cells(nb, earlier, settings)
    return Past(kernel, finished or {}, changed=earlier is not None and finished is None)


def _earlier(target: str, places: Places) -> dict[str, Any] | None:
    """Return the notebook as the earlier run left it: from its journal if it was cut off."""
    with contextlib.suppress(JournalError):
        if left := journal.left_in(aside(target, "journal")):
            return journal.fold(left.splitlines())[0]
    try:
        return loads(places.read(target), target).nb
    except (OSError, ValueError):
        return None


def finished_cells(
    nb: Mapping[str, Any], earlier: Mapping[str, Any], settings: Settings
) -> dict[int, Cell] | None:
    """Return the cells that need not be run again, by index; None if one that was run is another one now.

    Text may have changed, and so may everything from the first cell on that did not finish: to repair it is what people go on for.
    """
    before = [cell for cell in earlier["cells"] if is_run(cell, settings)]
    finished = list(takewhile(lambda cell: is_finished(cell, settings), before))
    now = [index for index, cell in enumerate(nb["cells"]) if is_run(cell, settings)]
    same = [nb["cells"][index]["source"] for index in now[: len(finished)]]
    if same != [cell["source"] for cell in finished]:
        return None
    return dict(zip(now, finished, strict=False))


def restore(nb: Mapping[str, Any], finished: Mapping[int, Cell]) -> None:
    """Put what finished cells have brought into the notebook."""
    for index, old in finished.items():
        cell = nb["cells"][index]
        cell["outputs"], cell["execution_count"] = old["outputs"], old["execution_count"]
        for name in ("execution", "papermill"):
            if name in old["metadata"]:
                cell["metadata"][name] = old["metadata"][name]
