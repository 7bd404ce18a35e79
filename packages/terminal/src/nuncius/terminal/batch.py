"""Run a program instead of a conversation: code of the command line, a module, a file, or what standard input holds.

Everything is sent to the kernel as cells; modules and Python files run under their own names, so that tracebacks and ``__file__`` are as ``python`` has them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nuncius.protocol.errors import OptionError
from nuncius.protocol.values import Value
from nuncius.terminal.commandline import CommandLine, Kind

if TYPE_CHECKING:
    from pathlib import Path

    from nuncius.protocol.client.execution import ExecutionResult
    from nuncius.terminal.session import Session

__all__ = ["Step", "exit_code", "run_batch", "steps"]


class Step(Value):
    """One cell of a program.

    Attributes:
        code: Its source.
        counted: It is shown, counted and remembered as if it were typed.
        launcher: It only runs something else: its own frame is no part of a traceback.
    """

    code: str
    counted: bool = False
    launcher: bool = False


_ARGUMENTS = """\
__import__("sys").argv[:] = {arguments!r}
"""

#: In a program these end it at once, and take the exit code; those of a conversation do neither.
_EXIT = """\
globals().update(dict.fromkeys(("exit", "quit"), __import__("sys").exit))
"""

_MODULE = """\
globals().update(__import__("runpy").run_module({name!r}, run_name="__main__", alter_sys=True))
"""

_ARCHIVE = """\
globals().update(__import__("runpy").run_path({path!r}, run_name="__main__"))
"""

_FILE = """\
__import__("sys").path[:0] = [{folder!r}]
__file__ = {path!r}
exec(compile({source!r}, {path!r}, "exec", 0, True))
"""


def steps(command: CommandLine, *, python: bool = True) -> Iterator[Step]:
    """Yield the cells of the program that ``command`` names.

    Args:
        command: The command line.
        python: Whether the kernel's language is Python; one of another language gets the text as it is.

    Raises:
        OptionError: The file cannot be read.
    """
    program = command.program
    exits = "" if command.stay else _EXIT
    match command.kind:
        case Kind.CODE:
            if python:
                yield Step(_begin("-c", command.arguments) + exits, launcher=True)
            yield Step(program)
        case Kind.MODULE:
            begin = _begin("-m", command.arguments)
            yield Step(begin + _MODULE.format(name=program), launcher=True)
        case Kind.FILE if program == "-":
            if python:
                yield Step(_begin("-", command.arguments) + exits, launcher=True)
            yield Step(sys.stdin.read())
        case Kind.FILE:
            from pathlib import Path

            path = Path(program)
            begin = _begin(str(path), command.arguments) + exits
            try:
                yield from _file(path, begin) if python else _text(path)
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                raise OptionError(f"cannot run {path}: {reason}") from error


def _begin(name: str, arguments: Sequence[str]) -> str:
    return _ARGUMENTS.format(arguments=[name, *arguments])


def _file(path: Path, begin: str) -> Iterator[Step]:
    if path.suffix in {".ipy", ".ipynb"}:
        yield Step(begin, launcher=True)
        yield from _text(path)
    elif path.is_dir() or path.suffix in {".pyz", ".zip"}:
        yield Step(begin + _ARCHIVE.format(path=str(path)), launcher=True)
    else:
        source, folder = path.read_bytes(), str(path.absolute().parent)
        code = _FILE.format(source=source, path=str(path), folder=folder)
        yield Step(begin + code, launcher=True)


def _text(path: Path) -> Iterator[Step]:
    """Yield what the kernel gets as it is: a notebook's cells, or all of a file."""
    if path.suffix != ".ipynb":
        yield Step(path.read_text(encoding="utf-8"))
        return
    import json

    for cell in json.loads(path.read_text(encoding="utf-8")).get("cells", ()):
        if cell.get("cell_type") == "code":
            yield Step("".join(cell.get("source", "")), counted=True)


def run_batch(session: Session, command: CommandLine) -> int:
    """Run a program; return the exit code that ``python`` would have.

    Args:
        session: Runs cells and shows what comes of them.
        command: Names the program.
    """
    for step in steps(command, python=session.language == "python"):
        if not step.code.strip():
            continue
        result = session.run_cell(step.code, silent=not step.counted, launcher=step.launcher)
        code = 1 if result is None else exit_code(result)
        if code is not None:
            return code
    return session.exit_code or 0


#: What is no number, and means one to `sys.exit`.
_CODES = {"": 0, "None": 0, "False": 0, "True": 1}


def exit_code(result: ExecutionResult) -> int | None:
    """Return the exit code that the end of a cell means; None if the program goes on."""
    if result.ok:
        return None
    content = result.reply.content
    if content.get("ename") == "KeyboardInterrupt":
        return 130
    if content.get("ename") != "SystemExit":
        return 1
    value = str(content.get("evalue", ""))
    try:
        return int(_CODES.get(value, value)) & 0xFF
    except ValueError:
        sys.stderr.write(f"{value}\n")
        return 1
