"""A kernel in another process: ours, one that runs already, or one in another language.

The connection lives on an event loop in a thread of its own, so that messages are read while the prompt waits and while the person types an answer. What is to be shown comes to the main thread through a queue.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from nuncius.protocol.client.aio import AsyncClient
from nuncius.protocol.core.client import Event, Orphan
from nuncius.protocol.errors import KernelError, KernelTimeout, NunciusError
from nuncius.protocol.manager.blocking import LoopThread
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.transport.zmq import ZmqTransport

if TYPE_CHECKING:
    from nuncius.protocol.client.exchange import Input
    from nuncius.protocol.client.execution import ExecutionResult
    from nuncius.protocol.connection import ConnectionInfo
    from nuncius.protocol.manager.blocking import BlockingKernelManager
    from nuncius.protocol.tunnel import Tunnel

__all__ = ["RemoteLink"]

T = TypeVar("T")

#: Inputs that the prompt gets from the kernel's history.
_PAST = 1000


@dataclass(frozen=True, slots=True)
class _Asked:
    question: Input
    answer: asyncio.Future[str]


@dataclass(frozen=True, slots=True)
class _Ended:
    result: ExecutionResult | None
    error: Exception | None


class RemoteLink:
    """A link over sockets.

    Args:
        info: Where the kernel listens.
        manager: Takes care of the kernel's process; None if the kernel is not ours.
        tunnel: The way there, to be closed at the end.
        deadline: Seconds that completions may take.
        ready_timeout: Seconds to wait for the kernel's first answer.
    """

    def __init__(
        self,
        info: ConnectionInfo,
        manager: BlockingKernelManager | None = None,
        *,
        tunnel: Tunnel | None = None,
        deadline: float = 2.0,
        ready_timeout: float = 60.0,
    ) -> None:
        self.owned = manager is not None
        self._manager = manager
        self._tunnel = tunnel
        self._deadline = deadline
        self._ready_timeout = ready_timeout
        self._on_other: Callable[[Message], None] | None = None
        self._thread = LoopThread("nuncius-client")
        self._runner = asyncio.Runner()
        self._client: AsyncClient
        self._info: Mapping[str, Any] = {}
        if manager is not None:
            manager.add_callback(self._died, "dead")
        try:
            self._connect(info)
        except BaseException:
            self.close(stop_kernel=True)
            raise

    @property
    def info(self) -> Mapping[str, Any]:
        """The content of ``kernel_info_reply``."""
        return self._info

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run the prompt, see `Link.run`."""
        return self._runner.run(coroutine)

    def execute(
        self,
        code: str,
        *,
        on_output: Callable[[Message], None],
        on_input: Callable[[Input], str],
    ) -> ExecutionResult:
        """Run a cell, see `Link.execute`."""
        inbox: queue.SimpleQueue[Message | _Asked | _Ended] = queue.SimpleQueue()
        self._thread.run(self._begin(code, inbox))
        while True:
            try:
                match inbox.get():
                    case _Ended(result, error):
                        break
                    case _Asked(question, answer):
                        self._answer(question, answer, on_input)
                    case message:
                        on_output(message)
            except KeyboardInterrupt:
                self._interrupt()
        if error is not None:
            raise error
        assert result is not None
        return result

    def judge(self, code: str) -> tuple[str, str]:
        """Tell whether a cell is complete, see `Link.judge`. Python is judged here, other languages by their kernel."""
        if self._info.get("language_info", {}).get("name") == "python":
            from nuncius.protocol.text.inputs import check_complete

            status, indent = check_complete(code)
            return status, " " * (indent or 0)
        try:
            reply = self._thread.run(self._client.is_complete(code, timeout=0.5))
        except NunciusError:
            return "unknown", ""
        content = reply.content
        return str(content.get("status", "unknown")), str(content.get("indent", ""))

    async def complete(self, code: str, position: int) -> Mapping[str, Any]:
        """Ask for completions, see `Link.complete`."""
        try:
            reply = await self._ask(self._client.complete(code, position, timeout=self._deadline))
        except KernelError:
            return {}
        return reply.content

    async def past(self) -> Sequence[str]:
        """Ask for the last inputs, see `Link.past`."""
        try:
            reply = await self._ask(self._client.history("tail", n=_PAST, timeout=10))
        except KernelError:
            return ()
        return [str(entry[-1]) for entry in reply.content.get("history", ())]

    def watch_others(self, on_output: Callable[[Message], None]) -> None:
        """Hand over what belongs to no cell of this shell, see `Link.watch_others`."""
        self._on_other = on_output

    def restart(self) -> None:
        """Start the kernel anew, see `Link.restart`."""
        if self._manager is None:
            raise KernelError("this kernel was started by someone else, who has to restart it")
        self._thread.run(self._client.aclose())
        self._connect(self._manager.restart(now=True))

    def close(self, *, stop_kernel: bool) -> None:
        """Leave the kernel, see `Link.close`."""
        try:
            if hasattr(self, "_client"):
                self._thread.run(self._client.aclose())
        finally:
            self._thread.close()
            self._runner.close()
            if self._manager is not None and stop_kernel:
                self._manager.shutdown()
                self._manager.close()
            if self._tunnel is not None:
                self._tunnel.close()

    # -- on the loop's thread

    def _connect(self, info: ConnectionInfo) -> None:
        self._info = self._thread.run(self._open(info))

    async def _open(self, info: ConnectionInfo) -> Mapping[str, Any]:
        self._client = AsyncClient(ZmqTransport(info))
        await self._client.open()
        self._client.subscribe(self._take_event)
        return (await self._client.wait_until_ready(self._ready_timeout)).content

    async def _begin(self, code: str, inbox: queue.SimpleQueue[Message | _Asked | _Ended]) -> None:
        loop = asyncio.get_running_loop()

        async def ask(question: Input) -> str:
            answer: asyncio.Future[str] = loop.create_future()
            inbox.put(_Asked(question, answer))
            return await answer

        execution = self._client.execute(code, on_output=inbox.put, on_input=ask)

        async def wait() -> None:
            try:
                inbox.put(_Ended(await execution, None))
            except Exception as error:  # noqa: BLE001 - it is raised where the cell was sent
                inbox.put(_Ended(None, error))

        # The reference keeps the task alive; it ends with the cell.
        self._waiting = loop.create_task(wait())

    def _take_event(self, event: Event) -> None:
        if (
            isinstance(event, Orphan)
            and event.message.channel is Channel.IOPUB
            and event.message.msg_type != "status"
            and self._on_other is not None
        ):
            self._on_other(event.message)

    # -- on the main thread

    def _answer(
        self, question: Input, answer: asyncio.Future[str], on_input: Callable[[Input], str]
    ) -> None:
        loop = answer.get_loop()
        try:
            value = on_input(question)
        except EOFError:
            loop.call_soon_threadsafe(answer.set_exception, EOFError())
        except KeyboardInterrupt:
            loop.call_soon_threadsafe(answer.cancel)
            raise
        else:
            loop.call_soon_threadsafe(answer.set_result, value)

    def _interrupt(self) -> None:
        if self._manager is not None:
            self._manager.interrupt()
            return
        try:
            self._thread.run(self._client.interrupt(timeout=2))
        except KernelTimeout:
            print("the kernel does not answer; Ctrl-\\ leaves it")  # noqa: T201

    async def _ask(self, request: Coroutine[Any, Any, Message]) -> Message:
        """Await a request of the client's loop on this one."""
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(request, self._thread.loop)
        )

    def _died(self, *_: object) -> None:
        """Called on the manager's thread when the kernel's process has ended by itself."""
        assert self._manager is not None
        reason = f"the kernel died: {self._manager.last_exit or 'nobody knows why'}"
        self._thread.loop.call_soon_threadsafe(self._client.kernel_died, reason)
