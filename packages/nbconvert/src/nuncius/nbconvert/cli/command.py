"""Carry out the command: find the notebooks, convert each, write the results, say what went wrong."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert import options
from nuncius.nbconvert.cli.arguments import HELP, Arguments, parse
from nuncius.nbconvert.cli.job import Job, convert_one
from nuncius.nbconvert.cli.links import stems
from nuncius.nbconvert.configured import Configured
from nuncius.protocol.errors import NunciusError, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nuncius.protocol.app.config import Setting

__all__ = ["run"]


def run(argv: list[str]) -> int:
    """Run the command; return its exit code."""
    try:
        arguments = parse(argv)
        if answer := _answered(arguments):
            sys.stdout.write(answer)
            return 0
        return _convert(arguments)
    except NunciusError as error:
        return _fail(str(error))
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing can be written any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def _fail(text: str) -> int:
    sys.stderr.write(f"nuncius nbconvert: {text}\n")
    return 1


def _answered(arguments: Arguments) -> str:
    """Return the answer to a question that needs no conversion."""
    switches = arguments.switches
    if "help" in switches:
        return HELP
    if switches & {"help-all", "version", "generate-config"}:
        from nuncius.nbconvert.cli import answers

        if "version" in switches:
            return answers.version()
        return answers.help_all() if "help-all" in switches else answers.generate(arguments)
    return ""


def _convert(arguments: Arguments) -> int:
    from nuncius.nbconvert.cli.configuration import read

    settings = [*read(arguments.config), *arguments.settings]
    _check_owners(settings)
    configured = Configured(settings)
    app = configured.of(options.NbConvertApp)
    if arguments.switches & {"show-config", "show-config-json"}:
        from nuncius.nbconvert.cli import answers

        sys.stdout.write(answers.show(settings, "show-config-json" in arguments.switches))
        return 0
    paths, missing = _found(arguments.notebooks or app.notebooks, app)
    for pattern in missing:
        sys.stderr.write(f"nuncius nbconvert: no notebook matches {pattern!r}\n")
    if app.from_stdin:
        paths = ["-"]
    if not paths:
        sys.stdout.write(HELP)
        return 255
    job = _job(configured, app, arguments, len(paths))
    return _all(job, paths, app)


def _job(configured: Configured, app: options.NbConvertApp, arguments: Arguments, count: int) -> Job:  # fmt: skip
    if not app.export_format:
        from nuncius.nbconvert.formats import known_formats

        raise OptionError(f"say what to convert to: --to {', '.join(known_formats())}")
    base = app.output_base
    if count > 1 and "{notebook_name}" not in base and app.writer_class == "FilesWriter":
        raise OptionError(f"--output {base!r} would be written {count} times; put {{notebook_name}} into it, or use --output-dir")  # fmt: skip
    return Job(
        format=app.export_format,
        configured=configured,
        strict="strict" in arguments.switches,
        quiet="quiet" in arguments.switches or _level(app.log_level) > 20,
        debug=_level(app.log_level) <= 10,
    )


def _level(level: int | str) -> int:
    names = {"DEBUG": 10, "INFO": 20, "WARN": 30, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
    if isinstance(level, int) or level.isdigit():
        return int(level)
    if level.upper() not in names:
        raise OptionError(f"--log-level: expected a number or one of {', '.join(names)}, got {level!r}")  # fmt: skip
    return names[level.upper()]


def _check_owners(settings: Iterable[Setting]) -> None:
    """Refuse ``--Clas.option=value``: a misspelled class would silently do nothing."""
    from nuncius.protocol.app.options import families, nearest

    known = {name for cls in options.all_classes() for name in families(cls)}
    for setting in settings:
        if setting.owner in known or setting.from_file:
            continue
        hint = nearest(setting.owner.rpartition(".")[2], known, cutoff=0.8)
        if hint:
            raise OptionError(f"{setting.origin}: there is no class {setting.owner!r}{hint}")


def _found(patterns: Iterable[str], app: options.NbConvertApp) -> tuple[list[str], list[str]]:
    """Return the notebooks that names and globs stand for, and what stands for none."""
    import glob

    paths: dict[str, None] = {}
    missing = []
    for pattern in patterns:
        names = [n for n in (pattern, pattern + ".ipynb") if os.path.isfile(n)][:1]  # noqa: PTH113
        if not names:
            names = sorted(glob.glob(pattern, recursive=app.recursive_glob)) or sorted(  # noqa: PTH207
                glob.glob(pattern + ".ipynb", recursive=app.recursive_glob)  # noqa: PTH207
            )
            names = [name for name in names if os.path.isfile(name)]  # noqa: PTH113
        if not names:
            missing.append(pattern)
        paths.update(dict.fromkeys(names))
    return list(paths), missing


def _all(job: Job, paths: list[str], app: options.NbConvertApp) -> int:
    if app.link_notebooks and len(paths) > 1:
        job.links = stems(paths)
    workers = app.jobs or os.cpu_count() or 1
    if workers > 1 and len(paths) > 1:
        from nuncius.nbconvert.cli.parallel import convert_all

        reports: Any = convert_all(job, paths, workers)
    else:
        reports = (convert_one(job, path) for path in paths)
    failed = []
    for report in reports:
        for line in report.lines:
            sys.stderr.write(_plain(line) + "\n")
        if report.failed:
            failed.append(report)
    if failed and len(paths) > 1:
        sys.stderr.write(f"nuncius nbconvert: {len(failed)} of {len(paths)} notebooks failed:\n")
        for report in failed:
            reason = report.failed.strip().partition("\n")[0]
            sys.stderr.write(f"  {report.path}: {_plain(reason)}\n")
    return 1 if failed else 0


def _plain(text: str) -> str:
    """Return a line as standard error can show it: tracebacks of kernels have colors."""
    if "\x1b" not in text or sys.stderr.isatty():
        return text
    from nuncius.protocol.text.ansi import strip

    return strip(text)
