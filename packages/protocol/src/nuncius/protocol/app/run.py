"""The command ``nuncius run``: run files in a kernel, with their output where a script's would be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nuncius.protocol.app.options import option
from nuncius.protocol.app.program import Alias, Parsed, Program
from nuncius.protocol.errors import OptionError

if TYPE_CHECKING:
    from nuncius.protocol.client.blocking import Client
    from nuncius.protocol.client.exchange import Input
    from nuncius.protocol.client.execution import ExecutionResult
    from nuncius.protocol.messages import Message

__all__ = ["command"]


@dataclass(frozen=True, kw_only=True)
class RunFiles:
    """Running files in a kernel."""

    kernel: str = option("python3", help="The kernel to start, by its name.")
    existing: str | None = option(
        None,
        help="Use a kernel that runs already: the path of its connection file, its id, or a pattern; alone, the newest.",
    )
    ready_timeout: float = option(60.0, help="Seconds to wait for the kernel's first answer.")


_DESCRIPTION = """\
The files run one after the other in one kernel, a notebook cell by cell. "-" is standard input.
The first error ends it, and so does exit(); the exit code is a script's. Ctrl-C interrupts the kernel."""


#: The text of an object that has none of its own.
_NO_TEXT = r"<[\w.]+ object(?: at 0x\w+)?>"
#: What to show then, if it is there.
_INSTEAD = ("text/markdown", "text/latex", "application/json")


@dataclass(slots=True)
class _Target:
    """The kernel that files run in.

    Attributes:
        client: Talks to it.
        interrupt: Interrupts it.
    """

    client: Client
    interrupt: Callable[[], object]


def _run(parsed: Parsed) -> int:
    options = parsed[RunFiles]
    # Read before a kernel is started: a wrong name should not take a second to be told.
    try:
        cells = [cell for name in parsed.arguments for cell in _cells(name)]
    except OptionError as error:
        if options.existing != "":
            raise
        # `--existing NAME`, as consoles take it, looks like the name of a file here.
        raise OptionError(f"{error}; a kernel is named by --existing=NAME") from error
    with _target(options) as target:
        target.client.wait_until_ready(options.ready_timeout)
        for code in cells:
            if (exit_code := _run_cell(target, code)) is not None:
                return exit_code
    return 0


@contextmanager
def _target(options: RunFiles) -> Iterator[_Target]:
    """The kernel that was chosen."""
    from nuncius.protocol.client.blocking import Client
    from nuncius.protocol.transport.zmq import ZmqChannels

    if options.existing is not None:
        from nuncius.protocol.connection import (
            check_alive,
            find_connection_file,
            load_connection_file,
        )

        path = find_connection_file(options.existing or None)
        info = load_connection_file(path)
        check_alive(info, path)
        with Client(ZmqChannels(info)) as client:
            yield _Target(client, client.interrupt)
        return
    from nuncius.protocol.core.lifecycle import RestartPolicy
    from nuncius.protocol.manager import BlockingKernelManager, ManagerOptions

    # A new kernel would not have what the files before this one made.
    once = ManagerOptions(restart=RestartPolicy(enabled=False))
    with BlockingKernelManager(options.kernel, once) as manager, manager.client() as client:
        yield _Target(client, manager.interrupt)


def _run_cell(target: _Target, code: str) -> int | None:
    """Run a cell to its end; return the exit code if it is the last one."""
    from nuncius.protocol.core.client import Event, Output

    def show(event: Event) -> None:
        if isinstance(event, Output):
            _show(event.message)

    unsubscribe = target.client.subscribe(show)
    try:
        # A kernel that was there before outlives an `exit`.
        execution = target.client.execute(
            code, on_input=_answer, store_history=False, metadata={"ends_session": True}
        )
        try:
            return _exit_code(execution.result())
        except KeyboardInterrupt:
            target.interrupt()
            return _exit_code(execution.result())  # a second Ctrl-C leaves
    finally:
        unsubscribe()


def _exit_code(result: ExecutionResult) -> int | None:
    """Return what a script would end with here; None if it would go on."""
    if any(payload.get("source") == "ask_exit" for payload in result.payload):
        return 0
    error = result.error
    if error is None:
        return None
    if error.ename != "SystemExit" or not _is_code(error.evalue):
        return 1
    return int(error.evalue) & 255 if error.evalue else 0


def _is_code(text: str) -> bool:
    return not text or text.lstrip("-").isdecimal()


def _show(message: Message) -> None:
    content: Any = message.content
    match message.msg_type:
        case "stream":
            _write(content["text"], sys.stderr if content["name"] == "stderr" else sys.stdout)
        case "execute_result" | "display_data" | "update_display_data":
            if text := _best_text(content["data"]):
                _write(text if text.endswith("\n") else f"{text}\n", sys.stdout)
        case "error" if content["ename"] == "SystemExit":
            # As Python does: a number is the exit code, anything else is said.
            if not _is_code(said := content["evalue"]):
                _write(f"{said}\n", sys.stderr)
        case "error":
            text = "\n".join(content.get("traceback") or ())
            _write(_plain(text or f"{content['ename']}: {content['evalue']}") + "\n", sys.stderr)


def _best_text(bundle: Mapping[str, Any]) -> str:
    """What a terminal shows of an output: text that is meant for it, else the source of what is not, else what there is."""
    import json
    import re

    from nuncius.protocol.text.mime import TEXT_FIRST, choose, is_json, is_text, joined

    mime = choose(bundle, TEXT_FIRST) or next(iter(bundle), None)
    if mime == "text/plain" and re.fullmatch(_NO_TEXT, str(joined(bundle[mime])).strip()):
        mime = choose(bundle, _INSTEAD) or mime
    if mime is None:
        return ""
    content = joined(bundle[mime])
    if is_json(mime):
        return json.dumps(content, indent=2, ensure_ascii=False)
    return str(content) if is_text(mime) else f"<{mime}>"


def _write(text: str, stream: Any) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # what this terminal cannot show should not end the run
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
    stream.flush()


def _plain(text: str) -> str:
    """Without colors, unless somebody sees them."""
    import os
    import re

    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        return text
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _answer(question: Input) -> str:
    if question.password:
        from getpass import getpass

        return getpass(question.prompt)
    _write(question.prompt, sys.stdout)
    line = sys.stdin.readline()
    if not line:
        raise EOFError  # so the code is told
    return line.rstrip("\n")


def _cells(name: str) -> list[str]:
    from pathlib import Path

    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise OptionError(f"cannot read {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise OptionError(f"cannot read {name}: it is not text in UTF-8 ({error})") from error
    return _notebook_cells(name, text) if name.endswith(".ipynb") else [text]


def _notebook_cells(name: str, text: str) -> list[str]:
    import json

    try:
        cells = json.loads(text)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except ValueError as error:
        raise OptionError(f"{name} is not a notebook: it is not JSON ({error})") from error
    except (KeyError, TypeError) as error:
        raise OptionError(
            f"{name} is not a notebook of version 4, which has a list of cells with cell_type and source"
        ) from error


command = Program(
    name="run",
    summary="Run files in a kernel.",
    run=_run,
    options=(RunFiles,),
    aliases={
        "kernel": Alias("RunFiles.kernel"),
        "existing": Alias("RunFiles.existing", bare=""),
        "timeout": Alias("RunFiles.ready_timeout"),
    },
    arguments="FILE...",
    count=(1, None),
    description=_DESCRIPTION,
)
