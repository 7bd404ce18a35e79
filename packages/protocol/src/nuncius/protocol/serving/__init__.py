"""Serve a kernel: over ZeroMQ (`app`, `server`) or inside this process (`host`). Nothing is loaded before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.protocol.serving.app import serve
    from nuncius.protocol.serving.host import CallHost, ThreadHost, find_kernel
    from nuncius.protocol.serving.server import Server

__all__ = ["CallHost", "Server", "ThreadHost", "find_kernel", "serve"]

_HOMES = {
    "CallHost": "host",
    "Server": "server",
    "ThreadHost": "host",
    "find_kernel": "host",
    "serve": "app",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"nuncius.protocol.serving.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
