"""The main program of a kernel's process: ``python -m some_kernel -f CONNECTION_FILE``.

It binds first and answers at once; only then the kernel may load what cells need.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nuncius.protocol.connection import ConnectionInfo
    from nuncius.protocol.kernel import Kernel
    from nuncius.protocol.serving.server import Server

__all__ = ["connection_file_of", "open_server", "serve"]

#: Seconds. While a cell computes, any other thread waits as long as this for the interpreter; with the default of 5 ms that is what a control request or a line of output costs.
_SWITCH_INTERVAL = 0.002


def serve(
    make_kernel: Callable[[], Kernel],
    argv: Sequence[str] | None = None,
    *,
    embedded: bool = False,
) -> int:
    """Serve a kernel until it is shut down.

    Args:
        make_kernel: Returns the kernel; called after the sockets are bound.
        argv: The command line without the program's name; by default that of the process. ``-f FILE`` names the connection file; without it a new one is written, and removed at the end. ``--ip ADDRESS``, ``--transport``, ``--shell PORT``, ``--iopub`` and so on say where a kernel with a new one listens.
        embedded: The program goes on afterwards, and gets its signal handlers back. Otherwise the process ends, and a Ctrl-C that comes late changes nothing.

    Returns:
        The exit code of the process.
    """
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    # Until the kernel runs, Ctrl-C ends the process without a word.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    # It may be gone when we are ready to watch it.
    parent = _parent()
    if not embedded:
        # What is loaded stays: to look for garbage in it takes a tenth of the time.
        gc.disable()
    from nuncius.protocol.connection import remove_connection_file
    from nuncius.protocol.errors import ConnectionFileError
    from nuncius.protocol.serving.arguments import asked_connection

    arguments = sys.argv[1:] if argv is None else argv
    path = connection_file_of(arguments)
    try:
        server, cleanup, path = open_server(
            make_kernel, path, parent=parent, asked=asked_connection(arguments)
        )
    except ConnectionFileError as error:
        sys.stderr.write(f"error: {error}\n")
        gc.enable()
        return 1
    if not embedded:
        server.lifetime.loaded = _end_loading
    sys.setswitchinterval(min(_SWITCH_INTERVAL, sys.getswitchinterval()))
    signal.signal(signal.SIGTERM, server.terminate)
    # The server takes it, and leaves this in its place: no moment of the end is without a handler.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        server.run()
    finally:
        cleanup()
        if server.orphaned:
            remove_connection_file(path, server.info)
        if embedded:
            signal.signal(signal.SIGINT, before[0])
            signal.signal(signal.SIGTERM, before[1])
    return 0


def _end_loading() -> None:
    """Collect garbage from now on, and never look for any in what is loaded: it takes time above all at the end."""
    gc.freeze()
    gc.enable()


def _parent() -> int | None:
    """Return the process that started us, if it wants us to end with it."""
    wanted = os.environ.get("JPY_PARENT_PID", "")
    parent = os.getppid()
    return parent if wanted == str(parent) and parent > 1 else None


def connection_file_of(argv: Sequence[str]) -> str | None:
    """Return the connection file that a command line names, None if it names none."""
    from nuncius.protocol.serving.arguments import value_of

    return value_of(
        argv,
        (
            "-f",
            "--f",
            "--connection-file",
            "--IPKernelApp.connection_file",
            "--KernelApp.connection_file",
        ),
    )


def open_server(
    make_kernel: Callable[[], Kernel],
    path: str | None,
    ip: str | None = None,
    parent: int | None = None,
    asked: Mapping[str, Any] | None = None,
    **options: Any,
) -> tuple[Server, Callable[[], None], str]:
    """Bind the sockets, and tell where.

    Args:
        make_kernel: Returns the kernel; called after the sockets are bound.
        path: The connection file; a new one, if None.
        ip: Where a kernel with a new file listens.
        parent: The process whose death ends the kernel.
        asked: More of that: fields of its `ConnectionInfo`.
        **options: Of `Server`.

    Returns:
        The server; what removes the connection file at the end, if it is new; and its name.

    Raises:
        ConnectionFileError: The file cannot be read.
    """
    from nuncius.protocol import connection
    from nuncius.protocol.packing import quick_packer
    from nuncius.protocol.serving.binding import bind
    from nuncius.protocol.serving.server import Server
    from nuncius.protocol.session import Session

    # As for Jupyter's kernels, the file may be one that is to be written.
    own = path is None or not os.path.exists(path)  # noqa: PTH110 - pathlib takes 3 ms to load
    path = path or connection.new_connection_path()
    asked = {**({"ip": ip} if ip else {}), **(asked or {})}
    wanted = _new_connection(asked) if own else _given_connection(path, asked)
    bound = bind(wanted)
    try:
        session = Session(
            bound.info.key, signature_scheme=bound.info.signature_scheme, packer=quick_packer()
        )
        info = _announce(bound, session, path, changed=own or not wanted.has_ports)
    except BaseException:
        bound.close()
        raise
    kernel = make_kernel()
    server = Server(bound, kernel, session=session, parent=parent, **options)
    _introduce(kernel, session, path, server)
    if own:
        sys.stderr.write(
            f"To connect another client to this kernel: nuncius console --existing {path}\n"
        )

    def cleanup() -> None:
        if own:
            connection.remove_connection_file(path, info)

    return server, cleanup, path


def _new_connection(asked: Mapping[str, Any]) -> ConnectionInfo:
    from nuncius.protocol import connection

    fields = dict(asked)
    if fields.get("transport") == "ipc" and "ip" not in fields:
        fields["ip"] = f"{connection.ipc_directory()}/kernel"
    return connection.ConnectionInfo(key=connection.new_key(), **fields)


def _given_connection(path: str, asked: Mapping[str, Any]) -> ConnectionInfo:
    from nuncius.protocol import connection

    given = connection.load_connection_file(path)
    if any(getattr(given, name) != value for name, value in asked.items()):
        sys.stderr.write(
            f"warning: {path} says where this kernel listens; what the command line says of it ({', '.join(asked)}) is not used\n"
        )
    return given


def _introduce(kernel: Any, session: Any, path: str, server: Server) -> None:
    """Tell a kernel what it wants to know of its surroundings: most want nothing."""
    if (use_session := getattr(kernel, "use_session", None)) is not None:
        use_session(session)
    if hasattr(kernel, "connection_file"):
        kernel.connection_file = path
    if hasattr(kernel, "stop_serving"):
        kernel.stop_serving = server.stop
    if (use_interrupts := getattr(kernel, "use_interrupts", None)) is not None:
        use_interrupts(server.interrupts)
    if not getattr(kernel, "warms_up", False):
        from nuncius.protocol.packing import json_packer

        session.packer = json_packer()


def _announce(bound: Any, session: Any, path: str, *, changed: bool) -> Any:
    """Tell whoever started us where we listen, and write it into the file."""
    from nuncius.protocol import connection

    info = bound.info
    if "registration_port" in info.extra:
        from nuncius.protocol.errors import ConnectionFileError
        from nuncius.protocol.handshake import register

        try:
            info = register(info, session, bound.context)
        except ConnectionFileError:
            # Whoever wrote the file is gone.
            connection.remove_connection_file(path)
            raise
        changed = True
    if changed:
        connection.write_connection_file(info, path)
    return info
