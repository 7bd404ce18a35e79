"""Ask the frontend that sent a request for a line of text, over the stdin socket.

Rule 1: an answer counts only if it comes from the frontend that was asked, and belongs to this question where it says so. Answers to older questions (the cell was interrupted) are dropped.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import zmq

from nuncius.protocol.errors import MessageError
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.serving.interrupts import Interrupts, ShieldedLock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nuncius.protocol.serving.notes import Notes
    from nuncius.protocol.session import Session

__all__ = ["Stdin"]

#: Milliseconds between looks at whether a thread's wait was interrupted; the main thread's is ended by the signal itself.
_LOOK_MS = 100


class Stdin:
    """The stdin socket.

    Args:
        socket: Bound.
        session: Makes and checks messages.
        notes: Where rejected messages are reported.
        interrupts: Those of the main thread.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        session: Session,
        notes: Notes,
        interrupts: Interrupts,
    ) -> None:
        self._socket = socket
        self._session = session
        self._notes = notes
        self._interrupts = interrupts
        #: A message is read or written as a whole, or not at all.
        self._whole = ShieldedLock(interrupts)
        #: One question at a time.
        self._lock = threading.Lock()
        self.closed = False

    def ask(self, request: Message, content: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
        """Ask, and return the answer.

        Raises:
            KeyboardInterrupt: The kernel was interrupted, or is shut down.
        """
        before = self._interrupts.count
        with self._lock:
            while self._receive() is not None:
                continue  # what nobody asked for any more
            question = self._session.message(
                Channel.STDIN,
                "input_request",
                content,
                parent=request.header,
                metadata=metadata,
                route=request.route,
            )
            with self._whole:
                self._socket.send_multipart(self._session.encode(question))
            return self._wait(question, before)

    def _wait(self, question: Message, before: int) -> str:
        while True:
            if self.closed or self._interrupts.count != before:
                raise KeyboardInterrupt
            if not self._socket.poll(_LOOK_MS):
                continue
            answer = self._receive()
            if answer is None or answer.msg_type != "input_reply":
                continue
            if answer.route != question.route:
                continue
            # jupyter_client sends no parent.
            if answer.parent_id not in (None, "", question.msg_id):
                continue
            value = answer.content.get("value", "")
            return value if isinstance(value, str) else str(value)

    def _receive(self) -> Message | None:
        while True:
            try:
                with self._whole:
                    frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return None
            try:
                return self._session.decode(frames, Channel.STDIN)
            except MessageError as error:
                self._notes.say("stdin", f"dropped a message on stdin: {error}")

    def close(self) -> None:
        """Close the socket; called when nobody waits."""
        self.closed = True
        self._socket.close()
