"""Serve a shell: `PythonKernel` translates between the requests of the protocol and `nuncius.kernel.shell.Shell`.

The kernel says who it is before it has imported the shell: making one is left until it is needed, or until the server says that it is ready.
"""

from __future__ import annotations

import sys
import threading
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from nuncius.protocol.kernel import (
    CURRENT_IO,
    CompleteRequest,
    ExecuteRequest,
    HistoryRequest,
    InspectRequest,
    Kernel,
    KernelInfo,
    KernelIO,
    Reply,
    VariablesRequest,
)
from nuncius.protocol.session import utc_now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from nuncius.kernel.farewell import Farewell
    from nuncius.kernel.results import ExecutionResult
    from nuncius.kernel.shell import Prepared, Shell
    from nuncius.protocol.messages import Message

__all__ = ["PythonKernel", "kernel_info"]

_VERSION = "0.1.0"

#: Interrupts that a cell may catch: programs do so once, to end in their own way.
_CATCHABLE = 2


def _features() -> tuple[str, ...]:
    """Return what the kernel can do besides; debugpy is looked for, and not imported."""
    from importlib.machinery import PathFinder

    found = PathFinder.find_spec("debugpy") is not None
    return ("debugger", "variables") if found else ("variables",)


def kernel_info() -> KernelInfo:
    """Return what the kernel says of itself."""
    version = sys.version.split()[0]
    return KernelInfo(
        implementation="nuncius",
        implementation_version=_VERSION,
        language_info={
            "name": "python",
            "version": version,
            "mimetype": "text/x-python",
            "codemirror_mode": {"name": "ipython", "version": sys.version_info[0]},
            "pygments_lexer": "ipython3",
            "nbconvert_exporter": "python",
            "file_extension": ".py",
        },
        banner=f"Python {sys.version}\nNuncius {_VERSION}: type '?' for help.\n",
        help_links=(
            {"text": "Python Reference", "url": f"https://docs.python.org/{version[:4]}"},
            {"text": "NumPy Reference", "url": "https://docs.scipy.org/doc/numpy/reference/"},
            {"text": "Matplotlib Reference", "url": "https://matplotlib.org/contents.html"},
            {"text": "pandas Reference", "url": "https://pandas.pydata.org/pandas-docs/stable/"},
        ),
        supported_features=_features(),
    )


class _Times:
    """When a cell began, and how long it took."""

    __slots__ = ("_began", "_cpu", "_ready", "_started")

    def __init__(self) -> None:
        self._started = utc_now()
        self._cpu = process_time()
        self._began = self._ready = perf_counter()

    def prepared(self) -> None:
        """The cell is compiled."""
        self._ready = perf_counter()

    def metadata(self) -> dict[str, Any]:
        """Return what is known now: ``started`` as Jupyter's own kernel has it, and ``spans`` in seconds."""
        now = perf_counter()
        return {
            "started": self._started,
            "dependencies_met": True,
            "spans": {
                "prepare": round(self._ready - self._began, 6),
                "run": round(now - self._ready, 6),
                "cpu": round(process_time() - self._cpu, 6),
            },
        }


class PythonKernel(Kernel):
    """Python, for any frontend.

    Args:
        make_shell: Returns the shell, given this kernel; called once.
        on_start: Called with the shell before the first cell: startup files, extensions.
    """

    def __init__(
        self,
        make_shell: Callable[[PythonKernel], Shell],
        on_start: Callable[[Shell], None] | None = None,
    ) -> None:
        self.info = kernel_info()
        self._make_shell = make_shell
        self._on_start = on_start
        self._shell: Shell | None = None
        #: A debugger's frontend may ask on the control thread before the shell is there.
        self._making = threading.RLock()
        self._debugger: Any = None
        #: Where frontends read how to connect; the command line tells, where this is empty.
        self.connection_file = ""
        #: Has whoever serves the kernel stop after the present request, once somebody does.
        self.stop_serving: Callable[[], None] | None = None
        #: Is said when the process is to end because somebody has typed ``exit``; None if it is not ours to end.
        self.farewell: Farewell | None = None
        #: Load what will be needed while there is nothing to do: for kernels with a process of their own.
        self.warms_up = False
        self._warm_up: Any = None
        #: What raises in the main thread, if somebody does.
        self.interrupts: Any = None
        #: How often the cell that runs was interrupted.
        self._interruptions = 0
        #: The session of the connection, once there is one.
        self.connection_session: Any = None
        #: Makes what has the further names by which extensions know a kernel; None without the compatibility layer.
        self.make_face: Callable[[PythonKernel], Any] | None = None
        self._face: Any = None

    def use_interrupts(self, interrupts: Any) -> None:
        """Take notice of what raises interrupts in cells; the server calls this."""
        interrupts.error = self._interruption
        interrupts.puts_off = self._puts_off
        self.interrupts = interrupts

    def _puts_off(self) -> bool:
        return self._debugger is not None and self._debugger.puts_off()

    def _interrupt_again(self) -> bool:
        interrupts, main = self.interrupts, threading.main_thread().ident
        return interrupts is not None and main is not None and bool(interrupts.again(main))

    def _interruption(self) -> BaseException:
        """Return what an interrupt raises in the cell: the third one cannot be caught as a KeyboardInterrupt."""
        shell = self._shell
        if shell is None or not shell.runs_code:
            return KeyboardInterrupt()
        self._interruptions += 1
        if self._interruptions > _CATCHABLE:
            from nuncius.kernel.errors import HardInterrupt

            return HardInterrupt("the cell caught the interrupts before")
        if self._interruptions == _CATCHABLE:
            from nuncius.kernel import saying

            saying.complain(
                "The cell has caught an interrupt, and goes on. The next one it cannot catch.\n"
            )
        return KeyboardInterrupt()

    def use_session(self, session: Any) -> None:
        """Take notice of the session that signs the kernel's messages; the server calls this."""
        self.connection_session = session

    def __getattr__(self, name: str) -> Any:
        make = self.__dict__.get("make_face")
        if make is None or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if self._face is None:
            self._face = make(self)
        return getattr(self._face, name)

    def at_start(self, function: Callable[[Shell], None]) -> None:
        """Have ``function`` called with the shell before the first cell, after what is called then already."""
        before = self._on_start

        def both(shell: Shell) -> None:
            if before is not None:
                before(shell)
            function(shell)

        self._on_start = both

    @property
    def shell(self) -> Shell:
        """The interactive core; made when first asked for."""
        if self._shell is None:
            with self._making:
                if self._shell is None:
                    self._shell = self._make_shell(self)
        return self._shell

    def prepare(self) -> None:
        """Make the shell."""
        _ = self.shell

    def start(self, io: KernelIO) -> None:
        """Run what the person wants at the start."""
        shell = self.shell
        if self._on_start is not None:
            run, self._on_start = self._on_start, None
            run(shell)
        if self.warms_up:
            from nuncius.kernel.warmup import WarmUp

            self._warm_up = WarmUp(lambda: shell.is_running, then=self._pack_faster)
            self._warm_up.start()

    def _pack_faster(self) -> None:
        """Have messages encoded by orjson from now on, where it is installed: to load it takes a fifth of the start."""
        if self.connection_session is not None:
            from nuncius.protocol.packing import json_packer

            self.connection_session.packer = json_packer()

    # -- running cells ---------------------------------------------------------------------------

    def execute(self, request: ExecuteRequest, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Run a cell."""
        if self.farewell is not None:
            self.farewell.refuse_what_follows()
        number = self.shell.number_for(request.code, request.store_history)
        if not request.silent:
            io.publish("execute_input", {"code": request.code, "execution_count": number})
        return self.run(request, number)

    def run(self, request: ExecuteRequest, number: int | None = None) -> Reply | Awaitable[Reply]:
        """Run a cell that was announced, under its number."""
        shell = self.shell
        self._interruptions = 0
        if number is None:
            number = shell.number_for(request.code, request.store_history)
        shell.payload_manager.clear_payload()
        shell.failures.last = None
        times = _Times()
        prepared = shell.prepare_request(request, number)
        times.prepared()
        if prepared.awaits and shell.uses_asyncio:
            return self._execute_async(prepared, request, number, times)
        reply = self._reply(shell.run_now(prepared), request, number)
        self._tell_times(times, reply)
        return self._with_loop(reply, shell) if shell.wants_loop else reply

    async def _with_loop(self, reply: Reply, shell: Shell) -> Reply:
        """Return ``reply``; that it is awaited has the server run an event loop from now on."""
        shell.loop_runs()
        return reply

    async def _execute_async(
        self, prepared: Prepared, request: ExecuteRequest, number: int, times: _Times
    ) -> Reply:
        reply = self._reply(await self.shell.run_prepared(prepared), request, number)
        self._tell_times(times, reply)
        return reply

    def _tell_times(self, times: _Times, reply: Reply) -> None:
        """Put into the metadata of the reply when the cell began, and where its time went."""
        session, io = self.connection_session, CURRENT_IO.get()
        if session is not None and io is not None:
            told = {"engine": session.session_id, "status": reply["status"], **times.metadata()}
            io.reply_metadata = told  # type: ignore[attr-defined]

    def leave(self) -> None:
        """Have the process end: somebody has typed ``exit``."""
        if self.stop_serving is None:
            return
        from nuncius.kernel.farewell import Farewell

        self.farewell = self.farewell or Farewell(self.stop_serving)
        self.farewell.say()

    def _reply(self, result: ExecutionResult, request: ExecuteRequest, number: int) -> Reply:
        shell = self.shell
        reply: dict[str, Any] = {"execution_count": number, "payload": shell.payload_manager.take()}
        error = result.error_before_exec or result.error_in_exec
        if error is None:
            reply["status"] = "ok"
            reply["user_expressions"] = (
                shell.user_expressions(request.user_expressions) if request.user_expressions else {}
            )
            return reply
        ename, evalue, traceback = shell.failures.last or (type(error).__name__, str(error), [])
        reply |= {
            "status": "error",
            "ename": ename,
            "evalue": evalue,
            "traceback": traceback,
            "user_expressions": {},
        }
        return reply

    # -- questions of the editor -----------------------------------------------------------------

    def complete(self, request: CompleteRequest, io: KernelIO) -> Reply:
        """Return completions at the cursor."""
        return self.shell.complete_reply(request.code, request.cursor_pos)

    def inspect(self, request: InspectRequest, io: KernelIO) -> Reply:
        """Return what is known of the object at the cursor."""
        return self.shell.inspect_reply(
            request.code, request.cursor_pos, request.detail_level, request.omit_sections
        )

    def is_complete(self, code: str, io: KernelIO) -> Reply:
        """Tell whether ``code`` can be run."""
        status, indent = self.shell.input_transformer_manager.check_complete(code)
        reply = {"status": status}
        if status == "incomplete":
            reply["indent"] = " " * (indent or 0)
        return reply

    def history(self, request: HistoryRequest, io: KernelIO) -> Reply:
        """Return a part of the history."""
        return {"status": "ok", "history": self.shell.history_reply(request)}

    # -- comms, figures, the end -----------------------------------------------------------------

    def comm_info(self, target_name: str | None, io: KernelIO) -> Reply:
        """Return the open comms."""
        comms = self.shell.comms.info(target_name)
        return {"status": "ok", "comms": comms}

    def comm_message(self, message: Message, io: KernelIO) -> None:
        """Hand a message to its comm."""
        self.shell.comms.receive(message)

    @property
    def comm_manager(self) -> Any:
        """The comms' manager, as the `comm` package defines it; libraries register targets with it."""
        return self.shell.comms.manager

    @property
    def language_info(self) -> Mapping[str, Any]:
        """What the kernel says of its language."""
        return self.info.language_info

    def get_parent(self, channel: str | None = None) -> dict[str, Any]:
        """Return the request that runs, as the nested mapping that Jupyter's Python APIs use."""
        io = self.shell.io
        return {} if io is None else io.request.to_dict()

    def usage(self, io: KernelIO) -> Reply:
        """Return what the kernel's process uses."""
        from nuncius.kernel.usage import usage

        return {"status": "ok", **usage()}

    def variables(self, request: VariablesRequest, io: KernelIO) -> Reply:
        """Return a page of the person's variables, or of what is in one."""
        from nuncius.kernel.variables.listing import list_variables

        shell = self.shell
        now = dict(list(shell.user_ns.items()))  # the cell that runs may add and remove some
        names = {name: now[name] for name in shell.namespace.names() if name in now}
        return list_variables(names, request.path, request.offset, request.limit)

    def debug(self, request: Mapping[str, Any], io: KernelIO) -> Reply | Awaitable[Reply]:
        """Answer the debugger's frontend."""
        if self._debugger is None:
            from nuncius.kernel.debug.dap import DapDebugger

            self._debugger = DapDebugger(self.shell, self._interrupt_again)
        reply: Reply = self._debugger.handle(request, io)
        return reply

    def interrupt(self) -> None:
        """Have a cell that a frontend's debugger has stopped go on, so that the interrupt reaches it."""
        if self._debugger is not None:
            self._debugger.release()

    def cancel_request(self, msg_id: str | None) -> bool:
        """Cancel what a request, or any with None, has left running in the background."""
        return self._shell is not None and self._shell.cancel_request(msg_id)

    def shutdown(self, *, restart: bool) -> None:
        """Close the debugger and the shell."""
        if self.farewell is not None:
            self.farewell.cancel()
        if self._warm_up is not None:
            self._warm_up.stop()
            self._warm_up = None
        if self._debugger is not None:
            self._debugger.close()
            self._debugger = None
        if self._shell is not None:
            self._shell.close()
            self._shell = None
