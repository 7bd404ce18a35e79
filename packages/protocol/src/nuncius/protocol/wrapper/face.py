"""Stand in for the sockets and the session that wrapper kernels of ipykernel's kind send with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nuncius.protocol.kernel import CURRENT_IO, KernelIO
from nuncius.protocol.messages import Channel, Header
from nuncius.protocol.session import Session, parse_parent

__all__ = ["SessionFace", "Way"]


class Way:
    """Stands for a socket: says on which channel `Kernel.send_response` sends."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def __repr__(self) -> str:
        return f"<Way {self.channel}>"

    @property
    def socket(self) -> Way:
        """Itself: a stream and its socket are the same here."""
        return self


class SessionFace:
    """What wrapper kernels use of jupyter_client's ``Session``.

    Args:
        session: Makes messages.
    """

    def __init__(self, session: Session | None = None) -> None:
        self._session = session or Session()

    def use(self, session: Session) -> None:
        """Be the face of another session: of the connection, which is there only after the kernel was made."""
        self._session = session

    @property
    def session(self) -> str:
        """The id of this session."""
        return self._session.session_id

    @property
    def username(self) -> str:
        """The user."""
        return self._session.username

    @property
    def key(self) -> bytes:
        """The secret that signs messages."""
        return self._session.key

    def msg(
        self,
        msg_type: str,
        content: Mapping[str, Any] | None = None,
        parent: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return a new message as a nested dictionary."""
        message = self._session.message(
            Channel.IOPUB, msg_type, content, parent=_header_of(parent), metadata=metadata
        ).to_dict()
        if header:
            message["header"].update(header)
        return message

    def send(
        self,
        stream: Any,
        msg_or_type: Mapping[str, Any] | str,
        content: Mapping[str, Any] | None = None,
        parent: Mapping[str, Any] | None = None,
        ident: Any = None,
        buffers: Sequence[Any] | None = None,
        track: bool = False,
        header: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Send a message on the channel that ``stream`` stands for; return it."""
        if isinstance(msg_or_type, str):
            message = self.msg(msg_or_type, content, parent, header, metadata)
        else:
            message = dict(msg_or_type)
        channel = getattr(stream, "channel", Channel.IOPUB)
        current: Any = CURRENT_IO.get()
        if current is None:
            return message
        if channel is Channel.IOPUB:
            _publish(current, message, buffers or message.get("buffers") or ())
        else:
            route = tuple(ident) if isinstance(ident, (list, tuple)) else (ident,) if ident else ()
            current.send(
                self._session.message(
                    channel,
                    message["header"]["msg_type"],
                    message["content"],
                    parent=_header_of(parent) or _header_of(message.get("parent_header")),
                    metadata=message.get("metadata") or {},
                    buffers=tuple(buffers or ()),
                    route=route,
                )
            )
        return message


def _header_of(parent: Mapping[str, Any] | None) -> Header | None:
    if not parent:
        return None
    return parse_parent(dict(parent.get("header", parent)))


def _publish(io: KernelIO, message: Mapping[str, Any], buffers: Sequence[Any]) -> None:
    io.publish(
        message["header"]["msg_type"],
        message["content"],
        metadata=message.get("metadata"),
        buffers=tuple(buffers),
    )
