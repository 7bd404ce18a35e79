"""Frame messages of the Debug Adapter Protocol, without I/O.

A message is JSON behind a header ``Content-Length: N`` and an empty line, as in the protocol's overview, section "Base protocol".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["Decoder", "WireError", "encode"]

_SEPARATOR = b"\r\n\r\n"
_LARGEST_HEADER = 4096


class WireError(ValueError):
    """What came is no message of the Debug Adapter Protocol."""


def encode(message: Mapping[str, Any]) -> bytes:
    """Return the bytes of ``message``."""
    body = json.dumps(message, separators=(",", ":"), default=repr).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Decoder:
    """Cut a stream of bytes into messages."""

    def __init__(self) -> None:
        #: What came and is no whole message yet.
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take bytes; yield the messages that they complete.

        Raises:
            WireError: They are not framed as they should be.
        """
        self._pending += data
        while True:
            end = self._pending.find(_SEPARATOR)
            if end < 0:
                if len(self._pending) > _LARGEST_HEADER:
                    raise WireError(f"expected a header, got {bytes(self._pending[:60])!r}")
                return
            start = end + len(_SEPARATOR)
            stop = start + _length(bytes(self._pending[:end]))
            if len(self._pending) < stop:
                return
            body = bytes(self._pending[start:stop])
            del self._pending[:stop]
            yield _message(body)


def _length(header: bytes) -> int:
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    raise WireError(f"expected 'Content-Length: NUMBER', got {header[:60]!r}")


def _message(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except ValueError as error:
        raise WireError(f"expected JSON, got {body[:60]!r}") from error
    if not isinstance(message, dict):
        raise WireError(f"expected an object, got {body[:60]!r}")
    return message
