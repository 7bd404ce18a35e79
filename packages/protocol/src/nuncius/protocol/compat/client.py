"""Talk to a kernel by single messages, as dictionaries: `BlockingKernelClient` and `AsyncKernelClient` with the methods of jupyter_client's.

Both are one class with two ways of waiting. Its methods are written as coroutines; in the blocking client nothing in them ever suspends, so they can be run by taking one step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from queue import Empty
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nuncius.protocol.compat.channels import ClientChannel, HeartbeatChannel
from nuncius.protocol.compat.conversation import Readiness, ask_terminal, print_output
from nuncius.protocol.compat.session import Session, message_dict
from nuncius.protocol.compat.sockets import ConnectsSockets
from nuncius.protocol.connection import (
    ConnectionInfo,
    find_connection_file,
    load_connection_file,
    new_connection_path,
    new_key,
)
from nuncius.protocol.connection import write_connection_file as _write
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.transport.zmq import ZmqChannels

if TYPE_CHECKING:
    import asyncio

__all__ = [
    "AsyncKernelClient",
    "BlockingKernelClient",
    "ClientChannel",
    "KernelClient",
    "find_connection_file",
    "write_connection_file",
]

T = TypeVar("T")


def write_connection_file(fname: str | None = None, **fields: Any) -> tuple[str, dict[str, Any]]:
    """Write a connection file; ports that are not given stay 0, for the kernel to choose.

    Returns:
        Its path and what stands in it.
    """
    if isinstance(key := fields.pop("key", b""), bytes):
        key = key.decode()
    info = ConnectionInfo.from_dict({"key": key or new_key(), **fields})
    path = _write(info, fname or new_connection_path())
    return path, info.to_dict()


class KernelClient(ConnectsSockets, Generic[T]):
    """What both clients are.

    Args:
        connection_file: Its path or name.
        session: Signs the messages.
        parent: The manager that made this client.
        **fields: Of the connection (``ip``, ``shell_port``...); others are ignored.
    """

    #: Whether code may ask for input by default.
    allow_stdin = True

    def __init__(
        self,
        *,
        connection_file: str = "",
        session: Session | None = None,
        parent: Any = None,
        **fields: Any,
    ) -> None:
        self.connection_file = connection_file
        self.parent = parent
        known = {name: fields[name] for name in ConnectionInfo().to_dict() if name in fields}
        if isinstance(known.get("key"), bytes):
            known["key"] = known["key"].decode()
        self._info = ConnectionInfo.from_dict(known)
        self.session = session or Session(
            key=self._info.key, signature_scheme=self._info.signature_scheme
        )
        self._channels: ZmqChannels | None = None
        #: What arrived and nobody has asked for yet.
        self._inboxes: dict[Channel, deque[dict[str, Any]]] = {
            channel: deque() for channel in Channel
        }

    # -- the connection

    @property
    def info(self) -> ConnectionInfo:
        """Where the kernel listens."""
        return self._info

    def __getattr__(self, name: str) -> Any:
        # ip, transport, shell_port and so on.
        if name in ("ip", "transport") or name.endswith("_port"):
            return getattr(self._info, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def load_connection_file(self, connection_file: str | None = None) -> None:
        """Read the connection file; its path or name may be given here."""
        path = find_connection_file(connection_file or self.connection_file or None)
        self.connection_file = path
        self._use(load_connection_file(path))

    def load_connection_info(self, info: Mapping[str, Any]) -> None:
        """Take the connection from a mapping."""
        fields = dict(info)
        if isinstance(fields.get("key"), bytes):
            fields["key"] = fields["key"].decode()
        self._use(ConnectionInfo.from_dict({**self._info.to_dict(), **fields}))

    def _use(self, info: ConnectionInfo) -> None:
        self._info = info
        self.session.key = info.key.encode()
        self.session.signature_scheme = info.signature_scheme

    def get_connection_info(self, session: bool = False) -> dict[str, Any]:
        """Return the connection as a mapping, with the session instead of its key if asked."""
        data = self._info.to_dict()
        data["key"] = self.session.key
        if session:
            del data["key"]
            data["session"] = self.session.clone()
        return data

    # -- channels

    def start_channels(self, **ignored: bool) -> None:
        """Connect."""
        if self._channels is None:
            if not self._info.has_ports and self.connection_file:
                self.load_connection_file()
            self._channels = ZmqChannels(self._info, self.session.core)
            self._channels.open()

    def stop_channels(self) -> None:
        """Close the connection."""
        channels, self._channels = self._channels, None
        if channels is not None:
            channels.close()

    @property
    def channels_running(self) -> bool:
        """Whether the connection is open."""
        return self._channels is not None

    @property
    def shell_channel(self) -> ClientChannel:
        """The shell socket."""
        return ClientChannel(self, Channel.SHELL)

    @property
    def iopub_channel(self) -> ClientChannel:
        """The iopub socket."""
        return ClientChannel(self, Channel.IOPUB)

    @property
    def stdin_channel(self) -> ClientChannel:
        """The stdin socket."""
        return ClientChannel(self, Channel.STDIN)

    @property
    def control_channel(self) -> ClientChannel:
        """The control socket."""
        return ClientChannel(self, Channel.CONTROL)

    @property
    def hb_channel(self) -> HeartbeatChannel:
        """The heartbeat socket."""
        return HeartbeatChannel(self, Channel.HB)

    def beats(self) -> bool:
        """Whether the kernel's process echoes a heartbeat within a second."""
        return self._channels is not None and self._channels.heartbeat(1.0)

    def send(self, channel: Channel, msg: Mapping[str, Any]) -> str:
        """Send a message; return its id."""
        from nuncius.protocol.session import parse_header, parse_parent

        if self._channels is None:
            self.start_channels()
        assert self._channels is not None
        header = {**msg["header"], "date": str(msg["header"].get("date", ""))}
        self._channels.send(
            Message(
                channel,
                parse_header(header),
                parse_parent(msg.get("parent_header")),
                msg.get("content") or {},
                msg.get("metadata") or {},
                tuple(msg.get("buffers") or ()),
            )
        )
        return str(header["msg_id"])

    def _drain(self) -> None:
        if self._channels is None:
            raise RuntimeError("the channels are not open; call start_channels() first")
        while messages := self._channels.receive(0):
            for message in messages:
                self._inboxes[message.channel].append(message_dict(message.to_dict()))

    async def _next(self, channel: Channel, timeout: float | None) -> dict[str, Any]:
        inbox = self._inboxes[channel]
        self._drain()
        deadline = None if timeout is None else monotonic() + timeout
        while not inbox:
            remaining = None if deadline is None else deadline - monotonic()
            if remaining is not None and remaining <= 0:
                raise Empty
            await self._wait(remaining)
            self._drain()
        return inbox.popleft()

    async def _wait(self, timeout: float | None) -> None:
        """Wait until something may have arrived, on any channel."""
        raise NotImplementedError

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Return the coroutine's result, or the coroutine for an asyncio client."""
        raise NotImplementedError

    def get_msg(self, channel: Channel, timeout: float | None = None) -> Any:
        """Return the next message of a channel, or raise `queue.Empty`."""
        return self._run(self._next(channel, timeout))

    def get_msgs(self, channel: Channel) -> Any:
        """Return all messages of a channel that are there."""

        async def get() -> list[dict[str, Any]]:
            self._drain()
            inbox = self._inboxes[channel]
            messages = list(inbox)
            inbox.clear()
            return messages

        return self._run(get())

    def msg_ready(self, channel: Channel) -> Any:
        """Whether there is a message on a channel."""

        async def ready() -> bool:
            self._drain()
            return bool(self._inboxes[channel])

        return self._run(ready())

    def get_shell_msg(self, timeout: float | None = None, **_: Any) -> Any:
        """Return the next message of the shell channel, or raise `queue.Empty`."""
        return self.get_msg(Channel.SHELL, timeout)

    def get_iopub_msg(self, timeout: float | None = None, **_: Any) -> Any:
        """Return the next message of the iopub channel, or raise `queue.Empty`."""
        return self.get_msg(Channel.IOPUB, timeout)

    def get_stdin_msg(self, timeout: float | None = None, **_: Any) -> Any:
        """Return the next message of the stdin channel, or raise `queue.Empty`."""
        return self.get_msg(Channel.STDIN, timeout)

    def get_control_msg(self, timeout: float | None = None, **_: Any) -> Any:
        """Return the next message of the control channel, or raise `queue.Empty`."""
        return self.get_msg(Channel.CONTROL, timeout)

    # -- requests

    def _request(
        self,
        msg_type: str,
        content: Mapping[str, Any],
        reply: bool,
        timeout: float | None,
        channel: Channel = Channel.SHELL,
    ) -> Any:
        msg_id = self.send(channel, self.session.msg(msg_type, content))
        return self._run(self._recv_reply(msg_id, timeout, channel)) if reply else msg_id

    async def _recv_reply(
        self, msg_id: str, timeout: float | None, channel: Channel
    ) -> dict[str, Any]:
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            remaining = None if deadline is None else max(0.0, deadline - monotonic())
            try:
                reply = await self._next(channel, remaining)
            except Empty:
                raise TimeoutError(f"no reply on {channel} in {timeout} s") from None
            if reply["parent_header"].get("msg_id") == msg_id:
                return reply

    def execute(
        self,
        code: str,
        silent: bool = False,
        store_history: bool = True,
        user_expressions: Mapping[str, str] | None = None,
        allow_stdin: bool | None = None,
        stop_on_error: bool = True,
        *,
        reply: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """Send a cell; return the id of the message, or the reply if asked."""
        return self._request(
            "execute_request",
            _execute_content(
                code,
                silent,
                store_history,
                user_expressions,
                self.allow_stdin if allow_stdin is None else allow_stdin,
                stop_on_error,
            ),
            reply,
            timeout,
        )

    def complete(
        self,
        code: str,
        cursor_pos: int | None = None,
        *,
        reply: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """Ask for completions."""
        content = {"code": code, "cursor_pos": len(code) if cursor_pos is None else cursor_pos}
        return self._request("complete_request", content, reply, timeout)

    def inspect(
        self,
        code: str,
        cursor_pos: int | None = None,
        detail_level: int = 0,
        *,
        reply: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """Ask for help on an object."""
        content = {
            "code": code,
            "cursor_pos": len(code) if cursor_pos is None else cursor_pos,
            "detail_level": detail_level,
        }
        return self._request("inspect_request", content, reply, timeout)

    def history(
        self,
        raw: bool = True,
        output: bool = False,
        hist_access_type: str = "range",
        *,
        reply: bool = False,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Ask for earlier input."""
        if hist_access_type == "range":
            kwargs.setdefault("session", 0)
            kwargs.setdefault("start", 0)
        content = {
            "raw": raw,
            "output": output,
            "hist_access_type": hist_access_type,
            **kwargs,
        }
        return self._request("history_request", content, reply, timeout)

    def kernel_info(self, *, reply: bool = False, timeout: float | None = None) -> Any:
        """Ask the kernel what it is."""
        return self._request("kernel_info_request", {}, reply, timeout)

    def comm_info(
        self,
        target_name: str | None = None,
        *,
        reply: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """Ask for the comms that are open."""
        content = {} if target_name is None else {"target_name": target_name}
        return self._request("comm_info_request", content, reply, timeout)

    def is_complete(self, code: str, *, reply: bool = False, timeout: float | None = None) -> Any:
        """Ask whether code can be run."""
        return self._request("is_complete_request", {"code": code}, reply, timeout)

    def shutdown(
        self, restart: bool = False, *, reply: bool = False, timeout: float | None = None
    ) -> Any:
        """Ask the kernel to end."""
        return self._request(
            "shutdown_request", {"restart": restart}, reply, timeout, Channel.CONTROL
        )

    def input(self, string: str) -> None:
        """Answer a question of the kernel's."""
        self.send(Channel.STDIN, self.session.msg("input_reply", {"value": string}))

    # -- conversations

    def is_alive(self) -> Any:
        """Whether the kernel lives: its manager says, or its heartbeat."""

        async def alive() -> bool:
            if self.parent is not None and hasattr(self.parent, "is_alive"):
                answer = self.parent.is_alive()
                return bool(await answer if hasattr(answer, "__await__") else answer)
            return self.beats()

        return self._run(alive())

    def wait_for_ready(self, timeout: float | None = None) -> Any:
        """Wait until the kernel answers and its output reaches us.

        Raises:
            RuntimeError: It does not in time.
        """
        return self._run(self._wait_for_ready(timeout))

    async def _wait_for_ready(self, timeout: float | None) -> None:
        deadline = None if timeout is None else monotonic() + timeout
        readiness, pause = Readiness(self.kernel_info()), 0.005
        while True:
            self._drain()
            for channel in (Channel.SHELL, Channel.IOPUB):
                while inbox := self._inboxes[channel]:
                    readiness.hear(channel, inbox.popleft())
            if readiness.is_complete:
                return
            remaining = None if deadline is None else deadline - monotonic()
            if remaining is not None and remaining <= 0:
                raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")
            if not readiness.is_unheard:
                await self._wait(remaining)
                continue
            await self._wait(pause if remaining is None else min(pause, remaining))
            self._drain()
            if not self._inboxes[Channel.IOPUB]:
                readiness.ask(self.kernel_info())
                pause = min(pause * 2, 0.25)

    def execute_interactive(
        self,
        code: str,
        silent: bool = False,
        store_history: bool = True,
        user_expressions: Mapping[str, str] | None = None,
        allow_stdin: bool | None = None,
        stop_on_error: bool = True,
        timeout: float | None = None,
        output_hook: Callable[[dict[str, Any]], Any] | None = None,
        stdin_hook: Callable[[dict[str, Any]], Any] | None = None,
    ) -> Any:
        """Run a cell, show its output, pass on its questions; return the reply.

        Args:
            code: The source.
            silent: Publish nothing.
            store_history: Keep it in the history.
            user_expressions: Name -> expression.
            allow_stdin: The code may ask for input.
            stop_on_error: On an error, abort the cells that are queued.
            timeout: Seconds for the whole.
            output_hook: Called with each message that the cell publishes; by default they are printed.
            stdin_hook: Called with each question; by default the terminal is asked.

        Raises:
            TimeoutError: It has not finished in time.
        """
        if allow_stdin is None:
            allow_stdin = self.allow_stdin
        content = _execute_content(
            code, silent, store_history, user_expressions, allow_stdin, stop_on_error
        )
        msg_id = self.send(Channel.SHELL, self.session.msg("execute_request", content))
        return self._run(
            self._converse(
                msg_id, timeout, output_hook or print_output, stdin_hook or self._ask_terminal
            )
        )

    async def _converse(
        self,
        msg_id: str,
        timeout: float | None,
        output_hook: Callable[[dict[str, Any]], Any],
        stdin_hook: Callable[[dict[str, Any]], Any],
    ) -> dict[str, Any]:
        deadline = None if timeout is None else monotonic() + timeout
        idle = False
        while not idle:
            self._drain()
            while questions := self._inboxes[Channel.STDIN]:
                await _maybe(stdin_hook(questions.popleft()))
            while (published := self._inboxes[Channel.IOPUB]) and not idle:
                message = published.popleft()
                if message["parent_header"].get("msg_id") != msg_id:
                    continue
                await _maybe(output_hook(message))
                idle = message["content"].get("execution_state") == "idle"
            if not idle:
                remaining = None if deadline is None else deadline - monotonic()
                if remaining is not None and remaining <= 0:
                    raise TimeoutError(f"the cell has not finished in {timeout} s")
                await self._wait(remaining)
        remaining = None if deadline is None else max(0.0, deadline - monotonic())
        return await self._recv_reply(msg_id, remaining, Channel.SHELL)

    def _ask_terminal(self, msg: dict[str, Any]) -> None:
        self.input(ask_terminal(msg["content"]))


class BlockingKernelClient(KernelClient[Any]):
    """A client whose methods return when their answer is there."""

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value
        raise AssertionError("a blocking client waited for something that is not there")

    async def _wait(self, timeout: float | None) -> None:
        assert self._channels is not None
        for message in self._channels.receive(timeout):
            self._inboxes[message.channel].append(message_dict(message.to_dict()))


class AsyncKernelClient(KernelClient[Any]):
    """A client whose methods are coroutines."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watched: list[int] = []
        self._waiters: list[asyncio.Future[None]] = []

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return coroutine

    async def _wait(self, timeout: float | None) -> None:
        import asyncio

        assert self._channels is not None
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._unwatch()
            self._loop = loop
            for _, descriptor in self._channels.filenos():
                loop.add_reader(descriptor, self._drain)
                self._watched.append(descriptor)
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiters.append(waiter)
        # What arrived between the last look and now gives no new edge.
        self._drain()
        try:
            async with asyncio.timeout(timeout):
                await waiter
        except TimeoutError:
            pass
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _drain(self) -> None:
        before = sum(map(len, self._inboxes.values()))
        super()._drain()
        if sum(map(len, self._inboxes.values())) != before:
            # Everyone who waits: each looks for a message of its own channel.
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    def _unwatch(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            for descriptor in self._watched:
                self._loop.remove_reader(descriptor)
        self._watched.clear()
        self._loop = None

    def stop_channels(self) -> None:
        """Close the connection."""
        self._unwatch()
        super().stop_channels()


async def _maybe(value: Any) -> Any:
    return await value if hasattr(value, "__await__") else value


def _execute_content(
    code: str,
    silent: bool,
    store_history: bool,
    user_expressions: Mapping[str, str] | None,
    allow_stdin: bool,
    stop_on_error: bool,
) -> dict[str, Any]:
    if not isinstance(code, str):
        raise ValueError(f"code must be a string: {code!r}")
    return {
        "code": code,
        "silent": silent,
        "store_history": store_history,
        "user_expressions": dict(user_expressions or {}),
        "allow_stdin": allow_stdin,
        "stop_on_error": stop_on_error,
    }
