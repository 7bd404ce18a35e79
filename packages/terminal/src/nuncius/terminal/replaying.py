"""Choose what is shown of a kernel's last output to someone who comes later.

Pure: messages come in, those to be shown come out.

Rule 1: the last cells, and of their streams the last lines: a few screens, not everything.
Rule 2: what was changed later is shown as it was at the end: displays that were updated, output that was cleared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.protocol.messages import Message

__all__ = ["Again", "last_output"]

#: Lines of streams that are shown.
_LINES = 200


@dataclass(frozen=True, slots=True)
class Again:
    """What is shown again.

    Attributes:
        messages: As the kernel has published them.
        number: Of the next cell; None if no cell is among them.
        lines: That were printed, and are not shown.
    """

    messages: Sequence[Message] = field(default_factory=list)
    number: int | None = None
    lines: int = 0


def last_output(messages: Sequence[Message], cells: int, lines: int = _LINES) -> Again:
    """Return what is to be shown.

    Args:
        messages: What was published, oldest first.
        cells: The last cells: so many.
        lines: Of streams: so many.
    """
    shown = _settled(messages)
    starts = [at for at, each in enumerate(shown) if each.msg_type == "execute_input"]
    counts = [shown[at].content.get("execution_count") for at in starts]
    number = max((count + 1 for count in counts if isinstance(count, int)), default=None)
    if len(starts) > cells:
        shown = shown[starts[-cells] :]
    kept, left_out = _without_early_lines(shown, lines)
    return Again(kept, number, left_out)


def _settled(messages: Sequence[Message]) -> list[Message]:
    """Return messages with the last state of displays, and without what was cleared."""
    shown: list[Message | None] = []
    places: dict[str, list[int]] = {}
    clearing: set[str | None] = set()
    for message in messages:
        if message.msg_type == "clear_output":
            clearing.add(message.parent_id)
            continue
        if message.parent_id in clearing and message.msg_type != "execute_input":
            clearing.discard(message.parent_id)
            _clear(shown, message.parent_id)
        name = str(message.content.get("transient", {}).get("display_id") or "")
        if message.msg_type == "update_display_data":
            for at in places.get(name, ()):
                before = shown[at]
                if before is not None:
                    shown[at] = replace(before, content=_updated(before.content, message.content))
            continue
        if message.msg_type == "display_data" and name:
            places.setdefault(name, []).append(len(shown))
        shown.append(message)
    for parent in clearing:
        _clear(shown, parent)
    return [message for message in shown if message is not None]


def _clear(shown: list[Message | None], parent: str | None) -> None:
    for at, message in enumerate(shown):
        if (
            message is not None
            and message.parent_id == parent
            and message.msg_type != "execute_input"
        ):
            shown[at] = None


def _updated(before: Mapping[str, Any], after: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**before, "data": after.get("data", {}), "metadata": after.get("metadata", {})}


def _without_early_lines(messages: Sequence[Message], most: int) -> tuple[list[Message], int]:
    """Return messages of whose streams only the last lines are left, and how many lines are gone."""
    kept: list[Message] = []
    room, gone = most, 0
    for message in reversed(messages):
        if message.msg_type != "stream":
            kept.append(message)
            continue
        lines = str(message.content.get("text", "")).splitlines(keepends=True)
        first = max(0, len(lines) - room)
        room -= len(lines) - first
        gone += first
        if first < len(lines):
            text = "".join(lines[first:])
            kept.append(replace(message, content={**message.content, "text": text}))
    return kept[::-1], gone
