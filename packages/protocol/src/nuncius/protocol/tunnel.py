"""Reach a kernel on another machine through SSH: one ``ssh`` process carries its five sockets.

OpenSSH does the work, so whatever its configuration knows (hosts, keys, agents, jump hosts, passwords typed at the terminal or in an askpass window) works here. Each socket of the kernel becomes a Unix socket in a directory that only the user can enter: no port has to be chosen, and nobody else on this machine can connect.

The ssh process does not survive this one: on the other side it runs ``cat``, which ends with our end of its input.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Self

from nuncius.protocol.connection import ipc_directory
from nuncius.protocol.errors import TunnelError
from nuncius.protocol.messages import Channel

if TYPE_CHECKING:
    from nuncius.protocol.connection import ConnectionInfo

__all__ = ["Tunnel", "open_tunnel", "ssh_command"]

_MARK = b"nuncius-tunnel"
# What a terminal's Ctrl-C is meant for is the kernel, and not the way to it: ssh respects that the signal is ignored.
_WRAPPER = ("/bin/sh", "-c", 'trap "" INT; exec "$@"', "ssh")


def ssh_command(
    info: ConnectionInfo, server: str, directory: str, options: Sequence[str] = ()
) -> list[str]:
    """Return the command that forwards the five sockets of ``info`` into ``directory``.

    Args:
        info: The kernel, as it is seen from the server.
        server: ``host``, ``user@host``, ``user@host:port``, or a name of ssh's configuration.
        directory: For the sockets.
        options: More arguments for ssh, such as ``("-i", "key")``.

    Raises:
        TunnelError: The server's name cannot be one.
    """
    host, colon, port = server.rpartition(":")
    if not colon or not port.isdecimal() or "]" in port:
        host, port = server, ""
    if not host or host.startswith("-") or any(sign.isspace() for sign in host):
        raise TunnelError(f"{server!r} is no SSH server; give it as user@host or user@host:port")
    command = ["ssh", "-T", "-o", "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=30"]
    for number, channel in enumerate(Channel, 1):
        there = info.url(channel).partition("://")[2]
        command += ["-L", f"{directory}/kernel-{number}:{there}"]
    if port:
        command += ["-p", port]
    mark = _MARK.decode()
    return [*command, *options, "--", host, f"echo {mark}; exec cat >/dev/null"]


class Tunnel:
    """A way to a kernel that is open; close it, or use it as a context manager.

    Attributes:
        info: Where the kernel listens, as seen from here.
        server: The SSH server.
    """

    def __init__(
        self, info: ConnectionInfo, server: str, process: subprocess.Popen[bytes], errors: IO[bytes]
    ) -> None:
        self.info = info
        self.server = server
        self._process = process
        self._errors = errors

    def __repr__(self) -> str:
        return f"<Tunnel through {self.server}: {'open' if self.is_open else 'closed'}>"

    @property
    def is_open(self) -> bool:
        """Whether ssh still runs."""
        return self._process.poll() is None

    def check(self) -> None:
        """Raise if the tunnel has broken.

        Raises:
            TunnelError: It has; says what ssh said.
        """
        if not self.is_open:
            raise TunnelError(f"the tunnel through {self.server} is broken{self.complaint()}")

    def close(self) -> None:
        """End ssh and remove the sockets. Closing twice does nothing."""
        process = self._process
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._errors.close()
        shutil.rmtree(os.path.dirname(self.info.ip), ignore_errors=True)  # noqa: PTH120 - of a string

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def complaint(self) -> str:
        """Return what ssh has written to its stderr, to append to a message."""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return f"; ssh says: {' / '.join(lines[-3:])}" if lines else ""


def open_tunnel(
    info: ConnectionInfo, server: str, *, options: Sequence[str] = (), timeout: float = 60.0
) -> Tunnel:
    """Open a tunnel to a kernel, and return when it can be used.

    Args:
        info: The kernel, as its connection file on the other machine says.
        server: ``user@host``, ``user@host:port``, or a name of ssh's configuration.
        options: More arguments for ssh.
        timeout: Seconds, the time to type a password included.

    Returns:
        The tunnel; connect to its `Tunnel.info`.

    Raises:
        TunnelError: ssh is not installed, cannot connect, or may not forward; says what it said.
    """
    if shutil.which("ssh") is None:
        raise TunnelError(
            "there is no program 'ssh'; install OpenSSH (on Debian: apt install openssh-client)"
        )
    directory = ipc_directory()
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - the tunnel closes it
    try:
        command = ssh_command(info, server, directory, options)
        process = subprocess.Popen(
            [*_WRAPPER, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
    except BaseException:
        errors.close()
        shutil.rmtree(directory, ignore_errors=True)
        raise
    ports = {f"{channel}_port": number for number, channel in enumerate(Channel, 1)}
    here = replace(info, transport="ipc", ip=f"{directory}/kernel").with_ports(ports)
    tunnel = Tunnel(here, server, process, errors)
    try:
        _await_mark(tunnel, process, time.monotonic() + timeout, timeout)
    except BaseException:
        tunnel.close()
        raise
    return tunnel


def _await_mark(
    tunnel: Tunnel, process: subprocess.Popen[bytes], deadline: float, timeout: float
) -> None:
    """Wait for the word that the other side has started, which is after the forwards were made."""
    from selectors import EVENT_READ, DefaultSelector

    assert process.stdout is not None
    seen = b""
    with DefaultSelector() as selector:
        selector.register(process.stdout, EVENT_READ)
        while _MARK not in seen:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TunnelError(
                    f"the tunnel through {tunnel.server} was not there within {timeout:g} s{tunnel.complaint()}"
                )
            data = os.read(process.stdout.fileno(), 4096)
            if not data:
                process.wait()
                raise TunnelError(f"no tunnel through {tunnel.server}{tunnel.complaint()}")
            seen = (seen + data)[-4096:]
