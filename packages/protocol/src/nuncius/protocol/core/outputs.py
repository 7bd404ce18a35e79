"""Turn what a kernel publishes into the outputs of a cell as a notebook stores them, without I/O.

An `OutputArea` holds the outputs of one cell; an `OutputCollector` knows the areas of all cells, because some messages reach beyond the cell that caused them: ``update_display_data`` changes a display wherever it is, and an output widget takes the outputs of other cells.
Each message gives a list of changes, so that a frontend need not compare what was there before with what is there now.

Rule 1: the outputs have the form of nbformat 4.5.
Rule 2: texts of one stream that follow each other are one output. They are joined when someone looks: a hundred thousand lines take linear time.
Rule 3: after ``clear_output(wait=True)`` the old outputs stay until the next one comes.
Rule 4: carriage returns and backspaces are left in the text, as what they mean is the renderer's business; unless ``settle`` is asked for, where the outputs are stored and a progress bar should be one line.
Rule 5: of widgets, the last state is kept: `OutputCollector.widget_state`.

Source: "Messaging in Jupyter", section "Messages on the IOPub (PUB/SUB) channel"; the notebook file format, section "Code cell outputs".
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from nuncius.protocol.core.widgets import WidgetStates
from nuncius.protocol.values import Value

if TYPE_CHECKING:
    from nuncius.protocol.messages import Message
    from nuncius.protocol.text.ansi import Settler

__all__ = [
    "Appended",
    "Change",
    "Cleared",
    "Extended",
    "OutputArea",
    "OutputCollector",
    "Replaced",
    "WidgetChanged",
]


class Appended(Value):
    """An output was added at the end.

    Attributes:
        area: Where.
        index: Its place in the area.
        output: The output; the text of a stream is what came with this message.
        display_id: The name by which it can be updated.
    """

    area: OutputArea
    index: int
    output: Mapping[str, Any]
    display_id: str | None = None


class Extended(Value):
    """Text was added to a stream output, which is the last one."""

    area: OutputArea
    index: int
    name: str
    text: str


class Replaced(Value):
    """A display got other data."""

    area: OutputArea
    index: int
    output: Mapping[str, Any]
    display_id: str


class Cleared(Value):
    """All outputs of the area were removed."""

    area: OutputArea


class WidgetChanged(Value):
    """An output widget took an output. Its kernel side learns of it by a ``comm_msg`` with `state`.

    Attributes:
        comm_id: Of the widget.
        area: What it holds. It goes on changing: when many changes come at once, it is enough to send the last state.
    """

    comm_id: str
    area: OutputArea

    @property
    def state(self) -> dict[str, Any]:
        """The data of the ``comm_msg`` to send."""
        outputs = [dict(output) for output in self.area.outputs]
        return {"method": "update", "state": {"outputs": outputs}, "buffer_paths": []}


Change = Appended | Extended | Replaced | Cleared | WidgetChanged


class OutputArea:
    """The outputs of one cell.

    Args:
        settle: Store of a stream what a terminal would show at the end (`nuncius.protocol.text.ansi.settle`). The changes still hold the text as it came.
    """

    __slots__ = (
        "__weakref__",
        "_chunks",
        "_outputs",
        "_settle",
        "_settler",
        "clear_pending",
        "display_ids",
    )

    def __init__(self, *, settle: bool = False) -> None:
        self._settle = settle
        #: What the last output, a stream, shows; None until something moves its cursor.
        self._settler: Settler | None = None
        self._outputs: list[dict[str, Any]] = []
        #: Texts that came for the last output, a stream, since someone looked.
        self._chunks: list[str] = []
        #: The next output removes all others first.
        self.clear_pending = False
        #: The displays that can be updated: place -> name.
        self.display_ids: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._outputs)

    def __repr__(self) -> str:
        return f"<OutputArea {[output['output_type'] for output in self._outputs]}>"

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """The outputs, in the form of nbformat. The list is the area's own: do not change it."""
        if self._chunks:
            last, text = self._outputs[-1], "".join(self._chunks)
            self._chunks.clear()
            last["text"] = (
                self._settled(last["text"], text) if self._settle else last["text"] + text
            )
        return self._outputs

    def _settled(self, before: str, text: str) -> str:
        if self._settler is None:
            from nuncius.protocol.text.ansi import Settler

            self._settler = Settler()
            self._settler.feed(before)
        self._settler.feed(text)
        return self._settler.text()

    def stream(self, name: str, text: str) -> list[Change]:
        """Add text of a stream."""
        changes = self._clear_if_pending()
        index = len(self._outputs) - 1
        if index >= 0:
            last = self._outputs[index]
            if last["output_type"] == "stream" and last["name"] == name:
                self._chunks.append(text)
                changes.append(Extended(self, index, name, text))
                return changes
        changes.append(self._append({"output_type": "stream", "name": name, "text": text}))
        if self._settle:
            self._outputs[-1]["text"] = ""
            self._chunks.append(text)
        return changes

    def append(self, output: dict[str, Any], display_id: str | None = None) -> list[Change]:
        """Add an output that is not a stream."""
        changes = self._clear_if_pending()
        changes.append(self._append(output, display_id))
        return changes

    def replace(
        self, display_id: str, data: Mapping[str, Any], metadata: Mapping[str, Any]
    ) -> list[Change]:
        """Give every display of that name other data."""
        changes: list[Change] = []
        for index, name in self.display_ids.items():
            if name == display_id:
                output = self._outputs[index]
                output["data"], output["metadata"] = dict(data), dict(metadata)
                changes.append(Replaced(self, index, dict(output), display_id))
        return changes

    def clear(self, wait: bool = False) -> list[Change]:
        """Remove all outputs, now or when the next one comes."""
        self.clear_pending = wait
        return [] if wait else self._remove_all()

    def _clear_if_pending(self) -> list[Change]:
        if not self.clear_pending:
            return []
        self.clear_pending = False
        return self._remove_all()

    def _remove_all(self) -> list[Change]:
        # New objects: who holds the old list keeps what was in it.
        self._outputs, self._chunks, self._settler = [], [], None
        self.display_ids.clear()
        return [Cleared(self)]

    def _append(self, output: dict[str, Any], display_id: str | None = None) -> Appended:
        shown = self.outputs
        self._settler = None
        index = len(shown)
        shown.append(output)
        if display_id is not None:
            self.display_ids[index] = display_id
        return Appended(self, index, dict(output), display_id)


class _OutputWidget:
    """An output widget: while its ``msg_id`` is set, it takes the outputs of that request."""

    __slots__ = ("area", "msg_id")

    def __init__(self, area: OutputArea) -> None:
        self.area = area
        self.msg_id = ""


class OutputCollector:
    """Route what is published to the areas of the cells it belongs to.

    An area is held until it is closed; its displays are found for as long as someone else holds it: a console may run for months.

    Args:
        settle: For the areas that are made here, see `OutputArea`.
    """

    def __init__(self, *, settle: bool = False) -> None:
        self._settle = settle
        self._states = WidgetStates()
        #: By the id of the request that runs the cell.
        self._areas: dict[str, OutputArea] = {}
        #: Where each display stands.
        self._displays: dict[str, weakref.WeakSet[OutputArea]] = {}
        #: By comm id.
        self._widgets: dict[str, _OutputWidget] = {}
        #: The widgets that take the outputs of a request; the last one has them.
        self._captures: dict[str, list[str]] = {}

    def __iter__(self) -> Iterator[OutputArea]:
        return iter(self._areas.values())

    def open(self, msg_id: str, area: OutputArea | None = None) -> OutputArea:
        """Return the area for what ``msg_id`` causes.

        Args:
            msg_id: Of the execute request.
            area: One to use again, when a cell is run again; it is not cleared.
        """
        if area is None:
            area = OutputArea(settle=self._settle)
        self._areas[msg_id] = area
        return area

    def close(self, msg_id: str) -> None:
        """Take no more outputs of that request; displays in its area can still be updated."""
        self._areas.pop(msg_id, None)
        self._captures.pop(msg_id, None)

    def widget_state(self) -> dict[str, Any]:
        """Return the state of the kernel's widgets, in the form of ``notebook.metadata.widgets``; empty if there are none."""
        for comm_id, widget in self._widgets.items():
            # What a frontend puts into an output widget, the kernel's side does not repeat.
            outputs = [dict(output) for output in widget.area.outputs]
            self._states.set(comm_id, outputs=outputs)
        return self._states.metadata()

    def receive(self, message: Message) -> list[Change]:
        """Return the changes that ``message`` makes; a message that makes none is no error."""
        handler = self._handlers.get(message.msg_type)
        return [] if handler is None else handler(self, message)

    def _area(self, message: Message) -> OutputArea | None:
        parent = message.parent_id or ""
        if captures := self._captures.get(parent):
            return self._widgets[captures[-1]].area
        return self._areas.get(parent)

    def _notify(self, message: Message, changes: list[Change]) -> list[Change]:
        """Add the change of the output widget that took the output, if one did."""
        captures = self._captures.get(message.parent_id or "")
        if captures and changes:
            changes.append(WidgetChanged(captures[-1], self._widgets[captures[-1]].area))
        return changes

    def _stream(self, message: Message) -> list[Change]:
        area, content = self._area(message), message.content
        if area is None:
            return []
        changes = area.stream(str(content.get("name", "stdout")), str(content.get("text", "")))
        return self._notify(message, changes)

    def _display(self, message: Message) -> list[Change]:
        area, content = self._area(message), message.content
        if area is None:
            return []
        output: dict[str, Any] = {
            "output_type": message.msg_type,
            "data": _mapping(content.get("data")),
            "metadata": _mapping(content.get("metadata")),
        }
        if message.msg_type == "execute_result":
            output["execution_count"] = content.get("execution_count")
        display_id = _display_id(content)
        changes = area.append(output, display_id)
        if display_id is not None:
            self._displays.setdefault(display_id, weakref.WeakSet()).add(area)
        return self._notify(message, changes)

    def _error(self, message: Message) -> list[Change]:
        area, content = self._area(message), message.content
        if area is None:
            return []
        output: dict[str, Any] = {
            "output_type": "error",
            "ename": str(content.get("ename", "")),
            "evalue": str(content.get("evalue", "")),
            "traceback": [str(line) for line in _list(content.get("traceback"))],
        }
        return self._notify(message, area.append(output))

    def _update(self, message: Message) -> list[Change]:
        content = message.content
        display_id = _display_id(content)
        if display_id is None:
            return []
        data, metadata = _mapping(content.get("data")), _mapping(content.get("metadata"))
        changes: list[Change] = []
        for area in list(self._displays.get(display_id, ())):
            changes += area.replace(display_id, data, metadata)
        return changes

    def _clear(self, message: Message) -> list[Change]:
        area = self._area(message)
        if area is None:
            return []
        return self._notify(message, area.clear(bool(message.content.get("wait", False))))

    # -- output widgets

    def _comm_open(self, message: Message) -> list[Change]:
        comm_id, state = _comm_state(message)
        self._states.receive(message)
        if comm_id and state.get("_model_name") == "OutputModel":
            self._widgets[comm_id] = _OutputWidget(OutputArea(settle=self._settle))
            self._set_state(comm_id, state)
        return []

    def _comm_msg(self, message: Message) -> list[Change]:
        comm_id, state = _comm_state(message)
        self._states.receive(message)
        if comm_id in self._widgets:
            self._set_state(comm_id, state)
        return []

    def _comm_close(self, message: Message) -> list[Change]:
        comm_id = str(message.content.get("comm_id", ""))
        self._states.receive(message)
        if comm_id in self._widgets:
            self._capture(comm_id, "")
            del self._widgets[comm_id]
        return []

    def _set_state(self, comm_id: str, state: Mapping[str, Any]) -> None:
        area = self._widgets[comm_id].area
        if "outputs" in state:
            area.clear()
            for output in _list(state["outputs"]):
                if isinstance(output, Mapping) and "output_type" in output:
                    area.append(dict(output))
        if "msg_id" in state:
            self._capture(comm_id, str(state["msg_id"] or ""))

    def _capture(self, comm_id: str, msg_id: str) -> None:
        widget = self._widgets[comm_id]
        before = self._captures.get(widget.msg_id, [])
        if comm_id in before:
            before.remove(comm_id)
            if not before:
                del self._captures[widget.msg_id]
        widget.msg_id = msg_id
        if msg_id:
            self._captures.setdefault(msg_id, []).append(comm_id)

    _handlers: ClassVar[Mapping[str, Callable[[OutputCollector, Message], list[Change]]]] = {
        "stream": _stream,
        "display_data": _display,
        "execute_result": _display,
        "update_display_data": _update,
        "clear_output": _clear,
        "error": _error,
        "comm_open": _comm_open,
        "comm_msg": _comm_msg,
        "comm_close": _comm_close,
    }


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _display_id(content: Mapping[str, Any]) -> str | None:
    transient = content.get("transient")
    value = transient.get("display_id") if isinstance(transient, Mapping) else None
    return value if isinstance(value, str) else None


def _comm_state(message: Message) -> tuple[str, Mapping[str, Any]]:
    data = message.content.get("data")
    state = data.get("state") if isinstance(data, Mapping) else None
    return str(message.content.get("comm_id", "")), state if isinstance(state, Mapping) else {}
