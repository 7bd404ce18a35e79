"""Look at what went wrong: ``%debug``, ``%pdb``, ``%tb``, ``%xmode``.

The debugger is the shell's ``debugger_cls``; it talks to the person through ``input()``, so that it works in every frontend.
"""

from __future__ import annotations

from bdb import BdbQuit
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.registry import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from nuncius.kernel.magics.text import say, switch

__all__ = ["DebugMagics", "debug_call"]


def _post_mortem() -> None:
    from nuncius.kernel.debug.prompt import post_mortem  # pdb is slow to import

    post_mortem()


def debug_call(
    shell: Any, function: Callable[[], Any], filename: str | None = None, line: int = 1
) -> None:
    """Run a function by the debugger.

    Args:
        shell: Chooses the debugger.
        function: What to run.
        filename: Stop in this file,
        line: at this line, or at the next one that can be stopped at.

    Raises:
        UsageError: One cannot stop there.
    """
    __tracebackhide__ = True
    debugger = shell.debugger_cls()
    where = nullcontext() if filename is None else _stopping_at(debugger, "%run -d", filename, line)
    with where, suppress(BdbQuit):
        debugger.runcall(function)


@contextmanager
def _stopping_at(debugger: Any, magic: str, filename: str, line: int) -> Iterator[None]:
    """Have the debugger stop at a line first, or at the next one where it can; afterwards the breakpoint is gone."""
    for candidate in range(line, line + 10):
        if _may_stop(debugger.canonic(filename), candidate):
            break
    else:
        raise UsageError(f"{magic}: there is no line to stop at from line {line} of {filename} on")
    problem = debugger.set_break(filename, candidate)
    if problem:
        raise UsageError(f"{magic}: {problem}")
    debugger.rcLines.append("continue")  # not here: at the breakpoint
    try:
        yield
    finally:
        debugger.clear_break(filename, candidate)


def _may_stop(filename: str, line: int) -> bool:
    """Tell whether a line has code, as far as its text shows that; the debugger's own check would print why not."""
    import linecache

    linecache.checkcache(filename)
    text = linecache.getline(filename, line).strip()
    return bool(text) and not text.startswith(("#", '"""', "'''"))


@magics_class
class DebugMagics(Magics):
    """Errors and the debugger."""

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        super().__init__(shell, **kwargs)
        self._always = False

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    @options(Flag("b", "Stop at this place first: FILE:LINE.", "FILE:LINE", also="breakpoint"))
    def debug(self, opts: Opts, line: str, cell: str | None = None, local_ns: Any = None) -> None:
        """Start the debugger: at the last exception, or with code to run step by step.

        ::

            %debug
            %debug function(1, 2)
            %debug -b module.py:20 function(1, 2)
        """
        __tracebackhide__ = True
        if not line and cell is None and "b" not in opts:
            _post_mortem()
            return
        source = self.shell.transform_cell(line if cell is None else f"{line}\n{cell}")
        filename = self.shell.compile.cache(source, self.shell.execution_count)
        code = self.shell.compile(source, filename, "exec")
        debugger = self.shell.debugger_cls()
        with self._place(debugger, opts), suppress(BdbQuit):
            debugger.run(code, self.shell.user_ns, local_ns)

    def _place(self, debugger: Any, opts: Opts) -> AbstractContextManager[None]:
        if "b" not in opts:
            return nullcontext()
        file, _, number = opts["b"].rpartition(":")
        if not file or not number.isdigit():
            raise UsageError(f"%debug: -b takes FILE:LINE, got {opts['b']!r}")
        return _stopping_at(debugger, "%debug -b", file, int(number))

    @line_magic
    def pdb(self, parameter_s: str = "") -> None:
        """Have the debugger start by itself after each exception, or not; without an argument, the other of both.

        ::

            %pdb on
            %pdb off
        """
        wanted = switch(parameter_s, self._always)
        if wanted is None:
            raise UsageError("%pdb: Incorrect argument. Use on/1, off/0, or nothing for a toggle.")
        if wanted != self._always:
            events = self.shell.events
            (events.register if wanted else events.unregister)("post_run_cell", self._after)
        self._always = wanted
        say(f"Automatic pdb calling has been turned {'ON' if wanted else 'OFF'}")

    def _after(self, result: Any) -> None:
        error = result.error_in_exec
        if error is not None and not isinstance(error, UsageError | KeyboardInterrupt | SystemExit):
            _post_mortem()
            self.shell.failures.stay(False)  # the cell has failed: it ends with the next success

    # -- tracebacks -----------------------------------------------------------------------------------

    @line_magic
    def tb(self, s: str = "") -> None:
        """Show the last traceback again; in another mode, if one is named (see `%xmode`).

        ::

            %tb
            %tb Verbose
        """
        mode = s.strip()
        self.shell.failures.stay()
        try:
            blocks = self.shell.tracebacks.again(mode or None)
        except ValueError as error:
            raise UsageError(f"%tb: {error}") from None
        say("\n".join(blocks) or "No traceback available to show.")

    @line_magic
    def xmode(self, parameter_s: str = "") -> None:
        """Choose how tracebacks look: Plain, Context, Verbose, Minimal, Docs or Doctest; without an argument, the next one.

        ::

            %xmode Verbose
        """
        name = parameter_s.strip()
        self.shell.failures.stay()
        try:
            mode = self.shell.tracebacks.set_mode(name or None)
        except ValueError as error:
            raise UsageError(f"%xmode: {error}") from None
        self.shell.set_option("xmode", mode)
        say(f"Exception reporting mode: {mode}")
