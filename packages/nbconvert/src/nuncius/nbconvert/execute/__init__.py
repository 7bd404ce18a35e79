"""Run notebooks without anybody watching: cells go to a kernel, what it publishes comes into the notebook.

Values: `settings`, `events`, `errors`. Without I/O: `recorder`, `journal`. With a kernel: `cell` runs one cell, `executor` a notebook, `kernels` starts what they run in. With files: `job` runs one notebook from a file into a file, `batch` many. ``nuncius execute`` is in `nuncius.nbconvert.cli.execute`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nuncius.nbconvert.execute.executor import Executor, RunResult
    from nuncius.nbconvert.execute.job import Job, run_job
    from nuncius.nbconvert.execute.settings import Settings

__all__ = ["Executor", "Job", "RunResult", "Settings", "run_job"]

_HOMES = {
    "Executor": "executor",
    "Job": "job",
    "RunResult": "executor",
    "Settings": "settings",
    "run_job": "job",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"nuncius.nbconvert.execute.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
