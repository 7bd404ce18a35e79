"""See to it that no kernel outlives the process that started it, however that process ends.

A kernel of ours watches its parent, but others do not, and a process that is killed with SIGKILL cannot tidy up. So a tiny shell process is told which kernels there are. It waits for the end of its input, which comes when our process is gone, for whatever reason; then it ends the kernels' process groups and removes their connection files.

Why not ``prctl(PR_SET_PDEATHSIG)``: it needs code between fork and exec, and it fires when the *thread* that started the kernel ends.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import weakref

__all__ = ["Guard"]

# One pid per line, "+" or "-" before it, the file to remove after it. The shell's `kill` takes a process group as a negative number.
_SCRIPT = """\
trap '' INT HUP TERM
pids=
while read -r op pid path; do
  case $op in
    +) pids="$pids $pid"; eval "path_$pid=\\$path" ;;
    -) kept=; for p in $pids; do [ "$p" = "$pid" ] || kept="$kept $p"; done; pids=$kept ;;
  esac
done
[ -n "$pids" ] || exit 0
for p in $pids; do eval "f=\\$path_$p"; rm -f -- "$f" "${f%/*}/.${f##*/}."*; kill -s TERM -- "-$p"; done
for i in 1 2 3 4 5 6 7 8 9 10; do
  alive=; for p in $pids; do kill -s 0 -- "-$p" && alive=1; done
  [ -n "$alive" ] || break
  sleep 0.1
done
for p in $pids; do kill -s KILL -- "-$p"; done
"""

#: Guards whose pipe a forked child must not keep open.
_guards: weakref.WeakSet[Guard] = weakref.WeakSet()


class Guard:
    """The shell process; it is started when the first kernel is. Does nothing where there is no ``/bin/sh``."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, pid: int, path: str) -> None:
        """Note that the process group ``pid`` is to end with us, and ``path`` is to be removed then."""
        if self._process is None:
            self._start()
        self._tell(f"+ {pid} {path if chr(10) not in path else '/dev/null/none'}\n")

    def remove(self, pid: int) -> None:
        """Note that the process group has ended, or is to live on."""
        self._tell(f"- {pid}\n")

    def close(self) -> None:
        """End the shell process. The kernels that it still knows are ended."""
        process, self._process = self._process, None
        if process is None:
            return
        self._close_pipe(process)
        process.wait()

    def _start(self) -> None:
        if os.name != "posix":
            return
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT, "nuncius-guard"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                bufsize=0,
                env={"PATH": os.environ.get("PATH", os.defpath)},
            )
            _guards.add(self)

    def _tell(self, line: str) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            # A guard that somebody has killed is missed, but is no reason to fail.
            with contextlib.suppress(OSError):
                process.stdin.write(line.encode("utf-8", "surrogateescape"))

    def _close_pipe(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()

    def forked(self) -> None:
        """Let go of the pipe, in a child process: it is the parent's life that counts."""
        process, self._process = self._process, None
        if process is not None:
            self._close_pipe(process)
            process.returncode = 0  # it is not our child: nothing to wait for


def _after_fork() -> None:
    for guard in list(_guards):
        guard.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
