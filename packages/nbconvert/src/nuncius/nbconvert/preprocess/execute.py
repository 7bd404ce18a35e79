"""Run the notebook before it is converted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

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
        resources: ``metadata.path`` is the folder that it runs in; ``progress`` is where a bar is shown.
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
    with _progress(resources.pop("progress", None)) as listeners:
        run = blocking(_run(job, listeners))
    if run is not None:
        run.check()


@contextmanager
def _progress(stream: TextIO | None) -> Iterator[list[Listener]]:
    """Show a bar, if there is where to."""
    if stream is None:
        yield []
        return
    import shutil

    from nuncius.nbconvert.execute.progress import Progress

    columns = shutil.get_terminal_size().columns
    progress = Progress(stream, "bar", columns=lambda: columns)
    try:
        yield [progress.listener("notebook")]
    finally:
        progress.close()


async def _run(job: Job, listeners: Sequence[Listener]) -> RunResult | None:
    from nuncius.nbconvert.execute.job import run_job
    from nuncius.nbconvert.execute.kernels import new_pool

    async with new_pool() as pool:
        return (await run_job(job, pool, listeners)).run
