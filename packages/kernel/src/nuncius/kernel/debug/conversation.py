"""Keep the books of one conversation with a debug adapter, without I/O: which answer belongs to which request, which threads stand still.

Rule 1: our requests have numbers of their own; a frontend's numbers are put back into the answers.
Rule 2: a ``stopped`` event is held until we know which threads have stopped: a frontend that hears it asks for their frames at once.
Rule 3: when the connection ends, every request that waits is answered.
Rule 4: a ``continued`` event comes before the answer to the request that caused it: the adapter sends it at any time, and a frontend that hears it late forgets what it has learned since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Answered", "Ask", "Conversation", "Effect", "Told"]


@dataclass(frozen=True, slots=True)
class Ask:
    """Send this request to the adapter."""

    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """The request with this number has this answer."""

    number: int
    response: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """Tell the frontends of this event."""

    event: dict[str, Any]


Effect = Ask | Answered | Told

#: Requests after which what was stopped runs.
_RESUMING = frozenset({"continue", "next", "stepIn", "stepOut", "goto"})

#: Events that are the adapter's own affair, or about its launch.
_PRIVATE = frozenset({"debugpySockets", "debugpyWaitingForServer"})


class Conversation:
    """What has been said.

    Args:
        hidden: How the names of threads begin that are nobody's business.

    Attributes:
        stopped: The threads that stand still.
    """

    def __init__(self, hidden: tuple[str, ...] = ()) -> None:
        self._hidden = hidden
        self._number = 0
        #: Number -> the number and the command that the frontend knows the request by; what has no answer yet.
        self._open: dict[int, tuple[int, str]] = {}
        #: Number of a ``threads`` request of ours -> the event that waits for its answer.
        self._held: dict[int, dict[str, Any]] = {}
        #: Number of a request after which what is stopped now will run -> the thread that it names.
        self._resuming: dict[int, int] = {}
        self.stopped: set[int] = set()

    def request(self, request: Mapping[str, Any]) -> Ask:
        """Register a request; send what is returned."""
        self._number += 1
        command = str(request.get("command", ""))
        self._open[self._number] = (int(request.get("seq") or 0), command)
        if command in _RESUMING:
            self._resuming[self._number] = (request.get("arguments") or {}).get("threadId", 0)
        message = {"type": "request", "seq": self._number, "command": command}
        if "arguments" in request:
            message["arguments"] = request["arguments"]
        return Ask(message)

    def receive(self, message: dict[str, Any]) -> list[Effect]:
        """Take a message of the adapter; returns what to do, in order."""
        if message.get("type") == "event":
            return self._event(message)
        if message.get("type") != "response":
            return []
        number = message.get("request_seq")
        if number in self._held:
            return self._threads_known(self._held.pop(number), message)
        known = self._open.pop(number, None) if isinstance(number, int) else None
        if known is None or number is None:
            return []
        answered = Answered(number, message | {"request_seq": known[0]})
        thread = self._resuming.pop(number, None)
        if thread is None or not self.stopped or not message.get("success"):
            return [answered]
        # debugpy says "continued" late or not at all after a step, and answers no further one.
        self.stopped.clear()
        body = {"threadId": thread, "allThreadsContinued": True}
        return [Told({"type": "event", "seq": 0, "event": "continued", "body": body}), answered]

    def ended(self, why: str) -> list[Effect]:
        """Take notice that the adapter is gone."""
        self.stopped.clear()
        self._held.clear()
        self._resuming.clear()
        waiting, self._open = self._open, {}
        return [
            Answered(
                number,
                {
                    "type": "response",
                    "request_seq": seq,
                    "command": command,
                    "success": False,
                    "message": why,
                },
            )
            for number, (seq, command) in waiting.items()
        ]

    def _event(self, event: dict[str, Any]) -> list[Effect]:
        body = event.get("body") or {}
        if event.get("event") == "stopped":
            self._resuming.clear()  # what was asked for has happened, and this after it
        match event.get("event"):
            case "continued" if not self.stopped:
                return []  # they have heard
            case "stopped" if body.get("allThreadsStopped"):
                self._number += 1
                self._held[self._number] = event
                return [Ask({"type": "request", "seq": self._number, "command": "threads"})]
            case "stopped":
                self.stopped.add(body.get("threadId", 0))
            case "continued" if body.get("allThreadsContinued", True):
                self.stopped.clear()
            case "continued":
                self.stopped.discard(body.get("threadId", 0))
            case "output" if body.get("category") == "telemetry":
                return []
            case name if name in _PRIVATE:
                return []
        return [Told(event)]

    def _threads_known(self, event: dict[str, Any], answer: dict[str, Any]) -> list[Effect]:
        threads = (answer.get("body") or {}).get("threads") or []
        self.stopped = {
            thread["id"]
            for thread in threads
            if "id" in thread and not str(thread.get("name", "")).startswith(self._hidden or "\0")
        }
        self.stopped.add((event.get("body") or {}).get("threadId", 0))
        return [Told(event)]
