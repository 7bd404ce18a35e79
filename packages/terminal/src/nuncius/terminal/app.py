"""The commands ``nuncius shell`` and ``nuncius console``: read the command line, wire the parts, run."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nuncius.protocol.app.options import option
from nuncius.protocol.app.program import Alias, Flag, Parsed, Program
from nuncius.terminal.options import TerminalShell

if TYPE_CHECKING:
    from nuncius.terminal.link import Link
    from nuncius.terminal.session import Reader

__all__ = ["console", "shell"]


@dataclass(frozen=True, kw_only=True)
class Target:
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
    ready_timeout: float = option(60.0, help="Seconds to wait for the kernel's first answer.")


def _shell(parsed: Parsed) -> int:
    target = parsed[Target]
    if target.kernel is None and target.existing is None:
        from nuncius.terminal.inprocess import InProcessLink

        return _run(InProcessLink(), parsed[TerminalShell])
    return _console(parsed)


def _console(parsed: Parsed) -> int:
    return _run(_remote(parsed[Target], parsed[TerminalShell]), parsed[TerminalShell])


def _remote(target: Target, options: TerminalShell) -> Link:
    from nuncius.terminal.remote import RemoteLink

    if target.existing is not None:
        from nuncius.protocol.connection import find_connection_file, load_connection_file

        info = load_connection_file(find_connection_file(target.existing or None))
        tunnel = None
        if target.ssh is not None:
            from nuncius.protocol.tunnel import open_tunnel

            tunnel = open_tunnel(info, target.ssh)
            info = tunnel.info
        return RemoteLink(
            info,
            tunnel=tunnel,
            deadline=options.completion_deadline,
            ready_timeout=target.ready_timeout,
        )
    from nuncius.protocol.core.lifecycle import RestartPolicy
    from nuncius.protocol.manager import BlockingKernelManager, ManagerOptions

    manager = BlockingKernelManager(
        target.kernel or "python3",
        ManagerOptions(start_timeout=target.ready_timeout, restart=RestartPolicy(enabled=False)),
    )
    try:
        info = manager.start()
    except BaseException:
        manager.close()
        raise
    return RemoteLink(info, manager, deadline=options.completion_deadline)


def _run(link: Link, options: TerminalShell) -> int:
    from nuncius.terminal.session import Session

    try:
        if options.banner and sys.stdin.isatty():
            print(str(link.info.get("banner", "")).rstrip())  # noqa: T201
        return Session(link, _reader(link, options), options).run()
    finally:
        link.close(stop_kernel=link.owned)


def _reader(link: Link, options: TerminalShell) -> Reader:
    import os

    if (
        options.simple_prompt
        or not sys.stdin.isatty()
        or not sys.stdout.isatty()
        or os.environ.get("TERM", "dumb") == "dumb"
    ):
        from nuncius.terminal.simple import SimplePrompt

        return SimplePrompt(link.judge)
    from nuncius.terminal.prompt import Prompt, Questions

    language = link.info.get("language_info", {})
    return Prompt(
        options,
        Questions(link.judge, link.complete, link.past),
        str(language.get("pygments_lexer") or language.get("name") or "text"),
    )


_ALIASES = {
    "kernel": Alias("Target.kernel"),
    "existing": Alias("Target.existing", bare=""),
    "ssh": Alias("Target.ssh"),
    "editing-mode": Alias("TerminalShell.editing_mode"),
    "theme": Alias("TerminalShell.theme"),
}
_FLAGS = {
    "no-banner": Flag("TerminalShell.banner", "False", "Say nothing at the start."),
    "confirm-exit": Flag("TerminalShell.confirm_exit", "True", "Ask before Ctrl-D leaves."),
    "no-confirm-exit": Flag("TerminalShell.confirm_exit", "False", "Leave at Ctrl-D at once."),
    "nosep": Flag("TerminalShell.separate_in", "", "No blank line before each prompt."),
    "simple-prompt": Flag(
        "TerminalShell.simple_prompt", "True", "Read plain lines, without escape codes."
    ),
}

shell = Program(
    name="shell",
    summary="An interactive Python shell in this terminal.",
    run=_shell,
    options=(Target, TerminalShell),
    aliases=_ALIASES,
    flags=_FLAGS,
)

console = Program(
    name="console",
    summary="The same shell over a kernel in another process, in any language.",
    run=_console,
    options=(Target, TerminalShell),
    aliases=_ALIASES,
    flags=_FLAGS,
)
