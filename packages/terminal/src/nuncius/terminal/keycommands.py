"""What keys do to the cell: one function for each command that a key can have.

The first line of each docstring is what the reference of the keys says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nuncius.terminal.editing import (
    Enter,
    comment_lines,
    decide_enter,
    dedent_width,
    indent_lines,
    strip_prompts,
)

if TYPE_CHECKING:
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.key_binding import KeyPressEvent

__all__ = [
    "Burst",
    "Command",
    "Judge",
    "Tools",
    "backspace",
    "clear",
    "complete",
    "dedent_selection",
    "describe_or_dedent",
    "down",
    "edit",
    "enter",
    "indent_selection",
    "newline",
    "oldest",
    "paste",
    "previous",
    "redo",
    "reformat",
    "run",
    "run_and_get_next",
    "search_back",
    "search_forward",
    "search_further",
    "search_take",
    "show_keys",
    "show_stacks",
    "suspend",
    "toggle_comment",
    "undo",
    "up",
    "view_result",
]


#: Tells whether a cell is complete: returns the status and the indentation of the next line, as ``is_complete_reply`` has them.
Judge = Callable[[str], tuple[str, str]]


@dataclass
class Burst:
    """Text that comes faster than anybody types: pasted into a terminal that does not say so.

    Attributes:
        indented: A line of it began with blanks: it brings its own indentation.
        last: When Enter was pressed last.
    """

    indented: bool = False
    last: float = 0.0


@dataclass(frozen=True)
class Tools:
    """What the commands need beside the text.

    Attributes:
        judge: Is this cell complete?
        next_indent: The indentation of the line after a text.
        describe: Show what is known of the name at the cursor.
        list_keys: Show the bindings to the person.
        older: Go back to inputs that the prompt does not have yet; takes how many.
        oldest: Go back to the very first input.
        suggest: Show how what stands there went on.
        search_older: Search in inputs that the prompt does not have yet.
        run_and_get_next: Run the input, and begin the next prompt with the one that came after it.
        list_completions: Complete as readline does; None where there is a menu.
        autoformatter: The program that formats cells; empty for none.
        burst: The text that comes in too fast.
    """

    judge: Judge
    next_indent: Callable[[str], str]
    describe: Callable[[], None]
    list_keys: Callable[[], None]
    older: Callable[[int], None]
    oldest: Callable[[], None]
    suggest: Callable[[], None]
    search_older: Callable[[], None]
    run_and_get_next: Callable[[], None]
    list_completions: Callable[[], None] | None = None
    autoformatter: str = ""
    burst: Burst = field(default_factory=Burst)


Command = Callable[["KeyPressEvent", Tools], None]


#: Seconds between two Enters of text that is pasted.
_FAST = 0.05


def enter(event: KeyPressEvent, tools: Tools) -> None:
    """Run the cell if it is complete, else begin a new line."""
    buffer = event.current_buffer
    if buffer.complete_state and buffer.complete_state.current_completion:
        buffer.apply_completion(buffer.complete_state.current_completion)
        return
    if _comes_indented(event, tools.burst):
        buffer.insert_text("\n")
        return
    document = buffer.document
    status, indent = tools.judge(document.text)
    match decide_enter(document.text, document.cursor_position, status, indent):
        case Enter.RUN:
            buffer.validate_and_handle()
        case newline:
            at_end = not document.text_after_cursor.strip()
            indent = newline.indent if at_end else tools.next_indent(document.text_before_cursor)
            buffer.insert_text("\n" + indent)


def _comes_indented(event: KeyPressEvent, burst: Burst) -> bool:
    """Tell whether this Enter is in the middle of pasted lines with an indentation of their own."""
    from prompt_toolkit.keys import Keys

    # Answers of the terminal and the end of a read are in the queue, too.
    coming = [
        press
        for press in event.key_processor.input_queue
        if press.data and press.key != Keys.CPRResponse
    ]
    now = time.monotonic()
    if now - burst.last > _FAST:
        burst.indented = False
    burst.last = now
    if coming and coming[0].data[:1] in (" ", "\t") and event.current_buffer.text.strip():
        burst.indented = True
    return burst.indented and bool(coming)


def run(event: KeyPressEvent, tools: Tools) -> None:
    """Run the cell as it is."""
    event.current_buffer.validate_and_handle()


def newline(event: KeyPressEvent, tools: Tools) -> None:
    """Begin a new line here, whatever the cell looks like."""
    buffer = event.current_buffer
    buffer.insert_text("\n" + tools.next_indent(buffer.document.text_before_cursor))


def complete(event: KeyPressEvent, tools: Tools) -> None:
    """Indent at the beginning of a line, else complete what is before the cursor."""
    buffer = event.current_buffer
    if not buffer.document.current_line_before_cursor.strip():
        before = buffer.document.current_line_before_cursor
        buffer.insert_text(" " * (4 - len(before) % 4))
    elif tools.list_completions is not None:
        tools.list_completions()
    elif buffer.complete_state:
        buffer.complete_next()
    else:
        buffer.start_completion(insert_common_part=True)


def describe_or_dedent(event: KeyPressEvent, tools: Tools) -> None:
    """Go back in the completion menu; at the beginning of a line remove one level of indentation; else show the signature of the call at the cursor."""
    buffer = event.current_buffer
    if buffer.complete_state:
        buffer.complete_previous()
        return
    if buffer.document.current_line_before_cursor.strip():
        tools.describe()
        return
    line = buffer.document.current_line
    width = min(4, len(line) - len(line.lstrip(" ")))
    column = buffer.document.cursor_position_col
    if width and column >= width:
        buffer.cursor_left(column)
        buffer.delete(width)
        buffer.cursor_right(column - width)


def indent_selection(event: KeyPressEvent, tools: Tools) -> None:
    """Indent the selected lines."""
    _change_lines(event.current_buffer, lambda lines: indent_lines(lines, 4))


def dedent_selection(event: KeyPressEvent, tools: Tools) -> None:
    """Remove one level of indentation from the selected lines."""
    _change_lines(event.current_buffer, lambda lines: indent_lines(lines, -4))


def toggle_comment(event: KeyPressEvent, tools: Tools) -> None:
    """Comment out the line, or the selected lines; again to bring them back."""
    _change_lines(event.current_buffer, comment_lines)


def _change_lines(buffer: Buffer, change: Callable[[list[str]], list[str]]) -> None:
    """Replace the lines of the selection, or that of the cursor."""
    from prompt_toolkit.document import Document

    document = buffer.document
    start, end = document.selection_range() if document.selection else (buffer.cursor_position,) * 2
    first = document.translate_index_to_position(start)[0]
    last, column = document.translate_index_to_position(end)
    if last > first and column == 0:
        last -= 1
    lines = list(document.lines)
    lines[first : last + 1] = change(lines[first : last + 1])
    text = "\n".join(lines)
    row = document.cursor_position_row
    at = document.cursor_position_col + len(lines[row]) - len(document.lines[row])
    selection = document.selection
    buffer.save_to_undo_stack()
    moved = Document(text).translate_row_col_to_index(row, max(0, at))
    buffer.document = Document(text, moved)
    if selection is not None:
        from prompt_toolkit.selection import SelectionState

        # The selection reaches over whole lines, so that the next key changes the same ones.
        above = row > first
        origin = Document(text).translate_row_col_to_index(
            first if above else last, 0 if above else len(lines[last])
        )
        buffer.selection_state = SelectionState(origin, selection.type)


def backspace(event: KeyPressEvent, tools: Tools) -> None:
    """Delete the character before the cursor, within the indentation back to the last level."""
    buffer = event.current_buffer
    buffer.delete_before_cursor(dedent_width(buffer.document.current_line_before_cursor))


def paste(event: KeyPressEvent, tools: Tools) -> None:
    """Insert what the terminal pastes, without the prompts of interpreters; nothing runs before Enter."""
    text = event.data.replace("\r\n", "\n").replace("\r", "\n")
    event.current_buffer.insert_text(strip_prompts(text))


def edit(event: KeyPressEvent, tools: Tools) -> None:
    """Open the cell in $EDITOR."""
    event.current_buffer.open_in_editor()


def reformat(event: KeyPressEvent, tools: Tools) -> None:
    """Format the cell with the autoformatter of the configuration."""
    from prompt_toolkit.document import Document

    from nuncius.terminal.external import formatted

    buffer = event.current_buffer
    text = formatted(buffer.text, tools.autoformatter or "ruff")
    if text is not None and text != buffer.text:
        buffer.save_to_undo_stack()
        buffer.document = Document(text, min(buffer.cursor_position, len(text)))


def search_back(event: KeyPressEvent, tools: Tools) -> None:
    """Search all earlier sessions, backwards."""
    _search(event, tools, "start_reverse_incremental_search")


def search_forward(event: KeyPressEvent, tools: Tools) -> None:
    """Search all earlier sessions, forwards."""
    _search(event, tools, "start_forward_incremental_search")


def _search(event: KeyPressEvent, tools: Tools, command: str) -> None:
    from prompt_toolkit.key_binding.bindings import search

    getattr(search, command).call(event)


def search_further(event: KeyPressEvent, tools: Tools) -> None:
    """While searching: the match before this one."""
    tools.search_older()


def search_take(event: KeyPressEvent, tools: Tools) -> None:
    """While searching: take what was found, and move in it."""
    from prompt_toolkit.search import accept_search

    accept_search()
    # Now the key means what it always means.
    event.key_processor.feed(event.key_sequence[-1], first=True)


def up(event: KeyPressEvent, tools: Tools) -> None:
    """Move up in the cell; from its first line go to the input before it that begins alike."""
    buffer = event.current_buffer
    if buffer.complete_state or buffer.document.cursor_position_row:
        buffer.auto_up(count=event.arg)
    elif not buffer.selection_state:
        previous(event, tools)


def down(event: KeyPressEvent, tools: Tools) -> None:
    """Move down in the cell; from its last line go to the input after it that begins alike."""
    event.current_buffer.auto_down(count=event.arg)
    tools.suggest()


def previous(event: KeyPressEvent, tools: Tools) -> None:
    """Go to the input before this one that begins alike."""
    buffer = event.current_buffer
    for done in range(event.arg):
        before = buffer.working_index
        buffer.history_backward()
        if buffer.working_index == before:
            tools.older(event.arg - done)
            return


def oldest(event: KeyPressEvent, tools: Tools) -> None:
    """Go to the very first input."""
    tools.oldest()


def run_and_get_next(event: KeyPressEvent, tools: Tools) -> None:
    """Run this input of the history, and offer the one that came after it."""
    tools.run_and_get_next()


def undo(event: KeyPressEvent, tools: Tools) -> None:
    """Undo the last change."""
    event.current_buffer.undo()


def redo(event: KeyPressEvent, tools: Tools) -> None:
    """Redo what was undone."""
    event.current_buffer.redo()


def clear(event: KeyPressEvent, tools: Tools) -> None:
    """Drop the cell and begin anew."""
    event.app.exit(exception=KeyboardInterrupt, style="class:aborting")


def suspend(event: KeyPressEvent, tools: Tools) -> None:
    """Suspend the shell; fg brings it back."""
    event.app.suspend_to_background()


def view_result(event: KeyPressEvent, tools: Tools) -> None:
    """Show the last result in the whole terminal, where it is a table (%view)."""
    buffer = event.current_buffer
    if not buffer.text.strip():
        buffer.text = "%view"
        buffer.validate_and_handle()


def show_stacks(event: KeyPressEvent, tools: Tools) -> None:
    """Print where every thread is."""
    import os
    import signal

    from prompt_toolkit.application import run_in_terminal

    run_in_terminal(lambda: os.kill(os.getpid(), signal.SIGQUIT))


def show_keys(event: KeyPressEvent, tools: Tools) -> None:
    """List these keys."""
    from prompt_toolkit.application import run_in_terminal

    run_in_terminal(tools.list_keys)
