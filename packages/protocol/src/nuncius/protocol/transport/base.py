"""What every way to a kernel offers, so that clients need not know which one they use.

There are two faces of one connection, and each way has the ones that make sense for it:

* `Transport`, for asyncio: iterate over it to get the messages of all channels.
* `Channels`, for everything else (a blocking client, Qt, a poll loop of your own): `Channels.receive` returns what is there, and `Channels.filenos` tells what to wait for.

Neither knows what messages mean: `nuncius.protocol.core.client.ClientCore` does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol, runtime_checkable

from nuncius.protocol.messages import Channel, Message, MessageFactory

__all__ = ["Channels", "Direct", "Monitored", "Sink", "Transport"]

#: Takes each message as it arrives.
Sink = Callable[[Message], None]


@runtime_checkable
class Transport(Protocol):
    """A connection to one kernel, for asyncio."""

    @property
    def new(self) -> MessageFactory:
        """Makes the messages that can be sent here."""
        ...

    async def open(self) -> None:
        """Connect. Messages may be sent afterwards, whether or not the kernel is there yet.

        Raises:
            KernelError: There is no way to the kernel.
        """
        ...

    async def send(self, message: Message) -> None:
        """Send ``message`` on its channel.

        Raises:
            TransportClosed: It is closed.
            Malformed: It cannot be encoded.
        """
        ...

    def __aiter__(self) -> AsyncIterator[Message]:
        """Iterate over incoming messages of all channels, until `aclose`. Messages that cannot be accepted are logged and dropped."""
        ...

    async def heartbeat(self, timeout: float) -> bool:
        """Tell whether the kernel's process echoes within ``timeout`` seconds; True where there is no heartbeat."""
        ...

    async def aclose(self) -> None:
        """Close; the iteration ends. Closing twice does nothing."""
        ...


@runtime_checkable
class Monitored(Protocol):
    """What a transport, or channels, have besides if they notice that the other end is gone."""

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called, where messages are read, when a connection that stood has ended. The kernel may be dead, or be restarted, or only the way to it may be interrupted."""
        ...

    def check_connection(self) -> None:
        """Call the callback now if that has happened since messages were read last."""
        ...


@runtime_checkable
class Direct(Protocol):
    """What a transport has besides if sending never waits and messages can be handed over where they are read: no task need stand between."""

    def post(self, message: Message) -> None:
        """Send ``message`` on its channel now, see `Transport.send`."""
        ...

    def set_sink(self, sink: Sink | None) -> None:
        """Have each message handed to ``sink``; the iteration then yields none, and still ends with `Transport.aclose`."""
        ...


@runtime_checkable
class Channels(Protocol):
    """A connection to one kernel, without asyncio."""

    @property
    def new(self) -> MessageFactory:
        """Makes the messages that can be sent here."""
        ...

    def open(self) -> None:
        """Connect, see `Transport.open`."""
        ...

    def send(self, message: Message) -> None:
        """Send ``message`` on its channel, see `Transport.send`.

        An in-process kernel handles it before this returns; what it says meanwhile goes to the sink at once.
        """
        ...

    def receive(self, timeout: float | None = 0) -> list[Message]:
        """Wait for messages, and return all that are there.

        Args:
            timeout: Seconds; 0 only looks, None waits for ever.

        Returns:
            The messages of all channels; none if the time is over.

        Raises:
            TransportClosed: It is closed.
        """
        ...

    def set_sink(self, sink: Sink | None) -> None:
        """Have messages pushed where the way allows it: in-process, each message is handed over within the call that causes it, and `receive` returns nothing."""
        ...

    def filenos(self) -> Sequence[tuple[Channel, int]]:
        """Return the file descriptors that become readable when something may have arrived (edge-triggered: call `receive` until it returns nothing). Empty in-process."""
        ...

    def heartbeat(self, timeout: float) -> bool:
        """Tell whether the kernel's process echoes within ``timeout`` seconds; True where there is no heartbeat."""
        ...

    def close(self) -> None:
        """Close. Closing twice does nothing."""
        ...
