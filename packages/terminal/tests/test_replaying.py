"""What is shown of a kernel's last output to someone who comes later."""

from __future__ import annotations

from typing import Any

from nuncius.protocol.messages import Channel, Header, Message
from nuncius.terminal.replaying import Again, last_output

CELLS = [Header(f"cell {number}", "execute_request") for number in range(4)]


def said(cell: int, msg_type: str, **content: Any) -> Message:
    return Message(Channel.IOPUB, Header("", msg_type), CELLS[cell], content)


def typed(cell: int, code: str = "") -> Message:
    return said(cell, "execute_input", code=code, execution_count=cell)


def printed(cell: int, text: str) -> Message:
    return said(cell, "stream", name="stdout", text=text)


def displayed(cell: int, text: str, name: str = "", *, update: bool = False) -> Message:
    kind = "update_display_data" if update else "display_data"
    return said(
        cell, kind, data={"text/plain": text}, metadata={}, transient={"display_id": name} if name else {}
    )  # fmt: skip


def test_nothing_was_said() -> None:
    assert last_output([], 10) == Again()


def test_the_last_cells_and_the_number_of_the_next() -> None:
    one, two = [typed(1), printed(1, "a\n")], [typed(2), printed(2, "b\n")]
    assert last_output([*one, *two], 1) == Again(two, 3)
    assert last_output([*one, *two], 2) == Again([*one, *two], 3)


def test_the_beginning_of_a_cell_may_be_forgotten() -> None:
    assert last_output([printed(1, "a\n")], 10) == Again([printed(1, "a\n")], None)


def test_the_last_lines_of_what_was_printed() -> None:
    text = "".join(f"{n}\n" for n in range(10))
    assert last_output([typed(1), printed(1, text), printed(1, "end\n")], 9, lines=3) == Again(
        [typed(1), printed(1, "8\n9\n"), printed(1, "end\n")], 2, 8
    )


def test_displays_are_as_they_were_at_the_end() -> None:
    messages = [
        typed(1),
        displayed(1, "0 %", "bar"),
        displayed(1, "other"),
        displayed(1, "50 %", "bar", update=True),
        typed(2),
        displayed(2, "100 %", "bar", update=True),
        displayed(2, "of a display that is forgotten", "lost", update=True),
    ]
    assert last_output(messages, 9) == Again(
        [typed(1), displayed(1, "100 %", "bar"), displayed(1, "other"), typed(2)], 3
    )


def test_what_was_cleared_is_not_shown() -> None:
    clear = said(1, "clear_output", wait=True)
    messages = [typed(1), printed(1, "a"), printed(2, "other"), clear, printed(1, "b"), clear]
    assert last_output(messages[:4], 9).messages == [typed(1), printed(2, "other")]
    assert last_output(messages[:5], 9).messages == [typed(1), printed(2, "other"), printed(1, "b")]
    assert last_output(messages, 9).messages == [typed(1), printed(2, "other")]
