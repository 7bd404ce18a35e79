"""The command ``nuncius kernel``: start a kernel, say how to attach to it, and end it with Ctrl-C."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nuncius.protocol.app.options import option
from nuncius.protocol.app.program import Alias, Parsed, Program
from nuncius.protocol.errors import OptionError

if TYPE_CHECKING:
    from nuncius.protocol.manager import BlockingKernelManager, ManagerOptions

__all__ = ["kernel"]


@dataclass(frozen=True, kw_only=True)
class StartKernel:
    """Starting a kernel for others to attach to."""

    kernel: str = option("python3", help="The kernel to start, by its name.")
    ip: str = option("127.0.0.1", help="The address that it listens on.")
    transport: Literal["tcp", "ipc"] = option(
        "tcp", help="tcp, or ipc for sockets in the file system."
    )
    shell: int = option(0, help="The port of its shell socket; 0 for any.")
    iopub: int = option(0, help="The port of its iopub socket.")
    stdin: int = option(0, help="The port of its stdin socket.")
    control: int = option(0, help="The port of its control socket.")
    hb: int = option(0, help="The port of its heartbeat.")
    connection_file: Path | None = option(
        None, help="Where to write its connection file; by default a new one, where others look."
    )
    start_timeout: float = option(60.0, help="Seconds to wait for the kernel's first answer.")


#: The sockets whose ports can be chosen.
_PORTS = ("shell", "iopub", "stdin", "control", "hb")

_DESCRIPTION = """\
It runs until Ctrl-C, or until a frontend asks it to end."""


def _run(parsed: Parsed) -> int:
    from nuncius.protocol.manager import BlockingKernelManager

    chosen = parsed[StartKernel]
    for name in _PORTS:
        if not 0 <= (port := getattr(chosen, name)) < 65536:
            raise OptionError(f"--{name} is {port}; expected a port, or 0 for any")
    if chosen.start_timeout <= 0:
        raise OptionError(f"--timeout is {chosen.start_timeout:g}; expected seconds above 0")
    manager = BlockingKernelManager(
        chosen.kernel,
        _manager_options(chosen),
        connection_file=chosen.connection_file,
    )
    # Whoever stops us with a signal wants the kernel to end in order, too.
    signal.signal(signal.SIGTERM, _interrupted)
    with manager:
        print(_how_to_attach(chosen.kernel, str(manager.connection_file)), flush=True)  # noqa: T201
        return _wait(manager)


def _wait(manager: BlockingKernelManager) -> int:
    try:
        ended = manager.wait()
    except KeyboardInterrupt:
        print("\nending the kernel ...", file=sys.stderr)  # noqa: T201
        return 0
    print(f"the kernel has ended: {ended}", file=sys.stderr)  # noqa: T201
    return 0 if ended.code == 0 else 1


def _manager_options(chosen: StartKernel) -> ManagerOptions:
    from nuncius.protocol.core.lifecycle import RestartPolicy
    from nuncius.protocol.manager import ManagerOptions

    # A frontend may end the kernel: that is no crash, and seen from here it looks like one.
    return ManagerOptions(
        transport=chosen.transport,
        ip=chosen.ip,
        ports={f"{name}_port": port for name in _PORTS if (port := getattr(chosen, name))},
        start_timeout=chosen.start_timeout,
        inherit_output=True,
        restart=RestartPolicy(enabled=False),
    )


def _how_to_attach(name: str, path: str) -> str:
    short = Path(path).name
    return (
        f"The kernel {name!r} is ready. Its connection file is\n\n    {path}\n\n"
        "To attach to it:\n\n"
        f"    nuncius console --existing {short}\n"
        f"    nuncius run --existing={short} FILE\n"
        f"    jupyter console --existing {short}\n\n"
        "Ctrl-C ends it."
    )


def _interrupted(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


kernel = Program(
    name="kernel",
    summary="Start a kernel, and say how to attach to it.",
    run=_run,
    options=(StartKernel,),
    aliases={
        "kernel": Alias("StartKernel.kernel"),
        "ip": Alias("StartKernel.ip"),
        "transport": Alias("StartKernel.transport"),
        **{name: Alias(f"StartKernel.{name}") for name in _PORTS},
        "f": Alias("StartKernel.connection_file"),
        "timeout": Alias("StartKernel.start_timeout"),
    },
    description=_DESCRIPTION,
)
