"""Put what the kernel publishes into the cells that it belongs to, without I/O.

A display is updated wherever it stands; what a thread of an earlier cell writes comes to that cell; an output widget takes what is written in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nuncius.protocol.core.outputs import Change, OutputArea, OutputCollector, WidgetChanged

if TYPE_CHECKING:
    from nuncius.protocol.messages import Message

__all__ = ["Recorder"]

#: A cell of a notebook.
Cell = dict[str, Any]


def _same(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return outputs


class Recorder(OutputCollector):
    """The outputs of all cells of a notebook. Give it to `nuncius.protocol.client.aio.AsyncClient.execute` as ``outputs``.

    Args:
        convert: Makes the outputs of a cell from what was collected; called when a cell ends, and when its outputs change later.

    Attributes:
        area: The outputs of the cell that was opened last.
        changes: What the last message changed.
        changed_widgets: The output widgets that changed since someone looked, by comm id.
    """

    def __init__(
        self,
        *,
        convert: Callable[[list[dict[str, Any]]], list[Any]] = _same,
    ) -> None:
        super().__init__()
        self.changes: list[Change] = []
        self.changed_widgets: dict[str, WidgetChanged] = {}
        self.area = OutputArea()
        self._convert = convert
        #: Which cell has which area, and its index.
        self._cells: dict[OutputArea, tuple[int, Cell]] = {}

    def open(self, msg_id: str, area: OutputArea | None = None) -> OutputArea:
        """Return the area for what ``msg_id`` causes."""
        self.area = super().open(msg_id, area)
        return self.area

    def assign(self, index: int, cell: Cell) -> None:
        """Say which cell the area belongs to that was opened last."""
        self._cells[self.area] = (index, cell)

    def receive(self, message: Message) -> list[Change]:
        """Take a message, and remember what it changes."""
        self.changes = [*self._shown_again(message), *super().receive(message)]
        for change in self.changes:
            if isinstance(change, WidgetChanged):
                self.changed_widgets[change.comm_id] = change
        return self.changes

    def _shown_again(self, message: Message) -> list[Change]:
        """Update the displays of a name when something is shown by that name once more, as nbclient does."""
        if message.msg_type not in ("display_data", "execute_result"):
            return []
        content = message.content
        name = (content.get("transient") or {}).get("display_id")
        changes: list[Change] = []
        if not isinstance(name, str):
            return changes
        for area in list(self._displays.get(name, ())):
            changes += area.replace(name, content["data"], content.get("metadata", {}))
        return changes

    def by_cell(self) -> list[tuple[int, Change]]:
        """Return what the last message changed in cells, by index; cells that ended before are brought up to date."""
        found = []
        for change in self.changes:
            place = None if isinstance(change, WidgetChanged) else self._cells.get(change.area)
            if place is not None:
                found.append((place[0], change))
                if change.area is not self.area:
                    self.store(change.area)
        return found

    def store(self, area: OutputArea | None = None) -> None:
        """Write an area's outputs into its cell; by default those of the cell that was opened last."""
        place = self._cells.get(area or self.area)
        if place is not None:
            place[1]["outputs"] = self._convert((area or self.area).outputs)

    def take_widgets(self) -> list[WidgetChanged]:
        """Return the output widgets that changed since this was called last."""
        taken = list(self.changed_widgets.values())
        self.changed_widgets.clear()
        return taken

    def finish(self, nb: dict[str, Any]) -> None:
        """Write the widgets' state into the notebook."""
        if state := self.widget_state():
            nb["metadata"]["widgets"] = state
