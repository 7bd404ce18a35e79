"""Answer a frontend's ``debug_request``: the Debug Adapter Protocol, with what Jupyter adds to it.

Most requests go to debugpy as they are. Jupyter's own are answered here: ``dumpCell``, ``debugInfo``, ``inspectVariables``, ``richInspectVariables``, ``copyToGlobals``, ``modules``, ``source``; those about variables also when there is no debugpy, as long as nothing is stopped.

Rule 1: every request is answered, by a response with ``success``.
Rule 2: ``attach`` is answered when the frontend may begin: after ``initialized`` and our own ``configurationDone``.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any

from nuncius.kernel.compile import HASH_SEED
from nuncius.kernel.debug.adapter import (
    Adapter,
    AdapterGone,
    answers,
    available,
    end_stepping,
    ensure_tracing,
    hide_service_threads,
    stop_at_error,
    stop_tracing,
)
from nuncius.kernel.debug.inspection import Inspection
from nuncius.kernel.debug.putting_off import PuttingOff
from nuncius.kernel.debug.replies import Request, Response, failure, success
from nuncius.kernel.debug.replies import request as make_request
from nuncius.kernel.debug.sources import Sources, internal_rules, leave_kernel_alone
from nuncius.protocol.text.inputs import leading_empty_lines

if TYPE_CHECKING:
    from nuncius.protocol.kernel import KernelIO

__all__ = ["DapDebugger", "attached", "stop_at"]

#: Debuggers that a frontend is attached to -> what they talk to.
_attached: dict[int, Adapter] = {}

#: Seconds; a frontend that has asked something since then is still there.
_LATELY = 60.0

#: Requests that make sense only while something is stopped.
_WHILE_STOPPED = frozenset({"continue", "next", "stepIn", "stepOut", "stackTrace", "scopes"})


def attached() -> bool:
    """Tell whether a frontend's debugger is attached to this process."""
    return not all(adapter.gone for adapter in _attached.values())


def stop_at(frame: FrameType) -> None:
    """Stop in ``frame`` for the frontend that is attached."""
    # debugpy.breakpoint() would stop in whoever calls it, which is the kernel
    sys.modules["pydevd"].settrace(
        suspend=True,
        trace_only_current_thread=True,
        patch_multiprocessing=False,
        stop_at_frame=frame,
    )


class DapDebugger:
    """The debugger of one kernel.

    Args:
        shell: Whose cells are debugged.
        interrupt_again: Sends a signal that was put off once more, if something still runs, and tells so.
    """

    def __init__(self, shell: Any, interrupt_again: Callable[[], bool]) -> None:
        self._shell = shell
        self._interrupt_again = interrupt_again
        self._putting_off: PuttingOff | None = None
        self._io: KernelIO | None = None
        self._adapter: Adapter | None = None
        self._inspection = Inspection(shell, self._forward, lambda: self._is_stopped)
        self._sources = Sources(shell, self._forward)
        self._transform_at: int | None = None
        #: Session of a frontend that is attached -> when it has last asked something.
        self._frontends: dict[str, float] = {}
        self._last_stop = 0.0
        #: What debugpy has answered to `initialize`.
        self._abilities: dict[str, Any] = {}
        self._handlers: dict[str, Callable[[Request], Response]] = {
            "initialize": self._initialize,
            "attach": self._attach,
            "configurationDone": self._configuration_done,
            "pause": self._pause,
            "disconnect": self._disconnect,
            "terminate": self._disconnect,  # the kernel is not the debugger's to end
            "debugInfo": self._debug_info,
            **self._sources.handlers,
            **self._inspection.handlers,
        }

    def handle(self, request: Request, io: KernelIO) -> Response:
        """Answer a request; events go out through ``io`` until the next one."""
        self._io = io
        if self._asking in self._frontends:
            self._frontends[self._asking] = monotonic()
        handler = self._handlers.get(str(request.get("command", "")), self._forward)
        try:
            return handler(request)
        except AdapterGone as error:
            return failure(request, str(error))
        except (KeyError, TypeError, ValueError, OSError) as error:
            return failure(request, f"{type(error).__name__}: {error}")

    def release(self) -> None:
        """Have everything that is stopped go on: an interrupt is for the cell, not for the debugger."""
        adapter = self._adapter
        if adapter is not None:
            for thread in sorted(adapter.stopped):
                # waited for: one that comes when the thread runs already would end its next stop
                adapter.request(make_request("continue", threadId=thread))
                if not adapter.stopped:
                    return

    def puts_off(self) -> bool:
        """Tell whether an interrupt that is a signal comes once more, when all that is stopped goes on; called by its handler."""
        putting_off = self._putting_off
        return putting_off is not None and putting_off.puts_off()

    def close(self) -> None:
        """Let go of the adapter; cells that are stopped go on."""
        if self._putting_off is not None:
            self._putting_off.close()
            self._putting_off = None
        self._inspection.forget()
        self._frontends.clear()
        if id(self) in _attached:
            del _attached[id(self)]
            events = self._shell.events
            self._shell.after_code = None
            events.unregister("pre_execute", ensure_tracing)

            def once() -> None:
                events.unregister("pre_execute", once)
                stop_tracing()

            events.register("pre_execute", once)
        if self._adapter is not None:
            self._adapter.close()
            self._adapter = None
        self._restore_transform()
        self._sources.close()

    def _cell_has_ended(self) -> None:
        end_stepping()
        if self._adapter is not None and not self._adapter.gone:
            stop_at_error(self._shell.compile.is_cell)

    @property
    def _asking(self) -> str:
        """The session of the frontend that asks."""
        return self._io.request.header.session if self._io is not None else ""

    def _is_listening(self, frontend: str) -> bool:
        """Tell whether a frontend is there: it has looked at the present stop, or asked something lately. Not all that go say so."""
        asked = self._frontends[frontend]
        return monotonic() - asked < _LATELY or (self._is_stopped and asked > self._last_stop)

    @property
    def _is_stopped(self) -> bool:
        return self._adapter is not None and bool(self._adapter.stopped)

    def _tell(self, event: dict[str, Any]) -> None:
        if event.get("event") in ("continued", "terminated"):
            self._inspection.forget()
        if event.get("event") == "stopped":
            self._last_stop = monotonic()
        if self._io is not None:
            self._io.publish("debug_event", event)

    def _forward(self, request: Request) -> Response:
        if self._adapter is None:
            return failure(request, "the debugger has not been started: send 'initialize' first")
        if request.get("command") in _WHILE_STOPPED and not self._adapter.stopped:
            return failure(request, "nothing is stopped")  # debugpy would not answer at all
        if not answers(str(request.get("command"))):
            return failure(request, f"debugpy does not know {request.get('command')!r}")
        return self._adapter.request(request)

    # -- beginning and end ---------------------------------------------------------------------

    def _initialize(self, request: Request) -> Response:
        pages = bool((request.get("arguments") or {}).get("supportsVariablePaging"))
        if self._adapter is not None and self._adapter.gone:
            self.close()
        if self._is_shared:
            # debugpy knows of one frontend only; others get the answer that it got
            self._inspection.pages = self._inspection.pages or pages
            return success(request, self._abilities)
        self._inspection.pages = pages
        if self._adapter is None:
            if not available():
                return failure(
                    request,
                    "debugging needs debugpy in the kernel's environment: pip install debugpy",
                )
            self._sources.open()
            hide_service_threads()
            self._adapter = Adapter(self._tell)
            self._putting_off = PuttingOff(
                lambda: self._is_stopped, self.release, self._interrupt_again
            )
            self._remove_transform()
        response = self._adapter.request(request)
        self._abilities = response.get("body") or {}
        return response

    @property
    def _is_shared(self) -> bool:
        """Whether a frontend is attached: one that comes shares its session."""
        return id(self) in _attached and not _attached[id(self)].gone

    def _attach(self, request: Request) -> Response:
        adapter = self._adapter
        if adapter is None:
            return self._forward(request)
        if self._is_shared:
            self._frontends[self._asking] = monotonic()
            self._tell({"type": "event", "seq": 0, "event": "initialized", "body": {}})
            return success(request)
        arguments = dict(request.get("arguments") or {})
        # without the libraries' own lines nobody could set a breakpoint there
        arguments.setdefault("justMyCode", False)
        arguments.setdefault("debugOptions", ["DebugStdLib"])
        arguments["rules"] = internal_rules()
        answer = adapter.send(dict(request) | {"arguments": arguments})
        adapter.initialized.wait(10)
        done = adapter.request(make_request("configurationDone"))
        if not done.get("success"):
            return failure(request, str(done.get("message", "the debugger cannot be configured")))
        response = adapter.wait(request, answer)
        if response.get("success"):
            adapter.request(leave_kernel_alone())
            _attached[id(self)] = adapter
            self._frontends = {self._asking: monotonic()}
            events = self._shell.events
            self._shell.after_code = self._cell_has_ended
            events.register("pre_execute", ensure_tracing)
        return response

    def _configuration_done(self, request: Request) -> Response:
        return success(request)  # it was sent with `attach`

    def _disconnect(self, request: Request) -> Response:
        if self._adapter is None:
            return success(request)
        if self._adapter.gone:
            self.close()
            return success(request)
        self._frontends.pop(self._asking, None)
        if any(map(self._is_listening, self._frontends)):
            return success(request)
        arguments = dict(request.get("arguments") or {}) | {"terminateDebuggee": False}
        asked = dict(request) | {"command": "disconnect", "arguments": arguments}
        response = self._adapter.request(asked)
        self.close()
        return response | {"command": request.get("command", "")}

    def _remove_transform(self) -> None:
        """Have the lines of a cell keep their numbers: breakpoints are set by them."""
        cleanup = self._shell.input_transformers_cleanup
        if leading_empty_lines in cleanup:
            self._transform_at = cleanup.index(leading_empty_lines)
            cleanup.remove(leading_empty_lines)

    def _restore_transform(self) -> None:
        if self._transform_at is not None:
            self._shell.input_transformers_cleanup.insert(self._transform_at, leading_empty_lines)
            self._transform_at = None

    # -- what a frontend wants to know -----------------------------------------------------------

    def _debug_info(self, request: Request) -> Response:
        compiler = self._shell.compile
        return success(
            request,
            {
                "isStarted": self._adapter is not None and not self._adapter.gone,
                "hashMethod": "Murmur2",
                "hashSeed": HASH_SEED,
                "tmpFilePrefix": compiler.folder,
                "tmpFileSuffix": ".py",
                "breakpoints": [
                    {"source": path, "breakpoints": breakpoints}
                    for path, breakpoints in self._sources.breakpoints.items()
                ],
                "stoppedThreads": sorted(self._adapter.stopped) if self._adapter else [],
                "richRendering": True,
                "exceptionPaths": ["Python Exceptions"],
                "copyToGlobals": True,
            },
        )

    def _pause(self, request: Request) -> Response:
        """Pause a thread; not the one that runs cells while it runs none: it would stop in the kernel."""
        if not self._shell.is_running:
            body = self._forward(make_request("threads")).get("body") or {}
            wanted = (request.get("arguments") or {}).get("threadId")
            names = {each.get("id"): each.get("name") for each in body.get("threads") or []}
            if names.get(wanted) == threading.main_thread().name:
                return failure(request, "no cell runs: there is nothing to pause")
        return self._forward(request)
