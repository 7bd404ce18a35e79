"""A kernel in another process: ours, one that runs already, or one in another language.

The connection lives on an event loop in a thread of its own, so that messages are read while the prompt waits and while the person types an answer. What is to be shown comes to the main thread through a queue.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from nuncius.protocol.client.aio import AsyncClient
from nuncius.protocol.core.client import Event, Orphan
from nuncius.protocol.errors import (
    KernelDied,
    KernelError,
    KernelTimeout,
    Malformed,
    NunciusError,
    TransportClosed,
)
from nuncius.protocol.manager.blocking import LoopThread
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.serving.replay import FEATURE, replayed

if TYPE_CHECKING:
    from nuncius.protocol.client.exchange import Input
    from nuncius.protocol.client.execution import ExecutionResult
    from nuncius.terminal.places import Place

__all__ = ["RemoteLink"]

T = TypeVar("T")

#: Messages of output that wait to be shown when a cell counts as flooding the screen.
_FLOOD = 20

#: Seconds between two looks for a Ctrl-C that came unseen.
_LOOK = 0.2

#: Seconds that output may be behind a question that was asked after it.
_LATE = 0.03

#: Seconds that a kernel has to tell what it has run.
_PATIENT = 2.0

#: Seconds that an expression may take.
_BUSY = 10

#: What kernels have among their features that can interrupt one cell, and drop it if it has not begun.
_ONE_CELL = "interrupt cell"

#: Seconds until a person is told that something else runs.
_SOON = 0.5

#: Seconds within which another Ctrl-C means more than the first.
_IMPATIENT = 1.0


@dataclass(frozen=True, slots=True)
class _Asked:
    question: Input
    answer: asyncio.Future[str]


@dataclass(frozen=True, slots=True)
class _Ended:
    result: ExecutionResult | None
    error: Exception | None


@dataclass(frozen=True, slots=True)
class _Other:
    message: Message


#: What comes to the main thread while a cell runs; a text is something to tell the person.
_Inbox = queue.SimpleQueue[Message | _Asked | _Other | _Ended | str]


@dataclass(slots=True)
class _Cell:
    """A cell that is sent, and what is known of it; but for the first three, of the loop's thread."""

    code: str
    silent: bool
    inbox: _Inbox
    waiting: asyncio.Task[None] | None = None
    msg_id: str = ""
    #: The kernel has told something of it.
    begun: bool = False
    #: Ctrl-C was pressed before it had begun.
    dropped: bool = False


def _next(inbox: _Inbox) -> Any:
    """Wait for what comes next. Not for ever in one go: a Ctrl-C that comes just before a thread falls asleep does not wake it."""
    while True:
        with suppress(queue.Empty):
            return inbox.get(timeout=_LOOK)


class RemoteLink:
    """A link over a connection.

    Args:
        place: Where the kernel is.
        deadline: Seconds that completions may take.
        ready_timeout: Seconds to wait for the kernel's first answer.
    """

    shares_terminal = False

    def __init__(self, place: Place, *, deadline: float = 2.0, ready_timeout: float = 60.0) -> None:
        self.owned = place.owned
        self.can_outlive_shell = place.can_outlive_shell
        self.can_restart = place.can_restart
        self.lends_terminal = place.is_here and sys.stdin.isatty() and sys.stdout.isatty()
        self._place = place
        self._deadline = deadline
        self._ready_timeout = ready_timeout
        self._on_other: Callable[[Message], None] | None = None
        #: What came before somebody watches.
        self._early: list[Message] = []
        #: The ids of messages that are shown again: some of them may still come.
        self._replayed: set[str] = set()
        #: Of the cell that runs.
        self._inbox: _Inbox | None = None
        self._thread = LoopThread("nuncius-client")
        self._runner = asyncio.Runner()
        self._client: AsyncClient
        self._info: Mapping[str, Any] = {}
        #: Why the kernel is gone; empty while it is there.
        self._dead = ""
        #: When Ctrl-C was pressed last in this cell, and how often within a second of the time before.
        self._interrupted = (0.0, 0)
        place.watch(self._died)
        try:
            self._connect()
        except BaseException:
            self.close(stop_kernel=self.owned)
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
        silent: bool = False,
        on_output: Callable[[Message], None],
        on_input: Callable[[Input], str],
    ) -> ExecutionResult:
        """Run a cell, see `Link.execute`."""
        self._check()
        inbox: _Inbox = queue.SimpleQueue()
        self._interrupted = (0.0, 0)
        cell = _Cell(code, silent, inbox)
        dropping = dropped = pressed = sent = 0
        while True:
            # All within reach of the except: Ctrl-C may come again while it is dealt with.
            try:
                if not sent:
                    self._thread.loop.call_soon_threadsafe(self._begin, cell)
                    sent = 1
                if pressed:
                    pressed = 0
                    self._interrupt(cell)
                    dropping = inbox.qsize() > _FLOOD
                match _next(inbox):
                    case _Ended() as end:
                        break
                    case _Asked(question, answer):
                        self._show_what_came_before(question, inbox, on_output)
                        self._answer(question, answer, on_input)
                    case _Other(message):
                        self._show_other(message)
                    case str(note):
                        sys.stdout.write(f"\n{note}\n")
                    case message if dropping and message.msg_type == "stream":
                        # Who stops a cell that floods the screen does not want the rest of it.
                        dropped += len(message.content.get("text", ""))
                    case message:
                        on_output(message)
            except KeyboardInterrupt:
                pressed = 1
        if dropped:
            sys.stdout.write(f"... {dropped:,} more characters of output are not shown\n")
        return self._result_of(end)

    def _result_of(self, end: _Ended) -> ExecutionResult:
        if end.error is not None:
            raise self._explained(end.error)
        assert end.result is not None
        if end.result.status == "aborted" and self._interrupted[1]:
            # Over the terminal's own ^C.
            sys.stdout.write("\r\x1b[KKeyboardInterrupt\n")
        return end.result

    def _check(self) -> None:
        if self._dead:
            raise KernelDied(self._dead)
        if self._place.broken():
            raise self._explained(None)

    def _explained(self, error: Exception | None) -> Exception:
        """Return ``error``, or one that says that there is only no way to the kernel any more."""
        reason = str(error) if isinstance(error, TransportClosed) else self._place.broken()
        if not reason and error is not None:
            return error
        return TransportClosed(f"{reason}\nThe kernel may go on. {self._place.way_back}")

    def evaluate(self, expression: str) -> Mapping[str, Any]:
        """Have the kernel evaluate an expression, see `Link.evaluate`."""
        self._check()
        result = self._thread.run(self._evaluate(expression))
        answer: Mapping[str, Any] = result.user_expressions.get("it", {})
        return answer

    async def _evaluate(self, expression: str) -> ExecutionResult:
        try:
            async with asyncio.timeout(_BUSY):
                return await self._client.execute(
                    "", silent=True, user_expressions={"it": expression}
                )
        except TimeoutError:
            raise KernelTimeout("a value: the kernel is busy", _BUSY) from None

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

    async def complete_in_debugger(self, code: str, position: int) -> Mapping[str, Any]:
        """Ask for completions in a debugger's frame, see `Link.complete_in_debugger`."""
        request = self._client.request(
            "complete_request",
            {"code": code, "cursor_pos": position},
            channel=Channel.CONTROL,
            timeout=self._deadline,
        )
        try:
            return (await self._ask(request)).content
        except KernelError:
            return {}

    async def inspect(self, code: str, position: int) -> Mapping[str, Any]:
        """Ask what is at a position, see `Link.inspect`."""
        try:
            reply = await self._ask(self._client.inspect(code, position, timeout=self._deadline))
        except KernelError:
            return {}
        return reply.content

    async def past(self, most: int) -> Sequence[str]:
        """Ask for the last inputs, see `Link.past`."""
        return await self._history(self._client.history("tail", n=most, timeout=10))

    async def find(self, pattern: str, most: int) -> Sequence[str]:
        """Ask for inputs like a pattern, see `Link.find`."""
        return await self._history(
            self._client.history("search", pattern=pattern, n=most, timeout=10)
        )

    async def _history(self, request: Coroutine[Any, Any, Message]) -> Sequence[str]:
        try:
            reply = await self._ask(request)
        except KernelError:
            return ()
        return [str(entry[-1]) for entry in reply.content.get("history", ())]

    def transcript(self, most: int) -> list[tuple[int, str, str]]:
        """Return the last cells that this kernel has run: number, source and the text of the value; nothing while it is busy.

        Args:
            most: So many.
        """
        request = self._client.history(
            "range", session=0, start=1, output=True, raw=True, timeout=_PATIENT
        )
        try:
            entries = self._thread.run(request).content.get("history", ())
        except KernelError:
            return []
        cells = [(int(number), *_both(entry)) for _, number, entry in entries]
        return [cell for cell in cells if cell[0] > 0][-most:]

    def replay(self) -> list[Message] | None:
        """Return the last output of this kernel, oldest first, also while it is busy; None if it keeps none."""
        if FEATURE not in self._info.get("supported_features", ()):
            return None
        request = self._client.request("replay_request", channel=Channel.CONTROL, timeout=_PATIENT)
        try:
            messages = replayed(self._thread.run(request).content)
        except (KernelError, Malformed):
            return None
        self._replayed = {message.msg_id for message in messages}
        return messages

    def watch_others(self, on_output: Callable[[Message], None]) -> None:
        """Hand over what belongs to no cell of this shell, see `Link.watch_others`."""

        async def watch() -> None:
            self._on_other = on_output
            early, self._early = self._early, []
            for message in early:
                self._show_other(message)

        self._thread.run(watch())

    def tell_where(self) -> None:
        """Have the person told where the cell is that runs; called in a signal handler."""
        from nuncius.terminal.whereabouts import whereabouts

        asyncio.run_coroutine_threadsafe(
            whereabouts(self._client, self._info, self._say), self._thread.loop
        )

    def _say(self, text: str) -> None:
        """Tell the person something, in order with what the cell prints that runs."""
        if self._inbox is not None:
            self._inbox.put(text)
        else:
            sys.stdout.write(f"{text}\n")

    def restart(self) -> None:
        """Start the kernel anew, see `Link.restart`."""
        self._place.restart()
        self._dead = ""
        self._thread.run(self._client.aclose())
        self._connect()

    def close(self, *, stop_kernel: bool) -> None:
        """Leave the kernel, see `Link.close`."""
        try:
            if hasattr(self, "_client"):
                self._thread.run(self._client.aclose())
        finally:
            self._thread.close()
            self._runner.close()
            self._place.close(stop_kernel=stop_kernel)

    # -- on the loop's thread

    def _connect(self) -> None:
        self._info = self._thread.run(self._open())

    async def _open(self) -> Mapping[str, Any]:
        transport = self._place.connect()
        if hasattr(transport, "on_change"):
            transport.on_change = self._say
        self._client = AsyncClient(transport)
        await self._client.open()
        self._client.subscribe(self._take_event)
        ready = None if self.owned else await self._look_in()
        if ready is None:
            ready = await self._client.wait_until_ready(self._ready_timeout)
        return ready.content

    async def _look_in(self) -> Message | None:
        """Return the ``kernel_info_reply`` of a kernel that may be busy: it is asked on the control channel. None if it does not answer there, or nothing that it publishes reaches us."""
        heard = asyncio.Event()

        def listen(event: Event) -> None:
            message = getattr(event, "message", None)
            if message is not None and message.channel is Channel.IOPUB:
                heard.set()

        unsubscribe = self._client.subscribe(listen)
        try:
            async with asyncio.timeout(_PATIENT):
                while True:
                    reply = await self._client.kernel_info(channel=Channel.CONTROL)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LATE):
                            await heard.wait()
                            return reply
        except (TimeoutError, KernelTimeout):
            return None
        finally:
            unsubscribe()

    def _begin(self, cell: _Cell) -> None:
        """Send a cell; once, however often it is called: a Ctrl-C that comes while this is asked for leaves open whether it was."""
        if cell.waiting is not None:
            return
        self._inbox = cell.inbox
        # The reference keeps the task alive; it ends with the cell.
        cell.waiting = asyncio.get_running_loop().create_task(self._wait(cell))

    async def _wait(self, cell: _Cell) -> None:
        loop = asyncio.get_running_loop()

        async def ask(question: Input) -> str:
            answer: asyncio.Future[str] = loop.create_future()
            cell.inbox.put(_Asked(question, answer))
            return await answer

        def take(message: Message) -> None:
            cell.begun = True
            cell.inbox.put(message)

        try:
            execution = self._client.execute(
                cell.code,
                silent=cell.silent,
                collect=False,
                metadata={
                    "ends_session": True,
                    "lends_stdin": True,
                    "lends_terminal": self.lends_terminal,
                },
                on_output=take,
                on_input=ask,
            )
            cell.msg_id = execution.msg_id
            cell.inbox.put(_Ended(await execution, None))
        except Exception as error:  # noqa: BLE001 - it is raised where the cell was sent
            cell.inbox.put(_Ended(None, error))
        finally:
            self._inbox = None

    def _take_event(self, event: Event) -> None:
        if (
            isinstance(event, Orphan)
            and event.message.channel is Channel.IOPUB
            and event.message.msg_type != "status"
        ):
            if self._inbox is not None:
                # In order with what the cell of this shell prints.
                self._inbox.put(_Other(event.message))
            else:
                self._show_other(event.message)

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

    def _show_other(self, message: Message) -> None:
        if self._on_other is None:
            self._early.append(message)
        elif message.msg_id in self._replayed:
            self._replayed.discard(message.msg_id)
        else:
            self._on_other(message)

    def _show_what_came_before(
        self, question: Input, inbox: _Inbox, on_output: Callable[[Message], None]
    ) -> None:
        """Show output that was sent before a question: it travels on another socket, and may be a little later."""
        if _reads_a_file(question):
            return
        while True:
            try:
                item = inbox.get(timeout=_LATE)
            except queue.Empty:
                return
            match item:
                case _Asked() | _Ended() | str():
                    inbox.put(item)
                    return
                case _Other(message):
                    self._show_other(message)
                case message:
                    on_output(message)

    def _interrupt(self, cell: _Cell) -> None:
        before, times = self._interrupted
        now = time.monotonic()
        times = times + 1 if now - before < _IMPATIENT else 1
        self._interrupted = (now, times)
        kills = self.can_restart and self.owned
        if times == 2:
            then = "kill the kernel" if kills else "leave it as it is"
            cell.inbox.put(f"The kernel was asked to stop. Press it once more to {then}.")
        if times < 3:
            asyncio.run_coroutine_threadsafe(self._ask_to_stop(cell), self._thread.loop)
            return
        reason = "the kernel was killed: it did not stop for Ctrl-C"
        if not kills:
            reason = "the kernel did not stop for Ctrl-C, and goes on without this shell"
        self._thread.loop.call_soon_threadsafe(self._client.kernel_died, reason)

    async def _ask_to_stop(self, cell: _Cell) -> None:
        try:
            if await self._dropped(cell):
                return
            if not await asyncio.to_thread(self._place.interrupt):
                await self._client.interrupt(timeout=2)
        except KernelTimeout:
            cell.inbox.put("The kernel does not answer.")
        except KernelError as error:
            cell.inbox.put(f"The kernel could not be interrupted: {error}")

    async def _dropped(self, cell: _Cell) -> bool:
        """Have a cell not run that may not have begun: what interrupts only what runs would come too early for it. False if it is not one, the kernel does not know how, or that was asked for before."""
        known = self._info.get("supported_features", ())
        # Nobody is told that a silent one has begun.
        if cell.silent or cell.begun or cell.dropped or _ONE_CELL not in known:
            return False
        cell.dropped = True
        # Its message is made in the task that was begun before this one.
        assert cell.waiting is not None
        await self._client.interrupt(msg_id=cell.msg_id, timeout=2)
        await asyncio.wait([cell.waiting], timeout=_SOON)
        if not (cell.begun or cell.waiting.done()):
            cell.inbox.put("The kernel is busy with something else. Press it again to stop that.")
        return True

    async def _ask(self, request: Coroutine[Any, Any, Message]) -> Message:
        """Await a request of the client's loop on this one.

        Raises:
            KernelDied: The kernel is gone.
        """
        if self._dead:
            request.close()
            raise KernelDied(self._dead)
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(request, self._thread.loop)
        )

    def _died(self, reason: str) -> None:
        """Called on another thread when the kernel's process has ended by itself."""
        self._dead = reason
        self._thread.loop.call_soon_threadsafe(self._client.kernel_died, reason)


def _reads_a_file(question: Input) -> bool:
    """Tell whether nobody types the answer: then it may be one of thousands of lines."""
    return question.message.metadata.get("kind") == "stdin" and not sys.stdin.isatty()


def _both(entry: Any) -> tuple[str, str]:
    """Return source and output of an entry of a history."""
    if isinstance(entry, str):
        return entry, ""
    source, output = entry
    return str(source), str(output or "")
