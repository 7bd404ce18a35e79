"""Run cells by other programs: ``%%bash``, ``%%perl``, ``%%script program arguments``.

Two threads read the program's output and put it into a queue; the thread of the cell takes it from there and writes it, so that it belongs to the cell, and an interrupt reaches the program.
"""

from __future__ import annotations

import contextvars
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from types import MethodType
from typing import IO, Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.background import BackgroundPipe, BackgroundProcess
from nuncius.kernel.magics.flags import Flag, Opts, declares, split_words
from nuncius.kernel.magics.registry import (
    Magics,
    cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)
from nuncius.kernel.magics.text import say

__all__ = ["ScriptMagics"]

_FLAGS = (
    Flag("out", "Keep what it writes to stdout in a variable; with --bg, the pipe.", "NAME"),
    Flag("err", "Keep what it writes to stderr in a variable; with --bg, the pipe.", "NAME"),
    Flag("bg", "Run it in the background: the cell does not wait for it."),
    Flag("proc", "With --bg: keep the process in a variable.", "NAME"),
    Flag("no-raise-error", "The cell succeeds even if the program fails."),
)
#: Seconds that an interrupted program has to end by itself.
_PATIENCE = 1.0


def _read_line(line: str) -> tuple[Opts, list[str]]:
    """Return the options, which may stand before and after the program, and the command."""
    known = {word: flag for flag in _FLAGS for word in flag.words}
    opts, command = Opts(), []
    words = split_words(line)
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        flag = known.get(name)
        if flag is None:
            command.append(word)
        elif not flag.value:
            opts[flag.name] = ""
        elif equals or words:
            opts[flag.name] = value if equals else words.pop(0)
        else:
            raise UsageError(f"%%script: option {name} requires a value: {flag.value}")
    return opts, command


def _program(name: str) -> Any:
    def run(self: Any, line: str, cell: str) -> None:
        __tracebackhide__ = True
        self.run_by(name, line, cell)

    run.__name__ = name
    run.__doc__ = f"""Run the cell by ``{name}``: it is the program's standard input."""
    return cell_magic(no_var_expand(declares(*_FLAGS)(run)))


@magics_class
class ScriptMagics(Magics):
    """Cells of other languages."""

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        super().__init__(shell, **kwargs)
        #: The processes in the background.
        self.bg_processes: list[subprocess.Popen[bytes]] = []
        #: Where programs are, by their names (``%config ScriptMagics.script_paths``).
        self.paths: dict[str, str] = {}
        self._programs: list[str] = []
        at_close = getattr(shell, "at_close", None)
        if at_close is not None:
            at_close(self.kill_bg_processes)

    @no_var_expand
    @cell_magic("script")
    @declares(*_FLAGS)
    def shebang(self, line: str, cell: str) -> None:
        """Run the cell by a program: it is the program's standard input.

        ::

            %%script bash --no-raise-error
            for i in 1 2 3; do
              echo $i
            done
        """
        __tracebackhide__ = True
        opts, command = _read_line(line)
        if not command:
            raise UsageError("%%script: the program to run the cell by is required")
        self._script(opts, command, cell)

    def run_by(self, program: str, line: str, cell: str) -> None:
        """Run a cell by a program, whose arguments and our options are in ``line``."""
        __tracebackhide__ = True
        opts, arguments = _read_line(line)
        self._script(opts, [program, *arguments], cell)

    @property
    def programs(self) -> list[str]:
        """Further programs that cells are run by, as ``%%name`` (``%config ScriptMagics.script_magics``)."""
        return self._programs

    @programs.setter
    def programs(self, names: Iterable[str]) -> None:
        manager = self.shell.magics_manager
        names = list(names)
        for name in self._programs:
            manager.remove(name, "cell")
        self._programs = [name for name in names if not manager.has(name, "cell")]
        for name in self._programs:
            manager.register_function(MethodType(_program(name), self), "cell", name)

    sh = _program("sh")
    bash = _program("bash")
    perl = _program("perl")
    ruby = _program("ruby")
    python = _program("python")
    python2 = _program("python2")
    python3 = _program("python3")
    pypy = _program("pypy")
    cmd = _program("cmd")

    def _script(self, opts: Opts, command: list[str], cell: str) -> None:
        __tracebackhide__ = True
        process = self._started(command)
        source = (cell.rstrip("\n") + "\n").encode()
        if "bg" in opts:
            self._background(opts, process, source)
            return
        out, err, interrupted = _Exchange(process, source, "out" in opts, "err" in opts).run()
        for name, text in (("out", out), ("err", err)):
            if name in opts:
                self.shell.user_ns[opts[name]] = text
        if interrupted:
            raise KeyboardInterrupt
        if process.returncode and "no-raise-error" not in opts:
            raise subprocess.CalledProcessError(
                process.returncode, cell.encode(), out or None, err or None
            )

    def _started(self, command: list[str]) -> subprocess.Popen[bytes]:
        command = [self.paths.get(command[0], command[0]), *command[1:]]
        try:
            return _popen(command)
        except FileNotFoundError:
            if command[0] in ("python", "python3"):  # an environment need not be on the path
                return _popen([sys.executable, *command[1:]])
            raise UsageError(f"Couldn't find program: {command[0]!r}") from None
        except OSError as error:
            raise UsageError(f"%%script: cannot run {command[0]!r}: {error.strerror}") from None

    # -- in the background ----------------------------------------------------------------------------

    def _background(self, opts: Opts, process: subprocess.Popen[bytes], source: bytes) -> None:
        self.bg_processes = [each for each in self.bg_processes if _is_open(each)]
        self.bg_processes.append(process)
        # the thread closes it: nobody else may write to the program
        stdin, process.stdin = process.stdin, None
        threading.Thread(target=_feed, args=(stdin, source), daemon=True).start()
        for name, pipe in (("out", process.stdout), ("err", process.stderr)):
            assert pipe is not None
            handed: Any = BackgroundPipe(pipe, shown=name not in opts)
            setattr(process, f"std{name}", handed)
            if name in opts:
                self.shell.user_ns[opts[name]] = handed
                continue
            # what it says later still belongs to this cell
            context = contextvars.copy_context()
            threading.Thread(target=context.run, args=(_forward, pipe, name), daemon=True).start()
        if "proc" in opts:
            self.shell.user_ns[opts["proc"]] = process

    @line_magic("killbgscripts")
    def killbgscripts(self, _nouse: str = "") -> None:
        """End all scripts that run in the background."""
        self.kill_bg_processes()
        say("All background processes were killed.")

    def kill_bg_processes(self) -> None:
        """End what runs in the background: first politely, then not."""
        running = [each for each in self.bg_processes if each.poll() is None]
        for process in running:
            _signal(process, signal.SIGINT)
        for process in self.bg_processes:
            _ended(process)
        self.bg_processes = []


def _popen(command: list[str]) -> subprocess.Popen[bytes]:
    return BackgroundProcess(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Ctrl-C of a terminal is for us; we pass it on
        start_new_session=os.name != "nt",
    )


def _feed(stdin: IO[bytes] | None, source: bytes) -> None:
    assert stdin is not None
    with suppress(OSError), stdin:
        stdin.write(source)


def _is_open(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a program runs, or may be read from."""
    pipes = (process.stdout, process.stderr)
    return process.poll() is None or any(pipe is not None and not pipe.closed for pipe in pipes)


def _forward(pipe: IO[bytes], name: str) -> None:
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    stream = sys.stdout if name == "out" else sys.stderr
    with pipe, suppress(OSError, ValueError):
        while chunk := os.read(pipe.fileno(), 65536):
            stream.write(decoder.decode(chunk))
            stream.flush()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Signal a program and what it started."""
    with suppress(OSError):
        if os.name == "nt":
            process.terminate()
        else:
            os.killpg(process.pid, number)


def _ended(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            _signal(process, number)
        else:
            break
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError, ValueError):
                pipe.close()


class _Exchange:
    """Feeds a program, and takes what it says until it has ended."""

    def __init__(
        self, process: subprocess.Popen[bytes], source: bytes, keep_out: bool, keep_err: bool
    ) -> None:
        self._process = process
        self._source = source
        self._kept: dict[str, list[str] | None] = {
            "out": [] if keep_out else None,
            "err": [] if keep_err else None,
        }
        self._chunks: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()

    def run(self) -> tuple[str, str, bool]:
        """Return what was to be kept of both streams, and whether an interrupt ended it."""
        process = self._process
        threads = [threading.Thread(target=_feed, args=(process.stdin, self._source), daemon=True)]
        for name, pipe in (("out", process.stdout), ("err", process.stderr)):
            threads.append(threading.Thread(target=self._read, args=(pipe, name), daemon=True))
        interrupted = False
        try:
            # An interrupt comes as soon as the program has its input: that is awaited here as well.
            for thread in reversed(threads):
                thread.start()
            self._take()
            process.wait()
        except KeyboardInterrupt:
            interrupted = True
            self._interrupt()
        except BaseException:  # what it says cannot be written: nobody would wait for it
            _signal(process, signal.SIGINT)
            _ended(process)
            raise
        for thread in threads:
            if thread.ident is not None:
                thread.join(_PATIENCE)
        return "".join(self._kept["out"] or []), "".join(self._kept["err"] or []), interrupted

    def _read(self, pipe: IO[bytes], name: str) -> None:
        import codecs

        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with pipe, suppress(OSError, ValueError):
            while chunk := os.read(pipe.fileno(), 65536):
                self._chunks.put((name, decoder.decode(chunk)))
        self._chunks.put((name, None))

    def _take(self) -> None:
        open_streams = {"out", "err"}
        while open_streams:
            name, text = self._chunks.get()
            if text is None:
                open_streams.discard(name)
                continue
            kept = self._kept[name]
            if kept is not None:
                kept.append(text)
            else:
                stream = sys.stdout if name == "out" else sys.stderr
                stream.write(text)

    def _interrupt(self) -> None:
        process = self._process
        _signal(process, signal.SIGINT)
        try:
            _ended(process)
        except KeyboardInterrupt:  # a second one: no more patience
            _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
            process.wait()
        say("Process is interrupted.")
