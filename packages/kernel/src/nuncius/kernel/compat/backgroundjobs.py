"""Run functions and expressions in threads, and look after them: what ``IPython.lib.backgroundjobs`` is for.

::

    from IPython.lib.backgroundjobs import BackgroundJobManager

    jobs = BackgroundJobManager()
    job = jobs.new(slow_function, 3, daemon=True)
    jobs.status()
    job.result
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from nuncius.kernel.current import get_shell

__all__ = ["BackgroundJobBase", "BackgroundJobExpr", "BackgroundJobFunc", "BackgroundJobManager"]

_CREATED, _RUNNING, _DONE, _DEAD = (
    "Created",
    "Running",
    "Completed",
    "Dead (Exception), call jobs.traceback() for details",
)


class BackgroundJobBase(threading.Thread):
    """A job; derive from it, and override `call`.

    Attributes:
        num: Its number, given by the manager.
        status: What it does, as text.
        result: What it returned; a text that says why there is nothing, before that.
        finished: Whether it has ended.
        error: What it raised.
    """

    stat_created_c, stat_running_c, stat_completed_c, stat_dead_c = range(1, 5)
    stat_created = _CREATED
    stat_running = _RUNNING
    stat_completed = _DONE
    stat_dead = _DEAD
    strform = "job"

    def __init__(self) -> None:
        super().__init__()
        self.num = 0
        self.status = _CREATED
        self.finished = False
        self.result: Any = "<BackgroundJob has not completed>"
        self.error: BaseException | None = None

    @property
    def stat_code(self) -> int:
        """What `status` says, as a number."""
        return (_CREATED, _RUNNING, _DONE, _DEAD).index(self.status) + 1

    def call(self) -> Any:
        """Do the work; return its result."""
        raise NotImplementedError(f"{type(self).__name__} has to define call()")

    def run(self) -> None:
        """Do the work in the thread."""
        self.status = _RUNNING
        try:
            self.result = self.call()
        except BaseException as error:  # noqa: BLE001 - the code is the person's
            self.error = error
            self.result = "<BackgroundJob died, call jobs.traceback() for details>"
            self.status = _DEAD
        else:
            self.status = _DONE
        self.finished = True

    def traceback(self) -> None:
        """Show what the job raised."""
        if self.error is None:
            return
        shell: Any = get_shell()
        if shell is None:
            import traceback

            traceback.print_exception(self.error, file=sys.stdout)
        else:
            shell.showtraceback((type(self.error), self.error, self.error.__traceback__))

    def __str__(self) -> str:
        return self.strform

    def __repr__(self) -> str:
        return f"<BackgroundJob #{self.num}: {self.strform}>"


class BackgroundJobExpr(BackgroundJobBase):
    """Evaluates an expression.

    Args:
        expression: Its source.
        glob: The globals; those of the cells by default.
        loc: The locals; the globals by default.
    """

    def __init__(
        self, expression: str, glob: dict[str, Any] | None = None, loc: Any = None
    ) -> None:
        super().__init__()
        self.code = compile(expression, "<BackgroundJob compilation>", "eval")
        shell: Any = get_shell()
        self.glob = glob if glob is not None else {} if shell is None else shell.user_ns
        self.loc = self.glob if loc is None else loc
        self.expression = self.strform = expression

    def call(self) -> Any:
        """Return the value."""
        return eval(self.code, self.glob, self.loc)


class BackgroundJobFunc(BackgroundJobBase):
    """Calls a function.

    Args:
        func: The function.
        *args: Its arguments.
        **kwargs: Its keyword arguments.

    Raises:
        TypeError: It cannot be called.
    """

    def __init__(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        super().__init__()
        if not callable(func):
            raise TypeError(f"expected something that can be called, got {func!r:.80}")
        self.func, self.args, self.kwargs = func, args, kwargs
        self.strform = str(func)

    def call(self) -> Any:
        """Return what the function returns."""
        return self.func(*self.args, **self.kwargs)


class BackgroundJobManager:
    """Starts jobs, and remembers them by their numbers; calling it shows their `status`."""

    def __init__(self) -> None:
        self.all: dict[int, BackgroundJobBase] = {}
        self._reported: set[int] = set()

    def _with(self, status: str) -> list[BackgroundJobBase]:
        return [job for job in self.all.values() if job.status == status]

    @property
    def running(self) -> list[BackgroundJobBase]:
        """The jobs that run."""
        return self._with(_RUNNING) + self._with(_CREATED)

    @property
    def completed(self) -> list[BackgroundJobBase]:
        """The jobs that have returned."""
        return self._with(_DONE)

    @property
    def dead(self) -> list[BackgroundJobBase]:
        """The jobs that have raised."""
        return self._with(_DEAD)

    def new(self, func_or_exp: Any, *args: Any, **kwargs: Any) -> BackgroundJobBase:
        """Start a job in a thread, and return it.

        Args:
            func_or_exp: A function, an expression as text, or a job of one's own.
            *args: Of the function; or the globals and the locals of the expression, the caller's by default.
            **kwargs: Of the function. ``daemon=True`` is the thread's: the process need not wait for it; a function takes an argument of that name as ``kw={"daemon": ...}``.

        Raises:
            TypeError: It is none of these.
            ValueError: The expression has other arguments.
        """
        kwargs = {**kwargs.pop("kw", {}), **kwargs} if "kw" in kwargs else kwargs
        daemon = bool(kwargs.pop("daemon", False))
        if isinstance(func_or_exp, BackgroundJobBase):
            job = func_or_exp
        elif isinstance(func_or_exp, str):
            if len(args) > 2 or (args and not isinstance(args[0], Mapping)):
                raise ValueError("an expression takes at most two namespaces: globals and locals")
            there = sys._getframe(1)  # noqa: SLF001 - the expression is of whoever asks
            job = BackgroundJobExpr(func_or_exp, *(args or (there.f_globals, there.f_locals)))
        else:
            job = BackgroundJobFunc(func_or_exp, *args, **kwargs)
        job.daemon = daemon or job.daemon
        job.num = max(self.all, default=-1) + 1
        self.all[job.num] = job
        sys.stdout.write(f"Starting job # {job.num} in a separate thread.\n")
        job.start()
        return job

    def __getitem__(self, job_key: int | BackgroundJobBase) -> BackgroundJobBase:
        return self.all[job_key if isinstance(job_key, int) else job_key.num]

    def __call__(self) -> bool:
        """Show the `status`."""
        return self.status()

    def status(self, verbose: int = 0) -> bool:
        """Print which jobs run, which have returned and which have raised; those that have ended only once unless ``verbose``.

        Returns:
            Whether there was something to say.
        """
        groups = (("Running", self.running), ("Completed", self.completed), ("Dead", self.dead))
        said = False
        for title, jobs in groups:
            shown = [j for j in jobs if verbose or not j.finished or j.num not in self._reported]
            if shown:
                said = True
                sys.stdout.write(f"{title} jobs:\n")
                sys.stdout.writelines(f"{job.num} : {job}\n" for job in shown)
                sys.stdout.write("\n")
            self._reported.update(job.num for job in shown if job.finished)
        return said

    def remove(self, num: int) -> None:
        """Forget a job that has ended."""
        job = self._known(num)
        if job is None:
            return
        if not job.finished:
            sys.stderr.write(f"Job #{num} is still running, it can not be removed.\n")
        else:
            del self.all[num]

    def flush(self) -> None:
        """Forget the jobs that have ended."""
        ended = [num for num, job in self.all.items() if job.finished]
        for num in ended:
            del self.all[num]
        sys.stdout.write(
            f"Flushing {len(ended)} finished jobs.\n" if ended else "No jobs to flush.\n"
        )

    def result(self, num: int) -> Any:
        """Return the result of a job, None if there is no such job."""
        job = self._known(num)
        return None if job is None else job.result

    def _known(self, num: int | BackgroundJobBase) -> BackgroundJobBase | None:
        """Return a job; says so, if there is none of that number."""
        job = self.all.get(num) if isinstance(num, int) else num
        if job is None:
            sys.stderr.write(f"Job #{num} not found\n")
        return job

    def traceback(self, job: int | BackgroundJobBase | None = None) -> None:
        """Show what a job raised; what each has raised, by default."""
        found = self.dead if job is None else [self._known(job)]
        for each in filter(None, found):
            sys.stdout.write(f"Traceback for: {each!r}\n")
            each.traceback()
