"""Take care of one kernel: start it, watch it, start it again when it crashes, interrupt it, end it.

`KernelManager` is the shell around `nuncius.protocol.core.lifecycle`, for asyncio; `nuncius.protocol.manager.blocking` has the same for programs without an event loop.

Rule 1: whatever happens (an error, a timeout, Ctrl-C), an operation leaves either a kernel that runs or nothing: no process, no connection file.
Rule 2: starting, stopping and restarting exclude each other; the one lock is held by whoever does it.
Rule 3: a kernel's key, and its ports where possible, are the same over restarts: connected clients stay connected.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from nuncius.protocol.connection import (
    ConnectionInfo,
    load_connection_file,
    new_connection_path,
    new_key,
    remove_connection_file,
)
from nuncius.protocol.core.lifecycle import Announce, Launch, Lifecycle, State
from nuncius.protocol.curve import decide, with_new_keys
from nuncius.protocol.errors import KernelDied, KernelError, KernelTimeout, NunciusError
from nuncius.protocol.kernelspec import KernelSpec, KernelSpecs
from nuncius.protocol.manager.callbacks import Callback, Callbacks
from nuncius.protocol.manager.ending import end, kill
from nuncius.protocol.manager.guard import Guard
from nuncius.protocol.manager.launch import Launcher, new_info
from nuncius.protocol.manager.options import ManagerOptions
from nuncius.protocol.manager.ports import PortReserve
from nuncius.protocol.manager.probe import ask
from nuncius.protocol.manager.provisioner import Adoptable, Exit, LaunchRequest, Provisioner
from nuncius.protocol.manager.registry import create_provisioner
from nuncius.protocol.manager.saved import LaunchArguments, SavedKernel
from nuncius.protocol.session import Session

if TYPE_CHECKING:
    import zmq

    from nuncius.protocol.client.aio import AsyncClient
    from nuncius.protocol.messages import Message

__all__ = ["Callback", "KernelManager", "ManagerOptions"]


class KernelManager:
    """Takes care of one kernel.

    Use it as an async context manager to have the kernel started and ended::

        async with KernelManager("python3") as manager:
            print(manager.info.url("shell"))

    Args:
        kernel: The name of a kernelspec, or one.
        options: How it is started and ended.
        kernel_id: By default a random one.
        specs: Where names are looked up.
        connection_file: Its path; by default a new one in the runtime directory.
        session_name: The document or window that the kernel is for.
        context: A ZeroMQ context to use; by default a new one.
        guard: To share with other managers.
        ports: To share with other managers.
        meanwhile: Called while the process starts, for what would have to be done afterwards; by default it imports the client.

    Attributes:
        lifecycle: What the kernel is doing: `State` and crashes.
        info: Where it listens, None before the first start.
        kernel_info: What it said of itself when it was started, a ``kernel_info_reply``; None before.
        last_exit: How the last process ended, None before.
    """

    def __init__(
        self,
        kernel: str | KernelSpec = "python3",
        options: ManagerOptions | None = None,
        *,
        kernel_id: str | None = None,
        specs: KernelSpecs | None = None,
        connection_file: str | os.PathLike[str] | None = None,
        session_name: str = "",
        context: zmq.Context[Any] | None = None,
        guard: Guard | None = None,
        ports: PortReserve | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        self.options = options or ManagerOptions()
        self.kernel_id = kernel_id or new_key()
        self.kernel_name = kernel.name if isinstance(kernel, KernelSpec) else kernel
        self.session_name = session_name
        self.lifecycle = Lifecycle(self.options.restart)
        self.info: ConnectionInfo | None = None
        self.kernel_info: Message | None = None
        self.last_exit: Exit | None = None
        self._spec = kernel if isinstance(kernel, KernelSpec) else None
        self._specs = specs
        self._path = None if connection_file is None else os.fspath(connection_file)
        self._owned_context = context is None
        self._context = context
        self._owned_guard = guard is None
        self._guard = guard or Guard()
        self._ports = ports or PortReserve()
        self._meanwhile = meanwhile or _import_client
        self._arguments = LaunchArguments()
        self._provisioner: Provisioner | None = None
        self._session: Session | None = None
        self._lock = asyncio.Lock()
        self._ready: asyncio.Future[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._callbacks = Callbacks()

    def __repr__(self) -> str:
        return f"<KernelManager {self.kernel_name} {self.kernel_id[:8]}: {self.state}>"

    # -- what there is

    @property
    def spec(self) -> KernelSpec:
        """The kernelspec.

        Raises:
            NoSuchKernel: There is none of this name.
            InvalidKernelSpec: It is not what it should be.
        """
        if self._spec is None:
            self._spec = (self._specs or KernelSpecs()).get(self.kernel_name)
        return self._spec

    @property
    def state(self) -> State:
        """What the kernel is doing."""
        return self.lifecycle.state

    @property
    def connection_file(self) -> str | None:
        """The path of the connection file, None before the first start."""
        return self._path

    @property
    def provisioner(self) -> Provisioner | None:
        """What runs the process, None before the first start."""
        return self._provisioner

    @property
    def has_kernel(self) -> bool:
        """Whether there is a process that we take care of."""
        return self._provisioner is not None and self._provisioner.has_process

    @property
    def ready(self) -> asyncio.Future[None]:
        """Done when the present start, or the last one, has succeeded or failed. Each start and restart has its own."""
        if self._ready is None:
            self._ready = asyncio.get_running_loop().create_future()
        return self._ready

    async def is_alive(self) -> bool:
        """Tell whether the kernel's process runs."""
        return self._provisioner is not None and (
            self._provisioner.has_process and await self._provisioner.poll() is None
        )

    def resolve_path(self, path: str) -> str | None:
        """Return ``path``, as code in the kernel would write it, as an absolute path; None if there is no such file."""
        return None if self._provisioner is None else self._provisioner.resolve_path(path)

    def client(self, **options: Any) -> AsyncClient:
        """Return a client of the kernel; open it, and close it when done.

        When the kernel crashes, whatever the client waits for ends with `KernelDied` and the reason.

        Args:
            **options: See `nuncius.protocol.client.aio.AsyncClient`.

        Raises:
            KernelError: There is no kernel.
        """
        from weakref import ref

        from nuncius.protocol.client.aio import AsyncClient
        from nuncius.protocol.transport.zmq import ZmqTransport

        self._running("talk to")
        assert self.info is not None
        options.setdefault("kernel_info", self.kernel_info)
        transport = ZmqTransport(self.info)
        client = AsyncClient(transport, **options)
        # We see the process itself, and need not guess from the connection.
        transport.on_disconnect(lambda: None)
        living = ref(client, lambda _: self.remove_callback(crashed))

        def crashed(_: str, reason: str) -> None:
            if (target := living()) is not None:
                target.kernel_died(f"the kernel died: {reason}")

        self.add_callback(crashed, "restart", "dead")
        return client

    def add_callback(self, callback: Callback, *events: str) -> None:
        """Have ``callback(event, text)`` called.

        Args:
            callback: What to call, in the event loop.
            *events: ``restart`` (it crashed and is started again), ``ready`` (and runs again), ``dead`` (and is not started again); all by default.
        """
        self._callbacks.add(callback, *events)

    def remove_callback(self, callback: Callback) -> None:
        """Have ``callback`` called no longer."""
        self._callbacks.remove(callback)

    # -- what can be done

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shutdown()

    async def start(
        self,
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        extra_arguments: Sequence[str] = (),
        **values: object,
    ) -> ConnectionInfo:
        """Start the kernel, and return when it has answered.

        Args:
            env: The environment, by default ours; the kernelspec's variables are added.
            cwd: The directory to run in.
            extra_arguments: Appended to the command.
            **values: For templates of the kernelspec's own.

        Returns:
            Where it listens.

        Raises:
            NoSuchKernel: There is no such kernelspec.
            LaunchFailed: It cannot be started, or ended at once; says why.
            KernelTimeout: It did not answer in time.
            RuntimeError: It runs already.
        """
        async with self._lock:
            self._arguments = LaunchArguments(
                None if env is None else dict(env),
                None if cwd is None else os.fspath(cwd),
                tuple(extra_arguments),
                values,
            )
            return await self._start()

    async def shutdown(self, *, now: bool = False, restart: bool = False) -> None:
        """End the kernel: by message, then by SIGTERM, then by SIGKILL. If there is none, do nothing.

        Args:
            now: By SIGKILL at once.
            restart: It will be started again: keep its connection file, and tell it so.
        """
        await self._stop_watching()
        async with self._lock:
            await self._shutdown(now, restart)

    async def restart(
        self, *, now: bool = False, new_ports: bool = False, **changes: Any
    ) -> ConnectionInfo:
        """End the kernel and start it again with what it was started with.

        Args:
            now: End it by SIGKILL.
            new_ports: Choose other ports; clients must connect again.
            **changes: Of the arguments of `start`.

        Raises:
            LaunchFailed: It cannot be started again; the others of `start` too.
        """
        await self._stop_watching()
        async with self._lock:
            await self._shutdown(now, restart=True)
            for name in ("env", "cwd", "extra_arguments"):
                if name in changes:
                    setattr(self._arguments, name, changes.pop(name))
            self._arguments.values.update(changes)
            if new_ports:
                self._forget_ports()
            return await self._start()

    async def interrupt(self) -> None:
        """Interrupt what the kernel is doing, in the way that its kernelspec says.

        Raises:
            KernelError: There is no kernel to interrupt.
            KernelTimeout: It was asked by message and did not answer.
        """
        provisioner = self._running("interrupt")
        if self.spec.interrupt_mode == "message":
            timeout = self.options.interrupt_timeout
            try:
                async with asyncio.timeout(timeout):
                    await self._ask("interrupt_request")
            except TimeoutError:
                raise KernelTimeout(
                    "the answer to an interrupt request", timeout, "restart the kernel to stop it"
                ) from None
        else:
            await provisioner.signal(signal.SIGINT)

    async def signal(self, signum: int) -> None:
        """Send a signal to the kernel's process and those that it started.

        Raises:
            KernelError: There is no kernel.
        """
        await self._running("signal").signal(signum)

    async def wait(self) -> Exit:
        """Wait until the kernel's process has ended, and return how; if it has ended already, at once.

        Raises:
            KernelError: There was no kernel.
        """
        if self._provisioner is not None:
            return await self._provisioner.wait()
        if self.last_exit is None:
            raise KernelError(f"there is no kernel to wait for: it is {self.state}")
        return self.last_exit

    # -- kernels that outlive the program

    async def save(self) -> dict[str, Any]:
        """Return what another manager needs to take over this kernel, see `adopt`; keep it where only its owner can change it.

        The kernel must be ``independent`` (`ManagerOptions`), or it ends with this program. The environment is not saved: it holds secrets.

        Raises:
            KernelError: There is no kernel, or its provisioner cannot hand it over.
        """
        provisioner = self._adoptable(self._running("save"))
        return SavedKernel(
            self.kernel_id,
            self.kernel_name,
            self._path or "",
            self.session_name,
            self._arguments,
            await provisioner.save(),
        ).to_dict()

    async def adopt(self, saved: Mapping[str, Any]) -> ConnectionInfo:
        """Take over a kernel that another manager has started, instead of starting one.

        From now on it is ours, as if started here: it is watched, restarted when it crashes, and ended by `shutdown`. A restart uses this program's environment.

        Args:
            saved: What `save` returned there.

        Returns:
            Where it listens.

        Raises:
            KernelDied: It has ended.
            KernelError: It cannot be taken over.
            ConnectionFileError: Its connection file is gone, or is not one.
            RuntimeError: There is a kernel here already.
        """
        async with self._lock:
            self.lifecycle.start()
            ready = self._new_ready()
            try:
                info = await self._adopt(SavedKernel.from_dict(saved))
            except BaseException as error:
                self.lifecycle.failed_start()
                # It is not ours: neither its process nor its file is touched.
                self._let_go()
                _settle(ready, error)
                raise
            self._runs(ready)
            return info

    async def detach(self) -> None:
        """Let go of a kernel that was started ``independent``: it lives on, and so does its connection file. If there is none, do nothing.

        Raises:
            KernelError: It would end with this program.
        """
        if self.has_kernel and not self.options.independent:
            raise KernelError(
                "this kernel ends with the program that started it; start it with ManagerOptions(independent=True)"
            )
        await self._stop_watching()
        async with self._lock:
            if self.lifecycle.stop():
                self.lifecycle.exited(asyncio.get_running_loop().time(), "")
            self._let_go()

    def update_env(self, env: Mapping[str, str]) -> None:
        """Set variables of the environment, from the next restart on."""
        if self._arguments.env is None:
            self._arguments.env = dict(os.environ)
        self._arguments.env.update(env)

    # -- the steps; the lock is held

    async def _start(self) -> ConnectionInfo:
        self.lifecycle.start()
        ready = self._new_ready()
        try:
            info = await self._launch()
        except BaseException as error:
            self.lifecycle.failed_start()
            await self._abort()
            _settle(ready, error)
            raise
        self._runs(ready)
        return info

    def _runs(self, ready: asyncio.Future[None]) -> None:
        self.lifecycle.ready(asyncio.get_running_loop().time())
        ready.set_result(None)
        self._watching = asyncio.create_task(self._watch(), name="kernel-watch")

    async def _adopt(self, saved: SavedKernel) -> ConnectionInfo:
        if saved.kernel_name != self.kernel_name:
            raise KernelError(
                f"the saved kernel is of the kernelspec {saved.kernel_name!r}, and this manager is for {self.kernel_name!r}; make one for that"
            )
        info = load_connection_file(saved.connection_file)
        self.kernel_id, self.session_name = saved.kernel_id, saved.session_name
        self._path, self._arguments = saved.connection_file, saved.arguments
        provisioner = create_provisioner(self.spec, self.kernel_id, self._guard)
        await self._adoptable(provisioner).adopt(saved.provisioner, self._request(info, self._path))
        self.info, self._provisioner = info, provisioner
        self._session = Session(info.key, signature_scheme=info.signature_scheme)
        self.kernel_info = None
        # It may be busy, or suspended: that is no reason not to take care of it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.options.interrupt_timeout):
                self.kernel_info = await self._ask("kernel_info_request")
        return info

    def _let_go(self) -> None:
        """Forget the kernel without touching it."""
        if isinstance(self._provisioner, Adoptable):
            self._provisioner.release()
        self._path = None
        self._release()

    def _adoptable(self, provisioner: Provisioner) -> Adoptable:
        if not isinstance(provisioner, Adoptable):
            raise KernelError(
                f"the provisioner {type(provisioner).__name__} of the kernel {self.kernel_name!r} cannot hand over a kernel: it lacks methods of nuncius.protocol.manager.Adoptable"
            )
        return provisioner

    async def _launch(self) -> ConnectionInfo:
        """Start a process, and return when the kernel has answered."""
        spec = self.spec
        if self._provisioner is None:
            self._provisioner = create_provisioner(spec, self.kernel_id, self._guard)
        info = self._prepare_info(spec)
        path = self._path = self._path or new_connection_path(self.kernel_id)
        self._session = Session(info.key, signature_scheme=info.signature_scheme)
        launcher = Launcher(
            self._zmq_context(),
            self._ports,
            self.options.start_timeout,
            self._meanwhile,
            self._first_ports(info),
        )
        self.info, self.kernel_info = await launcher.launch(
            self._provisioner, self._request(info, path), self._session
        )
        self._session = Session(self.info.key, signature_scheme=self.info.signature_scheme)
        return self.info

    def _request(self, info: ConnectionInfo, path: str) -> LaunchRequest:
        spec, arguments = self.spec, self._arguments
        env = spec.environment(os.environ if arguments.env is None else arguments.env)
        if self.session_name:
            env["JPY_SESSION_NAME"] = self.session_name
        return LaunchRequest(
            self.kernel_id,
            spec,
            spec.command(path, extra_arguments=arguments.extra_arguments, **arguments.values),
            env,
            info,
            path,
            arguments.cwd,
            self.options.independent,
            self.options.inherit_output,
        )

    def _prepare_info(self, spec: KernelSpec) -> ConnectionInfo:
        if self.info is not None:
            return self.info
        options = self.options
        info = new_info(options.transport, options.ip).with_ports(options.ports)
        info = replace(info, kernel_name=spec.name, session=self.session_name)
        if decide(info, spec.encryption, options.encryption, f"the kernel {spec.name!r}"):
            info = with_new_keys(info)
        # Remembered before it is used: if the start fails, its directory is removed.
        self.info = info
        return info

    async def _shutdown(self, now: bool, restart: bool) -> None:
        if self.lifecycle.stop():
            try:
                await self._end_process(now, restart)
            except BaseException:
                await self._kill()
                raise
            finally:
                self.lifecycle.exited(asyncio.get_running_loop().time(), "")
                await self._cleanup(restart)
        elif not restart:
            await self._cleanup(restart)

    async def _end_process(self, now: bool, restart: bool) -> None:
        provisioner = self._provisioner
        if provisioner is None or not provisioner.has_process:
            return
        if now or self.info is None or not self.info.has_ports:
            await self._kill()
            return
        self.last_exit = await end(
            provisioner,
            self._ask("shutdown_request", {"restart": restart}),
            self.options.shutdown_timeout,
            interrupt=self.spec.interrupt_mode == "signal",
            restart=restart,
        )

    async def _kill(self) -> None:
        if self._provisioner is not None and self._provisioner.has_process:
            self.last_exit = await kill(self._provisioner)

    async def _abort(self) -> None:
        """Leave nothing behind of a start that failed."""
        await self._kill()
        await self._cleanup(restart=False)

    async def _cleanup(self, restart: bool) -> None:
        try:
            if self._provisioner is not None:
                await self._provisioner.cleanup(restart=restart)
        finally:
            if not restart:
                if self._path is not None:
                    remove_connection_file(self._path, self.info)
                self._release()

    def _release(self) -> None:
        """Give back what a kernel needs on our side."""
        self.info = None
        self._provisioner = None
        if self._owned_guard:
            self._guard.close()
        if self._owned_context and self._context is not None:
            # Each socket has its own time to linger, never none: see `nuncius.protocol.transport.zmq`.
            self._context.destroy()
            self._context = None

    # -- crashes

    async def _watch(self) -> None:
        """Wait for the end of the process that nobody asked for, and do what the lifecycle says."""
        while self._provisioner is not None:
            ended = await self._provisioner.wait()
            async with self._lock:
                if self.state is not State.RUNNING:
                    return
                again = await self._crashed(ended, ended.describe())
            while again is not None:
                await asyncio.sleep(again.delay)
                async with self._lock:
                    again = await self._relaunch(again)
            if self.state is not State.RUNNING:
                return

    async def _crashed(self, ended: Exit | None, reason: str) -> Launch | None:
        self.last_exit = ended or self.last_exit
        effects = self.lifecycle.exited(asyncio.get_running_loop().time(), reason)
        if self._provisioner is not None:
            await self._tidy(self._provisioner.cleanup(restart=self.state is State.RESTARTING))
        launch = None
        for effect in effects:
            if isinstance(effect, Announce):
                self._callbacks.announce(self, effect.event, effect.reason)
            else:
                launch = effect
        if launch is None:
            await self._tidy(self._cleanup(restart=False))
        return launch

    async def _tidy(self, cleanup: Awaitable[None]) -> None:
        """Clean up after a crash: a provisioner that fails at it must not keep the crash from being told, or the kernel from being started again."""
        try:
            await cleanup
        except Exception:
            logging.getLogger(__name__).exception(
                "the provisioner of the kernel %r could not clean up", self.kernel_name
            )

    async def _relaunch(self, launch: Launch) -> Launch | None:
        """Start the kernel again; return what to do if it fails."""
        ready = self._new_ready()
        self.lifecycle.launched()
        if launch.new_ports:
            self._forget_ports()
        try:
            await self._launch()
        except NunciusError as error:
            await self._kill()
            ready.set_exception(error)
            ready.exception()
            return await self._crashed(None, str(error))
        except BaseException:
            ready.cancel()
            await self._kill()
            raise
        self.lifecycle.ready(asyncio.get_running_loop().time())
        ready.set_result(None)
        self._callbacks.announce(self, "ready", "the kernel was restarted")
        return None

    async def _stop_watching(self) -> None:
        watching, self._watching = self._watching, None
        if watching is not None and watching is not asyncio.current_task():
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    # -- helpers

    def _running(self, what: str) -> Provisioner:
        provisioner = self._provisioner
        if provisioner is None or not provisioner.has_process:
            reason = f": {self.last_exit.reason}" if self.last_exit else ""
            if self.state is State.DEAD:
                raise KernelDied(
                    f"cannot {what} the kernel {self.kernel_name!r}: it is dead{reason}",
                    exit_code=self.last_exit.code if self.last_exit else None,
                )
            raise KernelError(f"cannot {what} the kernel {self.kernel_name!r}: it is {self.state}")
        return provisioner

    async def _ask(self, msg_type: str, content: Mapping[str, Any] | None = None) -> Message | None:
        if self.info is None or self._session is None:
            return None
        return await ask(self._zmq_context(), self.info, self._session, msg_type, content)

    def _forget_ports(self) -> None:
        if self.info is not None and self.info.transport != "ipc":
            self.info = self.info.with_ports(self._first_ports(self.info))

    def _first_ports(self, info: ConnectionInfo) -> dict[str, int]:
        return {**dict.fromkeys(info.ports, 0), **self.options.ports}

    def _new_ready(self) -> asyncio.Future[None]:
        if self._ready is None or self._ready.done():
            self._ready = asyncio.get_running_loop().create_future()
        return self._ready

    def _zmq_context(self) -> zmq.Context[Any]:
        if self._context is None:
            import zmq

            self._context = zmq.Context()
        return self._context


def _settle(ready: asyncio.Future[None], error: BaseException) -> None:
    """End a start that failed."""
    if isinstance(error, Exception):
        ready.set_exception(error)
        ready.exception()  # whoever awaits it gets it; nobody need to
    else:
        ready.cancel()


def _import_client() -> None:
    import nuncius.protocol.client.aio
    import nuncius.protocol.transport.zmq  # noqa: F401
