"""Collect what the frontend is asked to do when the cell is done: show a page, fill the next input, exit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["PayloadManager"]


class PayloadManager:
    """The payloads of the running request; `take` empties it."""

    def __init__(self) -> None:
        self._payloads: list[dict[str, Any]] = []

    def write_payload(self, data: Mapping[str, Any], single: bool = True) -> None:
        """Add a payload.

        Args:
            data: With a ``source``, which says what the frontend is to do.
            single: Replace a payload of the same source.

        Raises:
            TypeError: ``data`` is no mapping.
        """
        if not isinstance(data, Mapping):
            raise TypeError(f"expected a payload to be a mapping, got {data!r}")
        payload = dict(data)
        if single and "source" in payload:
            for position, other in enumerate(self._payloads):
                if other.get("source") == payload["source"]:
                    self._payloads[position] = payload
                    return
        self._payloads.append(payload)

    def read_payload(self) -> list[dict[str, Any]]:
        """Return the payloads; they stay."""
        return self._payloads

    def clear_payload(self) -> None:
        """Drop the payloads."""
        self._payloads = []

    def take(self) -> list[dict[str, Any]]:
        """Return the payloads, and drop them."""
        payloads, self._payloads = self._payloads, []
        return payloads
