"""Talk with a person, or run a program and end: what a command line asks for, over any kernel."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nuncius.terminal.commandline import CommandLine, Kind

if TYPE_CHECKING:
    from nuncius.terminal.link import Link
    from nuncius.terminal.options import TerminalShell
    from nuncius.terminal.session import Session

__all__ = ["converse", "greet", "is_conversation"]


def is_conversation(command: CommandLine, options: TerminalShell) -> bool:
    """Tell whether a person will type."""
    if command.stay or options.simple_prompt:
        return True
    return command.kind is None and sys.stdin is not None and sys.stdin.isatty()


def greet(link: Link, options: TerminalShell) -> None:
    """Say what this is."""
    if not options.banner or not sys.stdin.isatty():
        return
    first = str(link.info.get("banner", "")) if options.banner1 is None else options.banner1
    text = "\n".join(part.rstrip() for part in (first, options.banner2) if part.strip())
    if text:
        sys.stdout.write(text + "\n\n")


def converse(session: Session, command: CommandLine, options: TerminalShell) -> int:
    """Run the program that the command line names, or talk, or both; return the exit code."""
    from nuncius.terminal.batch import run_batch
    from nuncius.terminal.signals import handled

    with handled(session):
        if command.kind is None and not is_conversation(command, options):
            command = CommandLine(kind=Kind.FILE, program="-")
        if command.kind is not None:
            session.starts_again = command.stay
            code = run_batch(session, command)
            if not command.stay:
                return code
        _write_anything()
        return session.run()


def _write_anything() -> None:
    """Show characters that the terminal's encoding lacks by their codes: a result is no reason to end the shell."""
    for stream in (sys.stdout, sys.stderr):
        change = getattr(stream, "reconfigure", None)
        if change is not None and stream.encoding.lower().replace("-", "") != "utf8":
            change(errors="backslashreplace")
