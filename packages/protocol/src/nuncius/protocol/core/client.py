"""The client's side of the protocol, without I/O: which message belongs to which request, and when a request is finished.

A request is finished when its *reply* (shell or control) and its *idle* status (iopub) have both arrived. They travel on different sockets, so either may come first, and output may follow the reply.

Rule 1: only this class decides that a request is finished.
Rule 2: a message whose parent is not open is an `Orphan`, not an error: it belongs to another client, or to a background thread of a cell that has finished.
Rule 3: when the kernel dies or restarts, `abandon` ends every open request: nothing waits for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nuncius.protocol.core.dispatch import reply_type
from nuncius.protocol.messages import Buffer, Channel, Message, MessageFactory
from nuncius.protocol.values import Value

__all__ = [
    "Abandoned",
    "ClientCore",
    "Event",
    "Finished",
    "InputAsked",
    "Orphan",
    "Output",
    "Replied",
    "StatusChanged",
]


#: To look a member up in its class costs ten times as much, and this runs for every message.
_IOPUB = Channel.IOPUB


class Replied(Value):
    """The reply to an open request arrived; its idle status may still be to come."""

    request: Message
    message: Message


class Output(Value):
    """An open request published something: any iopub message but a status."""

    request: Message
    message: Message


class InputAsked(Value):
    """An open request asks for input; answer with `ClientCore.input_reply`."""

    request: Message
    message: Message


class StatusChanged(Value):
    """The kernel's state changed: ``starting``, ``busy``, ``idle``, ``restarting``, ``dead``, whoever caused it."""

    state: str
    message: Message


class Finished(Value):
    """An open request is finished: this is its last event.

    Attributes:
        request: The request.
        reply: Its reply; None for messages that get none.
    """

    request: Message
    reply: Message | None


class Abandoned(Value):
    """An open request will never be finished: this is its last event."""

    request: Message
    reason: str


class Orphan(Value):
    """A message that belongs to no open request of ours."""

    message: Message


Event = Replied | Output | InputAsked | StatusChanged | Finished | Abandoned | Orphan


class _Open:
    """What an open request still waits for."""

    __slots__ = ("reply", "request", "waits_for_idle", "waits_for_reply")

    def __init__(self, request: Message, *, waits_for_reply: bool, waits_for_idle: bool) -> None:
        self.request = request
        self.reply: Message | None = None
        self.waits_for_reply = waits_for_reply
        self.waits_for_idle = waits_for_idle


class ClientCore:
    """Match incoming messages to the requests we sent.

    Args:
        new: Makes messages.

    Attributes:
        open: The open requests, oldest first, by msg_id. This is the whole state.
        state: The last state that the kernel published, ``unknown`` before.
    """

    __slots__ = ("new", "open", "state")

    def __init__(self, new: MessageFactory) -> None:
        self.new = new
        self.open: dict[str, _Open] = {}
        self.state = "unknown"

    def request(
        self,
        msg_type: str,
        content: Mapping[str, Any] | None = None,
        *,
        channel: Channel = Channel.SHELL,
        metadata: Mapping[str, Any] | None = None,
        buffers: tuple[Buffer, ...] = (),
        subshell_id: str | None = None,
        expect_idle: bool = True,
    ) -> Message:
        """Make a request and register it.

        After calling this method you must send the message, or call `forget`.

        Args:
            msg_type: Such as ``execute_request``; messages that get no reply (comm messages) are finished by their idle status.
            content: Its body.
            channel: Shell or control.
            metadata: What is said about it.
            buffers: Binary parts.
            subshell_id: The subshell that is to run it.
            expect_idle: Wait for the idle status as well: not when iopub is not connected.

        Returns:
            The message to send.
        """
        message = self.new(
            channel,
            msg_type,
            content or {},
            metadata=metadata or {},
            buffers=buffers,
            subshell_id=subshell_id,
        )
        replies = reply_type(msg_type) is not None
        if replies or expect_idle:
            self.open[message.msg_id] = _Open(
                message, waits_for_reply=replies, waits_for_idle=expect_idle
            )
        return message

    def forget(self, msg_id: str) -> None:
        """Wait for this request no longer; what still comes for it is an `Orphan`."""
        self.open.pop(msg_id, None)

    def input_reply(self, asked: Message, value: str) -> Message:
        """Return the message that answers ``asked`` with ``value``; send it."""
        return self.new(Channel.STDIN, "input_reply", {"value": value}, parent=asked.header)

    def receive(self, message: Message) -> list[Event]:
        """Return the events that ``message`` causes; handle them in order."""
        parent = message.parent
        waiting = None if parent is None else self.open.get(parent.msg_id)
        channel = message.channel
        if channel is _IOPUB:
            if message.header.msg_type == "status":
                return self._receive_status(message, waiting)
            return [Orphan(message) if waiting is None else Output(waiting.request, message)]
        if waiting is None:
            return [Orphan(message)]
        if channel is Channel.STDIN:
            return [InputAsked(waiting.request, message)]
        if not waiting.waits_for_reply:
            return [Orphan(message)]
        waiting.reply = message
        waiting.waits_for_reply = False
        events: list[Event] = [Replied(waiting.request, message)]
        if not waiting.waits_for_idle:
            events.append(self._finish(waiting))
        return events

    def abandon(self, reason: str) -> list[Event]:
        """End every open request, because the kernel died or was restarted.

        Args:
            reason: What happened, in words.
        """
        events: list[Event] = [Abandoned(waiting.request, reason) for waiting in self.open.values()]
        self.open.clear()
        return events

    def _receive_status(self, message: Message, waiting: _Open | None) -> list[Event]:
        events: list[Event] = []
        state = message.content.get("execution_state")
        if isinstance(state, str):
            self.state = state
            events.append(StatusChanged(state, message))
        if waiting is not None and state == "idle":
            waiting.waits_for_idle = False
            if not waiting.waits_for_reply:
                events.append(self._finish(waiting))
        return events

    def _finish(self, waiting: _Open) -> Finished:
        del self.open[waiting.request.header.msg_id]
        return Finished(waiting.request, waiting.reply)
