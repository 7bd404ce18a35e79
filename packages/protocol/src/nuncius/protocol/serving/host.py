"""Run a kernel inside this process: the same `Dispatcher`, messages by reference, no sockets and no JSON.

`CallHost` runs cells on the thread that sends them, outside any event loop: the way of a terminal, where the cell must be in the main thread. `ThreadHost` has a thread of its own: the way of a program that goes on with its own work.

Clients reach a host through `nuncius.protocol.transport.memory`. Several may be attached: replies go to the one that asked, the rest to all.

Rule 1: the host owns one `asyncio.Runner`. Cells that await run on it, and so does what `CallHost.run` is given (a prompt): tasks of the user's go on meanwhile.
Rule 2: Ctrl-C raises `KeyboardInterrupt` in the cell, whether it computes or awaits, and never between the messages.
"""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from nuncius.protocol.core.dispatch import Dispatcher
from nuncius.protocol.errors import NoSuchKernel, StdinNotSupported, TransportClosed
from nuncius.protocol.messages import Channel, Message, make_message
from nuncius.protocol.serving.answer import Outcome, answer, failure
from nuncius.protocol.serving.interrupts import (
    Interruptible,
    Interrupts,
    ShieldedLock,
    ThreadInterrupts,
)
from nuncius.protocol.serving.lane import Lane
from nuncius.protocol.serving.outlet import Outlet
from nuncius.protocol.serving.replay import Recent
from nuncius.protocol.serving.request_io import RequestIO
from nuncius.protocol.serving.streams import Policy, inherit_in_threads
from nuncius.protocol.serving.surroundings import Surroundings
from nuncius.protocol.session import Session

if TYPE_CHECKING:
    from nuncius.protocol.kernel import Kernel, KernelIO, Reply

__all__ = ["CallHost", "Host", "Port", "ThreadHost", "find_kernel"]

T = TypeVar("T")

#: Distributions that bring kernels for this process, for the hint when there is none.
_HINT = "pip install nuncius-kernel"


def find_kernel(name: str = "python") -> Callable[..., Kernel]:
    """Return the factory of an in-process kernel, found by the entry point group ``nuncius.kernels``.

    Raises:
        NoSuchKernel: No installed package has one of that name; it says what to install.
    """
    from nuncius.protocol.entrypoints import entry_points

    found = entry_points("nuncius.kernels")
    if name not in found:
        raise NoSuchKernel(name, sorted(found), f"for Python: {_HINT}")
    factory: Callable[..., Kernel] = found[name].load()
    return factory


class Port:
    """One client's end of a host.

    Args:
        host: The host.
        route: Identifies the client.
        deliver: Takes each message for the client, in the thread that causes it.
    """

    def __init__(self, host: Host, route: bytes, deliver: Callable[[Message], None]) -> None:
        self._host = host
        self.route = route
        self.deliver = deliver

    def submit(self, message: Message) -> None:
        """Hand a message to the kernel; see `Host.submit`."""
        self._host.submit(self._routed(message))

    async def submit_async(self, message: Message) -> None:
        """Hand a message to the kernel from a coroutine; see `Host.submit_async`."""
        await self._host.submit_async(self._routed(message))

    @property
    def threaded(self) -> bool:
        """Whether messages come from another thread."""
        return self._host.threaded

    def close(self) -> None:
        """Detach the client; the kernel lives on."""
        self._host.detach(self)

    def _routed(self, message: Message) -> Message:
        return make_message(
            message.channel,
            message.header,
            message.parent,
            message.content,
            message.metadata,
            message.buffers,
            (self.route,),
        )


class Host:
    """What both hosts share.

    Args:
        kernel: Answers.
        policy: Where output goes.
        session: Makes messages.
    """

    #: Whether cells run in a thread of the host's own.
    threaded = False

    def __init__(
        self,
        kernel: Kernel,
        *,
        policy: Policy = Policy.TO_MESSAGES,
        session: Session | None = None,
    ) -> None:
        self.kernel = kernel
        self.policy = policy
        self.session = session or Session()
        self.interrupts = Interrupts()
        self.closed = False
        #: The clients, by route.
        self._ports: dict[bytes, Port] = {}
        #: The same; a new tuple whenever one comes or goes, as messages are sent from any thread.
        self._attached: tuple[Port, ...] = ()
        self._count = 0
        self._started = False
        self._runner: Any = None
        self.outlet = Outlet(
            self.session.message, self._broadcast, lock=ShieldedLock(self.interrupts)
        )
        self._recent = Recent(kernel.replay_bytes)
        self.outlet.kept = self._recent.take
        self._lanes = {
            Channel.SHELL: self._make_lane(self._answer),
            Channel.CONTROL: self._make_lane(self._answer_control),
        }
        self._surroundings = Surroundings(policy, self.interrupts, self._current_io)
        #: Answers to the question that is open.
        self._inputs: deque[Message] = deque()
        self._input_came = threading.Condition()
        inherit_in_threads()

    def __repr__(self) -> str:
        state = "closed" if self.closed else repr(self._lanes[Channel.SHELL].dispatcher)
        return f"<{type(self).__name__} {state}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- clients

    def attach(self, deliver: Callable[[Message], None]) -> Port:
        """Attach a client.

        Args:
            deliver: Takes each message for it, in the thread that causes it.

        Raises:
            TransportClosed: The host is closed.
        """
        self._check_open()
        self._count += 1
        port = Port(self, str(self._count).encode(), deliver)
        self._ports[port.route] = port
        self._attached = tuple(self._ports.values())
        return port

    def detach(self, port: Port) -> None:
        """Detach a client."""
        self._ports.pop(port.route, None)
        self._attached = tuple(self._ports.values())

    def _check_open(self) -> None:
        if self.closed:
            raise TransportClosed("this in-process kernel was closed; start a new one")

    def _broadcast(self, message: Message) -> None:
        self._recent.keep(message)
        for port in self._attached:
            port.deliver(message)

    def _send(self, message: Message) -> None:
        if message.channel is Channel.IOPUB:
            self.outlet.send(message)
            return
        port = self._ports.get(message.route[0]) if message.route else None
        if port is not None:
            port.deliver(message)

    # -- requests

    def submit(self, message: Message) -> None:
        """Handle a message. When this returns, `CallHost` has handled it, unless it came out of a running cell: then it waits for that.

        Raises:
            TransportClosed: The host is closed.
        """
        raise NotImplementedError

    async def submit_async(self, message: Message) -> None:
        """Handle a message from a coroutine, on the loop that runs: cells await there."""
        raise NotImplementedError

    def _make_lane(self, answerer: Callable[[Message, KernelIO], Outcome]) -> Lane:
        return Lane(
            Dispatcher(self.session.message), answerer, self._make_io, self._send,
            before_finish=self.outlet.flush,
        )  # fmt: skip

    def _make_io(self, request: Message) -> RequestIO:
        return RequestIO(request, self.outlet, self._ask, self._send)

    def _answer(self, message: Message, io: KernelIO) -> Outcome:
        if message.msg_type == "shutdown_request":
            return self._shutdown(message)
        interrupts = self.interrupts
        try:
            # Two blocks: what handles the first interrupt must not be hit by a second one.
            try:
                interrupts.armed = True
                return answer(self.kernel, message, io)
            finally:
                interrupts.armed = False
        except KeyboardInterrupt as error:
            interrupts.armed = False
            return failure(message, error, io)

    def _answer_control(self, message: Message, io: KernelIO) -> Outcome:
        if message.msg_type == "interrupt_request":
            msg_id = message.content.get("msg_id")
            if msg_id is not None:
                self.kernel.cancel_request(str(msg_id))
            if msg_id is None or self._lanes[Channel.SHELL].dispatcher.drop(str(msg_id)):
                self.interrupt()
            return {"status": "ok"}
        if message.msg_type == "shutdown_request":
            return self._shutdown(message)
        return answer(self.kernel, message, io)

    def _shutdown(self, message: Message) -> Reply:
        reply = {"status": "ok", "restart": bool(message.content.get("restart", False))}
        self.outlet.publish("shutdown_reply", reply, parent=message.header)
        return reply

    def _handle(self, message: Message) -> None:
        """Carry out a request and those that it lets run; on the thread of the kernel."""
        lane = self._lanes[message.channel]
        self._enter(message)
        try:
            request = lane.receive(message)
            if request is not None:
                self._start_kernel(message)
            while request is not None:
                outcome = lane.start(request)
                if outcome.__class__ is not dict and isinstance(outcome, Awaitable):
                    outcome = self._await(lane, outcome)
                request = lane.finish(outcome)
        finally:
            self._leave(message)

    async def _handle_async(self, message: Message) -> None:
        lane = self._lanes[message.channel]
        self._enter(message)
        try:
            request = lane.receive(message)
            if request is not None:
                self._start_kernel(message)
            while request is not None:
                outcome = lane.start(request)
                if isinstance(outcome, Awaitable):
                    outcome = await lane.complete(Interruptible(outcome, self.interrupts))
                request = lane.finish(outcome)
        finally:
            self._leave(message)

    @property
    def _interrupts_of_cells(self) -> Interrupts | ThreadInterrupts:
        return self.interrupts

    def _await(self, lane: Lane, outcome: Awaitable[Reply | None]) -> Reply | None:
        guarded = Interruptible(outcome, self._interrupts_of_cells)
        reply: Reply | None = self.runner.run(lane.complete(guarded))
        return reply

    @property
    def runner(self) -> Any:
        """The `asyncio.Runner` of this host."""
        if self._runner is None:
            import asyncio

            self._runner = asyncio.Runner()
        return self._runner

    # -- around a request

    def _enter(self, message: Message) -> None:
        if message.channel is not Channel.CONTROL:
            self._surroundings.take()

    def _leave(self, message: Message) -> None:
        if message.channel is not Channel.CONTROL:
            self._surroundings.give_back()

    def _start_kernel(self, message: Message) -> None:
        if self._started or message.channel is Channel.CONTROL:
            return
        self._started = True
        io = self._lifetime_io()
        try:
            self.kernel.prepare()
            self.kernel.start(io)
        except BaseException as error:  # noqa: BLE001 - a broken start-up file must not end the kernel
            import traceback

            io.stream("stderr", "".join(traceback.format_exception(error)))

    def _lifetime_io(self) -> RequestIO:
        request = self.session.message(Channel.SHELL, "start")
        return RequestIO(request, self.outlet, self._ask, self._send)

    def _current_io(self) -> KernelIO | None:
        return self._lanes[Channel.SHELL].io

    # -- input

    def _ask(
        self, request: Message, content: Mapping[str, Any], metadata: Mapping[str, Any]
    ) -> str:
        question = self.session.message(
            Channel.STDIN,
            "input_request",
            content,
            parent=request.header,
            metadata=metadata,
            route=request.route,
        )
        self._inputs.clear()
        self._send(question)
        with self._input_came:
            while True:
                while self._inputs:
                    reply = self._inputs.popleft()
                    if reply.parent_id in (None, "", question.msg_id):
                        return str(reply.content.get("value", ""))
                if not self.threaded:
                    raise StdinNotSupported(
                        "the frontend did not answer the question while it was asked; an in-process frontend must answer at once"
                    )
                self._wait_for_input()

    def _wait_for_input(self) -> None:
        self._input_came.wait()

    def _take_input(self, message: Message) -> None:
        with self._input_came:
            self._inputs.append(message)
            self._input_came.notify_all()

    # -- the end

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the cell that runs; from any thread."""
        self.kernel.interrupt()

    def close(self) -> None:
        """Shut the kernel down. Closing twice does nothing."""
        if self.closed:
            return
        self.closed = True
        ended = self.kernel.shutdown(restart=False)
        if ended is not None:
            self.runner.run(_awaited(ended))
        if self._runner is not None:
            self._runner.close()
            self._runner = None
        self._ports.clear()
        self._attached = ()


class CallHost(Host):
    """A kernel that runs on the thread that calls; see `Host` for the arguments.

    One thread sends its requests: the main thread, where Ctrl-C is to reach cells.
    """

    def submit(self, message: Message) -> None:
        """Handle a message before this returns."""
        self._check_open()
        if message.channel is Channel.STDIN:
            self._take_input(message)
        else:
            self._handle(message)

    async def submit_async(self, message: Message) -> None:
        """Handle a message on the loop that runs."""
        self._check_open()
        if message.channel is Channel.STDIN:
            self._take_input(message)
        else:
            await self._handle_async(message)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something else on the loop of the cells: a prompt. Their tasks go on meanwhile.

        Returns:
            What the coroutine returns.
        """
        result: T = self.runner.run(coroutine)
        return result

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the cell that runs in the main thread; from any thread."""
        super().interrupt()
        if threading.current_thread() is not threading.main_thread():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        elif self._lanes[Channel.SHELL].busy:
            signal.raise_signal(signal.SIGINT)


class ThreadHost(Host):
    """A kernel with a thread of its own; see `Host` for the arguments.

    `submit` returns at once, and messages are delivered in the kernel's thread.
    """

    threaded = True

    def __init__(
        self,
        kernel: Kernel,
        *,
        policy: Policy = Policy.TO_MESSAGES,
        session: Session | None = None,
    ) -> None:
        super().__init__(kernel, policy=policy, session=session)
        self._arrived: deque[Message] = deque()
        self._changed = threading.Condition()
        self._interrupted = False
        self._cells: ThreadInterrupts
        begun = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(begun,), name="nuncius-kernel", daemon=True
        )
        self._thread.start()
        begun.wait()

    def submit(self, message: Message) -> None:
        """Have the thread handle a message."""
        self._check_open()
        if message.channel is Channel.STDIN:
            self._take_input(message)
        elif message.channel is Channel.CONTROL:
            self._handle(message)
        else:
            with self._changed:
                self._arrived.append(message)
                self._changed.notify()

    async def submit_async(self, message: Message) -> None:
        """Have the thread handle a message."""
        self.submit(message)

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the kernel's thread as soon as it runs Python code."""
        super().interrupt()
        self._cells.interrupt()
        # What waits for input runs no code, and hears nothing.
        with self._input_came:
            self._interrupted = True
            self._input_came.notify_all()

    def close(self) -> None:
        """Shut the kernel down, after what runs is interrupted."""
        if self.closed:
            return
        self.interrupt()
        with self._changed:
            self._arrived.clear()
            self.closed = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(5)
        self._ports.clear()
        self._attached = ()

    @property
    def _interrupts_of_cells(self) -> Interrupts | ThreadInterrupts:
        return self._cells

    def _run(self, begun: threading.Event) -> None:
        self._cells = ThreadInterrupts(self.interrupts)
        begun.set()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._arrived or self.closed)
                if not self._arrived:
                    break
                message = self._arrived.popleft()
            self._handle(message)
        self._cells.close()
        self.closed = False
        super().close()

    def _await(self, lane: Lane, outcome: Awaitable[Reply | None]) -> Reply | None:
        try:
            return super()._await(lane, outcome)
        except KeyboardInterrupt as error:
            # It hit the loop, not the cell.
            assert lane.io is not None
            return failure(lane.io.request, error, lane.io)

    def _answer(self, message: Message, io: KernelIO) -> Outcome:
        if message.msg_type == "shutdown_request":
            return self._shutdown(message)
        cells = self._cells
        try:
            cells.armed = True
            outcome = answer(self.kernel, message, io)
            cells.disarm()
        except KeyboardInterrupt as error:
            cells.armed = False
            return failure(message, error, io)
        return outcome

    def _wait_for_input(self) -> None:
        self._interrupted = False
        self._input_came.wait_for(lambda: self._inputs or self._interrupted)


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable
