"""Keep the state of widgets, as pages need it to show them without a kernel."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.protocol.messages import Message

__all__ = ["MIME", "WidgetStates"]

#: Where it stands in the notebook's metadata.
MIME = "application/vnd.jupyter.widget-state+json"


class WidgetStates:
    """The state of the widgets of a notebook, from the comm messages that the kernel sends.

    Attributes:
        states: By the widget's comm id.
        buffers: By comm id and path.
    """

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        self.buffers: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}

    def receive(self, message: Message) -> None:
        """Take a ``comm_open`` or ``comm_msg``."""
        content = message.content
        data = content.get("data")
        state = data.get("state") if isinstance(data, Mapping) else None
        if not isinstance(state, Mapping):
            return
        comm_id = str(content.get("comm_id", ""))
        self.states.setdefault(comm_id, {}).update(state)
        paths = data.get("buffer_paths") if isinstance(data, Mapping) else None
        for path, buffer in zip(paths or (), message.buffers, strict=False):
            self.buffers.setdefault(comm_id, {})[tuple(path)] = {
                "data": base64.b64encode(buffer).decode("ascii"),
                "encoding": "base64",
                "path": list(path),
            }

    def metadata(self) -> dict[str, Any] | None:
        """Return what stands in the notebook's metadata under ``widgets``; None if there are no widgets."""
        if not self.states:
            return None
        state = {
            name: self._entry(name, values)
            for name, values in self.states.items()
            if "_model_name" in values
        }
        return {MIME: {"state": state, "version_major": 2, "version_minor": 0}}

    def _entry(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "model_name": values.get("_model_name"),
            "model_module": values.get("_model_module"),
            "model_module_version": values.get("_model_module_version"),
            "state": values,
        }
        if buffers := self.buffers.get(name):
            entry["buffers"] = list(buffers.values())
        return entry
