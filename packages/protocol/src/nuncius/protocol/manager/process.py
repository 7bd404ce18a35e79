"""Watch one process on this machine, whether it is our child or was started by a program before us.

A process that is not our child cannot be waited for: its end is seen (by a pidfd, or by looking), its exit code is not. And its number may be another process's by now: that it is still the same one is told by the time at which it started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from pathlib import Path

from nuncius.protocol.errors import KernelDied

__all__ = ["AdoptedProcess", "ChildProcess", "WatchedProcess", "start_time"]

#: Seconds between two looks at a process that is not our child, where there are no pidfds.
_INTERVAL = 0.1


class ChildProcess:
    """A process that we have started.

    Args:
        process: What it was started with.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended; if so, it is reaped now."""
        return self._process.poll() is not None

    @property
    def code(self) -> int | None:
        """The exit code, once `ended` has said so or `wait` has returned; negative for a signal."""
        return self._process.returncode

    def signal(self, signum: int) -> None:
        """Send a signal to it and to its process group."""
        if not self.ended:
            _signal(self.pid, signum)

    async def wait(self) -> None:
        """Wait until it has ended, and reap it."""
        if self.ended:
            return
        if not await _wait_by_descriptor(self):
            await self._wait_in_thread()
        self._process.wait()

    def release(self) -> None:
        """Leave it to itself; when it ends, it is reaped by the way."""
        import warnings

        with warnings.catch_warnings():
            # That it still runs is the purpose.
            warnings.simplefilter("ignore", ResourceWarning)
            del self._process

    async def _wait_in_thread(self) -> None:
        """Wait where there are no pidfds: macOS, Windows, old kernels."""
        import threading

        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def wait() -> None:
            self._process.wait()
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=wait, name="kernel-wait", daemon=True).start()
        await ended.wait()


class AdoptedProcess:
    """A process that another program started, which has ended since.

    Args:
        pid: Its id.
        started: What `start_time` said of it then.

    Raises:
        KernelDied: It has ended, and its id may be another process's by now.
    """

    #: Only its parent could learn it.
    code: int | None = None

    def __init__(self, pid: int, started: str) -> None:
        self.pid = pid
        self._started = started
        if self.ended:
            raise KernelDied(f"the process {pid} of the kernel has ended")

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return start_time(self.pid) != self._started

    def signal(self, signum: int) -> None:
        """Send a signal to it and to its process group."""
        if not self.ended:
            _signal(self.pid, signum)

    async def wait(self) -> None:
        """Wait until it has ended."""
        if self.ended:
            return
        if not await _wait_by_descriptor(self):
            while not self.ended:  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(_INTERVAL)

    def release(self) -> None:
        """Leave it to itself."""


WatchedProcess = ChildProcess | AdoptedProcess


def start_time(pid: int) -> str:
    """Return what tells a process from another one that gets its id later; empty if it has ended, or where that cannot be told."""
    try:
        # What stands before the last parenthesis is the program's name, which may be anything.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return _start_time_by_ps(pid)
    return "" if fields[0] in "ZX" else fields[19]


def _start_time_by_ps(pid: int) -> str:
    if Path("/proc/self/stat").exists() or os.name != "posix":
        return ""
    with contextlib.suppress(OSError):
        done = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        state, _, started = done.stdout.strip().partition(" ")
        return "" if state.startswith("Z") else started.strip()
    return ""


def _signal(pid: int, signum: int) -> None:
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signum)
            return
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGTERM if os.name == "nt" else signum)


async def _wait_by_descriptor(process: WatchedProcess) -> bool:
    """Wait until a process has ended; False, at once, where that cannot be waited for so."""
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.pidfd_open(process.pid)  # type: ignore[attr-defined, unused-ignore]
    except (AttributeError, OSError):
        return False
    try:
        if process.ended:  # the descriptor may be of another one that has got its id
            return True
        ended = asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
    finally:
        os.close(descriptor)
    return True
