"""What a conformance case is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from nuncius.protocol.schemas import problems
from nuncius.protocol.testing.conformance.wire import Answer, Failure, Talk, Wire

if TYPE_CHECKING:
    from nuncius.protocol.connection import ConnectionInfo
    from nuncius.protocol.kernelspec import KernelSpec
    from nuncius.protocol.messages import Message
    from nuncius.protocol.testing.conformance.languages import Snippets

__all__ = ["Case", "NotApplicable", "Owner", "Subject", "case", "expect", "well_formed"]


class NotApplicable(Exception):
    """The kernel does not claim to do what the case is about."""


class Owner(Protocol):
    """Who started the kernel."""

    @property
    def spec(self) -> KernelSpec:
        """The kernelspec that it was started by."""
        ...

    def interrupt(self) -> None:
        """Interrupt it, the way that its kernelspec says."""
        ...

    def restart(self) -> ConnectionInfo:
        """Restart it, and return where it listens then."""
        ...

    def is_alive(self) -> bool:
        """Tell whether its process runs."""
        ...

    def wait(self, timeout: float) -> bool:
        """Tell whether its process ends within ``timeout`` seconds."""
        ...


@dataclass(slots=True)
class Subject:
    """The kernel under test.

    Attributes:
        info: Where it listens.
        talk: The conversation of the present case.
        owner: Who started it; None for a kernel that was there before.
        snippets: Code that it can run.
        kernel_info: The content of its kernel_info_reply.
        patience: Seconds to wait for anything.
        wires: More connections that a case opened.
    """

    info: ConnectionInfo
    talk: Talk
    owner: Owner | None
    snippets: Snippets
    kernel_info: dict[str, Any]
    patience: float
    wires: list[Wire] = field(default_factory=list)

    def code(self, name: str) -> str:
        """Return a snippet.

        Raises:
            NotApplicable: There is none.
        """
        code: str = getattr(self.snippets, name)
        if not code:
            raise NotApplicable(f"no snippet {name!r} for this language")
        return code

    def feature(self, name: str) -> None:
        """Go on only if the kernel says that it has a feature.

        Raises:
            NotApplicable: It does not.
        """
        if name not in self.kernel_info.get("supported_features", ()):
            raise NotApplicable(f"the kernel does not announce {name!r}")

    def owned(self) -> Owner:
        """Return who started the kernel.

        Raises:
            NotApplicable: It was there before.
        """
        if self.owner is None:
            raise NotApplicable("the kernel was not started by this suite")
        return self.owner

    def another(self, topic: bytes = b"") -> Talk:
        """Return a conversation of a second client."""
        wire = Wire(self.info, topic=topic)
        self.wires.append(wire)
        return Talk(wire, self.patience)


@dataclass(frozen=True, slots=True)
class Case:
    """One rule.

    Attributes:
        name: Short, for reports and for choosing cases.
        rule: What the specification asks for.
        level: ``must``: clients fail without it. ``should``: they are worse off.
        run: Raises `Failure` or `NotApplicable`.
        ends: The kernel is gone afterwards.
    """

    name: str
    rule: str
    level: Literal["must", "should"]
    run: Callable[[Subject], None]
    ends: bool = False


def case(
    cases: list[Case], rule: str, level: Literal["must", "should"] = "must", *, ends: bool = False
) -> Callable[[Callable[[Subject], None]], Callable[[Subject], None]]:
    """Return a decorator that adds a function to ``cases``.

    Args:
        cases: The list.
        rule: What the function checks, in a sentence.
        level: Whether a kernel ``must`` keep to it, or ``should``.
        ends: The kernel is gone afterwards.
    """

    def add(run: Callable[[Subject], None]) -> Callable[[Subject], None]:
        cases.append(Case(run.__name__, rule, level, run, ends))
        return run

    return add


def expect(condition: object, text: str) -> None:
    """Fail unless ``condition`` holds.

    Raises:
        Failure: It does not.
    """
    if not condition:
        raise Failure(text)


def well_formed(answer: Answer, *, status: Sequence[str] = ("ok",)) -> Answer:
    """Fail unless the answer is one: busy, what is published, idle, and a reply of a known status, all as specified.

    Raises:
        Failure: It is not.
    """
    request = answer.request
    name = request.msg_type
    types = answer.types
    expect(types[:1] == ["busy"], f"{name}: expected status busy first, got {types}")
    expect(types[-1:] == ["idle"], f"{name}: expected status idle last, got {types}")
    expect(types.count("busy") == 1, f"{name}: expected status busy once, got {types}")
    reply = answer.reply
    if reply is None:
        raise Failure(f"{name}: no reply")
    expected = name.removesuffix("_request") + "_reply"
    expect(reply.msg_type == expected, f"{name}: expected {expected}, got {reply.msg_type}")
    expect(
        reply.channel is request.channel,
        f"{name}: the reply came on {reply.channel}, not {request.channel}",
    )
    if status:
        expect(
            answer.status in status,
            f"{name}: expected status {' or '.join(status)}, got {answer.status}{_error(answer)}",
        )
    for message in (*answer.published, *answer.asked, reply):
        as_specified(message)
    return answer


def as_specified(message: Message) -> None:
    """Fail unless ``message`` is as its type is specified.

    Raises:
        Failure: It is not.
    """
    if found := problems(message):
        raise Failure(f"{message.msg_type}: {'; '.join(found)}")


def _error(answer: Answer) -> str:
    content = answer.content
    return f" ({content['ename']}: {content.get('evalue', '')})" if "ename" in content else ""
