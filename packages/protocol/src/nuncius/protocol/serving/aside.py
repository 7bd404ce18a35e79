"""Handle what comms are told while a cell awaits: it may be what the cell waits for.

A cell that awaits a widget's new value would wait for ever if the message with it stood in the queue behind the cell.

Rule 1: only messages of comms that are open go before others, and among themselves in their order.
Rule 2: while one of them is handled the next one waits, as everywhere.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from nuncius.protocol.messages import Message
    from nuncius.protocol.serving.lane import Lane

__all__ = ["Aside"]

_TOLD = frozenset({"comm_msg", "comm_close"})


class Aside:
    """A lane beside that of the cells.

    Args:
        lane: Runs what is handled.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._tasks: set[Any] = set()

    def take(self, arrived: deque[Message], again: Callable[[], None]) -> None:
        """Handle what comms are told, and leave everything else; on the event loop that runs.

        Args:
            arrived: Requests in their order; those that are handled are taken out.
            again: Called when something was handled that took its time: there may be more.
        """
        kept: list[Message] = []
        opening = set()
        for _ in range(len(arrived)):
            message = arrived.popleft()
            comm = message.content.get("comm_id")
            if message.msg_type in _TOLD and comm not in opening and not self._lane.busy:
                self._handle(message, again)
            else:
                # What follows is told to the same comm, and has to wait as well.
                opening.add(comm)
                kept.append(message)
        arrived.extendleft(reversed(kept))

    def _handle(self, message: Message, again: Callable[[], None]) -> None:
        lane = self._lane
        request = lane.receive(message)
        assert request is not None
        outcome = lane.start(request)
        if not isinstance(outcome, Awaitable):
            lane.finish(outcome)
            return
        import asyncio

        task = asyncio.ensure_future(self._finish(outcome, again))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, outcome: Awaitable[Any], again: Callable[[], None]) -> None:
        self._lane.finish(await self._lane.complete(outcome))
        again()
