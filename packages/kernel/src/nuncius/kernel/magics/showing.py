"""Keep or show the output of a cell: ``%%capture``, ``%%html`` and its relatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.awaiting import finish, may_await
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.nested import nested
from nuncius.kernel.magics.registry import Magics, cell_magic, magics_class, no_var_expand

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from nuncius.kernel.display.capture import capture_output

__all__ = ["DisplayMagics"]


@magics_class
class DisplayMagics(Magics):
    """Output."""

    @may_await
    @cell_magic
    @options(
        Flag("no-stdout", "Do not capture what is printed."),
        Flag("no-stderr", "Do not capture what is printed to the errors' stream."),
        Flag("no-display", "Do not capture what is displayed."),
        anywhere=True,
    )
    def capture(self, opts: Opts, rest: str, cell: str) -> Any:
        """Keep the output of the cell instead of showing it; in a variable, if one is named.

        The variable has ``.stdout``, ``.stderr`` and ``.outputs``; calling it, or its ``.show()``, shows everything.

        ::

            %%capture output
            print("not shown")
        """
        __tracebackhide__ = True
        from nuncius.kernel.display.capture import capture_output

        if len(rest.split()) > 1:
            raise UsageError(f"%%capture: expected one name of a variable, got {rest!r}")
        captured = capture_output(
            "no-stdout" not in opts, "no-stderr" not in opts, "no-display" not in opts
        )
        pieces, awaits = nested(self.shell, cell)
        return finish(self.shell, self._captured(captured, pieces, rest), awaits)

    async def _captured(
        self, captured: capture_output, pieces: Coroutine[Any, Any, None], name: str
    ) -> None:
        """Run code with its output captured, and put that into a variable, if one is named."""
        __tracebackhide__ = True
        with captured as output:
            try:
                await pieces
            finally:
                if name:
                    self.shell.user_ns[name] = output

    @no_var_expand
    @cell_magic("HTML")
    @cell_magic
    @options(Flag("isolated", "In a frame of its own, so that its styles do not reach the page."))
    def html(self, opts: Opts, rest: str, cell: str) -> None:
        """Show the cell as HTML."""
        from nuncius.kernel.display.functions import display
        from nuncius.kernel.display.objects import HTML

        display(
            HTML(cell), metadata={"text/html": {"isolated": True}} if "isolated" in opts else None
        )

    @no_var_expand
    @cell_magic("js")
    @cell_magic
    def javascript(self, line: str, cell: str) -> None:
        """Run the cell as JavaScript, in the browser."""
        from nuncius.kernel.display.functions import display
        from nuncius.kernel.display.objects import Javascript

        display(Javascript(cell))

    @no_var_expand
    @cell_magic
    def latex(self, line: str, cell: str) -> None:
        """Show the cell as LaTeX, as far as MathJax knows it."""
        from nuncius.kernel.display.functions import display
        from nuncius.kernel.display.objects import Latex

        display(Latex(cell))

    @no_var_expand
    @cell_magic
    def markdown(self, line: str, cell: str) -> None:
        """Show the cell as Markdown."""
        from nuncius.kernel.display.functions import display
        from nuncius.kernel.display.objects import Markdown

        display(Markdown(cell))

    @no_var_expand
    @cell_magic("SVG")
    @cell_magic
    def svg(self, line: str, cell: str) -> None:
        """Show the cell as a picture in SVG."""
        from nuncius.kernel.display.functions import display
        from nuncius.kernel.display.objects import SVG

        display(SVG(cell))
