"""Say how a notebook is run: the settings that everything in this folder shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["OnError", "Settings", "allows_error", "has_tag", "is_finished", "is_run"]

#: A cell of a notebook, as a plain dict or one of nbformat's nodes.
Cell = dict[str, Any]


class OnError(StrEnum):
    """What happens after a cell that raised."""

    STOP = "stop"
    CONTINUE = "continue"
    ABORT = "abort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the cells of a notebook are run.

    Attributes:
        timeout: Seconds that a cell may take; None is no limit.
        timeout_of: Gives the seconds of a cell, instead of ``timeout``.
        interrupt_on_timeout: A cell that takes too long is interrupted, and ends like one that raised.
        error_on_timeout: The error that such a cell counts as: ename, evalue and traceback.
        on_error: Whether the cells after one that raised are run.
        allow_errors: An exception is no failure.
        allow_error_names: Exceptions of these names are no failure.
        force_raise_errors: Every exception is a failure, whatever else is said.
        skip_tag: Cells with this tag are not run.
        raises_tag: In cells with this tag an exception is no failure.
        exit_ends: A cell that calls ``sys.exit()`` ends the notebook, and that is no failure.
        record_timing: Write the times into the cells' metadata.
        store_widget_state: Write the widgets' state into the notebook's metadata.
        store_history: Cells are counted.
        idle_timeout: Seconds without any message after which the end of a cell's output is not waited for any longer.
        raise_on_idle_timeout: That is a failure.
    """

    timeout: float | None = None
    timeout_of: Callable[[Cell], float | None] | None = None
    interrupt_on_timeout: bool = False
    error_on_timeout: Mapping[str, Any] | None = None
    on_error: OnError = OnError.STOP
    allow_errors: bool = False
    allow_error_names: frozenset[str] = field(default_factory=frozenset)
    force_raise_errors: bool = False
    skip_tag: str = "skip-execution"
    raises_tag: str = "raises-exception"
    exit_ends: bool = False
    record_timing: bool = True
    store_widget_state: bool = True
    store_history: bool = True
    idle_timeout: float = 4.0
    raise_on_idle_timeout: bool = False

    def limit(self, cell: Cell) -> float | None:
        """Return the seconds that a cell may take; None is no limit."""
        seconds = self.timeout if self.timeout_of is None else self.timeout_of(cell)
        return seconds if seconds and seconds > 0 else None


def has_tag(cell: Cell, tag: str) -> bool:
    """Tell whether a cell has a tag."""
    return tag in (cell["metadata"].get("tags") or ())


def is_run(cell: Cell, settings: Settings) -> bool:
    """Tell whether a cell is run at all."""
    return (
        cell["cell_type"] == "code"
        and bool(cell["source"].strip())
        and not has_tag(cell, settings.skip_tag)
    )


def allows_error(cell: Cell, settings: Settings, ename: str = "") -> bool:
    """Tell whether an exception in a cell is no failure."""
    return not settings.force_raise_errors and (
        settings.allow_errors
        or ename in settings.allow_error_names
        or has_tag(cell, settings.raises_tag)
    )


def is_finished(cell: Cell, settings: Settings) -> bool:
    """Tell whether a cell holds what a run to its end has brought."""
    return cell.get("execution_count") is not None and all(
        output["output_type"] != "error" or allows_error(cell, settings, str(output.get("ename")))
        for output in cell["outputs"]
    )
