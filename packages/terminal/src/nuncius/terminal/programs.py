"""What the commands ``nuncius shell``, ``console`` and ``attach`` understand: their options, and their short names."""

from __future__ import annotations

from nuncius.protocol.app.options import option
from nuncius.protocol.app.program import Alias, Flag, Program
from nuncius.protocol.values import Value, replace
from nuncius.terminal.options import KernelSettings, TerminalShell

__all__ = [
    "ATTACH",
    "CONSOLE",
    "SHELL",
    "Target",
    "options_for_embedding",
    "own_classes",
    "valued_names",
]


class Target(Value, kw_only=True):
    """Which kernel the shell uses."""

    kernel: str | None = option(
        None,
        help="Start this kernel in a process of its own; without it, Python runs in the shell's.",
    )
    existing: str | None = option(
        None,
        help="Use a kernel that runs already: the path of its connection file, its id, or a pattern; alone, the newest.",
    )
    ssh: str | None = option(
        None, help="Reach the existing kernel through this host: [user@]host[:port]."
    )
    server: str | None = option(
        None,
        help="Use a kernel of the notebook server at this address, such as http://host:8888/?token=...; with --existing=ID one that runs there.",
    )
    detachable: bool = option(
        False,
        help="Start the kernel so that it can go on when this shell ends; 'nuncius attach' comes back to it.",
    )
    replay: int = option(
        10, help="Show so many of the last cells of a kernel that runs already; 0 for none."
    )
    ready_timeout: float = option(60.0, help="Seconds to wait for the kernel's first answer.")


_ALIASES = {
    "kernel": Alias("Target.kernel"),
    "existing": Alias("Target.existing", bare=""),
    "ssh": Alias("Target.ssh"),
    "server": Alias("Target.server"),
    "editing-mode": Alias("TerminalShell.editing_mode"),
    "theme": Alias("TerminalShell.theme"),
    "xmode": Alias("KernelSettings.xmode"),
    "colors": Alias("KernelSettings.colors"),
    "autocall": Alias("KernelSettings.autocall"),
    "cache-size": Alias("KernelSettings.cache_size"),
    "ext": Alias("KernelSettings.extensions"),
    "matplotlib": Alias("KernelSettings.matplotlib", bare="auto"),
    "pylab": Alias("KernelSettings.pylab", bare="auto"),
    "gui": Alias("KernelSettings.gui"),
    "logfile": Alias("KernelSettings.logfile"),
    "logappend": Alias("KernelSettings.logappend"),
}


def _switch(name: str, target: str, on: str, off: str) -> dict[str, Flag]:
    return {name: Flag(target, "True", on), f"no-{name}": Flag(target, "False", off)}


_FLAGS = {
    **_switch("banner", "TerminalShell.banner", "Say what this is.", "Say nothing at the start."),
    **_switch(
        "confirm-exit",
        "TerminalShell.confirm_exit",
        "Ask before Ctrl-D leaves.",
        "Leave at Ctrl-D at once.",
    ),
    **_switch(
        "autoindent", "TerminalShell.autoindent", "Indent new lines.", "Do not indent new lines."
    ),
    **_switch(
        "term-title",
        "TerminalShell.term_title",
        "Set the terminal's title.",
        "Leave the terminal's title alone.",
    ),
    **_switch(
        "automagic",
        "KernelSettings.automagic",
        "Line magics run without %.",
        "Line magics need their %.",
    ),
    "nosep": Flag("TerminalShell.separate_in", "", "No blank line before each prompt."),
    "simple-prompt": Flag(
        "TerminalShell.simple_prompt", "True", "Read plain lines, without escape codes."
    ),
    "pdb": Flag("KernelSettings.pdb", "True", "Open the debugger at each error."),
    "detachable": Flag(
        "Target.detachable", "True", "The kernel may go on when the shell has ended."
    ),
}

CONSOLE = Program(
    name="console",
    summary="The same shell over a kernel in another process, in any language.",
    run=lambda parsed: 0,
    options=(Target, TerminalShell, KernelSettings),
    aliases=_ALIASES,
    flags=_FLAGS,
)

SHELL = replace(
    CONSOLE,
    name="shell",
    summary="An interactive Python shell in this terminal.",
    arguments="[-i] [--quick] [FILE | -c CODE | -m MODULE] [ARGUMENT...]",
    count=(0, None),
    description="""\
With a FILE (.py, .ipy, .ipynb), -c CODE or -m MODULE, that is run, and the exit code is as Python's; -i opens the shell afterwards.
What standard input holds is run when it is no terminal. --quick reads no configuration and no startup files.
Options of the kernel (--ShellOptions.NAME=VALUE, --KernelOptions.NAME=VALUE) are handed on to it.""",
)

ATTACH = replace(
    CONSOLE,
    name="attach",
    summary="Come back to a kernel that runs: the newest, or the one that is named.",
    arguments="[FILE | ID | PATTERN]",
    count=(0, 1),
)


def valued_names(program: Program) -> set[str]:
    """Return the short names of options that are followed by a value."""
    return {name for name, alias in program.all_aliases.items() if alias.bare is None}


def own_classes(program: Program) -> set[str]:
    """Return the names of the options classes of a program: an option of any other class is the kernel's."""
    return {cls.__name__ for cls in program.all_options}


def options_for_embedding(theme: str | None = None) -> TerminalShell:
    """Return the options of the configuration files, for a shell inside another program.

    Args:
        theme: Instead of the configured one.
    """
    words = [] if theme is None else [f"--TerminalShell.theme={theme}"]
    options = SHELL.parse(words)[TerminalShell]
    return replace(options, confirm_exit=False, term_title=False)
