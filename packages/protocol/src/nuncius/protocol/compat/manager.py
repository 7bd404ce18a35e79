"""Start and end one kernel: `KernelManager` and `AsyncKernelManager` with the methods of jupyter_client's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nuncius.protocol.compat.client import (
    AsyncKernelClient,
    BlockingKernelClient,
    KernelClient,
)
from nuncius.protocol.compat.kernelspec import KernelSpec, KernelSpecManager
from nuncius.protocol.compat.session import Session
from nuncius.protocol.compat.sockets import ConnectsSockets
from nuncius.protocol.connection import (
    ConnectionInfo,
    find_connection_file,
    load_connection_file,
    new_key,
)
from nuncius.protocol.core.lifecycle import RestartPolicy
from nuncius.protocol.manager.blocking import BlockingKernelManager
from nuncius.protocol.manager.manager import KernelManager as _Manager
from nuncius.protocol.manager.manager import ManagerOptions
from nuncius.protocol.messages import Channel

if TYPE_CHECKING:
    from nuncius.protocol.manager.provisioner import Provisioner

__all__ = [
    "AsyncKernelManager",
    "KernelManager",
    "run_kernel",
    "start_new_async_kernel",
    "start_new_kernel",
]

#: Arguments of jupyter_client's ``start_kernel`` that say what is done with the kernel's output: ours is kept for the report of its death.
_OUTPUT_ARGUMENTS = ("stdout", "stderr", "stdin", "independent", "kernel_id", "session_name")


#: Under these names programs configure a manager: ``c.KernelManager.shutdown_wait_time = 10``.
_SECTIONS = ("ConnectionFileMixin", "KernelManager")

_CONFIGURABLE = (
    "kernel_name",
    "connection_file",
    "transport",
    "ip",
    "shutdown_wait_time",
    "autorestart",
)


def _configured(kind: type, config: Any, parent: Any) -> dict[str, Any]:
    """Return what a configuration, or that of the parent, says of a manager."""
    if config is None:
        config = getattr(parent, "config", None) or {}
    names = dict.fromkeys((*_SECTIONS, *(base.__name__ for base in reversed(kind.__mro__))))
    found: dict[str, Any] = {}
    for name in names:
        if name in config:
            section = config[name]
            found.update({key: section[key] for key in _CONFIGURABLE if key in section})
    return found


class _KernelManager(ConnectsSockets):
    """What both managers are. Subclasses may override its hooks: `pre_start_kernel`, `post_start_kernel`, `finish_shutdown`.

    Args:
        kernel_name: Of the kernelspec.
        kernel_spec_manager: Where it is looked up.
        connection_file: Its path; by default a new one.
        transport: ``tcp`` or ``ipc``.
        ip: The address that the kernel listens on.
        shutdown_wait_time: Seconds for an orderly end.
        autorestart: Start a kernel that crashed again.
        parent: Its configuration counts, if there is no other.
        config: Of traitlets; what is given as an argument counts more.
        owns_kernel: False for a kernel that somebody else has started: load its connection file; it is not ended here.
        **ignored: Traits that have no meaning here.
    """

    client_factory: ClassVar[type[KernelClient[Any]]]
    _inner_class: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        *,
        kernel_spec_manager: KernelSpecManager | None = None,
        kernel_id: str | None = None,
        session: Session | None = None,
        parent: Any = None,
        config: Any = None,
        owns_kernel: bool = True,
        **traits: Any,
    ) -> None:
        traits = {**_configured(type(self), config, parent), **traits}
        self.parent = parent
        self.kernel_name: str = traits.get("kernel_name", "python3")
        self.kernel_spec_manager = kernel_spec_manager or KernelSpecManager()
        self.kernel_id = kernel_id or new_key()
        self.transport: str = traits.get("transport", "tcp")
        self.shutdown_wait_time: float = traits.get("shutdown_wait_time", 5.0)
        self.autorestart: bool = traits.get("autorestart", False)
        self.session = session or Session()
        self._ip: str = traits.get("ip", "127.0.0.1")
        self._ports = {name: n for name, n in traits.items() if name.endswith("_port") and n}
        self._path: str = traits.get("connection_file", "")
        self._made: Any = None
        self._owns = owns_kernel
        #: Where a kernel listens that somebody else has started.
        self._known: ConnectionInfo | None = None
        #: What is registered for each restart callback: theirs take no arguments.
        self._adapters: dict[tuple[Callable[[], Any], str], Callable[..., Any]] = {}

    @property
    def _inner(self) -> Any:
        """The manager behind, made when it is needed: names may be set until then."""
        if self._made is None:
            options = ManagerOptions(
                transport=self.transport,
                ip=self._ip,
                ports=self._ports,
                shutdown_timeout=self.shutdown_wait_time,
                restart=RestartPolicy(enabled=self.autorestart),
            )
            self._made = self._inner_class(
                self.kernel_name,
                options,
                kernel_id=self.kernel_id,
                specs=self.kernel_spec_manager.specs,
                connection_file=self._path or None,
            )
        return self._made

    @property
    def _manager(self) -> _Manager:
        inner = self._inner
        manager: _Manager = inner.manager if isinstance(inner, BlockingKernelManager) else inner
        return manager

    # -- what there is

    @property
    def info(self) -> ConnectionInfo | None:
        """Where the kernel listens, None before the first start."""
        if self._known is not None:
            return self._known
        return self._manager.info if self._made is not None else None

    def load_connection_file(self, connection_file: str | None = None) -> None:
        """Learn from a connection file where a kernel listens that somebody else has started."""
        self._path = find_connection_file(connection_file or self._path or None)
        self._known = load_connection_file(self._path)

    def load_connection_info(self, info: Mapping[str, Any]) -> None:
        """Learn from a mapping where a kernel listens that somebody else has started."""
        key = info.get("key", "")
        text = key.decode() if isinstance(key, bytes) else key
        self._known = ConnectionInfo.from_dict({**info, "key": text})

    def __getattr__(self, name: str) -> Any:
        # ip, shell_port and so on.
        if name == "ip" or name.endswith("_port"):
            info = self.info
            return (self._ip if name == "ip" else 0) if info is None else getattr(info, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def connection_file(self) -> str:
        """Its path; empty before the first start."""
        return (self._manager.connection_file if self._made is not None else "") or self._path

    @connection_file.setter
    def connection_file(self, path: str) -> None:
        self._path = path

    @property
    def kernel_spec(self) -> KernelSpec:
        """The kernelspec."""
        return KernelSpec.from_spec(self._manager.spec)

    @property
    def provisioner(self) -> Provisioner | None:
        """What runs the process."""
        return self._manager.provisioner

    @property
    def has_kernel(self) -> bool:
        """Whether there is a process."""
        if not self._owns:
            return self._known is not None
        return self._made is not None and self._manager.has_kernel

    @property
    def owns_kernel(self) -> bool:
        """Whether it is started and ended here."""
        return self._owns

    def get_connection_info(self, session: bool = False) -> dict[str, Any]:
        """Return the connection as a mapping."""
        info = self.info
        data: dict[str, Any] = {} if info is None else info.to_dict()
        if session:
            data.pop("key", None)
            data["session"] = self.session
        elif "key" in data:
            data["key"] = data["key"].encode()
        return data

    def client(self, **arguments: Any) -> Any:
        """Return a new client; start its channels."""
        info = self.info
        if info is not None:
            self.session.key = info.key
            self.session.signature_scheme = info.signature_scheme
            arguments = {**info.to_dict(), **arguments}
        # A session of its own: two clients with one identity would take each other's replies.
        session = Session(key=self.session.key, signature_scheme=self.session.signature_scheme)
        return self.client_factory(
            **{
                "connection_file": self.connection_file,
                "parent": self,
                "session": session,
                **arguments,
            }
        )

    # -- life; each returns a coroutine in the asyncio manager

    def start_kernel(self, **arguments: Any) -> Any:
        """Start the kernel.

        Args:
            **arguments: ``extra_arguments``, ``env``, ``cwd``, and values for the kernelspec's templates.
        """
        raise NotImplementedError

    def _accepted(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        accepted = {key: arguments[key] for key in arguments if key not in _OUTPUT_ARGUMENTS}
        accepted["extra_arguments"] = tuple(accepted.pop("extra_arguments", None) or ())
        return accepted

    def format_kernel_cmd(self, extra_arguments: Sequence[str] | None = None) -> list[str]:
        """Return the command of the kernel, with its templates filled in."""
        spec = self._manager.spec
        return list(spec.command(self.connection_file, extra_arguments=extra_arguments or ()))

    def _tell(self, msg_type: str, **content: Any) -> None:
        """Send a message to the kernel's control."""
        with self._visitor() as client:
            client.send(Channel.CONTROL, client.session.msg(msg_type, content))

    @contextlib.contextmanager
    def _visitor(self) -> Iterator[BlockingKernelClient]:
        client = BlockingKernelClient(**({} if self.info is None else self.info.to_dict()))
        client.start_channels()
        try:
            yield client
        finally:
            client.stop_channels()

    def _beats(self) -> bool:
        with self._visitor() as client:
            return client.beats()

    def _check_owned(self, what: str) -> None:
        if not self._owns:
            raise RuntimeError(f"cannot {what} this kernel: somebody else has started it")

    def shutdown_kernel(self, now: bool = False, restart: bool = False) -> Any:
        """End the kernel: by message, then by signals; at once with ``now``."""
        return self._inner.shutdown(now=now, restart=restart)

    def restart_kernel(self, now: bool = False, newports: bool = False, **changes: Any) -> Any:
        """End the kernel and start it again."""
        self._check_owned("restart")
        return self._inner.restart(now=now, new_ports=newports, **changes)

    def interrupt_kernel(self) -> Any:
        """Interrupt what the kernel is doing."""
        return self._inner.interrupt()

    def signal_kernel(self, signum: int) -> Any:
        """Send a signal to the kernel's process and those that it started."""
        self._check_owned("signal")
        return self._inner.signal(signum)

    def is_alive(self) -> Any:
        """Whether the kernel's process runs."""
        return self._inner.is_alive()

    def update_env(self, *, env: Mapping[str, str]) -> None:
        """Set variables of the environment, from the next restart on."""
        self._inner.update_env(dict(env))

    def resolve_path(self, path: str) -> str | None:
        """Return a path of the kernel's as an absolute one."""
        resolved: str | None = self._inner.resolve_path(path)
        return resolved

    def add_restart_callback(self, callback: Callable[[], Any], event: str = "restart") -> None:
        """Have ``callback`` called on ``restart`` or ``dead``."""
        if (callback, event) not in self._adapters:
            adapter = self._adapters[callback, event] = lambda *_: callback()
            self._inner.add_callback(adapter, event)

    def remove_restart_callback(self, callback: Callable[[], Any], event: str = "restart") -> None:
        """Undo `add_restart_callback`."""
        if (adapter := self._adapters.pop((callback, event), None)) is not None:
            self._inner.remove_callback(adapter)

    def start_restarter(self) -> None:
        """Do nothing: a crash is noticed as soon as it happens."""

    def stop_restarter(self) -> None:
        """Do nothing: a crash is noticed as soon as it happens."""


class KernelManager(_KernelManager):
    """Takes care of one kernel, with methods that return when they are done."""

    client_factory = BlockingKernelClient
    _inner_class = BlockingKernelManager

    def start_kernel(self, **arguments: Any) -> None:
        """Start the kernel, see `_KernelManager.start_kernel`."""
        self._check_owned("start")
        _, changed = self.pre_start_kernel(**arguments)
        self._inner.start(**self._accepted(changed))
        self.post_start_kernel(**changed)

    def pre_start_kernel(self, **arguments: Any) -> tuple[list[str], dict[str, Any]]:
        """Return the command and the arguments of `start_kernel`; a hook, called before the kernel starts. Changed arguments count."""
        return self.format_kernel_cmd(arguments.get("extra_arguments")), arguments

    def post_start_kernel(self, **arguments: Any) -> None:
        """Do nothing; a hook, called when the kernel runs."""

    def request_shutdown(self, restart: bool = False) -> None:
        """Ask the kernel by message to end."""
        self._tell("shutdown_request", restart=restart)

    def interrupt_kernel(self) -> None:
        """Interrupt what the kernel is doing; by message if somebody else has started it."""
        if self._owns:
            self._inner.interrupt()
        else:
            self._tell("interrupt_request")

    def is_alive(self) -> bool:
        """Whether the kernel's process runs; by its heartbeat if somebody else has started it."""
        alive: bool = self._inner.is_alive() if self._owns else self._beats()
        return alive

    def finish_shutdown(
        self, waittime: float | None = None, pollinterval: float = 0.1, restart: bool = False
    ) -> None:
        """Do nothing; a hook, called when the kernel has ended."""

    def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        """End the kernel: by message, then by signals; at once with ``now``. One that somebody else has started goes on."""
        if not self._owns:
            return
        self._inner.shutdown(now=now, restart=restart)
        self.finish_shutdown(restart=restart)
        if not restart:
            self.cleanup_resources()

    def cleanup_resources(self, restart: bool = False) -> None:
        """End what the manager itself uses; a kernel that still runs is killed."""
        if self._made is not None and not restart:
            self._inner.close()

    def blocking_client(self) -> BlockingKernelClient:
        """Return a new client."""
        client: BlockingKernelClient = self.client()
        return client


class AsyncKernelManager(_KernelManager):
    """Takes care of one kernel, with methods that are coroutines."""

    client_factory = AsyncKernelClient
    _inner_class = _Manager

    async def start_kernel(self, **arguments: Any) -> None:
        """Start the kernel, see `_KernelManager.start_kernel`."""
        self._check_owned("start")
        _, changed = await self.pre_start_kernel(**arguments)
        await self._inner.start(**self._accepted(changed))
        await self.post_start_kernel(**changed)

    async def pre_start_kernel(self, **arguments: Any) -> tuple[list[str], dict[str, Any]]:
        """Return the command and the arguments of `start_kernel`; a hook, called before the kernel starts. Changed arguments count."""
        return self.format_kernel_cmd(arguments.get("extra_arguments")), arguments

    async def post_start_kernel(self, **arguments: Any) -> None:
        """Do nothing; a hook, called when the kernel runs."""

    async def request_shutdown(self, restart: bool = False) -> None:
        """Ask the kernel by message to end."""
        self._tell("shutdown_request", restart=restart)

    async def interrupt_kernel(self) -> None:
        """Interrupt what the kernel is doing; by message if somebody else has started it."""
        if self._owns:
            await self._inner.interrupt()
        else:
            self._tell("interrupt_request")

    async def is_alive(self) -> bool:
        """Whether the kernel's process runs; by its heartbeat if somebody else has started it."""
        if self._owns:
            alive: bool = await self._inner.is_alive()
            return alive
        import asyncio

        return await asyncio.to_thread(self._beats)

    async def finish_shutdown(
        self, waittime: float | None = None, pollinterval: float = 0.1, restart: bool = False
    ) -> None:
        """Do nothing; a hook, called when the kernel has ended."""

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        """End the kernel: by message, then by signals; at once with ``now``. One that somebody else has started goes on."""
        if not self._owns:
            return
        await self._inner.shutdown(now=now, restart=restart)
        await self.finish_shutdown(restart=restart)

    async def cleanup_resources(self, restart: bool = False) -> None:
        """End what the manager itself uses; a kernel that still runs is killed."""
        if self._made is not None and not restart:
            await self._inner.shutdown(now=True)

    def blocking_client(self) -> BlockingKernelClient:
        """Return a new client that blocks."""
        info = self.info
        return BlockingKernelClient(**({} if info is None else info.to_dict()))


def start_new_kernel(
    startup_timeout: float = 60, kernel_name: str = "python3", **arguments: Any
) -> tuple[KernelManager, BlockingKernelClient]:
    """Start a kernel; return its manager and a client that is ready."""
    manager = KernelManager(kernel_name=kernel_name)
    manager.start_kernel(**arguments)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=startup_timeout)
    except BaseException:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        raise
    return manager, client


async def start_new_async_kernel(
    startup_timeout: float = 60, kernel_name: str = "python3", **arguments: Any
) -> tuple[AsyncKernelManager, AsyncKernelClient]:
    """Start a kernel; return its manager and a client that is ready."""
    manager = AsyncKernelManager(kernel_name=kernel_name)
    await manager.start_kernel(**arguments)
    client: AsyncKernelClient = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=startup_timeout)
    except BaseException:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
        raise
    return manager, client


@contextlib.contextmanager
def run_kernel(**arguments: Any) -> Iterator[BlockingKernelClient]:
    """Start a kernel for a ``with`` block; gives a client that is ready."""
    manager, client = start_new_kernel(**arguments)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
