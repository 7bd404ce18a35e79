"""The base class for kernels that wrap another language, with the names that ipykernel's ``Kernel`` gave them.

A kernel written for ``ipykernel.kernelbase.Kernel`` runs after its import line is changed::

    from nuncius.protocol.wrapper import IPKernelApp, Kernel

    class MyKernel(Kernel):
        implementation = "my"
        implementation_version = "1.0"
        language_info = {"name": "my", "mimetype": "text/plain", "file_extension": ".my"}
        banner = "My language"

        def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=False):
            self.send_response(self.iopub_socket, "stream", {"name": "stdout", "text": code})
            return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}

    IPKernelApp.launch_instance(kernel_class=MyKernel)

Each ``do_*`` method may be a plain function or a coroutine function. Arguments that came later to that interface (``cell_id``, ``cell_meta``, ``omit_sections``) are passed only to methods that take them.

A new kernel is simpler with `nuncius.protocol.kernel.Kernel`, to which `Adapter` translates.
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from traitlets import Any as AnyTrait
from traitlets import Integer, List, Unicode, default
from traitlets.config.configurable import SingletonConfigurable

from nuncius.protocol import kernel as interface
from nuncius.protocol.errors import StdinNotSupported
from nuncius.protocol.kernel import CURRENT_IO, KernelInfo, KernelIO, Reply
from nuncius.protocol.messages import Channel, Header, Message
from nuncius.protocol.session import Session, new_id, parse_parent

__all__ = [
    "Adapter",
    "IPKernelApp",
    "Kernel",
    "KernelApp",
    "SessionFace",
    "Way",
    "launch_new_instance",
]

#: Handles a message as ipykernel's handlers do: it sends its reply itself.
Handler = Callable[[Any, Any, dict[str, Any]], Any]


class Way:
    """Stands for a socket: says on which channel `Kernel.send_response` sends."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def __repr__(self) -> str:
        return f"<Way {self.channel}>"

    @property
    def socket(self) -> Way:
        """Itself: a stream and its socket are the same here."""
        return self


class SessionFace:
    """What wrapper kernels use of jupyter_client's ``Session``.

    Args:
        session: Makes messages.
    """

    def __init__(self, session: Session | None = None) -> None:
        self._session = session or Session()

    def use(self, session: Session) -> None:
        """Be the face of another session: of the connection, which is there only after the kernel was made."""
        self._session = session

    @property
    def session(self) -> str:
        """The id of this session."""
        return self._session.session_id

    @property
    def username(self) -> str:
        """The user."""
        return self._session.username

    @property
    def key(self) -> bytes:
        """The secret that signs messages."""
        return self._session.key

    def msg(
        self,
        msg_type: str,
        content: Mapping[str, Any] | None = None,
        parent: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return a new message as a nested dictionary."""
        message = self._session.message(
            Channel.IOPUB, msg_type, content, parent=_header_of(parent), metadata=metadata
        ).to_dict()
        if header:
            message["header"].update(header)
        return message

    def send(
        self,
        stream: Any,
        msg_or_type: Mapping[str, Any] | str,
        content: Mapping[str, Any] | None = None,
        parent: Mapping[str, Any] | None = None,
        ident: Any = None,
        buffers: Sequence[Any] | None = None,
        track: bool = False,
        header: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Send a message on the channel that ``stream`` stands for; return it."""
        if isinstance(msg_or_type, str):
            message = self.msg(msg_or_type, content, parent, header, metadata)
        else:
            message = dict(msg_or_type)
        channel = getattr(stream, "channel", Channel.IOPUB)
        current: Any = CURRENT_IO.get()
        if current is None:
            return message
        if channel is Channel.IOPUB:
            _publish(current, message, buffers or message.get("buffers") or ())
        else:
            route = tuple(ident) if isinstance(ident, (list, tuple)) else (ident,) if ident else ()
            current.send(
                self._session.message(
                    channel,
                    message["header"]["msg_type"],
                    message["content"],
                    parent=_header_of(parent) or _header_of(message.get("parent_header")),
                    metadata=message.get("metadata") or {},
                    buffers=tuple(buffers or ()),
                    route=route,
                )
            )
        return message


class Kernel(SingletonConfigurable):
    """The base of wrapper kernels; see the module."""

    implementation: Any = "kernel"
    implementation_version: Any = "0"
    #: ``name``, ``mimetype``, ``file_extension``, ...
    language_info: Any = {}  # noqa: RUF012 - the name and kind that subclasses override
    banner: Any = ""
    protocol_version = "5.5"

    help_links: Any = List()
    ident: Any = Unicode()
    int_id: Any = Integer(-1)
    execution_count: Any = 0
    eventloop: Any = AnyTrait(None, allow_none=True)
    session: Any = AnyTrait(allow_none=True)
    profile_dir: Any = AnyTrait(None, allow_none=True)
    log: Any = AnyTrait()
    iopub_socket: Any = AnyTrait()
    stdin_socket: Any = AnyTrait()
    shell_stream: Any = AnyTrait()
    control_stream: Any = AnyTrait()
    iopub_thread: Any = AnyTrait(None, allow_none=True)
    control_thread: Any = AnyTrait(None, allow_none=True)
    user_module: Any = AnyTrait(None, allow_none=True)
    user_ns: Any = AnyTrait(None, allow_none=True)

    #: Message types that `shell_handlers` has from the beginning.
    msg_types: ClassVar[list[str]] = [
        "execute_request",
        "complete_request",
        "inspect_request",
        "history_request",
        "comm_info_request",
        "kernel_info_request",
        "connect_request",
        "shutdown_request",
        "is_complete_request",
        "interrupt_request",
    ]
    #: Besides those, of `control_handlers`.
    control_msg_types: ClassVar[list[str]] = [*msg_types, "debug_request", "usage_request"]

    @default("ident")
    def _default_ident(self) -> str:
        return new_id()

    @default("session")
    def _default_session(self) -> SessionFace:
        return SessionFace()

    @default("log")
    def _default_log(self) -> logging.Logger:
        parent_log = getattr(self.parent, "log", None)
        return (
            parent_log if parent_log is not None else logging.getLogger("nuncius.protocol.wrapper")
        )

    @default("iopub_socket")
    def _default_iopub(self) -> Way:
        return Way(Channel.IOPUB)

    @default("stdin_socket")
    def _default_stdin(self) -> Way:
        return Way(Channel.STDIN)

    @default("shell_stream")
    def _default_shell_stream(self) -> Way:
        return Way(Channel.SHELL)

    @default("control_stream")
    def _default_control_stream(self) -> Way:
        return Way(Channel.CONTROL)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        #: The request that runs, for code outside its thread.
        self._io: KernelIO | None = None
        self._allow_stdin = False
        #: Set by a kernel that handles a message type itself.
        self.shell_handlers: dict[str, Handler] = {}
        self.control_handlers: dict[str, Handler] = {}
        for names, handlers in (
            (self.msg_types, self.shell_handlers),
            (self.control_msg_types, self.control_handlers),
        ):
            for name in names:
                if (method := getattr(self, name, None)) is not None:
                    handlers[name] = method

    # -- what subclasses call

    @property
    def io_loop(self) -> Any:
        """The running asyncio loop."""
        import asyncio

        return asyncio.get_event_loop()

    @property
    def _current(self) -> KernelIO | None:
        return CURRENT_IO.get() or self._io

    @property
    def _parent_header(self) -> dict[str, Any]:
        return self.get_parent()

    @property
    def _parent_ident(self) -> list[bytes]:
        current = self._current
        return [] if current is None else list(current.request.route)

    def get_parent(self, channel: str | None = None) -> dict[str, Any]:
        """Return the request that runs, as a nested dictionary; empty outside any."""
        current = self._current
        return {} if current is None else current.request.to_dict()

    def set_parent(
        self, ident: Any, parent: Mapping[str, Any] | None, channel: str = "shell"
    ) -> None:
        """Called with each request before it is handled; a subclass may do more."""

    def send_response(
        self,
        stream: Any,
        msg_or_type: Mapping[str, Any] | str,
        content: Mapping[str, Any] | None = None,
        ident: Any = None,
        buffers: Sequence[Any] | None = None,
        track: bool = False,
        header: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        channel: str | None = None,
    ) -> dict[str, Any] | None:
        """Send a message that belongs to the request that runs.

        Args:
            stream: `iopub_socket`, in nearly all cases.
            msg_or_type: The type, or a message as `SessionFace.msg` returns it.
            content: Its body.
            ident: Whom to send it to, for `shell_stream`.
            buffers: Binary parts.
            track: Ignored.
            header: Fields to change in the header.
            metadata: What is said about it.
            channel: Ignored.

        Returns:
            The message.
        """
        current = self._current
        if current is None:
            return None
        way = getattr(stream, "channel", Channel.IOPUB)
        if way is not Channel.IOPUB or not isinstance(msg_or_type, str):
            answer: dict[str, Any] = self.session.send(
                stream, msg_or_type, content, self.get_parent(), ident, buffers, metadata=metadata
            )
            return answer
        body = dict(content or {})
        if msg_or_type == "stream" and not buffers and not metadata and "text" in body:
            current.stream(str(body.get("name", "stdout")), str(body["text"]))
        else:
            current.publish(
                msg_or_type, body, metadata=metadata or None, buffers=tuple(buffers or ())
            )
        return {"msg_type": msg_or_type, "content": body, "metadata": dict(metadata or {})}

    def raw_input(self, prompt: str = "") -> str:
        """Ask the frontend for a line of text.

        Raises:
            StdinNotSupported: The request was sent with ``allow_stdin=False``.
            EOFError: The person closed the input.
        """
        return self._ask(prompt, password=False)

    def getpass(self, prompt: str = "", stream: Any = None) -> str:
        """Ask the frontend for a password; see `raw_input`."""
        return self._ask(prompt, password=True)

    def _ask(self, prompt: str, *, password: bool) -> str:
        current = self._current
        if current is None or not self._allow_stdin:
            raise StdinNotSupported(
                "input was asked for, but this frontend does not support input requests"
            )
        value = current.input(str(prompt), password=password)
        if value == "\x04":
            raise EOFError
        return value

    def _topic(self, topic: str) -> bytes:
        return f"kernel.{self.ident}.{topic}".encode()

    # -- what subclasses override

    def start(self) -> None:
        """Do what should not delay the first answer."""

    def pre_handler_hook(self) -> Any:
        """Called before each request."""

    def post_handler_hook(self) -> Any:
        """Called after each request."""

    def init_metadata(self, parent: Mapping[str, Any]) -> dict[str, Any]:
        """Return the metadata that a reply begins with."""
        return {}

    def finish_metadata(
        self, parent: Mapping[str, Any], metadata: dict[str, Any], reply_content: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the metadata of a reply."""
        return metadata

    @property
    def kernel_info(self) -> dict[str, Any]:
        """The content of ``kernel_info_reply``, without its status."""
        return {
            "protocol_version": self.protocol_version,
            "implementation": self.implementation,
            "implementation_version": str(self.implementation_version),
            "language_info": self.language_info,
            "banner": self.banner,
            "help_links": self.help_links,
            "supported_features": [],
        }

    def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: Any = None,
        allow_stdin: bool = False,
        *,
        cell_meta: Any = None,
        cell_id: Any = None,
    ) -> Any:
        """Run a cell; return the content of the reply."""
        raise NotImplementedError(f"{type(self).__name__} has no do_execute")

    def do_complete(self, code: str, cursor_pos: int) -> Any:
        """Return completions."""
        return {
            "status": "ok",
            "matches": [],
            "cursor_start": cursor_pos,
            "cursor_end": cursor_pos,
            "metadata": {},
        }

    def do_inspect(
        self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: Any = ()
    ) -> Any:
        """Return what is known of the object at the cursor."""
        return {"status": "ok", "found": False, "data": {}, "metadata": {}}

    def do_history(
        self,
        hist_access_type: str,
        output: bool,
        raw: bool,
        session: Any = None,
        start: Any = None,
        stop: Any = None,
        n: Any = None,
        pattern: Any = None,
        unique: bool = False,
    ) -> Any:
        """Return a part of the history."""
        return {"status": "ok", "history": []}

    def do_is_complete(self, code: str) -> Any:
        """Tell whether ``code`` can be run."""
        return {"status": "unknown"}

    def do_shutdown(self, restart: bool) -> Any:
        """Free everything before the process ends."""
        return {"status": "ok", "restart": restart}

    def do_debug_request(self, msg: Any) -> Any:
        """Answer a request of the debugger's frontend."""
        raise NotImplementedError("this kernel has no debugger")


class _Info(KernelInfo):
    """A `KernelInfo` whose reply is what the wrapped kernel says."""

    __slots__ = ("_kernel",)

    def __init__(self, kernel: Kernel) -> None:
        super().__init__("kernel", "0", {})
        object.__setattr__(self, "_kernel", kernel)

    def reply(self) -> dict[str, Any]:
        kernel: Kernel = self._kernel  # type: ignore[attr-defined]
        reply = {"status": "ok", **kernel.kernel_info}
        reply["supported_features"] = list(reply.get("supported_features") or [])
        reply["help_links"] = list(reply.get("help_links") or [])
        reply["language_info"] = dict(reply.get("language_info") or {})
        return reply


class Adapter(interface.Kernel):
    """Face a wrapper kernel as a `nuncius.protocol.kernel.Kernel`.

    Args:
        kernel: The wrapper kernel.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.wrapped = kernel
        self.info = _Info(kernel)

    def use_session(self, session: Session) -> None:
        """Have the wrapped kernel's session be that of the connection; the server calls this."""
        face = self.wrapped.session
        if isinstance(face, SessionFace):
            face.use(session)

    def prepare(self) -> None:
        """Start the wrapped kernel."""
        self.wrapped.start()

    def execute(self, request: interface.ExecuteRequest, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Run a cell."""
        kernel = self.wrapped
        self._enter(io)
        kernel._allow_stdin = request.allow_stdin  # noqa: SLF001 - the name that kernels know
        if not request.silent:
            kernel.execution_count += 1
            io.publish(
                "execute_input", {"code": request.code, "execution_count": kernel.execution_count}
            )
        arguments: dict[str, Any] = {
            "code": request.code,
            "silent": request.silent,
            "store_history": request.store_history,
            "user_expressions": dict(request.user_expressions),
            "allow_stdin": request.allow_stdin,
        }
        later = {"cell_meta": dict(request.metadata), "cell_id": request.cell_id}
        arguments |= _accepted(kernel.do_execute, later)
        metadata = kernel.init_metadata(io.request.to_dict())
        return self._leave(kernel.do_execute(**arguments), partial(self._executed, io, metadata))

    def complete(
        self, request: interface.CompleteRequest, io: KernelIO
    ) -> Reply | Awaitable[Reply]:
        """Return completions."""
        self._enter(io)
        return self._leave(self.wrapped.do_complete(request.code, request.cursor_pos))

    def inspect(self, request: interface.InspectRequest, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Return what is known of the object at the cursor."""
        self._enter(io)
        method = self.wrapped.do_inspect
        later = _accepted(method, {"omit_sections": request.omit_sections})
        return self._leave(method(request.code, request.cursor_pos, request.detail_level, **later))

    def is_complete(self, code: str, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Tell whether ``code`` can be run."""
        self._enter(io)
        return self._leave(self.wrapped.do_is_complete(code))

    def history(self, request: interface.HistoryRequest, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Return a part of the history."""
        self._enter(io)
        arguments: dict[str, Any] = dict(io.request.content)
        arguments.setdefault("output", request.output)
        arguments.setdefault("raw", request.raw)
        return self._leave(self.wrapped.do_history(**arguments))

    def comm_info(self, target_name: str | None, io: KernelIO) -> Reply | Awaitable[Reply]:
        """Return the open comms of the kernel's comm manager."""
        manager = getattr(self.wrapped, "comm_manager", None)
        comms = {} if manager is None else manager.comms
        return {
            "status": "ok",
            "comms": {
                comm_id: {"target_name": comm.target_name}
                for comm_id, comm in comms.items()
                if target_name is None or comm.target_name == target_name
            },
        }

    def comm_message(self, message: Message, io: KernelIO) -> Awaitable[None] | None:
        """Hand a message to the handler that the kernel has for it."""
        self._enter(io)
        manager = getattr(self.wrapped, "comm_manager", None)
        handler = self.wrapped.shell_handlers.get(message.msg_type) or getattr(
            manager, message.msg_type, None
        )
        return self._handled(handler, message)

    def handle(self, message: Message, io: KernelIO) -> Reply | Awaitable[Reply | None] | None:
        """Answer a message that only the wrapped kernel knows."""
        handlers = (
            self.wrapped.control_handlers
            if message.channel is Channel.CONTROL
            else self.wrapped.shell_handlers
        )
        handler = handlers.get(message.msg_type)
        if handler is None:
            return super().handle(message, io)
        self._enter(io)
        return self._handled(handler, message)

    def debug(self, request: Mapping[str, Any], io: KernelIO) -> Reply | Awaitable[Reply]:
        """Answer the debugger's frontend."""
        self._enter(io)
        return self._leave(self.wrapped.do_debug_request(request))

    def shutdown(self, *, restart: bool) -> Awaitable[None] | None:
        """Shut the wrapped kernel down."""
        outcome = self.wrapped.do_shutdown(restart)
        return _ignored(outcome) if inspect.isawaitable(outcome) else None

    def _handled(self, handler: Handler | None, message: Message) -> Awaitable[None] | None:
        if handler is None:
            return None
        kernel = self.wrapped
        outcome = handler(kernel.shell_stream, list(message.route), message.to_dict())
        return _ignored(outcome) if inspect.isawaitable(outcome) else None

    def _enter(self, io: KernelIO) -> None:
        kernel = self.wrapped
        kernel._io = io  # noqa: SLF001 - ours
        kernel.set_parent(list(io.request.route), io.request.to_dict())
        kernel.pre_handler_hook()

    def _leave(
        self, outcome: Any, finish: Callable[[Any], Reply] | None = None
    ) -> Reply | Awaitable[Reply]:
        if inspect.isawaitable(outcome):
            return self._leave_async(outcome, finish)
        self.wrapped.post_handler_hook()
        reply: Reply = finish(outcome) if finish else outcome
        return reply

    async def _leave_async(
        self, outcome: Awaitable[Any], finish: Callable[[Any], Reply] | None
    ) -> Reply:
        try:
            reply = await outcome
        finally:
            self.wrapped.post_handler_hook()
        return finish(reply) if finish else reply

    def _executed(self, io: KernelIO, metadata: dict[str, Any], outcome: Any) -> Reply:
        reply = self._with_count(outcome)
        finished = self.wrapped.finish_metadata(io.request.to_dict(), metadata, reply)
        # Hosts other than ours may have no place for it.
        if finished and hasattr(io, "reply_metadata"):
            io.reply_metadata = finished
        return reply

    def _with_count(self, reply: Any) -> Reply:
        content = dict(reply or {})
        content.setdefault("status", "ok")
        content.setdefault("execution_count", self.wrapped.execution_count)
        if content["status"] == "ok":
            content.setdefault("payload", [])
            content.setdefault("user_expressions", {})
        return content


#: Options that are followed by their value, and read by `nuncius.protocol.serving.app.serve`.
_VALUES = frozenset(
    {"-f", "--f", "--connection-file", "--IPKernelApp.connection_file", "--ip", "--IPKernelApp.ip"}
)

#: Options that say how much is logged.
_LEVELS = {"--debug": logging.DEBUG, "--quiet": logging.CRITICAL}

#: Options of ipykernel that mean nothing to a kernel of another language.
_IGNORED = frozenset(
    {
        "--matplotlib",
        "--pylab",
        "--no-stdout",
        "--no-stderr",
        "--no-secure",
        "--secure",
        "--automagic",
        "--no-automagic",
    }
)


class IPKernelApp(SingletonConfigurable):
    """The main program of a wrapper kernel, with the names that ipykernel gave it."""

    name = "nuncius-kernel"
    kernel_class: Any = AnyTrait(Kernel)
    connection_file: Any = Unicode()
    kernel: Any = AnyTrait(None, allow_none=True)
    log: Any = AnyTrait()
    extra_args: Any = List()

    @default("log")
    def _default_log(self) -> logging.Logger:
        log = logging.getLogger("nuncius.protocol.wrapper")
        if not log.handlers:
            # The process' own standard error, not the frontend's.
            log.addHandler(logging.StreamHandler(sys.__stderr__))
            log.propagate = False
        return log

    def initialize(self, argv: Sequence[str] | None = None) -> None:
        """Read the command line.

        Args:
            argv: Without the program's name; by default that of the process.
        """
        from nuncius.protocol.serving.app import connection_file_of

        self._argv = list(sys.argv[1:] if argv is None else argv)
        self.connection_file = connection_file_of(self._argv) or ""
        self.extra_args = []
        arguments = iter(self._argv)
        for argument in arguments:
            name, given, value = argument.partition("=")
            if name in _VALUES:
                if not given:
                    next(arguments, None)
            elif not argument.startswith("-"):
                self.extra_args.append(argument)
            elif name in _LEVELS:
                self.log.setLevel(_LEVELS[name])
            elif name not in _IGNORED:
                self._set_trait(argument, name.removeprefix("--"), value)

    def _set_trait(self, argument: str, name: str, value: str) -> None:
        """Take ``--Class.trait=value``; say what is not known."""
        from traitlets.config.loader import Config, DeferredConfigString

        class_name, _, trait = name.rpartition(".")
        for owner in (type(self), self.kernel_class):
            names = {c.__name__ for c in owner.__mro__}
            if class_name in names and trait in owner.class_traits(config=True):
                section = {trait: DeferredConfigString(value)}
                self.update_config(Config({class_name: section}))
                return
        self.log.warning("the option %s is not known to this kernel; it is ignored", argument)

    def start(self) -> None:
        """Serve the kernel until it is shut down."""
        from nuncius.protocol.serving.app import serve

        code = serve(self._make_kernel, self._argv)
        if code:
            raise SystemExit(code)

    def _make_kernel(self) -> Adapter:
        self.kernel = self.kernel_class.instance(parent=self, session=SessionFace())
        return Adapter(self.kernel)

    @classmethod
    def launch_instance(cls, argv: Sequence[str] | None = None, **kwargs: Any) -> None:
        """Make the program, and run it.

        Args:
            argv: The command line without the program's name.
            **kwargs: ``kernel_class``, mainly.
        """
        app = cls.instance(**kwargs)
        app.initialize(argv)
        app.start()

    launch_new_instance = launch_instance


KernelApp = IPKernelApp


def launch_new_instance(argv: Sequence[str] | None = None, **kwargs: Any) -> None:
    """Make the main program of a kernel, and run it: see `IPKernelApp.launch_instance`."""
    IPKernelApp.launch_instance(argv, **kwargs)


def _accepted(method: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of ``arguments`` that ``method`` takes by name."""
    parameters = inspect.signature(method).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return dict(arguments)
    return {
        name: value
        for name, value in arguments.items()
        if name in parameters
        and parameters[name].kind
        in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    }


async def _ignored(outcome: Awaitable[Any]) -> None:
    await outcome


def _header_of(parent: Mapping[str, Any] | None) -> Header | None:
    if not parent:
        return None
    return parse_parent(dict(parent.get("header", parent)))


def _publish(io: KernelIO, message: Mapping[str, Any], buffers: Sequence[Any]) -> None:
    io.publish(
        message["header"]["msg_type"],
        message["content"],
        metadata=message.get("metadata"),
        buffers=tuple(buffers),
    )
