"""Let widgets talk: the `comm` package's manager and comms, over the kernel's messages.

Libraries make comms by ``comm.create_comm(...)``; what that package leaves open is filled in when it is imported, so that a kernel without widgets never loads it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from nuncius.kernel.current import get_shell
from nuncius.kernel.posthooks import when_imported

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from nuncius.protocol.messages import Message

__all__ = ["Comms", "plug"]


class Comms:
    """The comms of one shell.

    Args:
        shell: Its frontends get the messages, and it shows what callbacks raise.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._manager: Any = None

    @property
    def manager(self) -> Any:
        """The manager, as the `comm` package defines it; made when first asked for."""
        if self._manager is None:
            self._manager = _make_manager()
        return self._manager

    def info(self, target_name: str | None) -> dict[str, dict[str, str]]:
        """Return the open comms: id -> target."""
        if self._manager is None:
            return {}
        return {
            comm_id: {"target_name": comm.target_name}
            for comm_id, comm in self._manager.comms.items()
            if target_name in (None, comm.target_name)
        }

    def receive(self, message: Message) -> None:
        """Hand a message of a frontend to its comm."""
        handler = getattr(self.manager, message.msg_type)
        try:
            handler(None, None, message.to_dict())
        except Exception:  # noqa: BLE001 - the callback is the person's
            self._shell.showtraceback()

    def publish(
        self,
        msg_type: str,
        content: Mapping[str, Any],
        metadata: Mapping[str, Any] | None,
        buffers: Any,
    ) -> None:
        """Send a message of a comm to the frontends."""
        self._shell.frontends_get(msg_type, content, metadata=metadata, buffers=buffers or ())


def _make_manager() -> Any:
    from comm.base_comm import CommManager

    class Manager(CommManager):
        """A manager that a comm of another shell, or of none, may be told to: it goes to its own."""

        def _owner(self, comm: Any) -> Any:
            shell = getattr(comm, "_shell", None)
            return self if shell is None else shell.comms.manager

        def register_comm(self, comm: Any) -> str:
            """Take notice of a comm."""
            owner = self._owner(comm)
            owner.comms[comm.comm_id] = comm
            return str(comm.comm_id)

        def unregister_comm(self, comm: Any) -> None:
            """Forget a comm; it may have been opened before there was a shell."""
            self._owner(comm).comms.pop(comm.comm_id, None)

    return Manager()


def _make_comm_class() -> type:
    from comm.base_comm import BaseComm

    class Comm(BaseComm):
        """A comm whose messages are sent by the shell that it was made in."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._shell: Any = get_shell()
            super().__init__(*args, **kwargs)

        def publish_msg(
            self,
            msg_type: str,
            data: Any = None,
            metadata: Any = None,
            buffers: Any = None,
            **keys: Any,
        ) -> None:
            """Send a message."""
            content = {"data": data or {}, "comm_id": self.comm_id, **keys}
            if self._shell is not None and sys.meta_path is not None:
                self._shell.comms.publish(msg_type, content, metadata or {}, buffers)

    return Comm


def plug() -> None:
    """Fill in what the `comm` package leaves open, now or when it is imported."""
    when_imported("comm", _fill)


def _fill(module: ModuleType) -> None:
    cls: list[type] = []

    def create_comm(*args: Any, **kwargs: Any) -> Any:
        if get_shell() is None:
            return plain_create(*args, **kwargs)
        if not cls:
            cls.append(_make_comm_class())
        return cls[0](*args, **kwargs)

    def get_comm_manager() -> Any:
        shell: Any = get_shell()
        return plain_manager() if shell is None else shell.comms.manager

    plain_create, plain_manager = module.create_comm, module.get_comm_manager
    module.create_comm = create_comm  # type: ignore[attr-defined]
    module.get_comm_manager = get_comm_manager  # type: ignore[attr-defined]
