"""What both clients share: which request gets which message, and what is called for it, without I/O.

`Exchange` stands between `nuncius.protocol.core.client.ClientCore`, which knows when a request is finished, and the two clients, which know how to wait. It keeps a `Pending` for each open request, fills it, and calls the handlers of the user's.

Rule 1: `Exchange.receive` changes the state and calls nothing of the user's; `Exchange.handle` calls, and changes no state that waiting depends on. So an exception of a handler, or Ctrl-C in one, cannot lose a reply.
Rule 2: every request ends: with its reply, or with the failure that `Exchange.fail` gives to all that are open.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nuncius.protocol.core.client import (
    ClientCore,
    Event,
    Finished,
    InputAsked,
    Orphan,
    Output,
    Replied,
    StatusChanged,
)
from nuncius.protocol.errors import KernelDied, KernelTimeout
from nuncius.protocol.messages import Buffer, Channel, Message, MessageFactory
from nuncius.protocol.values import Value

if TYPE_CHECKING:
    from nuncius.protocol.core.outputs import OutputArea, OutputCollector

__all__ = ["Exchange", "Happening", "Input", "InputHandler", "Liveness", "Pending", "Readiness"]


class Input(Value):
    """A question of the code that runs.

    Attributes:
        prompt: To be shown.
        password: What is typed should not be.
        message: The whole ``input_request``.
    """

    prompt: str
    password: bool
    message: Message

    @classmethod
    def parse(cls, message: Message) -> Input:
        """Return the question that an ``input_request`` holds."""
        content = message.content
        return cls(str(content.get("prompt", "")), bool(content.get("password")), message)


#: Returns the line for an `Input`; with the asyncio client it may be a coroutine function.
InputHandler = Callable[[Input], Any]


#: To look a member up in its class costs ten times as much, and this runs for every message.
_IOPUB = Channel.IOPUB

#: States that tell of the life of the process, not of a request.
_RARE_STATES = ("starting", "restarting", "dead")


def _nothing() -> None:
    """Wake nobody."""


class Pending:
    """One request, while it is open and after.

    Attributes:
        request: What was sent.
        reply: What came back.
        failure: Why nothing will come any more.
        finished: Everything that belongs to it has arrived.
        outputs: What it published and nobody has iterated over yet.
        runs_code: Its outputs are kept until someone iterates over them.
        area: Its outputs as a notebook stores them; None if they are not collected.
        wake: Called when the outputs, the reply, the failure or the end have changed.
    """

    __slots__ = (
        "area",
        "collector",
        "failure",
        "finished",
        "on_input",
        "on_output",
        "outputs",
        "reply",
        "request",
        "runs_code",
        "wake",
    )

    def __init__(self, request: Message) -> None:
        self.request = request
        self.reply: Message | None = None
        self.failure: Exception | None = None
        self.finished = False
        self.outputs: deque[Message] = deque()
        self.runs_code = False
        self.area: OutputArea | None = None
        self.collector: OutputCollector | None = None
        self.on_output: Callable[[Message], None] | None = None
        self.on_input: InputHandler | None = None
        self.wake: Callable[[], None] = _nothing

    @property
    def replied(self) -> bool:
        """Whether there is nothing more to wait for when only the reply is wanted."""
        return self.reply is not None or self.failure is not None or self.finished

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to wait for at all."""
        return self.finished or self.failure is not None

    @property
    def awaited(self) -> str:
        """What is waited for, in words."""
        kind = self.request.msg_type
        if self.reply is not None:
            return f"the end of the output of {kind} (its idle status)"
        return f"the reply to {kind}"


#: An event, and the request that it belongs to: the event may be handled after the request has ended.
Happening = tuple[Event, "Pending | None"]


class Exchange:
    """The requests of one client.

    Args:
        new: Makes messages.
        on_input: Answers questions of requests that have no handler of their own.
    """

    def __init__(self, new: MessageFactory, on_input: InputHandler | None = None) -> None:
        self.core = ClientCore(new)
        self.on_input = on_input
        #: The open requests that someone waits for, by msg_id.
        self.pending: dict[str, Pending] = {}
        #: Called with every event.
        self.subscribers: list[Callable[[Event], None]] = []
        #: The session of the kernel that published last: another one is another process.
        self._kernel_session = ""
        #: Requests that were open when the connection ended: another process does not know them.
        self._suspects: set[str] = set()
        #: Requests that outlive a restart of the kernel.
        self._probes: set[str] = set()

    def request(
        self,
        msg_type: str,
        content: Mapping[str, Any] | None = None,
        *,
        channel: Channel = Channel.SHELL,
        metadata: Mapping[str, Any] | None = None,
        buffers: tuple[Buffer, ...] = (),
        subshell_id: str | None = None,
    ) -> Pending:
        """Register a request; send its ``request``, or call `forget`."""
        message = self.core.request(
            msg_type,
            content,
            channel=channel,
            metadata=metadata,
            buffers=buffers,
            subshell_id=subshell_id,
        )
        pending = self.pending[message.msg_id] = Pending(message)
        return pending

    def execute(
        self,
        content: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any],
        subshell_id: str | None,
        outputs: OutputCollector | None,
        collect: bool,
        on_output: Callable[[Message], None] | None,
        on_input: InputHandler | None,
    ) -> Pending:
        """Register an execute request ; send its ``request``, or call `forget`."""
        pending = self.request(
            "execute_request", content, metadata=metadata, subshell_id=subshell_id
        )
        pending.runs_code = True
        if outputs is None and collect:
            # Consoles collect nothing, and start without it.
            from nuncius.protocol.core.outputs import OutputCollector

            outputs = OutputCollector()
        if outputs is not None:
            pending.collector = outputs
            pending.area = outputs.open(pending.request.msg_id)
        pending.on_output, pending.on_input = on_output, on_input
        return pending

    def forget(self, pending: Pending) -> None:
        """Wait for this request no longer; what still comes for it is an orphan."""
        msg_id = pending.request.msg_id
        self.core.forget(msg_id)
        self.pending.pop(msg_id, None)
        self._probes.discard(msg_id)

    def fail(self, failure: Exception) -> None:
        """End every open request with ``failure``."""
        self._fail(failure, keep=set())

    def disconnected(self) -> None:
        """Note that the connection has ended: if another process answers from now on, what is open is lost."""
        self._suspects.update(self.pending)

    def ask_who(self) -> Message | None:
        """Return the question to send when a kernel answers heartbeats again, whose reply tells whether it is another one; None if nothing depends on it."""
        if self._suspects.isdisjoint(self.pending):
            return None
        pending = self.request("kernel_info_request", channel=Channel.CONTROL)
        self._probes.add(pending.request.msg_id)
        return pending.request

    def _recognize(self, message: Message) -> None:
        """End what is lost if ``message`` comes from another process than those before."""
        session, before = message.header.session, self._kernel_session
        ours = message.parent is None or message.parent_id in self.core.open
        if session and before and session != before and ours:
            suspects, self._suspects = self._suspects, set()
            self._kernel_session = session
            self._fail(KernelDied("the kernel was restarted"), keep=self._unsuspected(suspects))

    def _unsuspected(self, suspects: set[str]) -> set[str]:
        return self._probes | (set(self.core.open) | set(self.pending)) - suspects

    def lost(self, failure: Exception) -> None:
        """End with ``failure`` what was open when the connection ended; what was asked since may reach a new process."""
        suspects, self._suspects = self._suspects, set()
        self._fail(failure, keep=self._unsuspected(suspects))

    def _fail(self, failure: Exception, keep: set[str]) -> None:
        for msg_id in [msg_id for msg_id in self.core.open if msg_id not in keep]:
            self.core.forget(msg_id)
        for msg_id in [msg_id for msg_id in self.pending if msg_id not in keep]:
            pending = self.pending.pop(msg_id)
            pending.failure = failure
            pending.wake()

    # -- what comes in

    def receive(self, message: Message) -> list[Happening]:
        """Take a message; hand each thing that it made happen to `handle`, in order. What nobody wants to hear of is left out."""
        if self._suspects:
            self._recognize(message)
        if message.channel is _IOPUB and (
            message.header.session != self._kernel_session
            or message.content.get("execution_state") in _RARE_STATES
        ):
            self._watch_session(message)
        happenings: list[Happening] = []
        heard = self.subscribers
        for event in self.core.receive(message):
            # Comparing classes costs a third of isinstance().
            kind = event.__class__
            if kind is StatusChanged or kind is Orphan:
                if heard:
                    happenings.append((event, None))
                continue
            pending = self.pending.get(event.request.header.msg_id)  # type: ignore[union-attr]
            if pending is not None:
                self._record(event, pending)
            if (
                heard
                or kind is InputAsked
                or (kind is Output and pending is not None and pending.on_output is not None)
            ):
                happenings.append((event, pending))
        return happenings

    def _record(self, event: Event, pending: Pending) -> None:
        kind = event.__class__
        if kind is Output:
            if pending.collector is not None:
                pending.collector.receive(event.message)  # type: ignore[union-attr]
            if not pending.runs_code or pending.on_output is not None:
                return
            pending.outputs.append(event.message)  # type: ignore[union-attr]
        elif kind is Replied:
            pending.reply = event.message  # type: ignore[union-attr]
        elif isinstance(event, Finished):
            pending.finished = True
            del self.pending[event.request.msg_id]
            self._probes.discard(event.request.msg_id)
        pending.wake()

    def _watch_session(self, message: Message) -> None:
        header = message.header
        session = header.session
        if header.msg_type == "status":
            state = message.content.get("execution_state")
            before = self._kernel_session
            if state == "dead":
                self.fail(KernelDied("the kernel died"))
            elif state == "restarting" or (
                state == "starting" and before and session and session != before
            ):
                # What was sent to the process before this one is not answered any more.
                self._fail(KernelDied("the kernel was restarted"), keep=self._probes)
        if session and session != self._kernel_session:
            parent = message.parent
            if parent is None or parent.msg_id in self.core.open:
                self._kernel_session = session

    def handle(self, happening: Happening) -> None:
        """Call the handlers of what happened, except for input: see `input_handler`."""
        event, pending = happening
        if pending is not None and pending.on_output is not None and isinstance(event, Output):
            pending.on_output(event.message)
        if self.subscribers:
            for subscriber in tuple(self.subscribers):
                subscriber(event)

    def input_handler(self, pending: Pending | None) -> InputHandler | None:
        """Return who answers the questions of a request."""
        return (pending.on_input if pending else None) or self.on_input

    def subscribe(self, subscriber: Callable[[Event], None]) -> Callable[[], None]:
        """Have ``subscriber`` called with every event; return what ends that."""
        self.subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self.subscribers:
                self.subscribers.remove(subscriber)

        return unsubscribe

    # -- time limits

    def timeout(self, pending: Pending, seconds: float) -> KernelTimeout:
        """Return the error for a request that took too long."""
        hint = ""
        if self.core.state == "busy" and pending.request.channel is Channel.SHELL:
            hint = "the kernel is busy with another request; interrupt it, or wait longer"
        elif self.core.state == "unknown":
            hint = "nothing was heard from the kernel yet; is it running?"
        return KernelTimeout(pending.awaited, seconds, hint)

    # -- the beginning

    def probe(self) -> Pending:
        """Register a kernel_info request that outlives a restart; send its ``request``."""
        pending = self.request("kernel_info_request")
        self._probes.add(pending.request.msg_id)
        return pending


class Readiness:
    """Decide when a kernel is ready: it answers, and what it publishes reaches us.

    A subscription takes effect a moment after the sockets have connected; what is published before is lost to us. A kernel that says ``iopub_welcome`` tells us; others are asked for kernel_info until a status arrives that a request caused.
    The first question waits in the socket and is answered as soon as the kernel can: what follows is needed only when it came before the subscription.
    """

    __slots__ = ("_pause", "exchange", "probes", "reply", "subscribed")

    def __init__(self, exchange: Exchange, reply: Message | None = None) -> None:
        self.exchange = exchange
        #: The first probe's reply; or what the kernel said before to who started it.
        self.reply = reply
        #: Something was published that we received.
        self.subscribed = False
        #: All open probes.
        self.probes: list[Pending] = []
        self._pause = 0.005

    @property
    def ready(self) -> bool:
        """Whether it is."""
        return self.reply is not None and self.subscribed

    def probe(self) -> Message:
        """Return the next question to send."""
        pending = self.exchange.probe()
        self.probes.append(pending)
        return pending.request

    @property
    def pause(self) -> float | None:
        """Seconds until the next `probe`, None if an answer is what to wait for."""
        # Before the first reply another question would only be answered later.
        return None if self.reply is None else self._pause

    def receive(self, event: Event) -> None:
        """Take an event of the exchange: subscribe this method."""
        if isinstance(event, (StatusChanged, Output)):
            self.subscribed = True
        elif isinstance(event, Replied):
            if any(event.request is probe.request for probe in self.probes):
                self.reply = self.reply or event.message
        elif not isinstance(event, (Finished, InputAsked)):
            message = getattr(event, "message", None)
            if message is not None and message.channel is Channel.IOPUB:
                self.subscribed = True

    def probed_again(self) -> None:
        """Wait longer before the next question."""
        self._pause = min(self._pause * 2, 0.25)

    def end(self) -> None:
        """Wait for no probe any longer."""
        for probe in self.probes:
            self.exchange.forget(probe)


class Liveness:
    """Decide from heartbeats whether a kernel is dead.

    Attributes:
        interval: Seconds of silence before the next heartbeat is asked for, and the time that it has to come; None never asks.
        patience: Heartbeats that are missed one after another before the kernel counts as dead.
        heard: The kernel was there once: only then can it be gone.
        missed: Heartbeats missed since it was heard last.
    """

    __slots__ = ("heard", "interval", "missed", "patience")

    def __init__(self, interval: float | None = 1.0, patience: int = 4) -> None:
        self.interval = interval
        self.patience = patience
        self.heard = False
        self.missed = 0

    @property
    def doubt(self) -> float:
        """Seconds that a heartbeat has to come when the connection has ended: as long as a forwarder needs to connect again, and no longer, as most often the kernel is gone."""
        return min(self.interval or 1.0, 0.5)

    def heard_from(self) -> None:
        """Note that something arrived."""
        self.heard = True
        self.missed = 0

    def gone(self) -> KernelDied:
        """Return the failure of all open requests when the connection has ended and a heartbeat did not come back."""
        return KernelDied(
            "the kernel closed the connection and answers no heartbeat: its process has ended"
        )

    def beat(self, echoed: bool) -> KernelDied | None:
        """Take the outcome of a heartbeat; return the failure of all open requests, if the kernel is dead."""
        if echoed:
            self.heard_from()
            return None
        self.missed += 1
        if not self.heard or self.missed < self.patience:
            return None
        seconds = self.missed * (self.interval or 0)
        return KernelDied(
            f"the kernel has not answered {self.missed} heartbeats in {seconds:g} s: its process has ended, or hangs"
        )
