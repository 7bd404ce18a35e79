"""Make the answers of the Debug Adapter Protocol: every request has one, with ``success``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Request", "Response", "arguments_of", "failure", "request", "success"]

Request = Mapping[str, Any]
Response = dict[str, Any]


def arguments_of(request: Request) -> Mapping[str, Any]:
    """Return the arguments of a request that cannot do without.

    Raises:
        TypeError: It has none.
    """
    arguments = request.get("arguments")
    if not isinstance(arguments, Mapping):
        raise TypeError(f"expected arguments of {request.get('command')!r}, got {arguments!r:.80}")
    return arguments


def request(command: str, **arguments: Any) -> Request:
    """Return a request of our own."""
    return {"type": "request", "seq": 0, "command": command, "arguments": arguments}


def success(request: Request, body: Mapping[str, Any] | None = None) -> Response:
    """Return the answer that ``request`` was done."""
    seq = request.get("seq", 0)
    return {
        "type": "response",
        "seq": seq,
        "request_seq": seq,
        "success": True,
        "command": request.get("command", ""),
        "body": dict(body or {}),
    }


def failure(request: Request, message: str) -> Response:
    """Return the answer that ``request`` was not done, and why."""
    return success(request) | {"success": False, "message": message}
