"""Debug with `pdb` from any frontend: the debugger's prompt is an input request, so that whoever can answer ``input()`` can debug.

The frames of the kernel below a cell are not shown, and stepping goes from one statement of a cell to the next, never into the kernel.

An interrupt at the prompt ends the debugger, and interrupts the cell.
"""

from __future__ import annotations

import bdb
import linecache
import os
import pdb
import sys
from types import CodeType, FrameType, TracebackType
from typing import Any

from nuncius.kernel import saying
from nuncius.kernel.current import get_shell
from nuncius.kernel.errors import UsageError
from nuncius.kernel.traceback.formatter import is_kernel_frame
from nuncius.protocol.kernel import CURRENT_IO, KernelIO

__all__ = [
    "Debugger",
    "breakpoint_hook",
    "post_mortem",
    "run_with_debugger",
    "set_trace",
]

_PROMPT = "ipdb> "


def _frontend() -> KernelIO | None:
    io = CURRENT_IO.get()
    if io is None and (shell := get_shell()) is not None:
        io = getattr(shell, "io", None)
    return io


class _Answers:
    """What the debugger reads: each line is asked for by an input request.

    Args:
        debugger: Says what its prompt is.
    """

    def __init__(self, debugger: Debugger) -> None:
        self._debugger = debugger

    def readline(self) -> str:
        """Return a line; an empty text at the end of input."""
        prompt, io = self._debugger.shown_prompt, _frontend()
        try:
            if io is None:
                return input(prompt) + "\n"
            saying.flush()
            return io.input(prompt, kind="debugger") + "\n"
        except EOFError:
            return ""


class _Output:
    """What the debugger writes to: ``sys.stdout`` of the moment."""

    def write(self, text: str) -> int:
        """Show ``text``."""
        return sys.stdout.write(text)

    def flush(self) -> None:
        """Show what is held back."""
        sys.stdout.flush()


class Debugger(pdb.Pdb):
    """`pdb`, for cells.

    Args:
        completekey: Of `pdb`; frontends complete by themselves.
        stdin: Read commands here rather than from the frontend.
        stdout: Write here rather than to the cell's output.
        context: So many lines of source are shown around the current one.
        **options: Of `pdb.Pdb`: ``skip``, ``nosigint``, ``readrc``.
    """

    def __init__(
        self,
        completekey: Any = None,
        stdin: Any = None,
        stdout: Any = None,
        *,
        context: int = 5,
        **options: Any,
    ) -> None:
        self.shown_prompt = _PROMPT
        self.context = context
        #: The cell has ended a piece: stop at the next statement of a cell, and nowhere else.
        self._only_cells = False
        options.setdefault("nosigint", True)  # interrupts are the kernel's
        options.setdefault("readrc", stdin is None and _frontend() is None)
        # pdb asks of them no more than what ours have
        source: Any = _Answers(self) if stdin is None else stdin
        sink: Any = _Output() if stdout is None else stdout
        super().__init__(completekey, source, sink, **options)
        self.use_rawinput = False
        self.shown_prompt = _PROMPT

    @property
    def prompt(self) -> str:
        """Nothing: the prompt is part of the input request."""
        return "" if isinstance(self.stdin, _Answers) else self.shown_prompt

    @prompt.setter
    def prompt(self, text: str) -> None:
        self.shown_prompt = text

    # -- whose frames are shown, and stopped in ------------------------------------------------

    def get_stack(
        self, f: FrameType | None, t: TracebackType | None
    ) -> tuple[list[tuple[FrameType, int]], int]:
        """Return the frames, without those of the kernel below the cell and above an error."""
        stack, index = super().get_stack(f, t)
        first = next((i for i, (frame, _) in enumerate(stack) if _is_cell(frame)), 0)
        last = len(stack)
        while last > first + 1 and is_kernel_frame(stack[last - 1][0]):
            last -= 1
        return stack[first:last], min(max(index - first, 0), last - first - 1)

    def stop_here(self, frame: FrameType) -> bool:
        """Tell whether to stop in ``frame``: not in the kernel."""
        if is_kernel_frame(frame) or frame.f_globals.get("__name__") in ("bdb", "pdb"):
            return False
        if self._only_cells and not (_is_cell(frame) and _is_outermost(frame)):
            return False
        return bool(super().stop_here(frame))

    def user_call(self, frame: FrameType, argument_list: None) -> None:
        """Stop when a function is called; a cell's next piece is none."""
        if not (_is_cell(frame) and _is_outermost(frame)):
            super().user_call(frame, argument_list)

    def user_line(self, frame: FrameType) -> None:
        """Stop at a line."""
        self._only_cells = False
        super().user_line(frame)

    def user_return(self, frame: FrameType, return_value: Any) -> None:
        """Stop when a function returns; after a piece of a cell comes its next one."""
        if not (_is_cell(frame) and _is_outermost(frame)):
            super().user_return(frame, return_value)
            return
        shell = get_shell()
        self.set_step()
        self._only_cells = True
        if shell is not None:
            _at_end_of_cell(shell, self._leave)

    def _leave(self, *_: Any) -> None:
        """Stop tracing: the cell has ended."""
        if self._only_cells:
            self.set_continue()  # before, or it would stop in this very method
            self._only_cells = False

    # -- the conversation ----------------------------------------------------------------------

    def _cmdloop(self) -> None:
        """Read commands; an interrupt ends the debugger."""
        # pdb itself would ask again, for ever if the kernel is shutting down
        try:
            self.allow_kbdint = True
            self.cmdloop()
        except BaseException:
            self._only_cells = False
            self.set_quit()
            raise
        finally:
            self.allow_kbdint = False

    def do_EOF(self, arg: str) -> Any:  # noqa: N802 - as pdb names commands
        """Quit: there is nobody to answer any more."""
        return self.do_quit(arg)

    def print_stack_entry(self, frame_lineno: Any, prompt_prefix: str = "") -> None:
        """Show where we are, with the lines around."""
        frame, number = frame_lineno
        mark = ">" if frame is self.curframe else " "
        name = frame.f_code.co_name
        where = f"{_label(frame)}:{number}"
        self.message(f"{mark} {where}" + ("" if name == "<module>" else f" {name}()"))
        lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
        first = max(1, min(number - self.context // 2, len(lines) - self.context + 1))
        for shown in range(first, min(first + self.context, len(lines) + 1)):
            arrow = "---->" if shown == number else "     "
            self.message(f"{arrow} {shown:<4} {lines[shown - 1].rstrip()}")

    def do_context(self, arg: str) -> None:
        """Context N: show N lines of source around the current one."""
        if not arg.strip().isdigit() or int(arg) < 1:
            self.error(f"context takes a number of lines; it is {self.context}")
            return
        self.context = int(arg)

    def do_pinfo(self, arg: str) -> None:
        """Pinfo EXPRESSION: show what is known of an object."""
        self._inspect(arg, 0)

    def do_pinfo2(self, arg: str) -> None:
        """pinfo2 EXPRESSION: show what is known of an object, with its source."""
        self._inspect(arg, 1)

    def _inspect(self, arg: str, detail: int) -> None:
        shell = get_shell()
        name = arg.strip()
        if shell is None or not name:
            self.error("expected the name of an object")
            return
        try:
            value = eval(name, self.curframe.f_globals, self.curframe.f_locals)  # type: ignore[union-attr]
        except Exception as error:  # noqa: BLE001 - it is the person's expression
            self.error(f"{type(error).__name__}: {error}")
            return
        import inspect as standard

        self.message(f"Type:      {type(value).__name__}")
        if detail:
            try:
                self.message(f"Source:\n{standard.getsource(value)}")
            except (OSError, TypeError):
                self.message("There is no source of it.")
        self.message(f"Docstring: {standard.getdoc(value) or '<no docstring>'}")


def _is_cell(frame: FrameType) -> bool:
    compiler = getattr(get_shell(), "compile", None)
    return compiler is not None and bool(compiler.is_cell(frame.f_code.co_filename))


def _is_outermost(frame: FrameType) -> bool:
    return frame.f_code.co_name in ("<module>", "<cell line: 1>")


def _label(frame: FrameType) -> str:
    filename = frame.f_code.co_filename
    number = get_shell().compile.cell_of(filename) if _is_cell(frame) else None  # type: ignore[union-attr]
    if number is not None:
        return f"Cell In[{number}]"
    return filename.replace(os.path.expanduser("~"), "~", 1)  # noqa: PTH111 - text, not a path


def _at_end_of_cell(shell: Any, function: Any) -> None:
    def once() -> None:
        shell.events.unregister("post_execute", once)
        function()

    shell.events.register("post_execute", once)


def _make() -> Any:
    shell = get_shell()
    cls = getattr(shell, "debugger_cls", None) or Debugger
    return cls()


def set_trace(frame: FrameType | None = None) -> None:
    """Open the debugger at ``frame``, by default at the caller."""
    _make().set_trace(frame or sys._getframe(1))  # noqa: SLF001 - the only way to the caller


def breakpoint_hook(*args: Any, caller: FrameType | None = None, **options: Any) -> Any:
    """Do what ``breakpoint()`` does: stop for the frontend's debugger if one is attached, else open ours.

    The variable ``PYTHONBREAKPOINT`` is heeded as Python's own hook does.
    """
    wanted = os.environ.get("PYTHONBREAKPOINT", "")
    if wanted not in ("", "pdb.set_trace"):
        return sys.__breakpointhook__(*args, **options)
    dap = sys.modules.get("nuncius.kernel.debug.dap")
    if dap is not None and dap.attached():
        dap.stop_at(caller or sys._getframe(1))  # noqa: SLF001 - the only way to the caller
        return None
    set_trace(caller or sys._getframe(1))  # noqa: SLF001 - the only way to the caller
    return None


def post_mortem(tb: TracebackType | BaseException | None = None) -> None:
    """Debug an exception where it was raised.

    Args:
        tb: It, or its traceback; by default that of the last one that was shown.

    Raises:
        UsageError: There is none.
    """
    if tb is None:
        tb = getattr(sys, "last_traceback", None)
    if isinstance(tb, BaseException) and sys.version_info < (3, 13):
        tb = tb.__traceback__  # later ones let a person choose among chained exceptions
    if tb is None:
        raise UsageError(
            "%debug: there is no exception to look at: the last cell did not fail, or one after it succeeded"
        )
    debugger = _make()
    debugger.reset()
    debugger.interaction(None, tb)


def run_with_debugger(
    code: CodeType | str, ns: dict[str, Any], local_ns: dict[str, Any] | None = None
) -> None:
    """Run code by the debugger, stopping at its first line.

    Args:
        code: Text, or compiled.
        ns: Its globals.
        local_ns: Its locals.
    """
    try:
        _make().run(code, ns, ns if local_ns is None else local_ns)
    except bdb.BdbQuit:
        return
