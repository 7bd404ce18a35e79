"""Run what the person wants before the first cell: extensions, start-up files, lines and code of the options.

What fails is shown, and does not keep the kernel from starting.
"""

# ruff: noqa: PTH111, PTH112, PTH113, PTH118, PTH208
# os.path, not pathlib: this runs while a shell starts, and pathlib takes 4 ms to load.

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nuncius.kernel import saying
from nuncius.kernel.options import KernelOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nuncius.protocol.app.program import Parsed

__all__ = ["run_startup"]


def run_startup(shell: Any, parsed: Parsed) -> None:
    """Run what the options and the profile say.

    Args:
        shell: The shell.
        parsed: The options, the profile, and the arguments of the command line.
    """
    options: KernelOptions = parsed[KernelOptions]
    before = set(shell.user_ns)
    for extension in options.extensions:
        _guarded(shell, lambda name=extension: shell.extension_manager.load_extension(name))
    for value, enable in (
        (options.gui, shell.enable_gui),
        (options.matplotlib, shell.enable_matplotlib),
        (options.pylab, shell.enable_pylab),
        ("-r" if options.autorestore else "", lambda how: shell.run_line_magic("store", how)),
    ):
        if value:
            _guarded(shell, lambda enable=enable, value=value: enable(value))
    if not options.ignore_startup:
        for path in _startup_files(parsed):
            run_file(shell, path)
    for name in options.exec_files:
        run_file(shell, os.path.expanduser(name))
    for line in options.exec_lines:
        shell.run_cell(line, store_history=False)
    if options.hide_initial_ns:
        new = set(shell.user_ns) - before
        shell.namespace.hidden.update({name: shell.user_ns[name] for name in new})
    for argument in parsed.arguments:
        run_file(shell, argument)
    if options.code_to_run:
        shell.run_cell(options.code_to_run, store_history=False)
    if options.module_to_run:
        _guarded(shell, lambda: shell.safe_run_module(options.module_to_run, shell.user_ns))
    shell.events.trigger("shell_initialized", shell)


def run_file(shell: Any, path: str) -> None:
    """Run one file: Python, or cells with magics (``.ipy``)."""
    if path.endswith((".ipy", ".ipynb")):
        shell.safe_execfile_ipy(path)
    else:
        shell.safe_execfile(path, shell.user_ns)


def _startup_files(parsed: Parsed) -> Iterator[str]:
    python_startup = os.environ.get("PYTHONSTARTUP")
    if python_startup and os.path.isfile(python_startup):
        yield python_startup
    folder = os.path.join(parsed.profile.location, "startup")
    if os.path.isdir(folder):
        names = sorted(name for name in os.listdir(folder) if name.endswith((".py", ".ipy")))
        yield from (os.path.join(folder, name) for name in names)


def _guarded(shell: Any, function: Any) -> None:
    try:
        function()
    except Exception:  # noqa: BLE001 - the kernel starts nevertheless
        saying.complain("Error while starting:\n")
        shell.showtraceback()
