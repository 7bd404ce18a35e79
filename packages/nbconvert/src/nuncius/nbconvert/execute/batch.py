"""Run many notebooks: one coroutine for each kernel, all in one event loop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nuncius.nbconvert.execute.job import Job, JobResult, Stopper, run_job
from nuncius.nbconvert.execute.kernels import new_pool
from nuncius.nbconvert.execute.settings import OnError
from nuncius.protocol.errors import NunciusError

if TYPE_CHECKING:
    from nuncius.nbconvert.execute.events import Listener

__all__ = ["Report", "run_jobs"]


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one notebook.

    Attributes:
        job: What was run.
        result: What came out; None if it could not begin.
        error: Why it failed; None if it did not.
    """

    job: Job
    result: JobResult | None
    error: Exception | None = None

    @property
    def status(self) -> str:
        """``ok``, ``failed``, ``timeout``, ``dead``, ``interrupted``, or ``skipped`` if it was not run."""
        if self.result is None:
            return "failed" if self.error is not None else "interrupted"
        return "skipped" if self.result.run is None else self.result.run.status


async def run_jobs(
    jobs: Sequence[Job],
    *,
    workers: int = 1,
    listeners: Callable[[Job], Sequence[Listener]] = lambda job: (),
    done: Callable[[Report], None] = lambda report: None,
) -> list[Report]:
    """Run notebooks; return what became of each, in their order.

    The first Ctrl-C (or SIGTERM) interrupts what runs, and what ran is saved; the second ends the kernels.

    Args:
        jobs: What is run.
        workers: How many at the same time.
        listeners: Gives those who are told of the events of a job.
        done: Called when one has ended.
    """
    stopper = Stopper()
    slots = asyncio.Semaphore(max(1, workers))

    async def one(job: Job) -> Report:
        async with slots:
            if stopper.stopped:
                return Report(job, None)
            report = await _report(job)
            failed = report.status not in ("ok", "skipped")
            if failed and job.settings.on_error is OnError.ABORT and not stopper.stopped:
                stopper.stop()
            done(report)
            return report

    async def _report(job: Job) -> Report:
        try:
            result = await run_job(job, pool, listeners(job), stopper)
        except (NunciusError, OSError) as error:
            return Report(job, None, error)
        return Report(job, result, result.run.error if result.run is not None else None)

    async with new_pool() as pool:
        with _signals(stopper.stop):
            return list(await asyncio.gather(*(one(job) for job in jobs)))


@contextmanager
def _signals(handler: Callable[[], None]) -> Iterator[None]:
    """Have ``handler`` called at Ctrl-C and SIGTERM, where that can be had."""
    loop = asyncio.get_running_loop()
    taken = []
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not on Windows, and in the main thread only.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, handler)
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
