"""The `nuncius.protocol.kernel.KernelIO` of one request, for servers and in-process hosts alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nuncius.protocol.errors import StdinNotSupported
from nuncius.protocol.messages import Buffer, Channel, Header, Message

if TYPE_CHECKING:
    from nuncius.protocol.serving.outlet import Outlet

__all__ = ["Ask", "RequestIO"]

#: Sends an input_request for a request, and returns what was answered.
Ask = Callable[[Message, Mapping[str, Any], Mapping[str, Any]], str]


class RequestIO:
    """What a request can say to the frontends.

    Args:
        request: The request.
        outlet: Where output goes.
        ask: Asks for input.
        send: Sends a message that is made already, on any channel: for kernels that answer by themselves.
    """

    __slots__ = ("_ask", "outlet", "reply_metadata", "request", "send")

    def __init__(
        self, request: Message, outlet: Outlet, ask: Ask, send: Callable[[Message], None]
    ) -> None:
        self.request = request
        self.outlet = outlet
        self._ask = ask
        self.send = send
        #: Of the reply; a kernel may set it before it returns.
        self.reply_metadata: Mapping[str, Any] | None = None

    def with_parent(self, header: Header) -> RequestIO:
        """Return one whose messages have another header as their parent."""
        request = self.request
        other = Message(
            request.channel,
            header,
            request.parent,
            request.content,
            request.metadata,
            request.buffers,
            request.route,
        )
        return RequestIO(other, self.outlet, self._ask, self.send)

    def __repr__(self) -> str:
        return f"<RequestIO of {self.request.msg_type} {self.request.msg_id}>"

    @property
    def encodes(self) -> bool:
        """Whether what is published becomes JSON at once: then large bytes in a mime bundle may stay bytes, and are written as base64 without further copies."""
        return self.outlet.encodes

    def publish(
        self,
        msg_type: str,
        content: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        buffers: Sequence[Buffer] = (),
    ) -> None:
        """Send a message to all frontends, after any stream text that is still held back."""
        self.outlet.publish(
            msg_type,
            content,
            parent=self.request.header,
            metadata=metadata,
            buffers=tuple(buffers),
        )

    def stream(self, name: str, text: str) -> None:
        """Send text of ``stdout`` or ``stderr``."""
        self.outlet.stream(self.request.header, name, text)

    def flush(self) -> None:
        """Send all stream text that is held back."""
        self.outlet.flush()

    def flush_hint(self) -> None:
        """Send the text that is held back, unless somebody asks for that all the time."""
        self.outlet.flush_hint()

    def published(self) -> list[Message]:
        """Return what was published last, for all requests and oldest first, as far as it is kept."""
        self.flush()
        with self.outlet.lock:
            return self.outlet.kept()

    def input(self, prompt: str = "", *, password: bool = False, **metadata: Any) -> str:
        """Ask the frontend that sent the request for a line of text, and wait for it.

        Raises:
            StdinNotSupported: The request was sent with ``allow_stdin=False``.
            EOFError: The person ended the input (Ctrl-D), which frontends send as U+0004.
            KeyboardInterrupt: The kernel was interrupted meanwhile.
        """
        request = self.request
        if request.channel is not Channel.SHELL or not request.content.get(
            "allow_stdin", request.msg_type == "execute_request"
        ):
            raise StdinNotSupported(
                "this frontend cannot answer input requests: the code was sent with allow_stdin=False"
            )
        self.flush()
        answer = self._ask(request, {"prompt": str(prompt), "password": password}, metadata)
        if answer == "\x04":
            raise EOFError
        return answer
