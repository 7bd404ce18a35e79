"""A kernel in the shell's own process: cells run here, on the main thread, with the terminal's real file descriptors."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from nuncius.protocol.client.blocking import Client
from nuncius.protocol.core.client import Event, Orphan
from nuncius.protocol.errors import KernelError
from nuncius.protocol.kernel import CompleteRequest, HistoryRequest, InspectRequest
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.serving.host import CallHost, find_kernel
from nuncius.protocol.serving.streams import Policy
from nuncius.protocol.transport.memory import MemoryChannels

if TYPE_CHECKING:
    from nuncius.protocol.client.exchange import Input
    from nuncius.protocol.client.execution import ExecutionResult
    from nuncius.protocol.kernel import Kernel
    from nuncius.terminal.signals import Impatience

__all__ = ["InProcessLink"]

T = TypeVar("T")

#: Seconds that questions have to end when the kernel is left.
_PATIENCE = 2.0

#: What answers an editor publishes nothing.
_NOBODY: Any = None


class InProcessLink:
    """A link by reference.

    Args:
        kernel: The name of an in-process kernel, of the entry point group ``nuncius.kernels``.
        arguments: For the kernel, as on its command line.
        **options: For the kernel's factory.

    Raises:
        NoSuchKernel: No installed package brings it.
    """

    owned = True
    can_outlive_shell = False
    can_restart = False
    shares_terminal = True
    lends_terminal = False

    def __init__(
        self, kernel: str = "python", arguments: Sequence[str] = (), **options: Any
    ) -> None:
        if arguments:
            options["arguments"] = arguments
        made = find_kernel(kernel)(**options)
        # Programs, debuggers and progress bars that cells start see the terminal itself.
        self._host = CallHost(made, policy=Policy.PASS_THROUGH)
        self._channels = MemoryChannels(self._host)
        self._client = Client(self._channels).open()
        self._info = made.info.reply()
        #: Questions that threads are asking the kernel.
        self._asking = threading.Condition()
        self._asked = 0
        self._closed = False
        self._impatience: Impatience | None = None
        #: The prompt has read a cell, and has not ended yet.
        self._expecting = False
        #: The kernel has a cell.
        self._handing_over = False

    @property
    def info(self) -> Mapping[str, Any]:
        """The content of ``kernel_info_reply``."""
        return self._info

    def start(self) -> None:
        """Have the kernel make itself ready: it reads its configuration and runs startup files. What went wrong is said on standard error."""
        unsubscribe = self._client.subscribe(_complain)
        try:
            self._client.kernel_info()
        finally:
            unsubscribe()

    def on_interrupt(self, impatience: Impatience) -> None:
        """Have each Ctrl-C that a cell gets told, in the signal handler."""
        interrupts = self._host.interrupts

        def press() -> None:
            if self._handing_over and not interrupts.armed and interrupts.waiting is None:
                # No lock of Python's may be taken in a signal handler.
                _thread.start_new_thread(self._press_again, ())
            impatience.press(not interrupts.holding and interrupts.waiting is None)

        interrupts.also = press
        self._impatience = impatience

    def _press_again(self) -> None:
        """Repeat a Ctrl-C that came while the cell was handed to the kernel, as soon as there is something to interrupt."""
        interrupts = self._host.interrupts
        while self._handing_over and not interrupts.armed and interrupts.waiting is None:
            time.sleep(0.001)
        if self._handing_over:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def expect(self) -> None:
        """Say that the prompt has read a cell: Ctrl-C is for it from now on."""
        self._expecting = True

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run the prompt, see `Link.run`; what threads of cells publish is shown meanwhile."""
        self._expecting = False
        main = threading.current_thread() is threading.main_thread()
        if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            return self._host.run(self._attended(coroutine))
        return self._run_hearing(self._attended(coroutine))

    def _run_hearing(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run the prompt with a handler of our own for Ctrl-C.

        That of `asyncio.Runner` raises where it likes; raised while the prompt ends, it stays behind, and swallows the Ctrl-C of the cell. This one never raises.
        """
        import asyncio

        task: asyncio.Task[Any] | None = None
        pressed = False

        async def known() -> T:
            nonlocal task
            task = asyncio.current_task()
            return await coroutine

        def press(*_: object) -> None:
            nonlocal pressed
            pressed = True
            if task is not None and not self._expecting:
                task.get_loop().call_soon_threadsafe(task.cancel)

        signal.signal(signal.SIGINT, press)
        try:
            result = self._host.run(known())
        except asyncio.CancelledError:
            if not pressed:
                raise
            raise KeyboardInterrupt from None
        finally:
            # What is told of its end is not to be hit by an exception, which would be lost there.
            task = None
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if pressed:
            # Over the terminal's own ^C.
            sys.stdout.write("\r\x1b[KKeyboardInterrupt\n")
            raise KeyboardInterrupt
        return result

    async def _attended(self, coroutine: Coroutine[Any, Any, T]) -> T:
        import asyncio

        loop = asyncio.get_running_loop()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop has just been closed
                loop.call_soon_threadsafe(self._show_waiting)

        self._channels.on_waiting = tell
        try:
            self._show_waiting()
            return await coroutine
        finally:
            self._channels.on_waiting = None

    def _show_waiting(self) -> None:
        if not self._closed:
            self._client.poll()

    def execute(
        self,
        code: str,
        *,
        silent: bool = False,
        on_output: Callable[[Message], None],
        on_input: Callable[[Input], str],
    ) -> ExecutionResult:
        """Run a cell, see `Link.execute`."""
        if self._impatience is not None:
            self._impatience.begin()
        self._handing_over = True
        try:
            return self._client.execute(
                code, silent=silent, collect=False, on_output=on_output, on_input=on_input
            ).result()
        finally:
            self._handing_over = False

    def evaluate(self, expression: str) -> Mapping[str, Any]:
        """Have the kernel evaluate an expression, see `Link.evaluate`."""
        result = self._client.execute(
            "", silent=True, user_expressions={"it": expression}, collect=False
        ).result()
        answer: Mapping[str, Any] = result.user_expressions.get("it", {})
        return answer

    def judge(self, code: str) -> tuple[str, str]:
        """Tell whether a cell is complete, see `Link.judge`."""
        content = self._client.is_complete(code).content
        return str(content.get("status", "unknown")), str(content.get("indent", ""))

    async def complete(self, code: str, position: int) -> Mapping[str, Any]:
        """Ask for completions in a thread, so that typing goes on, see `Link.complete`."""
        request = CompleteRequest(code, position)
        return await self._beside(lambda kernel: kernel.complete(request, _NOBODY))

    async def complete_in_debugger(self, code: str, position: int) -> Mapping[str, Any]:
        """Ask for completions in a debugger's frame, see `Link.complete_in_debugger`."""
        content = {"code": code, "cursor_pos": position}
        reply = self._client.request("complete_request", content, channel=Channel.CONTROL)
        return reply.content

    async def inspect(self, code: str, position: int) -> Mapping[str, Any]:
        """Ask what is at a position in a thread, see `Link.inspect`."""
        request = InspectRequest(code, position)
        return await self._beside(lambda kernel: kernel.inspect(request, _NOBODY))

    async def _beside(self, ask: Callable[[Kernel], Any]) -> Mapping[str, Any]:
        """Ask the kernel in a thread while this one reads keys; empty if it has no answer."""
        import asyncio

        try:
            answer = await asyncio.to_thread(self._counted, ask)
            if isinstance(answer, Awaitable):
                answer = await answer
        except Exception:  # noqa: BLE001 - a key must not end the shell
            return {}
        return answer if isinstance(answer, Mapping) else {}

    def _counted(self, ask: Callable[[Kernel], Any]) -> Any:
        with self._asking:
            if self._closed:
                return {}
            self._asked += 1
        try:
            return ask(self._host.kernel)
        finally:
            with self._asking:
                self._asked -= 1
                self._asking.notify_all()

    async def past(self, most: int) -> Sequence[str]:
        """Ask for the last inputs in a thread, see `Link.past`."""
        return await self._history(HistoryRequest("tail", n=most))

    async def find(self, pattern: str, most: int) -> Sequence[str]:
        """Ask for inputs like a pattern in a thread, see `Link.find`."""
        return await self._history(HistoryRequest("search", pattern=pattern, n=most))

    async def _history(self, request: HistoryRequest) -> Sequence[str]:
        reply = await self._beside(lambda kernel: kernel.history(request, _NOBODY))
        return [str(entry[-1]) for entry in reply.get("history", ())]

    def search(self, pattern: str, most: int, *, output: bool = False) -> Sequence[Sequence[Any]]:
        """Return inputs that match a pattern with ``*``: session, number and source; the last ones, oldest first.

        Args:
            pattern: What the whole input is like.
            most: At most so many.
            output: In place of the source, the source and the text of the value.
        """
        content = self._client.history("search", pattern=pattern, n=most, output=output).content
        return [list(entry) for entry in content.get("history", ())]

    def watch_others(self, on_output: Callable[[Message], None]) -> None:
        """Hand over what belongs to no cell of this shell, see `Link.watch_others`."""

        def take(event: Event) -> None:
            if (
                isinstance(event, Orphan)
                and event.message.channel is Channel.IOPUB
                and event.message.msg_type != "status"
            ):
                on_output(event.message)

        self._client.subscribe(take)

    def restart(self) -> None:
        """Refuse: the kernel is this process."""
        raise KernelError("the kernel runs in this process; leave the shell and start it again")

    def close(self, *, stop_kernel: bool = True) -> None:
        """Leave the kernel, see `Link.close`."""
        with self._asking:
            self._closed = True
            # A thread that reads the history must not find its database closed.
            self._asking.wait_for(lambda: self._asked == 0, _PATIENCE)
        self._client.close()
        self._host.close()


def _complain(event: Event) -> None:
    if isinstance(event, Orphan) and event.message.msg_type == "stream":
        sys.stderr.write(str(event.message.content.get("text", "")))
