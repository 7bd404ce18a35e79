"""The commands ``nuncius shell``, ``console`` and ``attach``: read the command line, wire the parts, run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nuncius.protocol.app.options import option
from nuncius.protocol.app.program import Alias, Flag, Parsed, Program, ProgramOptions, guarded
from nuncius.terminal.commandline import CommandLine, kernel_arguments, split
from nuncius.terminal.options import KernelSettings, TerminalShell

if TYPE_CHECKING:
    from pathlib import Path

    from nuncius.terminal.images import Picture, Pictures
    from nuncius.terminal.link import Link
    from nuncius.terminal.places import Place
    from nuncius.terminal.prompts import Prompts
    from nuncius.terminal.render import Rich
    from nuncius.terminal.screen import Screen
    from nuncius.terminal.session import Reader, Session
    from nuncius.terminal.telling import Telling

__all__ = ["attach", "console", "options_for_embedding", "reader_for", "session_for", "shell"]


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


# -- the commands


def shell(argv: Sequence[str], user_ns: Mapping[str, Any] | None = None) -> int:
    """Run ``nuncius shell``; return the exit code.

    Args:
        argv: The command line.
        user_ns: Variables that are there from the beginning.
    """
    return guarded("shell", lambda: _shell(argv, user_ns))


def console(argv: Sequence[str]) -> int:
    """Run ``nuncius console``; return the exit code."""
    return guarded("console", lambda: _console(_CONSOLE, argv))


def attach(argv: Sequence[str]) -> int:
    """Run ``nuncius attach``; return the exit code."""
    words = list(argv)
    if words and not words[0].startswith("-"):
        words[0] = f"--existing={words[0]}"
    elif not any(word.startswith("--existing") for word in words):
        words.insert(0, "--existing")
    return guarded("attach", lambda: _console(_ATTACH, words))


def _shell(argv: Sequence[str], user_ns: Mapping[str, Any] | None = None) -> int:
    command = split(argv, _valued(_SHELL), _own(_SHELL))
    if {"-h", "--help", "--help-all"} & set(command.options):
        return _SHELL(command.options)
    if "--version" in command.options:
        return _version()
    parsed = _SHELL.parse(command.options, configured=not command.quick)
    _set_up_logging(parsed)
    target = parsed[Target]
    if (target.kernel, target.existing, target.server) != (None, None, None):
        return _run_remote(parsed, command)
    return _run_in_process(parsed, command, user_ns)


def _console(program: Program, argv: Sequence[str]) -> int:
    command = split(argv, _valued(program), _own(program), files=False)
    if {"-h", "--help", "--help-all"} & set(command.options):
        return program(command.options)
    parsed = program.parse(command.options, configured=not command.quick)
    _set_up_logging(parsed)
    return _run_remote(parsed, command)


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


def _say_only_what_is_asked_for(parsed: Parsed) -> None:
    """Keep warnings of the kernel's manager off the screen: the shell itself says when a kernel dies."""
    import logging

    if parsed[ProgramOptions].log_level == "warning" and parsed[ProgramOptions].log_file is None:
        logging.getLogger("nuncius").addHandler(logging.NullHandler())


# -- in this process


def _run_in_process(
    parsed: Parsed, command: CommandLine, user_ns: Mapping[str, Any] | None = None
) -> int:
    import nuncius.terminal.asking  # noqa: F401 - before cells may replace input()
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
        if _is_conversation(command, options):
            _greet(link, options)
            if not arguments and not _has_startup(parsed):
                # Nothing can be printed while the kernel makes itself ready: the prompt may stand already.
                draw = getattr(reader, "draw", None)
                if draw is not None:
                    draw(1)
        link.start()
        link.on_interrupt(Impatience(_say).press)
        return _converse(link, reader, options, command)
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

    return parsed.profile.startup.is_dir() or bool(shared_config_files())


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

    theme = choose_theme(options.theme)
    return {"dark": "linux", "light": "lightbg", "none": "nocolor"}.get(theme, "")


# -- in another process


def _run_remote(parsed: Parsed, command: CommandLine) -> int:
    from nuncius.terminal.remote import RemoteLink

    _say_only_what_is_asked_for(parsed)
    options, target = parsed[TerminalShell], parsed[Target]
    place = _place(target, _kernel_arguments(parsed, command) if command.kernel else [])
    if _is_conversation(command, options) and sys.stdin.isatty():
        # While the kernel starts.
        import nuncius.terminal.prompt  # noqa: F401
    link = RemoteLink(
        place, deadline=options.completion_deadline, ready_timeout=target.ready_timeout
    )
    stop = link.owned
    try:
        reader = reader_for(link, options)
        if _is_conversation(command, options):
            _greet(link, options)
        session = session_for(link, reader, options)
        if not link.owned and target.replay and _is_conversation(command, options):
            session.recall(link.transcript(target.replay))
        if link.can_restart:
            session.commands["restart_kernel"] = session.restart
        code = _converse_with(session, command, options)
        stop = stop and not session.keep_kernel
        if not stop and link.owned and (file := getattr(place, "connection_file", None)):
            sys.stdout.write(f"The kernel goes on. To come back: nuncius attach {file}\n")
        return code
    finally:
        link.close(stop_kernel=stop)


def _place(target: Target, arguments: Sequence[str]) -> Place:
    from nuncius.terminal import places

    if target.server is not None:
        from nuncius.protocol.transport.server import Server

        server = Server(target.server)
        if target.existing is not None:
            return places.OnServer(server, server.find(target.existing), owned=False)
        return places.OnServer(server, server.start(target.kernel), owned=True)
    if target.existing is not None:
        from nuncius.protocol.connection import find_connection_file, load_connection_file

        info = load_connection_file(find_connection_file(target.existing or None))
        if target.ssh is None:
            return places.Existing(info)
        from nuncius.protocol.tunnel import open_tunnel

        tunnel = open_tunnel(info, target.ssh)
        return places.Existing(tunnel.info, tunnel)
    return _managed(target, arguments)


def _managed(target: Target, arguments: Sequence[str]) -> Place:
    from nuncius.protocol.core.lifecycle import RestartPolicy
    from nuncius.protocol.manager import BlockingKernelManager, ManagerOptions
    from nuncius.terminal.places import Managed

    manager = BlockingKernelManager(
        target.kernel or "python3",
        ManagerOptions(
            start_timeout=target.ready_timeout,
            restart=RestartPolicy(enabled=False),
            independent=target.detachable,
        ),
    )
    return Managed(manager, arguments, can_outlive_shell=target.detachable)


# -- both


def _is_conversation(command: CommandLine, options: TerminalShell) -> bool:
    if command.stay or options.simple_prompt:
        return True
    return command.kind is None and sys.stdin is not None and sys.stdin.isatty()


def _greet(link: Link, options: TerminalShell) -> None:
    if not options.banner or not sys.stdin.isatty():
        return
    first = str(link.info.get("banner", "")) if options.banner1 is None else options.banner1
    text = "\n".join(part.rstrip() for part in (first, options.banner2) if part.strip())
    if text:
        sys.stdout.write(text + "\n\n")


def _converse(link: Link, reader: Reader, options: TerminalShell, command: CommandLine) -> int:
    return _converse_with(session_for(link, reader, options), command, options)


def session_for(link: Link, reader: Reader, options: TerminalShell) -> Session:
    """Return the shell over a kernel and a prompt."""
    from nuncius.terminal.debugging import DebuggerPrompt
    from nuncius.terminal.screen import Screen
    from nuncius.terminal.session import Session
    from nuncius.terminal.simple import SimplePrompt
    from nuncius.terminal.themes import STYLES, choose_theme

    theme = choose_theme(options.theme)
    screen = Screen(
        reader.show_result_prompt,
        _pictures(options, reader),
        colors=sys.stdout.isatty() and theme != "none",
        rich=_rich(options),
        links=_links(options, theme),
        updates=options.update_in_place,
    )
    editing = not isinstance(reader, SimplePrompt)
    debugger = DebuggerPrompt(
        STYLES[theme] if editing else None,
        link.complete_in_debugger,
        _debugger_history(),
        vi=options.editing_mode == "vi",
    )
    session = Session(
        link, reader, options, screen, debugger, _telling(options, screen) if editing else None
    )
    session.commands["keys"] = lambda argument: _list_keys(options)
    return session


def _telling(options: TerminalShell, screen: Screen) -> Telling:
    from nuncius.terminal.telling import Telling

    return Telling(options, screen.write)


def _list_keys(options: TerminalShell) -> bool:
    """Show the keys: ``%keys``. The shell goes on."""
    from nuncius.terminal.keys import BINDINGS, changed
    from nuncius.terminal.keytable import key_table
    from nuncius.terminal.pager import page

    page(key_table(changed(BINDINGS, options.shortcuts)))
    return False


def _debugger_history() -> Path:
    from pathlib import Path

    from nuncius.protocol.paths import nuncius_dir

    return Path(nuncius_dir(), "debugger_history")


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


def _converse_with(session: Session, command: CommandLine, options: TerminalShell) -> int:
    from nuncius.terminal.batch import run_batch
    from nuncius.terminal.commandline import Kind
    from nuncius.terminal.signals import handled

    with handled(session):
        if command.kind is None and not _is_conversation(command, options):
            command = CommandLine(kind=Kind.FILE, program="-")
        if command.kind is not None:
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


def options_for_embedding(theme: str | None = None) -> TerminalShell:
    """Return the options of the configuration files, for a shell inside another program.

    Args:
        theme: Instead of the configured one.
    """
    words = [] if theme is None else [f"--TerminalShell.theme={theme}"]
    options = _SHELL.parse(words)[TerminalShell]
    return replace(options, confirm_exit=False, term_title=False)


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
    from nuncius.terminal.themes import choose_theme, sgr

    language = link.info.get("language_info", {})
    name = str(language.get("pygments_lexer") or language.get("name") or "text")

    def editor(prompts: Prompts) -> Any:
        from nuncius.terminal.completion import with_commands
        from nuncius.terminal.prompt import Prompt, Questions

        known = ["view", "keys", *(["restart_kernel"] if link.can_restart else []), *commands]
        complete = with_commands(link.complete, known)
        questions = Questions(link.judge, complete, link.inspect, link.past, link.find)
        return Prompt(options, questions, name, prompts)

    prompts = Prompts(marks=options.prompt_marks)
    return EarlyPrompt(link.judge, editor, prompts, sgr(choose_theme(options.theme)))


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

_SHELL = Program(
    name="shell",
    summary="An interactive Python shell in this terminal.",
    run=lambda parsed: 0,
    options=(Target, TerminalShell, KernelSettings),
    aliases=_ALIASES,
    flags=_FLAGS,
    arguments="[-i] [--quick] [FILE | -c CODE | -m MODULE] [ARGUMENT...]",
    count=(0, None),
    description="""\
With a FILE (.py, .ipy, .ipynb), -c CODE or -m MODULE, that is run, and the exit code is as Python's; -i opens the shell afterwards.
What standard input holds is run when it is no terminal. --quick reads no configuration and no startup files.
Options of the kernel (--ShellOptions.NAME=VALUE, --KernelOptions.NAME=VALUE) are handed on to it.""",
)

_CONSOLE = Program(
    name="console",
    summary="The same shell over a kernel in another process, in any language.",
    run=lambda parsed: 0,
    options=(Target, TerminalShell, KernelSettings),
    aliases=_ALIASES,
    flags=_FLAGS,
)

_ATTACH = Program(
    name="attach",
    summary="Come back to a kernel that runs: the newest, or the one that is named.",
    run=lambda parsed: 0,
    options=(Target, TerminalShell, KernelSettings),
    aliases=_ALIASES,
    flags=_FLAGS,
    arguments="[FILE | ID | PATTERN]",
    count=(0, 1),
)


def _valued(program: Program) -> set[str]:
    return {name for name, alias in program.all_aliases.items() if alias.bare is None}


def _own(program: Program) -> set[str]:
    return {cls.__name__ for cls in program.all_options}
