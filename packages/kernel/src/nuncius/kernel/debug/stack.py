"""Show where a debugger stands: frames with the source around their lines, in the shell's colors."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, Any

from nuncius.kernel.current import get_shell
from nuncius.kernel.debug.frames import Hiding, label_of
from nuncius.kernel.themes import THEMES, Theme, highlight

if TYPE_CHECKING:
    import pdb

    _Base = pdb.Pdb
else:
    _Base = object

__all__ = ["StackShown"]


class StackShown(_Base):
    """A part of `nuncius.kernel.debug.prompt.Debugger`: see there for the attributes."""

    context: int
    skips_hidden: bool
    hiding: Hiding

    def print_stack_entry(self, frame_lineno: Any, prompt_prefix: str = "") -> None:
        """Show where we are, with the lines around."""
        frame, number = frame_lineno
        theme = _theme()
        mark = ">" if frame is self.curframe else " "
        name = frame.f_code.co_name
        where = f"{theme.paint('filename', label_of(frame))}:{theme.paint('lineno', str(number))}"
        function = "" if name == "<module>" else f" {theme.paint('function', name)}()"
        self.message(f"{mark} {where}{function}")
        lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
        first = max(1, min(number - self.context // 2, len(lines) - self.context + 1))
        for shown in range(first, min(first + self.context, len(lines) + 1)):
            current = shown == number
            margin = f"{'---->' if current else '     '} {shown:<4}"
            source = highlight(lines[shown - 1].rstrip(), theme)
            self.message(f"{theme.paint('arrow' if current else 'lineno', margin)} {source}")

    def print_stack_trace(self, *limit: Any) -> None:
        """Show all frames, the newest last; hidden ones are counted."""
        hidden = 0
        for entry in self.stack:
            if self.skips_hidden and entry[0] is not self.curframe and self.hiding.hides(entry[0]):
                hidden += 1
                continue
            if hidden:
                self.message(f"    [... {hidden} hidden frame{'s' * (hidden != 1)}]")
                hidden = 0
            self.print_stack_entry(entry)

    def do_where(self, arg: str) -> None:
        """`where [LINES]`: show all frames, the newest last, each with so many lines of source."""
        before = self.context
        if arg.strip().isdigit() and int(arg) > 0:
            self.context = int(arg)
        try:
            self.print_stack_trace()
        finally:
            self.context = before

    do_w = do_bt = do_where


def _theme() -> Theme:
    tracebacks = getattr(get_shell(), "tracebacks", None)
    theme = getattr(tracebacks, "theme", None)
    return theme if isinstance(theme, Theme) else THEMES["nocolor"]
