"""Put the parts of a shell together: what reads cells, what shows output, and the session over both.

The rest of the package gets its parts handed over; only here, and in the two modules that run a shell, is it known which they are.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nuncius.terminal.images import Picture, Pictures
    from nuncius.terminal.link import Link
    from nuncius.terminal.options import TerminalShell
    from nuncius.terminal.osc import Announcer
    from nuncius.terminal.own_prompts import Chosen
    from nuncius.terminal.prompts import Prompts
    from nuncius.terminal.render import Rich
    from nuncius.terminal.screen import Screen
    from nuncius.terminal.session import Reader, Session

__all__ = ["reader_for", "session_for"]


def session_for(link: Link, reader: Reader, options: TerminalShell) -> Session:
    """Return the shell over a kernel and a prompt."""
    from nuncius.terminal.debugging import DebuggerPrompt
    from nuncius.terminal.screen import Screen
    from nuncius.terminal.session import Session
    from nuncius.terminal.simple import SimplePrompt
    from nuncius.terminal.themes import STYLES

    # Plain lines have neither colors nor anything else that takes escape codes.
    editing = not isinstance(reader, SimplePrompt)
    theme = getattr(reader, "theme", "none")

    def show_result_prompt(number: int) -> None:
        sys.stdout.write(options.separate_out)
        reader.show_result_prompt(number)

    screen = Screen(
        show_result_prompt,
        _pictures(options, reader) if editing else None,
        colors=sys.stdout.isatty() and theme != "none",
        rich=_rich(options),
        links=_links(options, theme),
        updates=options.update_in_place and editing,
        plain=not editing,
    )
    debugger = DebuggerPrompt(
        (lambda: STYLES[getattr(reader, "theme", "none")]) if editing else None,
        link.complete_in_debugger,
        _debugger_history(),
        vi=options.editing_mode == "vi",
    )
    session = Session(
        link, reader, options, screen, debugger, _announcer(options, screen) if editing else None
    )
    session.commands["keys"] = lambda argument: _list_keys(options)
    session.commands["prompts"] = lambda argument: _change_prompts(reader, argument)
    return session


def _change_prompts(reader: Reader, argument: str) -> bool:
    """Show other prompts, as `use_prompts` wants them. The shell goes on."""
    from nuncius.terminal.own_prompts import given

    prompts = given(argument, marks=reader.prompts.marks)
    if prompts is None:
        sys.stderr.write("nuncius.terminal.use_prompts(...) changes the prompts.\n")
    else:
        reader.prompts = prompts
    return False


def followed_prompts(reader: Reader) -> Callable[[], None]:
    """Have a reader show the prompts that the shell in this process is given: ``get_ipython().prompts = ...``.

    Returns:
        What is to be called after each cell.
    """
    import builtins

    shell: Any = getattr(builtins, "get_ipython", lambda: None)()
    marks = reader.prompts.marks
    chosen: list[Chosen] = []

    def show(prompts: Prompts | None) -> None:
        from nuncius.terminal.prompts import Prompts

        reader.prompts = prompts or Prompts()
        reader.prompts.marks = marks

    def look() -> None:
        if not chosen and getattr(shell, "chosen_prompts", None) is None and not configured:
            return  # and nothing is loaded
        if not chosen:
            from nuncius.terminal.own_prompts import Chosen

            chosen.append(Chosen(shell, show))
            chosen[0].configured()
        chosen[0].look()

    configured = "TerminalInteractiveShell" in getattr(shell, "sections", ())
    look()
    return look


def _announcer(options: TerminalShell, screen: Screen) -> Announcer:
    from nuncius.terminal.osc import Announcer

    return Announcer(options, screen.write)


def _list_keys(options: TerminalShell) -> bool:
    """Show the keys: ``%keys``. The shell goes on."""
    from nuncius.terminal.keys import BINDINGS, changed
    from nuncius.terminal.keytable import key_table
    from nuncius.terminal.pager import page
    from nuncius.terminal.window import window_size

    page(key_table(changed(BINDINGS, options.shortcuts), window_size().columns))
    return False


def _debugger_history() -> str:
    from nuncius.protocol.paths import nuncius_dir

    return os.path.join(nuncius_dir(), "debugger_history")  # noqa: PTH118 - pathlib takes 4 ms to load


def _links(options: TerminalShell, theme: str) -> str:
    if options.file_links == "none" or theme == "none" or not sys.stdout.isatty():
        return ""
    from nuncius.terminal.links import choose_template

    return choose_template(options.file_links)


def _rich(options: TerminalShell) -> Rich:
    from nuncius.terminal.render import Rich

    return Rich(
        tables=options.rich_tables,
        formulas=options.rich_formulas,
        text=options.rich_text,
        hint="%view shows all" if sys.stdout.isatty() else "",
    )


def _pictures(
    options: TerminalShell, reader: Reader
) -> Callable[[Mapping[str, Any]], Picture | None]:
    """Return what makes pictures for this terminal; most of it is loaded when there is one."""
    pictures: list[Pictures] = []

    def picture(data: Mapping[str, Any]) -> Picture | None:
        if not any(mime.startswith("image/") for mime in data):
            return None
        if not pictures:
            from nuncius.terminal.images import Pictures

            pictures.append(Pictures(options.images, getattr(reader, "feed", lambda keys: None)))
        return pictures[0].picture(data)

    return picture


def reader_for(link: Link, options: TerminalShell, commands: Sequence[str] = ()) -> Reader:
    """Return what reads cells: lines where the terminal can do no more, else the editor, behind an early prompt.

    Args:
        link: The kernel.
        options: How the shell behaves.
        commands: Names of the shell's own commands, beside those that it always has.
    """
    if (
        options.simple_prompt
        or not sys.stdin.isatty()
        or not sys.stdout.isatty()
        or os.environ.get("TERM", "dumb") == "dumb"
    ):
        from nuncius.terminal.simple import SimplePrompt

        return SimplePrompt(link.judge)
    from nuncius.terminal.early import EarlyPrompt
    from nuncius.terminal.prompts import Prompts
    from nuncius.terminal.themes import choose_theme, remember, remembered

    language = link.info.get("language_info", {})
    name = str(language.get("pygments_lexer") or language.get("name") or "text")

    def editor(prompts: Prompts) -> Any:
        from nuncius.terminal.late_imports import import_editor

        import_editor()
        from nuncius.terminal.completion import with_commands
        from nuncius.terminal.prompt import Prompt, Questions

        known = ["view", "keys", *(["restart_kernel"] if link.can_restart else []), *commands]
        complete = with_commands(link.complete, known)
        questions = Questions(
            link.judge,
            complete,
            link.inspect,
            link.past,
            link.find,
            shares_terminal=link.shares_terminal,
        )
        found = found_theme if chosen == "auto" else None
        return Prompt(options, questions, name, prompts, early.theme, found)

    def found_theme(theme: str) -> None:
        early.theme = theme
        if theme != remembered():
            remember(theme)

    chosen = choose_theme(options.theme)
    theme = (remembered() if chosen == "auto" else None) or chosen
    # Elsewhere Ctrl-C is an exception in this process until the cell has been sent.
    accepted = getattr(link, "expect", lambda: None)
    prompts = Prompts(marks=options.prompt_marks)
    early = EarlyPrompt(link.judge, editor, prompts, theme, accepted)
    return early
