"""Put the kernel together: options, shell, compatibility layer, start-up files; and serve it. The only place that knows all parts.

The order is made for a fast start: the kernel answers who it is before the shell is imported. Options that are given on the command line are read before, so that a mistake in them is told at once; configuration files are read when the shell is made.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from nuncius.kernel.python_kernel import PythonKernel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nuncius.kernel.shell import Shell
    from nuncius.protocol.app.program import Parsed, Program

__all__ = ["build", "create", "main", "program"]


def program(run: Callable[[Parsed], int] | None = None) -> Program:
    """Return the declaration of the kernel's command line."""
    from nuncius.kernel.options import KernelOptions, ShellOptions
    from nuncius.protocol.app.program import Alias, Flag, Program

    return Program(
        name="python-kernel",
        summary="The Python kernel.",
        run=run or (lambda parsed: 0),
        options=(ShellOptions, KernelOptions),
        aliases={
            "matplotlib": Alias("KernelOptions.matplotlib", bare="inline"),
            "pylab": Alias("KernelOptions.pylab", bare="inline"),
            "gui": Alias("KernelOptions.gui"),
            "ext": Alias("KernelOptions.extensions"),
            "c": Alias("KernelOptions.code_to_run"),
            "m": Alias("KernelOptions.module_to_run"),
            "cache-size": Alias("ShellOptions.cache_size"),
            "colors": Alias("ShellOptions.colors"),
        },
        flags={
            "no-startup": Flag("KernelOptions.ignore_startup", "true", "Run no start-up files."),
            "no-history": Flag("ShellOptions.history", "false", "Do not write the history."),
        },
        arguments="[FILE]",
        count=(0, 1),
    )


def build(
    arguments: Sequence[str] = (),
    *,
    shell_class: str = "ZMQInteractiveShell",
    compat: bool = True,
    own_main: bool = True,
    user_ns: dict[str, Any] | None = None,
    user_module: Any = None,
    startup: bool = True,
    configured: bool = True,
    guest: bool = False,
    host_gui: str = "",
) -> PythonKernel:
    """Return a kernel; its shell is made when it is needed.

    Args:
        arguments: Of the command line, but for the connection file.
        shell_class: By which libraries recognize where they run, see `nuncius.kernel.compat.shells`.
        compat: Provide IPython's modules to libraries.
        own_main: The cells' module is ``__main__``.
        user_ns: Cells run in this dictionary.
        user_module: Cells run in this module.
        startup: Run start-up files and what else the options say.
        configured: Read configuration files.
        guest: The program goes on beside the kernel.
        host_gui: The toolkit whose event loop the program runs.

    Raises:
        OptionError: Something is wrong with the command line.
    """
    known = arguments or not configured
    parsed = program().parse(arguments, configured=configured) if known else None
    state: dict[str, Any] = {"parsed": parsed}

    def make_shell(kernel: PythonKernel) -> Shell:
        found = state["parsed"] = state["parsed"] or _configured()
        from nuncius.kernel.options import KernelOptions, ShellOptions

        kernel.replay_bytes = found[KernelOptions].replay_bytes
        if compat:
            from nuncius.kernel.compat import finder, shells

            recognized: type[shells.InteractiveShell] = getattr(shells, shell_class)
            provided = finder.install(recognized.modules)
            cls: type[Shell] = recognized
        else:
            from nuncius.kernel import shell as plain

            cls = plain.Shell

            provided = False
        if own_main and "" not in sys.path:
            sys.path.insert(0, "")  # cells import from the folder that they run in
        shell = cls(
            found[ShellOptions],
            user_module=user_module,
            user_ns=user_ns,
            kernel=kernel,
            own_main=own_main,
            profile_dir=found.profile,
        )
        shell.is_guest, shell.host_gui = guest, host_gui
        shell.sections = found.others
        if not guest:
            shell.on_exit = kernel.leave
        if notebook := os.environ.get("JPY_SESSION_NAME"):
            shell.namespace.preset({"__session__": notebook})
        if provided:
            shell.at_close(finder.remove)
        return shell

    def on_start(shell: Shell) -> None:
        from nuncius.kernel.startup import run_startup

        run_startup(shell, _understood(shell, state["parsed"]))

    kernel = PythonKernel(make_shell, on_start if startup else None)
    if compat:
        kernel.make_face = _face
    return kernel


def _understood(shell: Shell, parsed: Parsed) -> Parsed:
    """Set what the configuration files say under IPython's names; returns what is left to do at the start."""
    if not parsed.others:
        return parsed
    from nuncius.kernel.magics.foreign import apply_sections, started_by
    from nuncius.kernel.options import KernelOptions

    apply_sections(shell, parsed.others)
    options = started_by(parsed[KernelOptions], parsed.others)
    from nuncius.protocol.values import replace

    return replace(parsed, values={**parsed.values, KernelOptions: options})


def _face(kernel: PythonKernel) -> Any:
    """Return what has the names of a kernel that only extensions ask for."""
    from nuncius.kernel.compat.ipkernel import IPythonKernel

    return IPythonKernel(python=kernel)


def _configured() -> Parsed:
    """Return what the configuration files say; a mistake in them is told, and does not keep the kernel from starting."""
    from nuncius.protocol.errors import OptionError

    try:
        return program().parse(())
    except OptionError as error:
        sys.stderr.write(f"The configuration is not used: {error}\n")
        from nuncius.protocol.app.profile import find_profile
        from nuncius.protocol.app.program import Parsed

        values = {cls: cls() for cls in program().all_options}
        return Parsed(values, (), None, find_profile("default"))


def create(**options: Any) -> PythonKernel:
    """Return a kernel for this process: what the entry point ``nuncius.kernels`` names.

    In a terminal it is recognized as a terminal's shell; elsewhere as a kernel's.
    """
    if "shell_class" not in options:
        terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
        options["shell_class"] = "TerminalInteractiveShell" if terminal else "ZMQInteractiveShell"
    return build(**options)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the kernel, or install its kernelspec; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["install"]:
        from nuncius.kernel.install import main as install

        return install(arguments[1:])
    connection, own = _split(arguments)
    if own:
        from nuncius.protocol.errors import OptionError

        try:
            if {"-h", "--help", "--help-all"} & set(own):
                return program()(own)
            kernel = build(own)
        except OptionError as error:
            sys.stderr.write(f"python -m nuncius.kernel: {error}\n")
            return 2
    else:
        kernel = build()
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    os.environ.setdefault("PAGER", "cat")  # commands of cells have no terminal to page in
    os.environ.setdefault("GIT_PAGER", "cat")
    # commands of cells have a terminal to write to, and choose colors by themselves: nothing forces them, as others read what they write
    os.environ.setdefault("TERM", "xterm-color")
    os.environ.setdefault("CLICOLOR", "1")
    from nuncius.kernel import asked_input
    from nuncius.protocol.serving import serve

    asked_input.install()
    kernel.warms_up = True
    return serve(lambda: kernel, connection) or 0


#: Options of the command line that are the server's, with the number of their values.
_SERVERS = {
    "-f": 1, "--f": 1, "--ip": 1, "--transport": 1, "--shell": 1, "--iopub": 1, "--stdin": 1, "--control": 1, "--hb": 1, "--KernelApp.connection_file": 1,
}  # fmt: skip


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tell the server's arguments from the kernel's."""
    server: list[str] = []
    own: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, _ = word.partition("=")
        if name not in _SERVERS:
            own.append(word)
            continue
        server.append(word)
        if not equals and rest:
            server.append(rest.pop(0))
    return server, own
