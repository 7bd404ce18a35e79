"""Commands of the debugger that `pdb` does not have: what is known of an object, linked exceptions, hidden frames, typing Python in a frame."""

from __future__ import annotations

import sys
import traceback
from bdb import BdbQuit
from collections.abc import Mapping
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from nuncius.kernel.current import get_shell
from nuncius.kernel.debug.frames import Hiding, next_visible
from nuncius.kernel.debug.statements import Ended, read_whole
from nuncius.kernel.selection import Selection, select

if TYPE_CHECKING:
    import pdb

    from nuncius.kernel.debug.chain import Linked

    _Base = pdb.Pdb
else:
    _Base = object

__all__ = ["MoreCommands", "describe_error"]

_SWITCHES = dict.fromkeys(("yes", "y", "true", "1", "on"), True) | dict.fromkeys(
    ("no", "n", "false", "0", "off"), False
)

_LEAVING = frozenset({"exit", "exit()", "quit", "quit()"})


def describe_error(error: BaseException) -> str:
    """Return the line that says what an exception is."""
    try:
        told = traceback.TracebackException(type(error), error, None)
        told.__notes__ = None  # lines of their own
        return list(told.format_exception_only())[-1].strip()
    except Exception:  # noqa: BLE001 - its __str__ is the person's code
        return type(error).__name__


class MoreCommands(_Base):
    """A half of `nuncius.kernel.debug.prompt.Debugger`: see there for the attributes."""

    context: int
    skips_hidden: bool
    hiding: Hiding
    linked: list[Linked]
    shown_error: int

    def ask_line(self, prompt: str, selection: Selection | None = None) -> str:
        """Return a line that is typed, with its end; an empty text at the end of input."""
        raise NotImplementedError

    # -- frames --------------------------------------------------------------------------------

    def do_up(self, arg: str) -> None:
        """`up [COUNT]`: go up to the caller, or by so many callers; hidden frames are skipped."""
        self._go(arg, -1, "Oldest frame")

    do_u = do_up

    def do_down(self, arg: str) -> None:
        """`down [COUNT]`: go down to the function that was called, or by so many; hidden frames are skipped."""
        self._go(arg, 1, "Newest frame")

    do_d = do_down

    def _go(self, arg: str, step: int, end: str) -> None:
        try:
            count = int(arg or 1)
        except ValueError:
            self.error(f"Invalid frame count ({arg})")
            return
        index, skipped = self.curindex, 0
        for _ in range(count if count > 0 else len(self.stack)):
            following, hidden = next_visible(self.stack, index, step, self._hides)
            if following == index:
                break
            index, skipped = following, skipped + hidden
        if index == self.curindex:
            hint = " that is not hidden: skip_hidden no" if self._hides_more(step) else ""
            self.error(f"{end}{hint}")
            return
        if skipped:
            self.message(f"    [... {skipped} hidden frame{'s' * (skipped != 1)}]")
        self._select_frame(index)

    def _hides_more(self, step: int) -> bool:
        following, _ = next_visible(self.stack, self.curindex, step, lambda frame: False)
        return following != self.curindex

    def _hides(self, frame: FrameType) -> bool:
        return self.skips_hidden and self.hiding.hides(frame)

    def do_skip_hidden(self, arg: str) -> None:
        """`skip_hidden [yes | no]`: skip frames that say `__tracebackhide__ = True`, or show them; without an argument, say what holds."""
        wanted = _SWITCHES.get(arg.strip().lower())
        if wanted is not None:
            self.skips_hidden = wanted
        elif arg.strip():
            self.error("skip_hidden takes yes or no")
            return
        self.message(f"Hidden frames are {'skipped' if self.skips_hidden else 'shown'}.")

    def do_skip_predicates(self, arg: str) -> None:
        """`skip_predicates [REASON yes | no]`: choose for which reasons frames are hidden or stepped over; without an argument, list them."""
        reasons = self.hiding.reasons
        name, _, value = arg.strip().partition(" ")
        wanted = _SWITCHES.get(value.strip().lower())
        if not name:
            for reason, counts in reasons.items():
                self.message(f"{reason:<17} {'yes' if counts else 'no'}")
        elif name not in reasons or wanted is None:
            self.error(f"skip_predicates takes one of {', '.join(reasons)}, and yes or no")
        else:
            reasons[name] = wanted

    def do_ignore_module(self, arg: str) -> None:
        """`ignore_module [PATTERN]`: do not stop in modules of this name, such as `asyncio.*`; without an argument, list them."""
        if arg.strip():
            self.skip = {*(self.skip or ()), arg.strip()}
        else:
            self._list_ignored()

    def do_unignore_module(self, arg: str) -> None:
        """`unignore_module PATTERN`: stop in these modules again."""
        before = {*(self.skip or ())}
        if arg.strip() in before:
            self.skip = before - {arg.strip()}
        else:
            self.error(f"{arg.strip()!r} is not ignored")
            self._list_ignored()

    def _list_ignored(self) -> None:
        self.message(f"Ignored modules: {', '.join(sorted(self.skip or ())) or 'none'}")

    def do_context(self, arg: str) -> None:
        """`context LINES`: show so many lines of source around the current one."""
        if not arg.strip().isdigit() or int(arg) < 1:
            self.error(f"context takes a number of lines; it is {self.context}")
            return
        self.context = int(arg)

    # -- objects -------------------------------------------------------------------------------

    def do_pinfo(self, arg: str) -> None:
        """`pinfo NAME, or NAME?`: show what is known of an object."""
        self._inspect(arg, 0)

    def do_pinfo2(self, arg: str) -> None:
        """`pinfo2 NAME, or NAME??`: show what is known of an object, with its source."""
        self._inspect(arg, 1)

    def do_pdef(self, arg: str) -> None:
        """`pdef NAME`: show how an object is called."""
        self._show_field(arg, "definition", "call_def", "init_definition")

    def do_pdoc(self, arg: str) -> None:
        """`pdoc NAME`: show the documentation of an object."""
        self._show_field(arg, "docstring")

    def do_psource(self, arg: str) -> None:
        """`psource NAME`: show the source of an object."""
        self._show_field(arg, "source")

    def do_pfile(self, arg: str) -> None:
        """`pfile NAME`: show in which file an object is defined."""
        self._show_field(arg, "file")

    def _inspect(self, arg: str, detail: int) -> None:
        shell: Any = get_shell()
        if shell is None or not arg.strip():
            self.error("expected the name of an object")
            return
        with select(shell, self.selection()):
            bundle = shell.inspector.bundle(arg.strip(), detail)
        if bundle is None:
            self.error(f"there is no object {arg.strip()!r} here")
        else:
            self.message(bundle["text/plain"])

    def _show_field(self, arg: str, *fields: str) -> None:
        shell: Any = get_shell()
        if shell is None or not arg.strip():
            self.error("expected the name of an object")
            return
        with select(shell, self.selection()):
            info = shell.inspector.info(arg.strip(), 1)
        known = {} if info is None else info.as_dict()
        text = next((known[field] for field in fields if known.get(field)), None)
        if text is None:
            self.error(f"nothing is known of {arg.strip()!r}")
        else:
            self.message(text)

    def selection(self, local_ns: Mapping[str, Any] | None = None) -> Selection:
        """Return where names are looked up while the debugger waits."""
        frame = self.curframe
        if frame is None:
            return Selection({}, {}, {})
        found = self.curframe_locals if local_ns is None else local_ns
        return Selection(found, frame.f_globals, self._known_commands())

    def _known_commands(self) -> dict[str, str]:
        names = {name[3:] for name in self.get_names() if name.startswith("do_")} - {"EOF"}
        return {name: _first_line(getattr(self, f"do_{name}").__doc__) for name in sorted(names)}

    # -- what pdb does in a program of its own --------------------------------------------------

    def do_debug(self, arg: str) -> None:
        """`debug CODE`: run code step by step by a debugger of its own; its end comes back to this one."""
        frame = self.curframe
        if frame is None or not arg.strip():
            self.error("debug takes code to run step by step")
            return
        inner = self.nested()
        inner.prompt = f"({getattr(self, 'shown_prompt', self.prompt).strip()}) "
        before = sys.gettrace()  # none after an error: there is nothing to step through
        sys.settrace(None)
        self.message("ENTERING RECURSIVE DEBUGGER")
        try:
            sys.call_tracing(inner.run, (arg, frame.f_globals, self.curframe_locals))
        except BdbQuit:
            pass
        except Exception as error:  # noqa: BLE001 - the person's code
            self.error(describe_error(error))
        finally:
            sys.settrace(before)
        self.message("LEAVING RECURSIVE DEBUGGER")
        self.lastcmd = inner.lastcmd

    def nested(self) -> pdb.Pdb:
        """Return a debugger for code that this one runs."""
        raise NotImplementedError

    def do_run(self, arg: str) -> None:
        """`run`: not here: run the cell again instead."""
        self.error("there is no program to start again: `q` ends this cell, and you run it again")

    do_restart = do_run

    # -- exceptions ----------------------------------------------------------------------------

    def do_exceptions(self, arg: str) -> None:
        """`exceptions [NUMBER]`: list the exceptions that are linked to this one, members of groups among them; with a number, look at that one."""
        if not self.linked:
            self.error(
                "there is no exception here: `exceptions` is for the debugger after an error"
            )
        elif not arg.strip():
            for number, linked in enumerate(self.linked):
                self.message(self._listed(number, linked))
        else:
            self._look_at(arg.strip())

    do_exception = do_exceptions

    def _listed(self, number: int, linked: Linked) -> str:
        mark = ">" if number == self.shown_error else " " if linked.has_frames else "-"
        relation = f"[{linked.relation}] " if linked.relation else ""
        return f"{mark} {number:>3} {'  ' * linked.depth}{relation}{describe_error(linked.error)}"

    def _look_at(self, arg: str) -> None:
        if not arg.isdigit() or int(arg) >= len(self.linked):
            self.error(f"expected the number of an exception, 0 to {len(self.linked) - 1}")
            return
        linked = self.linked[int(arg)]
        traceback_: TracebackType | None = linked.error.__traceback__
        if traceback_ is None:
            self.error("that exception was never raised: there are no frames to look at")
            return
        self.shown_error = int(arg)
        self.setup(None, traceback_)
        self.message(describe_error(linked.error))
        self.print_stack_entry(self.stack[self.curindex])

    # -- Python --------------------------------------------------------------------------------

    def do_interact(self, arg: str) -> None:
        """`interact`: type Python here, with all names of the frame, until `exit`; assignments do not reach the frame."""
        frame = self.curframe
        if frame is None:
            return
        names = {**frame.f_globals, **self.curframe_locals}
        selection = Selection(names, names, {})
        self.message("Python with the names of this frame; `exit` goes back to the debugger.")
        while (line := self.ask_line(">>> ", selection)) and line.strip() not in _LEAVING:
            try:
                text = read_whole(line.rstrip("\r\n"), lambda: self.ask_line("... ", selection))
                self.run_statements(text, names, names)
            except Ended:
                break

    def run_statements(self, text: str, global_ns: dict[str, Any], local_ns: Any) -> None:
        """Run what was typed, and show what it raises in a line."""
        raise NotImplementedError


def _first_line(doc: str | None) -> str:
    lines = (line.strip() for line in (doc or "").splitlines())
    return next((line for line in lines if line), "")
