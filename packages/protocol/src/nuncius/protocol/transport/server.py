"""Ask a Jupyter server (or ours) for kernels over its REST API: list, start, interrupt, restart, end.

Calls wait for the answer; in asyncio run them by `asyncio.to_thread`.

Source: the REST API of Jupyter Server, "kernels" and "kernelspecs".
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from nuncius.protocol.errors import KernelError, NoSuchKernel

if TYPE_CHECKING:
    import ssl

__all__ = ["Server", "ServerKernel"]


@dataclass(frozen=True, slots=True)
class ServerKernel:
    """A kernel that a server runs.

    Attributes:
        id: How the server calls it.
        name: Of its kernelspec.
        state: ``idle``, ``busy``...
        connections: How many clients it has.
    """

    id: str
    name: str
    state: str = "unknown"
    connections: int = 0

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> ServerKernel:
        """Return the kernel that an answer of the server describes."""
        return cls(
            str(data["id"]),
            str(data.get("name", "")),
            str(data.get("execution_state", "unknown")),
            int(data.get("connections", 0)),
        )


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is, and what lets us in.

    Attributes:
        url: Its base, such as ``https://host:8888/user/me/``. A token in it (``?token=``) is taken out.
        token: Lets us in; empty if nothing is asked.
        headers: Sent with every request.
        timeout: Seconds that an answer may take.
        tls: For servers whose certificate the system does not trust.
    """

    url: str
    token: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 60.0
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise KernelError(
                f"{self.url!r} is not the address of a server; expected one such as http://localhost:8888/"
            )
        if not self.token and parts.query:
            from urllib.parse import parse_qs

            object.__setattr__(self, "token", parse_qs(parts.query).get("token", [""])[0])
        path = parts.path.rstrip("/")
        for page in ("/lab", "/tree"):
            # What people paste is the address of the page that they see.
            path = path.removesuffix(page)
        object.__setattr__(self, "url", f"{parts.scheme}://{parts.netloc}{path}/")

    # -- kernels

    def kernelspecs(self) -> dict[str, Any]:
        """Return the kernelspecs: ``default`` and, by name, ``kernelspecs``."""
        return dict(self.request("GET", "api/kernelspecs"))

    def kernels(self) -> list[ServerKernel]:
        """Return the kernels that run."""
        return [ServerKernel.parse(data) for data in self.request("GET", "api/kernels")]

    def start(self, name: str | None = None, path: str | None = None) -> ServerKernel:
        """Start a kernel.

        Args:
            name: Of the kernelspec; the server's default if None.
            path: The folder to start it in, as the server sees it.
        """
        wanted = {key: value for key, value in (("name", name), ("path", path)) if value}
        return ServerKernel.parse(self.request("POST", "api/kernels", wanted))

    def find(self, kernel_id: str) -> ServerKernel:
        """Return a kernel, by its id or the beginning of it.

        Raises:
            NoSuchKernel: The server has none.
        """
        kernels = self.kernels()
        found = [kernel for kernel in kernels if kernel.id.startswith(kernel_id)]
        if len(found) != 1:
            raise NoSuchKernel(kernel_id, [kernel.id for kernel in kernels])
        return found[0]

    def interrupt(self, kernel_id: str) -> None:
        """Interrupt what a kernel is doing."""
        self.request("POST", f"api/kernels/{quote(kernel_id, safe='')}/interrupt")

    def restart(self, kernel_id: str) -> ServerKernel:
        """End a kernel and start it again, under the same id."""
        return ServerKernel.parse(
            self.request("POST", f"api/kernels/{quote(kernel_id, safe='')}/restart")
        )

    def shutdown(self, kernel_id: str) -> None:
        """End a kernel."""
        self.request("DELETE", f"api/kernels/{quote(kernel_id, safe='')}")

    # -- the wire

    @property
    def all_headers(self) -> dict[str, str]:
        """What every request, the WebSocket's included, is sent with."""
        token = {"Authorization": f"token {self.token}"} if self.token else {}
        return {**token, **self.headers}

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def tls_context(self) -> ssl.SSLContext | None:
        """How the connection is encrypted; None if it is not."""
        if not self.url.startswith("https:"):
            return None
        if self.tls is not None:
            return self.tls
        import ssl

        return ssl.create_default_context()

    def channels_url(self, kernel_id: str, session_id: str) -> str:
        """Return the address of a kernel's WebSocket."""
        base = "ws" + self.url.removeprefix("http")
        return f"{base}api/kernels/{quote(kernel_id, safe='')}/channels?session_id={quote(session_id, safe='')}"

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a request; return the decoded answer, None if it is empty.

        Args:
            method: Of HTTP.
            path: Below `url`.
            body: Sent as JSON.

        Raises:
            KernelError: The server is not there, or refuses; says why.
        """
        from http.client import HTTPConnection, HTTPException, HTTPSConnection

        host, port = self.address
        tls = self.tls_context
        connection = (
            HTTPConnection(host, port, timeout=self.timeout)
            if tls is None
            else HTTPSConnection(host, port, timeout=self.timeout, context=tls)
        )
        data = None if body is None and method != "POST" else json.dumps(body or {}).encode()
        headers = {"Content-Type": "application/json", **self.all_headers}
        try:
            connection.request(method, urlsplit(self.url).path + path, data, headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, HTTPException, socket.gaierror) as error:
            raise KernelError(f"cannot reach the server at {self.url}: {error}") from error
        finally:
            connection.close()
        if response.status >= 300:
            raise self._refused(response.status, method, path, answer)
        try:
            return json.loads(answer) if answer else None
        except ValueError:
            raise KernelError(
                f"{self.url}{path} did not answer with JSON; is it the address of a Jupyter server?"
            ) from None

    def _refused(self, status: int, method: str, path: str, answer: bytes) -> KernelError:
        if status in (401, 403) or 300 <= status < 400:
            help_ = "it takes another token; look at `jupyter server list` where it runs"
            return KernelError(f"the server at {self.url} does not let us in ({status}): {help_}")
        try:
            reason = json.loads(answer).get("message") or ""
        except (ValueError, AttributeError):
            reason = ""
        return KernelError(
            f"{method} {self.url}{path} failed ({status}): {reason or 'no reason given'}"
        )
