"""Everything that a client can ask of a kernel, written once for the blocking and the asyncio client.

`Requests` knows the names and the contents of the messages, and leaves to its two heirs what it means to send one and to wait. It hands them a function that registers the request, to be called when they are ready to send: the asyncio client's requests are sent when they are awaited.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nuncius.protocol.client.execution import execute_content, execute_metadata
from nuncius.protocol.messages import Buffer, Channel
from nuncius.protocol.session import new_id

if TYPE_CHECKING:
    from nuncius.protocol.client.exchange import Exchange, Input, Pending
    from nuncius.protocol.core.client import Event
    from nuncius.protocol.core.outputs import OutputCollector
    from nuncius.protocol.messages import Message

__all__ = ["Requests"]

#: What a request returns: the reply, or something that is awaited for it.
R = TypeVar("R")
#: What `execute` returns.
E = TypeVar("E")


class Requests(ABC, Generic[R, E]):
    """The requests of the protocol, one method each.

    Every method takes ``timeout``, in seconds: without a reply in time, `KernelTimeout` says what was awaited. None waits as long as the kernel lives.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @abstractmethod
    def _request(self, make: Callable[[], Pending], timeout: float | None) -> R:
        """Send the request that ``make`` registers, and return its reply."""

    @abstractmethod
    def _tell(self, make: Callable[[], Pending]) -> R:
        """Send the message that ``make`` registers, and return it."""

    @abstractmethod
    def _begin(self, make: Callable[[], Pending]) -> E:
        """Send the execute request that ``make`` registers, and return its execution."""

    @property
    def state(self) -> str:
        """What the kernel said last of itself: ``starting``, ``busy``, ``idle``; ``unknown`` before."""
        return self._exchange.core.state

    def subscribe(self, subscriber: Callable[[Event], None]) -> Callable[[], None]:
        """Have ``subscriber`` called with every event, those of other clients' requests included (as `Orphan`); return what ends that."""
        return self._exchange.subscribe(subscriber)

    def request(
        self,
        msg_type: str,
        content: Mapping[str, Any] | None = None,
        *,
        channel: Channel = Channel.SHELL,
        metadata: Mapping[str, Any] | None = None,
        buffers: tuple[Buffer, ...] = (),
        subshell_id: str | None = None,
        timeout: float | None = None,
    ) -> R:
        """Send any request, and return its reply.

        Args:
            msg_type: Such as ``complete_request``.
            content: Its body.
            channel: Shell, or control to pass the cells that wait or run.
            metadata: What is said about it.
            buffers: Binary parts.
            subshell_id: The subshell that is to handle it.
            timeout: Seconds to wait for the reply.

        Raises:
            KernelTimeout: No reply in time.
            KernelDied: The kernel is gone, or was restarted.
            TransportClosed: This client is closed.
        """
        return self._request(
            lambda: self._exchange.request(
                msg_type,
                content,
                channel=channel,
                metadata=metadata,
                buffers=buffers,
                subshell_id=subshell_id,
            ),
            timeout,
        )

    def notify(
        self,
        msg_type: str,
        content: Mapping[str, Any] | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
        buffers: tuple[Buffer, ...] = (),
        subshell_id: str | None = None,
    ) -> R:
        """Send a message that gets no reply; return the message as it was sent.

        Raises:
            TransportClosed: This client is closed.
        """
        return self._tell(
            lambda: self._exchange.request(
                msg_type, content, metadata=metadata, buffers=buffers, subshell_id=subshell_id
            )
        )

    def execute(
        self,
        code: str,
        *,
        silent: bool = False,
        store_history: bool = True,
        user_expressions: Mapping[str, str] | None = None,
        allow_stdin: bool | None = None,
        stop_on_error: bool = True,
        cell_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        subshell_id: str | None = None,
        outputs: OutputCollector | None = None,
        collect: bool = True,
        on_output: Callable[[Message], None] | None = None,
        on_input: Callable[[Input], Any] | None = None,
    ) -> E:
        """Run a cell.

        Args:
            code: The source.
            silent: Publish nothing, store nothing, count nothing.
            store_history: Keep it in the history and count it.
            user_expressions: Name -> expression, evaluated after success.
            allow_stdin: The code may ask for input; by default it may if there is an ``on_input``, here or of the client.
            stop_on_error: On an error, abort the cells that are already queued.
            cell_id: Of the notebook cell, for the kernel.
            metadata: Of the message.
            subshell_id: The subshell that is to run it.
            outputs: The collector of a document; by default the execution has one for itself.
            collect: Have one; without it, for frontends that show outputs and keep none, the result has no outputs.
            on_output: Called with each message that the cell publishes, as it comes. Then iterating gives nothing.
            on_input: Called when the code asks for input; returns the line. EOFError stands for the end of the input.

        Returns:
            The execution, which is on its way: iterate over what it publishes, and get its result. In-process, the blocking client returns when the cell has run.

        Raises:
            TransportClosed: This client is closed.
        """
        if allow_stdin is None:
            allow_stdin = (on_input or self._exchange.on_input) is not None
        content = execute_content(
            code,
            silent=silent,
            store_history=store_history,
            user_expressions=user_expressions,
            allow_stdin=allow_stdin,
            stop_on_error=stop_on_error,
        )
        return self._begin(
            lambda: self._exchange.execute(
                content,
                metadata=execute_metadata(metadata, cell_id),
                subshell_id=subshell_id,
                outputs=outputs,
                collect=collect,
                on_output=on_output,
                on_input=on_input,
            )
        )

    # -- shell

    def kernel_info(self, *, channel: Channel = Channel.SHELL, timeout: float | None = None) -> R:
        """Ask the kernel for its language, version, banner and features."""
        return self.request("kernel_info_request", channel=channel, timeout=timeout)

    def complete(
        self,
        code: str,
        cursor_pos: int | None = None,
        *,
        subshell_id: str | None = None,
        timeout: float | None = None,
    ) -> R:
        """Ask for completions.

        Args:
            code: The cell as it is.
            cursor_pos: In Unicode code points; None is the end.
            subshell_id: The subshell to ask.
            timeout: Seconds to wait for the reply.
        """
        content = {"code": code, "cursor_pos": len(code) if cursor_pos is None else cursor_pos}
        return self.request("complete_request", content, subshell_id=subshell_id, timeout=timeout)

    def inspect(
        self,
        code: str,
        cursor_pos: int | None = None,
        detail_level: int = 0,
        *,
        subshell_id: str | None = None,
        timeout: float | None = None,
    ) -> R:
        """Ask for help on the object at the cursor.

        Args:
            code: The cell as it is.
            cursor_pos: In Unicode code points; None is the end.
            detail_level: 0 for the documentation, 1 for the source as well.
            subshell_id: The subshell to ask.
            timeout: Seconds to wait for the reply.
        """
        content = {
            "code": code,
            "cursor_pos": len(code) if cursor_pos is None else cursor_pos,
            "detail_level": detail_level,
        }
        return self.request("inspect_request", content, subshell_id=subshell_id, timeout=timeout)

    def is_complete(self, code: str, *, timeout: float | None = None) -> R:
        """Ask whether ``code`` can be run, or needs another line, and with which indent."""
        return self.request("is_complete_request", {"code": code}, timeout=timeout)

    def history(
        self,
        hist_access_type: str = "tail",
        *,
        raw: bool = True,
        output: bool = False,
        n: int | None = None,
        pattern: str | None = None,
        unique: bool = False,
        session: int | None = None,
        start: int | None = None,
        stop: int | None = None,
        timeout: float | None = None,
    ) -> R:
        """Ask for earlier input.

        Args:
            hist_access_type: ``tail`` (the last ``n``), ``search`` (those like ``pattern``) or ``range`` (``start`` to ``stop`` of a session).
            raw: As typed, rather than as transformed.
            output: With the results.
            n: How many, at most.
            pattern: With ``*`` and ``?``.
            unique: Without repetitions.
            session: Its number; 0 is the present one, negative ones count back.
            start: First line.
            stop: The line after the last one.
            timeout: Seconds to wait for the reply.
        """
        content: dict[str, Any] = {
            "hist_access_type": hist_access_type,
            "raw": raw,
            "output": output,
        }
        if hist_access_type == "range":
            content.update(session=session or 0, start=start or 0, stop=stop)
        else:
            content["n"] = 1000 if n is None else n
        if hist_access_type == "search":
            content.update(pattern=pattern or "*", unique=unique)
        return self.request("history_request", content, timeout=timeout)

    def comm_info(self, target_name: str | None = None, *, timeout: float | None = None) -> R:
        """Ask for the comms that are open, of one target or all."""
        content = {} if target_name is None else {"target_name": target_name}
        return self.request("comm_info_request", content, timeout=timeout)

    # -- control

    def interrupt(self, *, msg_id: str | None = None, timeout: float | None = None) -> R:
        """Interrupt the running cell by a message. Not every kernel knows it; others want a signal, see the kernel manager.

        Args:
            msg_id: Of an execute request: only that is interrupted, whether it runs, waits behind others, or has left a task in the background. Kernels whose ``supported_features`` do not name ``interrupt cell`` interrupt what runs.
            timeout: Seconds to wait for the reply.
        """
        content = {} if msg_id is None else {"msg_id": msg_id}
        return self.request("interrupt_request", content, channel=Channel.CONTROL, timeout=timeout)

    def shutdown(self, restart: bool = False, *, timeout: float | None = None) -> R:
        """Ask the kernel to end.

        Args:
            restart: Another one will be started in its place.
            timeout: Seconds to wait for the reply.
        """
        return self.request(
            "shutdown_request", {"restart": restart}, channel=Channel.CONTROL, timeout=timeout
        )

    def debug(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        seq: int = 1,
        timeout: float | None = None,
    ) -> R:
        """Send a request of the Debug Adapter Protocol; the reply's content is its response.

        Args:
            command: Such as ``initialize``.
            arguments: Of the command.
            seq: Its number in the debug session.
            timeout: Seconds to wait for the reply.
        """
        content = {
            "type": "request",
            "seq": seq,
            "command": command,
            "arguments": arguments or {},
        }
        return self.request("debug_request", content, channel=Channel.CONTROL, timeout=timeout)

    def usage(self, *, timeout: float | None = None) -> R:
        """Ask for the processor and memory use of the kernel."""
        return self.request("usage_request", channel=Channel.CONTROL, timeout=timeout)

    def variables(
        self,
        path: Sequence[str | int] = (),
        *,
        offset: int = 0,
        limit: int = 100,
        timeout: float | None = None,
    ) -> R:
        """Ask for variables, or for what is in one, while a cell runs, too. Ask kernels whose ``supported_features`` name ``variables``.

        Args:
            path: What to look into: the name of a variable, then the ``position`` of a part in it, and so on. Empty for the variables themselves.
            offset: The first that is wanted.
            limit: How many; a kernel may have a limit of its own.
            timeout: Seconds to wait for the reply.
        """
        content = {"path": list(path), "offset": offset, "limit": limit}
        return self.request("variables_request", content, channel=Channel.CONTROL, timeout=timeout)

    def create_subshell(self, *, timeout: float | None = None) -> R:
        """Make a subshell; ``subshell_id`` in the reply names it."""
        return self.request("create_subshell_request", channel=Channel.CONTROL, timeout=timeout)

    def delete_subshell(self, subshell_id: str, *, timeout: float | None = None) -> R:
        """End a subshell."""
        return self.request(
            "delete_subshell_request",
            {"subshell_id": subshell_id},
            channel=Channel.CONTROL,
            timeout=timeout,
        )

    def list_subshells(self, *, timeout: float | None = None) -> R:
        """Ask for the ids of the subshells."""
        return self.request("list_subshell_request", channel=Channel.CONTROL, timeout=timeout)

    # -- comms

    def comm_open(
        self,
        target_name: str,
        data: Mapping[str, Any] | None = None,
        *,
        comm_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        buffers: tuple[Buffer, ...] = (),
    ) -> R:
        """Open a comm; its id is in the content of the message that is returned.

        Args:
            target_name: What is registered in the kernel.
            data: The first message.
            comm_id: A new id by default.
            metadata: What is said about it.
            buffers: Binary parts.
        """
        content = {
            "comm_id": comm_id or new_id(),
            "target_name": target_name,
            "data": data or {},
        }
        return self.notify("comm_open", content, metadata=metadata, buffers=buffers)

    def comm_msg(
        self,
        comm_id: str,
        data: Mapping[str, Any] | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
        buffers: tuple[Buffer, ...] = (),
    ) -> R:
        """Send data through a comm."""
        content = {"comm_id": comm_id, "data": data or {}}
        return self.notify("comm_msg", content, metadata=metadata, buffers=buffers)

    def comm_close(self, comm_id: str, data: Mapping[str, Any] | None = None) -> R:
        """Close a comm."""
        return self.notify("comm_close", {"comm_id": comm_id, "data": data or {}})
