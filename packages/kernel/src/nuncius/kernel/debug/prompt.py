"""Debug with `pdb` from any frontend: the debugger's prompt is an input request, so that whoever can answer ``input()`` can debug.

The frames of the kernel below a cell are not shown, and stepping goes from one statement of a cell to the next, never into the kernel.

What a frontend can do more: the request has the metadata ``{"kind": "debugger"}``, and ``"continuation": True`` when it asks for the next line of a statement. While it waits, ``complete_request`` and ``inspect_request`` on the control channel answer from the selected frame. An answer may have several lines.

An interrupt at the prompt ends the debugger, and interrupts the cell; while something runs that was typed there, it ends that.
"""

from __future__ import annotations

import bdb
import gc
import os
import pdb
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from nuncius.kernel.current import get_shell
from nuncius.kernel.debug.answers import Answers, Output, frontend
from nuncius.kernel.debug.chain import Linked, linked_exceptions
from nuncius.kernel.debug.commands import MoreCommands, describe_error
from nuncius.kernel.debug.frames import (
    Entry,
    Hiding,
    is_cell,
    is_outermost,
    visible,
    with_labels,
)
from nuncius.kernel.debug.interrupts import interrupts_reach_here
from nuncius.kernel.debug.stack import StackShown
from nuncius.kernel.debug.statements import Ended, evaluate, execute, read_whole
from nuncius.kernel.debug.stranded import Stranded, is_of_loop, talk_in_next_cell
from nuncius.kernel.debug.visits import Visit, is_left_behind
from nuncius.kernel.debug.waiting import TALK
from nuncius.kernel.errors import UsageError
from nuncius.kernel.traceback.formatter import is_kernel_frame

if TYPE_CHECKING:
    from nuncius.kernel.selection import Selection

__all__ = [
    "Debugger",
    "breakpoint_hook",
    "post_mortem",
    "run_with_debugger",
    "set_trace",
]

_PROMPT = "ipdb> "
_CONTINUATION = "...   "

#: A variable that is used, not a command that is given: ``n = 3``, ``a.b``, ``l[0]``.
_USE = re.compile(r"(?P<name>[^\W\d]\w*)(?P<rest>\s*(?:[-+*/%&|^@]|//|<<|>>|\*\*)?=(?!=)|\.|\[)")

#: Modules that nobody steps into: the debugger's own, and what runs when an object goes, in the middle of something else.
_NEVER = frozenset({"bdb", "pdb", "_weakrefset", "weakref"})


def _is_collectors(frame: FrameType | None) -> bool:
    """Tell whether the garbage collector runs this, in the middle of something else."""
    codes = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    while codes and frame is not None:
        if frame.f_code in codes:
            return True
        frame = frame.f_back
    return False


class Debugger(MoreCommands, StackShown, pdb.Pdb):
    """`pdb`, for cells.

    Args:
        completekey: Of `pdb`; frontends complete by themselves.
        stdin: Read commands here rather than from the frontend.
        stdout: Write here rather than to the cell's output.
        context: So many lines of source are shown around the current one.
        **options: Of `pdb.Pdb`: ``skip``, ``nosigint``, ``readrc``.

    Attributes:
        skips_hidden: Frames that are hidden are neither stopped in nor shown.
        hiding: Which frames these are.
        linked: The exceptions to choose from, after an error.
        shown_error: Which of them is looked at.
        visit: The cell that it asks in, where the thread's own has ended.
        is_of_loop: It has stopped in a task, or a callback, of the event loop.
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
        self.skips_hidden = True
        self.hiding = Hiding()
        self.linked: list[Linked] = []
        self.shown_error = 0
        self.visit: Visit | None = None
        self.is_of_loop = False
        #: The cell has ended a piece: stop at the next statement of a cell, and nowhere else.
        self._only_cells = False
        #: It was to stop after the statement of a cell that asked for it, and has not done so yet.
        self._is_due = False
        options.setdefault("nosigint", True)  # interrupts are the kernel's
        options.setdefault("readrc", stdin is None and frontend() is None)
        self._answers = Answers(self) if stdin is None else None
        # pdb asks of them no more than what ours have
        source: Any = self._answers or stdin
        sink: Any = Output() if stdout is None else stdout
        super().__init__(completekey, source, sink, **options)
        self.use_rawinput = False
        self.shown_prompt = _PROMPT

    @property
    def prompt(self) -> str:
        """Nothing: the prompt is part of the input request."""
        return "" if self._answers is not None else self.shown_prompt

    @prompt.setter
    def prompt(self, text: str) -> None:
        self.shown_prompt = text

    # -- whose frames are shown, and stopped in ------------------------------------------------

    def get_stack(self, f: FrameType | None, t: TracebackType | None) -> tuple[list[Entry], int]:
        """Return the frames, without those of the kernel below the cell and above an error."""
        return visible(*super().get_stack(f, t))

    def stop_here(self, frame: FrameType) -> bool:
        """Tell whether to stop in ``frame``: not in the kernel, nor where it asks not to."""
        if is_kernel_frame(frame) or frame.f_globals.get("__name__") in _NEVER:
            return False
        if self._only_cells and not (is_cell(frame) and is_outermost(frame)):
            return False
        if not super().stop_here(frame) or (self.skips_hidden and self.hiding.hides(frame)):
            return False
        return not (self.hiding.steps_over(frame) or _is_collectors(frame))

    def break_anywhere(self, frame: FrameType) -> bool:
        """Tell whether a breakpoint may be met in ``frame``, or in what it calls: also where one does not stop by oneself."""
        return super().break_anywhere(frame) or self.hiding.is_marked(frame)

    def set_trace(self, frame: FrameType | None = None, **_: Any) -> None:
        """Stop at the next line of ``frame``, by default of the caller."""
        where = frame or sys._getframe(1)  # noqa: SLF001 - the only way to the caller
        super().set_trace(where)
        self.set_next(where)  # else it could stop in what the interpreter calls meanwhile
        self._is_due = True
        self._end_with_cell(where)

    def user_call(self, frame: FrameType, argument_list: None) -> None:
        """Stop when a function is called; a cell's next piece is none."""
        if is_cell(frame) and is_outermost(frame):
            return
        if self.rcLines:  # commands come before the person's: one of them may go on at once
            self.interaction(frame, None)
        else:
            super().user_call(frame, argument_list)

    def user_line(self, frame: FrameType) -> None:
        """Stop at a line."""
        self._only_cells = False
        super().user_line(frame)

    def user_return(self, frame: FrameType, return_value: Any) -> None:
        """Stop when a function returns; after a piece of a cell comes its next one."""
        if not (is_cell(frame) and is_outermost(frame)):
            super().user_return(frame, return_value)
            return
        self.set_step()
        self._only_cells = True
        self._end_with_cell(frame)

    def _end_with_cell(self, last: FrameType) -> None:
        """Have tracing end with the cell: breakpoints that are left would slow down all that follows.

        Args:
            last: Stop here at the end, if it was to stop and no statement has come.
        """
        shell: Any = get_shell()
        if shell is None:
            return

        def end() -> None:
            shell.events.unregister("post_execute", end)
            if getattr(sys.gettrace(), "__self__", None) is self:
                sys.settrace(None)
            self._only_cells = False
            if self._is_due and is_cell(last):
                super(Debugger, self).user_return(last, None)

        shell.events.register("post_execute", end)

    def nested(self) -> pdb.Pdb:
        """Return a debugger for code that this one runs; it talks to the same person."""
        if self._answers is not None:
            return type(self)(context=self.context)
        return type(self)(None, self.stdin, self.stdout, context=self.context)

    # -- the conversation ----------------------------------------------------------------------

    def interaction(self, frame: FrameType | None, tb: Any) -> None:
        """Talk to the person; another thread that has stopped waits for its turn.

        Args:
            frame: Where the program has stopped.
            tb: After an error: the exception, or its traceback.
        """
        self._is_due = False
        if isinstance(tb, BaseException):
            self.linked, self.shown_error = linked_exceptions(tb), 0
            if len(self.linked) > 1:
                self.message(
                    f"{len(self.linked)} exceptions are linked: `exceptions` lists them, `exceptions 1` looks at another one."
                )
            tb = tb.__traceback__
        self.is_of_loop = is_of_loop(frame)
        try:
            with self._visit(), TALK:
                super().interaction(frame, tb)
            return
        except Stranded:
            pass
        finally:
            self.linked = []
        if self.is_of_loop:
            talk_in_next_cell(get_shell(), lambda: self.interaction(frame, tb), self.message)
        else:
            self.interaction(frame, tb)  # as a visitor

    @contextmanager
    def _visit(self) -> Iterator[None]:
        """Ask in a cell that runs, if this is a thread whose own has ended; stay there as long as it is stepped through."""
        if self.visit is None and self._answers is not None and is_left_behind(get_shell()):
            self.visit = Visit(get_shell(), self.message)
        if self.visit is None:
            yield
            return
        goes_on = False
        try:
            with self.visit.asking():
                yield
            goes_on = not self.quitting and self.stoplineno != -1  # not `continue`
        finally:
            if not goes_on:
                self.visit.end()
                self.visit = None

    def _cmdloop(self) -> None:
        """Read commands; an interrupt ends the debugger."""
        # pdb itself would ask again, for ever if the kernel is shutting down
        try:
            self.allow_kbdint = True
            self.cmdloop()
        except Stranded:
            raise
        except BaseException:
            self._only_cells = False
            self.set_quit()
            raise
        finally:
            self.allow_kbdint = False

    def ask_line(self, prompt: str, selection: Selection | None = None) -> str:
        """Return a line that is typed, with its end; an empty text at the end of input."""
        if self._answers is not None:
            return self._answers.ask(prompt, selection, continuation=True)
        self.stdout.write(prompt)
        self.stdout.flush()
        return str(self.stdin.readline())

    def precmd(self, line: str) -> str:
        """Return the command that a line means: ``name?`` asks, and what uses a variable is Python."""
        line = line.strip()
        if line == "?":
            return "help"
        if line.endswith("?") and not line.startswith("!"):
            command = "pinfo2" if line.endswith("??") else "pinfo"
            return f"{command} {line.rstrip('?')}"
        match = _USE.match(line)
        if match is not None and hasattr(self, f"do_{match['name']}"):
            used = match["rest"].strip().endswith("=") or self._is_variable(match["name"])
            line = f"!{line}" if used else line
        if "\n" in line:
            return line  # a statement: its lines are no commands, and two semicolons are its own
        return str(super().precmd(line))

    def message(self, msg: object) -> None:
        """Show a line; cells have their names in it, not those of their files."""
        super().message(with_labels(str(msg)))

    def _is_variable(self, name: str) -> bool:
        frame = self.curframe
        return frame is not None and (name in self.curframe_locals or name in frame.f_globals)

    def default(self, line: str) -> None:
        """Run a line that is no command, and the lines that belong to it, as Python."""
        frame = self.curframe
        if frame is None:
            return
        try:
            text = read_whole(line.removeprefix("!").strip(), lambda: self.ask_line(_CONTINUATION))
        except Ended:
            return
        self.run_statements(text, frame.f_globals, self.curframe_locals)

    def run_statements(self, text: str, global_ns: dict[str, Any], local_ns: Any) -> None:
        """Run what was typed; values are shown here, and are no outputs of the cell."""
        before = sys.displayhook, sys.stdout
        sys.displayhook = self.displayhook
        if self._answers is None:
            sys.stdout = self.stdout
        try:
            with interrupts_reach_here():
                execute(text, global_ns, local_ns)
        except bdb.BdbQuit:
            raise
        except BaseException as error:  # noqa: BLE001 - the person's; to be canceled is one
            self.error(describe_error(error))
        finally:
            sys.displayhook, sys.stdout = before

    def _getval(self, arg: str) -> Any:
        """Return the value of an expression for ``p`` and its kind, after saying what is wrong with it."""
        assert self.curframe is not None
        try:
            with interrupts_reach_here():
                return evaluate(arg, self.curframe.f_globals, self.curframe_locals)
        except BaseException as error:
            self.error(describe_error(error))
            raise

    def do_EOF(self, arg: str) -> Any:  # noqa: N802 - as pdb names commands
        """`EOF`: quit: there is nobody to answer any more."""
        return self.do_quit(arg)


def _make() -> Any:
    shell = get_shell()
    cls = getattr(shell, "debugger_cls", None) or Debugger
    return cls()


def set_trace(
    frame: FrameType | None = None, *, header: str | None = None, context: int | None = None
) -> None:
    """Open the debugger at ``frame``, by default at the caller.

    Args:
        frame: Where.
        header: A line to say first.
        context: So many lines of source are shown around the current one.
    """
    debugger = _make()
    if context is not None:
        debugger.context = context
    if header is not None:
        debugger.message(header)
    debugger.set_trace(frame or sys._getframe(1))  # noqa: SLF001 - the only way to the caller


def breakpoint_hook(
    *args: Any,
    caller: FrameType | None = None,
    header: str | None = None,
    context: int | None = None,
    **options: Any,
) -> Any:
    """Do what ``breakpoint()`` does: stop for the frontend's debugger if one is attached, else open ours.

    The variable ``PYTHONBREAKPOINT`` is heeded as Python's own hook does: the function that it names gets all arguments.

    Raises:
        TypeError: Our debugger does not take an argument.
    """
    wanted = os.environ.get("PYTHONBREAKPOINT", "")
    if wanted not in ("", "pdb.set_trace"):
        given = {"header": header, "context": context}
        options |= {name: value for name, value in given.items() if value is not None}
        return sys.__breakpointhook__(*args, **options)
    if args or options:
        raise TypeError(
            f"breakpoint() takes header= and context= here, got {[*map(repr, args), *options]}"
        )
    where = caller or sys._getframe(1)  # noqa: SLF001 - the only way to the caller
    dap = sys.modules.get("nuncius.kernel.debug.dap")
    if dap is not None and dap.attached():
        dap.stop_at(where)
        return None
    set_trace(where, header=header, context=context)
    return None


def post_mortem(error: TracebackType | BaseException | None = None) -> None:
    """Debug an exception where it was raised.

    Args:
        error: It, or its traceback; by default the last one that was shown.

    Raises:
        UsageError: There is none.
    """
    if error is None:
        error = getattr(sys, "last_value", None)
    has_frames = error.__traceback__ if isinstance(error, BaseException) else error
    if error is None or has_frames is None:
        raise UsageError(
            "%debug: there is no exception to look at: the last cell did not fail, or one after it succeeded"
        )
    failures = getattr(get_shell(), "failures", None)
    if failures is not None:
        failures.stay()  # a person may want to look again
    debugger = _make()
    debugger.reset()
    if isinstance(error, BaseException) and not isinstance(debugger, MoreCommands):
        # a debugger of somebody else's; pdb knows exceptions from Python 3.13 on
        error = error if sys.version_info >= (3, 13) else error.__traceback__
    debugger.interaction(None, error)


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
