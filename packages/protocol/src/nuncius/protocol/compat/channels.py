"""One socket of a client as an object: `ClientChannel`, with the methods of jupyter_client's.

The sockets are the client's; a channel only passes calls on to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from nuncius.protocol.messages import Channel

__all__ = ["ClientChannel", "HeartbeatChannel"]


class _Client(Protocol):
    """What a channel needs of the client."""

    @property
    def channels_running(self) -> bool: ...
    def send(self, channel: Channel, msg: Mapping[str, Any]) -> str: ...
    def get_msg(self, channel: Channel, timeout: float | None = None) -> Any: ...
    def get_msgs(self, channel: Channel) -> Any: ...
    def msg_ready(self, channel: Channel) -> Any: ...
    def beats(self) -> bool: ...


class ClientChannel:
    """One socket of a client."""

    def __init__(self, client: _Client, channel: Channel) -> None:
        self._client = client
        self.channel = channel

    def start(self) -> None:
        """Do nothing: the client starts its channels together."""

    def stop(self) -> None:
        """Do nothing: the client stops its channels together."""

    close = stop

    def is_alive(self) -> bool:
        """Whether the client's channels are open."""
        return self._client.channels_running

    def send(self, msg: Mapping[str, Any]) -> None:
        """Send a message."""
        self._client.send(self.channel, msg)

    def get_msg(self, timeout: float | None = None, block: bool = True) -> Any:
        """Return the next message.

        Raises:
            queue.Empty: There is none in time.
        """
        return self._client.get_msg(self.channel, timeout if block else 0)

    def get_msgs(self) -> Any:
        """Return all messages that are there."""
        return self._client.get_msgs(self.channel)

    def msg_ready(self) -> Any:
        """Whether there is a message."""
        return self._client.msg_ready(self.channel)


class HeartbeatChannel(ClientChannel):
    """The heartbeat of a client."""

    def is_beating(self) -> bool:
        """Whether the kernel's process echoes."""
        return self._client.beats()

    def pause(self) -> None:
        """Do nothing: nobody listens but `is_beating`."""

    def unpause(self) -> None:
        """Do nothing: nobody listens but `is_beating`."""
