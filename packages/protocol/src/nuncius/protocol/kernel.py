"""The interface between a language and the protocol: what a kernel implements, and what it is given.

A `Kernel` runs code. It never sees sockets: it gets each request as a small typed value with a `KernelIO` through which everything that the request causes goes out, and returns the content of the reply.
The same kernel object is served over ZeroMQ (`nuncius.protocol.serving.server`) and in-process (`nuncius.protocol.serving.host`).

Each method may be a plain function or a coroutine function. `execute` runs on the thread that owns the kernel (the process' main thread when it is served over ZeroMQ), one call at a time per subshell.

Kernels written for ipykernel's base class use `nuncius.protocol.wrapper.Kernel`, an adapter to this interface.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

from nuncius.protocol.errors import Malformed
from nuncius.protocol.messages import PROTOCOL_VERSION, Buffer, Message
from nuncius.protocol.values import Value, field

__all__ = [
    "CURRENT_IO",
    "INHERITED",
    "CompleteRequest",
    "ExecuteRequest",
    "HistoryRequest",
    "InspectRequest",
    "Kernel",
    "KernelIO",
    "KernelInfo",
    "Reply",
    "VariablesRequest",
    "error_reply",
]

#: The content of a reply: at least a ``status``.
Reply = Mapping[str, Any]


class KernelIO(Protocol):
    """Everything that a running request can say to the frontends.

    The object belongs to one request: what goes through it has that request as its parent, from whatever thread or task it is used, also after the reply. All methods may be called from any thread.
    """

    @property
    def request(self) -> Message:
        """The request that this belongs to."""
        ...

    def publish(
        self,
        msg_type: str,
        content: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        buffers: Sequence[Buffer] = (),
    ) -> None:
        """Send a message to all frontends (iopub), after any stream text that is still held back.

        Args:
            msg_type: Such as ``display_data``.
            content: Its body.
            metadata: What is said about it.
            buffers: Binary parts.
        """
        ...

    def stream(self, name: str, text: str) -> None:
        """Send text of ``stdout`` or ``stderr``.

        The first text after a quiet moment goes out at once; what follows quickly is joined, and sent within some tens of milliseconds.
        """
        ...

    def flush(self) -> None:
        """Send all stream text that is held back."""
        ...

    def input(self, prompt: str = "", *, password: bool = False, **metadata: Any) -> str:
        """Ask the frontend that sent the request for a line of text, and wait for it.

        Args:
            prompt: Shown to the person.
            password: Do not show what is typed.
            **metadata: Of the input_request message, for frontends that can do more (a debugger's prompt).

        Raises:
            StdinNotSupported: The request was sent with ``allow_stdin=False``.
            KeyboardInterrupt: The kernel was interrupted meanwhile.
        """
        ...


#: The `KernelIO` of the request that the present thread or task works for. Threads that are started by a cell inherit it (`nuncius.protocol.serving.streams` sees to that); None outside any request.
CURRENT_IO: ContextVar[KernelIO | None] = ContextVar("nuncius_io", default=None)

#: The variables whose values threads inherit; a kernel adds its own, with None as their default.
INHERITED: list[ContextVar[Any]] = [CURRENT_IO]


class KernelInfo(Value):
    """What a kernel says of itself: the content of ``kernel_info_reply``.

    Attributes:
        implementation: Name of the kernel.
        implementation_version: Its version.
        language_info: ``name``, ``version``, ``mimetype``, ``file_extension``, ``pygments_lexer``, ``codemirror_mode``, ``nbconvert_exporter``.
        banner: Shown by consoles at the start.
        help_links: Mappings of ``text`` and ``url``.
        supported_features: Such as ``debugger``; ``kernel subshells`` is added by the server when it provides them.
    """

    implementation: str
    implementation_version: str
    language_info: Mapping[str, Any]
    banner: str = ""
    help_links: Sequence[Mapping[str, str]] = ()
    supported_features: Sequence[str] = ()

    def reply(self) -> dict[str, Any]:
        """Return the content of the reply."""
        return {
            "status": "ok",
            "protocol_version": PROTOCOL_VERSION,
            "implementation": self.implementation,
            "implementation_version": self.implementation_version,
            "language_info": dict(self.language_info),
            "banner": self.banner,
            "help_links": list(self.help_links),
            "supported_features": list(self.supported_features),
            "debugger": "debugger" in self.supported_features,
        }


_MISSING: Any = object()


def _field(
    content: Mapping[str, Any], name: str, kind: type | tuple[type, ...], default: Any
) -> Any:
    value = content.get(name, default)
    if value is _MISSING:
        raise Malformed(f"the request has no {name!r}")
    if value is not default and not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(k.__name__ for k in kinds)
        raise Malformed(
            f"expected {name!r} to be {expected}, got {type(value).__name__}: {value!r:.80}"
        )
    return value


class ExecuteRequest(Value):
    """A cell to run.

    Attributes:
        code: The source.
        silent: Publish nothing, store nothing, count nothing.
        store_history: Keep it in the history and count it; never when silent.
        user_expressions: Name -> expression, evaluated after success.
        allow_stdin: The frontend can answer input requests.
        stop_on_error: On an error, abort the cells that are already queued.
        cell_id: Of the notebook cell, from the message's metadata.
        metadata: Of the message.
    """

    code: str
    silent: bool = False
    store_history: bool = True
    user_expressions: Mapping[str, str] = field(default_factory=dict)
    allow_stdin: bool = True
    stop_on_error: bool = True
    cell_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, message: Message) -> ExecuteRequest:
        """Return the request that ``message`` holds.

        Raises:
            Malformed: A field is missing or of another type.
        """
        content = message.content
        silent = bool(content.get("silent", False))
        cell_id = message.metadata.get("cellId")
        code = content.get("code")
        if code.__class__ is not str:
            code = _field(content, "code", str, _MISSING)
        expressions = content.get("user_expressions")
        if expressions.__class__ is not dict:
            expressions = _field(content, "user_expressions", Mapping, None)
        return cls(
            code,
            silent,
            bool(content.get("store_history", not silent)) and not silent,
            expressions or {},
            bool(content.get("allow_stdin", True)),
            bool(content.get("stop_on_error", True)),
            cell_id if isinstance(cell_id, str) else None,
            message.metadata,
        )


class CompleteRequest(Value):
    """Code to complete at a position.

    Attributes:
        code: The cell as it is.
        cursor_pos: Of the cursor, in Unicode code points; already limited to the code.
    """

    code: str
    cursor_pos: int

    @classmethod
    def parse(cls, message: Message) -> CompleteRequest:
        """Return the request that ``message`` holds; a missing position is the end.

        Raises:
            Malformed: A field is missing or of another type.
        """
        code, position = _code_and_position(message)
        return cls(code, position)


class InspectRequest(Value):
    """Code with an object of interest at a position.

    Attributes:
        code: The cell as it is.
        cursor_pos: Of the cursor, in Unicode code points; already limited to the code.
        detail_level: 0 for the documentation, 1 for the source as well.
        omit_sections: Sections that the frontend does not want.
    """

    code: str
    cursor_pos: int
    detail_level: int = 0
    omit_sections: tuple[str, ...] = ()

    @classmethod
    def parse(cls, message: Message) -> InspectRequest:
        """Return the request that ``message`` holds; a missing position is the end.

        Raises:
            Malformed: A field is missing or of another type.
        """
        code, position = _code_and_position(message)
        content = message.content
        return cls(
            code,
            position,
            _field(content, "detail_level", int, None) or 0,
            tuple(_field(content, "omit_sections", (list, tuple), None) or ()),
        )


def _code_and_position(message: Message) -> tuple[str, int]:
    code: str = _field(message.content, "code", str, _MISSING)
    position: int | None = _field(message.content, "cursor_pos", int, None)
    if position is None or position > len(code):
        return code, len(code)
    return code, max(0, position)


class HistoryRequest(Value):
    """Which part of the history is wanted.

    Attributes:
        access: ``tail``, ``range`` or ``search``.
        raw: The source as typed rather than as run.
        output: With the outputs.
        session: For ``range``: absolute, or negative to count back from this one.
        start: For ``range``: the first line.
        stop: For ``range``: the line after the last, None for all.
        n: For ``tail`` and ``search``: at most so many.
        pattern: For ``search``: a glob.
        unique: For ``search``: each source once.
    """

    access: str
    raw: bool = True
    output: bool = False
    session: int = 0
    start: int = 1
    stop: int | None = None
    n: int | None = None
    pattern: str = "*"
    unique: bool = False

    @classmethod
    def parse(cls, message: Message) -> HistoryRequest:
        """Return the request that ``message`` holds.

        Raises:
            Malformed: A field is missing or of another type.
        """
        content = message.content
        access = _field(content, "hist_access_type", str, _MISSING)
        if access not in {"tail", "range", "search"}:
            raise Malformed(f"hist_access_type is {access!r}; expected 'tail', 'range' or 'search'")
        return cls(
            access,
            bool(content.get("raw", True)),
            bool(content.get("output", False)),
            _field(content, "session", int, None) or 0,
            _field(content, "start", int, 1),
            _field(content, "stop", int, None),
            _field(content, "n", int, None),
            _field(content, "pattern", str, None) or "*",
            bool(content.get("unique", False)),
        )


class VariablesRequest(Value):
    """Which variables are wanted, or what in one of them.

    Attributes:
        path: The name of a variable, and positions of parts in it; empty for the variables themselves.
        offset: The first.
        limit: How many.
    """

    path: tuple[str | int, ...] = ()
    offset: int = 0
    limit: int = 100

    @classmethod
    def parse(cls, message: Message) -> VariablesRequest:
        """Return the request that ``message`` holds.

        Raises:
            Malformed: A field is of another type.
        """
        content = message.content
        path = tuple(_field(content, "path", (list, tuple), None) or ())
        if not all(isinstance(step, (str, int)) for step in path):
            raise Malformed(f"expected 'path' to be a name and positions, got {path!r:.80}")
        return cls(
            path,
            _field(content, "offset", int, 0),
            _field(content, "limit", int, 100),
        )


def error_reply(error: BaseException, traceback: Sequence[str] = ()) -> dict[str, Any]:
    """Return the content of a reply that says that the request failed.

    Args:
        error: What happened.
        traceback: Lines to show; by default one line with the error.
    """
    ename = type(error).__name__
    return {
        "status": "error",
        "ename": ename,
        "evalue": str(error),
        "traceback": list(traceback) or [f"{ename}: {error}"],
    }


class Kernel(ABC):
    """A language that can be interacted with.

    Only `execute` and `info` must be given. Every method may be a coroutine function as well. An exception that a method raises is sent as an error reply; it never ends the kernel.

    Attributes:
        info: What the kernel says of itself. It is asked for before the first cell, so it must be there at once.
        replay_bytes: So many bytes of output are kept for frontends that come later, see `nuncius.protocol.serving.replay`; 0 keeps none.
    """

    info: KernelInfo
    replay_bytes: int = 1 << 20

    @abstractmethod
    def execute(self, request: ExecuteRequest, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Run a cell, and return the content of ``execute_reply``.

        The kernel publishes ``execute_input``, results and errors itself, through ``io``; the server publishes the busy and idle states.

        Args:
            request: The cell.
            io: Where output goes, and where input comes from.

        Returns:
            ``status``, ``execution_count``, and ``payload`` and ``user_expressions`` or ``ename``, ``evalue`` and ``traceback``.
        """

    def complete(self, request: CompleteRequest, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Return completions: ``matches``, ``cursor_start``, ``cursor_end``, ``metadata``."""
        return {
            "status": "ok",
            "matches": [],
            "cursor_start": request.cursor_pos,
            "cursor_end": request.cursor_pos,
            "metadata": {},
        }

    def inspect(self, request: InspectRequest, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Return what is known of the object at the cursor: ``found``, ``data``, ``metadata``."""
        return {"status": "ok", "found": False, "data": {}, "metadata": {}}

    def is_complete(self, code: str, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Tell whether ``code`` can be run: status ``complete``, ``incomplete`` (with ``indent``), ``invalid`` or ``unknown``."""
        return {"status": "unknown"}

    def history(self, request: HistoryRequest, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Return ``history``: a list of (session, line, source) or (session, line, (source, output))."""
        return {"status": "ok", "history": []}

    def comm_info(self, target_name: str | None, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Return the open comms: ``comms``, comm id -> ``{"target_name": …}``, of one target or of all."""
        return {"status": "ok", "comms": {}}

    def comm_message(self, message: Message, io: KernelIO) -> Awaitable[None] | None:
        """Take a ``comm_open``, ``comm_msg`` or ``comm_close`` of a frontend.

        A kernel without comms closes what a frontend opens or believes to be open.
        """
        if message.msg_type != "comm_close":
            io.publish("comm_close", {"comm_id": message.content["comm_id"], "data": {}})
        return None

    def debug(self, request: Mapping[str, Any], io: KernelIO) -> Reply | Awaitable[Reply]:
        """Answer a request of the Debug Adapter Protocol; runs on the control thread."""
        return {
            "type": "response",
            "request_seq": request.get("seq", 0),
            "success": False,
            "command": request.get("command", ""),
            "message": "this kernel has no debugger",
        }

    def usage(self, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Answer ``usage_request``: memory and processor figures; runs on the control thread."""
        raise NotImplementedError("this kernel does not report its usage")

    def variables(self, request: VariablesRequest, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Answer ``variables_request``: ``variables``, ``offset``, ``total``; runs on the control thread while a cell runs. A kernel that can names ``variables`` among its features."""
        raise NotImplementedError("this kernel does not tell its variables")

    def handle(self, message: Message, io: KernelIO) -> Reply | Awaitable[Reply | None] | None:
        """Answer a message whose type the protocol does not know.

        Returns:
            The content of the reply (its type ends in ``_reply`` instead of ``_request``), or None for no reply.

        Raises:
            NotImplementedError: The kernel does not know it either: an error reply is sent.
        """
        raise NotImplementedError(f"this kernel does not know {message.msg_type!r}")

    def interrupt(self) -> None:
        """Stop what runs, besides the KeyboardInterrupt that the server raises in the main thread; called from the control thread."""

    def cancel_request(self, msg_id: str | None) -> bool:
        """End what a request has left running, which is answered already; called from the control thread.

        Args:
            msg_id: Of the request; None for all.

        Returns:
            Whether there was something.
        """
        return False

    def prepare(self) -> None:
        """Load what cells need, and what should not delay the first answer; called on the main thread before `start`. An interrupt does not reach it: run nothing of the person's own here."""

    def start(self, io: KernelIO) -> None:
        """Run what the person wants at the start; called on the main thread before the first cell, and interrupted as a cell is."""

    def shutdown(self, *, restart: bool) -> Awaitable[None] | None:
        """Free everything; called on the main thread, once, before the process ends or the host closes."""
