"""Convert one notebook of a command and write the result."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import options, writing
from nuncius.nbconvert.cli.links import Links
from nuncius.nbconvert.conversion import Result, convert, describe_path, initial_resources
from nuncius.nbconvert.formats import ALIASES, FORMATS
from nuncius.nbconvert.notebook import loads
from nuncius.protocol.errors import NunciusError

if TYPE_CHECKING:
    from nuncius.nbconvert.configured import Configured
    from nuncius.nbconvert.notebook import Loaded

__all__ = ["Job", "Report", "convert_one"]


@dataclass(slots=True)
class Job:
    """What is done with each notebook.

    Attributes:
        format: The name of the format, or the dotted path of an exporter class.
        configured: The options.
        strict: What was repaired or could not be shown is a failure.
        quiet: Only failures are said.
        debug: Tracebacks and times are shown.
        links: The notebooks of the batch: absolute path to absolute path without extension.
    """

    format: str
    configured: Configured
    strict: bool = False
    quiet: bool = False
    debug: bool = False
    links: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """What became of one notebook: lines for standard error, and why it failed ("" if not)."""

    path: str
    lines: list[str] = field(default_factory=list)
    failed: str = ""


def convert_one(job: Job, path: str) -> Report:
    """Convert one notebook and write the result; nothing is raised."""
    report = Report(path)
    started = time.perf_counter()
    try:
        result = _converted(job, path)
        if not job.quiet or job.strict:
            report.lines += [f"{path}: {problem}" for problem in result.problems]
        if job.strict and result.problems:
            report.failed = f"{len(result.problems)} problems, and --strict"
        written = _written(job, path, result)
        if written and not job.quiet:
            report.lines.append(written)
        if job.debug:
            report.lines.append(f"{path}: {time.perf_counter() - started:.3f} s")
    except BrokenPipeError:
        raise
    except (NunciusError, OSError) as error:
        name = getattr(error, "ename", "")  # of an exception in a cell
        report.failed = f"{name}: {getattr(error, 'evalue', '')}" if name else _reason(error)
        report.lines.append(f"nuncius nbconvert: {path}: {_reason(error)}")
    except RecursionError:
        report.failed = "nested too deeply to be converted"
        report.lines.append(f"nuncius nbconvert: {path}: {report.failed}")
    except Exception as error:  # noqa: BLE001 - one bad notebook must not stop the others
        import traceback

        report.failed = f"{type(error).__name__}: {error}"
        report.lines.append(f"nuncius nbconvert: {path}: this should not have happened; please report it with the notebook")  # fmt: skip
        report.lines.append("".join(traceback.format_exception(error)).rstrip())
    return report


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.strerror}: {error.filename}"
    return str(error)


def _converted(job: Job, path: str) -> Result:
    app = job.configured.of(options.NbConvertApp)
    if path == "-":
        resources = initial_resources("notebook", str(Path.cwd()))
        source = "standard input"
    else:
        resources = describe_path(path)
        source = path
    name = resources["metadata"]["name"]
    resources["unique_key"] = app.output_base.format(notebook_name=name)
    resources["output_files_dir"] = _files_dir(app, resources["unique_key"])
    from nuncius.nbconvert.cli.configuration import config_dir

    resources["config_dir"] = config_dir()
    if not job.quiet and sys.stderr.isatty() and job.configured.of(options.ExecutePreprocessor).enabled:  # fmt: skip
        resources["progress"] = sys.stderr
    target = FORMATS.get(ALIASES.get(job.format.lower(), job.format.lower()))
    if job.links and path != "-":
        resources["links"] = Links(job.links, path, target.extension if target else "")
    if target is None:
        from nuncius.nbconvert.compat.custom import convert_custom

        return convert_custom(job.format, _loaded(path, source), job.configured, resources)
    extra = _extra(job, target)
    return convert(_loaded(path, source), target, job.configured, resources, extra)


def _loaded(path: str, source: str) -> Loaded:
    # Nothing here may hold the bytes while they are read: there may be many.
    return loads(sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes(), source)


def _files_dir(app: options.NbConvertApp, key: str) -> str:
    return app.output_files_dir.format(notebook_name=os.path.basename(key))  # noqa: PTH119


def _extra(job: Job, target: Any) -> list[Any]:
    """Return the preprocessors that the configuration names."""
    chosen = job.configured.below(target.said).of(target.options).preprocessors
    if not chosen:
        return []
    from nuncius.nbconvert.compat.custom import load_preprocessors

    return load_preprocessors(chosen, job.configured)


def _written(job: Job, path: str, result: Result) -> str:
    """Write a result; return what to say about it."""
    app = job.configured.of(options.NbConvertApp)
    writer = app.writer_class.rpartition(".")[2].lower().removesuffix("writer")
    if writer == "stdout":
        sys.stdout.buffer.write(writing.as_bytes(result.chunks))
        sys.stdout.buffer.flush()
        return ""
    if writer not in ("files", "debug"):
        from nuncius.nbconvert.compat.custom import write_custom

        write_custom(app.writer_class, result, job.configured)
        return ""
    return _to_file(job, path, result, app)


def _to_file(job: Job, path: str, result: Result, app: options.NbConvertApp) -> str:
    files = job.configured.of(options.FilesWriter)
    resources = result.resources
    source = Path(resources["metadata"]["path"] or ".")
    folder = Path(files.build_directory) if files.build_directory else source
    extension = resources["output_extension"]
    name = resources["unique_key"].removesuffix(extension)
    if app.use_output_suffix and not files.build_directory and app.output_base == "{notebook_name}":
        name += resources.get("output_suffix", "")
    target = folder / (name + extension)
    writing.write_outputs(folder, resources.get("outputs", {}))
    size = writing.write(target, result.chunks)
    if files.files:
        writing.copy_files(files.files, Path(files.relpath or source), folder)
    said = f"{path} -> {target} ({size:,} bytes)"
    if app.postprocessor_class:
        from nuncius.nbconvert.serve import postprocess

        postprocess(app.postprocessor_class, target, job.configured)
    return said
