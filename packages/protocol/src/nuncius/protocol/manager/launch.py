"""Get one process of a kernel from nothing to its first answer.

How a kernel gets its ports depends on what it can do:

* It speaks protocol 5.5: its file holds no ports, and an address to register at. Ours and xeus' kernels register; ipykernel does not, but writes the ports that it has bound into the file. Whichever comes first counts.
* Else ports are chosen for it (`nuncius.protocol.manager.ports`), and if they turn out to be taken, others are, a few times.
* A restart gives a kernel of either kind the ports that it had before, as clients are connected to them.

At last it is asked for its kernel_info: a kernel that has registered has bound its sockets, but it may be far from able to bear an interrupt.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nuncius.protocol.connection import (
    ConnectionInfo,
    ipc_directory,
    load_connection_file,
    new_key,
    write_connection_file,
)
from nuncius.protocol.errors import ConnectionFileError, KernelTimeout, LaunchFailed
from nuncius.protocol.handshake import Registrar, without_registration
from nuncius.protocol.manager.ports import PortReserve, says_port_taken
from nuncius.protocol.manager.probe import ask, await_file, await_registration
from nuncius.protocol.messages import Channel
from nuncius.protocol.session import Session

if TYPE_CHECKING:
    import zmq

    from nuncius.protocol.manager.provisioner import LaunchRequest, Provisioner
    from nuncius.protocol.messages import Message

__all__ = ["Answer", "Launcher", "new_info"]

#: How often other ports are tried.
_ATTEMPTS = 4

_NO_PORTS = {f"{channel}_port": 0 for channel in Channel}

#: Where the kernel listens, and its ``kernel_info_reply``.
Answer = tuple[ConnectionInfo, "Message"]


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts processes for a manager.

    Attributes:
        context: For the sockets.
        ports: To choose from.
        timeout: Seconds until a kernel must have answered.
        otherwise: The ports to go on with when some were taken; 0 for any.
        meanwhile: Called when the process is on its way and there is nothing to do but to wait for it.
    """

    context: zmq.Context[Any]
    ports: PortReserve
    timeout: float
    meanwhile: Callable[[], None] | None = None
    otherwise: Mapping[str, int] = field(default_factory=lambda: dict(_NO_PORTS))

    async def launch(
        self, provisioner: Provisioner, request: LaunchRequest, session: Session
    ) -> Answer:
        """Start the process, and wait until the kernel has answered.

        If this raises, or is canceled, there may be a process: kill it.

        Args:
            provisioner: Runs it.
            request: What to run. Ports that are not 0 are kept.
            session: With the key of the connection.

        Returns:
            Where the kernel listens (the connection file says so too), and what it says of itself.

        Raises:
            LaunchFailed: It cannot be started, or ended at once.
            KernelTimeout: It did not answer in time.
            ConnectionFileError: The file cannot be written.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                if self._registers(request):
                    return await self._with_registration(provisioner, request, session)
                return await self._with_ports(provisioner, request, session)
            except _Ended as error:
                taken = says_port_taken(str(error))
                if not taken or attempt == _ATTEMPTS:
                    raise LaunchFailed(str(error)) from None
                request = replace(request, info=request.info.with_ports(self.otherwise))
        raise AssertionError("unreachable")

    def _registers(self, request: LaunchRequest) -> bool:
        # Not with ports of old: xeus would choose others all the same.
        info = request.info
        return request.spec.registers and info.transport == "tcp" and not info.has_ports

    async def _with_registration(
        self, provisioner: Provisioner, request: LaunchRequest, session: Session
    ) -> Answer:
        registrar = Registrar(self.context)
        try:
            info = registrar.invite(request.info, request.kernel_id)
            path = write_connection_file(info, request.connection_file)
            known = await self._begin(provisioner, replace(request, info=info))
            found = await self._first(
                provisioner,
                request,
                self._ask_info(known, session)
                if known.has_ports
                else self._await_ports(registrar, known, path, session),
            )
        finally:
            registrar.close()
        _write_if_other(found[0], path)
        return found

    async def _begin(self, provisioner: Provisioner, request: LaunchRequest) -> ConnectionInfo:
        known = await provisioner.launch(request)
        if self.meanwhile is not None:
            self.meanwhile()
        return known

    async def _await_ports(
        self, registrar: Registrar, info: ConnectionInfo, path: str, session: Session
    ) -> Answer:
        registered = asyncio.ensure_future(await_registration(registrar, info, session))
        written = asyncio.ensure_future(self._by_file(info, path, session))
        try:
            await asyncio.wait((registered, written), return_when=asyncio.FIRST_COMPLETED)
            if written.done():
                return written.result()
            return await self._ask_info(registered.result(), session)
        finally:
            await _cancel(registered, written)

    async def _by_file(self, info: ConnectionInfo, path: str, session: Session) -> Answer:
        found = without_registration(await await_file(path, info.key))
        return await self._ask_info(found, session)

    async def _with_ports(
        self, provisioner: Provisioner, request: LaunchRequest, session: Session
    ) -> Answer:
        with self._chosen(request.info) as info:
            request = replace(request, info=info)
            write_connection_file(info, request.connection_file)
        # From here on the ports are free for the kernel, and for anybody else: be quick.
        try:
            known = await self._begin(provisioner, request)
            return await self._first(provisioner, request, self._ask_info(known, session))
        finally:
            self.ports.release(info.ports)

    @contextlib.contextmanager
    def _chosen(self, info: ConnectionInfo) -> Iterator[ConnectionInfo]:
        if info.has_ports:
            yield info
        elif info.transport == "ipc":
            ports = {f"{channel}_port": n for n, channel in enumerate(Channel, 1)}
            yield info.with_ports({**ports, **_chosen_already(info)})
        else:
            with self.ports.hold(info.ip) as ports:
                yield info.with_ports({**ports, **_chosen_already(info)})

    async def _ask_info(self, info: ConnectionInfo, session: Session) -> Answer:
        if info.key.encode() != session.key:
            # A kernel that was there before has a key of its own.
            session = Session(info.key, signature_scheme=info.signature_scheme)
        reply = await ask(self.context, info, session, "kernel_info_request", channel=Channel.SHELL)
        return info, reply

    async def _first(
        self,
        provisioner: Provisioner,
        request: LaunchRequest,
        answer: Coroutine[Any, Any, Answer],
    ) -> Answer:
        """Return the kernel's answer, unless its process ends or the time is over before."""
        answered = asyncio.ensure_future(answer)
        ended = asyncio.ensure_future(provisioner.wait())
        try:
            await asyncio.wait(
                (answered, ended), timeout=self.timeout, return_when=asyncio.FIRST_COMPLETED
            )
            if answered.done():
                return answered.result()
            if ended.done():
                name = request.spec.name
                raise _Ended(f"the kernel {name!r} did not start: {ended.result().describe()}")
            raise KernelTimeout(
                f"the first answer of the kernel {request.spec.name!r}",
                self.timeout,
                f"it was started with: {' '.join(request.command)}",
            )
        finally:
            await _cancel(answered, ended)


class _Ended(Exception):
    """The process ended before the kernel answered."""


def _chosen_already(info: ConnectionInfo) -> dict[str, int]:
    return {name: port for name, port in info.ports.items() if port}


def new_info(transport: str, ip: str) -> ConnectionInfo:
    """Return the info of a new connection, without ports; with ipc, make the directory for its sockets."""
    if transport == "ipc" and ip == "127.0.0.1":
        ip = f"{ipc_directory()}/kernel"
    return ConnectionInfo(transport=transport, ip=ip, key=new_key())


def _write_if_other(info: ConnectionInfo, path: str) -> None:
    """Write ``info`` unless the kernel has done so; other programs find the ports there."""
    with contextlib.suppress(ConnectionFileError):
        if load_connection_file(path) == info:
            return
    write_connection_file(info, path)


async def _cancel(*tasks: asyncio.Future[Any]) -> None:
    """Cancel what still runs, and wait until it has let go of its sockets."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
