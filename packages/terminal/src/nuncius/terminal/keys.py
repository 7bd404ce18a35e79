"""What keys do beyond readline's and vi's own: one table, from which the bindings and their documentation are made."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nuncius.protocol.errors import OptionError
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
    from prompt_toolkit.filters import Filter
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

__all__ = ["BINDINGS", "Binding", "Judge", "Tools", "bindings", "changed"]


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
    autoformatter: str = ""
    burst: Burst = field(default_factory=Burst)


Command = Callable[["KeyPressEvent", Tools], None]


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
    def name(self) -> str:
        """What the configuration calls it."""
        return self.command.__name__

    @property
    def help(self) -> str:
        """What it does, in a sentence."""
        return (self.command.__doc__ or "").strip().splitlines()[0]


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
    from prompt_toolkit.key_binding.bindings.named_commands import get_by_name

    get_by_name("operate-and-get-next").call(event)


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


BINDINGS = (
    Binding(("enter",), enter, "inserting"),
    Binding(("escape", "enter"), run, "inserting"),
    Binding(("c-o",), newline, "inserting"),
    Binding(("tab",), complete, "inserting"),
    Binding(("s-tab",), describe_or_dedent, "inserting"),
    Binding(("tab",), indent_selection, "selecting"),
    Binding(("s-tab",), dedent_selection, "selecting"),
    Binding(("escape", "#"), toggle_comment, "emacs"),
    Binding(("backspace",), backspace, "inserting"),
    Binding(("<bracketed-paste>",), paste, "inserting"),
    Binding(("c-r",), search_back, "searchable"),
    Binding(("c-s",), search_forward, "searchable"),
    Binding(("c-r",), search_further, "searching"),
    Binding(("up",), up, "typing"),
    Binding(("down",), down, "typing"),
    Binding(("c-p",), previous, "emacs"),
    Binding(("escape", "<"), oldest, "emacs"),
    Binding(("escape", "o"), run_and_get_next, "emacs"),
    Binding(("c-z",), undo, "cannot suspend"),
    Binding(("escape", "_"), redo, "emacs"),
    Binding(("f1",), show_keys),
    Binding(("f2",), edit),
    Binding(("c-x", "c-e"), edit, "emacs"),
    Binding(("f3",), reformat, "inserting"),
    Binding(("f4",), view_result, "inserting"),
    Binding(("c-c",), clear, "not searching"),
    Binding(("c-z",), suspend, "can suspend"),
    Binding(("c-\\",), show_stacks),
)


def changed(
    table: Sequence[Binding], shortcuts: Sequence[Mapping[str, Any]]
) -> tuple[Binding, ...]:
    """Return the table as the configuration wants it.

    Args:
        table: The bindings.
        shortcuts: Each with a ``command``, and ``new_keys``: none to take the command off its keys. ``match_keys`` and ``match_filter`` choose among several bindings of the command; with ``create`` the binding is added to those that are there, under the condition ``new_filter``.

    Raises:
        OptionError: There is no such command, or no such binding of it.
    """
    from nuncius.protocol.app.options import nearest

    rows = list(table)
    for shortcut in shortcuts:
        name = str(shortcut.get("command", "")).rpartition(".")[2]
        known = {row.name: row for row in table}
        if name not in known:
            raise OptionError(f"shortcuts: there is no command {name!r}{nearest(name, known)}")
        keys = tuple(shortcut.get("new_keys", ()))
        if shortcut.get("create"):
            rows.append(replace(known[name], keys=keys, when=shortcut.get("new_filter", "")))
            continue
        found = [row for row in rows if _matches(row, name, shortcut)]
        if not found:
            raise OptionError(f"shortcuts: {name!r} has no binding like {dict(shortcut)!r}")
        for row in found:
            place = rows.index(row)
            when = shortcut.get("new_filter", row.when)
            rows[place : place + 1] = [replace(row, keys=keys, when=when)] if keys else []
    return tuple(rows)


def _matches(row: Binding, name: str, shortcut: Mapping[str, Any]) -> bool:
    if row.name != name:
        return False
    if "match_keys" in shortcut and tuple(shortcut["match_keys"]) != row.keys:
        return False
    return "match_filter" not in shortcut or shortcut["match_filter"] == row.when


def bindings(tools: Tools, table: Sequence[Binding] = BINDINGS) -> KeyBindings:
    """Return the table as prompt_toolkit's key bindings.

    Args:
        tools: For the commands.
        table: The rows.

    Raises:
        OptionError: A key is not spelled as prompt_toolkit spells it.
    """
    from prompt_toolkit.key_binding import KeyBindings

    made = KeyBindings()
    for binding in table:
        try:
            add = made.add(
                *binding.keys, filter=_condition(binding.when), save_before=_saves(binding)
            )
            add(_handler(binding, tools))
        except ValueError as error:
            raise OptionError(f"the keys of {binding.name!r}: {error}") from error
    return made


def _saves(binding: Binding) -> Callable[[KeyPressEvent], bool]:
    """Return what tells whether the text is saved before the command: that is a change, after which nothing can be redone."""
    saves = binding.command not in (undo, redo)
    return lambda event: saves


def _handler(binding: Binding, tools: Tools) -> Callable[[KeyPressEvent], None]:
    def handle(event: KeyPressEvent) -> None:
        binding.command(event, tools)

    return handle


def _condition(name: str) -> Filter:
    from prompt_toolkit.enums import DEFAULT_BUFFER
    from prompt_toolkit.filters import (
        Always,
        Condition,
        emacs_mode,
        has_focus,
        has_selection,
        is_searching,
        vi_insert_mode,
    )
    from prompt_toolkit.utils import suspend_to_background_supported

    typing = has_focus(DEFAULT_BUFFER)
    conditions: dict[str, Filter] = {
        "": Always(),
        "typing": typing,
        "searching": is_searching,
        "inserting": typing & ~has_selection & (vi_insert_mode | emacs_mode),
        "selecting": typing & has_selection,
        "searchable": typing & (vi_insert_mode | emacs_mode),
        "not searching": ~is_searching,
        "emacs": emacs_mode,
        "can suspend": Condition(suspend_to_background_supported),
        "cannot suspend": ~Condition(suspend_to_background_supported),
    }
    if name not in conditions:
        raise OptionError(
            f"there is no condition {name!r}; there are {', '.join(map(repr, conditions))}"
        )
    return conditions[name]
