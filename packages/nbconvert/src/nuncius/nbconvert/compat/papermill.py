"""What papermill has, by the same names: ``from nuncius.nbconvert.compat import papermill as pm``.

Engines, handlers of addresses and languages are registered as there, for this process: in `papermill_engines`, `papermill_io` and `papermill_translators`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nuncius.nbconvert.execute.blocking import blocking
from nuncius.nbconvert.execute.errors import CellExecutionError
from nuncius.nbconvert.execute.job import Job, JobResult, load, run_job
from nuncius.nbconvert.execute.kernels import KernelChoice, new_pool
from nuncius.nbconvert.execute.settings import Settings
from nuncius.nbconvert.nodes import nodes
from nuncius.nbconvert.notebook import dumps, loads, normalize
from nuncius.nbconvert.parametrize import inject, translate
from nuncius.nbconvert.parametrize.errors import (
    PapermillException,
    PapermillExecutionError,
    PapermillMissingParameterException,
)
from nuncius.nbconvert.parametrize.inspect import infer
from nuncius.nbconvert.parametrize.sources import read_file
from nuncius.nbconvert.places import Places

__all__ = [
    "PapermillException",
    "PapermillExecutionError",
    "PapermillMissingParameterException",
    "execute_notebook",
    "inspect_notebook",
    "load_notebook_node",
    "papermill_engines",
    "papermill_io",
    "papermill_translators",
    "run_by_engine",
    "write_ipynb",
]

_log = logging.getLogger("nuncius.papermill")


class _Engines:
    """Those who run notebooks instead of us."""

    def __init__(self) -> None:
        self._engines: dict[str, Any] = {}

    def register(self, name: str, engine: Any) -> None:
        """Have ``engine_name=name`` mean ``engine``: what has ``execute_notebook(nb, kernel_name, output_path=...)``."""
        self._engines[name] = engine

    def get_engine(self, name: str) -> Any:
        """Return an engine that was registered here or in the entry-point group ``papermill.engine``.

        Raises:
            PapermillException: There is none.
        """
        from importlib.metadata import entry_points

        if name in self._engines:
            return self._engines[name]
        for point in entry_points(group="papermill.engine"):
            if point.name == name:
                return point.load()
        raise PapermillException(f"no engine {name!r} is registered, neither with papermill_engines.register nor in the group papermill.engine")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Translated:
    """A language that one of papermill's translators writes."""

    name: str
    translator: Any

    def cell(self, parameters: Mapping[str, Any], comment: str = "Parameters") -> str:
        return str(self.translator.codify(parameters, comment))


class _Translators:
    """Those who write parameters in further languages."""

    def register(self, language: str, translator: Any) -> None:
        """Have a translator write the parameters of a language (or kernel): a `Language`, or what has papermill's ``codify(parameters, comment)``."""
        known = hasattr(translator, "cell")
        translate.register(language, translator if known else _Translated(language, translator))


papermill_engines = _Engines()
papermill_io = Places()
papermill_translators = _Translators()


def execute_notebook(
    input_path: Any,
    output_path: Any,
    parameters: Mapping[str, Any] | str | None = None,
    engine_name: str | None = None,
    request_save_on_cell_execute: bool = True,
    prepare_only: bool = False,
    kernel_name: str | None = None,
    language: str | None = None,
    progress_bar: bool = True,
    log_output: bool = False,
    stdout_file: Any = None,
    stderr_file: Any = None,
    start_timeout: float = 60,
    report_mode: bool = False,
    cwd: Any = None,
    execution_timeout: float | None = None,
    autosave_cell_every: int = 30,
    **engine_kwargs: Any,
) -> Any:
    """Give a notebook its parameters, run it, write the result, and return it.

    Args:
        input_path: The notebook: a path or address, which may contain ``{NAME}`` of parameters, or the notebook itself.
        output_path: Where the result goes; None for nowhere.
        parameters: Names and values, or the path of a file with them.
        engine_name: What runs it: by default ours, or one of `papermill_engines`.
        request_save_on_cell_execute: Accepted for compatibility: what comes is always saved.
        prepare_only: Put the parameters in, and do not run it.
        kernel_name: Instead of its own.
        language: Instead of its own, to write parameters in.
        progress_bar: Show a bar on standard error, if that is a terminal.
        log_output: Log what cells write.
        stdout_file: A file that takes what cells write to stdout.
        stderr_file: A file that takes what cells write to stderr.
        start_timeout: Seconds for the kernel's first answer.
        report_mode: Hide the input of all cells.
        cwd: The folder that it runs in; by default the present one.
        execution_timeout: Seconds that a cell may take.
        autosave_cell_every: Accepted for compatibility.
        **engine_kwargs: For another engine; ours passes over them.

    Raises:
        PapermillExecutionError: A cell raised; the result is written.
        PapermillMissingParameterException: A path needs a parameter that was not given.
        CellTimeoutError: A cell took too long.
        DeadKernelError: The kernel died.
    """
    if isinstance(parameters, str):
        parameters = read_file(parameters, papermill_io)
    given = dict(parameters or {})
    builtin = inject.Builtin()
    job = Job(
        source=_filled(input_path, given, builtin),
        target=_filled(output_path, given, builtin),
        nb=normalize(input_path).nb if isinstance(input_path, dict) else None,
        parameters=given,
        kernel=KernelChoice(
            name=kernel_name or "",
            cwd=os.fspath(cwd) if cwd is not None else None,
            startup_timeout=start_timeout,
        ),
        language=language or "",
        settings=Settings(timeout=execution_timeout, exit_ends=True),
        report=report_mode,
        prepare_only=prepare_only,
        provenance=True,
        places=papermill_io,
    )
    if engine_name not in (None, "nbclient"):
        return run_by_engine(str(engine_name), job, engine_kwargs)
    _warn_unknown(job)
    listeners = _listeners(progress_bar, log_output, stdout_file, stderr_file, job.source)
    try:
        result = blocking(_run(job, [listener for listener, _ in listeners]))
    finally:
        for _, close in listeners:
            close()
    _check(result)
    return nodes(result.nb)


def inspect_notebook(
    notebook_path: Any, parameters: Mapping[str, Any] | None = None
) -> dict[str, dict[str, str]]:
    """Return the parameters that a notebook takes: name to name, inferred_type_name, default and help.

    Args:
        notebook_path: Its path, which may contain ``{NAME}`` of parameters.
        parameters: To fill in there.
    """
    path = _filled(notebook_path, parameters or {}, inject.Builtin())
    nb, _ = load(Job(source=path, places=papermill_io))
    found = infer(nb)
    if found is None:
        _log.warning("%s: the parameters of this language cannot be told", path)
    return {item.name: item.to_dict() for item in found or ()}


def load_notebook_node(notebook_path: Any) -> Any:
    """Return the notebook at a path or address; its cells have ``metadata.tags`` and ``metadata.papermill``."""
    path = os.fspath(notebook_path)
    nb = loads(papermill_io.read(path), path).nb
    nb["metadata"].setdefault("papermill", {})
    for cell in nb["cells"]:
        cell["metadata"].setdefault("tags", [])
        cell["metadata"].setdefault("papermill", {})
    return nodes(nb)


def write_ipynb(nb: Any, path: Any) -> None:
    """Write a notebook to a path or address."""
    papermill_io.write(os.fspath(path), dumps(nb))


def _filled(path: Any, parameters: Mapping[str, Any], builtin: inject.Builtin) -> str:
    if path is None or isinstance(path, dict):
        return ""
    return inject.fill_path(os.fspath(path), parameters, builtin)


def _warn_unknown(job: Job) -> None:
    if not job.parameters or job.source == "-":
        return
    nb, _ = load(job)
    known = {item.name for item in infer(nb, job.kernel.name, job.language) or ()}
    for name in job.parameters:
        if name not in known:
            _log.warning("Passed unknown parameter: %s", name)


async def _run(job: Job, listeners: Sequence[Any]) -> JobResult:
    async with new_pool() as pool:
        return await run_job(job, pool, listeners)


def _listeners(bar: bool, log: bool, out: Any, err: Any, name: str) -> list[tuple[Any, Any]]:
    """Return what listens, and what closes it."""
    import shutil
    import sys

    from nuncius.nbconvert.execute.progress import Progress, copy_stream

    found: list[tuple[Any, Any]] = [
        (copy_stream(stream, file), file.flush)
        for stream, file in (("stdout", out), ("stderr", err))
        if file is not None
    ]
    if log or (bar and sys.stderr.isatty()):
        mode: Any = "bar" if bar and sys.stderr.isatty() else "lines"
        columns = shutil.get_terminal_size().columns
        progress = Progress(sys.stderr, mode, output=log, columns=lambda: columns)
        found.append((progress.listener(name), progress.close))
    return found


def _check(result: JobResult) -> None:
    """Raise what papermill raises."""
    run = result.run
    if run is None:
        return
    if isinstance(run.error, CellExecutionError) and run.failed_cell is not None:
        # Two cells that point to it were put before it.
        cell = result.nb["cells"][run.failed_cell + 2]
        error = next((o for o in cell["outputs"] if o["output_type"] == "error"), None)
        raise PapermillExecutionError(
            run.failed_cell,
            cell.get("execution_count"),
            cell["source"],
            run.error.ename,
            run.error.evalue,
            error["traceback"] if error else [run.error.traceback],
        ) from run.error
    run.check()


def run_by_engine(name: str, job: Job, arguments: Mapping[str, Any]) -> Any:
    """Have another engine run a notebook, write the result, and return it.

    Args:
        name: The engine's.
        job: What is run; how is the engine's business.
        arguments: For the engine.

    Raises:
        PapermillException: There is no such engine.
    """
    from nuncius.nbconvert.execute.job import prepare
    from nuncius.nbconvert.execute.provenance import Provenance

    engine = papermill_engines.get_engine(name)
    nb, _ = load(job)
    prepare(nb, replace(job, prepare_only=True))
    Provenance(nb, job.source, job.target or None, job.parameters)
    kernel = inject.kernel_of(nb, job.kernel.name)
    made = engine.execute_notebook(nodes(nb), kernel, output_path=job.target or None, **arguments)
    if job.target:
        job.places.write(job.target, dumps(made))
    return made
