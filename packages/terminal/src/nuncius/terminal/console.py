"""Run the shell over a kernel in another process: start one, or find the one that is meant."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nuncius.protocol.app.program import ProgramOptions
from nuncius.protocol.errors import OptionError
from nuncius.terminal.assembly import reader_for, session_for
from nuncius.terminal.conversation import converse, greet, is_conversation
from nuncius.terminal.late_imports import import_editor
from nuncius.terminal.options import TerminalShell
from nuncius.terminal.programs import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nuncius.protocol.app.program import Parsed
    from nuncius.terminal.commandline import CommandLine
    from nuncius.terminal.places import Place
    from nuncius.terminal.remote import RemoteLink
    from nuncius.terminal.session import Session

__all__ = ["run_console"]

#: Seconds that a kernel has to end when its program has: it waits for threads, and limits that itself.
_LATE_THREADS = 20.0


def run_console(parsed: Parsed, command: CommandLine, arguments: Sequence[str]) -> int:
    """Run the shell; return the exit code.

    Args:
        parsed: The options.
        command: What is to be run.
        arguments: For a kernel that is started, if it is Nuncius's own; others get those that are spelled with a class, as they stand.
    """
    from nuncius.terminal.remote import RemoteLink

    _say_only_what_is_asked_for(parsed)
    options, target = parsed[TerminalShell], parsed[Target]
    place = _place(target, arguments, command)
    if is_conversation(command, options) and sys.stdin.isatty():
        # While the kernel starts.
        import_editor()
        import nuncius.terminal.prompt  # noqa: F401
    link = RemoteLink(
        place, deadline=options.completion_deadline, ready_timeout=target.ready_timeout
    )
    stop = link.owned
    try:
        reader = reader_for(link, options)
        if is_conversation(command, options):
            greet(link, options)
        session = session_for(link, reader, options)
        session.tell_where = link.tell_where
        if not link.owned and target.replay and is_conversation(command, options):
            _show_last_output(session, link, target.replay)
        if link.can_restart:
            session.commands["restart_kernel"] = session.restart
        code = converse(session, command, options)
        stop = stop and not session.keep_kernel
        if not stop and link.owned and (file := getattr(place, "connection_file", None)):
            sys.stdout.write(f"The kernel goes on. To come back: nuncius attach {file}\n")
        return code
    finally:
        link.close(stop_kernel=stop)


def _show_last_output(session: Session, link: RemoteLink, cells: int) -> None:
    """Show what the kernel has put out last; of one that does not keep it, its inputs and values."""
    from nuncius.terminal.replaying import last_output

    again = last_output(link.replay() or (), cells)
    if again.number is None:
        session.recall(link.transcript(cells))
    session.show_again(again)


def _place(target: Target, arguments: Sequence[str], command: CommandLine) -> Place:
    from nuncius.terminal import places

    if target.ssh is not None and (target.existing is None or target.server is not None):
        raise OptionError(
            "--ssh needs --existing FILE: the connection file of a kernel that runs on that host"
        )
    if target.server is not None:
        from nuncius.protocol.transport.server import Server

        server = Server(target.server)
        if target.existing is not None:
            return places.OnServer(server, server.find(target.existing), owned=False)
        return places.OnServer(server, server.start(target.kernel), owned=True)
    if target.existing is not None:
        from nuncius.protocol.connection import (
            check_alive,
            find_connection_file,
            load_connection_file,
        )

        path = find_connection_file(target.existing or None)
        info = load_connection_file(path)
        if target.ssh is None:
            check_alive(info, path)
            return places.Existing(info)
        from nuncius.protocol.tunnel import open_tunnel

        tunnel = open_tunnel(info, target.ssh)
        return places.Existing(tunnel.info, tunnel)
    return _managed(target, arguments, command)


def _managed(target: Target, arguments: Sequence[str], command: CommandLine) -> Place:
    from dataclasses import replace

    from nuncius.protocol.core.lifecycle import RestartPolicy
    from nuncius.protocol.kernelspec import find_kernelspec
    from nuncius.protocol.manager import BlockingKernelManager, ManagerOptions
    from nuncius.terminal.places import Managed

    name = target.kernel or "python3"
    ours = "nuncius.kernel" in find_kernelspec(name).argv
    options = ManagerOptions(
        start_timeout=target.ready_timeout,
        restart=RestartPolicy(enabled=False),
        independent=target.detachable,
    )
    if command.kind is not None and not command.stay:
        # As under Python, what a program says when all cells have ended goes where the rest goes.
        options = replace(options, inherit_output=True, shutdown_timeout=_LATE_THREADS)
    manager = BlockingKernelManager(name, options)
    return Managed(
        manager,
        arguments if ours else command.kernel,
        can_outlive_shell=target.detachable,
    )


def _say_only_what_is_asked_for(parsed: Parsed) -> None:
    """Keep warnings of the kernel's manager off the screen: the shell itself says when a kernel dies."""
    import logging

    if parsed[ProgramOptions].log_level == "warning" and parsed[ProgramOptions].log_file is None:
        logging.getLogger("nuncius").addHandler(logging.NullHandler())
