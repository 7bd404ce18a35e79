"""The commands ``nuncius shell``, ``console`` and ``attach``: read the command line and run the shell, here in this process."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from nuncius.protocol.app.program import ProgramOptions, guarded
from nuncius.terminal.commandline import kernel_arguments, split
from nuncius.terminal.options import KernelSettings, TerminalShell
from nuncius.terminal.programs import ATTACH, CONSOLE, SHELL, Target, own_classes, valued_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nuncius.protocol.app.program import Parsed, Program
    from nuncius.terminal.commandline import CommandLine

__all__ = ["attach", "console", "shell"]


def shell(argv: Sequence[str], user_ns: Mapping[str, Any] | None = None) -> int:
    """Run ``nuncius shell``; return the exit code.

    Args:
        argv: The command line.
        user_ns: Variables that are there from the beginning.
    """
    return guarded("shell", lambda: _shell(argv, user_ns))


def console(argv: Sequence[str]) -> int:
    """Run ``nuncius console``; return the exit code."""
    return guarded("console", lambda: _console(CONSOLE, argv))


def attach(argv: Sequence[str]) -> int:
    """Run ``nuncius attach``; return the exit code."""
    words = list(argv)
    if words and not words[0].startswith("-"):
        words[0] = f"--existing={words[0]}"
    elif not any(word.startswith("--existing") for word in words):
        words.insert(0, "--existing")
    return guarded("attach", lambda: _console(ATTACH, words))


def _shell(argv: Sequence[str], user_ns: Mapping[str, Any] | None = None) -> int:
    command = split(argv, valued_names(SHELL), own_classes(SHELL))
    if {"-h", "--help", "--help-all"} & set(command.options):
        return SHELL(command.options)
    if "--version" in command.options:
        return _version()
    parsed = SHELL.parse(command.options, configured=not command.quick)
    _set_up_logging(parsed)
    target = parsed[Target]
    if (target.kernel, target.existing, target.server) != (None, None, None):
        return _run_elsewhere(parsed, command)
    return _run_in_process(parsed, command, user_ns)


def _console(program: Program, argv: Sequence[str]) -> int:
    command = split(argv, valued_names(program), own_classes(program), files=False)
    if {"-h", "--help", "--help-all"} & set(command.options):
        return program(command.options)
    parsed = program.parse(command.options, configured=not command.quick)
    _set_up_logging(parsed)
    return _run_elsewhere(parsed, command)


def _run_elsewhere(parsed: Parsed, command: CommandLine) -> int:
    from nuncius.terminal.console import run_console

    return run_console(parsed, command, _kernel_arguments(parsed, command))


def _version() -> int:
    from nuncius.protocol.entrypoints import installed_versions

    version = installed_versions("nuncius-terminal").get("nuncius-terminal", "of unknown version")
    print(f"nuncius-terminal {version}")  # noqa: T201
    return 0


def _set_up_logging(parsed: Parsed) -> None:
    common = parsed[ProgramOptions]
    if common.log_file is not None or common.log_level != "warning":
        from nuncius.protocol.app.logs import setup_logging

        setup_logging(common.log_level, common.log_file)


def _run_in_process(
    parsed: Parsed, command: CommandLine, user_ns: Mapping[str, Any] | None = None
) -> int:
    import nuncius.terminal.asking  # noqa: F401 - before cells may replace input()
    from nuncius.terminal.assembly import followed_prompts, reader_for, session_for
    from nuncius.terminal.conversation import converse, greet, is_conversation
    from nuncius.terminal.inprocess import InProcessLink
    from nuncius.terminal.signals import Impatience

    _become(command)
    options = parsed[TerminalShell]
    arguments = _kernel_arguments(parsed, command)
    extra: dict[str, Any] = {} if user_ns is None else {"user_ns": dict(user_ns)}
    if command.quick:
        extra["configured"] = False
    link = InProcessLink(arguments=arguments, **extra)
    try:
        reader = reader_for(link, options)
        if is_conversation(command, options):
            greet(link, options)
            if not arguments and not _has_startup(parsed):
                # Nothing can be printed while the kernel makes itself ready: the prompt may stand already.
                draw = getattr(reader, "draw", None)
                if draw is not None:
                    draw(1)
        link.start()
        link.on_interrupt(Impatience(_say))
        session = session_for(link, reader, options)
        session.after_cell = followed_prompts(reader)
        return converse(session, command, options)
    finally:
        link.close()


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _become(command: CommandLine) -> None:
    """Let the process look like the program that it runs."""
    folder = os.path.dirname(sys.argv[0])  # noqa: PTH120 - pathlib would make "." of ""
    if sys.path and sys.path[0] == folder:
        sys.path[0] = ""
    elif "" not in sys.path:
        sys.path.insert(0, "")
    name = command.kind.value if command.kind else ""
    sys.argv = [command.program if name == "file" else name, *command.arguments]


def _has_startup(parsed: Parsed) -> bool:
    if os.environ.get("PYTHONSTARTUP") or parsed.profile.config_files():
        return True
    from nuncius.protocol.app.profile import shared_config_files

    startup = os.path.join(parsed.profile.location, "startup")  # noqa: PTH118 - pathlib takes 4 ms to load
    return os.path.isdir(startup) or bool(shared_config_files())  # noqa: PTH112


def _kernel_arguments(parsed: Parsed, command: CommandLine) -> list[str]:
    common = parsed[ProgramOptions]
    arguments = kernel_arguments(parsed[KernelSettings])
    if parsed[KernelSettings].colors is None and (colors := _kernel_colors(parsed[TerminalShell])):
        arguments.insert(0, f"--ShellOptions.colors={colors}")
    if common.profile:
        arguments.append(f"--profile={common.profile}")
    if common.config_file:
        arguments.append(f"--config={common.config_file}")
    if command.quick:
        arguments.append("--KernelOptions.ignore_startup=true")
    return [*arguments, *command.kernel]


def _kernel_colors(options: TerminalShell) -> str:
    from nuncius.terminal.themes import choose_theme

    # Threads of the kernel in this process write their tracebacks themselves.
    plain = options.simple_prompt or not sys.stderr.isatty()
    theme = "none" if plain else choose_theme(options.theme)
    return {"dark": "linux", "light": "lightbg", "none": "nocolor"}.get(theme, "")
