"""What keys do beyond readline's and vi's own: one table, from which the bindings and their documentation are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nuncius.protocol.errors import OptionError
from nuncius.terminal import keycommands as do

if TYPE_CHECKING:
    from prompt_toolkit.filters import Filter
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    from nuncius.terminal.keycommands import Command, Tools

__all__ = ["BINDINGS", "Binding", "bindings", "changed"]


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


BINDINGS = (
    Binding(("enter",), do.enter, "inserting"),
    Binding(("escape", "enter"), do.run, "inserting"),
    Binding(("c-o",), do.newline, "inserting"),
    Binding(("tab",), do.complete, "inserting"),
    Binding(("s-tab",), do.describe_or_dedent, "inserting"),
    Binding(("tab",), do.indent_selection, "selecting"),
    Binding(("s-tab",), do.dedent_selection, "selecting"),
    Binding(("escape", "#"), do.toggle_comment, "emacs"),
    Binding(("backspace",), do.backspace, "inserting"),
    Binding(("<bracketed-paste>",), do.paste, "inserting"),
    Binding(("c-r",), do.search_back, "searchable"),
    Binding(("c-s",), do.search_forward, "searchable"),
    Binding(("c-r",), do.search_further, "searching"),
    Binding(("left",), do.search_take, "searching like emacs"),
    Binding(("right",), do.search_take, "searching like emacs"),
    Binding(("home",), do.search_take, "searching like emacs"),
    Binding(("end",), do.search_take, "searching like emacs"),
    Binding(("c-a",), do.search_take, "searching like emacs"),
    Binding(("c-e",), do.search_take, "searching like emacs"),
    Binding(("up",), do.up, "typing"),
    Binding(("down",), do.down, "typing"),
    Binding(("c-p",), do.previous, "emacs"),
    Binding(("escape", "<"), do.oldest, "emacs"),
    Binding(("escape", "o"), do.run_and_get_next, "emacs"),
    Binding(("c-z",), do.undo, "cannot suspend"),
    Binding(("escape", "_"), do.redo, "emacs"),
    Binding(("f1",), do.show_keys),
    Binding(("f2",), do.edit),
    Binding(("c-x", "c-e"), do.edit, "emacs"),
    Binding(("f3",), do.reformat, "inserting"),
    Binding(("f4",), do.view_result, "inserting"),
    Binding(("c-c",), do.clear, "not searching"),
    Binding(("c-z",), do.suspend, "can suspend"),
    Binding(("c-\\",), do.show_stacks),
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
    saves = binding.command not in (do.undo, do.redo)
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
        "searching like emacs": is_searching & emacs_mode,
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
