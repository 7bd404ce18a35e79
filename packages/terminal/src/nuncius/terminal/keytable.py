"""Write the key bindings down for people, in the terminal and in the documentation."""

from __future__ import annotations

from collections.abc import Sequence

from nuncius.terminal.keys import BINDINGS, Binding

__all__ = ["key_table", "markdown"]

_NAMES = {
    "escape": "Alt",
    "enter": "Enter",
    "tab": "Tab",
    "s-tab": "Shift-Tab",
    "backspace": "Backspace",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "home": "Home",
    "end": "End",
    "<bracketed-paste>": "paste",
}

#: Columns that what a key does takes at least.
_NARROWEST = 20

#: What readline's and vi's users miss first, beside our own table; prompt_toolkit has them.
READLINE = (
    ("Right, Ctrl-E, Ctrl-F", "At the end of the line: take the grey suggestion."),
    ("Alt-F", "Take the next word of the suggestion."),
    ("Ctrl-N", "The input after this one."),
    ("Alt->", "Back to what is typed now."),
    ("Ctrl-A, Ctrl-E", "The beginning and the end of the line."),
    ("Ctrl-K, Ctrl-U, Ctrl-W", "Cut to the end of the line, to its beginning, the word before."),
    ("Ctrl-Y, Alt-Y", "Insert what was cut; then: what was cut before it."),
    ("Ctrl-_, Ctrl-X Ctrl-U", "Undo."),
    ("Ctrl-L", "Clear the screen."),
    ("Shift and arrows", "Select; then Tab, Shift-Tab, Ctrl-W (cut), Alt-W (copy)."),
    ("Ctrl-D", "On an empty prompt: leave."),
)


def key_table(table: Sequence[Binding] = BINDINGS, columns: int = 0) -> str:
    """Return the keys as text in columns.

    Args:
        table: The bindings.
        columns: Of the window; 0 where lines may be long.
    """
    from textwrap import wrap

    rows = _rows(table)
    width = max(len(keys) for keys, _ in rows) + 2
    room = max(columns - width, _NARROWEST) if columns else 1000
    lines: list[str] = []
    for keys, text in rows:
        first, *others = wrap(text, room)
        lines += [f"{keys:<{width}}{first}", *(" " * width + each for each in others)]
    return "\n".join(lines) + "\n"


def markdown(table: Sequence[Binding] = BINDINGS) -> str:
    """Return the page of the reference: keys, what they do, and what the configuration calls it."""
    lines = ["| Keys | What they do | Name | When |", "|---|---|---|---|"]
    for row in table:
        keys = _spelled(row.keys).replace("|", "\\|")
        lines.append(f"| {keys} | {row.help} | `{row.name}` | {row.when or 'always'} |")
    lines += ["", "## From readline", "", "| Keys | What they do |", "|---|---|"]
    lines += [f"| {keys.replace('|', chr(92) + '|')} | {text} |" for keys, text in READLINE]
    return "\n".join(lines) + "\n"


def _rows(table: Sequence[Binding]) -> list[tuple[str, str]]:
    own = [(_spelled(row.keys), row.help) for row in table if row.when != "cannot suspend"]
    return [*own, *READLINE]


def _spelled(keys: tuple[str, ...]) -> str:
    words = [_NAMES.get(key) or _key(key) for key in keys]
    # Escape before a key is what terminals make of Alt.
    return "-".join(words) if words[0] == "Alt" else " ".join(words)


def _key(key: str) -> str:
    if key.startswith("c-"):
        return f"Ctrl-{key[2:].upper()}"
    return key.upper() if len(key) > 1 and key[0] == "f" else key


def page() -> str:
    """Return the page of the manual."""
    return (
        "# Keys of the shell\n\n"
        "F1 shows these keys in the shell. The name is what the option `TerminalShell.shortcuts` calls a command, see "
        "[](../howto/terminal-keys.md). This page is made from the bindings: `python -m nuncius.terminal.keytable`.\n\n"
        + markdown()
    )


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
