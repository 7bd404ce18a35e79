"""Run requests beside the main shell, each subshell in a thread of its own (JEP 91).

Rule 1: an interrupt reaches each subshell that runs something, as soon as it runs Python code again.
Rule 2: a comm that was opened in a subshell, by either side, lives there: what a frontend sends to it without naming a subshell goes there as well.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from nuncius.protocol.errors import NunciusError
from nuncius.protocol.serving.answer import failure
from nuncius.protocol.serving.interrupts import Interruptible, Interrupts, ThreadInterrupts
from nuncius.protocol.session import new_id

if TYPE_CHECKING:
    from nuncius.protocol.kernel import Reply
    from nuncius.protocol.messages import Message
    from nuncius.protocol.serving.lane import Lane

__all__ = ["Subshell", "Subshells", "UnknownSubshell"]


class UnknownSubshell(NunciusError, KeyError):
    """A request names a subshell that does not exist."""

    def __init__(self, subshell_id: str) -> None:
        self.subshell_id = subshell_id
        super().__init__(
            f"there is no subshell {subshell_id!r}; it was deleted, or belongs to the kernel before a restart"
        )

    def __str__(self) -> str:
        return str(self.args[0])


class Subshell:
    """One more sequence of requests, and its thread.

    Args:
        subshell_id: Its id.
        make_lane: Makes its lane, given what hands over all that has arrived.
        interrupts: Those of the main thread.
    """

    def __init__(
        self,
        subshell_id: str,
        make_lane: Callable[[Callable[[], None]], Lane],
        interrupts: Interrupts,
    ) -> None:
        self._interrupts = interrupts
        self.subshell_id = subshell_id
        self._condition = threading.Condition()
        self._arrived: deque[Message] = deque()
        self._stopping = False
        self._runner: Any = None
        self._lane = make_lane(self._drain)
        self._thread = threading.Thread(
            target=self._run, name=f"nuncius-subshell-{subshell_id[:8]}", daemon=True
        )
        self._thread.start()

    def post(self, message: Message) -> None:
        """Run a request after those that were posted before; from any thread."""
        with self._condition:
            self._arrived.append(message)
            self._condition.notify()

    def stop(self) -> None:
        """End the thread after the request that runs."""
        with self._condition:
            self._stopping = True
            self._condition.notify()

    def interrupt_request(self, msg_id: str) -> None:
        """Interrupt a request, if it is here: it runs, or waits."""
        thread = self._interrupts.threads.get(self._thread.ident or 0)
        if self._lane.dispatcher.drop(msg_id) and thread is not None:
            thread.interrupt()

    def _drain(self) -> None:
        with self._condition:
            while self._arrived:
                self._lane.dispatcher.receive(self._arrived.popleft())

    def _run(self) -> None:
        interrupts = ThreadInterrupts(self._interrupts)
        try:
            while True:
                with self._condition:
                    self._condition.wait_for(lambda: self._arrived or self._stopping)
                    if self._stopping:
                        return
                    message = self._arrived.popleft()
                self._handle(message)
        finally:
            interrupts.close()
            if self._runner is not None:
                self._runner.close()

    def _handle(self, message: Message) -> None:
        lane = self._lane
        request = lane.receive(message)
        while request is not None:
            outcome = lane.start(request)
            if isinstance(outcome, Awaitable):
                outcome = self._await(request, outcome)
            request = lane.finish(outcome)

    def _await(self, request: Message, outcome: Awaitable[Reply | None]) -> Reply | None:
        if self._runner is None:
            import asyncio

            self._runner = asyncio.Runner()
        own = self._interrupts.threads[threading.get_ident()]
        lane = self._lane
        try:
            reply: Reply | None = self._runner.run(lane.complete(Interruptible(outcome, own)))
        except KeyboardInterrupt as error:
            # It hit the loop, not the cell.
            assert lane.io is not None
            return failure(request, error, lane.io)
        return reply


class Subshells:
    """All subshells of a kernel, by id.

    Args:
        make_lane: See `Subshell`.
        on_first: Called before the first one is made: from then on the shell socket must be read while a cell runs.
        interrupts: Those of the main thread.
    """

    def __init__(
        self,
        make_lane: Callable[[Callable[[], None]], Lane],
        on_first: Callable[[], None],
        interrupts: Interrupts,
    ) -> None:
        self._interrupts = interrupts
        self._make_lane = make_lane
        self._on_first: Callable[[], None] | None = on_first
        self._subshells: dict[str, Subshell] = {}
        #: The subshells that comms were opened in, by the comms' ids.
        self._homes: dict[str, str] = {}

    def get(self, subshell_id: str) -> Subshell | None:
        """Return the subshell, None if there is none."""
        return self._subshells.get(subshell_id)

    def home_of(self, message: Message) -> str | None:
        """Return the subshell that a message of a frontend is for, None if it is the main shell."""
        subshell_id = message.header.subshell_id
        if not message.msg_type.startswith("comm_"):
            return subshell_id
        if subshell_id is None:
            home = self._homes.get(str(message.content.get("comm_id")))
            return home if home in self._subshells else None
        self.note_comm(message, subshell_id)
        return subshell_id

    def note_comm(self, message: Message, subshell_id: str | None) -> None:
        """Remember where a comm lives, which ``message`` opens or closes."""
        comm_id = str(message.content.get("comm_id"))
        if message.msg_type == "comm_close":
            self._homes.pop(comm_id, None)
        elif message.msg_type == "comm_open" and subshell_id in self._subshells:
            self._homes[comm_id] = subshell_id

    def interrupt(self) -> None:
        """Interrupt what runs in any subshell."""
        for thread in tuple(self._interrupts.threads.values()):
            thread.interrupt()

    def interrupt_request(self, msg_id: str) -> None:
        """Interrupt a request of any subshell."""
        for subshell in tuple(self._subshells.values()):
            subshell.interrupt_request(msg_id)

    def create(self) -> Mapping[str, Any]:
        """Answer ``create_subshell_request``."""
        if self._on_first is not None:
            self._on_first()
            self._on_first = None
        subshell_id = new_id()
        self._subshells[subshell_id] = Subshell(subshell_id, self._make_lane, self._interrupts)
        return {"status": "ok", "subshell_id": subshell_id}

    def delete(self, subshell_id: object) -> Mapping[str, Any]:
        """Answer ``delete_subshell_request``.

        Raises:
            UnknownSubshell: There is none with this id.
        """
        subshell = self._subshells.pop(subshell_id, None) if isinstance(subshell_id, str) else None
        if subshell is None:
            raise UnknownSubshell(str(subshell_id))
        subshell.stop()
        return {"status": "ok"}

    def list(self) -> Mapping[str, Any]:
        """Answer ``list_subshell_request``."""
        return {"status": "ok", "subshell_id": [*self._subshells]}

    def stop(self) -> None:
        """End all."""
        for subshell in self._subshells.values():
            subshell.stop()
        self._subshells.clear()
