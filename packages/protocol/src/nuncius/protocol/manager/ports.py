"""Find ports for kernels that can neither register nor tell which ones they have taken.

For such a kernel a port must be chosen before it runs, and something else may take it first. That cannot be excluded, only made rare: ports are taken from below the range that the system itself gives out, they are held until the kernel starts, and none is promised twice. What remains is seen (the kernel ends with "Address already in use") and tried again by the manager.
"""

from __future__ import annotations

import contextlib
import errno
import random
import socket
from collections.abc import Iterator
from pathlib import Path

from nuncius.protocol.errors import LaunchFailed
from nuncius.protocol.messages import Channel

__all__ = ["PortReserve", "says_port_taken"]

_LOWEST = 10000
_FEWEST = 2000


class PortReserve:
    """Ports that are promised to kernels which have not bound them yet.

    Args:
        candidates: The ports to choose from; by default those that the system gives to nobody by itself.
    """

    def __init__(self, candidates: range | None = None) -> None:
        self._candidates = _quiet_range() if candidates is None else candidates
        self._promised: set[int] = set()

    @contextlib.contextmanager
    def hold(self, ip: str) -> Iterator[dict[str, int]]:
        """Hold five free ports: bind them, so that nobody else can, and let go at the end of the block.

        Start the kernel right after the block; call `release` when it has bound them, or ended.

        Raises:
            LaunchFailed: There are not enough free ports.
        """
        ports: dict[str, int] = {}
        try:
            with contextlib.ExitStack() as stack:
                for channel in Channel:
                    holder = stack.enter_context(self._bind(ip))
                    port = holder.getsockname()[1]
                    self._promised.add(port)
                    ports[f"{channel}_port"] = port
                yield ports
        except BaseException:
            self.release(ports)
            raise

    def release(self, ports: dict[str, int]) -> None:
        """Note that the ports are bound now, or not needed any more."""
        self._promised.difference_update(ports.values())

    def _bind(self, ip: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        tries = min(len(self._candidates), 200)
        for port in [*random.sample(self._candidates, tries), 0]:
            if port in self._promised:
                continue
            holder = socket.socket(family, socket.SOCK_STREAM)
            try:
                holder.bind((ip, port))
            except PermissionError:
                holder.close()
            except OSError as error:
                holder.close()
                if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                    raise LaunchFailed(
                        f"a kernel cannot listen on {ip}: this machine has no such address"
                    ) from error
            else:
                return holder
        raise LaunchFailed(
            f"there is no free port for the kernel on {ip} ({len(self._promised)} are promised to others)"
        )


def says_port_taken(output: str) -> bool:
    """Tell whether what a kernel wrote before it ended says that a port was taken."""
    text = output.lower()
    return any(sign in text for sign in ("address already in use", "address in use", "eaddrinuse"))


def _quiet_range() -> range:
    """The ports below the ones that the system gives to outgoing connections and to whoever asks for any."""
    try:
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()[0])
    except (OSError, ValueError, IndexError):
        lowest = 32768
    if lowest - _LOWEST < _FEWEST:
        return range(0)
    return range(_LOWEST, lowest)
