"""Run the requests of one lane: the `Dispatcher` decides, the kernel works, this carries messages between them.

A lane knows nothing of threads, sockets or loops. Who owns it calls `receive` with a message, `start` with the request that it returns, awaits what that returns if need be, and `finish` with the outcome; which may return the next request::

    request = lane.receive(message)
    while request is not None:
        request = lane.finish(lane.start(request))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nuncius.protocol.core.dispatch import Dispatcher, Effect, Run
from nuncius.protocol.kernel import CURRENT_IO, KernelIO, Reply
from nuncius.protocol.serving.answer import Outcome, failure, finish, wants_abort

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from nuncius.protocol.messages import Message

__all__ = ["Lane"]


class Lane:
    """One sequence of requests.

    Args:
        dispatcher: Decides.
        answer: Has the kernel answer a request; never raises.
        make_io: Makes the `KernelIO` of a request.
        send: Sends replies and states.
        before_finish: Called when a request has been answered, before anything is sent: all output must be out when it returns.
        drain: Hand over all messages that have arrived, by `Dispatcher.receive`; called before cells are aborted.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        answer: Callable[[Message, KernelIO], Outcome],
        make_io: Callable[[Message], KernelIO],
        send: Callable[[Message], None],
        *,
        before_finish: Callable[[], None] | None = None,
        drain: Callable[[], None] | None = None,
    ) -> None:
        self.dispatcher = dispatcher
        self._answer = answer
        self._make_io = make_io
        self._send = send
        self._before_finish = before_finish
        self._drain = drain
        #: Of the request that runs, or ran last: for output that belongs to nobody else.
        self.io: KernelIO | None = None

    @property
    def busy(self) -> bool:
        """Whether a request runs."""
        return self.dispatcher.running is not None

    def is_running(self, msg_id: str) -> bool:
        """Tell whether the request with this id runs."""
        running = self.dispatcher.running
        return running is not None and running.msg_id == msg_id

    def receive(self, message: Message) -> Message | None:
        """Take a message; return the request to `start`, None if another one runs."""
        return self._perform(self.dispatcher.receive(message))

    def start(self, request: Message) -> Outcome:
        """Have the kernel answer ``request``; `finish` with the outcome, awaited if need be."""
        self.io = io = self._make_io(request)
        token = CURRENT_IO.set(io)
        try:
            outcome = self._answer(request, io)
        except KeyboardInterrupt as error:
            # The second one, while the first was being answered.
            outcome = failure(request, error, io)
        finally:
            CURRENT_IO.reset(token)
        return outcome

    async def complete(self, outcome: Awaitable[Reply | None]) -> Reply | None:
        """Await the outcome of the request that runs."""
        request, io = self.dispatcher.running, self.io
        assert request is not None
        assert io is not None
        token = CURRENT_IO.set(io)
        try:
            return await finish(outcome, request, io)
        finally:
            CURRENT_IO.reset(token)

    def finish(self, reply: Reply | None) -> Message | None:
        """Take the content of the reply; return the next request to `start`, None if there is none."""
        request = self.dispatcher.running
        assert request is not None
        if self._before_finish is not None:
            self._before_finish()
        abort = wants_abort(request, reply)
        if abort and self._drain is not None:
            self._drain()
        metadata = getattr(self.io, "reply_metadata", None)
        return self._perform(self.dispatcher.finished(reply, metadata=metadata, abort=abort))

    def _perform(self, effects: Iterable[Effect]) -> Message | None:
        request = None
        for effect in effects:
            if isinstance(effect, Run):
                request = effect.request
            else:
                self._send(effect.message)
        return request
