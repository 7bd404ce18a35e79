"""The package that all of Nuncius shares: messages, sessions, connections, clients, managers, servers and the wrapper-kernel base.

Import names from here or from the module that defines them; nothing is loaded before it is used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own costs an import that `nuncius --version` would wait for
if TYPE_CHECKING:
    from typing import Any

    from nuncius.protocol.kernel import Kernel, KernelInfo, KernelIO
    from nuncius.protocol.messages import Channel, Header, Message
    from nuncius.protocol.session import Session

__all__ = [
    "Channel",
    "Header",
    "Kernel",
    "KernelIO",
    "KernelInfo",
    "Message",
    "Session",
    "__version__",
]

_HOMES = {
    "Channel": "messages",
    "Header": "messages",
    "Kernel": "kernel",
    "KernelIO": "kernel",
    "KernelInfo": "kernel",
    "Message": "messages",
    "Session": "session",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("nuncius-protocol")
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"nuncius.protocol.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
