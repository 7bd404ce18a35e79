"""Where a kernel in another process is, and what can be done to it there: started by us, running already, or on a server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from nuncius.protocol.errors import KernelError

if TYPE_CHECKING:
    from nuncius.protocol.connection import ConnectionInfo
    from nuncius.protocol.manager.blocking import BlockingKernelManager
    from nuncius.protocol.transport.base import Transport
    from nuncius.protocol.transport.server import Server, ServerKernel
    from nuncius.protocol.tunnel import Tunnel

__all__ = ["Existing", "Managed", "OnServer", "Place"]

#: Seconds that a server has to end a kernel: nobody waits longer for a shell to end.
_PATIENT = 10.0


class Place(Protocol):
    """A kernel's home."""

    #: We started it, and end it.
    owned: bool
    #: It goes on without us if we do not end it.
    can_outlive_shell: bool
    #: It is ours to start anew.
    can_restart: bool
    #: It runs on this machine for as long as we do: programs that it starts may run here.
    is_here: bool
    #: How a person comes back to it when the way there is lost; empty where nothing can be lost.
    way_back: str

    def broken(self) -> str:
        """Return why there is no way to the kernel any more, although it may go on; empty as long as nobody knows of a reason."""
        ...

    def connect(self) -> Transport:
        """Return a new connection, not yet opened."""
        ...

    def watch(self, died: Callable[[str], None]) -> None:
        """Have ``died`` called with the reason when the kernel ends by itself, from any thread."""
        ...

    def interrupt(self) -> bool:
        """Interrupt the kernel; False if that takes a message."""
        ...

    def restart(self) -> None:
        """Start the kernel anew.

        Raises:
            KernelError: It is not ours, or did not come up.
        """
        ...

    def close(self, *, stop_kernel: bool) -> None:
        """Leave; end the kernel too if that is asked for."""
        ...


class Managed:
    """A kernel whose process we started.

    Args:
        manager: Takes care of it.
        arguments: For the kernel, after those of its kernelspec.
        can_outlive_shell: It was started so that it can.
    """

    owned = True
    can_restart = True
    way_back = ""

    def __init__(
        self,
        manager: BlockingKernelManager,
        arguments: Sequence[str] = (),
        *,
        can_outlive_shell: bool = False,
    ) -> None:
        self._manager = manager
        self.can_outlive_shell = can_outlive_shell
        self.is_here = not can_outlive_shell
        try:
            self._info = manager.start(extra_arguments=arguments)
        except BaseException:
            manager.close()
            raise

    def broken(self) -> str:
        """Return nothing: it ends with the way to it."""
        return ""

    @property
    def connection_file(self) -> str | None:
        """How others reach it."""
        return self._manager.connection_file

    def connect(self) -> Transport:
        """Return a new connection, see `Place.connect`."""
        from nuncius.protocol.transport.zmq import ZmqTransport

        return ZmqTransport(self._info)

    def watch(self, died: Callable[[str], None]) -> None:
        """Watch the process, see `Place.watch`."""
        self._manager.add_callback(
            lambda *_: died(f"the kernel died: {self._manager.last_exit or 'nobody knows why'}"),
            "dead",
        )

    def interrupt(self) -> bool:
        """Interrupt it in the way that its kernelspec wants."""
        self._manager.interrupt()
        return True

    def restart(self) -> None:
        """Start it anew."""
        self._info = self._manager.restart(now=True)

    def close(self, *, stop_kernel: bool) -> None:
        """Leave, see `Place.close`."""
        if not stop_kernel and self.can_outlive_shell:
            self._manager.detach()
            return
        sys.stdout.flush()
        try:
            self._manager.shutdown()
        finally:
            self._manager.close()
        if (last := self._manager.last_exit) is not None:
            # What exit handlers have said, when there was no client any more.
            sys.stdout.write(last.output)


class Existing:
    """A kernel that someone else started.

    Args:
        info: Where it listens.
        tunnel: The way there, to be closed at the end.
    """

    owned = False
    can_outlive_shell = False
    can_restart = False
    is_here = False
    way_back = "The same command comes back to it."

    def __init__(self, info: ConnectionInfo, tunnel: Tunnel | None = None) -> None:
        self._info = info
        self._tunnel = tunnel

    def broken(self) -> str:
        """Return what has become of the tunnel."""
        if self._tunnel is None or self._tunnel.is_open:
            return ""
        return f"The tunnel through {self._tunnel.server} is broken{self._tunnel.complaint()}."

    def connect(self) -> Transport:
        """Return a new connection, see `Place.connect`."""
        from nuncius.protocol.transport.zmq import ZmqTransport

        return ZmqTransport(self._info)

    def watch(self, died: Callable[[str], None]) -> None:
        """Do nothing: the client's own heartbeat tells."""

    def interrupt(self) -> bool:
        """Return False: it takes a message."""
        return False

    def restart(self) -> None:
        """Refuse."""
        raise KernelError("this kernel was started by someone else, who has to restart it")

    def close(self, *, stop_kernel: bool) -> None:
        """Close the tunnel."""
        if self._tunnel is not None:
            self._tunnel.close()


class OnServer:
    """A kernel of a Jupyter server, or of ours.

    Args:
        server: The server.
        kernel: The kernel.
        owned: We started it.
    """

    can_outlive_shell = True
    can_restart = True
    is_here = False

    def __init__(self, server: Server, kernel: ServerKernel, *, owned: bool) -> None:
        self._server = server
        self._kernel = kernel
        self.owned = owned
        self.can_outlive_shell = owned
        self.way_back = f"To come back to it: nuncius console --server {server.url}?token=... --existing {kernel.id}"

    def broken(self) -> str:
        """Return nothing: the connection itself says so."""
        return ""

    def connect(self) -> Transport:
        """Return a new connection, see `Place.connect`."""
        from nuncius.protocol.transport.websocket import WebSocketTransport

        return WebSocketTransport(self._server, self._kernel.id)

    def watch(self, died: Callable[[str], None]) -> None:
        """Do nothing: the server tells."""

    def interrupt(self) -> bool:
        """Ask the server to interrupt it."""
        self._server.interrupt(self._kernel.id)
        return True

    def restart(self) -> None:
        """Ask the server to start it anew."""
        self._kernel = self._server.restart(self._kernel.id)

    def close(self, *, stop_kernel: bool) -> None:
        """Ask the server to end it, if that is asked for."""
        if stop_kernel:
            replace(self._server, timeout=_PATIENT).shutdown(self._kernel.id)
