"""Stand between a cell that runs beside the others and its frontend: it cannot ask, and an interrupt of its thread never cuts a message in two."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nuncius.protocol.errors import StdinNotSupported

if TYPE_CHECKING:
    from nuncius.protocol.kernel import KernelIO
    from nuncius.protocol.messages import Buffer, Message
    from nuncius.protocol.serving.interrupts import ThreadInterrupts

__all__ = ["TaskIO"]


class TaskIO:
    """The `KernelIO` of a task.

    Args:
        io: That of its cell.

    Attributes:
        interrupts: Those of the thread that the task has to itself; None if it has none.
    """

    def __init__(self, io: KernelIO) -> None:
        self._io = io
        self.interrupts: ThreadInterrupts | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._io, name)

    @property
    def request(self) -> Message:
        """The request of the cell."""
        return self._io.request

    def publish(
        self,
        msg_type: str,
        content: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        buffers: Sequence[Buffer] = (),
    ) -> None:
        """See `KernelIO.publish`."""
        self._whole(lambda: self._io.publish(msg_type, content, metadata=metadata, buffers=buffers))

    def stream(self, name: str, text: str) -> None:
        """See `KernelIO.stream`."""
        self._whole(lambda: self._io.stream(name, text))

    def flush(self) -> None:
        """See `KernelIO.flush`."""
        self._whole(self._io.flush)

    def flush_hint(self) -> None:
        """Send the text that is held back, unless somebody asks for that all the time."""
        self._whole(getattr(self._io, "flush_hint", self._io.flush))

    def input(self, prompt: str = "", *, password: bool = False, **metadata: Any) -> str:
        """Refuse.

        Raises:
            StdinNotSupported: Always.
        """
        raise StdinNotSupported(
            "a cell in the background cannot ask for input, as the person is at another one; "
            "ask in a cell before it"
        )

    def _whole(self, act: Callable[[], None]) -> None:
        own = self.interrupts
        if own is None or own.ident != threading.get_ident():
            act()
            return
        own.enter()
        try:
            act()
        finally:
            own.leave()
