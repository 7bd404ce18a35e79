"""What can be configured about the shell in a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nuncius.protocol.app.options import option

__all__ = ["TerminalShell"]


@dataclass(frozen=True, kw_only=True)
class TerminalShell:
    """The shell in a terminal."""

    banner: bool = option(True, help="Say what this is when the shell starts.")
    separate_in: str = option(
        "\n", help="Printed before each prompt but the first; empty for a denser screen (--nosep)."
    )
    editing_mode: Literal["emacs", "vi"] = option("emacs", help="Whose keys the prompt has.")
    theme: Literal["auto", "dark", "light", "none"] = option(
        "auto",
        help="Colors for a dark or a light background; 'auto' uses colors that can be read on both, 'none' uses no colors. NO_COLOR in the environment means 'none'.",
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
    highlight_matching_brackets: bool = option(
        True, help="Mark the bracket that belongs to the one under the cursor."
    )
    mouse: bool = option(
        False, help="Let the mouse move the cursor; selecting text then needs the shift key."
    )
    term_title: bool = option(True, help="Show the working folder in the terminal's title.")
    completion_deadline: float = option(
        2.0, help="Seconds after which the prompt no longer waits for completions of the kernel."
    )
    include_other_output: bool = option(
        True, help="Show what other frontends of the same kernel run."
    )
