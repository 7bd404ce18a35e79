"""Talk to debugpy's adapter: start it on the first use, send requests, hear events in a thread of its own."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress
from typing import Any

from nuncius.kernel.debug.conversation import Answered, Ask, Conversation, Effect, Told
from nuncius.kernel.debug.wire import Decoder, WireError, encode
from nuncius.kernel.threads import hide, service_thread

__all__ = [
    "Adapter",
    "AdapterGone",
    "answers",
    "available",
    "end_stepping",
    "ensure_tracing",
    "hide_service_threads",
    "stop_at_error",
    "stop_tracing",
]

#: Seconds for an answer; what evaluates an endless loop must not close the control channel for ever.
_PATIENCE = 30.0

#: Threads of the server: what stops for a breakpoint there would never be told.
_SERVICE_THREADS = ("nuncius-control", "nuncius-io", "nuncius-heartbeat", "nuncius-history")

#: Where debugpy listens in this process; it can do so only once.
_listening: tuple[str, int] | None = None

#: How debugpy marks a thread that is not to stop.
_RUNS = 1


class AdapterGone(ConnectionError):
    """The process of debugpy's adapter has ended."""


def available() -> bool:
    """Tell whether debugpy is installed, without importing it."""
    from importlib.machinery import PathFinder

    return "debugpy" in sys.modules or PathFinder.find_spec("debugpy") is not None


def answers(command: str) -> bool:
    """Tell whether debugpy answers a request: what it does not know it may leave without an answer."""
    module = sys.modules.get("_pydevd_bundle.pydevd_process_net_command_json")
    processor = getattr(module, "PyDevJsonCommandProcessor", None)
    return processor is None or hasattr(processor, f"on_{command.lower()}_request")


def hide_service_threads() -> None:
    """Have debugpy leave the threads of the server alone."""
    for thread in threading.enumerate():
        if thread.name.startswith(_SERVICE_THREADS):
            hide(thread)


def end_stepping() -> None:
    """Have this thread stop at breakpoints only: the cell that was stepped through has ended."""
    if (module := sys.modules.get("_pydevd_bundle.pydevd_additional_thread_info")) is not None:
        info = module.set_additional_thread_info(threading.current_thread())
        info.pydev_step_cmd = info.pydev_original_step_cmd = -1
        info.pydev_step_stop = None
        info.pydev_state = _RUNS


def stop_at_error(is_cell: Callable[[str], bool]) -> None:
    """Stop where the exception was raised that ends this thread's cell, if the frontend wants to stop at uncaught ones: to the process none is, for the kernel shows it.

    Args:
        is_cell: Tells whether a file name is that of a cell.
    """
    _, error, _ = sys.exc_info()
    if not isinstance(error, Exception):
        return
    frames = error.__traceback__
    while frames is not None and not is_cell(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    debugger = sys.modules["pydevd"].get_global_debugger()
    found = (type(error), error, frames)
    if hasattr(debugger, "trigger_exception_handler"):
        debugger.trigger_exception_handler(found)
    else:
        _stop_in_older_debugpy(debugger, found)
    end_stepping()


def _stop_in_older_debugpy(debugger: Any, found: tuple[Any, Any, Any]) -> None:
    thread = threading.current_thread()
    module = sys.modules["_pydevd_bundle.pydevd_additional_thread_info"]
    info = module.set_additional_thread_info(thread)
    stop = sys.modules["_pydevd_bundle.pydevd_breakpoints"].stop_on_unhandled_exception
    info.is_tracing += 1  # what it calls itself is not to be stopped in
    try:
        stop(debugger, thread, info, found)
    finally:
        info.is_tracing -= 1


def _resume_when_interrupted(debugger: Any) -> None:
    """Have a thread that an interrupt takes out of a stop run again.

    debugpy leaves it marked as one to be stopped: with `sys.monitoring`, whatever it calls next would stop, the kernel with its locks held.
    """
    wait = debugger.do_wait_suspend

    def do_wait_suspend(*args: Any, **options: Any) -> Any:
        try:
            return wait(*args, **options)
        except BaseException:
            end_stepping()
            raise

    debugger.do_wait_suspend = do_wait_suspend


def ensure_tracing() -> None:
    """Have debugpy see what this thread runs; an interrupt while it was stopped has ended that."""
    hide_service_threads()  # those that have come since
    if sys.gettrace() is None:
        import debugpy

        debugpy.trace_this_thread(True)


def stop_tracing() -> None:
    """Have this thread run at full speed again."""
    trace = sys.gettrace()
    if trace is not None and "pydevd" in f"{type(trace).__module__}{trace!r}":
        sys.settrace(None)


def _listen() -> tuple[str, int]:
    """Have debugpy listen; returns where."""
    global _listening
    if _listening is None:
        # Python's frozen modules cannot be stepped into: nothing that a person of a notebook needs to hear
        os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        hide_service_threads()
        hook, import_hook = sys.breakpointhook, sys.__breakpointhook__
        import debugpy

        debugpy.configure(subProcess=False)  # a frontend of cells cannot follow into children
        host, port = debugpy.listen(("127.0.0.1", 0))
        _resume_when_interrupted(sys.modules["pydevd"].get_global_debugger())
        _listening = (host, int(port))
        # ours knows whether a frontend is attached
        sys.breakpointhook, sys.__breakpointhook__ = hook, import_hook
    return _listening


def _connect(patience: float) -> socket.socket:
    """Return a connection to the adapter.

    Raises:
        AdapterGone: Its process has ended.
    """
    address = _listen()
    try:
        return socket.create_connection(address, timeout=patience)
    except OSError as error:
        raise AdapterGone(
            f"debugpy's adapter has ended, and can be started only once in a process: restart the kernel to debug again ({error})"
        ) from None


class Adapter:
    """A connection to debugpy's adapter.

    Args:
        tell: Called with each event that frontends should hear, in the thread that reads.
        patience: Seconds to wait for an answer.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None], patience: float = _PATIENCE) -> None:
        self._tell = tell
        self._patience = patience
        self._conversation = Conversation(_SERVICE_THREADS)
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self.initialized = threading.Event()
        #: Why there is nobody to talk to any more; empty as long as there is.
        self.gone = ""
        self._closing = False
        self._socket = _connect(patience)
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._thread = service_thread("debugger", self._read)
        self._thread.start()

    @property
    def stopped(self) -> set[int]:
        """The threads that stand still."""
        return self._conversation.stopped

    def request(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request, and wait for its answer."""
        return self.wait(request, self.send(request))

    def send(self, request: Mapping[str, Any]) -> Future[dict[str, Any]]:
        """Send a request; returns the answer to come."""
        answer: Future[dict[str, Any]] = Future()
        with self._lock:
            ask = self._conversation.request(request)
            self._waiting[ask.message["seq"]] = answer
        if self.gone:
            self._end(self.gone)
        else:
            self._write(ask)
        return answer

    def wait(self, request: Mapping[str, Any], answer: Future[dict[str, Any]]) -> dict[str, Any]:
        """Return the answer to ``request``; one that says so if there is none in time."""
        try:
            return answer.result(self._patience)
        except TookTooLong:
            return {
                "type": "response",
                "request_seq": request.get("seq", 0),
                "command": request.get("command", ""),
                "success": False,
                "message": f"the debugger has not answered within {self._patience:g} s: interrupt the kernel, or try again",
            }

    def close(self) -> None:
        """End the connection; the program goes on."""
        self._closing = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._thread:
            self._thread.join(5)
        self._socket.close()

    def _write(self, ask: Ask) -> None:
        try:
            with self._lock:
                self._socket.sendall(encode(ask.message))
        except OSError as error:
            self._end(f"the debugger is gone: {error}")

    def _read(self) -> None:
        decoder = Decoder()
        why = "the debugger has ended"
        try:
            while data := self._socket.recv(65536):
                for message in decoder.feed(data):
                    with self._lock:
                        effects = self._conversation.receive(message)
                    self._perform(effects)
        except (OSError, WireError) as error:
            why = f"the debugger is gone: {error}"
        self._end(why)

    def _end(self, why: str) -> None:
        with self._lock:
            is_news = not (self.gone or self._closing)
            self.gone = why
            effects = self._conversation.ended(why)
        self._perform(effects)
        self.initialized.set()
        if is_news:
            self._tell({"type": "event", "seq": 0, "event": "terminated", "body": {}})

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Ask():
                    self._write(effect)
                case Answered(number, response):
                    if (answer := self._waiting.pop(number, None)) is not None:
                        answer.set_result(response)
                case Told(event):
                    if event.get("event") == "initialized":
                        self.initialized.set()
                    self._tell(event)
