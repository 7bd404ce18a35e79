"""Let a kernel tell where it listens: the handshake of JEP 66, which ends the race for free ports.

The side that starts a kernel binds one socket (`Registrar`) and writes its address into the file that the kernel gets. The kernel binds its own sockets to whatever ports are free, sends them (`register`), and gets a word that it was heard. Nobody picks a port that another process may have taken by the time it is used, and the answer tells at once that the kernel is there.

On the wire: ``[b"<IDS|MSG>", signature of the content, content]`` from a DEALER, where the content is the kernel's id and ports; the answer has the same form and the content ``ACK``. Ports may be strings: xeus sends them so.

The functions `parse` and `frames` are pure; only `Registrar` and `register` touch sockets.

Source: JEP 66, "Jupyter kernel handshaking"; xeus-zmq 3 (what it sends and expects).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nuncius.protocol.connection import ConnectionInfo
from nuncius.protocol.errors import ConnectionFileError, InvalidSignature, Malformed
from nuncius.protocol.session import DELIMITER, Session, same_signature
from nuncius.protocol.values import replace

if TYPE_CHECKING:
    import zmq

__all__ = ["ACK", "Registrar", "frames", "is_registration", "parse", "register"]

ACK = b"ACK"

_FIELDS = ("kernel_id", "registration_ip", "registration_port")


def is_registration(info: ConnectionInfo) -> bool:
    """Tell whether the file asks the kernel to register."""
    return "registration_port" in info.extra


def frames(session: Session, content: bytes) -> list[bytes]:
    """Return the signed frames of a handshake message."""
    return [DELIMITER, session.sign((content,)), content]


def parse(session: Session, parts: Sequence[bytes]) -> bytes:
    """Return the content of a handshake message.

    Args:
        session: Has the key.
        parts: The frames, with or without routing identities before the delimiter.

    Raises:
        Malformed: They are not such a message.
        InvalidSignature: They are signed with another key.
    """
    frames_ = [bytes(part) for part in parts]
    if DELIMITER not in frames_ or len(frames_) != frames_.index(DELIMITER) + 3:
        raise Malformed(
            f"expected a delimiter, a signature and a content for the handshake, got {len(frames_)} frames"
        )
    signature, content = frames_[-2:]
    if not same_signature(session.sign((content,)), signature):
        raise InvalidSignature("the handshake is signed with another key; it is dropped")
    return content


def register(
    info: ConnectionInfo, session: Session, context: zmq.Context[Any], timeout: float = 5.0
) -> ConnectionInfo:
    """Tell the process that started this kernel which ports it has bound, and wait until it has heard.

    Args:
        info: What the connection file says, with the ports that are bound.
        session: Signs.
        context: To make the socket with.
        timeout: Seconds.

    Returns:
        ``info`` without the fields that were about the handshake: what to write into the connection file. If it asks for no handshake, nothing is sent.

    Raises:
        ConnectionFileError: Nobody answers, or the answer is not signed with our key.
    """
    from json import dumps

    import zmq

    if not is_registration(info):
        return info
    extra = info.extra
    address = f"tcp://{extra.get('registration_ip') or info.ip}:{extra['registration_port']}"
    content = {"kernel_id": str(extra.get("kernel_id", ""))}
    content.update({name: str(port) for name, port in info.ports.items()})
    with context.socket(zmq.DEALER) as socket:
        socket.linger = 0  # the answer says that the message has arrived
        socket.connect(address)
        socket.send_multipart(frames(session, dumps(content).encode()))
        if not socket.poll(int(timeout * 1000)):
            raise ConnectionFileError(
                f"the process that started this kernel did not answer at {address} within {timeout:g} s; is it still there?"
            )
        try:
            parse(session, socket.recv_multipart())
        except (Malformed, InvalidSignature) as error:
            raise ConnectionFileError(
                f"the answer from {address} was not for us: {error}"
            ) from None
    return without_registration(info)


def without_registration(info: ConnectionInfo) -> ConnectionInfo:
    """Return ``info`` without the fields that are about the handshake."""
    return replace(
        info, extra={name: value for name, value in info.extra.items() if name not in _FIELDS}
    )


class Registrar:
    """The socket that kernels register at; it listens on the loopback.

    Args:
        context: To make the socket with.
        ip: To listen on, where the kernel will be on another machine.
    """

    def __init__(self, context: zmq.Context[Any], ip: str = "127.0.0.1") -> None:
        import zmq

        self.ip = ip
        self.socket: zmq.Socket[bytes] = context.socket(zmq.ROUTER)
        self.socket.linger = 1000
        self.socket.bind(f"tcp://{ip}:0")
        endpoint: bytes = self.socket.getsockopt(zmq.LAST_ENDPOINT)
        self.port = int(endpoint.rsplit(b":", 1)[1])

    def close(self) -> None:
        """Close the socket; an answer that is on its way is sent still."""
        self.socket.close()

    def invite(self, info: ConnectionInfo, kernel_id: str) -> ConnectionInfo:
        """Return ``info`` with what the kernel needs to register."""
        extra: Mapping[str, Any] = {
            **info.extra,
            "kernel_id": kernel_id,
            "registration_ip": self.ip,
            # xeus wants a string.
            "registration_port": str(self.port),
        }
        return replace(info, extra=extra)

    def receive(self, info: ConnectionInfo, session: Session) -> ConnectionInfo | None:
        """Take one message if there is one, answer it, and return the info with the kernel's ports.

        None if nothing is there, or what was there is not from our kernel: such messages are dropped.

        Args:
            info: As `invite` returned it.
            session: Has the key.
        """
        from json import loads

        import zmq

        try:
            parts = self.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None
        try:
            content = loads(parse(session, parts))
            if content["kernel_id"] not in ("", info.extra.get("kernel_id")):
                return None
            ports = ConnectionInfo.from_dict(content, "the kernel's registration").ports
        except (
            Malformed,
            InvalidSignature,
            ConnectionFileError,
            ValueError,
            TypeError,
            LookupError,
            RecursionError,
        ):
            return None
        if not all(ports.values()):
            return None
        self.socket.send_multipart([parts[0], *frames(session, ACK)])
        return without_registration(info.with_ports(ports))
