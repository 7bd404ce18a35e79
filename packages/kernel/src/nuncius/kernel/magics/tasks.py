"""Run cells beside the others, list them, and cancel them: ``%%bg``, ``%tasks``, ``%cancel``."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.awaiting import finish, may_await
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.registry import Magics, cell_magic, line_magic, magics_class
from nuncius.kernel.magics.text import say

if TYPE_CHECKING:
    from nuncius.kernel.tasks import CellTask

__all__ = ["TaskMagics"]


@magics_class
class TaskMagics(Magics):
    """Cells in the background."""

    @may_await
    @cell_magic
    @options(
        Flag("thread", "Run it in a thread even if it awaits: for code that also computes."),
        anywhere=True,
    )
    def bg(self, opts: Opts, rest: str, cell: str) -> Any:
        """Run the cell in the background: the next one need not wait for it.

        A cell that awaits is a task of the kernel's event loop; any other runs in a thread. Its output appears below this cell, whenever it comes, and what it assigns is in the namespace, as always.
        The value is a handle: ``await handle`` gives the value of the cell's last expression, or raises what it has raised. With a name, the handle is in the variable of that name.

        ::

            %%bg download
            pages = await fetch_all(addresses)
            len(pages)
        """
        __tracebackhide__ = True
        name = rest.strip()
        if name and (not name.isidentifier() or keyword.iskeyword(name)):
            raise UsageError(f"%%bg: expected the name of a variable, or nothing, got {name!r}")
        return finish(self.shell, self._start(cell, name, thread="thread" in opts), awaits=False)

    async def _start(self, cell: str, name: str, *, thread: bool) -> CellTask:
        __tracebackhide__ = True
        task: CellTask = self.shell.tasks.start(cell, name, thread=thread)
        if name:
            self.shell.user_ns[name] = task
        return task

    @line_magic
    @options()
    def tasks(self, opts: Opts, rest: str) -> None:
        """List the cells that run in the background, and those that have ended and that you still have."""
        rows = [(task.name, f"In[{task.number}]", task.describe()) for task in self.shell.tasks]
        if not rows:
            say("There are no tasks: %%bg runs a cell in the background.")
            return
        rows.insert(0, ("Name", "Cell", "State"))
        widths = [max(len(row[column]) for row in rows) for column in range(2)]
        for name, number, state in rows:
            say(f"{name:{widths[0]}}  {number:{widths[1]}}  {state}")

    @line_magic
    @options()
    def cancel(self, opts: Opts, rest: str) -> None:
        """Cancel what runs in the background: by its name, by the number of its cell, or ``all``.

        Code that awaits gets ``CancelledError`` there, code in a thread ``KeyboardInterrupt``.
        """
        name = rest.strip()
        if not name:
            raise UsageError(
                "%cancel: a name, the number of a cell, or 'all' is required; see %tasks"
            )
        canceled = self.shell.tasks.cancel(name)
        if not canceled and name != "all":
            raise UsageError(
                f"%cancel: nothing runs in the background that is {name!r}; see %tasks"
            )
        for task in canceled:
            say(f"Canceling {task.label}.")
