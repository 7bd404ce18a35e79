"""Tell where code spends its time: ``%prun``, and ``%run -p``."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.awaiting import (
    TOP_LEVEL_AWAIT,
    await_magics,
    finish,
    is_coroutine_code,
    may_await,
)
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.registry import Magics, line_cell_magic, magics_class, no_var_expand
from nuncius.kernel.magics.text import say, writing
from nuncius.kernel.runner import drive

if TYPE_CHECKING:
    import cProfile

__all__ = ["PROFILE_FLAGS", "ProfilingMagics", "profiled"]

PROFILE_FLAGS = (
    Flag(
        "l",
        "Restrict the report: to so many lines (a whole number), to a part (0.0 to 1.0), or to functions whose names match.",
        "LIMIT",
        repeated=True,
    ),
    Flag("r", "Return the statistics, a pstats.Stats."),
    Flag(
        "s",
        "Sort by calls, cumulative, file, line, module, name, nfl, pcalls, stdname or time, which is the default.",
        "KEY",
        repeated=True,
    ),
    Flag("T", "Save the report as text.", "FILE"),
    Flag("D", "Save the statistics, for pstats.", "FILE"),
    Flag("q", "Do not show the report."),
)


@magics_class
class ProfilingMagics(Magics):
    """The profiler."""

    @may_await
    @no_var_expand
    @line_cell_magic
    @options(*PROFILE_FLAGS)
    def prun(self, opts: Opts, line: str, cell: str | None = None) -> Any:
        """Run code by Python's profiler, and show in the pager where it spends its time.

        ::

            %prun -s cumulative -l 10 work()

            %%prun -q -D work.prof
            work()
        """
        __tracebackhide__ = True
        source = line if cell is None else f"{line}\n{cell}"
        code = self.shell.transform_cell(source)
        flags = TOP_LEVEL_AWAIT if self.shell.autoawait else 0
        filename = self.shell.compile.cache(code, self.shell.execution_count)
        tree = await_magics(self.shell, self.shell.compile.parse(code, filename))
        compiled = self.shell.compile(tree, filename, "exec", flags=flags)
        work = _profiled(self.shell, compiled, opts, self.shell.user_ns)
        return finish(self.shell, work, is_coroutine_code(compiled))


def profiled(shell: Any, code: str, opts: Opts, namespace: dict[str, Any]) -> Any:
    """Run code by the profiler.

    Args:
        shell: Shows the report.
        code: Python.
        opts: Of `PROFILE_FLAGS`.
        namespace: The globals of the code.

    Returns:
        The statistics, if the options ask for them.
    """
    __tracebackhide__ = True
    compiled = shell.compile(code, shell.compile.cache(code, shell.execution_count), "exec")
    return drive(_profiled(shell, compiled, opts, namespace))


async def _profiled(shell: Any, compiled: Any, opts: Opts, namespace: dict[str, Any]) -> Any:
    __tracebackhide__ = True
    import cProfile

    profile = cProfile.Profile()
    note = ""
    awaits = is_coroutine_code(compiled)
    profile.enable()
    try:
        value = eval(compiled, namespace)
        if awaits:
            await value
    except SystemExit:
        note = "*** SystemExit exception caught in code being profiled."
    finally:
        profile.disable()
    return _reported(shell, profile, note, opts)


def _reported(shell: Any, profile: cProfile.Profile, note: str, opts: Opts) -> Any:
    """Show and save a profile as the options want it; see `profiled`."""
    import pstats

    report = StringIO()
    stats = pstats.Stats(profile, stream=report).strip_dirs()
    keys = opts.get("s", ["time"])
    if wrong := [key for key in keys if key not in stats.get_sort_arg_defs()]:
        raise UsageError(f"%prun: -s cannot sort by {wrong[0]!r}; {PROFILE_FLAGS[2].help}")
    stats.sort_stats(*keys)
    stats.print_stats(*(_limit(text) for text in opts.get("l", ())))
    text = report.getvalue().rstrip()
    if "q" not in opts:
        shell.show_page(text)
    if note:
        say(note)
    if "D" in opts:
        with writing("%prun", opts["D"]):
            profile.dump_stats(opts["D"])
        say(f"*** Profile stats marshalled to file {opts['D']!r}.")
    if "T" in opts:
        with writing("%prun", opts["T"]):
            Path(opts["T"]).write_text(text, encoding="utf-8")
        say(f"*** Profile printout saved to text file {opts['T']!r}.")
    return stats if "r" in opts else None


def _limit(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
