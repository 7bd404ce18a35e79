"""Run commands of the operating system, with their output in the cell as it comes.

Where the cell's output is a terminal, or the frontend lends its own, the command gets the terminal itself. Elsewhere it gets a pseudo-terminal (or a pipe, on Windows), so that programs do not hold their output back, and what it says is written to ``sys.stdout``.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from nuncius.kernel import saying
from nuncius.kernel.borrowed import lender, run_in

if TYPE_CHECKING:
    from subprocess import Popen

__all__ = ["getoutput", "has_terminal", "system"]

#: Seconds of silence after which it is looked whether a program waits for keys.
_SILENT = 1.0

#: Ends what full-screen programs begin.
_OTHER_SCREEN_OFF = "\x1b[?1049l\x1b[0m\n"

_NO_KEYS = "The program waits for keys, which cannot reach it here, and is ended. In a shell that has a terminal for it (nuncius, or nuncius console with a kernel of its own) it can be used."


def system(command: str) -> int:
    """Run ``command`` by the user's shell.

    Args:
        command: One or more lines.

    Returns:
        Its exit code; negative: the signal that ended it.
    """
    saying.flush()
    if has_terminal():
        return _signed(_inherit(command))
    if (frontend := lender()) is not None and (code := run_in(frontend, command)) is not None:
        return _signed(code)
    return _piped(command) if os.name == "nt" else _signed(_pty(command))


def getoutput(command: str) -> tuple[str, int]:
    """Run ``command``, and return what it wrote to stdout and stderr, and its exit code."""
    import subprocess

    done = subprocess.run(
        command,
        shell=True,
        executable=_shell(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    text = done.stdout.decode(errors="replace").replace("\r\n", "\n")
    return text, _signed(done.returncode)


def _signed(code: int) -> int:
    """Return an exit code as `subprocess` gives it: the negative number of the signal that ended a command.

    A shell that waits for its command, as dash does and bash does not for the last one, gives 128 and the signal's number instead. (IPython takes each code above 128 so; ours has to name a signal: 255 is no signal, but how ssh fails.)
    """
    import signal

    return 128 - code if code - 128 in {*signal.Signals} else code


def _shell() -> str | None:
    return os.environ.get("SHELL") or None if os.name != "nt" else None


def has_terminal() -> bool:
    """Tell whether commands have the terminal that the cell writes to."""
    try:
        return bool(sys.stdout.isatty()) and os.isatty(sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):
        return False


def _inherit(command: str) -> int:
    import subprocess

    # the child gets the Ctrl-C of the terminal itself: wait for what it makes of it
    with subprocess.Popen(command, shell=True, executable=_shell()) as process:
        while True:
            try:
                return _exit_code(process)
            except KeyboardInterrupt:
                continue


def _exit_code(process: Popen[bytes]) -> int:
    """Wait for the end of a command.

    An interrupt that comes as it ends, as Ctrl-C does that ends it, may hit `subprocess` when it has been told the exit code and has not kept it: it then takes 0 for it. So we first wait without being told.
    """
    if hasattr(os, "waitid"):
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    return process.wait()


def _piped(command: str) -> int:
    import subprocess

    with subprocess.Popen(
        command,
        shell=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        try:
            _forward(process.stdout)
        except KeyboardInterrupt:
            process.terminate()
        return _exit_code(process)


def _forward(source: IO[bytes]) -> None:
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while chunk := source.read1(65536):  # type: ignore[attr-defined]
        sys.stdout.write(decoder.decode(chunk))


def _pty(command: str) -> int:
    import fcntl
    import pty
    import signal
    import struct
    import subprocess
    import termios

    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        attributes = termios.tcgetattr(theirs)
        attributes[1] &= ~termios.OPOST  # line ends stay as they are
        termios.tcsetattr(theirs, termios.TCSANOW, attributes)
        process = subprocess.Popen(
            command,
            shell=True,
            executable=_shell(),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    try:
        with process:
            signals = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
            while True:
                try:
                    _read_pty(ours, process.pid)
                    return _exit_code(process)
                except KeyboardInterrupt:
                    # first politely, as a terminal would; then less so
                    _signal_group(process.pid, signals.pop(0) if signals else signal.SIGKILL)
    finally:
        os.close(ours)


def _signal_group(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)


def _read_pty(descriptor: int, pid: int) -> None:
    """Write what a command says to ``sys.stdout``, until it ends; it is ended if it waits for keys, which nobody can press here."""
    import codecs
    import select
    import signal

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    ended = False
    while True:
        try:
            if not select.select([descriptor], [], [], _SILENT)[0]:
                if _waits_for_keys(descriptor):
                    ended = True
                    _signal_group(pid, signal.SIGHUP)
                continue
            chunk = os.read(descriptor, 65536)
        except OSError:  # on Linux the end of a pseudo-terminal is EIO
            break
        if not chunk:
            break
        sys.stdout.write(decoder.decode(chunk))
    if ended:
        # Not every program gives the screen back when it is ended.
        sys.stdout.write(_OTHER_SCREEN_OFF)
        saying.complain(f"{_NO_KEYS}\n")


def _waits_for_keys(descriptor: int) -> bool:
    """Tell whether a program has its terminal hand over single keys, as editors and pagers do."""
    import termios

    return not termios.tcgetattr(descriptor)[3] & termios.ICANON
