"""The kernel's side of the protocol, without I/O: in which order requests run, and what is said around them.

A `Dispatcher` is one *lane* of requests that run one after another: the main shell, a subshell, or the control channel. Its shell (a ZeroMQ server or an in-process host) hands it each message that arrived, carries out the effects
it returns in their order, and tells it when a request has finished.

Rule 1: every request is answered, and its answer stands between its busy and its idle state. Only this class makes those.
Rule 2: one request of a lane runs at a time; what arrives meanwhile waits in order.
Rule 3: when a cell fails and asked for ``stop_on_error``, the execute requests that had arrived before `finished` was called are answered as aborted. Other requests are not. A server drains its socket first.
Rule 4: an execute request that somebody has asked to drop (`Dispatcher.drop`) is answered as aborted when its turn comes.
Rule 5: a message that is no request (comm messages) has busy and idle states, but no reply.

Source: "Messaging in Jupyter", sections "Request-Reply", "Kernel Status" and "Execution errors"; JEP 91 for subshells.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from nuncius.protocol.messages import Channel, Header, Message, MessageFactory
from nuncius.protocol.values import Value

__all__ = ["Dispatcher", "Effect", "Run", "Send", "reply_type"]


#: To look a member up in its class costs ten times as much, and this runs for every message.
_IOPUB = Channel.IOPUB


#: So many ids of requests that are to be dropped are kept.
_MOST_DROPPED: Final = 1000


class Send(Value):
    """Send this message."""

    message: Message


class Run(Value):
    """Let the kernel handle this request, then call `Dispatcher.finished`."""

    request: Message


Effect = Send | Run


def reply_type(msg_type: str) -> str | None:
    """Return the type of the reply to ``msg_type``, None if it gets none."""
    known = _REPLIES.get(msg_type)
    if known is not None:
        return known
    return msg_type.removesuffix("_request") + "_reply" if msg_type.endswith("_request") else None


#: Of those that every cell and every keystroke causes.
_REPLIES: Final = {
    f"{name}_request": f"{name}_reply"
    for name in ("execute", "complete", "inspect", "is_complete", "kernel_info", "history")
}


class Dispatcher:
    """Order the requests of one lane.

    Args:
        new: Makes messages.
        topic: The first part of iopub topics, such as ``kernel.1234``.
    """

    def __init__(self, new: MessageFactory, topic: str = "kernel") -> None:
        self._new = new
        self._status_topic = (f"{topic}.status".encode(),)
        #: The request that runs, None when the lane is idle. This and the queue are the whole state.
        self.running: Message | None = None
        #: What arrived meanwhile, oldest first.
        self.queue: deque[Message] = deque()
        #: The ids of execute requests that are not to run, wherever they wait. The oldest are forgotten: they may have run long ago.
        self._dropped: dict[str, None] = {}

    def __repr__(self) -> str:
        running = self.running.msg_type if self.running else "idle"
        return f"<Dispatcher {running}, {len(self.queue)} waiting>"

    def receive(self, message: Message) -> list[Effect]:
        """Take a message that arrived.

        Returns:
            What to do now, in order; nothing if another request runs.
        """
        if self.running is not None:
            self.queue.append(message)
            return []
        return self._begin(message)

    def finished(
        self,
        reply: Mapping[str, Any] | None,
        *,
        metadata: Mapping[str, Any] | None = None,
        abort: bool = False,
    ) -> list[Effect]:
        """Take the outcome of the request that runs.

        Call this after all that the request published was sent, and, if ``abort``, after handing over every message that has arrived.

        Args:
            reply: The content of the reply; ignored for messages that get none.
            metadata: Of the reply.
            abort: Answer the waiting execute requests as aborted.

        Returns:
            What to do now, in order.

        Raises:
            RuntimeError: No request runs.
        """
        request = self.running
        if request is None:
            raise RuntimeError("Dispatcher.finished() was called, but no request runs")
        effects: list[Effect] = []
        if reply is not None and (answer := reply_type(request.header.msg_type)):
            effects.append(Send(self._reply(request, answer, reply, metadata)))
        effects.append(self._status(request.header, "idle"))
        self.running = None
        if abort and self.queue:
            effects += self._abort_queue()
        while self.queue and self.running is None:
            effects += self._begin(self.queue.popleft())
        return effects

    def drop(self, msg_id: str) -> bool:
        """Have an execute request not run, if it has not begun; from any thread.

        Returns:
            Whether it is the one that runs.
        """
        self._dropped[msg_id] = None
        for oldest in list(self._dropped)[:-_MOST_DROPPED]:
            self._dropped.pop(oldest, None)
        running = self.running
        return running is not None and running.msg_id == msg_id

    def is_dropped(self, msg_id: str) -> bool:
        """Tell whether somebody has asked to `drop` this request, and it was not answered as aborted."""
        return msg_id in self._dropped

    def starting(self) -> Send:
        """Return the status that a kernel publishes once, before anything else."""
        return self._status(None, "starting")

    def _begin(self, message: Message) -> list[Effect]:
        # before the look at the dropped ones: `drop` must find it in one place or the other
        self.running = message
        if self._dropped and message.msg_id in self._dropped:
            self._dropped.pop(message.msg_id, None)
            if message.msg_type == "execute_request":
                self.running = None
                return self._aborted(message)
        return [self._status(message.header, "busy"), Run(message)]

    def _aborted(self, message: Message) -> list[Effect]:
        """Return all that is said of an execute request that does not run."""
        return [
            self._status(message.header, "busy"),
            Send(self._reply(message, "execute_reply", {"status": "aborted"}, None)),
            self._status(message.header, "idle"),
        ]

    def _abort_queue(self) -> list[Effect]:
        effects: list[Effect] = []
        kept: deque[Message] = deque()
        for waiting in self.queue:
            if waiting.header.msg_type != "execute_request":
                kept.append(waiting)
                continue
            effects += self._aborted(waiting)
        self.queue = kept
        return effects

    def _reply(
        self,
        request: Message,
        msg_type: str,
        content: Mapping[str, Any],
        metadata: Mapping[str, Any] | None,
    ) -> Message:
        return self._new(
            request.channel,
            msg_type,
            content,
            parent=request.header,
            metadata=metadata or {},
            route=request.route,
        )

    def _status(self, parent: Header | None, state: str) -> Send:
        return Send(
            self._new(
                _IOPUB,
                "status",
                {"execution_state": state},
                parent=parent,
                route=self._status_topic,
            )
        )
