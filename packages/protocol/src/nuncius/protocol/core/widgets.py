"""Keep the state of widgets from what a kernel publishes, in the form that a notebook stores, without I/O.

A widget lives in two places that keep each other informed by comm messages. A document that is to show it without a kernel needs its last state; `WidgetStates.metadata` is the entry of the notebook's metadata that viewers of widgets read.

Rule 1: the last value of each attribute counts; an attribute that is set anew loses the binary parts of its old value.
Rule 2: a widget that was closed is gone.

Source: "Jupyter widgets: messaging protocol", version 2.1.0; the JSON schema of the notebook's widget state, version 2.0.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.protocol.messages import Buffer, Message

__all__ = ["WIDGET_STATE", "WidgetStates"]

#: Under this name the state stands in ``notebook.metadata.widgets``.
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"

_Path = tuple[str | int, ...]


class WidgetStates:
    """The widgets of one kernel."""

    def __init__(self) -> None:
        #: By comm id, in the order of their making.
        self._states: dict[str, dict[str, Any]] = {}
        #: By comm id: the binary parts, by their place in the state.
        self._buffers: dict[str, dict[_Path, Buffer]] = {}

    def __bool__(self) -> bool:
        return bool(self._states)

    def receive(self, message: Message) -> None:
        """Take a ``comm_open``, ``comm_msg`` or ``comm_close``; others say nothing of widgets."""
        comm_id = str(message.content.get("comm_id", ""))
        if message.msg_type == "comm_close":
            self._states.pop(comm_id, None)
            self._buffers.pop(comm_id, None)
            return
        data = message.content.get("data")
        state = data.get("state") if isinstance(data, Mapping) else None
        if not isinstance(data, Mapping) or not isinstance(state, Mapping):
            return
        opened = message.msg_type == "comm_open" and "_model_name" in state
        if opened or (message.msg_type == "comm_msg" and comm_id in self._states):
            self._update(comm_id, state)
            self._take_buffers(comm_id, data.get("buffer_paths"), message.buffers)

    def set(self, comm_id: str, **state: Any) -> None:
        """Change attributes that the frontend has changed; a widget that is not there is left alone."""
        if comm_id in self._states:
            self._update(comm_id, state)

    def metadata(self) -> dict[str, Any]:
        """Return the value of ``notebook.metadata.widgets``; without widgets it is empty."""
        if not self._states:
            return {}
        state = {comm_id: self._model(comm_id) for comm_id in self._states}
        return {WIDGET_STATE: {"version_major": 2, "version_minor": 0, "state": state}}

    def _update(self, comm_id: str, state: Mapping[str, Any]) -> None:
        self._states.setdefault(comm_id, {}).update(state)
        buffers = self._buffers.get(comm_id, {})
        for path in [path for path in buffers if path[0] in state]:
            del buffers[path]

    def _take_buffers(self, comm_id: str, paths: object, buffers: tuple[Buffer, ...]) -> None:
        if not isinstance(paths, (list, tuple)):
            return
        # Lengths that differ are the sender's fault: what has both a place and a value is kept.
        for path, buffer in zip(paths, buffers, strict=False):
            if isinstance(path, (list, tuple)) and path:
                steps = tuple(step if isinstance(step, int) else str(step) for step in path)
                self._buffers.setdefault(comm_id, {})[steps] = buffer

    def _model(self, comm_id: str) -> dict[str, Any]:
        state = self._states[comm_id]
        model: dict[str, Any] = {
            "model_name": state.get("_model_name"),
            "model_module": state.get("_model_module"),
            "model_module_version": state.get("_model_module_version"),
            "state": dict(state),
        }
        if buffers := self._buffers.get(comm_id):
            model["buffers"] = [
                {
                    "path": list(path),
                    "encoding": "base64",
                    "data": b64encode(buffer).decode("ascii"),
                }
                for path, buffer in buffers.items()
            ]
        return model
