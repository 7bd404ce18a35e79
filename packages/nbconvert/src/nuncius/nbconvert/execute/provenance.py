"""Write into a notebook how it was run, where papermill does: in ``metadata.papermill`` of the notebook and its cells."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from nuncius.nbconvert.execute.events import (
    CellFinished,
    CellSkipped,
    CellStarted,
    Event,
    RunFinished,
    RunStarted,
)

__all__ = ["ERROR_TAG", "Provenance", "mark_error", "remove_marks"]

#: The tag of the cells that point to a failure.
ERROR_TAG = "papermill-error-cell-tag"

_STYLE = (
    'style="color:red; font-family:Helvetica Neue, Helvetica, Arial, sans-serif; font-size:2em;"'
)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Provenance:
    """Listens to the events of a run, and writes times and states into its notebook.

    Args:
        nb: The notebook.
        input_path: Where it came from.
        output_path: Where it goes to.
        parameters: What it was given.
        now: Tells the time.
    """

    def __init__(
        self,
        nb: dict[str, Any],
        input_path: str | None,
        output_path: str | None,
        parameters: Mapping[str, Any],
        now: Callable[[], datetime.datetime] = _now,
    ) -> None:
        self._now = now
        self._begun = now()
        self._started: dict[int, datetime.datetime] = {}
        self._about: dict[str, Any] = {
            "default_parameters": {},
            "environment_variables": {},
            "input_path": input_path,
            "output_path": output_path,
            "parameters": dict(parameters),
            "start_time": self._begun.isoformat(),
            "end_time": None,
            "duration": None,
            "exception": None,
            "version": None,
        }
        nb["metadata"]["papermill"] = self._about
        for cell in nb["cells"]:
            cell["metadata"]["papermill"] = _state("pending")

    def __call__(self, event: Event) -> None:
        """Write down what an event says."""
        match event:
            case RunStarted():
                self._about["start_time"] = self._begun.isoformat()
            case CellStarted():
                self._start(event.index, event.cell)
            case CellSkipped():
                self._start(event.index, event.cell)
                self._end(event.index, event.cell, failed=False)
            case CellFinished():
                failed = event.status != "ok" and not event.allowed
                self._end(event.index, event.cell, failed)
            case RunFinished():
                self._finish()

    def _start(self, index: int, cell: dict[str, Any]) -> None:
        self._started[index] = self._now()
        state = _state("running")
        state.update(exception=False, start_time=self._started[index].isoformat())
        cell["metadata"]["papermill"] = state

    def _end(self, index: int, cell: dict[str, Any], failed: bool) -> None:
        end = self._now()
        cell["metadata"]["papermill"].update(
            status="failed" if failed else "completed",
            exception=failed,
            end_time=end.isoformat(),
            duration=(end - self._started[index]).total_seconds(),
        )
        if failed:
            self._about["exception"] = True

    def _finish(self) -> None:
        end = self._now()
        self._about["end_time"] = end.isoformat()
        self._about["duration"] = (end - self._begun).total_seconds()


def _state(status: str) -> dict[str, Any]:
    return {
        "exception": None,
        "start_time": None,
        "end_time": None,
        "duration": None,
        "status": status,
    }


def remove_marks(nb: dict[str, Any]) -> None:
    """Remove the cells that point to the failure of an earlier run."""
    nb["cells"] = [
        cell for cell in nb["cells"] if ERROR_TAG not in (cell["metadata"].get("tags") or ())
    ]


def mark_error(nb: dict[str, Any], index: int) -> None:
    """Add a cell at the top that points to a cell that failed, and one before it."""
    number = nb["cells"][index].get("execution_count")
    top = f'<span {_STYLE}>This run failed at <a href="#papermill-error-cell">In [{number}]</a>.</span>'
    here = (
        f'<span id="papermill-error-cell" {_STYLE}>The next cell failed, and the run ended:</span>'
    )
    nb["cells"].insert(index, _mark("papermill-error-here", here))
    nb["cells"].insert(0, _mark("papermill-error-top", top))


def _mark(name: str, text: str) -> dict[str, Any]:
    return {
        "cell_type": "markdown",
        "id": name,
        "metadata": {"tags": [ERROR_TAG]},
        "source": text,
    }
