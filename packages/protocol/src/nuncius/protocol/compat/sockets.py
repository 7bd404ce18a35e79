"""Plain ZeroMQ sockets to a kernel, for programs that read and sign messages themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nuncius.protocol.errors import KernelError
from nuncius.protocol.messages import Channel

if TYPE_CHECKING:
    import zmq

    from nuncius.protocol.connection import ConnectionInfo

__all__ = ["ConnectsSockets"]


class ConnectsSockets:
    """What managers and clients have in common: ``connect_shell`` and so on. Close the sockets when done."""

    @property
    def info(self) -> ConnectionInfo | None:
        """Where the kernel listens."""
        raise NotImplementedError

    def _connected(self, channel: Channel, kind: int, identity: bytes | None) -> zmq.Socket[Any]:
        import zmq

        from nuncius.protocol.curve import apply_client

        if self.info is None:
            raise KernelError("there is no kernel to connect to: it was not started")
        socket: zmq.Socket[Any] = zmq.Context.instance().socket(kind)
        socket.linger = 1000
        if identity:
            socket.identity = identity
        if kind == zmq.SUB:
            socket.setsockopt(zmq.SUBSCRIBE, b"")
        apply_client(socket, self.info)
        socket.connect(self.info.url(channel))
        return socket

    def connect_shell(self, identity: bytes | None = None) -> zmq.Socket[Any]:
        """Return a new socket to the kernel's shell."""
        import zmq

        return self._connected(Channel.SHELL, zmq.DEALER, identity)

    def connect_control(self, identity: bytes | None = None) -> zmq.Socket[Any]:
        """Return a new socket to the kernel's control."""
        import zmq

        return self._connected(Channel.CONTROL, zmq.DEALER, identity)

    def connect_stdin(self, identity: bytes | None = None) -> zmq.Socket[Any]:
        """Return a new socket to the kernel's stdin; give it the identity of the shell socket."""
        import zmq

        return self._connected(Channel.STDIN, zmq.DEALER, identity)

    def connect_iopub(self, identity: bytes | None = None) -> zmq.Socket[Any]:
        """Return a new socket that gets everything that the kernel publishes."""
        import zmq

        return self._connected(Channel.IOPUB, zmq.SUB, identity)

    def connect_hb(self, identity: bytes | None = None) -> zmq.Socket[Any]:
        """Return a new socket to the kernel's heartbeat."""
        import zmq

        return self._connected(Channel.HB, zmq.REQ, identity)
