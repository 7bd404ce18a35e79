"""Start kernels, watch over them, restart and end them: the processes' side of the protocol."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nuncius.protocol.manager.blocking import BlockingKernelManager
    from nuncius.protocol.manager.local import LocalProvisioner
    from nuncius.protocol.manager.manager import KernelManager, ManagerOptions
    from nuncius.protocol.manager.pool import KernelPool
    from nuncius.protocol.manager.provisioner import Adoptable, Exit, LaunchRequest, Provisioner

__all__ = [
    "Adoptable",
    "BlockingKernelManager",
    "Exit",
    "KernelManager",
    "KernelPool",
    "LaunchRequest",
    "LocalProvisioner",
    "ManagerOptions",
    "Provisioner",
]

_HOMES = {
    "Adoptable": "provisioner",
    "BlockingKernelManager": "blocking",
    "Exit": "provisioner",
    "KernelManager": "manager",
    "KernelPool": "pool",
    "LaunchRequest": "provisioner",
    "LocalProvisioner": "local",
    "ManagerOptions": "manager",
    "Provisioner": "provisioner",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"nuncius.protocol.manager.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
