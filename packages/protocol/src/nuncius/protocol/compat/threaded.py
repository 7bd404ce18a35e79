"""A client whose messages are handled on a thread of its own, as graphical programs use it: `ThreadedKernelClient` with the methods of jupyter_client's.

Only that thread touches the sockets: what is sent from others waits in a queue, and a byte in a pipe wakes the thread.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Mapping
from select import select
from typing import Any, ClassVar

from nuncius.protocol.compat.channels import ClientChannel, HeartbeatChannel
from nuncius.protocol.compat.client import BlockingKernelClient
from nuncius.protocol.compat.session import message_dict
from nuncius.protocol.messages import Channel

__all__ = ["ThreadedKernelClient", "ThreadedZMQSocketChannel"]


class ThreadedZMQSocketChannel(ClientChannel):
    """One socket of a client. Override `call_handlers`, which is called on the client's thread."""

    def call_handlers(self, msg: dict[str, Any]) -> None:
        """Take a message that has arrived; by default it can be had by ``get_msg``."""
        client = self._client
        if isinstance(client, ThreadedKernelClient):
            client._inboxes[self.channel].append(msg)  # noqa: SLF001 - one program

    def flush(self, timeout: float = 1.0) -> None:
        """Wait until what has arrived by now is handled, at most ``timeout`` seconds."""
        client = self._client
        if isinstance(client, ThreadedKernelClient):
            client.flush(timeout)


class ThreadedKernelClient(BlockingKernelClient):
    """A client that handles its messages on a thread of its own.

    Replace the classes of the channels to learn of messages.
    """

    shell_channel_class: ClassVar[type[ClientChannel]] = ThreadedZMQSocketChannel
    iopub_channel_class: ClassVar[type[ClientChannel]] = ThreadedZMQSocketChannel
    stdin_channel_class: ClassVar[type[ClientChannel]] = ThreadedZMQSocketChannel
    control_channel_class: ClassVar[type[ClientChannel]] = ThreadedZMQSocketChannel
    hb_channel_class: ClassVar[type[ClientChannel]] = HeartbeatChannel

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._made: dict[Channel, ClientChannel] = {}
        self._thread: threading.Thread | None = None
        self._outbox: deque[tuple[Channel, Mapping[str, Any]]] = deque()
        self._flushes: deque[threading.Event] = deque()
        self._pipe: tuple[int, int] | None = None
        self._stopping = False
        #: Notified whenever something has arrived: for who waits on another thread.
        self._arrived = threading.Condition()
        self._arrivals = 0
        #: How much had arrived when each thread last looked: what comes between its look and its wait is no reason to wait.
        self._looked = threading.local()

    def _channel(self, channel: Channel, kind: type[ClientChannel]) -> Any:
        if channel not in self._made:
            self._made[channel] = kind(self, channel)
        return self._made[channel]

    @property
    def shell_channel(self) -> Any:
        """The shell socket."""
        return self._channel(Channel.SHELL, self.shell_channel_class)

    @property
    def iopub_channel(self) -> Any:
        """The iopub socket."""
        return self._channel(Channel.IOPUB, self.iopub_channel_class)

    @property
    def stdin_channel(self) -> Any:
        """The stdin socket."""
        return self._channel(Channel.STDIN, self.stdin_channel_class)

    @property
    def control_channel(self) -> Any:
        """The control socket."""
        return self._channel(Channel.CONTROL, self.control_channel_class)

    @property
    def hb_channel(self) -> Any:
        """The heartbeat socket."""
        return self._channel(Channel.HB, self.hb_channel_class)

    def start_channels(self, **ignored: bool) -> None:
        """Connect, and start the thread."""
        if self._thread is not None:
            return
        super().start_channels(**ignored)
        self._pipe = os.pipe()
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="kernel-client", daemon=True)
        self._thread.start()

    def stop_channels(self) -> None:
        """End the thread, and close the connection."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping = True
            self._wake()
            thread.join()
            pipe, self._pipe = self._pipe, None
            for descriptor in pipe or ():
                os.close(descriptor)
        super().stop_channels()

    def send(self, channel: Channel, msg: Mapping[str, Any]) -> str:
        """Have a message sent; return its id."""
        if self._thread is None:
            self.start_channels()
        self._outbox.append((channel, msg))
        self._wake()
        return str(msg["header"]["msg_id"])

    def beats(self) -> bool:
        """Whether the thread runs; a heartbeat is not asked for while it does."""
        return self._thread is not None

    def flush(self, timeout: float = 1.0) -> None:
        """Wait until what has arrived by now is handled, at most ``timeout`` seconds."""
        done = threading.Event()
        self._flushes.append(done)
        self._wake()
        done.wait(timeout)

    def _wake(self) -> None:
        if self._pipe is not None:
            os.write(self._pipe[1], b"x")

    def _drain(self) -> None:
        """Read nothing, as the thread does: note how much there is."""
        if self._thread is None:
            raise RuntimeError("the channels are not open; call start_channels() first")
        self._looked.arrivals = self._arrivals

    async def _wait(self, timeout: float | None) -> None:
        before = self._looked.arrivals
        with self._arrived:
            self._arrived.wait_for(lambda: self._arrivals != before, timeout)

    # -- on the thread

    def _serve(self) -> None:
        assert self._channels is not None
        assert self._pipe is not None
        while not self._stopping:
            self._send_all()
            flushes = list(self._flushes)
            if self._take():
                continue
            for done in flushes:
                self._flushes.remove(done)
                done.set()
            descriptors = [number for _, number in self._channels.filenos()]
            ready, _, _ = select([self._pipe[0], *descriptors], [], [])
            if self._pipe[0] in ready:
                os.read(self._pipe[0], 4096)
        self._send_all()

    def _send_all(self) -> None:
        while self._outbox:
            channel, msg = self._outbox.popleft()
            super().send(channel, msg)

    def _take(self) -> bool:
        assert self._channels is not None
        messages = self._channels.receive(0)
        for message in messages:
            data = message_dict(message.to_dict())
            handler = getattr(self, f"{message.channel}_channel")
            with self._arrived:
                self._handle(handler, data)
                self._arrivals += 1
                self._arrived.notify_all()
        return bool(messages)

    def _handle(self, handler: ThreadedZMQSocketChannel, data: dict[str, Any]) -> None:
        try:
            handler.call_handlers(data)
        except NotImplementedError:  # theirs raises it where nobody has overridden it
            pass
        except Exception:
            # The next messages are still to come: a mistake in one handler must not end the thread.
            logging.getLogger(__name__).exception("a handler of %s failed", handler.channel)
