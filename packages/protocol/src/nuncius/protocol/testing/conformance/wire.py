"""Speak to a kernel over bare sockets: nothing here knows what a good kernel would do, and nothing is hidden from the tests.

`Wire` sends and receives; `Talk` waits for what belongs to a request. Neither uses the clients of this package, so that a fault in them cannot hide one in a kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

import zmq

from nuncius.protocol.errors import MessageError
from nuncius.protocol.messages import Buffer, Channel, Message
from nuncius.protocol.session import Session

if TYPE_CHECKING:
    from nuncius.protocol.connection import ConnectionInfo

__all__ = ["Answer", "Failure", "Talk", "Wire"]

_KINDS = {
    Channel.SHELL: zmq.DEALER,
    Channel.CONTROL: zmq.DEALER,
    Channel.STDIN: zmq.DEALER,
    Channel.IOPUB: zmq.SUB,
    Channel.HB: zmq.REQ,
}


class Failure(Exception):
    """A kernel does not do what it should."""


class Wire:
    """The five sockets of a kernel.

    Args:
        info: Where it listens.
        session: Signs what is sent; by default a new one.
        topic: What is subscribed to.
    """

    def __init__(
        self, info: ConnectionInfo, session: Session | None = None, topic: bytes = b""
    ) -> None:
        self.info = info
        self.session = session or Session(info.key, signature_scheme=info.signature_scheme)
        self.context: zmq.Context[Any] = zmq.Context()
        self.sockets: dict[Channel, zmq.Socket[bytes]] = {}
        try:
            for channel in _KINDS:
                self.sockets[channel] = self._connect(channel, topic)
        except BaseException:
            self.close()
            raise
        #: What could not be decoded, in words.
        self.refused: list[str] = []

    def _connect(self, channel: Channel, topic: bytes) -> zmq.Socket[bytes]:
        from nuncius.protocol.curve import apply_client

        socket: zmq.Socket[bytes] = self.context.socket(_KINDS[channel])
        socket.linger = 0
        socket.rcvhwm = socket.sndhwm = 0
        apply_client(socket, self.info)
        if channel is Channel.IOPUB:
            socket.subscribe(topic)
        elif channel is not Channel.HB:
            # Answers to input requests are routed to the identity of the shell socket.
            socket.identity = self.session.session_id.encode()
        socket.connect(self.info.url(channel))
        return socket

    def send(self, message: Message) -> None:
        """Send ``message`` on its channel."""
        self.send_frames(message.channel, self.session.encode(message))

    def send_frames(self, channel: Channel, frames: Sequence[Buffer]) -> None:
        """Send frames as they are, whatever they are."""
        self.sockets[channel].send_multipart(frames)

    def receive(self, timeout: float) -> list[Message]:
        """Return what arrives within ``timeout`` seconds: as soon as there is anything, all of it."""
        poller = zmq.Poller()
        channels = {self.sockets[c]: c for c in Channel if c is not Channel.HB}
        for socket in channels:
            poller.register(socket, zmq.POLLIN)
        ready = poller.poll(max(0, int(timeout * 1000)))
        messages = []
        for socket, channel in channels.items():
            if not any(socket is each for each, _ in ready):
                continue
            while frames := self._next(socket):
                try:
                    messages.append(self.session.decode(frames, channel))
                except MessageError as error:
                    self.refused.append(f"on {channel}: {error}")
        return messages

    @staticmethod
    def _next(socket: zmq.Socket[bytes]) -> list[bytes]:
        try:
            return socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return []

    def beat(self, timeout: float, data: bytes = b"\0ping") -> bool:
        """Tell whether the heartbeat echoes ``data``."""
        heart = self.sockets[Channel.HB]
        heart.send(data)
        if heart.poll(int(timeout * 1000)):
            return heart.recv() == data
        # A REQ socket that waits for an answer can only be replaced.
        heart.close()
        self.sockets[Channel.HB] = self._connect(Channel.HB, b"")
        return False

    def close(self) -> None:
        """Close all sockets."""
        self.context.destroy(0)


@dataclass(slots=True)
class Answer:
    """All that a kernel said because of one request.

    Attributes:
        request: The request.
        reply: Its reply, None while there is none.
        published: What came on iopub with the request as parent, in order.
        asked: The input requests.
    """

    request: Message
    reply: Message | None = None
    published: list[Message] = field(default_factory=list)
    asked: list[Message] = field(default_factory=list)

    @property
    def content(self) -> Mapping[str, Any]:
        """The content of the reply, nothing while there is none."""
        return {} if self.reply is None else self.reply.content

    @property
    def status(self) -> str:
        """The status of the reply."""
        return str(self.content.get("status", "missing"))

    @property
    def states(self) -> list[str]:
        """The states that were published."""
        return [m.content.get("execution_state", "") for m in self.of("status")]

    @property
    def is_idle(self) -> bool:
        """Tell whether the kernel said that it is idle again."""
        return "idle" in self.states

    def of(self, msg_type: str) -> list[Message]:
        """Return what was published of one type."""
        return [message for message in self.published if message.msg_type == msg_type]

    @property
    def types(self) -> list[str]:
        """The types of what was published, states as ``busy`` and ``idle``, runs of streams as one."""
        types: list[str] = []
        for message in self.published:
            name = message.msg_type
            if name == "status":
                name = str(message.content.get("execution_state"))
            if not (name == "stream" and types[-1:] == ["stream"]):
                types.append(name)
        return types

    def text(self, name: str = "stdout") -> str:
        """Return the text of a stream."""
        return "".join(
            m.content.get("text", "") for m in self.of("stream") if m.content.get("name") == name
        )


class Talk:
    """Requests and what comes of them.

    Args:
        wire: The way to the kernel.
        patience: Seconds to wait for anything.
    """

    def __init__(self, wire: Wire, patience: float = 10.0) -> None:
        self.wire = wire
        self.patience = patience
        self.answers: dict[str, Answer] = {}
        #: What belongs to no request of this talk.
        self.others: list[Message] = []

    def send(
        self,
        msg_type: str,
        content: Mapping[str, Any] | None = None,
        channel: Channel = Channel.SHELL,
        subshell_id: str | None = None,
    ) -> Answer:
        """Send a request; what comes of it is put into the answer as it is received."""
        request = self.wire.session.message(
            channel, msg_type, content or {}, subshell_id=subshell_id
        )
        answer = self.answers[request.msg_id] = Answer(request)
        self.wire.send(request)
        return answer

    def ask(
        self,
        msg_type: str,
        content: Mapping[str, Any] | None = None,
        channel: Channel = Channel.SHELL,
        subshell_id: str | None = None,
    ) -> Answer:
        """Send a request and wait for its reply and its idle state."""
        return self.finish(self.send(msg_type, content, channel, subshell_id))

    def execute(self, code: str, **options: Any) -> Answer:
        """Run code to its end; no input is given."""
        return self.finish(self.start(code, **options))

    def start(self, code: str, subshell_id: str | None = None, **options: Any) -> Answer:
        """Send code and do not wait."""
        content = {"code": code, "allow_stdin": False, **options}
        return self.send("execute_request", content, subshell_id=subshell_id)

    def finish(self, answer: Answer, patience: float | None = None) -> Answer:
        """Wait for the reply and the idle state of ``answer``."""
        name = answer.request.msg_type
        self.until(lambda: answer.reply is not None, f"the reply to {name}", patience)
        self.until(lambda: answer.is_idle, f"status idle after {name}", patience)
        return answer

    def until(self, done: Callable[[], bool], what: str, patience: float | None = None) -> None:
        """Receive until ``done``.

        Raises:
            Failure: It takes too long.
        """
        patience = self.patience if patience is None else patience
        end = monotonic() + patience
        while not done():
            if (left := end - monotonic()) <= 0:
                raise Failure(f"{what} did not come within {patience:g} s")
            self.receive(left)

    def receive(self, timeout: float) -> None:
        """Take what arrives within ``timeout`` seconds, see `Wire.receive`."""
        for message in self.wire.receive(timeout):
            answer = self.answers.get(message.parent_id or "")
            if answer is None:
                self.others.append(message)
            elif message.channel is Channel.IOPUB:
                answer.published.append(message)
            elif message.channel is Channel.STDIN:
                answer.asked.append(message)
            elif answer.reply is None:
                answer.reply = message
            else:
                raise Failure(f"{answer.request.msg_type} got two replies")

    def settle(self) -> None:
        """Wait until everything that was sent before has been handled."""
        self.ask("kernel_info_request")

    def wait_until_ready(self, patience: float) -> None:
        """Wait until the kernel answers and its iopub reaches us."""
        end = monotonic() + patience
        answer = self.send("kernel_info_request")
        while not answer.is_idle:
            if monotonic() > end:
                raise Failure(f"the kernel was not ready within {patience:g} s")
            self.receive(0.3)
            if answer.reply is not None and not answer.is_idle:
                answer = self.send("kernel_info_request")
        self.finish(answer)
        self.others.clear()
