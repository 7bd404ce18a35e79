"""Run one notebook from a file into a file."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import writing
from nuncius.nbconvert.errors import PlaceError
from nuncius.nbconvert.execute import journal, provenance
from nuncius.nbconvert.execute.answers import Answers
from nuncius.nbconvert.execute.errors import JournalError
from nuncius.nbconvert.execute.executor import Executor, RunResult
from nuncius.nbconvert.execute.kept import Past, Record, look_back, restore
from nuncius.nbconvert.execute.kernels import (
    KernelChoice,
    LiveKernel,
    end_kept,
    kernel_for,
    running,
)
from nuncius.nbconvert.execute.settings import Settings, is_finished, is_run
from nuncius.nbconvert.notebook import chunks, dumps, loads
from nuncius.nbconvert.parametrize import inject
from nuncius.nbconvert.parametrize.inspect import infer
from nuncius.nbconvert.places import Places, is_address

if TYPE_CHECKING:
    from nuncius.nbconvert.execute.events import Listener
    from nuncius.protocol.manager.pool import KernelPool

__all__ = ["Job", "JobResult", "Stopper", "is_complete", "load", "prepare", "recover", "run_job"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be run, and how.

    Attributes:
        source: The notebook's path or address; ``-`` is standard input. Only a name where ``nb`` is given.
        target: The result's path or address; ``-`` is standard output, "" nowhere.
        nb: The notebook itself, if it is at hand; it is changed.
        parameters: What it is given.
        kernel: What it is run in; an empty name means its own kernel.
        language: What parameters are written in; "" for its own.
        settings: How its cells are run.
        answers: To the questions of its cells.
        report: Hide the input of all cells.
        prepare_only: Put the parameters in, and do not run it.
        provenance: Write into the notebook how it was run.
        resume: Leave it alone if the result is there and complete; go on in the kernel of a run that failed, if that was kept.
        keep_kernel: If the run fails, its kernel goes on, so that a later one can ``resume`` in it.
        places: Who reads and writes addresses.
    """

    source: str
    target: str = ""
    nb: dict[str, Any] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    kernel: KernelChoice = field(default_factory=lambda: KernelChoice(name=""))
    language: str = ""
    settings: Settings = field(default_factory=Settings)
    answers: Sequence[str] | None = None
    report: bool = False
    prepare_only: bool = False
    provenance: bool = False
    resume: bool = False
    keep_kernel: bool = False
    places: Places = field(default_factory=Places)


@dataclass(frozen=True, slots=True)
class JobResult:
    """What came out.

    Attributes:
        job: What was run.
        nb: The notebook.
        run: How it ended; None if there was nothing to run.
        notes: What was repaired in the notebook, and what else should be known.
    """

    job: Job
    nb: dict[str, Any]
    run: RunResult | None
    notes: Sequence[str] = ()


class Stopper:
    """Ends runs before their time, from outside."""

    def __init__(self) -> None:
        self.stopped = False
        self._live: dict[Executor, LiveKernel] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def stop(self) -> None:
        """Interrupt what runs, and let nothing start; called again, end the kernels at once."""
        again, self.stopped = self.stopped, True
        for executor, kernel in self._live.items():
            self._spawn(kernel.kill() if again else executor.stop())

    def _spawn(self, step: Any) -> None:
        task = asyncio.ensure_future(step)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self, executor: Executor, kernel: LiveKernel) -> RunResult:
        """Run a notebook, stoppable."""
        self._live[executor] = kernel
        try:
            if self.stopped:
                await executor.stop()
            return await executor.run()
        finally:
            del self._live[executor]
            if self._tasks:
                await asyncio.gather(*self._tasks, return_exceptions=True)


def load(job: Job) -> tuple[dict[str, Any], list[str]]:
    """Return the notebook of a job, and what was repaired in it.

    Raises:
        NotebookError: It is not a notebook.
        OSError: It cannot be read.
    """
    if job.nb is not None:
        return job.nb, []
    loaded = loads(
        job.places.read(job.source), "standard input" if job.source == "-" else job.source
    )
    return loaded.nb, [str(problem) for problem in loaded.problems]


def prepare(nb: dict[str, Any], job: Job) -> list[str]:
    """Make a notebook ready: parameters in, earlier outputs out; return what should be known.

    Raises:
        ParameterError: The parameters cannot be written in its language.
    """
    notes: list[str] = []
    provenance.remove_marks(nb)
    if job.report:
        inject.hide_inputs(nb)
    if job.parameters:
        name, language = job.kernel.name, job.language
        if not inject.inject(nb, job.parameters, kernel_name=name, language=language, hide=job.report):  # fmt: skip
            notes.append("no cell is tagged 'parameters'; they are set before the first cell")
        else:
            notes += _unknown(nb, job)
    for cell in nb["cells"]:
        if cell["cell_type"] == "code" and not job.prepare_only:
            cell["outputs"], cell["execution_count"] = [], None
            cell["metadata"].pop("execution", None)
    return notes


def _unknown(nb: dict[str, Any], job: Job) -> list[str]:
    """Say which parameters the notebook does not take: they may be misspelt."""
    found = infer(nb, job.kernel.name, job.language)
    if not found:
        return []
    known = [item.name for item in found]
    own = ("PAPERMILL_INPUT_PATH", "PAPERMILL_OUTPUT_PATH")
    return [
        f"there is no parameter {name!r} among {', '.join(known)}; it is set all the same"
        for name in job.parameters
        if name not in known and name not in own
    ]


def is_complete(nb: dict[str, Any], job: Job) -> bool:
    """Tell whether there is a result of running just this notebook, with nothing missing and nothing failed."""
    if job.target in ("", "-"):
        return False
    try:
        done = loads(job.places.read(job.target), job.target).nb["cells"]
    except (OSError, ValueError):
        return False
    if [cell["source"] for cell in done] != [cell["source"] for cell in nb["cells"]]:
        return False
    return all(is_finished(cell, job.settings) for cell in done if is_run(cell, job.settings))


def recover(target: str, places: Places | None = None) -> tuple[dict[str, Any], str]:
    """Write the result of a run that was cut off, from its journal; return the notebook and how the run ended.

    Raises:
        JournalError: There is no journal, or it is none.
        PlaceError: The result's address cannot be written to.
    """
    path = journal.journal_path(target)
    lines = journal.read_left(path).splitlines()
    nb, status = journal.fold(lines, str(path))
    _put(nb, target, places or Places())
    path.unlink()
    return nb, status


async def run_job(
    job: Job, pool: KernelPool, listeners: Sequence[Listener] = (), stopper: Stopper | None = None
) -> JobResult:
    """Run a notebook and write the result, whatever becomes of the run.

    Args:
        job: What is run.
        pool: Starts the kernel.
        listeners: Told of every event.
        stopper: Can end it before its time.

    Raises:
        NbConvertError: It could not begin: no notebook, no parameters, another run at work.
        KernelSpecError: There is no such kernel.
        KernelError: The kernel does not start.
        OSError: A file cannot be read or written.
    """
    nb, notes = load(job)
    notes += prepare(nb, job)
    if job.resume and is_complete(nb, job):
        return JobResult(job, nb, None, [*notes, "complete already"])
    if job.prepare_only:
        if job.provenance:
            provenance.Provenance(nb, job.source, job.target or None, job.parameters)
        _save(nb, job)
        return JobResult(job, nb, None, notes)
    run = await _run(nb, job, pool, listeners, stopper or Stopper(), notes)
    return JobResult(job, nb, run, notes)


async def _run(
    nb: dict[str, Any],
    job: Job,
    pool: KernelPool,
    listeners: Sequence[Listener],
    stopper: Stopper,
    notes: list[str],
) -> RunResult:
    name = inject.kernel_of(nb, job.kernel.name) or kernel_for(inject.language_of(nb), pool.specs)
    past = await _past(nb, job, pool, notes)
    choice = replace(job.kernel, name=name, keep=job.keep_kernel or past is not None)
    all_listeners = list(listeners)
    if job.provenance:
        about = provenance.Provenance(nb, job.source, job.target or None, job.parameters)
        all_listeners.insert(0, about)
    async with running(choice, pool, past.kernel if past is not None else None) as kernel:
        finished = past.finished if past is not None and kernel.adopted else {}
        restore(nb, finished)
        if past is not None:
            notes.append(_continued(kernel, len(finished)))
        record = await _recorded(kernel, job)
        _describe(nb, kernel, job)
        log = _journal(nb, job)
        if log is not None:
            all_listeners.insert(1 if job.provenance else 0, log)
        executor = Executor(
            nb,
            kernel.client,
            job.settings,
            interrupt=kernel.interrupt,
            listeners=all_listeners,
            on_input=None if job.answers is None else Answers(job.answers),
            finished=finished,
        )
        try:
            run = await stopper.run(executor, kernel)
        except BaseException:
            if record is not None:
                record.remove()
            _finish(nb, job, log)
            raise
        if record is not None:
            notes += _kept(kernel, record, run)
        if log is not None and log.failed is not None:
            notes.append(
                f"a part of the run was not in the journal {log.path}: {log.failed.strerror}"
            )
        if job.provenance and run.failed_cell is not None:
            provenance.mark_error(nb, run.failed_cell)
        _finish(nb, job, log)
    return run


async def _past(nb: dict[str, Any], job: Job, pool: KernelPool, notes: list[str]) -> Past | None:
    """Return what can be continued; a kernel in which nothing can be is ended."""
    if job.target in ("", "-"):
        return None
    past = look_back(nb, job.target, job.settings, job.places)
    if past is None or (job.resume and not past.changed):
        return past
    if job.resume:
        notes.append("a cell that was run before has changed: all cells are run, in a new kernel")
    await end_kept(past.kernel, pool)
    Record(job.target).remove()
    return None


def _continued(kernel: LiveKernel, count: int) -> str:
    if not kernel.adopted:
        return "the kernel of the earlier run is gone: all cells are run, in a new one"
    return f"going on in the kernel of the earlier run, after {count} finished cells"


async def _recorded(kernel: LiveKernel, job: Job) -> Record | None:
    """Write down how to reach a kernel that may be kept."""
    if kernel.save is None or job.target in ("", "-"):
        return None
    record = Record(job.target)
    record.write(await kernel.save())
    return record


def _kept(kernel: LiveKernel, record: Record, run: RunResult) -> list[str]:
    """Keep the kernel of a run that failed; return what should be known of that."""
    if run.status in ("ok", "dead"):
        record.remove()
        return []
    kernel.keep()
    return ["its kernel goes on; repair the cell, and --resume goes on with it"]


def _journal(nb: dict[str, Any], job: Job) -> journal.Journal | None:
    """Begin the journal of a run; what an earlier one has left there becomes the result for now."""
    if not (job.places.is_file(job.target) or is_address(job.target)):
        return None
    path, target = journal.journal_path(job.target), Path(job.target)

    def salvage(left: bytes) -> None:
        # A result that was written since then is worth more; of an address that cannot be told.
        if is_address(job.target):
            return
        if not target.exists() or target.stat().st_mtime < path.stat().st_mtime:
            with suppress(JournalError):
                _save(journal.fold(left.splitlines())[0], job)

    return journal.Journal(path, nb, salvage)


def _finish(nb: dict[str, Any], job: Job, log: journal.Journal | None) -> None:
    """Write the result; only then the journal can go."""
    try:
        _save(nb, job)
    except PlaceError:  # it is written elsewhere
        if log is not None:
            log.remove()
        raise
    except BaseException:
        if log is not None:
            log.close()
        raise
    if log is not None:
        log.remove()


def _describe(nb: dict[str, Any], kernel: LiveKernel, job: Job) -> None:
    """Write into the notebook what it is run in."""
    if kernel.info.get("language_info"):
        nb["metadata"]["language_info"] = dict(kernel.info["language_info"])
    if kernel.spec and (job.kernel.name or "kernelspec" not in nb["metadata"]):
        nb["metadata"]["kernelspec"] = dict(kernel.spec)


def _save(nb: dict[str, Any], job: Job) -> None:
    if not job.target:
        return
    try:
        _put(nb, job.target, job.places)
    except OSError as error:
        path = None if job.prepare_only or job.target == "-" else _spare(job.target, nb)
        if path is None:
            raise
        reason = str(error) if error.strerror is None else f"{error.strerror}: {job.target}"
        raise PlaceError(f"{reason}; the result is in {path}") from error


def _put(nb: dict[str, Any], target: str, places: Places) -> None:
    if places.is_file(target):
        writing.write(Path(target), chunks(nb))
    else:
        places.write(target, dumps(nb))


def _spare(target: str, nb: dict[str, Any]) -> Path | None:
    """Write what cannot go where it should to another place, since it may have taken hours; None if there is none."""
    import tempfile

    name = target.partition("?")[0].replace(os.sep, "/").rstrip("/").rpartition("/")[2]
    name = re.sub(r"[^\w.-]", "_", name.removesuffix(".ipynb")) or "notebook"
    for folder in (Path(), Path(tempfile.gettempdir())):
        names = (f"{name}{f'-{number}' if number else ''}.ipynb" for number in itertools.count())
        path = next(path for path in map(folder.joinpath, names) if not path.exists())
        with suppress(OSError):
            writing.write(path, chunks(nb))
            return path
    return None
