"""Measure what the kernel's process and its children use, for ``usage_request``.

psutil is asked where it is installed; without it, Linux's own files are read.
"""

from __future__ import annotations

import os
import socket
import time
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["usage"]

#: (seconds, CPU seconds) of the last measurement: percentages are of the time since.
_last: tuple[float, float] = (time.monotonic(), time.process_time())


def usage() -> dict[str, Any]:
    """Return host name, pid, the share of one processor and the bytes that the kernel uses, and figures of the host."""
    global _last
    now, cpu = time.monotonic(), time.process_time()
    elapsed, spent = now - _last[0], cpu - _last[1]
    if elapsed > 0.2:
        _last = now, cpu
    report: dict[str, Any] = {
        "hostname": socket.gethostname(),
        "pid": os.getpid(),
        "kernel_cpu": round(100 * spent / elapsed, 1) if elapsed > 0 else 0.0,
        "kernel_memory": _memory(),
        "cpu_count": os.cpu_count(),
    }
    try:
        psutil: Any = import_module("psutil")
    except ImportError:
        report["host_virtual_memory"] = _host_memory()
    else:
        report["host_cpu_percent"] = psutil.cpu_percent(interval=None)
        report["host_virtual_memory"] = dict(psutil.virtual_memory()._asdict())
    return report


def _memory() -> int:
    """Return the bytes of this process, shared pages counted by their share where that is known."""
    try:
        for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _host_memory() -> dict[str, int]:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    found = {
        name: int(rest.split()[0]) * 1024 for name, _, rest in (x.partition(":") for x in lines)
    }
    total, available = found.get("MemTotal", 0), found.get("MemAvailable", 0)
    return {
        "total": total,
        "available": available,
        "used": total - available,
        "free": found.get("MemFree", 0),
    }
