"""Say what happens in a run: the values that logs, progress bars and journals are made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.protocol.core.outputs import Change
    from nuncius.protocol.messages import Message

__all__ = [
    "CellFinished",
    "CellSkipped",
    "CellStarted",
    "Event",
    "Listener",
    "Published",
    "RunFinished",
    "RunStarted",
]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The kernel is there, and the first cell follows.

    Attributes:
        nb: The notebook.
        cells: How many cells will be run.
    """

    nb: dict[str, Any]
    cells: int


@dataclass(frozen=True, slots=True)
class CellSkipped:
    """A cell is not run: it is no code, or tagged so."""

    index: int
    cell: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CellStarted:
    """A cell is sent to the kernel."""

    index: int
    cell: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Published:
    """Something was published.

    Attributes:
        index: The cell that runs.
        message: What came.
        changes: Each cell that it changes, by index, and how.
    """

    index: int
    message: Message
    changes: Sequence[tuple[int, Change]]


@dataclass(frozen=True, slots=True)
class CellFinished:
    """A cell has ended.

    Attributes:
        index: Its index.
        cell: The cell, with its outputs.
        status: ``ok``, ``error``, ``timeout`` or ``dead``.
        seconds: How long it took.
        allowed: An exception that is no failure.
    """

    index: int
    cell: dict[str, Any]
    status: str
    seconds: float
    allowed: bool = False


@dataclass(frozen=True, slots=True)
class RunFinished:
    """No further cell is run.

    Attributes:
        nb: The notebook.
        status: ``ok``, ``failed``, ``timeout``, ``dead`` or ``interrupted``.
    """

    nb: dict[str, Any]
    status: str


Event = RunStarted | CellSkipped | CellStarted | Published | CellFinished | RunFinished

#: Called with every event, in order.
Listener = Callable[[Event], None]
