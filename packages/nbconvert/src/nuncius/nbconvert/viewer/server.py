"""Serve the viewer over HTTP: a thread for each request, nothing but GET and HEAD."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from nuncius.nbconvert.viewer.site import Answer

if TYPE_CHECKING:
    from collections.abc import Collection

    from nuncius.nbconvert.viewer.site import Site

__all__ = ["ViewerServer"]

_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


class ViewerServer(ThreadingHTTPServer):
    """The server, bound but not yet serving.

    Args:
        address: Where it listens.
        port: 0 for any that is free.
        site: Gives the answers.
        hosts: Names that it may be called by, besides those of this machine. A page from elsewhere that gives this machine a name of its own cannot read notebooks then.
        proxied: A proxy stands before it, which says in ``X-Forwarded-For`` who asks.
    """

    daemon_threads = True

    def __init__(
        self,
        address: str,
        port: int,
        site: Site,
        hosts: Collection[str] = (),
        *,
        proxied: bool = False,
    ) -> None:
        self.site, self.proxied = site, proxied
        self.hosts = {*_LOCAL, address.lower(), *(host.lower() for host in hosts)}
        self.any_host = address in ("", "0.0.0.0", "::") and not hosts
        if ":" in address:
            import socket

            self.address_family = socket.AF_INET6
        super().__init__((address, port), _Handler)

    @property
    def url(self) -> str:
        """Where the viewer is."""
        host = str(self.server_address[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_address[1]}/"


class _Handler(BaseHTTPRequestHandler):
    server: ViewerServer
    protocol_version = "HTTP/1.1"
    server_version = "nuncius-viewer"
    sys_version = ""
    timeout = 30  # of a client that says nothing

    def do_GET(self) -> None:
        self._send(self._answer(), body=True)

    def do_HEAD(self) -> None:
        self._send(self._answer(), body=False)

    def _answer(self) -> Answer:
        host = self.headers.get("Host", "").lower()
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        if not self.server.any_host and name not in self.server.hosts:
            return Answer(403, b"This viewer does not answer to that name; see --host.\n", "text/plain; charset=utf-8")  # fmt: skip
        try:
            return self.server.site.answer(self.path, self._client())
        except Exception as error:  # noqa: BLE001 - one request must not take the others with it
            sys.stderr.write(f"nuncius view: {self.path!r}: {type(error).__name__}: {error}\n")
            return Answer(500, b"This should not have happened.\n", "text/plain; charset=utf-8")

    def _client(self) -> str:
        """Return who asks: behind a proxy that was named, whom the proxy says."""
        address = str(self.client_address[0])
        if not self.server.proxied:
            return address
        said = self.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return said or address

    def _send(self, answer: Answer, *, body: bool) -> None:
        try:
            self.send_response(answer.status)
            for name, value in answer.all_headers.items():
                self.send_header(name, value.replace("\r", "").replace("\n", ""))
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if body:
                self.wfile.write(answer.body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass
