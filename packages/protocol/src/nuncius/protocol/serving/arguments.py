"""Read from a kernel's command line where it is to listen: ``-f FILE``, ``--ip``, ``--transport``, ``--shell`` and its like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nuncius.protocol.errors import ConnectionFileError
from nuncius.protocol.messages import Channel

__all__ = ["asked_connection", "value_of"]


def value_of(argv: Sequence[str], names: Sequence[str]) -> str | None:
    """Return the value of the first option of ``names``, None if there is none."""
    arguments = iter(argv)
    for argument in arguments:
        for name in names:
            if argument == name:
                return next(arguments, None)
            if argument.startswith(f"{name}="):
                return argument.split("=", 1)[1]
    return None


def asked_connection(argv: Sequence[str]) -> Mapping[str, Any]:
    """Return the fields of `nuncius.protocol.connection.ConnectionInfo` that a command line asks for.

    Raises:
        ConnectionFileError: A value is not what it should be.
    """
    asked: dict[str, Any] = {}
    if ip := value_of(argv, ("--ip", "--IPKernelApp.ip")):
        asked["ip"] = ip
    if transport := value_of(argv, ("--transport", "--IPKernelApp.transport")):
        if transport not in ("tcp", "ipc"):
            raise ConnectionFileError(f"--transport is {transport!r}; expected tcp or ipc")
        asked["transport"] = transport
    for channel in Channel:
        name = f"{channel}_port"
        value = value_of(argv, (f"--{channel}", f"--IPKernelApp.{name}"))
        if value is not None:
            if not (value.isascii() and value.isdigit() and int(value) < 65536):
                raise ConnectionFileError(
                    f"--{channel} is {value!r}; expected a port, or 0 for any"
                )
            asked[name] = int(value)
    return asked
