"""Measure how long code takes: ``%time`` once, ``%timeit`` many times."""

from __future__ import annotations

import ast
import gc
import math
import sys
import time as clocks
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from itertools import repeat
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.awaiting import (
    TOP_LEVEL_AWAIT,
    await_magics,
    finish,
    is_coroutine_code,
    may_await,
    mentions_waiting,
)
from nuncius.kernel.magics.flags import Flag, Opts, options
from nuncius.kernel.magics.registry import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
    output_can_be_silenced,
)
from nuncius.kernel.magics.text import say

__all__ = ["TimeitResult", "TimingMagics", "cpu_times", "format_time"]

#: Compilation that takes longer is reported.
_SLOW = 0.1
_REPEAT = 7
#: A run of at least so many seconds is long enough to be exact.
_LONG_ENOUGH = 0.2
_SCALES = ((1.0, "s"), (1e3, "ms"), (1e6, "\N{GREEK SMALL LETTER MU}s"), (1e9, "ns"))


def format_time(seconds: float, precision: int = 3) -> str:
    """Return a time for people: ``1.23 ms``, ``2min 5s``.

    Args:
        seconds: The time.
        precision: Significant digits.
    """
    if seconds >= 60:
        parts = []
        for name, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
            count, seconds = divmod(seconds, length)
            if count:
                parts.append(f"{int(count)}{name}")
            if seconds < 1:
                break
        return " ".join(parts)
    order = min(max(-(math.floor(math.log10(seconds)) // 3), 0), 3) if seconds > 0 else 3
    text = f"{seconds * _SCALES[order][0]:.{precision}g}"
    if order and float(text) >= 1000:  # it was rounded up to the next unit
        order -= 1
        text = f"{seconds * _SCALES[order][0]:.{precision}g}"
    return f"{text} {_encodable(_SCALES[order][1], 'us')}"


def _encodable(text: str, instead: str) -> str:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return instead
    return text


def cpu_times() -> tuple[float, float]:
    """Return the seconds of processor time that this process has used: its own, the system's."""
    try:
        import resource
    except ImportError:  # Windows
        return clocks.process_time(), 0.0
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime, used.ru_stime


class TimeitResult:
    """What `%timeit` measured.

    Attributes:
        loops: How often the code ran in each run.
        repeat: How many runs there were.
        best: Seconds per loop in the fastest run.
        worst: Seconds per loop in the slowest run.
        all_runs: Seconds of each run.
        compile_time: Seconds that the compilation took.
        timings: Seconds per loop of each run.
    """

    def __init__(
        self,
        loops: int,
        repeat: int,
        best: float,
        worst: float,
        all_runs: Sequence[float],
        compile_time: float,
        precision: int,
    ) -> None:
        self.loops = loops
        self.repeat = repeat
        self.best = best
        self.worst = worst
        self.all_runs = all_runs
        self.compile_time = compile_time
        self._precision = precision
        self.timings = [seconds / loops for seconds in all_runs]

    @property
    def average(self) -> float:
        """The mean of the seconds per loop."""
        return math.fsum(self.timings) / len(self.timings)

    @property
    def stdev(self) -> float:
        """The standard deviation of the seconds per loop."""
        mean = self.average
        return math.sqrt(math.fsum((x - mean) ** 2 for x in self.timings) / len(self.timings))

    def __str__(self) -> str:
        about = _encodable("\N{PLUS-MINUS SIGN}", "+-")
        mean, deviation = (
            format_time(seconds, self._precision) for seconds in (self.average, self.stdev)
        )
        runs, loops = ("" if number == 1 else "s" for number in (self.repeat, self.loops))
        return (
            f"{mean} {about} {deviation} per loop (mean {about} std. dev. of {self.repeat} run{runs}, "
            f"{self.loops:,} loop{loops} each)"
        )

    def __repr__(self) -> str:
        return f"<TimeitResult : {self}>"

    def _repr_pretty_(self, p: Any, cycle: bool) -> None:
        p.text(repr(self))


@magics_class
class TimingMagics(Magics):
    """Measurements of time."""

    @may_await
    @no_var_expand
    @output_can_be_silenced
    @needs_local_scope
    @line_cell_magic
    @options(
        Flag("no-raise-error", "Show what the code raises only as its time; the cell succeeds.")
    )
    def time(self, opts: Opts, line: str, cell: str | None = None, local_ns: Any = None) -> Any:
        """Run code once, print the processor time and the time on the wall, and return its value.

        ::

            %time sum(range(10**7))

            %%time
            data = load()
            clean(data)
        """
        __tracebackhide__ = True
        if line and cell:
            raise UsageError("Can't use statement directly after '%%time'!")
        source = self.shell.transform_cell(cell or line)
        if cell is not None:
            source = "\n" + source  # the lines have the numbers that they have in the cell
        started = clocks.perf_counter()
        filename = self.shell.compile.cache(source, self.shell.execution_count)
        tree = self.shell.compile.parse(source, filename)
        parsed = clocks.perf_counter()
        body, last = _split(self._finished(tree))
        flags = TOP_LEVEL_AWAIT if self.shell.autoawait else 0
        codes = [
            self.shell.compile(node, filename, mode, flags=flags)
            for node, mode in ((body, "exec"), (last, "eval"))
            if node is not None
        ]
        spent = parsed - started, clocks.perf_counter() - parsed
        work = self._timed(codes, local_ns, spent, "no-raise-error" in opts)
        return finish(self.shell, work, any(map(is_coroutine_code, codes)))

    async def _timed(
        self, codes: Sequence[Any], local_ns: Any, spent: tuple[float, float], quiet: bool
    ) -> Any:
        """Run compiled code, and say how long it took, and how long parsing and compiling it had taken."""
        __tracebackhide__ = True
        error: BaseException | None = None
        value = None
        cpu, wall = cpu_times(), clocks.perf_counter()
        try:
            for code in codes:
                value = eval(code, self.shell.user_ns, local_ns)
                if is_coroutine_code(code):
                    value = await value
        except (Exception, KeyboardInterrupt) as raised:  # noqa: BLE001 - raised again below
            error = raised
        wall = clocks.perf_counter() - wall
        user, system = (b - a for a, b in zip(cpu, cpu_times(), strict=True))
        _report(user, system, wall)
        for name, seconds in (("Compiler : ", spent[1]), ("Parser   : ", spent[0])):
            if seconds > _SLOW:
                say(f"{name}{format_time(seconds)}")
        if error is not None:
            if not quiet or isinstance(error, KeyboardInterrupt):
                raise error
            return None
        return value

    def _finished(self, tree: ast.Module) -> Any:
        """Return the tree as the AST transformers leave it, with the magics in it awaited that need it."""
        return await_magics(self.shell, self.shell.transform_ast(tree))

    @may_await
    @no_var_expand
    @output_can_be_silenced
    @needs_local_scope
    @line_cell_magic
    @options(
        Flag("n", "Run the code so often in each run; found by itself if not given.", "N"),
        Flag("r", "Do so many runs: 7 if not given.", "R"),
        Flag("t", "Measure time on the wall with time.time, which is not the default any more."),
        Flag("c", "Measure processor time."),
        Flag("p", "Show so many significant digits: 3 if not given.", "P"),
        Flag("q", "Print nothing."),
        Flag("o", "Return the measurement, a TimeitResult."),
        Flag("v", "Keep the measurement in a variable.", "NAME"),
    )
    def timeit(self, opts: Opts, line: str, cell: str | None = None, local_ns: Any = None) -> Any:
        """Run code many times, and print how long one run of it takes.

        In a cell, what follows ``%%timeit`` is run once before, and is not measured.

        ::

            %timeit sum(range(100))
            %timeit -n 10 -r 3 sorted(data)

            %%timeit data = list(range(1000))
            data.sort()
            data.reverse()
        """
        __tracebackhide__ = True
        if not line and cell is None:
            return None
        times = _whole(opts, "r", _REPEAT)
        number = _whole(opts, "n", 0)
        precision = _whole(opts, "p", 3)
        clock: Callable[[], float] = clocks.perf_counter
        if "t" in opts:
            clock = clocks.time
        if "c" in opts:
            clock = clocks.process_time
        setup, statement = ("", line) if cell is None else (line, cell)
        started = clocks.perf_counter()
        names = dict(self.shell.user_ns) if local_ns is not self.shell.user_ns else None
        if names is not None:
            names.update(local_ns or {})
        inner, awaits = self._loop(setup, statement, self.shell.user_ns if names is None else names)
        compile_time = clocks.perf_counter() - started
        measured = _measure(partial(inner, clock), number, times, compile_time, precision)
        return finish(self.shell, self._measured(measured, opts), awaits)

    async def _measured(self, measured: Coroutine[Any, Any, TimeitResult], opts: Opts) -> Any:
        """Measure, say what came of it, and keep it as the options want."""
        __tracebackhide__ = True
        result = await measured
        compile_time = result.compile_time
        if "q" not in opts:
            if result.worst > 4 * result.best and result.best > 0 and result.worst > 1e-6:
                say(
                    f"The slowest run took {result.worst / result.best:0.2f} times longer than the "
                    "fastest. This could mean that an intermediate result is being cached."
                )
            say(str(result))
            if compile_time > _SLOW:
                say(f"Compiler time: {compile_time:.2f} s")
        if "v" in opts:
            self.shell.user_ns[opts["v"]] = result
        return result if "o" in opts else None

    def _loop(
        self, setup: str, statement: str, names: dict[str, Any]
    ) -> tuple[Callable[..., Any], bool]:
        """Return a function that loops over the statements themselves, so that nothing is measured but them; and whether it is a coroutine function."""
        shell = self.shell
        filename = shell.compile.cache(statement, shell.execution_count)
        body, before = (
            self._finished(shell.compile.parse(shell.transform_cell(code), filename)).body
            for code in (statement, setup)
        )
        awaits = (
            shell.autoawait
            and mentions_waiting(statement + setup)
            and is_coroutine_code(
                shell.compile(
                    ast.Module([*before, *body], []), filename, "exec", flags=TOP_LEVEL_AWAIT
                )
            )
        )
        tree = ast.parse(f"async {_LOOP}" if awaits else _LOOP)
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        loop = function.body[1]
        assert isinstance(loop, ast.For)
        # what stands in no loop may not leave ours
        shell.compile(ast.Module(body, []), filename, "exec", flags=TOP_LEVEL_AWAIT)
        loop.body = body or loop.body
        function.body[:0] = before
        ast.fix_missing_locations(tree)
        made: dict[str, Any] = {}
        exec(shell.compile(tree, filename, "exec"), names, made)
        return made["_inner"], bool(awaits)


_LOOP = """\
def _inner(_timer, _it):
    _t0 = _timer()
    for _i in _it:
        pass
    _t1 = _timer()
    return _t1 - _t0
"""


def _split(tree: Any) -> tuple[ast.Module | None, ast.Expression | None]:
    """Return the statements, and the expression that they end with, whose value is wanted."""
    body = tree.body
    last = None
    if body and isinstance(body[-1], ast.Expr):
        last = ast.Expression(body[-1].value)
        body = body[:-1]
    return (ast.Module(body, []) if body else None), last


def _report(user: float, system: float, wall: float) -> None:
    total = format_time(user + system)
    if sys.platform == "win32":
        say(f"CPU times: total: {total}")
    else:
        say(f"CPU times: user {format_time(user)}, sys: {format_time(system)}, total: {total}")
    say(f"Wall time: {format_time(wall)}")


def _whole(opts: Opts, name: str, default: int) -> int:
    text = opts.get(name)
    if text is None:
        return default
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0 or (number == 0 and name == "r"):
        raise UsageError(f"%timeit: -{name} takes a whole number, got {text!r}")
    return number


async def _measure(
    loop: Callable[[Iterator[None]], Any],
    number: int,
    times: int,
    compile_time: float,
    precision: int,
) -> TimeitResult:
    __tracebackhide__ = True
    if number == 0:
        for power in range(10):
            number = 10**power
            if await _once(loop, number) >= _LONG_ENOUGH:
                break
    runs = [await _once(loop, number) for _ in range(times)]
    return TimeitResult(
        number, times, min(runs) / number, max(runs) / number, runs, compile_time, precision
    )


async def _once(loop: Callable[[Iterator[None]], Any], number: int) -> float:
    """Return the seconds of so many loops, without the garbage collector."""
    __tracebackhide__ = True
    collecting = gc.isenabled()
    gc.disable()
    try:
        seconds = loop(repeat(None, number))
        taken: float = seconds if isinstance(seconds, float) else await seconds
        return taken
    finally:
        if collecting:
            gc.enable()
