"""Tell which network addresses are this machine's."""

from __future__ import annotations

import ipaddress
import socket
from functools import cache

__all__ = ["is_local_ip", "is_public_ip", "local_ips", "localhost", "public_ips"]

LOCALHOST = "127.0.0.1"


def localhost() -> str:
    """Return the address by which this machine reaches itself."""
    return LOCALHOST


@cache
def local_ips() -> list[str]:
    """Return the addresses of this machine, as far as its name leads to them."""
    found = [LOCALHOST]
    for name in (socket.gethostname(), socket.getfqdn()):
        try:
            found += socket.gethostbyname_ex(name)[2]
        except OSError:
            continue
    return list(dict.fromkeys([*found, "0.0.0.0", ""]))


def public_ips() -> list[str]:
    """Return those addresses of this machine that others can reach."""
    return [ip for ip in local_ips() if ip not in {"", "0.0.0.0"} and not _is_loopback(ip)]


def is_local_ip(ip: str) -> bool:
    """Tell whether ``ip`` is an address of this machine."""
    return ip in {"localhost", "*"} or _is_loopback(ip) or ip in local_ips()


def is_public_ip(ip: str) -> bool:
    """Tell whether ``ip`` is an address of this machine that others can reach."""
    return ip in public_ips()


def _is_loopback(ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False
