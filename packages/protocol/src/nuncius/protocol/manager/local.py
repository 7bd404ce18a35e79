"""Run kernels on this machine: the provisioner that is used where a kernelspec asks for no other."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuncius.protocol.errors import KernelDied, KernelError, LaunchFailed
from nuncius.protocol.manager.guard import Guard
from nuncius.protocol.manager.output import OutputFile, OutputTail
from nuncius.protocol.manager.process import (
    AdoptedProcess,
    ChildProcess,
    WatchedProcess,
    start_time,
)
from nuncius.protocol.manager.provisioner import Exit, LaunchRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nuncius.protocol.connection import ConnectionInfo

__all__ = ["LocalProvisioner"]


class LocalProvisioner:
    """Runs a kernel as a child process, in a session and process group of its own.

    Its output is kept (the last of it), its end is noticed without polling, and it does not outlive us.

    Args:
        guard: Ends the kernel if we are killed; None for a new one.
        **config: Settings of the kernelspec's provisioner stanza; there are none.
    """

    def __init__(self, guard: Guard | None = None, **config: Any) -> None:
        self._guard = guard or Guard()
        self._owns_guard = guard is None
        #: These three belong to one process; they are the whole state.
        self._process: WatchedProcess | None = None
        self._output: OutputTail | OutputFile | None = None
        self._exit: Exit | None = None
        self._oom_count = 0
        self._cwd: str | None = None

    def __repr__(self) -> str:
        state = self._exit or ("running" if self._process else "no process")
        return f"<LocalProvisioner {self.pid or '-'}: {state}>"

    @property
    def pid(self) -> int | None:
        """The id of the process, None before the first one."""
        return None if self._process is None else self._process.pid

    @property
    def has_process(self) -> bool:
        """See `Provisioner.has_process`."""
        return self._process is not None and self._exit is None

    async def launch(self, request: LaunchRequest) -> ConnectionInfo:
        """See `Provisioner.launch`."""
        if self.has_process:
            raise LaunchFailed("this provisioner has a process already; end it first")
        output: OutputTail | OutputFile | None = None
        if not request.inherit_output:
            # A pipe would end with us, and whoever writes into it then gets an error, or a signal.
            output = OutputFile() if request.independent else OutputTail()
        sink = None if output is None else output.write_end
        self._oom_count = _oom_kills()
        try:
            # Not in a thread: it takes 1-3 ms (vfork), and the end of a thread must not matter to the kernel.
            process = subprocess.Popen(  # noqa: ASYNC220
                list(request.command),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd=request.cwd,
                env=_environment(request),
                **_platform_options(),
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            if output is not None:
                output.abandon()
            raise _launch_error(request, error) from error
        self._process, self._output, self._exit = ChildProcess(process), output, None
        self._cwd = request.cwd or os.getcwd()  # noqa: PTH109 - a string is what is needed
        if output is not None:
            output.started()
        if not request.independent:
            self._guard.add(process.pid, request.connection_file)
        return request.info

    async def poll(self) -> int | None:
        """See `Provisioner.poll`."""
        if self._process is None:
            return 0
        return (self._process.code or 0) if self._process.ended else None

    async def wait(self) -> Exit:
        """See `Provisioner.wait`."""
        process = self._process
        if process is None:
            return Exit(None)
        await process.wait()
        if self._exit is None or process is not self._process:
            return self._reap(process)
        return self._exit

    async def signal(self, signum: int) -> None:
        """See `Provisioner.signal`."""
        if self._process is not None:
            self._process.signal(signum)

    async def terminate(self) -> None:
        """See `Provisioner.terminate`."""
        await self.signal(signal.SIGTERM)

    async def kill(self) -> None:
        """See `Provisioner.kill`."""
        await self.signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)

    async def cleanup(self, *, restart: bool) -> None:
        """See `Provisioner.cleanup`. What the kernel started, and left behind in its process group, is asked to end."""
        if self._process is not None and self._exit is None and self._process.ended:
            self._reap(self._process)
        if not restart and self._owns_guard:
            self._guard.close()

    def resolve_path(self, path: str) -> str | None:
        """See `Provisioner.resolve_path`."""
        found = Path(self._cwd or ".") / Path(path).expanduser()
        return str(found.resolve()) if found.exists() else None

    # -- a life after this program

    async def save(self) -> dict[str, Any]:
        """See `nuncius.protocol.manager.provisioner.Adoptable`."""
        if self._process is None or not self.has_process:
            raise KernelError("there is no process to save")
        started = start_time(self._process.pid)
        if not started:
            raise KernelError(
                "the kernel's process cannot be recognized later on this system: it has no /proc and no ps"
            )
        return {"pid": self._process.pid, "started": started, "cwd": self._cwd}

    async def adopt(self, saved: Mapping[str, Any], request: LaunchRequest) -> None:
        """See `nuncius.protocol.manager.provisioner.Adoptable`."""
        if self.has_process:
            raise KernelError("this provisioner has a process already; end it first")
        pid, started, cwd = saved.get("pid"), saved.get("started"), saved.get("cwd")
        if not isinstance(pid, int) or pid <= 1 or not isinstance(started, str):
            raise KernelDied(f"what was saved of the kernel names no process: {dict(saved)!r}")
        self._process, self._output, self._exit = AdoptedProcess(pid, started), None, None
        self._cwd = cwd if isinstance(cwd, str) else None
        self._oom_count = _oom_kills()
        if not request.independent:
            self._guard.add(pid, request.connection_file)

    def release(self) -> None:
        """See `nuncius.protocol.manager.provisioner.Adoptable`."""
        process, self._process = self._process, None
        if process is not None:
            self._guard.remove(process.pid)
            process.release()
        if self._output is not None:
            self._output.finish()
            self._output = None
        if self._owns_guard:
            self._guard.close()

    def _reap(self, process: WatchedProcess) -> Exit:
        code = process.code
        output = ""
        if process is not self._process:
            return Exit(code)
        if self._output is not None:
            output, self._output = self._output.finish(), None
        killed = code is not None and code == -getattr(signal, "SIGKILL", 9)
        self._exit = Exit(code, killed and _oom_kills() > self._oom_count, output)
        self._end_group(process.pid)
        self._guard.remove(process.pid)
        return self._exit

    def _end_group(self, pid: int) -> None:
        # The group lives on while it has members; its number is not given to others before.
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGTERM)


def _environment(request: LaunchRequest) -> dict[str, str]:
    env = dict(request.env)
    if not request.independent and os.name == "posix":
        env["JPY_PARENT_PID"] = str(os.getpid())
    else:
        env.pop("JPY_PARENT_PID", None)
    return env


def _platform_options() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    # A session, and not only a group: Ctrl-C in our terminal is not for the kernel, and `bash -i` inside it works.
    return {"start_new_session": True}


def _launch_error(request: LaunchRequest, error: Exception) -> LaunchFailed:
    what = f"cannot start the kernel {request.spec.name!r}"
    where = f"; its kernelspec is in {request.spec.resource_dir}" * bool(request.spec.resource_dir)
    if not request.command:
        return LaunchFailed(f"{what}: its command is empty{where}")
    program = request.command[0]
    filename = getattr(error, "filename", None)
    if isinstance(error, FileNotFoundError | NotADirectoryError) and filename == request.cwd:
        return LaunchFailed(f"{what} in {request.cwd}: there is no such directory")
    if isinstance(error, FileNotFoundError):
        return LaunchFailed(
            f"{what}: there is no program {program!r}; install it, or correct argv of its kernelspec{where}"
        )
    if isinstance(error, PermissionError):
        return LaunchFailed(f"{what}: {program!r} may not be executed{where}")
    return LaunchFailed(f"{what} with {program!r}: {error}{where}")


def _oom_kills() -> int:
    """How many processes of our cgroup the system has killed for want of memory; 0 where it does not tell."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/self/cgroup").read_text("ascii").splitlines():
            number, controllers, path = line.split(":", 2)
            if number == "0":
                file = Path(f"/sys/fs/cgroup{path}/memory.events")
            elif "memory" in controllers.split(","):
                file = Path(f"/sys/fs/cgroup/memory{path}/memory.oom_control")
            else:
                continue
            if file.exists():
                for entry in file.read_text("ascii").splitlines():
                    if entry.startswith("oom_kill "):
                        return int(entry.split()[1])
    return 0
