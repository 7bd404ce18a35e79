"""Decide whether a connection is encrypted, and make and check the keys of CurveZMQ.

A kernel's sockets share one key pair, which is in the connection file: whoever can read that file can connect. Clients use the same pair for themselves.

The rule (ARCHITECTURE, decision 11): on the loopback or over ipc, messages are signed and not encrypted, unless asked for; where another machine can reach the kernel, they are encrypted, and a kernel that cannot do it is not started there without an explicit word.

Source: ZeroMQ RFC 26 (CurveZMQ); "transport encryption" of jupyter_client 8.9 and ipykernel 7.4, with which this works together.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from nuncius.protocol.errors import ConnectionFileError, LaunchFailed
from nuncius.protocol.values import replace

if TYPE_CHECKING:
    import zmq

    from nuncius.protocol.connection import ConnectionInfo

__all__ = ["Encryption", "apply_client", "apply_server", "decide", "new_keys", "with_new_keys"]


class Encryption(StrEnum):
    """What is wanted of a connection."""

    #: No encryption, wherever the kernel listens; this is the explicit word.
    DISABLED = "disabled"
    #: Encryption where the kernel can do it; without it a kernel is started on this machine only.
    AUTO = "auto"
    #: Encryption, or no kernel.
    REQUIRED = "required"


def decide(
    info: ConnectionInfo,
    supported: Sequence[str],
    policy: Encryption | str | None = None,
    kernel: str = "the kernel",
) -> bool:
    """Tell whether a new connection is to be encrypted.

    Args:
        info: Where the kernel will listen.
        supported: What the kernel can do (`KernelSpec.encryption`).
        policy: What is wanted. None: nothing on this machine only, `Encryption.REQUIRED` beyond it.
        kernel: Names it in errors.

    Raises:
        LaunchFailed: Encryption is needed, and the kernel cannot do it.
        ValueError: There is no such policy.
    """
    chosen = None if policy is None else Encryption(policy)
    if chosen is Encryption.DISABLED or (chosen is None and info.is_local):
        return False
    if "curve" in supported:
        return True
    if chosen is Encryption.AUTO and info.is_local:
        return False
    why = "encryption was required" if info.is_local else f"{info.ip} can be reached over a network"
    raise LaunchFailed(
        f"{kernel} cannot encrypt its connection (its kernelspec has no metadata.supported_encryption with 'curve'), and {why}; "
        "let it listen on 127.0.0.1 and reach it through SSH, or allow an unencrypted connection with the encryption policy 'disabled'"
    )


def new_keys() -> tuple[str, str]:
    """Return a new public and secret key, in Z85.

    Raises:
        LaunchFailed: This ZeroMQ was built without encryption.
    """
    import zmq

    if not zmq.has("curve"):
        raise LaunchFailed(
            "this installation of pyzmq cannot encrypt (libzmq without libsodium); install pyzmq from a wheel: pip install --force-reinstall pyzmq"
        )
    public, secret = zmq.curve_keypair()
    return public.decode("ascii"), secret.decode("ascii")


def with_new_keys(info: ConnectionInfo) -> ConnectionInfo:
    """Return ``info`` with a key pair; the one that it has is kept."""
    if info.curve_publickey:
        return info
    public, secret = new_keys()
    return replace(info, curve_publickey=public, curve_secretkey=secret)


def apply_server(socket: zmq.Socket[Any], info: ConnectionInfo) -> None:
    """Have ``socket`` of a kernel encrypt, if ``info`` has keys; call it before ``bind``.

    Raises:
        ConnectionFileError: A key is not one.
    """
    if not info.curve_publickey:
        return
    public, secret = _keys(info)
    socket.curve_secretkey = secret
    socket.curve_publickey = public
    socket.curve_server = True


def apply_client(socket: zmq.Socket[Any], info: ConnectionInfo) -> None:
    """Have ``socket`` of a client encrypt, if ``info`` has keys; call it before ``connect``.

    Raises:
        ConnectionFileError: A key is not one.
    """
    if not info.curve_publickey:
        return
    public, secret = _keys(info)
    socket.curve_secretkey = secret
    socket.curve_publickey = public
    socket.curve_serverkey = public


def _keys(info: ConnectionInfo) -> tuple[bytes, bytes]:
    for name in ("curve_publickey", "curve_secretkey"):
        value: str = getattr(info, name)
        if len(value) != 40 or not value.isascii():
            raise ConnectionFileError(
                f"{name} of the connection has {len(value)} characters; expected the 40 of a CurveZMQ key in Z85"
            )
    return info.curve_publickey.encode("ascii"), info.curve_secretkey.encode("ascii")
