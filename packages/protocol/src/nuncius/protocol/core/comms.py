"""Keep the comms of a kernel: named, two-way channels between an object in the kernel and one in a frontend. No I/O.

The names and signatures are those that libraries know from the ``comm`` package (its ``BaseComm`` and ``CommManager``), so that a kernel can put these in their place. Handlers get messages as nested dictionaries, as Jupyter's Python APIs do.

Rule 1: a handler that raises does not break the kernel: the exception comes out of `CommManager.receive` after the state is right.
Rule 2: a ``comm_open`` that nobody wants is answered with ``comm_close``; messages for comms that do not exist are reported and dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nuncius.protocol.messages import Buffer, Message
from nuncius.protocol.session import new_id

__all__ = ["Comm", "CommManager", "Publish"]

#: Publishes a message: its type, content, metadata and buffers.
Publish = Callable[[str, Mapping[str, Any], Mapping[str, Any], tuple[Buffer, ...]], None]

Handler = Callable[[dict[str, Any]], Any]


class Comm:
    """One comm.

    Args:
        manager: Keeps it.
        target_name: What the other side is to do with it.
        comm_id: Identifies it; new by default.
        primary: It was opened from this side.
        data: Sent with ``comm_open``, when ``primary``.
        metadata: Likewise.
        buffers: Likewise.
    """

    def __init__(
        self,
        manager: CommManager,
        target_name: str = "comm",
        *,
        comm_id: str = "",
        primary: bool = True,
        data: Any = None,
        metadata: Mapping[str, Any] | None = None,
        buffers: Sequence[Buffer] | None = None,
        target_module: str | None = None,
        topic: bytes | None = None,
    ) -> None:
        self._manager = manager
        self.target_name = target_name
        self.target_module = target_module
        self.comm_id = comm_id or new_id()
        self.primary = primary
        self.topic = topic or f"comm-{self.comm_id}".encode()
        #: What `close` sends, when it is given nothing.
        self._close_data: Any = None
        self._closed = True
        self._on_msg: Handler | None = None
        self._on_close: Handler | None = None
        if primary:
            self.open(data, metadata, buffers)
        else:
            self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<Comm {self.target_name} {self.comm_id} {state}>"

    def open(
        self,
        data: Any = None,
        metadata: Mapping[str, Any] | None = None,
        buffers: Sequence[Buffer] | None = None,
    ) -> None:
        """Open the other side of this comm."""
        self._manager.register_comm(self)
        self._closed = False
        try:
            self.publish_msg(
                "comm_open",
                data,
                metadata,
                buffers,
                target_name=self.target_name,
                target_module=self.target_module,
            )
        except BaseException:
            self._closed = True
            self._manager.unregister_comm(self)
            raise

    def send(
        self,
        data: Any = None,
        metadata: Mapping[str, Any] | None = None,
        buffers: Sequence[Buffer] | None = None,
    ) -> None:
        """Send a message to the other side."""
        self.publish_msg("comm_msg", data, metadata, buffers)

    def close(
        self,
        data: Any = None,
        metadata: Mapping[str, Any] | None = None,
        buffers: Sequence[Buffer] | None = None,
        deleting: bool = False,
    ) -> None:
        """Close both sides. Closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        self.publish_msg(
            "comm_close", self._close_data if data is None else data, metadata, buffers
        )
        if not deleting:
            self._manager.unregister_comm(self)

    def on_msg(self, callback: Handler | None) -> None:
        """Have ``callback`` called with each message of the other side."""
        self._on_msg = callback

    def on_close(self, callback: Handler | None) -> None:
        """Have ``callback`` called when the other side closes."""
        self._on_close = callback

    def handle_msg(self, msg: dict[str, Any]) -> None:
        """Take a message of the other side."""
        if self._on_msg is not None:
            self._on_msg(msg)

    def handle_close(self, msg: dict[str, Any]) -> None:
        """Take the close of the other side."""
        self._closed = True
        if self._on_close is not None:
            self._on_close(msg)

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Mapping[str, Any] | None = None,
        buffers: Sequence[Buffer] | None = None,
        **keys: Any,
    ) -> None:
        """Publish a message of this comm; ``keys`` go into its content."""
        content = {
            "data": {} if data is None else data,
            "comm_id": self.comm_id,
            **{name: value for name, value in keys.items() if value is not None},
        }
        self._manager.publish(msg_type, content, metadata or {}, tuple(buffers or ()))


class CommManager:
    """The comms and targets of one kernel.

    Args:
        publish: Publishes messages.
        report: Called with a line of text about messages that were dropped.
    """

    def __init__(self, publish: Publish, report: Callable[[str], None] | None = None) -> None:
        self.publish = publish
        self._report = report or _ignore
        #: The open comms, by id.
        self.comms: dict[str, Comm] = {}
        #: Called with the comm and the message, when a frontend opens a comm of this name.
        self.targets: dict[str, Callable[[Any, dict[str, Any]], Any]] = {}

    def create_comm(self, target_name: str = "comm", **kwargs: Any) -> Comm:
        """Open a comm; see `Comm` for the arguments."""
        return Comm(self, target_name, **kwargs)

    def register_target(
        self, target_name: str, f: Callable[[Any, dict[str, Any]], Any] | str
    ) -> None:
        """Have ``f`` called when a frontend opens a comm of this name.

        Args:
            target_name: The name.
            f: Gets the comm and the message. A string is the dotted name of the function.
        """
        self.targets[target_name] = _imported(f) if isinstance(f, str) else f

    def unregister_target(self, target_name: str, f: Any = None) -> Any:
        """Forget a target, and return it.

        Raises:
            KeyError: There is none of this name.
        """
        return self.targets.pop(target_name)

    def register_comm(self, comm: Any) -> str:
        """Keep a comm; return its id."""
        comm_id: str = comm.comm_id
        self.comms[comm_id] = comm
        return comm_id

    def unregister_comm(self, comm: Any) -> None:
        """Keep a comm no longer."""
        self.comms.pop(comm.comm_id, None)

    def get_comm(self, comm_id: str) -> Any:
        """Return an open comm, None if there is none with this id."""
        comm = self.comms.get(comm_id)
        if comm is None:
            self._report(f"there is no comm {comm_id!r} (open: {len(self.comms)})")
        return comm

    def info(self, target_name: str | None = None) -> dict[str, dict[str, str]]:
        """Return what ``comm_info_reply`` says, of one target or of all."""
        return {
            comm_id: {"target_name": comm.target_name}
            for comm_id, comm in self.comms.items()
            if target_name is None or comm.target_name == target_name
        }

    def receive(self, message: Message) -> None:
        """Take a ``comm_open``, ``comm_msg`` or ``comm_close`` of a frontend.

        Raises:
            Exception: What a handler raised.
        """
        handlers = {
            "comm_open": self.comm_open,
            "comm_msg": self.comm_msg,
            "comm_close": self.comm_close,
        }
        handlers[message.msg_type](None, None, message.to_dict())

    def comm_open(self, stream: Any, ident: Any, msg: dict[str, Any]) -> None:
        """Take a ``comm_open``."""
        content = msg["content"]
        target_name = content.get("target_name", "")
        comm = Comm(self, target_name, comm_id=content["comm_id"], primary=False)
        self.register_comm(comm)
        target = self.targets.get(target_name)
        if target is None:
            self._report(f"a frontend opened a comm for {target_name!r}, which is not registered")
            comm.close()
            return
        try:
            target(comm, msg)
        except BaseException:
            comm.close()
            raise

    def comm_msg(self, stream: Any, ident: Any, msg: dict[str, Any]) -> None:
        """Take a ``comm_msg``."""
        comm = self.get_comm(msg["content"]["comm_id"])
        if comm is not None:
            comm.handle_msg(msg)

    def comm_close(self, stream: Any, ident: Any, msg: dict[str, Any]) -> None:
        """Take a ``comm_close``."""
        comm = self.get_comm(msg["content"]["comm_id"])
        if comm is not None:
            self.unregister_comm(comm)
            comm.handle_close(msg)


def _ignore(text: str) -> None:
    """Report to nobody."""


def _imported(name: str) -> Callable[[Any, dict[str, Any]], Any]:
    from importlib import import_module

    module, _, attribute = name.rpartition(".")
    function: Callable[[Any, dict[str, Any]], Any] = getattr(import_module(module), attribute)
    return function
