"""The thread that runs cells: it takes one request after the other, first without an event loop, and inside one from the moment on that something needs it."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

import zmq

from nuncius.protocol.serving.early_loop import EarlyLoop
from nuncius.protocol.serving.interrupts import Interruptible
from nuncius.protocol.serving.wakeup import Wakeup

if TYPE_CHECKING:
    from nuncius.protocol.messages import Message
    from nuncius.protocol.serving.answer import Outcome
    from nuncius.protocol.serving.aside import Aside
    from nuncius.protocol.serving.inbox import Inbox
    from nuncius.protocol.serving.interrupts import Interrupts, ThreadInterrupts
    from nuncius.protocol.serving.lane import Lane

__all__ = ["MainLoop"]


class MainLoop:
    """Takes requests from the shell socket, and hands them to a lane.

    Args:
        lane: Runs them.
        shell: The socket.
        aside: Handles what need not wait while a cell awaits.

    Attributes:
        cells: What interrupts those that await; set before the first.
        stopping: Not None when the kernel is to end; True for a restart.
        reads_shell: This thread reads the shell socket; else another one does, and calls `post`.
        arrived: Requests that nobody has looked at yet.
    """

    cells: Interrupts | ThreadInterrupts

    def __init__(self, lane: Lane, shell: Inbox, aside: Aside) -> None:
        self._lane = lane
        self._aside = aside
        self._cell_awaits = False
        self._shell = shell
        self.stopping: bool | None = None
        self.reads_shell = True
        self.arrived: deque[Message] = deque()
        self._wakeup = Wakeup()
        #: By what is waited for, beside the wakeup.
        self._pollers: dict[tuple[zmq.Socket[bytes], ...], zmq.Poller] = {}
        self._loop: Any = None
        #: The loop that runs is nobody else's.
        self._owns_loop = False
        self._arrival: Any = None

    def post(self, message: Message) -> None:
        """Take a request that was read from the socket; from any thread."""
        self.arrived.append(message)
        if not self.reads_shell:
            self._wakeup.set()

    def leave_shell(self) -> None:
        """Leave the socket to another thread; when it is free, its lock can be had."""
        self.reads_shell = False
        self._wakeup.set()

    def stop(self, *, restart: bool) -> None:
        """Take no further request; from any thread, or a signal handler. `wake` must follow."""
        self.stopping = restart

    def wake(self) -> None:
        """Look now what has changed; from any thread, or a signal handler."""
        self._wakeup.set()

    def close(self) -> None:
        """Give back what it used."""
        self._wakeup.close()

    # -- without asyncio

    def run(self) -> None:
        """Serve until `stop`; an event loop begins where one is needed."""
        early = EarlyLoop(lambda: self._lane.busy)
        try:
            while self.stopping is None and self._step(early):
                continue
        finally:
            early.close()

    def _step(self, early: EarlyLoop) -> bool:
        """Handle a message, or wait for one; tell whether to go on without an event loop."""
        if not self.arrived:
            self.wait(None)
            self.take()
            if not self.arrived:
                return True
        if "asyncio" in sys.modules or _mentions_asyncio(self.arrived[0]):
            self._run_loop()
            return False
        lane = self._lane
        request = lane.receive(self.arrived.popleft())
        while request is not None:
            outcome = lane.start(request)
            loop = early.take()
            if loop is not None or (
                outcome.__class__ is not dict and isinstance(outcome, Awaitable)
            ):
                # From here on the import of asyncio is our own.
                early.close()
                self._run_loop(request, outcome, loop)
                return False
            request = lane.finish(outcome)
        return True

    def take(self) -> None:
        """Look at what has arrived on the shell socket, if that is ours to read."""
        if self.reads_shell:
            self._shell.take()

    def drain(self) -> None:
        """Hand everything that has arrived to the main lane."""
        self.take()
        while self.arrived:
            self._lane.dispatcher.receive(self.arrived.popleft())

    def wait(self, seconds: float | None) -> None:
        """Wait for a message, or for another thread to call."""
        if self.reads_shell:
            # Whoever the socket is given to waits until we have left it.
            with self._shell.lock:
                self._poll(seconds, self._shell.socket)
        else:
            self._poll(seconds)

    def _poll(self, seconds: float | None, *sockets: zmq.Socket[bytes]) -> None:
        poller = self._pollers.get(sockets)
        if poller is None:
            poller = self._pollers[sockets] = zmq.Poller()
            for socket in sockets:
                poller.register(socket, zmq.POLLIN)
            poller.register(self._wakeup.fileno(), zmq.POLLIN)
        for ready, _ in poller.poll(None if seconds is None else round(seconds * 1000)):
            if ready == self._wakeup.fileno():
                self._wakeup.clear()

    # -- with asyncio

    def _run_loop(
        self, request: Message | None = None, outcome: Outcome = None, loop: Any = None
    ) -> None:
        import asyncio

        # Not asyncio.Runner: it would take SIGINT for itself.
        loop = self._loop = loop or asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self._owns_loop = True
        task = loop.create_task(self.serve(request, outcome))
        try:
            while not task.done():
                try:
                    loop.run_until_complete(task)
                except KeyboardInterrupt:
                    if task.done():
                        break  # it was the task's own
        finally:
            self._loop = None
            _close_loop(loop)

    async def serve(self, request: Message | None = None, outcome: Outcome = None) -> None:
        """Serve until `stop`, on the event loop that runs.

        Args:
            request: One that was begun already.
            outcome: What `Lane.start` has returned for it.
        """
        import asyncio

        loop = self._loop = self._loop or asyncio.get_running_loop()
        lane = self._lane
        descriptor = self._shell.fileno()
        loop.add_reader(self._wakeup.fileno(), self._on_wakeup)
        loop.add_reader(descriptor, self._on_arrival)
        try:
            if request is not None:
                request = await self._finish_async(outcome)
            while self.stopping is None:
                if request is None:
                    request = await self._next_request()
                    continue
                outcome = lane.start(request)
                request = await self._finish_async(outcome)
                # Between queued cells, too, tasks have their turn.
                await self._calmly(asyncio.sleep(0))
        finally:
            loop.remove_reader(self._wakeup.fileno())
            loop.remove_reader(descriptor)

    async def _finish_async(self, outcome: Outcome) -> Message | None:
        lane = self._lane
        if isinstance(outcome, Awaitable):
            self._cell_awaits = True
            # What arrived before has no edge any more.
            self._loop.call_soon(self._on_arrival)
            try:
                outcome = await lane.complete(Interruptible(outcome, self.cells))
            finally:
                self._cell_awaits = False
        return lane.finish(outcome)

    async def _next_request(self) -> Message | None:
        if not self.arrived:
            self._arrival = self._loop.create_future()
            self.take()
            if not self.arrived and self.stopping is None:
                await self._calmly(self._arrival)
            self._arrival = None
        return self._lane.receive(self.arrived.popleft()) if self.arrived else None

    async def _calmly(self, awaitable: Awaitable[None]) -> None:
        """Await something, and go on when a cell has canceled all tasks of the loop, this one among them."""
        import asyncio

        try:
            await awaitable
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._owns_loop or task is None:
                raise
            task.uncancel()

    def _on_wakeup(self) -> None:
        self._wakeup.clear()
        self._on_arrival()

    def _on_arrival(self) -> None:
        # Always: the descriptor stays readable until somebody looks, and a debugger's prompt may turn the loop while a cell computes.
        self.take()
        if self._cell_awaits:
            self._aside.take(self.arrived, self._on_arrival)
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)


def _mentions_asyncio(message: Message) -> bool:
    code = message.content.get("code")
    return isinstance(code, str) and "asyncio" in code


def _close_loop(loop: Any) -> None:
    import asyncio

    try:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=1))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
