"""Put a kernel into a running program, so that frontends can look into it.

The program's own variables are the kernel's namespace, and the program goes on when the kernel is shut down. Where the cells run is the program's choice:

* `embed_kernel`: here and now; the program waits until the kernel is shut down.
* `serve_in_thread`: in a thread, while the program goes on.
* `serve_on_loop`: on the asyncio loop that runs, between the program's own tasks.
* `serve_in_gui`: on the thread of Qt's, Tk's or another toolkit's loop, where cells may touch its windows.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType, TracebackType

    from nuncius.kernel.shell import Shell
    from nuncius.protocol.serving.server import Server

__all__ = [
    "EmbeddedKernel",
    "embed_kernel",
    "extract_module_locals",
    "serve_in_gui",
    "serve_in_thread",
    "serve_on_loop",
    "start_kernel",
]

#: How often a toolkit's loop lets the kernel's have a turn, in milliseconds.
_INTERVAL = 10
#: Rounds of the kernel's loop in each turn: a request takes some.
_ROUNDS = 5
#: Seconds that a kernel in a thread has for its end.
_PATIENCE = 5.0


def extract_module_locals(depth: int = 0) -> tuple[ModuleType, dict[str, Any]]:
    """Return the module and the local variables of a caller, ``depth`` frames up."""
    frame = sys._getframe(depth + 1)  # noqa: SLF001 - the only way to the caller's variables
    name = frame.f_globals["__name__"]
    module = sys.modules.get(name)
    if module is None or module.__dict__ is not frame.f_globals:
        # code that runs in a dictionary of its own
        from types import ModuleType as Module

        module = Module(name)
        module.__dict__.update(frame.f_globals)
    return module, frame.f_locals


def embed_kernel(
    module: ModuleType | None = None,
    local_ns: dict[str, Any] | None = None,
    *,
    connection_file: str | None = None,
    **options: Any,
) -> None:
    """Serve a kernel over the caller's variables, until it is shut down.

    Windows of Qt or Tk that the program has open stay alive meanwhile.

    Args:
        module: Its globals are the kernel's; the caller's by default.
        local_ns: Its variables are the kernel's; the caller's by default.
        connection_file: Where to write how to connect; a new file by default, whose name is printed.
        **options: For `nuncius.kernel.app.build`.
    """
    caller_module, caller_locals = extract_module_locals(1)
    start_kernel(
        user_module=module or caller_module,
        user_ns=caller_locals if local_ns is None else local_ns,
        connection_file=connection_file,
        **options,
    )


def start_kernel(
    *,
    user_module: ModuleType | None = None,
    user_ns: dict[str, Any] | None = None,
    connection_file: str | None = None,
    **options: Any,
) -> None:
    """Serve a kernel in this thread, until it is shut down.

    Args:
        user_module: Cells run in this module.
        user_ns: Cells run in this dictionary.
        connection_file: Where to write how to connect.
        **options: For `nuncius.kernel.app.build`.
    """
    from nuncius.kernel.app import build
    from nuncius.kernel.gui.hosts import running_toolkit
    from nuncius.protocol.serving.app import serve

    options.setdefault("own_main", False)
    options.setdefault("startup", False)
    kernel = build(user_module=user_module, user_ns=user_ns, **options)
    if toolkit := running_toolkit():
        # in the kernel's own first step: its loop is what looks at the toolkit's events
        kernel.at_start(lambda shell: shell.enable_gui(toolkit))

    def leave_on_exit(shell: Shell) -> None:
        shell.on_exit = kernel.stop_serving

    kernel.at_start(leave_on_exit)
    arguments = [] if connection_file is None else ["-f", connection_file]
    serve(lambda: kernel, arguments, embedded=True)


class EmbeddedKernel:
    """A kernel that serves while its program goes on; made by `serve_in_thread` and its relatives.

    As a context manager it is stopped at the end of the block.

    Attributes:
        connection_file: Tells frontends how to connect.
    """

    def __init__(
        self, server: Server, cleanup: Callable[[], None], connection_file: str, kernel: Any
    ) -> None:
        self._server = server
        self._cleanup = cleanup
        self._kernel = kernel
        self.connection_file = connection_file
        #: Waits until the kernel has ended.
        self._join: Callable[[], None] = lambda: None
        self._task: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def shell(self) -> Shell:
        """The shell that runs the cells."""
        shell: Shell = self._kernel.shell
        return shell

    def stop(self) -> None:
        """End the kernel; what runs is interrupted. On an asyncio loop, `wait` for the end afterwards."""
        self._server.stop()
        self._join()

    async def wait(self) -> None:
        """Wait until the kernel on this asyncio loop is shut down."""
        if self._task is not None:
            await self._task

    def _run(self) -> None:
        try:
            self._server.run()
        finally:
            self._cleanup()

    async def _run_async(self) -> None:
        try:
            await self._server.run_async()
        finally:
            self._cleanup()


def serve_in_thread(
    namespace: dict[str, Any] | None = None,
    *,
    connection_file: str | None = None,
    **options: Any,
) -> EmbeddedKernel:
    """Serve a kernel in a thread of its own; cells run in that thread, while the program goes on.

    Args:
        namespace: The variables of the cells; the globals of the caller's module by default.
        connection_file: Where to write how to connect; a new file by default, whose name is printed.
        **options: For `nuncius.kernel.app.build`.
    """
    from threading import Thread

    found = _open(namespace, connection_file, own_signals=False, **options)
    thread = Thread(target=found._run, name="nuncius-kernel", daemon=True)  # noqa: SLF001 - ours
    found._join = lambda: thread.join(_PATIENCE)  # noqa: SLF001
    thread.start()
    return found


def serve_on_loop(
    namespace: dict[str, Any] | None = None,
    *,
    connection_file: str | None = None,
    **options: Any,
) -> EmbeddedKernel:
    """Serve a kernel on the asyncio loop that runs: cells run between the program's tasks, and may await them.

    Args:
        namespace: The variables of the cells; the globals of the caller's module by default.
        connection_file: Where to write how to connect; a new file by default, whose name is printed.
        **options: For `nuncius.kernel.app.build`.

    Raises:
        RuntimeError: No event loop runs here.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    found = _open(namespace, connection_file, own_signals=_is_main(), **options)
    found._task = loop.create_task(found._run_async(), name="nuncius-kernel")  # noqa: SLF001
    return found


def serve_in_gui(
    gui: str = "",
    namespace: dict[str, Any] | None = None,
    *,
    connection_file: str | None = None,
    **options: Any,
) -> EmbeddedKernel:
    """Serve a kernel on the thread of a toolkit's event loop: cells may touch its windows.

    Call it in that thread, when the application is there; it may begin its loop afterwards.

    Args:
        gui: ``qt`` or ``tk``; whichever the program uses by default.
        namespace: The variables of the cells; the globals of the caller's module by default.
        connection_file: Where to write how to connect; a new file by default, whose name is printed.
        **options: For `nuncius.kernel.app.build`.

    Raises:
        GuiUnavailable: The program has no such application.
    """
    import asyncio

    from nuncius.kernel.gui.hosts import running_toolkit, start_timer

    gui = gui or running_toolkit()

    def turn() -> bool:
        """Let the kernel's loop have its turn; False when it has ended."""
        if loop.is_running():  # a cell opens a dialog, whose own loop calls us
            return True
        for _ in range(_ROUNDS):
            if loop.is_closed():
                return False
            loop.call_soon(loop.stop)
            loop.run_forever()
            if task.done():
                loop.close()
                task.result()
        return not loop.is_closed()

    stop_timer = start_timer(gui, turn, _INTERVAL)
    try:
        found = _open(namespace, connection_file, own_signals=_is_main(), host_gui=gui, **options)
    except BaseException:
        stop_timer()
        raise
    loop = asyncio.new_event_loop()
    task = loop.create_task(found._run_async(), name="nuncius-kernel")  # noqa: SLF001 - ours

    def join() -> None:
        while turn():
            pass
        stop_timer()

    found._join = join  # noqa: SLF001
    return found


def _open(
    namespace: dict[str, Any] | None,
    connection_file: str | None,
    *,
    own_signals: bool,
    **options: Any,
) -> EmbeddedKernel:
    """Bind the sockets of a kernel over the variables of our caller's caller."""
    from nuncius.kernel.app import build
    from nuncius.protocol.serving.app import open_server

    if namespace is None:
        module, _ = extract_module_locals(2)
        options |= {"user_module": module, "user_ns": module.__dict__}
    else:
        options["user_ns"] = namespace
    options = {"own_main": False, "startup": False, "guest": True} | options
    kernel = build(**options)
    server, cleanup, path = open_server(
        lambda: kernel, connection_file, guest=True, own_signals=own_signals
    )
    return EmbeddedKernel(server, cleanup, path, kernel)


def _is_main() -> bool:
    import threading

    return threading.current_thread() is threading.main_thread()
