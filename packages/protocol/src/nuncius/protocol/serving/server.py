"""Serve one kernel over ZeroMQ.

Threads, and what they own:

* main (`nuncius.protocol.serving.mainloop`): user code. Reads the shell socket itself, so that a cell costs no hand-over.
* control (`nuncius.protocol.serving.control`): the control socket.
* io (`nuncius.protocol.serving.watcher`): late output, captured file descriptors, new subscribers, the parent's death; and the shell socket as soon as there are subshells.
* heartbeat: echoes inside libzmq, without the interpreter.
* ZeroMQ's own two; and one for each subshell.

Any thread publishes and replies by itself, under the lock of that socket. No lock is held while user code runs.

The main thread waits with a plain poll as long as nobody uses asyncio. From the first request that comes after asyncio was imported, that mentions it or that returns an awaitable, an event loop owns the thread, and cells run inside it: their tasks go on between cells.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from _thread import start_new_thread
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from time import sleep
from typing import TYPE_CHECKING, Any

import zmq

from nuncius.protocol.core.dispatch import Dispatcher
from nuncius.protocol.errors import Malformed
from nuncius.protocol.kernel import Kernel, KernelIO, Reply, error_reply
from nuncius.protocol.messages import Channel, Message
from nuncius.protocol.serving.answer import Outcome, answer, failure
from nuncius.protocol.serving.aside import Aside
from nuncius.protocol.serving.capture import Capture
from nuncius.protocol.serving.control import Control
from nuncius.protocol.serving.forks import not_for_children
from nuncius.protocol.serving.inbox import Inbox
from nuncius.protocol.serving.interrupts import (
    Interrupts,
    ShieldedLock,
    ThreadInterrupts,
    send_interrupt,
)
from nuncius.protocol.serving.lane import Lane
from nuncius.protocol.serving.lifetime import Lifetime
from nuncius.protocol.serving.mainloop import MainLoop
from nuncius.protocol.serving.notes import Notes
from nuncius.protocol.serving.outlet import Outlet
from nuncius.protocol.serving.publisher import ROOM, Publisher
from nuncius.protocol.serving.reminder import Reminder
from nuncius.protocol.serving.replay import FEATURE, Replay, replay_reply, replayed
from nuncius.protocol.serving.request_io import RequestIO
from nuncius.protocol.serving.stdin import Stdin
from nuncius.protocol.serving.streams import (
    GuestStream,
    OutStream,
    inherit_in_threads,
    redirected,
)
from nuncius.protocol.serving.subshells import Subshells, UnknownSubshell
from nuncius.protocol.serving.unraisable import LostInterrupts
from nuncius.protocol.serving.wakeup import Wakeup
from nuncius.protocol.serving.watcher import Watcher
from nuncius.protocol.session import Session

if TYPE_CHECKING:
    from types import FrameType

    from nuncius.protocol.serving.binding import Bound

__all__ = ["Server"]

#: Seconds that a kernel has for its end before the process is ended.
_PATIENCE = 5.0

#: Seconds to wait for a first question before the kernel starts what it needs for cells.
_GRACE = 0.03


class Server:
    """One kernel on its sockets.

    Args:
        bound: The sockets.
        kernel: Answers.
        session: Signs; one with the key of the connection by default.
        capture: Have ``sys.stdout``, ``sys.stderr`` and the file descriptors 1 and 2 make messages.
        own_signals: Handle SIGINT; in the main thread only.
        guest: It is a part of a program that goes on meanwhile: cells' text goes to the frontends, the program's own stays where it goes.
        iopub_patience: Seconds that it waits for a frontend that takes next to nothing, before that is cut off.
        iopub_room: Bytes of output that are kept for those who have not read it yet.
        parent: The process whose death ends the kernel; it was our parent a moment ago.
    """

    def __init__(
        self,
        bound: Bound,
        kernel: Kernel,
        *,
        session: Session | None = None,
        capture: bool = True,
        own_signals: bool = True,
        guest: bool = False,
        iopub_patience: float = 10.0,
        iopub_room: int = ROOM,
        parent: int | None = None,
    ) -> None:
        info = bound.info
        self.info = info
        self.kernel = kernel
        self.session = session or Session(info.key, signature_scheme=info.signature_scheme)
        self._bound = bound
        self._own_signals = own_signals
        self._parent = parent
        self._captures = capture and not guest
        self._guest = guest
        self._capture: Capture | None = None
        self.notes = Notes(_log_descriptor())
        self.interrupts = Interrupts()
        self.interrupts.passes_on = guest
        #: What interrupts cells; of the thread that serves, if that is not the main one.
        self._cells: Interrupts | ThreadInterrupts = self.interrupts
        self._lost = LostInterrupts(self.interrupts.again)
        self._thread = threading.main_thread()
        #: Who started it is gone: nobody else will remove the connection file.
        self.orphaned = False
        self.lifetime = Lifetime(kernel, self.interrupts, self.notes)
        sockets = bound.sockets
        topic = f"kernel.{self.session.session_id}"
        self._topic = topic
        lock = ShieldedLock(self.interrupts)
        self._replay = Replay(kernel.replay_bytes)
        self._publisher = Publisher(
            sockets[Channel.IOPUB],
            self.session,
            self.notes,
            lock=lock,
            patience=iopub_patience,
            room=iopub_room,
            replay=self._replay,
        )
        self.outlet = Outlet(
            self.session.message,
            self._publish,
            topic=topic,
            schedule=self._schedule,
            lock=lock,
            room=self._publisher,
            drain=self._flush_all,
            encodes=self.session.packer.name == "json",
        )
        self.outlet.kept = lambda: replayed(self._shown_last())
        self._watcher = Watcher(self.outlet.flush_due, self.notes)
        not_for_children(signal.SIGTERM, self.terminate)
        self._reminder = Reminder(
            self._watcher, {signal.SIGINT: self.interrupts.handle, signal.SIGTERM: self.terminate}
        )
        self._stdin = Stdin(sockets[Channel.STDIN], self.session, self.notes, self.interrupts)
        self._shell = Inbox(
            sockets[Channel.SHELL],
            Channel.SHELL,
            self.session,
            self.notes,
            self._deliver,
            ShieldedLock(self.interrupts),
        )
        self._lane = self._make_lane(self._answer_main, self._drain)
        self._main = MainLoop(
            self._lane, self._shell, Aside(self._make_lane(self._answer_main, None))
        )
        self._subshells = Subshells(
            lambda drain: self._make_lane(self._answer_subshell, drain),
            self._open_subshells,
            self.interrupts,
        )
        self._subshell_interrupt: Wakeup | None = None
        self._control = Control(
            lambda handle: Inbox(
                sockets[Channel.CONTROL],
                Channel.CONTROL,
                self.session,
                self.notes,
                handle,
                threading.RLock(),
            ),
            self._make_lane(self._answer_control, None, flush_captured=False),
        )
        self._heart = threading.Thread(
            target=_beat, args=(sockets[Channel.HB],), name="nuncius-heartbeat", daemon=True
        )

    # -- the life of a server

    def run(self) -> None:
        """Serve until the kernel is shut down; the sockets are closed afterwards."""
        self._begin()
        try:
            with self._streams():
                self._serve()
        finally:
            self.close()

    async def run_async(self) -> None:
        """Serve as `run` does, on the event loop that runs: cells share it with what else runs there."""
        self._begin()
        try:
            with self._streams():
                self.outlet.send(self._lane.dispatcher.starting().message)
                self._start_kernel()
                try:
                    await self._main.serve()
                finally:
                    self._stop_kernel()
        finally:
            self.close()

    def _begin(self) -> None:
        inherit_in_threads()
        self._thread = threading.current_thread()
        if self._thread is not threading.main_thread():
            self._own_signals = False
            self._cells = ThreadInterrupts(self.interrupts)
        self._main.cells = self._cells
        if self._own_signals:
            self.interrupts.install()
            self.interrupts.heard = self._reminder.heard
            self._reminder.install()
        self._lost.install()
        if self._captures:
            self._capture = Capture(self._take_captured)
            self.notes.close()
            self.notes.descriptor = os.dup(self._capture.originals[2])
            _point_faulthandler(self._capture.originals[2])
        self._start_threads()

    def _streams(self) -> AbstractContextManager[None]:
        """Have ``sys.stdout`` and ``sys.stderr`` be ours meanwhile, if text is to make messages."""
        if self._guest:
            out: Any = GuestStream("stdout", sys.stdout)
            err: Any = GuestStream("stderr", sys.stderr)
            return redirected(out, err)
        if self._capture is not None:
            return redirected(self._stream("stdout", 1), self._stream("stderr", 2))
        return nullcontext()

    def _start_threads(self) -> None:
        self._heart.start()
        self._watcher.add(int(self._bound.sockets[Channel.IOPUB].getsockopt(zmq.FD)), self._welcome)
        if self._capture is not None:
            for descriptor in self._capture.descriptors:
                self._watcher.add(descriptor, self._drain_captured)
        if self._parent is not None:
            self._watcher.watch_parent(self._parent, self._orphaned)
            if os.getppid() != self._parent:
                self._orphaned()
        self._watcher.start()
        self._publisher.hurry(self._control.start())

    def _serve(self) -> None:
        self.outlet.send(self._lane.dispatcher.starting().message)
        self._main.wait(_GRACE)
        self._shell.take()
        arrived = self._main.arrived
        while arrived and arrived[0].msg_type == "kernel_info_request":
            self._answer_at_once(arrived.popleft())
        self._start_kernel()
        try:
            self._main.run()
        finally:
            self._stop_kernel()

    def stop(self, *, restart: bool = False) -> None:
        """Have `run` return soon; from any thread. What runs is interrupted."""
        self._main.stop(restart=restart)
        self._publisher.hurry()
        if threading.current_thread() is self._thread:
            self._main.wake()
            return
        busy = self._lane.busy
        try:
            self.kernel.cancel_request(None)
            if busy:  # a debugger that has stopped the cell lets it go on
                self.kernel.interrupt()
        except Exception as error:  # noqa: BLE001 - the end must come
            self.lifetime.report("the kernel's interrupt", error)
        if busy:
            self._interrupt_cells()
        self._main.wake()
        if self._own_signals and not self._guest:
            _limit_end()

    def terminate(self, signum: int = 0, frame: FrameType | None = None) -> None:
        """Have `run` return soon: a handler of SIGTERM.

        Raises:
            KeyboardInterrupt: A cell runs, and is to end.
        """
        self._reminder.heard()
        self.stop()
        if self.interrupts.armed or self.interrupts.waiting is not None:
            _limit_end()
            self.interrupts.handle()
        elif (beside := self.interrupts.beside) is not None:
            _limit_end()
            beside(True)

    def close(self) -> None:
        """Close everything; `run` does it. For a server that was never run, too."""
        self._subshells.stop()
        self._control.stop()
        self.outlet.flush()
        if self._capture is not None:
            self._capture.drain()
            self.outlet.flush()
        self._reminder.close()
        self._watcher.stop()
        if self._capture is not None:
            self._capture.close()
            self._capture = None
        self._stdin.close()
        self._shell.close()
        if isinstance(self._cells, ThreadInterrupts):
            self._cells.close()
        with self.outlet.lock:
            self._bound.sockets[Channel.IOPUB].close()
        if self._heart.ident is None:
            # It was never run.
            self._bound.sockets[Channel.HB].close()
        self._bound.context.term()
        if self._heart.is_alive():
            self._heart.join(5)
        if self._own_signals:
            self.interrupts.restore()
        self._lost.restore()
        self._main.close()
        if self._subshell_interrupt is not None:
            self.interrupts.also = None
            self._subshell_interrupt.close()
        self.notes.close()

    def _answer_at_once(self, message: Message) -> None:
        request = self._lane.receive(message)
        assert request is not None
        self._lane.finish(self._server_answer(request, self._make_io(request)))

    # -- messages

    def _deliver(self, message: Message) -> None:
        """Take a message of the shell socket; in whichever thread reads it."""
        subshell_id = self._subshells.home_of(message)
        if subshell_id is None:
            self._main.post(message)
            return
        subshell = self._subshells.get(subshell_id)
        if subshell is not None:
            subshell.post(message)
            return
        # Answered at once, by a lane of its own.
        lane = self._make_lane(_unknown_subshell, None)
        if (request := lane.receive(message)) is not None:
            outcome = lane.start(request)
            assert not isinstance(outcome, Awaitable)
            lane.finish(outcome)

    def _drain(self) -> None:
        self._main.drain()

    def _open_subshells(self) -> None:
        """From now on the io thread reads the shell socket, and hands interrupts on."""
        wakeup = self._subshell_interrupt = Wakeup()
        self._watcher.add(wakeup.fileno(), self._interrupt_subshells)
        self.interrupts.also = wakeup.set
        self._main.leave_shell()
        self._watcher.add(self._shell.fileno(), self._shell.take)
        # What came while the main thread polled has no edge any more.
        self._shell.take()

    def _interrupt_subshells(self) -> None:
        if self._subshell_interrupt is not None:
            self._subshell_interrupt.clear()
        self._subshells.interrupt()

    def _publish(self, message: Message) -> None:
        if message.parent is not None and message.parent.subshell_id is not None:
            self._subshells.note_comm(message, message.parent.subshell_id)
        self._publisher.send(message)

    def _make_lane(
        self,
        answerer: Callable[[Message, KernelIO], Outcome],
        drain: Callable[[], None] | None,
        *,
        flush_captured: bool = True,
    ) -> Lane:
        return Lane(
            Dispatcher(self.session.message, self._topic),
            answerer,
            self._make_io,
            self._send,
            before_finish=self._flush_all if flush_captured else None,
            drain=drain,
        )

    def _make_io(self, request: Message) -> RequestIO:
        return RequestIO(request, self.outlet, self._stdin.ask, self._send)

    def _send(self, message: Message) -> None:
        if message.channel is Channel.IOPUB:
            self.outlet.send(message)
        elif message.channel is Channel.SHELL:
            self._shell.send(message)
            if not self._main.reads_shell:
                # Sending may have swallowed the edge that the io thread waits for.
                self._shell.take()
        else:
            self._control.inbox.send(message)

    # -- answers

    def _answer(self, message: Message, io: KernelIO) -> Outcome:
        return self._server_answer(message, io) or answer(self.kernel, message, io)

    def _answer_main(self, message: Message, io: KernelIO) -> Outcome:
        if self._cells is not self.interrupts:
            return self._answer_subshell(message, io)  # in a thread of its own, as those are
        interrupts = self.interrupts
        try:
            # Two blocks: what handles the first interrupt must not be hit by a second one.
            try:
                interrupts.armed = True
                if self._lane.dispatcher.is_dropped(message.msg_id):
                    # The signal came before it could do anything.
                    raise KeyboardInterrupt
                if self._publisher.full:
                    # Else the states of thousands of requests would wait behind the output.
                    self._publisher.wait()
                return self._server_answer(message, io) or answer(self.kernel, message, io)
            finally:
                interrupts.armed = False
        except KeyboardInterrupt as error:
            interrupts.armed = False
            return failure(message, error, io)

    def _answer_subshell(self, message: Message, io: KernelIO) -> Outcome:
        interrupts = self.interrupts.threads[threading.get_ident()]
        try:
            interrupts.armed = True
            if self._publisher.full:
                self._publisher.wait()
            outcome = self._answer(message, io)
            interrupts.disarm()
        except KeyboardInterrupt as error:
            interrupts.armed = False
            return failure(message, error, io)
        return outcome

    def _answer_control(self, message: Message, io: KernelIO) -> Outcome:
        handler = self._control_handlers().get(message.msg_type)
        if handler is None:
            return self._answer(message, io)
        try:
            return handler(message)
        except Exception as error:  # noqa: BLE001 - every request is answered
            return failure(message, error, io)

    def _server_answer(self, message: Message, io: KernelIO) -> Reply | None:
        """Answer what is about the server, not the language."""
        if message.msg_type == "kernel_info_request":
            reply = self.kernel.info.reply()
            features = reply["supported_features"]
            features += [
                name
                for name in ("kernel subshells", FEATURE, "interrupt cell")
                if name not in features
            ]
            return reply
        if message.msg_type == "connect_request":
            names = ("shell", "iopub", "stdin", "control", "hb")
            return {"status": "ok", **{f"{name}_port": self.info.port(name) for name in names}}
        if message.msg_type == "shutdown_request" and message.channel is Channel.SHELL:
            return self._shutdown(message)
        return None

    def _control_handlers(self) -> Mapping[str, Callable[[Message], Reply]]:
        return {
            "shutdown_request": self._shutdown,
            "interrupt_request": self._interrupt,
            "create_subshell_request": lambda message: self._subshells.create(),
            "delete_subshell_request": lambda message: self._subshells.delete(
                message.content.get("subshell_id")
            ),
            "list_subshell_request": lambda message: self._subshells.list(),
            "replay_request": self._show_again,
        }

    def _show_again(self, message: Message) -> Reply:
        with self.outlet.lock:
            return self._shown_last()

    def _shown_last(self) -> Reply:
        return replay_reply(*self._replay.take(), self.session.packer)

    def _shutdown(self, message: Message) -> Reply:
        restart = bool(message.content.get("restart", False))
        reply = {"status": "ok", "restart": restart}
        self.outlet.publish("shutdown_reply", reply, parent=message.header)
        self.stop(restart=restart)
        return reply

    def _interrupt(self, message: Message) -> Reply:
        if (msg_id := message.content.get("msg_id")) is not None:
            return self._interrupt_request(msg_id)
        self.kernel.interrupt()
        self._interrupt_cells()
        return {"status": "ok"}

    def _interrupt_request(self, msg_id: object) -> Reply:
        """Interrupt one request, and nothing else: it runs, waits, or has left something running."""
        if not isinstance(msg_id, str):
            raise Malformed(f"expected 'msg_id' to be a string, got {type(msg_id).__name__}")
        self.kernel.cancel_request(msg_id)
        self._subshells.interrupt_request(msg_id)
        if self._lane.dispatcher.drop(msg_id):
            self.kernel.interrupt()
            if self._cells is self.interrupts:
                # it may end before the signal comes
                self.interrupts.aim = lambda: self._lane.is_running(msg_id)
            self._interrupt_cells()
        return {"status": "ok"}

    def _interrupt_cells(self) -> None:
        if isinstance(self._cells, ThreadInterrupts):
            self._cells.interrupt()
        elif self._own_signals:
            send_interrupt()

    # -- the kernel's own beginning and end

    def _lifetime_io(self) -> RequestIO:
        """What the kernel says at its start belongs to no request."""
        return RequestIO(
            self.session.message(Channel.SHELL, "start"), self.outlet, self._stdin.ask, self._send
        )

    def _start_kernel(self) -> None:
        self.lifetime.begin(self._prepared, self._lifetime_io)

    def _prepared(self) -> bool:
        self._replay.limit = self.kernel.replay_bytes
        return self._main.stopping is None

    def _stop_kernel(self) -> None:
        self.lifetime.end(restart=bool(self._main.stopping))

    # -- output

    def _schedule(self, seconds: float) -> None:
        self._watcher.schedule(seconds)

    def _stream(self, name: str, number: int) -> Any:
        assert self._capture is not None
        return OutStream(
            name,
            self._current_io,
            getattr(sys, f"__{name}__"),
            descriptor=self._capture.originals[number],
        )

    def _current_io(self) -> KernelIO | None:
        return self._lane.io

    def _take_captured(self, name: str, text: str) -> None:
        current = self._lane.io
        self.outlet.take(None if current is None else current.request.header, name, text)

    def _drain_captured(self) -> float:
        """Read what child processes write; while there is no room, they wait, and nobody who wants to finish a cell."""
        if self._publisher.full:
            self._publisher.wait()
        return 0.0 if self._capture is None else self._capture.drain()

    def _flush_all(self) -> None:
        if self._capture is not None:
            self._capture.drain()

    def _welcome(self) -> None:
        with self.outlet.lock:
            self._publisher.welcome()

    def _orphaned(self) -> None:
        self.orphaned = True
        self.notes.say("orphan", "the process that started this kernel is gone; ending")
        self.stop()


def _unknown_subshell(message: Message, io: KernelIO) -> Outcome:
    return error_reply(UnknownSubshell(str(message.header.subshell_id)))


def _limit_end() -> None:
    """End the process after `_PATIENCE` seconds: a cell that swallows the interrupt must not keep it for ever."""

    def end() -> None:
        sleep(_PATIENCE)
        os._exit(1)

    # Not by `threading`: a signal handler may run while the main thread holds its lock.
    start_new_thread(end, ())


def _beat(socket: zmq.Socket[bytes]) -> None:
    """Echo heartbeats inside libzmq, until its context ends."""
    try:
        zmq.proxy(socket, socket)
    except zmq.ZMQError:
        pass
    finally:
        socket.close(0)


def _log_descriptor() -> int:
    try:
        return os.dup(2)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


def _point_faulthandler(descriptor: int) -> None:
    """A crash is reported where it can still be read."""
    import faulthandler

    if not faulthandler.is_enabled() or "PYTHONFAULTHANDLER" in os.environ:
        faulthandler.enable(descriptor)
