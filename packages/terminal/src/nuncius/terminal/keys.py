"""What keys do beyond readline's and vi's own: one table, from which the bindings and their documentation are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nuncius.terminal.editing import Enter, decide_enter, dedent_width

if TYPE_CHECKING:
    from prompt_toolkit.filters import Filter
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

__all__ = ["BINDINGS", "Binding", "Judge", "bindings"]


#: Tells whether a cell is complete: returns the status and the indentation of the next line, as ``is_complete_reply`` has them.
Judge = Callable[[str], tuple[str, str]]

Command = Callable[["KeyPressEvent", Judge], None]


@dataclass(frozen=True, slots=True)
class Binding:
    """One row of the table.

    Attributes:
        keys: As prompt_toolkit spells them; several are typed one after another.
        command: What is done.
        when: A condition by name, see `_condition`.
    """

    keys: tuple[str, ...]
    command: Command
    when: str = ""

    @property
    def help(self) -> str:
        """What it does, in a sentence."""
        return (self.command.__doc__ or "").strip().splitlines()[0]


def enter(event: KeyPressEvent, judge: Judge) -> None:
    """Run the cell if it is complete, else begin a new line."""
    buffer = event.current_buffer
    if buffer.complete_state and buffer.complete_state.current_completion:
        buffer.apply_completion(buffer.complete_state.current_completion)
        return
    document = buffer.document
    status, indent = judge(document.text)
    match decide_enter(document.text, document.cursor_position, status, indent):
        case Enter.RUN:
            buffer.validate_and_handle()
        case newline:
            buffer.insert_text("\n" + newline.indent)


def run(event: KeyPressEvent, judge: Judge) -> None:
    """Run the cell as it is."""
    event.current_buffer.validate_and_handle()


def newline(event: KeyPressEvent, judge: Judge) -> None:
    """Begin a new line below the cursor, whatever the cell looks like."""
    event.current_buffer.insert_text("\n", move_cursor=True)


def indent_or_complete(event: KeyPressEvent, judge: Judge) -> None:
    """Indent at the beginning of a line, else complete what is before the cursor."""
    buffer = event.current_buffer
    if buffer.document.current_line_before_cursor.strip():
        if buffer.complete_state:
            buffer.complete_next()
        else:
            buffer.start_completion(insert_common_part=True)
    else:
        before = buffer.document.current_line_before_cursor
        buffer.insert_text(" " * (4 - len(before) % 4))


def dedent(event: KeyPressEvent, judge: Judge) -> None:
    """Go back in the completion menu, or remove one level of the line's indentation."""
    buffer = event.current_buffer
    if buffer.complete_state:
        buffer.complete_previous()
        return
    line = buffer.document.current_line
    width = min(4, len(line) - len(line.lstrip(" ")))
    column = buffer.document.cursor_position_col
    if width and column >= width:
        buffer.cursor_left(column)
        buffer.delete(width)
        buffer.cursor_right(column - width)


def backspace(event: KeyPressEvent, judge: Judge) -> None:
    """Delete the character before the cursor, within the indentation back to the last level."""
    buffer = event.current_buffer
    buffer.delete_before_cursor(dedent_width(buffer.document.current_line_before_cursor))


def edit(event: KeyPressEvent, judge: Judge) -> None:
    """Open the cell in $EDITOR."""
    event.current_buffer.open_in_editor()


def clear(event: KeyPressEvent, judge: Judge) -> None:
    """Drop the cell and begin anew."""
    event.app.exit(exception=KeyboardInterrupt, style="class:aborting")


def suspend(event: KeyPressEvent, judge: Judge) -> None:
    """Suspend the shell; fg brings it back."""
    event.app.suspend_to_background()


BINDINGS = (
    Binding(("enter",), enter, "inserting"),
    Binding(("escape", "enter"), run, "inserting"),
    Binding(("c-o",), newline, "inserting"),
    Binding(("tab",), indent_or_complete, "inserting"),
    Binding(("s-tab",), dedent, "inserting"),
    Binding(("backspace",), backspace, "inserting"),
    Binding(("f2",), edit),
    Binding(("c-x", "c-e"), edit, "emacs"),
    Binding(("c-c",), clear),
    Binding(("c-z",), suspend, "can suspend"),
)


def bindings(judge: Judge) -> KeyBindings:
    """Return the table as prompt_toolkit's key bindings.

    Args:
        judge: Tells whether a cell is complete.
    """
    from prompt_toolkit.key_binding import KeyBindings

    made = KeyBindings()
    for binding in BINDINGS:
        made.add(*binding.keys, filter=_condition(binding.when))(_handler(binding, judge))
    return made


def _handler(binding: Binding, judge: Judge) -> Callable[[KeyPressEvent], None]:
    def handle(event: KeyPressEvent) -> None:
        binding.command(event, judge)

    return handle


def _condition(name: str) -> Filter:
    from prompt_toolkit.enums import DEFAULT_BUFFER
    from prompt_toolkit.filters import (
        Always,
        Condition,
        emacs_mode,
        has_focus,
        has_selection,
        vi_insert_mode,
    )

    match name:
        case "inserting":
            return has_focus(DEFAULT_BUFFER) & ~has_selection & (vi_insert_mode | emacs_mode)
        case "emacs":
            return emacs_mode
        case "can suspend":
            from prompt_toolkit.utils import suspend_to_background_supported

            return Condition(suspend_to_background_supported)
    return Always()
