"""Whatever is sent, in whatever order it arrives: every request is answered once, between its busy and its idle state, and finished once."""

from __future__ import annotations

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nuncius.protocol.core.client import (
    Abandoned,
    ClientCore,
    Finished,
    InputAsked,
    Orphan,
    Output,
    Replied,
    StatusChanged,
)
from nuncius.protocol.core.dispatch import Dispatcher, Effect, Run, reply_type
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.session import Session

TYPES = ["execute_request", "complete_request", "comm_msg", "comm_open", "nobody_knows_request"]


class Conversation(RuleBasedStateMachine):
    """A kernel's lane and a client; the two sockets between them deliver each at its own pace."""

    @initialize()
    def begin(self) -> None:
        self.session = Session()
        self.client = ClientCore(self.session.message)
        #: What the kernel said of each request, in its order.
        self.said: dict[str, list[str]] = {}
        #: What the client saw of each request, in its order.
        self.seen: dict[str, list[str]] = {}
        self.sent: dict[str, Message] = {}
        self.aborted: set[str] = set()
        self.lost: set[str] = set()
        self.idle: set[str | None] = set()
        self.start_kernel()

    def start_kernel(self) -> None:
        self.kernel = Dispatcher(self.session.message)
        self.running: Message | None = None
        self.shell: deque[Message] = deque()
        self.iopub: deque[Message] = deque()

    # -- what can happen

    @rule(msg_type=st.sampled_from(TYPES))
    def a_client_sends(self, msg_type: str) -> None:
        request = self.client.request(msg_type, {"code": "x"})
        self.sent[request.msg_id] = request
        self.said[request.msg_id] = []
        self.seen[request.msg_id] = []
        self.perform(self.kernel.receive(request))

    @precondition(lambda self: self.running is not None)
    @rule(abort=st.booleans())
    def the_kernel_finishes(self, abort: bool) -> None:
        request = self.running
        assert request is not None
        waiting = list(self.kernel.queue)
        self.running = None
        effects = self.kernel.finished({"status": "error" if abort else "ok"}, abort=abort)
        if abort:
            self.aborted |= {each.msg_id for each in waiting if each.msg_type == "execute_request"}
        self.perform(effects)

    @precondition(lambda self: self.running is not None)
    @rule()
    def the_kernel_prints(self) -> None:
        assert self.running is not None
        self.publish("stream", self.running)

    @precondition(lambda self: self.running is not None)
    @rule()
    def the_kernel_asks(self) -> None:
        assert self.running is not None
        question = self.session.message(
            Channel.STDIN, "input_request", {"prompt": ""}, parent=self.running.header
        )
        self.take(question)

    @rule()
    def somebody_else_is_busy(self) -> None:
        other = self.session.message(Channel.SHELL, "execute_request")
        for state in ("busy", "idle"):
            self.iopub.append(
                self.session.message(
                    Channel.IOPUB, "status", {"execution_state": state}, parent=other.header
                )
            )

    @rule(count=st.integers(1, 4))
    def the_shell_socket_delivers(self, count: int) -> None:
        for _ in range(min(count, len(self.shell))):
            self.take(self.shell.popleft())

    @rule(count=st.integers(1, 4))
    def the_iopub_socket_delivers(self, count: int) -> None:
        for _ in range(min(count, len(self.iopub))):
            self.take(self.iopub.popleft())

    @rule()
    def the_kernel_is_killed_and_started_again(self) -> None:
        late = [*self.shell, *self.iopub]
        self.start_kernel()
        for event in self.client.abandon("killed"):
            assert isinstance(event, Abandoned)
            self.seen[event.request.msg_id].append("abandoned")
            self.lost.add(event.request.msg_id)
        for message in late:
            self.take(message)

    # -- how it is carried out

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Run):
                assert self.running is None, "two requests of a lane run at a time"
                self.running = effect.request
                continue
            message = effect.message
            assert message.parent is not None
            said = self.said[message.parent.msg_id]
            if message.channel is Channel.IOPUB:
                said.append(message.content["execution_state"])
                self.iopub.append(message)
            else:
                said.append(f"{message.msg_type} {message.content['status']}")
                self.shell.append(message)

    def publish(self, msg_type: str, request: Message) -> None:
        self.iopub.append(self.session.message(Channel.IOPUB, msg_type, parent=request.header))

    def take(self, message: Message) -> None:
        if message.content.get("execution_state") == "idle":
            self.idle.add(message.parent_id)
        for event in self.client.receive(message):
            if isinstance(event, (StatusChanged, Orphan)):
                continue
            seen = self.seen[event.request.msg_id]
            assert isinstance(event, (Replied, Output, InputAsked, Finished))
            seen.append(type(event).__name__)
            if isinstance(event, Finished):
                assert event.request.msg_id in self.idle, "it ended before its output did"
                request = self.sent[event.request.msg_id]
                assert (event.reply is None) == (reply_type(request.msg_type) is None)

    # -- what always holds

    @invariant()
    def the_kernel_waits_for_nobody(self) -> None:
        if hasattr(self, "kernel") and self.kernel.running is None:
            assert not self.kernel.queue

    @invariant()
    def nothing_follows_the_end(self) -> None:
        for seen in getattr(self, "seen", {}).values():
            assert not {"Finished", "abandoned"} & set(seen[:-1])

    def teardown(self) -> None:
        if not hasattr(self, "kernel"):
            return
        while self.running is not None:
            self.the_kernel_finishes(abort=False)
        while self.shell or self.iopub:
            self.the_shell_socket_delivers(4)
            self.the_iopub_socket_delivers(4)
        assert self.client.open == {}
        for msg_id, request in self.sent.items():
            if msg_id in self.lost:
                continue
            assert self.said[msg_id][0] == "busy"
            assert self.said[msg_id][-1] == "idle"
            replies = self.said[msg_id][1:-1]
            expected = reply_type(request.msg_type)
            if expected is None:
                assert replies == []
            elif msg_id in self.aborted:
                assert replies == [f"{expected} aborted"]
            else:
                assert replies in ([f"{expected} ok"], [f"{expected} error"])
            assert self.seen[msg_id][-1] == "Finished"
            assert self.seen[msg_id].count("Replied") == (expected is not None)


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=60, stateful_step_count=40)
