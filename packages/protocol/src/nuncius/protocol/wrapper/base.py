"""Be the base class of wrapper kernels: attributes, ``do_*`` methods and what they call, as in ``ipykernel.kernelbase``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from traitlets import Any as AnyTrait
from traitlets import Integer, List, Unicode, default
from traitlets.config.configurable import SingletonConfigurable

from nuncius.protocol.errors import StdinNotSupported
from nuncius.protocol.kernel import CURRENT_IO, KernelIO
from nuncius.protocol.messages import Channel
from nuncius.protocol.session import new_id
from nuncius.protocol.wrapper.face import SessionFace, Way

__all__ = ["Handler", "Kernel"]

#: Handles a message as ipykernel's handlers do: it sends its reply itself.
Handler = Callable[[Any, Any, dict[str, Any]], Any]


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
