"""Decide where the viewer may fetch from: so that nobody can reach through it what only this machine can reach.

A name is resolved once. Every address that it has must be public, or its host must be on the list of those that were allowed; the connection then goes to the address that was checked, not to the name.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from nuncius.nbconvert.errors import NbConvertError

__all__ = ["Refused", "Resolve", "Rules", "Target", "check", "is_public", "resolve"]

#: Gives the addresses of a host.
Resolve = Callable[[str, int], Sequence[str]]

_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9.])?|[0-9A-Fa-f:.]+")


class Refused(NbConvertError):
    """An address that the viewer does not fetch from; says why."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Where may be fetched from.

    Attributes:
        hosts: If there are any: only these hosts, and what is below those that begin with a dot.
        private: Hosts, or ``host:port``, that may have addresses that are not public.
        network: False: nothing is fetched at all.
    """

    hosts: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    network: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was checked.

    Attributes:
        scheme: ``http`` or ``https``.
        host: The name, for the header and the certificate.
        port: The port.
        address: The IP address to connect to.
        path: Path and query, as they are sent.
    """

    scheme: str
    host: str
    port: int
    address: str
    path: str


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host.

    Raises:
        OSError: It has none.
    """
    import socket

    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def check(url: str, rules: Rules, resolver: Resolve = resolve) -> Target:
    """Return where a URL leads to.

    Raises:
        Refused: It may not be fetched.
    """
    scheme, host, port, path = _parts(url)
    if not rules.network:
        raise Refused("this viewer fetches nothing from the network")
    private = bool({host, f"{host}:{port}"} & {name.lower() for name in rules.private})
    if rules.hosts and not private and not _listed(host, rules.hosts):
        raise Refused(f"the host {host} is not on the list of this viewer")
    if port != _PORTS[scheme] and not private and not _listed(f"{host}:{port}", rules.hosts):
        raise Refused(f"the port {port} is not allowed: only 80 for http and 443 for https")
    try:
        found = list(resolver(host, port))
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise Refused(f"the host {host} was not found")
    # One address that is not public is enough: a name may have one of each.
    if not private and not all(is_public(address) for address in found):
        raise Refused(f"the host {host} leads to an address that is not public")
    return Target(scheme, host, port, found[0], path)


def _parts(url: str) -> tuple[str, str, int, str]:
    if len(url) > 4096 or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in url):
        raise Refused("the address is too long, or has spaces or control characters in it")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise Refused("that is no address") from None
    if parts.scheme not in _PORTS:
        raise Refused("only addresses that begin with http:// or https:// can be shown")
    if parts.username is not None or parts.password is not None or "\\" in url:
        raise Refused("the address has a user name or a backslash in it")
    try:
        host = host.rstrip(".") if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        raise Refused("that is no name of a host") from None
    if not host or not _HOST.fullmatch(host):
        raise Refused("that is no name of a host")
    from urllib.parse import quote

    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return parts.scheme, host.lower(), port or _PORTS[parts.scheme], path + ("?" + query if query else "")  # fmt: skip


def _listed(host: str, hosts: Sequence[str]) -> bool:
    return any(host == name.lower() or (name.startswith(".") and host.endswith(name.lower())) for name in hosts)  # fmt: skip


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet, also if it is wrapped in another."""
    try:
        value = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(value, ipaddress.IPv6Address):
        inner = value.ipv4_mapped or value.sixtofour or (value.teredo or (None, None))[1]
        if inner is None and (value in _NAT64 or int(value) >> 32 == 0):
            inner = ipaddress.IPv4Address(int(value) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return value.is_global and not value.is_multicast and not value.is_reserved
