"""Answer a frontend's ``debug_request``: the Debug Adapter Protocol, with what Jupyter adds to it.

Most requests go to debugpy as they are. Jupyter's own are answered here: ``dumpCell``, ``debugInfo``, ``inspectVariables``, ``richInspectVariables``, ``copyToGlobals``, ``modules``, ``source``; those about variables also when there is no debugpy, as long as nothing is stopped.

Rule 1: every request is answered, by a response with ``success``.
Rule 2: ``attach`` is answered when the frontend may begin: after ``initialized`` and our own ``configurationDone``.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from nuncius.kernel.compile import HASH_SEED
from nuncius.kernel.debug.adapter import (
    Adapter,
    AdapterGone,
    available,
    end_stepping,
    ensure_tracing,
    hide_service_threads,
    stop_tracing,
)
from nuncius.kernel.debug.explorer import FIRST_REFERENCE, Explorer
from nuncius.kernel.debug.places import LARGE, PAGED, Places, countable
from nuncius.protocol.text.inputs import leading_empty_lines

if TYPE_CHECKING:
    from nuncius.protocol.kernel import KernelIO

__all__ = ["DapDebugger", "attached", "deposit", "stop_at"]

Request = Mapping[str, Any]
Response = dict[str, Any]

#: Debuggers that a frontend is attached to -> what they talk to.
_attached: dict[int, Adapter] = {}

#: Requests that make sense only while something is stopped.
_WHILE_STOPPED = frozenset({"continue", "next", "stepIn", "stepOut", "stackTrace", "scopes"})

#: What an expression in a stopped frame has left for us.
_deposited: dict[int, Any] = {}
_numbers = count(1)


def attached() -> bool:
    """Tell whether a frontend's debugger is attached to this process."""
    return not all(adapter.gone for adapter in _attached.values())


def deposit(number: int, value: Any) -> None:
    """Keep a value of a stopped frame until it is fetched."""
    _deposited[number] = value


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
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._io: KernelIO | None = None
        self._adapter: Adapter | None = None
        self._explorer = Explorer()
        self._places = Places()
        #: Whether the frontend asks for pages when it is told how much there is.
        self._pages = False
        #: Path -> breakpoints, as the adapter has set them.
        self._breakpoints: dict[str, list[dict[str, Any]]] = {}
        self._dumped: set[Path] = set()
        self._transform_at: int | None = None
        self._handlers: dict[str, Callable[[Request], Response]] = {
            "initialize": self._initialize,
            "attach": self._attach,
            "configurationDone": self._configuration_done,
            "setBreakpoints": self._set_breakpoints,
            "pause": self._pause,
            "stackTrace": self._stack_trace,
            "scopes": self._scopes,
            "evaluate": self._evaluate,
            "variables": self._variables,
            "disconnect": self._disconnect,
            "terminate": self._disconnect,  # the kernel is not the debugger's to end
            "dumpCell": self._dump_cell,
            "debugInfo": self._debug_info,
            "inspectVariables": self._inspect_variables,
            "richInspectVariables": self._rich_inspect,
            "copyToGlobals": self._copy_to_globals,
            "modules": self._modules,
            "source": self._source,
        }

    def handle(self, request: Request, io: KernelIO) -> Response:
        """Answer a request; events go out through ``io`` until the next one."""
        self._io = io
        handler = self._handlers.get(str(request.get("command", "")), self._forward)
        try:
            return handler(request)
        except AdapterGone as error:
            return _failure(request, str(error))
        except (KeyError, TypeError, ValueError, OSError) as error:
            return _failure(request, f"{type(error).__name__}: {error}")

    def release(self) -> None:
        """Have everything that is stopped go on: an interrupt is for the cell, not for the debugger."""
        adapter = self._adapter
        if adapter is not None:
            for thread in sorted(adapter.stopped):
                # waited for: one that comes when the thread runs already would end its next stop
                adapter.request(
                    {
                        "type": "request",
                        "seq": 0,
                        "command": "continue",
                        "arguments": {"threadId": thread},
                    }
                )
                if not adapter.stopped:
                    return

    def close(self) -> None:
        """Let go of the adapter; cells that are stopped go on."""
        self._breakpoints.clear()
        self._places.forget()
        if id(self) in _attached:
            del _attached[id(self)]
            events = self._shell.events
            events.unregister("post_execute", end_stepping)
            events.unregister("pre_execute", ensure_tracing)

            def once() -> None:
                events.unregister("pre_execute", once)
                stop_tracing()

            events.register("pre_execute", once)
        if self._adapter is not None:
            self._adapter.close()
            self._adapter = None
        self._restore_transform()
        for path in self._dumped:
            with suppress(OSError):
                path.unlink()
        self._dumped.clear()
        with suppress(OSError):
            Path(self._shell.compile.folder).rmdir()

    @property
    def _is_stopped(self) -> bool:
        return self._adapter is not None and bool(self._adapter.stopped)

    def _tell(self, event: dict[str, Any]) -> None:
        if event.get("event") in ("continued", "terminated"):
            self._places.forget()
            self._explorer.forget()
        if self._io is not None:
            self._io.publish("debug_event", event)

    def _forward(self, request: Request) -> Response:
        if self._adapter is None:
            return _failure(request, "the debugger has not been started: send 'initialize' first")
        if request.get("command") in _WHILE_STOPPED and not self._adapter.stopped:
            return _failure(request, "nothing is stopped")  # debugpy would not answer at all
        return self._adapter.request(request)

    # -- beginning and end ---------------------------------------------------------------------

    def _initialize(self, request: Request) -> Response:
        self._pages = bool((request.get("arguments") or {}).get("supportsVariablePaging"))
        if self._adapter is not None and self._adapter.gone:
            self.close()
        if self._adapter is None:
            if not available():
                return _failure(
                    request,
                    "debugging needs debugpy in the kernel's environment: pip install debugpy",
                )
            Path(self._shell.compile.folder).mkdir(mode=0o700, parents=True, exist_ok=True)
            hide_service_threads()
            self._adapter = Adapter(self._tell)
            self._remove_transform()
        return self._adapter.request(request)

    def _attach(self, request: Request) -> Response:
        adapter = self._adapter
        if adapter is None:
            return self._forward(request)
        arguments = dict(request.get("arguments") or {})
        # without the libraries' own lines nobody could set a breakpoint there
        arguments.setdefault("justMyCode", False)
        arguments.setdefault("debugOptions", ["DebugStdLib"])
        arguments["rules"] = [{"path": path, "include": False} for path in _internal_paths()]
        answer = adapter.send(dict(request) | {"arguments": arguments})
        adapter.initialized.wait(10)
        done = adapter.request({"type": "request", "seq": 0, "command": "configurationDone"})
        if not done.get("success"):
            return _failure(request, str(done.get("message", "the debugger cannot be configured")))
        response = adapter.wait(request, answer)
        if response.get("success"):
            adapter.request(_leave_kernel_alone())
            _attached[id(self)] = adapter
            events = self._shell.events
            events.register("post_execute", end_stepping)
            events.register("pre_execute", ensure_tracing)
        return response

    def _configuration_done(self, request: Request) -> Response:
        return _success(request)  # it was sent with `attach`

    def _disconnect(self, request: Request) -> Response:
        if self._adapter is None:
            return _success(request)
        if self._adapter.gone:
            self.close()
            return _success(request)
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

    # -- cells and breakpoints -----------------------------------------------------------------

    def _dump_cell(self, request: Request) -> Response:
        code = _arguments(request)["code"]
        path = Path(self._shell.compile.get_filename(code))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8", errors="surrogatepass")
        self._dumped.add(path)
        return _success(request, {"sourcePath": str(path)})

    def _set_breakpoints(self, request: Request) -> Response:
        arguments = _arguments(request)
        path = arguments["source"]["path"]
        response = self._forward(request)
        if response.get("success"):
            wanted = arguments.get("breakpoints") or []
            found = (response.get("body") or {}).get("breakpoints") or []
            # debugpy may move one to the next line that has code
            self._breakpoints[path] = [
                dict(asked) | {"line": got.get("line", asked.get("line"))}
                for asked, got in zip(wanted, found, strict=False)
            ]
            if not wanted:
                self._breakpoints.pop(path, None)
        return response

    def _debug_info(self, request: Request) -> Response:
        compiler = self._shell.compile
        return _success(
            request,
            {
                "isStarted": self._adapter is not None and not self._adapter.gone,
                "hashMethod": "Murmur2",
                "hashSeed": HASH_SEED,
                "tmpFilePrefix": compiler.folder,
                "tmpFileSuffix": ".py",
                "breakpoints": [
                    {"source": path, "breakpoints": breakpoints}
                    for path, breakpoints in self._breakpoints.items()
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
            body = self._forward({"command": "threads", "seq": 0}).get("body") or {}
            wanted = (request.get("arguments") or {}).get("threadId")
            names = {each.get("id"): each.get("name") for each in body.get("threads") or []}
            if names.get(wanted) == threading.main_thread().name:
                return _failure(request, "no cell runs: there is nothing to pause")
        return self._forward(request)

    def _stack_trace(self, request: Request) -> Response:
        """Leave out what runs below the cell: the kernel's loop is nobody's code."""
        response = self._forward(request)
        body = response.get("body") or {}
        frames = body.get("stackFrames") or []
        cells = [
            index
            for index, frame in enumerate(frames)
            if self._shell.compile.is_cell((frame.get("source") or {}).get("path", ""))
        ]
        if cells:
            body["stackFrames"] = [
                # a cell that is stopped before its first line has the number 0: no editor has that
                frame | {"line": max(1, frame.get("line", 1))}
                for frame in frames[: cells[-1] + 1]
            ]
            body["totalFrames"] = len(body["stackFrames"])
        return response

    def _source(self, request: Request) -> Response:
        import linecache

        path = _arguments(request)["source"]["path"]
        lines = linecache.getlines(path)
        if not lines:
            return _failure(request, f"there is no source of {path}")
        return _success(request, {"content": "".join(lines)})

    def _modules(self, request: Request) -> Response:
        arguments = request.get("arguments") or {}
        everything = list(sys.modules.copy().values())
        start = int(arguments.get("startModule") or 0)
        count = int(arguments.get("moduleCount") or 0) or len(everything)
        found = []
        for number, module in enumerate(everything[start : start + count], start):
            path = getattr(getattr(module, "__spec__", None), "origin", None)
            if isinstance(path, str) and path.endswith(".py"):
                found.append({"id": number, "name": module.__name__, "path": path})
        return _success(request, {"modules": found, "totalModules": len(everything)})

    # -- variables -----------------------------------------------------------------------------

    def _inspect_variables(self, request: Request) -> Response:
        found = {
            name: value
            for name, value in list(self._shell.user_ns.items())
            if self._is_of_interest(name, value)
        }
        return _success(request, {"variables": self._explorer.variables(found)})

    def _is_of_interest(self, name: Any, value: Any) -> bool:
        if not isinstance(name, str) or _is_cache(name):
            return False
        hidden = self._shell.user_ns_hidden
        return name not in hidden or hidden[name] is not value

    def _scopes(self, request: Request) -> Response:
        response = self._forward(request)
        found = (response.get("body") or {}).get("scopes") or []
        self._places.see_scopes(_arguments(request).get("frameId", 0), found)
        return response

    def _evaluate(self, request: Request) -> Response:
        response = self._forward(request)
        arguments, body = _arguments(request), response.get("body") or {}
        if "frameId" in arguments:
            number = body.get("variablesReference") or 0
            self._places.see_value(number, arguments["expression"], arguments["frameId"])
        return response

    def _variables(self, request: Request) -> Response:
        arguments = _arguments(request)
        reference = int(arguments["variablesReference"])
        start, number = int(arguments.get("start") or 0), int(arguments.get("count") or 0)
        if reference >= FIRST_REFERENCE or not self._is_stopped:
            children = self._explorer.children(reference, start, number)
            return _success(request, {"variables": children})
        if start or number:
            page = self._page(reference, start, number)
            if page is not None:
                return _success(request, {"variables": page})
        response = self._forward(request)
        body = response.get("body") or {}
        if "variables" in body:
            body["variables"] = [
                each for each in body["variables"] if not _is_the_kernels(each.get("name", ""))
            ]
            self._places.see_variables(reference, body["variables"])
            if self._pages:
                self._count(reference, body["variables"])
        return response

    def _page(self, reference: int, start: int, number: int) -> list[dict[str, Any]] | None:
        """Return some of the items of a container; None if it is none."""
        place = self._places.find(reference)
        try:
            value = self._fetch(*place) if place is not None else None
        except LookupError:
            return None
        if place is None or type(value) not in PAGED:
            return None
        return self._explorer.page(value, place[0], start, number)

    def _count(self, reference: int, variables: list[dict[str, Any]]) -> None:
        """Say of large containers how many items they have."""
        names, frame = countable(variables), self._places.frame_of(reference)
        if not names or frame is None:
            return
        try:
            values = dict(zip(names, self._fetch(f"({','.join(names)},)", frame), strict=True))
        except LookupError:
            return
        for each in variables:
            value: Any = values.get(each["name"])
            if type(value) in PAGED and len(value) > LARGE:
                each["indexedVariables"] = len(value)

    def _rich_inspect(self, request: Request) -> Response:
        arguments = _arguments(request)
        name = arguments["variableName"]
        if name in ("special variables", "function variables", "class variables"):
            return _success(request, {"data": {}, "metadata": {}})
        try:
            value = self._value(name, arguments.get("frameId"))
        except LookupError as error:
            return _failure(request, str(error)) | {"body": {"data": {}, "metadata": {}}}
        data, metadata = self._shell.display_formatter.format(value)
        return _success(
            request,
            {"data": data, "metadata": {k: v for k, v in metadata.items() if k in data}},
        )

    def _copy_to_globals(self, request: Request) -> Response:
        arguments = _arguments(request)
        source, target = arguments["srcVariableName"], arguments["dstVariableName"]
        if not (isinstance(target, str) and target.isidentifier()):
            return _failure(request, f"expected the name of a variable, got {target!r}")
        try:
            value = self._value(source, arguments.get("srcFrameId"))
        except LookupError as error:
            return _failure(request, str(error))
        self._shell.push({target: value})
        return _success(request, {"type": type(value).__name__, "variablesReference": 0})

    def _value(self, name: Any, frame_id: Any) -> Any:
        """Return the value of a variable, of a stopped frame if there is one.

        Raises:
            LookupError: There is no such variable.
        """
        if not (isinstance(name, str) and name.isidentifier()):
            raise LookupError(f"expected the name of a variable, got {name!r}")
        if not self._is_stopped or frame_id is None:
            if name not in self._shell.user_ns:
                raise LookupError(f"there is no variable {name!r}")
            return self._shell.user_ns[name]
        return self._fetch(name, frame_id)

    def _fetch(self, expression: str, frame_id: int) -> Any:
        """Return the value of an expression in a stopped frame: the frame is in this process, and its value can be had as it is.

        Raises:
            LookupError: It cannot be evaluated.
        """
        number = next(_numbers)
        code = f"__import__('sys').modules[{__name__!r}].deposit({number}, {expression})"
        answer = self._forward(
            {
                "type": "request",
                "seq": 0,
                "command": "evaluate",
                "arguments": {"expression": code, "frameId": frame_id, "context": "clipboard"},
            }
        )
        if number not in _deposited:
            raise LookupError(str(answer.get("message") or f"there is no {expression!r}"))
        return _deposited.pop(number)


def _is_cache(name: str) -> bool:
    """Tell whether a name is one of the caches of inputs and outputs."""
    if name in ("_", "__", "___", "_i", "_ii", "_iii", "In", "Out", "_ih", "_oh", "_dh"):
        return True
    return name.removeprefix("_i").isdigit() or name.removeprefix("_").isdigit()


_KERNELS = frozenset(
    [
        "__name__",
        "__doc__",
        "__package__",
        "__loader__",
        "__spec__",
        "__annotations__",
        "__builtins__",
        "__builtin__",
        "__file__",
        "get_ipython",
        "exit",
        "quit",
        "debugpy",
    ]
)


def _is_the_kernels(name: str) -> bool:
    return name in _KERNELS or _is_cache(name)


def _leave_kernel_alone() -> Request:
    """Return the request that takes the kernel's own frames from the debugger's sight.

    Filters by rules do not hold where an interrupt has ended a stop: the next call of the kernel would stop, with its locks held.
    """
    folders = [*_kernel_folders(), str(Path(sys.modules["debugpy"].__file__ or "").parent)]
    return {
        "type": "request",
        "seq": 0,
        "command": "setDebuggerProperty",
        "arguments": {
            "dontTraceStartPatterns": [f"{folder}/" for folder in folders],
            "dontTraceEndPatterns": [],
        },
    }


def _kernel_folders() -> list[str]:
    import nuncius.kernel
    import nuncius.protocol

    packages: list[Any] = [nuncius.kernel, nuncius.protocol]
    return [folder for package in packages for folder in package.__path__]


def _internal_paths() -> list[str]:
    """Return patterns of the files that a person does not want to step through.

    They are the kernel, and what it is made of: a step that leaves the cell must not stop where the kernel holds a lock.
    """
    import asyncio
    import sysconfig

    import zmq

    packages: list[Any] = [zmq, asyncio]
    folders = [folder for package in packages for folder in package.__path__] + _kernel_folders()
    standard = sysconfig.get_path("stdlib")
    files = {
        path
        for module in list(sys.modules.values())
        if isinstance(path := getattr(module, "__file__", None), str)
        and path.startswith(standard)
        and "site-packages" not in path
    }
    return [f"{folder}/**" for folder in folders] + sorted(files)


def _arguments(request: Request) -> Mapping[str, Any]:
    arguments = request.get("arguments")
    if not isinstance(arguments, Mapping):
        raise TypeError(f"expected arguments of {request.get('command')!r}, got {arguments!r:.80}")
    return arguments


def _success(request: Request, body: Mapping[str, Any] | None = None) -> Response:
    seq = request.get("seq", 0)
    return {
        "type": "response",
        "seq": seq,
        "request_seq": seq,
        "success": True,
        "command": request.get("command", ""),
        "body": dict(body or {}),
    }


def _failure(request: Request, message: str) -> Response:
    return _success(request) | {"success": False, "message": message}
