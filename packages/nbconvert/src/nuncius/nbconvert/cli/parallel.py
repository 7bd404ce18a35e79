"""Convert several notebooks at the same time, in processes that share what is loaded."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from nuncius.nbconvert.cli.job import Job, Report, convert_one

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["convert_all"]


def convert_all(job: Job, paths: list[str], workers: int) -> Iterator[Report]:
    """Yield the reports in the order of the notebooks."""
    # A fork has all modules already; where there is none, each process loads them once.
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
    with ProcessPoolExecutor(min(workers, len(paths)), mp_context=context) as pool:
        yield from pool.map(partial(convert_one, job), paths, chunksize=max(1, len(paths) // (workers * 8)))  # fmt: skip
