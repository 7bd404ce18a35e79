"""The command ``nuncius run``: run files in a kernel, with their output where a script's would be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nuncius.protocol.app.options import option
from nuncius.protocol.app.program import Alias, Parsed, Program
from nuncius.protocol.errors import KernelTimeout, OptionError

if TYPE_CHECKING:
    from nuncius.protocol.client.blocking import Client, Execution
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
The first error ends it. Ctrl-C interrupts the kernel."""


#: Seconds between two looks at whether a kernel that we started has died.
_TICK = 0.2


@dataclass(slots=True)
class _Target:
    """The kernel that files run in.

    Attributes:
        client: Talks to it.
        interrupt: Interrupts it.
        watched: We started it: its manager tells of its death. Else heartbeats have to do.
        death: Why it has died; set by the manager's thread.
    """

    client: Client
    interrupt: Callable[[], object]
    watched: bool
    death: str = ""


def _run(parsed: Parsed) -> int:
    options = parsed[RunFiles]
    # Read before a kernel is started: a wrong name should not take a second to be told.
    cells = [cell for name in parsed.arguments for cell in _cells(name)]
    with _target(options) as target:
        target.client.wait_until_ready(options.ready_timeout)
        return 0 if all(_runs(target, code) for code in cells) else 1


@contextmanager
def _target(options: RunFiles) -> Iterator[_Target]:
    """The kernel that was chosen."""
    from nuncius.protocol.client.blocking import Client
    from nuncius.protocol.transport.zmq import ZmqChannels

    if options.existing is not None:
        from nuncius.protocol.connection import find_connection_file, load_connection_file

        info = load_connection_file(find_connection_file(options.existing or None))
        with Client(ZmqChannels(info)) as client:
            yield _Target(client, client.interrupt, watched=False)
        return
    from nuncius.protocol.core.lifecycle import RestartPolicy
    from nuncius.protocol.manager import BlockingKernelManager, ManagerOptions

    # A new kernel would not have what the files before this one made.
    once = ManagerOptions(restart=RestartPolicy(enabled=False))
    with BlockingKernelManager(options.kernel, once) as manager:
        assert manager.info is not None
        with Client(ZmqChannels(manager.info), heartbeat_interval=None) as client:
            target = _Target(client, manager.interrupt, watched=True)
            manager.add_callback(lambda _, text: setattr(target, "death", text), "dead")
            yield target


def _runs(target: _Target, code: str) -> bool:
    """Run a cell to its end; whether it raised nothing."""
    from nuncius.protocol.core.client import Event, Output

    def show(event: Event) -> None:
        if isinstance(event, Output):
            _show(event.message)

    unsubscribe = target.client.subscribe(show)
    try:
        execution = target.client.execute(code, on_input=_answer, store_history=False)
        try:
            return _result(target, execution).ok
        except KeyboardInterrupt:
            target.interrupt()
            return _result(target, execution).ok  # a second Ctrl-C leaves
    finally:
        unsubscribe()


def _result(target: _Target, execution: Execution) -> ExecutionResult:
    if not target.watched:
        return execution.result()
    while True:
        if target.death:
            target.client.kernel_died(f"the kernel died: {target.death}")
        try:
            return execution.result(timeout=_TICK)
        except KernelTimeout:
            continue


def _show(message: Message) -> None:
    content: Any = message.content
    match message.msg_type:
        case "stream":
            _write(content["text"], sys.stderr if content["name"] == "stderr" else sys.stdout)
        case "execute_result" | "display_data":
            _write(f"{content['data'].get('text/plain', '')}\n", sys.stdout)
        case "error":
            text = "\n".join(content.get("traceback") or ())
            _write(_plain(text or f"{content['ename']}: {content['evalue']}") + "\n", sys.stderr)


def _write(text: str, stream: Any) -> None:
    stream.write(text)
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
    # At the end of standard input the code is told so by an empty line, as there is no other way.
    return sys.stdin.readline().rstrip("\n")


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
    except (ValueError, KeyError, TypeError) as error:
        raise OptionError(f"{name} is not a notebook of version 4: {error!r}") from error


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
