"""Read the command line of ``nuncius execute``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nuncius.protocol.app.config import Setting
from nuncius.protocol.app.options import nearest
from nuncius.protocol.errors import OptionError

__all__ = ["HELP", "ExecuteArguments", "parse"]

HELP = """\
usage: nuncius execute [options] NOTEBOOK ...

Run notebooks, and write what comes out. Names may be globs, and may lack .ipynb; - is
standard input. The result is NAME.executed.ipynb beside the notebook if nothing else is said.
Notebooks and results may be addresses: http(s)://, and what handlers or fsspec know, as s3://.

  -o, --output NAME      name of the result; {notebook_name} and {PARAMETER} are filled in,
                         - is standard output
  --output-dir DIR       folder of the result
  --inplace              write back to the notebook itself
  -k, --kernel NAME      kernel to run in, instead of the notebook's own
  --cwd DIR              folder to run in; by default that of the notebook
  -j N                   run N notebooks at the same time

parameters (a cell with them is put after the one tagged "parameters")
  -p NAME VALUE          set a parameter; -p NAME=VALUE is the same
  -r NAME VALUE          set it to a text, even if it looks like a number
  -f FILE                read parameters from a YAML or JSON file or address
  -y TEXT, -b TEXT       parameters in YAML; in YAML and base64
  --each NAME VALUES     run once for each value: a,b,c or @FILE with one a line; given several
                         times, once for each combination
  --inject-paths         set PAPERMILL_INPUT_PATH and PAPERMILL_OUTPUT_PATH
                         (--inject-input-path, --inject-output-path: one of them)
  -l, --language NAME    language to write parameters in
  --help-notebook        say which parameters a notebook takes
  --prepare-only         put the parameters in, and do not run
  --report-mode          hide the input of all cells
  --provenance           write times, states and parameters into the notebook's metadata,
                         as papermill does; on if there are parameters

when something goes wrong
  --timeout SECONDS      that a cell may take;  --interrupt-on-timeout  it ends like one that raised
  --startup-timeout S    that the kernel may take to start
  --allow-errors         exceptions are no failure
  --on-error WHAT        stop: run no further cell of this notebook (the default);
                         continue: run them, and fail at the end; abort: end all notebooks
  --keep-kernel          let the kernel of a notebook that fails go on, for --resume
  --resume               pass over notebooks whose result is there and complete; go on after the
                         cells that ran where a kernel was kept and lives
  --recover              write the results of runs that were cut off, from their journals

while it runs
  --progress WHAT        bar, lines, none; by default a bar on a terminal
                         (--progress-bar, --no-progress-bar, -q are short for it)
  --log-output           show what cells write, as it comes
  --stdout-file FILE, --stderr-file FILE    write it to files, too
  --answers FILE         lines for cells that call input()
  --in-process           run in this process: fastest, and least apart from it
  --engine NAME          have an engine run it that is registered in papermill.engine

  --config FILE, --Class.option=VALUE (like --NotebookClient.record_timing=False), --version

Ctrl-C interrupts the cells that run, and saves what ran; a second one kills the kernels.
Exit code: 0, 1 if a notebook failed, 2 if the command is wrong, 130 after Ctrl-C.

examples
  nuncius execute report.ipynb
  nuncius execute report.ipynb -o 'out/{region}.ipynb' -p region north -p year 2026
  nuncius execute -j 4 --output-dir done 'nightly/*.ipynb'
"""


@dataclass(slots=True)
class ExecuteArguments:
    """A command line that was read; see `HELP`.

    Attributes:
        settings: Options of classes, in order.
        parameters: Readers of parameters with the words they read, in order of importance.
    """

    notebooks: list[str] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    config: list[str] = field(default_factory=list)
    parameters: list[tuple[str, str, str]] = field(default_factory=list)
    switches: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def __contains__(self, switch: str) -> bool:
        return switch in self.switches


_SHORT = {
    "o": "output", "k": "kernel", "l": "language", "j": "jobs", "q": "quiet", "h": "help", "V": "version",
    "p": "parameters", "r": "parameters_raw", "f": "parameters_file", "y": "parameters_yaml", "b": "parameters_base64",
    "execution-timeout": "timeout", "start-timeout": "startup-timeout", "start_timeout": "startup-timeout",
    "startup_timeout": "startup-timeout", "kernel_name": "kernel", "kernel-name": "kernel", "prepare-execute": "run",
    "no-report-mode": "no-report", "metadata": "provenance",
}  # fmt: skip

_SWITCHES = {
    "help", "help-notebook", "version", "inplace", "inject-paths", "inject-input-path", "inject-output-path",
    "prepare-only", "run", "report-mode", "no-report", "provenance", "resume", "recover", "keep-kernel", "progress-bar",
    "no-progress-bar", "quiet", "log-output", "no-log-output", "in-process", "debug",
    "request-save-on-cell-execute", "no-request-save-on-cell-execute",
}  # fmt: skip

_VALUES = {
    "output", "output-dir", "language", "cwd", "jobs", "progress", "stdout-file", "stderr-file", "answers",
    "log-level", "autosave-cell-every", "engine",
}  # fmt: skip

_OPTIONS = {
    "kernel": "kernel_name",
    "timeout": "timeout",
    "startup-timeout": "startup_timeout",
    "on-error": "on_error",
}

_FLAGS = {
    "allow-errors": ("allow_errors", "True"),
    "interrupt-on-timeout": ("interrupt_on_timeout", "True"),
}


def parse(argv: Sequence[str]) -> ExecuteArguments:
    """Read a command line.

    Raises:
        OptionError: There is no such option, or its value is missing.
    """
    result = ExecuteArguments()
    words = list(argv)
    while words:
        word = words.pop(0)
        if word == "--":
            result.notebooks += words
            break
        if word.startswith("-") and word != "-":
            _option(word, words, result)
        else:
            result.notebooks.append(word)
    return result


def _option(word: str, words: list[str], result: ExecuteArguments) -> None:
    name, value = _split(word)
    name = _SHORT.get(name, name)

    def next_value() -> str:
        if value is not None:
            return value
        if not words:
            raise OptionError(f"{word} needs a value")
        return words.pop(0)

    if name in ("parameters", "parameters_raw", "each"):
        _parameter(name, word, next_value(), words, result)
    elif name in ("parameters_file", "parameters_yaml", "parameters_base64"):
        result.parameters.append((name, next_value(), ""))
    elif name in _SWITCHES or name in _FLAGS:
        if value is not None:
            raise OptionError(f"--{name} takes no value, got {value!r}")
        _switch(name, word, result)
    else:
        _valued(name, word, next_value, result)


def _valued(name: str, word: str, next_value: Callable[[], str], result: ExecuteArguments) -> None:
    if name == "config":
        result.config.append(next_value())
    elif name in _VALUES:
        result.values[name] = next_value()
    elif name in _OPTIONS:
        _set(result, "NotebookClient", _OPTIONS[name], next_value(), word)
    elif "." in name:
        owner, _, option = name.rpartition(".")
        _set(result, owner, option, next_value(), word)
    else:
        known: list[Any] = ["each", *_SWITCHES, *_VALUES, *_OPTIONS, *_FLAGS]
        raise OptionError(f"there is no option {word.partition('=')[0]}{nearest(name, known)}; see --help")  # fmt: skip


def _split(word: str) -> tuple[str, str | None]:
    if not word.startswith("--"):
        # -j4, but -p region=north is for -p to read.
        return (word[1], word[2:].lstrip("=")) if len(word) > 2 else (word[1:], None)
    name, equals, value = word[2:].partition("=")
    return name, value if equals else None


def _parameter(
    kind: str, word: str, first: str, words: list[str], result: ExecuteArguments
) -> None:
    name, equals, value = first.partition("=")
    if not equals:
        if not words:
            raise OptionError(f"{word} {first} needs a value: {word} {first} VALUE")
        value = words.pop(0)
    result.parameters.append((kind, name, value))


def _switch(name: str, word: str, result: ExecuteArguments) -> None:
    if name in _FLAGS:
        option, text = _FLAGS[name]
        _set(result, "NotebookClient", option, text, word)
    else:
        result.switches.add(name)


def _set(result: ExecuteArguments, owner: str, name: str, text: str, word: str) -> None:
    result.settings.append(Setting(owner, name, text, word.partition("=")[0], is_text=True))
