"""Run the notebook before it is converted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.nbconvert.execute.events import Listener
    from nuncius.nbconvert.execute.executor import RunResult
    from nuncius.nbconvert.execute.job import Job
    from nuncius.nbconvert.notebook import Notebook
    from nuncius.nbconvert.options import ExecutePreprocessor

__all__ = ["execute"]


def execute(nb: Notebook, resources: dict[str, Any], options: ExecutePreprocessor) -> None:
    """Run the cells and put the outputs into the notebook.

    Args:
        nb: The notebook; changed in place.
        resources: ``metadata.path`` is the folder that it runs in; ``listeners`` are told of what happens.
        options: How it is run.

    Raises:
        CellExecutionError: A cell raised.
        CellTimeoutError: A cell took too long.
        DeadKernelError: The kernel died.
        NunciusError: It could not be run at all.
    """
    from nuncius.nbconvert.execute.blocking import blocking
    from nuncius.nbconvert.execute.job import Job
    from nuncius.nbconvert.execute.options import kernel_choice, settings

    path = resources.get("metadata", {}).get("path") or None
    choice = kernel_choice(options, cwd=path)
    job = Job(source="notebook", nb=nb, kernel=choice, settings=settings(options))
    run = blocking(_run(job, resources.get("listeners") or ()))
    if run is not None:
        run.check()


async def _run(job: Job, listeners: Sequence[Listener]) -> RunResult | None:
    from nuncius.nbconvert.execute.job import run_job
    from nuncius.nbconvert.execute.kernels import new_pool

    async with new_pool() as pool:
        return (await run_job(job, pool, listeners)).run
