"""Understand options of IPython under the names that they have there: in configuration files, and for ``%config``.

Rule 1: an option that has a counterpart sets it; one that changes nothing here is passed over.
Rule 2: what a configuration file has wrong is told in one line, and the rest of it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nuncius.kernel import saying
from nuncius.kernel.magics.completion_options import COMPLETION, CompletionOption

if TYPE_CHECKING:
    from nuncius.kernel.options import KernelOptions

__all__ = ["COMPLETERS", "FOREIGN", "PARTS", "SHELL", "apply_sections", "started_by"]

#: Names under which people know the options of the shell.
SHELL = frozenset(
    {"ShellOptions", "InteractiveShell", "ZMQInteractiveShell", "TerminalInteractiveShell"}
)
#: Classes of options that are options of the shell here.
PARTS: Mapping[str, Mapping[str, str]] = {
    "HistoryManager": {
        "enabled": "history",
        "hist_file": "history_file",
        "db_log_output": "store_outputs",
    },
    "PlainTextFormatter": {
        "float_precision": "float_precision",
        "max_seq_length": "max_seq_length",
    },
}
#: Classes of options of completion.
COMPLETERS = ("Completer", "IPCompleter")
#: What is configured of a program that starts.
_APPLICATIONS = (
    "InteractiveShellApp",
    "BaseIPythonApplication",
    "IPKernelApp",
    "TerminalIPythonApp",
)

Get = Callable[[Any], Any]
Set = Callable[[Any, Any], None]


def _of_magics(magic: str, owner: str, name: str) -> tuple[Get, Set]:
    """Return how an attribute is read and set of the class that has a magic."""

    def magics(shell: Any) -> Any:
        shell.find_magic(magic, "line") or shell.find_magic(magic, "cell")
        return shell.magics_manager.registry[owner]

    return lambda shell: getattr(magics(shell), name), lambda shell, value: setattr(
        magics(shell), name, value
    )


def _of_plain(name: str, kind: type) -> tuple[Get, Set]:
    """Return how an attribute is read and set of what formats values as text."""

    def formatter(shell: Any) -> Any:
        return shell.display_formatter.formatters["text/plain"]

    def change(shell: Any, value: Any) -> None:
        if not isinstance(value, kind):
            raise ValueError(f"expected {kind.__name__}, got {value!r}")
        setattr(formatter(shell), name, value)

    return lambda shell: getattr(formatter(shell), name), change


def _define_aliases(shell: Any, value: Iterable[tuple[str, str]]) -> None:
    from nuncius.kernel.errors import InvalidAlias

    for name, command in value:
        try:
            shell.alias_manager.define_alias(name, command)
        except InvalidAlias as error:
            raise ValueError(str(error)) from None


def _set_transformers(shell: Any, value: Iterable[Any]) -> None:
    shell.ast_transformers[:] = value


def _set_active_types(shell: Any, value: Iterable[str]) -> None:
    shell.display_formatter.active_types = list(value)


def _switch(magic: str) -> Set:
    """Return how a magic is called that turns something on or off."""

    def turn(shell: Any, value: Any) -> None:
        from nuncius.kernel.display.capture import capture_output

        with capture_output(display=False):
            shell.run_line_magic(magic, "on" if value else "off")

    return turn


def _log(mode: str) -> Set:
    def start(shell: Any, value: Any) -> None:
        if value:
            shell.run_line_magic("logstart", mode.format(value))

    return start


def _set_autorestore(shell: Any, value: Any) -> None:
    shell.find_magic("store", "line")
    shell.magics_manager.registry["StoreMagics"].autorestore = bool(value)
    if value:
        shell.run_line_magic("store", "-r")


_ALIASES = CompletionOption(
    "Aliases: pairs of a name and a command.",
    lambda shell: shell.alias_manager.aliases,
    _define_aliases,
)

#: Class -> option -> what it is here.
FOREIGN: Mapping[str, Mapping[str, CompletionOption]] = {
    "AliasManager": {"user_aliases": _ALIASES, "default_aliases": _ALIASES},
    "DisplayFormatter": {
        "active_types": CompletionOption(
            "Mime types that values are shown as.",
            lambda shell: shell.display_formatter.active_types,
            _set_active_types,
        )
    },
    "InteractiveShell": {
        "ast_transformers": CompletionOption(
            "What changes the syntax trees of cells.",
            lambda shell: shell.ast_transformers,
            _set_transformers,
        ),
        "autoindent": CompletionOption(
            "Indent new lines in a terminal's prompt.",
            lambda shell: getattr(shell, "autoindent", True),
            _switch("autoindent"),
        ),
        "logappend": CompletionOption("Log to this file, after what is in it.", lambda shell: "", _log("{} append")),
        "logfile": CompletionOption("Log to this file.", lambda shell: "", _log("{}")),
        "logstart": CompletionOption("Log to ipython_log.py.", lambda shell: False, _log("")),
        "pdb": CompletionOption(
            "Open the debugger at errors.", _of_magics("pdb", "DebugMagics", "_always")[0], _switch("pdb")
        ),
        "system_raise_on_error": CompletionOption(
            "A command of the system that fails fails the cell.",
            lambda shell: shell.system_raise_on_error,
            lambda shell, value: setattr(shell, "system_raise_on_error", bool(value)),
        ),
        "wildcards_case_sensitive": CompletionOption(
            "%psearch tells upper and lower case apart.",
            *_of_magics("psearch", "InspectMagics", "case_sensitive"),
        ),
    },
    "LoggingMagics": {
        "quiet": CompletionOption(
            "%logstart says nothing.", *_of_magics("logstart", "LoggingMagics", "quiet")
        )
    },
    "OSMagics": {
        "cd_force_quiet": CompletionOption(
            "%cd says nothing.", *_of_magics("cd", "FolderMagics", "quiet")
        )
    },
    "PlainTextFormatter": {
        "max_width": CompletionOption("Columns of a line.", *_of_plain("max_width", int)),
        "newline": CompletionOption("What ends a line.", *_of_plain("newline", str)),
        "pprint": CompletionOption("Print values nicely.", *_of_plain("pprint", int)),
        "verbose": CompletionOption("Show more of plain objects.", *_of_plain("verbose", int)),
    },
    "ScriptMagics": {
        "script_magics": CompletionOption(
            "Programs that cells are run by: %%name.",
            *_of_magics("script", "ScriptMagics", "programs"),
        ),
        "script_paths": CompletionOption(
            "Where programs are, by their names.", *_of_magics("script", "ScriptMagics", "paths")
        ),
    },
    "StoreMagics": {
        "autorestore": CompletionOption(
            "Bring back what %store keeps.",
            _of_magics("store", "StoreMagics", "autorestore")[0],
            _set_autorestore,
        )
    },
}  # fmt: skip


def started_by(options: KernelOptions, sections: Mapping[str, Any]) -> KernelOptions:
    """Return what is to happen at the start, with what IPython's applications are told to do; ours comes first.

    Args:
        options: Our own.
        sections: Of configuration files: class -> option -> value.
    """
    from nuncius.protocol.app.options import changed, describe
    from nuncius.protocol.errors import OptionError

    defaults = {option.name: option.default for option in describe(type(options))}
    for owner in _APPLICATIONS:
        for name, value in sections.get(owner, {}).items():
            before = getattr(options, name, None)
            if name not in defaults or before != defaults[name]:
                continue
            try:
                options = changed(options, name, _plain(value, before))
            except OptionError as error:
                saying.complain(f"{owner}.{name}: {error}\n")
    return options


def apply_sections(shell: Any, sections: Mapping[str, Any]) -> None:
    """Set what configuration files say under IPython's names; what is for libraries is left to them.

    Args:
        shell: The shell.
        sections: Class -> option -> value.
    """
    for owner, section in sections.items():
        for name, value in section.items():
            try:
                _set(shell, owner, name, value)
            except Exception as error:  # noqa: BLE001 - rule 2, whatever is set to whatever value
                saying.complain(f"The configuration of {owner}.{name} is not used: {error}\n")


def _set(shell: Any, owner: str, name: str, value: Any) -> None:
    if name in PARTS.get(owner, {}) or (owner in SHELL and name in shell.options.__fields__):
        real = PARTS.get(owner, {}).get(name, name)
        value = _plain(value, getattr(shell.options, real))
        shell.set_option(
            real, value.lower() if real == "colors" and isinstance(value, str) else value
        )
        return
    option = FOREIGN.get("InteractiveShell" if owner in SHELL else owner, {}).get(name)
    if option is None and owner in COMPLETERS and name in COMPLETION:
        option = COMPLETION[name]
    if option is not None:
        option.set(shell, _plain(value, []))


def _plain(value: Any, before: Any) -> Any:
    """Return a value; of ``c.X.names.append(...)``, the list that it makes."""
    if hasattr(value, "get_value"):
        return value.get_value(before)
    return value
