"""Take care of one kernel from a program without an event loop.

The same as `nuncius.protocol.manager.manager.KernelManager`, which runs in a loop of its own on a thread of its own; so crashes are noticed while the program does something else.
Ctrl-C while a method waits stops what it waits for, tidies up, and raises KeyboardInterrupt.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

from nuncius.protocol.manager.manager import Callback, KernelManager, ManagerOptions

if TYPE_CHECKING:
    from nuncius.protocol.client.blocking import Client
    from nuncius.protocol.connection import ConnectionInfo
    from nuncius.protocol.core.lifecycle import State
    from nuncius.protocol.kernelspec import KernelSpec
    from nuncius.protocol.manager.provisioner import Exit

__all__ = ["BlockingKernelManager", "LoopThread"]

T = TypeVar("T")

#: Seconds between two looks for a signal that came unseen.
_LOOK = 0.2


class LoopThread:
    """An event loop on a thread of its own; use it as a context manager, or `close` it."""

    def __init__(self, name: str = "kernel-manager") -> None:
        self._running = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()
        try:
            self._running.wait()
        except BaseException:
            self._running.wait()
            self.close()
            raise

    def _serve(self) -> None:
        # Made here, where no Ctrl-C comes: half a loop cannot even be closed.
        self._loop = asyncio.new_event_loop()
        self._loop.call_soon(self._running.set)
        self._loop.run_forever()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, to hand it work that nobody waits for."""
        return self._loop

    def run(self, coroutine: Coroutine[Any, Any, T], patience: float = 10.0) -> T:
        """Run ``coroutine`` there, and return or raise what it does.

        Args:
            coroutine: What to run.
            patience: Seconds that it gets to tidy up when this call is interrupted.
        """
        done = threading.Event()
        tasks: list[asyncio.Task[T]] = []

        def begin() -> None:
            if not done.is_set():
                task = self._loop.create_task(coroutine)
                tasks.append(task)
                task.add_done_callback(lambda _: done.set())

        def give_up() -> None:
            if tasks:
                tasks[0].cancel()
            else:
                coroutine.close()
                done.set()

        try:
            self._loop.call_soon_threadsafe(begin)
            # Not for ever in one go: a Ctrl-C that comes just before a thread falls asleep does not wake it.
            while not done.wait(_LOOK):
                pass
        except BaseException:
            self._loop.call_soon_threadsafe(give_up)
            done.wait(patience)
            raise
        return tasks[0].result()

    def close(self) -> None:
        """End the loop and the thread."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class BlockingKernelManager:
    """Takes care of one kernel.

    Use it as a context manager to have the kernel started and ended. Else call `close` at last.

    Args:
        kernel: The name of a kernelspec, or one.
        options: How it is started and ended.
        **arguments: See `KernelManager`.
    """

    def __init__(
        self,
        kernel: str | KernelSpec = "python3",
        options: ManagerOptions | None = None,
        **arguments: Any,
    ) -> None:
        self._thread: LoopThread | None = None
        arguments.setdefault("meanwhile", _import_client)
        self._manager = KernelManager(kernel, options, **arguments)

    def __repr__(self) -> str:
        return f"<Blocking{repr(self._manager)[1:]}"

    @property
    def manager(self) -> KernelManager:
        """The manager behind; its coroutines belong to this object's loop."""
        return self._manager

    @property
    def state(self) -> State:
        """What the kernel is doing."""
        return self._manager.state

    @property
    def info(self) -> ConnectionInfo | None:
        """Where the kernel listens, None before the first start."""
        return self._manager.info

    @property
    def connection_file(self) -> str | None:
        """The path of the connection file, None before the first start."""
        return self._manager.connection_file

    @property
    def last_exit(self) -> Exit | None:
        """How the last process ended, None before."""
        return self._manager.last_exit

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.shutdown()
        finally:
            self.close()

    def start(
        self,
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        extra_arguments: Sequence[str] = (),
        **values: object,
    ) -> ConnectionInfo:
        """See `KernelManager.start`."""
        return self._run(
            self._manager.start(env=env, cwd=cwd, extra_arguments=extra_arguments, **values)
        )

    def shutdown(self, *, now: bool = False, restart: bool = False) -> None:
        """See `KernelManager.shutdown`. When it is interrupted, the kernel is killed."""
        self._run(self._manager.shutdown(now=now, restart=restart))

    def restart(
        self, *, now: bool = False, new_ports: bool = False, **changes: Any
    ) -> ConnectionInfo:
        """See `KernelManager.restart`."""
        return self._run(self._manager.restart(now=now, new_ports=new_ports, **changes))

    def interrupt(self) -> None:
        """See `KernelManager.interrupt`."""
        self._run(self._manager.interrupt())

    def signal(self, signum: int) -> None:
        """See `KernelManager.signal`."""
        self._run(self._manager.signal(signum))

    def is_alive(self) -> bool:
        """See `KernelManager.is_alive`."""
        return self._run(self._manager.is_alive())

    def wait(self, timeout: float | None = None) -> Exit:
        """Wait until the kernel's process has ended, and return how; if it has ended already, at once.

        Args:
            timeout: Seconds; by default for ever.

        Raises:
            KernelError: There was no kernel.
            KernelTimeout: It has not ended in time.
        """
        return self._run(self._manager.wait() if timeout is None else self._wait(timeout))

    async def _wait(self, timeout: float) -> Exit:
        from nuncius.protocol.errors import KernelTimeout

        try:
            async with asyncio.timeout(timeout):
                return await self._manager.wait()
        except TimeoutError:
            raise KernelTimeout(
                "the end of the kernel's process", timeout, "end it with shutdown()"
            ) from None

    def client(self, **options: Any) -> Client:
        """Return a client of the kernel; open it, and close it when done.

        When the kernel crashes, whatever the client waits for ends with `KernelDied` and the reason.

        Args:
            **options: See `nuncius.protocol.client.blocking.Client`.

        Raises:
            KernelError: There is no kernel.
        """
        from weakref import ref

        from nuncius.protocol.client.blocking import Client
        from nuncius.protocol.errors import KernelError
        from nuncius.protocol.transport.zmq import ZmqChannels

        if self.info is None:
            raise KernelError(f"there is no kernel to talk to: it is {self.state}")
        options.setdefault("kernel_info", self._manager.kernel_info)
        channels = ZmqChannels(self.info)
        client = Client(channels, **options)
        # We see the process itself, and need not guess from the connection.
        channels.on_disconnect(lambda: None)
        living = ref(client, lambda _: self.remove_callback(crashed))

        def crashed(_: str, reason: str) -> None:
            if (target := living()) is not None:
                target.kernel_died(f"the kernel died: {reason}")

        self.add_callback(crashed, "restart", "dead")
        return client

    def update_env(self, env: Mapping[str, str]) -> None:
        """See `KernelManager.update_env`."""
        self._manager.update_env(env)

    def resolve_path(self, path: str) -> str | None:
        """See `KernelManager.resolve_path`."""
        return self._manager.resolve_path(path)

    def add_callback(self, callback: Callback, *events: str) -> None:
        """See `KernelManager.add_callback`; it is called on the thread of the manager."""
        self._manager.add_callback(callback, *events)

    def remove_callback(self, callback: Callback) -> None:
        """See `KernelManager.remove_callback`."""
        self._manager.remove_callback(callback)

    def close(self) -> None:
        """End the manager's thread; a kernel that still runs is killed."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        try:
            thread.run(self._manager.shutdown(now=True))
        finally:
            thread.close()

    def save(self) -> dict[str, Any]:
        """See `KernelManager.save`."""
        return self._run(self._manager.save())

    def adopt(self, saved: Mapping[str, Any]) -> ConnectionInfo:
        """See `KernelManager.adopt`."""
        return self._run(self._manager.adopt(saved))

    def detach(self) -> None:
        """See `KernelManager.detach`; the manager's thread ends as well."""
        self._run(self._manager.detach())
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.close()

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        try:
            if self._thread is None:
                self._thread = LoopThread()
        except BaseException:
            coroutine.close()
            raise
        return self._thread.run(coroutine, self._manager.options.shutdown_timeout + 5)


def _import_client() -> None:
    import nuncius.protocol.client.blocking
    import nuncius.protocol.transport.zmq  # noqa: F401
