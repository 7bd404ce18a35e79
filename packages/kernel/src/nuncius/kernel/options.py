"""Declare the options of the interactive core, with the texts that ``%config`` and configuration files show."""

from __future__ import annotations

from typing import Literal

from nuncius.protocol.app.options import option
from nuncius.protocol.values import Value

__all__ = ["KernelOptions", "ShellOptions"]


class ShellOptions(Value, kw_only=True):
    """How cells are read, run and shown."""

    ast_node_interactivity: Literal["all", "last", "last_expr", "none", "last_expr_or_assign"] = (
        option("last_expr", help="Which values of a cell are shown.")
    )
    autocall: Literal[0, 1, 2] = option(
        0, help="Call functions without parentheses: 0 never, 1 when arguments follow, 2 always."
    )
    automagic: bool = option(True, help="Run line magics without their percent sign.")
    autoawait: bool = option(True, help="Allow 'await' outside of functions.")
    loop_runner: str = option(
        "asyncio",
        help="What runs cells that await: asyncio, trio, curio, sync, or the dotted name of a function.",
    )
    cache_size: int = option(
        1000, help="So many values are kept in Out; less than 3 keeps none but the last three."
    )
    input_cache_size: int = option(
        10_000, help="So many cells are kept in In; older ones are read from the history."
    )
    history: bool = option(True, help="Write what is typed to the history file.")
    history_file: str | None = option(
        None, help="The history file, or ':memory:'; without one, that of the profile."
    )
    store_outputs: bool = option(False, help="Write the texts of values to the history file, too.")
    xmode: Literal["Context", "Plain", "Verbose", "Minimal", "Docs", "Doctest"] = option(
        "Context", help="How tracebacks look."
    )
    colors: str = option(
        "neutral", help="Colors of tracebacks and inspection: neutral, linux, lightbg or nocolor."
    )
    float_precision: str = option(
        "", help="Digits after the point of floats, or a format such as %.3e."
    )
    max_seq_length: int = option(
        1000, help="So many elements of a container are shown; 0 is no limit."
    )
    completion_timeout: float = option(
        0.2, help="Seconds after which completion returns what it has found."
    )
    use_jedi: bool = option(False, help="Ask jedi for completions too, where it is installed.")


class KernelOptions(Value, kw_only=True):
    """What a kernel does when it starts."""

    exec_lines: list[str] = option(help="Lines to run at the start.", factory=list)
    exec_files: list[str] = option(help="Files to run at the start.", factory=list)
    extensions: list[str] = option(help="Extensions to load at the start.", factory=list)
    code_to_run: str = option("", help="Code to run at the start, after everything else.")
    module_to_run: str = option("", help="A module to run at the start, as 'python -m' does.")
    ignore_startup: bool = option(
        False, help="Do not run PYTHONSTARTUP and the profile's startup files."
    )
    autorestore: bool = option(
        False, help="At the start, bring back the variables and aliases that %store keeps."
    )
    hide_initial_ns: bool = option(True, help="Do not list in %who what was defined at the start.")
    matplotlib: str | None = option(
        None, help="Make figures appear: inline, or the name of a toolkit."
    )
    pylab: str | None = option(
        None, help="Import numpy and matplotlib into the namespace, and make figures appear."
    )
    gui: str | None = option(None, help="The toolkit whose event loop runs between cells.")
    replay_bytes: int = option(
        1 << 20,
        help="Keep so many bytes of output for frontends that come later; 0 keeps none.",
    )
