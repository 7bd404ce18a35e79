"""What can be configured about the shell in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from nuncius.protocol.app.options import option
from nuncius.protocol.values import Value

__all__ = ["KERNEL_NAMES", "KernelSettings", "TerminalShell"]


#: What the kernel calls each of `KernelSettings`: an option of its own, or a magic to run, with the value in its place.
KERNEL_NAMES: Mapping[str, str] = {
    "xmode": "ShellOptions.xmode",
    "colors": "ShellOptions.colors",
    "autocall": "ShellOptions.autocall",
    "automagic": "ShellOptions.automagic",
    "cache_size": "ShellOptions.cache_size",
    "extensions": "KernelOptions.extensions",
    "matplotlib": "KernelOptions.matplotlib",
    "pylab": "KernelOptions.pylab",
    "gui": "KernelOptions.gui",
    "pdb": "%pdb on",
    "logfile": "%logstart {}",
    "logappend": "%logstart {} append",
}


class KernelSettings(Value, kw_only=True):
    """What the shell hands on to its kernel; in configuration files these are options of the kernel's own classes."""

    xmode: str | None = option(
        None, help="How tracebacks look: Plain, Context, Verbose, Minimal or Docs."
    )
    colors: str | None = option(
        None, help="Colors of tracebacks: neutral, linux, lightbg or nocolor."
    )
    autocall: int | None = option(None, help="Call functions without parentheses: 0, 1 or 2.")
    automagic: bool | None = option(None, help="Run line magics without their percent sign.")
    cache_size: int | None = option(None, help="So many values are kept in Out.")
    extensions: list[str] = option(help="Load this extension at the start.", factory=list)
    matplotlib: str | None = option(
        None, help="Show figures with this toolkit; alone, with the best one."
    )
    pylab: str | None = option(None, help="Import numpy and matplotlib into the namespace.")
    gui: str | None = option(
        None, help="Run the event loop of this toolkit while the prompt waits."
    )
    pdb: bool | None = option(None, help="Open the debugger at each error.")
    logfile: str | None = option(None, help="Log what is typed to this file.")
    logappend: str | None = option(None, help="Append what is typed to this file.")


class TerminalShell(Value, kw_only=True):
    """The shell in a terminal."""

    banner: bool = option(True, help="Say what this is when the shell starts.")
    banner1: str | None = option(
        None, help="Said at the start in place of what the kernel says of itself."
    )
    banner2: str = option("", help="Said after it.")
    separate_in: str = option(
        "\n", help="Printed before each prompt but the first; empty for a denser screen (--nosep)."
    )
    separate_out: str = option("", help="Printed before each result.")
    editing_mode: Literal["emacs", "vi"] = option("emacs", help="Whose keys the prompt has.")
    theme: Literal["auto", "dark", "light", "none"] = option(
        "auto",
        help="Colors for a dark or a light background; 'auto' asks the terminal which it has, and uses colors that can be read on both where it does not say; 'none' uses no colors. NO_COLOR in the environment means 'none'.",
    )
    confirm_exit: bool = option(True, help="Ask before Ctrl-D leaves the shell.")
    simple_prompt: bool = option(
        False,
        help="Read plain lines, without editing, colors or escape codes: for pipes, Emacs and dumb terminals. It is chosen by itself where the terminal can do no more.",
    )
    autoindent: bool = option(True, help="Indent a new line as the one before asks for.")
    autosuggest: bool = option(
        True, help="Show how the line went on the last time, to be taken with the right arrow."
    )
    complete_while_typing: bool = option(
        False, help="Open the completion menu while typing, not only for Tab."
    )
    completion_style: Literal["column", "multicolumn", "readline"] = option(
        "multicolumn", help="How completions are shown."
    )
    completion_documentation: bool = option(
        True, help="Show the signature and documentation of the completion that is selected."
    )
    highlight_matching_brackets: bool = option(
        True, help="Mark the bracket that belongs to the one under the cursor."
    )
    signatures_while_typing: bool = option(
        False,
        help="Show the signature of a call while its arguments are typed, not only for Shift-Tab.",
    )
    auto_close_brackets: bool = option(
        False, help="Insert the closing bracket or quote with the opening one."
    )
    autoformatter: str = option(
        "",
        help="The program that F3 formats cells with: ruff, black, yapf, or a filter of your own.",
    )
    shortcuts: list[dict[str, Any]] = option(
        help="Changes of the key bindings, each a dictionary with 'command' and 'new_keys'; F1 lists the commands.",
        factory=list,
    )
    mouse: bool = option(
        False, help="Let the mouse move the cursor; selecting text then needs the shift key."
    )
    term_title: bool = option(
        True, help="Show the working folder, or the cell that runs, in the terminal's title."
    )
    notify_after: float = option(
        0.0,
        help="Send a notification to the desktop when a cell of so many seconds ends; 0 for none.",
    )
    transient_prompt: bool = option(
        False, help="Leave only a short mark of the prompt before what was typed, once it runs."
    )
    prompt_marks: bool = option(
        True,
        help="Mark prompts and output for the terminal (OSC 133), so that it can jump between them.",
    )
    right_prompt: Literal["none", "time", "duration"] = option(
        "none",
        help="What stands at the right of the prompt: the time, or how long the last cell took.",
    )
    completion_deadline: float = option(
        2.0, help="Seconds after which the prompt no longer waits for completions of the kernel."
    )
    rich_tables: bool = option(
        True, help="Lay tables of data frames out so that they fit the window."
    )
    rich_formulas: bool = option(
        True, help="Show formulas (LaTeX) with the characters that Unicode has for them."
    )
    rich_text: bool = option(
        True, help="Lay out markdown and HTML of results that have no plain text."
    )
    images: Literal["auto", "kitty", "iterm", "sixel", "blocks", "none"] = option(
        "auto", help="How pictures are shown; 'auto' asks the terminal what it can."
    )
    file_links: str = option(
        "auto",
        help="Make the files of tracebacks links: 'auto' in terminals that are known to show them, 'none', or an address such as vscode://file{path}:{line}.",
    )
    update_in_place: bool = option(
        True,
        help="Let a cell replace what it has displayed (display_id, clear_output) where it stands.",
    )
    include_other_output: bool = option(
        True, help="Show what other frontends of the same kernel run."
    )
