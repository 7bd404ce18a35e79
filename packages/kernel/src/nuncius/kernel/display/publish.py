"""Send mime bundles, results and requests to clear the output to the frontends.

What is sent passes through hooks first: functions of one thread that may change a message, or keep it to themselves by returning None. Widgets capture output that way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nuncius.kernel import saying
from nuncius.kernel.display.capturing import captured_outputs
from nuncius.protocol.kernel import CURRENT_IO, KernelIO

if TYPE_CHECKING:
    from nuncius.protocol.messages import Buffer

__all__ = ["SHOWN_MODULES", "DisplayPublisher", "MessageHooks", "encode_binary", "shown_name"]

#: Module of ours -> how its values are shown to be in it: what compares notebooks expects the name that it knows.
SHOWN_MODULES: dict[str, str] = {}


def shown_name(kind: type) -> str:
    """Return the full name of a class, as it is shown."""
    return f"{SHOWN_MODULES.get(kind.__module__, kind.__module__)}.{kind.__qualname__}"


MessageHook = Callable[[dict[str, Any]], dict[str, Any] | None]


class MessageHooks(threading.local):
    """Functions that see each message of this thread before it is sent."""

    def __init__(self) -> None:
        self.hooks: list[MessageHook] = []

    def apply(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Return the message as the hooks leave it, None if one keeps it."""
        result: dict[str, Any] | None = message
        for hook in self.hooks:
            result = hook(result) if result is not None else None
            if result is None:
                return None
        return result


#: Bytes that are left to the connection to encode, where it does so without copies.
_LARGE = 1 << 20


def encode_binary(data: Mapping[str, Any], *, below: float = float("inf")) -> dict[str, Any]:
    """Return a mime bundle with its bytes as base64 text, as the protocol wants them.

    Args:
        data: The bundle.
        below: Leave `bytes` of this length and more as they are.
    """
    encoded = dict(data)
    for mime, value in encoded.items():
        if isinstance(value, bytes | bytearray | memoryview):
            if value.__class__ is bytes and len(value) >= below:
                continue
            from base64 import b64encode

            encoded[mime] = b64encode(value).decode("ascii")
    return encoded


class DisplayPublisher:
    """Send to whatever request runs here.

    Args:
        shell: Asked for the request of last resort, for threads that belong to none.
    """

    def __init__(self, shell: Any = None) -> None:
        self.shell = shell
        self._local = MessageHooks()
        #: Whether output is being captured by someone who wants to know (``%%capture``).
        self.is_publishing = False

    @property
    def io(self) -> KernelIO | None:
        """Where messages go."""
        io = CURRENT_IO.get()
        if io is None and self.shell is not None:
            io = self.shell.io
        return io

    def send(
        self,
        msg_type: str,
        content: Mapping[str, Any],
        *,
        metadata: Mapping[str, Any] | None = None,
        buffers: Sequence[Buffer] = (),
    ) -> bool:
        """Send a message to the frontends.

        Returns:
            Whether there is a frontend, or a hook took the message.
        """
        io = self.io
        if self._local.hooks:
            message = self._local.apply(_message_dict(io, msg_type, content, metadata, buffers))
            if message is None:
                return True
            msg_type, content = message["header"]["msg_type"], message["content"]
            metadata, buffers = message["metadata"], message["buffers"]
        if io is None:
            return False
        io.publish(msg_type, content, metadata=metadata, buffers=buffers)
        return True

    def sendable(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a mime bundle as it can be sent from here: see `encode_binary`."""
        at_once = getattr(self.io, "encodes", False) and not self._local.hooks
        return encode_binary(data, below=_LARGE) if at_once else encode_binary(data)

    def publish(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        *,
        transient: Mapping[str, Any] | None = None,
        update: bool = False,
        buffers: Sequence[Buffer] = (),
        source: Any = None,
        **kwargs: Any,
    ) -> None:
        """Send a mime bundle.

        Args:
            data: By mime type.
            metadata: By mime type.
            transient: Not to be stored; ``display_id`` names the output for updates.
            update: Replace the output of that ``display_id`` instead.
            buffers: Binary parts.
            source: Ignored; callers of old give it.
            **kwargs: Ignored as well.

        Raises:
            TypeError: A bundle is no mapping.
        """
        for bundle, name in ((data, "data"), (metadata, "metadata")):
            if bundle is not None and not isinstance(bundle, Mapping):
                raise TypeError(f"expected {name} to be a mapping by mime type, got {bundle!r:.80}")
        captured = captured_outputs()
        content = {
            "data": self.sendable(data) if captured is None else encode_binary(data),
            "metadata": dict(metadata or {}),
            "transient": dict(transient or {}),
        }
        if captured is not None:
            captured.append(content | {"update": update})
            return
        if not self.send(
            "update_display_data" if update else "display_data", content, buffers=buffers
        ):
            print_plain(content["data"])

    def clear_output(self, wait: bool = False) -> None:
        """Clear the output of the cell, or with ``wait`` when the next output comes."""
        if (captured := captured_outputs()) is not None:
            captured.clear()
            return
        saying.flush()
        if not self.send("clear_output", {"wait": wait}):
            saying.say("\033[2K\r")

    def register_hook(self, hook: MessageHook) -> None:
        """Have ``hook`` see the messages of this thread."""
        self._local.hooks.append(hook)

    def unregister_hook(self, hook: MessageHook) -> bool:
        """Undo `register_hook`; False if it was not registered."""
        try:
            self._local.hooks.remove(hook)
        except ValueError:
            return False
        return True

    @property
    def _hooks(self) -> list[MessageHook]:
        return self._local.hooks

    def set_parent(self, parent: Any) -> None:
        """Do nothing: each message's request is known from where it is sent."""


def print_plain(data: Mapping[str, Any]) -> None:
    """Print the plain text of a bundle: what is left to do without a frontend."""
    if "text/plain" in data:
        saying.say(f"{data['text/plain']}\n")


def _message_dict(
    io: KernelIO | None,
    msg_type: str,
    content: Mapping[str, Any],
    metadata: Mapping[str, Any] | None,
    buffers: Sequence[Buffer],
) -> dict[str, Any]:
    """Return a message as hooks know it from Jupyter's own kernel."""
    parent = {} if io is None else io.request.header.to_dict()
    return {
        "header": {"msg_type": msg_type, "msg_id": "", "session": parent.get("session", "")},
        "msg_id": "",
        "msg_type": msg_type,
        "parent_header": parent,
        "content": dict(content),
        "metadata": dict(metadata or {}),
        "buffers": list(buffers),
    }
