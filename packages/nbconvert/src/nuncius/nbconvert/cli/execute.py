"""The command ``nuncius execute``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.cli.execute_arguments import HELP, ExecuteArguments, parse
from nuncius.protocol.errors import NunciusError, OptionError

if TYPE_CHECKING:
    from nuncius.nbconvert.execute.batch import Report
    from nuncius.nbconvert.execute.events import Listener
    from nuncius.nbconvert.execute.job import Job
    from nuncius.nbconvert.execute.progress import Progress

__all__ = ["main"]

_USAGE = 2
_INTERRUPTED = 130


def main(argv: list[str]) -> int:
    """Run the command; return its exit code."""
    try:
        arguments = parse(argv)
        if "help" in arguments:
            sys.stdout.write(HELP)
            return 0
        if "version" in arguments:
            from importlib.metadata import version

            sys.stdout.write(version("nuncius-nbconvert") + "\n")
            return 0
        return _answer(arguments)
    except OptionError as error:
        _complain(str(error))
        return _USAGE
    except (NunciusError, OSError) as error:
        _complain(_reason(error))
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _complain(text: str) -> None:
    sys.stderr.write(f"nuncius execute: {text}\n")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.strerror}: {error.filename}"
    return str(error)


def _answer(arguments: ExecuteArguments) -> int:
    paths = _found(arguments.notebooks)
    if "help-notebook" in arguments:
        return _help_notebooks(paths)
    jobs = _jobs(arguments, paths)
    if "recover" in arguments:
        return _recover(jobs)
    if arguments["engine"] not in ("", "nbclient"):
        return _by_engine(arguments["engine"], jobs)
    return _run(arguments, jobs)


def _found(patterns: Iterable[str]) -> list[str]:
    """Return the notebooks that names and globs stand for."""
    import glob

    from nuncius.nbconvert.places import is_address

    paths: dict[str, None] = {}
    for pattern in patterns:
        if is_address(pattern):
            paths[pattern] = None
            continue
        names = [name for name in (pattern, pattern + ".ipynb") if name == "-" or Path(name).is_file()]  # fmt: skip
        names = names[:1] or sorted(n for n in glob.glob(pattern, recursive=True) if Path(n).is_file())  # noqa: PTH207  # fmt: skip
        if not names:
            hint = "; the name of the result is given with --output" if paths else ""
            raise OptionError(f"no notebook matches {pattern!r}{hint}")
        paths.update(dict.fromkeys(names))
    if not paths:
        if not sys.stdin.isatty() and not patterns:
            return ["-"]
        raise OptionError("say which notebook to run; see --help")
    return list(paths)


# -- what is to be done


def _jobs(arguments: ExecuteArguments, paths: list[str]) -> list[Job]:
    from nuncius.nbconvert import options as declared
    from nuncius.nbconvert.cli.configuration import read
    from nuncius.nbconvert.configured import Configured

    # ExecutePreprocessor, too: what was configured for --execute holds here.
    settings = [*read(arguments.config), *arguments.settings]
    options = Configured(settings).of(declared.ExecutePreprocessor)
    parameters = _parameters(arguments)
    each = list(_combinations(arguments))
    jobs = [
        _job(arguments, path, options, {**parameters, **one}, list(one))
        for path in paths
        for one in each
    ]
    targets: dict[str, Job] = {}
    for job in jobs:
        other = targets.setdefault(job.target, job)
        if other is not job and job.target and job.target != "-":
            what = f"{other.source} and {job.source}" if other.source != job.source else f"{job.source} with different parameters"  # fmt: skip
            names = ["notebook_name"] if other.source != job.source else list(each[0])
            hint = "".join(f"{{{name}}}" for name in names)
            raise OptionError(f"{what} would be written to {job.target} twice; put {hint} into --output")  # fmt: skip
    if len(jobs) > 1 and any(job.source == "-" for job in jobs):
        raise OptionError("standard input is one notebook, and can be read once: no --each, and no other notebooks with it")  # fmt: skip
    if len(jobs) > 1 and any(job.target == "-" for job in jobs):
        raise OptionError(f"only one notebook can be written to standard output, not {len(jobs)}")
    return jobs


def _combinations(arguments: ExecuteArguments) -> Iterator[dict[str, Any]]:
    """Yield the parameters that ``--each`` asks for: nothing but an empty one without it."""
    import itertools

    from nuncius.nbconvert.parametrize import sources

    values: dict[str, list[str]] = {}
    for kind, name, text in arguments.parameters:
        if kind != "each":
            continue
        listed = (_lines(text[1:]) or []) if text.startswith("@") else text.split(",")
        values[name] = [word.strip() for word in listed if word.strip()]
        if not values[name]:
            raise OptionError(f"--each {name}: there are no values in {text!r}")
    for words in itertools.product(*values.values()):
        yield {name: sources.guess(word) for name, word in zip(values, words, strict=True)}


def _job(
    arguments: ExecuteArguments,
    path: str,
    options: Any,
    parameters: dict[str, Any],
    each: Sequence[str] = (),
) -> Job:
    from dataclasses import replace

    from nuncius.nbconvert.execute.job import Job
    from nuncius.nbconvert.execute.options import kernel_choice, settings
    from nuncius.nbconvert.places import is_address

    target = _target(arguments, path, parameters, each)
    given = dict(parameters)
    if arguments.switches & {"inject-paths", "inject-input-path"}:
        given["PAPERMILL_INPUT_PATH"] = path
    if arguments.switches & {"inject-paths", "inject-output-path"}:
        given["PAPERMILL_OUTPUT_PATH"] = target
    if "keep-kernel" in arguments and ("in-process" in arguments or target == "-"):
        raise OptionError("--keep-kernel: a kernel in this process ends with it, and standard output has no later run")  # fmt: skip
    elsewhere = path == "-" or is_address(path)
    cwd = arguments["cwd"] or (None if elsewhere else str(Path(path).parent))
    if cwd is not None and not Path(cwd).is_dir():
        raise OptionError(f"--cwd: there is no folder {cwd!r}")
    return Job(
        source=path,
        target=target,
        parameters=given,
        kernel=replace(kernel_choice(options, cwd=cwd), in_process="in-process" in arguments),
        language=arguments["language"],
        settings=replace(settings(options), exit_ends=True),
        answers=_lines(arguments["answers"]),
        report="report-mode" in arguments,
        prepare_only="prepare-only" in arguments,
        provenance=bool(given) or "provenance" in arguments or "report-mode" in arguments,
        resume="resume" in arguments,
        keep_kernel="keep-kernel" in arguments,
    )


def _target(
    arguments: ExecuteArguments, path: str, parameters: dict[str, Any], each: Sequence[str]
) -> str:
    from nuncius.nbconvert.parametrize.inject import fill_path
    from nuncius.nbconvert.places import is_address

    output, folder = arguments["output"], arguments["output-dir"]
    if "inplace" in arguments:
        if output or folder:
            raise OptionError("--inplace goes without --output and --output-dir")
        return path
    if is_address(folder):
        output = f"{folder.rstrip('/')}/{output or '{notebook_name}.ipynb'}"
    if is_address(output):
        return fill_path(output, {"notebook_name": _name(path), **parameters})
    if output.endswith("/") or (output and Path(output).is_dir()):
        output, folder = "", output
    if output == "-" or (path == "-" and not output and not folder):
        return "-"
    name = _name(path)
    default = "{notebook_name}" if folder else "{notebook_name}.executed"
    if each and not output:
        values = (re.sub(r"[^\w.-]", "_", str(parameters[item])) for item in each)
        filled = "-".join([name, *values])
    else:
        filled = fill_path(output or default, {"notebook_name": name, **parameters})
    if not filled.endswith(".ipynb"):
        filled += ".ipynb"
    # Beside the notebook unless a folder is named, as nbconvert and Jupyter do it.
    beside = Path() if is_address(path) or Path(filled).parent != Path() else Path(path).parent
    return str((Path(folder) if folder else beside) / filled)


def _name(path: str) -> str:
    """Return the name of a notebook, without extension."""
    from nuncius.nbconvert.places import is_address

    if path == "-":
        return "notebook"
    # fsspec chains: zip://in/nb.ipynb::https://example.org/all.zip
    file = path.partition("::")[0].partition("?")[0] if is_address(path) else path
    return Path(file).name.removesuffix(".ipynb")


def _parameters(arguments: ExecuteArguments) -> dict[str, Any]:
    """Return the parameters; single ones win over files, as with papermill."""
    from nuncius.nbconvert.parametrize import sources

    order = ["parameters_base64", "parameters_file", "parameters_yaml", "parameters", "parameters_raw"]  # fmt: skip
    parameters: dict[str, Any] = {}
    given = [item for item in arguments.parameters if item[0] != "each"]
    for kind, first, second in sorted(given, key=lambda item: order.index(item[0])):
        match kind:
            case "parameters":
                parameters[first] = sources.guess(second)
            case "parameters_raw":
                parameters[first] = second
            case "parameters_file":
                parameters.update(sources.read_file(first))
            case "parameters_yaml":
                parameters.update(sources.read_yaml(first, "-y"))
            case _:
                parameters.update(sources.read_base64(first, "-b"))
    return parameters


def _lines(path: str) -> list[str] | None:
    if not path:
        return None
    text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    return text.splitlines()


# -- questions


def _help_notebooks(paths: Sequence[str]) -> int:
    from nuncius.nbconvert.notebook import loads
    from nuncius.nbconvert.parametrize.inspect import infer
    from nuncius.nbconvert.places import Places

    for path in paths:
        nb = loads(Places().read(path), path).nb
        found = infer(nb)
        if found is None:
            sys.stdout.write(f"{path}: the parameters of this language cannot be told\n")
            continue
        sys.stdout.write(f"{path}: {'parameters' if found else 'no parameters (no cell tagged parameters, or nothing in it)'}\n")  # fmt: skip
        for item in found:
            kind = "" if item.inferred_type_name == "None" else f": {item.inferred_type_name}"
            sys.stdout.write(f"  {item.name + kind + ' = ' + item.default:<36}  {item.help}".rstrip() + "\n")  # fmt: skip
    return 0


def _recover(jobs: Sequence[Job]) -> int:
    from nuncius.nbconvert.execute.job import recover

    for job in jobs:
        if job.target == "-":
            raise OptionError("there is no journal of a result on standard output")
        nb, status = recover(job.target, job.places)
        ran = sum(bool(cell.get("execution_count")) for cell in nb["cells"])
        how = f"the run ended ({status})" if status else "the run was cut off"
        sys.stderr.write(f"{job.target}: written; {how} after {ran} cells\n")
    return 0


def _by_engine(name: str, jobs: Sequence[Job]) -> int:
    """Have an engine from elsewhere run the notebooks, one after the other."""
    from nuncius.nbconvert.compat.papermill import run_by_engine
    from nuncius.nbconvert.parametrize.errors import PapermillException

    failed = False
    for job in jobs:
        try:
            run_by_engine(name, job, {})
        except PapermillException:
            raise
        except Exception as error:  # noqa: BLE001 - whatever an engine raises
            failed = True
            _complain(f"{job.source}: engine {name}: {type(error).__name__}: {error}")
    return 1 if failed else 0


# -- the run


def _run(arguments: ExecuteArguments, jobs: Sequence[Job]) -> int:
    import asyncio
    import logging

    from nuncius.nbconvert.execute.batch import run_jobs

    if "debug" not in arguments:
        # What the manager has to say comes as the reason of the failure.
        logging.getLogger("nuncius.protocol").addHandler(logging.NullHandler())
    quiet = bool(arguments.switches & {"quiet"})
    with ExitStack() as stack:
        files = _copies(arguments, stack)
        progress = stack.enter_context(_progress(arguments, len(jobs)))

        def listeners(job: Job) -> list[Listener]:
            return [progress.listener(job.source), *files]

        def done(report: Report) -> None:
            for line in _told(report, quiet):
                progress.say(line)

        async def everything() -> list[Report]:
            ticking = asyncio.create_task(_tick(progress))
            try:
                return await run_jobs(jobs, workers=_workers(arguments), listeners=listeners, done=done)  # fmt: skip
            finally:
                ticking.cancel()

        reports = asyncio.run(everything())
    return _code(reports)


async def _tick(progress: Progress) -> None:
    import asyncio

    while True:
        await asyncio.sleep(1)
        progress.tick()


def _workers(arguments: ExecuteArguments) -> int:
    text = arguments["jobs"] or "1"
    if not text.isdigit():
        raise OptionError(f"-j: expected a number, got {text!r}")
    workers = int(text) or os.cpu_count() or 1
    if workers > 1 and "in-process" in arguments:
        raise OptionError("--in-process runs one notebook after the other: leave out -j")
    return workers


def _copies(arguments: ExecuteArguments, stack: ExitStack) -> list[Listener]:
    from nuncius.nbconvert.execute.progress import copy_stream

    listeners = []
    for name in ("stdout", "stderr"):
        if path := arguments[f"{name}-file"]:
            file = Path(path).open("w", encoding="utf-8", errors="replace")  # noqa: SIM115
            stack.enter_context(file)
            listeners.append(copy_stream(name, file))
    return listeners


@contextmanager
def _progress(arguments: ExecuteArguments, count: int) -> Iterator[Progress]:
    import shutil

    from nuncius.nbconvert.execute.progress import Progress

    output = "log-output" in arguments
    progress = Progress(
        sys.stderr,
        _mode(arguments, output),
        output=output,
        notebooks=count,
        columns=lambda: shutil.get_terminal_size().columns,
    )
    try:
        yield progress
    finally:
        progress.close()


def _mode(arguments: ExecuteArguments, output: bool) -> Any:
    chosen = arguments["progress"]
    if chosen not in ("", "bar", "lines", "none"):
        raise OptionError(f"--progress: expected bar, lines or none, got {chosen!r}")
    if arguments.switches & {"quiet", "no-progress-bar"}:
        chosen = chosen or "none"
    if "progress-bar" in arguments:
        chosen = chosen or "bar"
    return chosen or ("bar" if sys.stderr.isatty() else "lines" if output else "none")


def _told(report: Report, quiet: bool) -> Iterator[str]:
    """Say what became of one notebook."""
    from nuncius.nbconvert.execute.progress import plain
    from nuncius.nbconvert.places import is_address

    job = report.job
    for note in report.result.notes if report.result and not quiet else ():
        yield f"{job.source}: {note}"
    if report.error is not None:
        text = _reason(report.error)
        known = text.startswith(job.source) or (is_address(job.source) and job.source in text)
        where = "" if known else f"{job.source}: "
        yield f"nuncius execute: {where}{text if sys.stderr.isatty() else plain(text)}"
    run = report.result.run if report.result else None
    if quiet or report.result is None or job.target in ("", "-"):
        return
    if run is not None:
        how = "" if run.status == "ok" else f" ({run.status}; what ran is saved)"
        yield f"{job.source} -> {job.target}: {run.executed} cells, {run.seconds:.1f} s{how}"
    elif job.prepare_only:
        yield f"{job.source} -> {job.target}: prepared, not run"


def _code(reports: Sequence[Report]) -> int:
    failed = [report for report in reports if report.status not in ("ok", "skipped")]
    if len(reports) > 1 and failed:
        sys.stderr.write(f"nuncius execute: {len(failed)} of {len(reports)} notebooks did not run to their end:\n")  # fmt: skip
        several = len({report.job.source for report in reports}) < len(reports)
        for report in failed:
            job = report.job
            sys.stderr.write(f"  {job.target if several else job.source}: {report.status}\n")
    statuses = {report.status for report in failed}
    if "interrupted" in statuses and statuses == {"interrupted"}:
        return _INTERRUPTED
    return 1 if failed else 0
