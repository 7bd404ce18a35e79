"""Start and end many kernels by their ids: `MultiKernelManager` and `AsyncMultiKernelManager` with the methods of jupyter_client's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from nuncius.protocol.compat.kernelspec import KernelSpecManager
from nuncius.protocol.compat.manager import AsyncKernelManager, KernelManager
from nuncius.protocol.connection import new_key
from nuncius.protocol.errors import NunciusError

__all__ = ["AsyncMultiKernelManager", "DuplicateKernelError", "MultiKernelManager"]


class DuplicateKernelError(NunciusError):
    """There is a kernel with this id already."""


class _MultiKernelManager:
    """What both managers of many kernels are.

    Args:
        kernel_spec_manager: Where names are looked up.
        default_kernel_name: Started when no name is given.
        **options: For every `KernelManager`.
    """

    kernel_manager_class: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        *,
        kernel_spec_manager: KernelSpecManager | None = None,
        default_kernel_name: str = "python3",
        **options: Any,
    ) -> None:
        self.kernel_spec_manager = kernel_spec_manager or KernelSpecManager()
        self.default_kernel_name = default_kernel_name
        self._options = options
        self._kernels: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._kernels)

    def __contains__(self, kernel_id: object) -> bool:
        return kernel_id in self._kernels

    def list_kernel_ids(self) -> list[str]:
        """Return the ids of the kernels."""
        return list(self._kernels)

    def get_kernel(self, kernel_id: str) -> Any:
        """Return the manager of a kernel.

        Raises:
            KeyError: There is none of this id.
        """
        if kernel_id not in self._kernels:
            raise KeyError(f"Kernel with id not found: {kernel_id}")
        return self._kernels[kernel_id]

    def new_kernel_id(self, **_: Any) -> str:
        """Return a new id."""
        return new_key()

    def _new(self, kernel_name: str | None, kernel_id: str | None) -> Any:
        kernel_id = kernel_id or self.new_kernel_id()
        if kernel_id in self._kernels:
            raise DuplicateKernelError(f"there is a kernel with the id {kernel_id} already")
        manager = self._kernels[kernel_id] = self.kernel_manager_class(
            kernel_name=kernel_name or self.default_kernel_name,
            kernel_spec_manager=self.kernel_spec_manager,
            kernel_id=kernel_id,
            **self._options,
        )
        return manager

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel, and return its manager; the kernel goes on."""
        manager = self.get_kernel(kernel_id)
        del self._kernels[kernel_id]
        return manager

    def restart_kernel(self, kernel_id: str, now: bool = False, **changes: Any) -> Any:
        """End a kernel and start it again."""
        return self.get_kernel(kernel_id).restart_kernel(now=now, **changes)

    def interrupt_kernel(self, kernel_id: str) -> Any:
        """Interrupt a kernel."""
        return self.get_kernel(kernel_id).interrupt_kernel()

    def signal_kernel(self, kernel_id: str, signum: int) -> Any:
        """Send a signal to a kernel."""
        return self.get_kernel(kernel_id).signal_kernel(signum)

    def is_alive(self, kernel_id: str) -> Any:
        """Whether a kernel's process runs."""
        return self.get_kernel(kernel_id).is_alive()

    def get_connection_info(self, kernel_id: str) -> dict[str, Any]:
        """Return the connection of a kernel."""
        info: dict[str, Any] = self.get_kernel(kernel_id).get_connection_info()
        return info

    def update_env(self, *, kernel_id: str, env: Mapping[str, str]) -> None:
        """Set variables of a kernel's environment, from its next restart on."""
        self.get_kernel(kernel_id).update_env(env=env)

    def add_restart_callback(
        self, kernel_id: str, callback: Callable[[], Any], event: str = "restart"
    ) -> None:
        """Have ``callback`` called on ``restart`` or ``dead`` of a kernel."""
        self.get_kernel(kernel_id).add_restart_callback(callback, event)

    def remove_restart_callback(
        self, kernel_id: str, callback: Callable[[], Any], event: str = "restart"
    ) -> None:
        """Undo `add_restart_callback`."""
        self.get_kernel(kernel_id).remove_restart_callback(callback, event)


class MultiKernelManager(_MultiKernelManager):
    """Takes care of many kernels."""

    kernel_manager_class = KernelManager

    def start_kernel(
        self, kernel_name: str | None = None, *, kernel_id: str | None = None, **arguments: Any
    ) -> str:
        """Start a kernel; return its id."""
        manager = self._new(kernel_name, kernel_id)
        try:
            manager.start_kernel(**arguments)
        except BaseException:
            self._kernels.pop(manager.kernel_id, None)
            raise
        return str(manager.kernel_id)

    def shutdown_kernel(self, kernel_id: str, now: bool = False, restart: bool = False) -> None:
        """End a kernel, and forget it."""
        self.get_kernel(kernel_id).shutdown_kernel(now=now, restart=restart)
        if not restart:
            self._kernels.pop(kernel_id, None)

    def shutdown_all(self, now: bool = False) -> None:
        """End all kernels."""
        for kernel_id in self.list_kernel_ids():
            self.shutdown_kernel(kernel_id, now=now)


class AsyncMultiKernelManager(_MultiKernelManager):
    """Takes care of many kernels, with methods that are coroutines."""

    kernel_manager_class = AsyncKernelManager

    async def start_kernel(
        self, kernel_name: str | None = None, *, kernel_id: str | None = None, **arguments: Any
    ) -> str:
        """Start a kernel; return its id."""
        manager = self._new(kernel_name, kernel_id)
        try:
            await manager.start_kernel(**arguments)
        except BaseException:
            self._kernels.pop(manager.kernel_id, None)
            raise
        return str(manager.kernel_id)

    async def shutdown_kernel(
        self, kernel_id: str, now: bool = False, restart: bool = False
    ) -> None:
        """End a kernel, and forget it."""
        await self.get_kernel(kernel_id).shutdown_kernel(now=now, restart=restart)
        if not restart:
            self._kernels.pop(kernel_id, None)

    async def shutdown_all(self, now: bool = False) -> None:
        """End all kernels."""
        import asyncio

        await asyncio.gather(
            *(self.shutdown_kernel(kernel_id, now=now) for kernel_id in self.list_kernel_ids())
        )
