"""Take care of many kernels at once: they share one ZeroMQ context, one guard, and what they know of ports."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from nuncius.protocol.connection import new_key
from nuncius.protocol.errors import KernelError
from nuncius.protocol.manager.guard import Guard
from nuncius.protocol.manager.manager import KernelManager, ManagerOptions
from nuncius.protocol.manager.ports import PortReserve

if TYPE_CHECKING:
    import zmq

    from nuncius.protocol.kernelspec import KernelSpec, KernelSpecs

__all__ = ["KernelPool"]


class KernelPool:
    """The kernels of a server, by id.

    Use it as an async context manager, or call `shutdown_all` at last.

    Args:
        options: For all kernels that are not given their own.
        specs: Where names are looked up.
    """

    def __init__(
        self, options: ManagerOptions | None = None, specs: KernelSpecs | None = None
    ) -> None:
        self.options = options or ManagerOptions()
        self.specs = specs
        self._managers: dict[str, KernelManager] = {}
        self._guard = Guard()
        self._ports = PortReserve()
        self._context: zmq.Context[Any] | None = None

    def __repr__(self) -> str:
        return f"<KernelPool of {len(self)}>"

    def __len__(self) -> int:
        return len(self._managers)

    def __contains__(self, kernel_id: object) -> bool:
        return kernel_id in self._managers

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._managers))

    def __getitem__(self, kernel_id: str) -> KernelManager:
        try:
            return self._managers[kernel_id]
        except KeyError:
            raise KernelError(
                f"there is no kernel with the id {kernel_id!r} here (there are {len(self)} others)"
            ) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shutdown_all()

    async def start(
        self,
        kernel: str | KernelSpec = "python3",
        *,
        kernel_id: str | None = None,
        options: ManagerOptions | None = None,
        session_name: str = "",
        **arguments: Any,
    ) -> KernelManager:
        """Start a kernel, and return its manager when it has answered.

        Args:
            kernel: The name of a kernelspec, or one.
            kernel_id: By default a random one.
            options: By default those of the pool.
            session_name: The document that it is for.
            **arguments: See `KernelManager.start`.

        Raises:
            KernelError: There is a kernel of this id; or one of `KernelManager.start`.
        """
        manager = self._new(kernel, kernel_id or new_key(), options, session_name)
        return await self._keep(manager, manager.start(**arguments))

    async def adopt(
        self, saved: Mapping[str, Any], *, options: ManagerOptions | None = None
    ) -> KernelManager:
        """Take over a kernel that another program has started, and return its manager.

        Args:
            saved: What `KernelManager.save` returned there.
            options: By default those of the pool.

        Raises:
            KernelError: There is a kernel of this id; or one of `KernelManager.adopt`.
        """
        kernel, kernel_id = str(saved.get("kernel_name")), str(saved.get("kernel_id"))
        manager = self._new(kernel, kernel_id, options)
        return await self._keep(manager, manager.adopt(saved))

    def _new(
        self,
        kernel: str | KernelSpec,
        kernel_id: str,
        options: ManagerOptions | None,
        session_name: str = "",
    ) -> KernelManager:
        if kernel_id in self._managers:
            raise KernelError(f"there is a kernel with the id {kernel_id!r} already")
        if self._context is None:
            import zmq

            self._context = zmq.Context()
        return KernelManager(
            kernel,
            options or self.options,
            kernel_id=kernel_id,
            specs=self.specs,
            session_name=session_name,
            context=self._context,
            guard=self._guard,
            ports=self._ports,
        )

    async def _keep(
        self, manager: KernelManager, beginning: Coroutine[Any, Any, object]
    ) -> KernelManager:
        self._managers[manager.kernel_id] = manager
        try:
            await beginning
        except BaseException:
            self._managers.pop(manager.kernel_id, None)
            raise
        return manager

    async def detach(self, kernel_id: str) -> None:
        """Let go of a kernel, see `KernelManager.detach`, and forget it.

        Raises:
            KernelError: There is none of this id, or it would end with this program.
        """
        await self[kernel_id].detach()
        self._managers.pop(kernel_id, None)

    async def shutdown(self, kernel_id: str, *, now: bool = False) -> None:
        """End a kernel, and forget it.

        Raises:
            KernelError: There is none of this id.
        """
        manager = self[kernel_id]
        try:
            await manager.shutdown(now=now)
        finally:
            self._managers.pop(kernel_id, None)

    async def shutdown_all(self, *, now: bool = False) -> None:
        """End all kernels at the same time, and give back what they shared.

        If one cannot be ended, the others are all the same; then its error is raised.
        """
        ends = [self.shutdown(name, now=now) for name in self]
        try:
            results = await asyncio.gather(*ends, return_exceptions=True)
        finally:
            self._guard.close()
            if self._context is not None:
                # Each socket has its own time to linger, never none: see `nuncius.protocol.transport.zmq`.
                self._context.destroy()
                self._context = None
        for result in results:
            if isinstance(result, BaseException):
                raise result
