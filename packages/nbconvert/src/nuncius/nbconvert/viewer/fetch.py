"""Fetch a file from an address that was checked: bounded in size and time, every redirect checked again."""

from __future__ import annotations

import http.client
import socket
import time
from dataclasses import dataclass
from urllib.parse import urljoin

from nuncius.nbconvert.viewer.addresses import Refused, Resolve, Rules, Target, check, resolve

__all__ = ["Fetched", "Limits", "fetch"]

_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is fetched.

    Attributes:
        size: In bytes.
        seconds: For the whole, redirects included.
    """

    size: int = 25 * 1024 * 1024
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched.

    Attributes:
        data: The bytes; None if nothing has changed since the tag that was given.
        url: Where it was in the end.
        etag: The server's name for this version; "" if it gives none.
    """

    data: bytes | None
    url: str
    etag: str


class _Pinned(http.client.HTTPConnection):
    """A connection to the address that was checked, whatever the name leads to by now."""

    def __init__(self, target: Target, timeout: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout)
        self._target = target

    def connect(self) -> None:
        self.sock = socket.create_connection((self._target.address, self._target.port), self.timeout)  # fmt: skip
        if self._target.scheme == "https":
            import ssl

            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self._target.host)  # fmt: skip


def fetch(
    url: str,
    rules: Rules,
    limits: Limits | None = None,
    etag: str = "",
    resolver: Resolve = resolve,
) -> Fetched:
    """Return the file at an address.

    Args:
        url: The address.
        rules: Where may be fetched from.
        limits: How much.
        etag: The version that is there already.
        resolver: Gives the addresses of a host.

    Raises:
        Refused: It may not be fetched, is too big, takes too long, or the server does not give it.
    """
    limits = limits or Limits()
    deadline = time.monotonic() + limits.seconds
    for _ in range(_REDIRECTS + 1):
        target = check(url, rules, resolver)
        try:
            answer = _ask(target, limits, deadline, etag)
        except TimeoutError:
            raise Refused(f"{target.host} did not answer in {limits.seconds:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"{target.host} cannot be reached: {error}") from error
        if isinstance(answer, str):
            url = urljoin(url, answer)
            continue
        return Fetched(answer[0], url, answer[1])
    raise Refused(f"more than {_REDIRECTS} redirects")


def _ask(target: Target, limits: Limits, deadline: float, etag: str) -> str | tuple[bytes | None, str]:  # fmt: skip
    """Return where a redirect leads to, or the file and its tag."""
    connection = _Pinned(target, _left(deadline))
    try:
        headers = {"User-Agent": "nuncius-viewer", "Accept": "*/*", "Accept-Encoding": "identity"}
        if etag:
            headers["If-None-Match"] = etag
        connection.request("GET", target.path, headers=headers)
        response = connection.getresponse()
        if response.status in (301, 302, 303, 307, 308):
            return response.getheader("Location") or ""
        if response.status == 304:
            return None, etag
        if response.status != 200:
            raise Refused(f"{target.host} answers {response.status} {response.reason}")
        return _body(connection, response, limits, deadline), response.getheader("ETag") or ""
    finally:
        connection.close()


def _body(
    connection: http.client.HTTPConnection,
    response: http.client.HTTPResponse,
    limits: Limits,
    deadline: float,
) -> bytes:
    too_big = f"the file has more than {limits.size / 1024 / 1024:g} MB"
    if (response.length or 0) > limits.size:
        raise Refused(too_big)
    pieces: list[bytes] = []
    size = 0
    while True:
        if connection.sock is not None:
            connection.sock.settimeout(_left(deadline))
        piece = response.read1(1 << 16)
        if not piece:
            return b"".join(pieces)
        size += len(piece)
        if size > limits.size:
            raise Refused(too_big)
        pieces.append(piece)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
