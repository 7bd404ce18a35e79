"""Say what the machine is, and how long functions take on it, as ``IPython.utils.sysinfo`` and ``timing`` do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nuncius.kernel.compat.texts import DEFAULT_ENCODING

__all__ = [
    "clock",
    "clock2",
    "clocks",
    "clocku",
    "get_sys_info",
    "sys_info",
    "timing",
    "timings",
    "timings_out",
]


def get_sys_info() -> dict[str, Any]:
    """Return what a report of a mistake should say of the machine."""
    import platform

    return {
        "ipython_version": sys.modules["IPython"].__version__ if "IPython" in sys.modules else "",
        "ipython_path": str(Path(__file__).parents[1]),
        "commit_source": "",
        "commit_hash": "",
        "sys_version": sys.version,
        "sys_executable": sys.executable,
        "sys_platform": sys.platform,
        "platform": platform.platform(),
        "os_name": os.name,
        "default_encoding": DEFAULT_ENCODING,
    }


def sys_info() -> str:
    """Return `get_sys_info` as text."""
    from pprint import pformat

    return pformat(get_sys_info())


def clock() -> float:
    """Return the seconds of processor time that the process has used."""
    import time

    return time.process_time()


def clock2() -> tuple[float, float]:
    """Return the seconds that the process has used: its own, and the system's."""
    times = os.times()
    return times.user, times.system


def timings_out(
    reps: int, func: Callable[..., Any], *args: Any, **kw: Any
) -> tuple[float, float, Any]:
    """Call a function so often; returns the seconds in all, those per call, and what it returned last."""
    if reps < 1:
        raise ValueError(f"reps is {reps}; expected 1 or more")
    start = clock()
    result = None
    for _ in range(reps):
        result = func(*args, **kw)
    total = clock() - start
    return total, total / reps, result


def timings(reps: int, func: Callable[..., Any], *args: Any, **kw: Any) -> tuple[float, float]:
    """Call a function so often; returns the seconds in all, and those per call."""
    return timings_out(reps, func, *args, **kw)[:2]


def timing(func: Callable[..., Any], *args: Any, **kw: Any) -> float:
    """Call a function once; returns the seconds that it took."""
    return timings_out(1, func, *args, **kw)[0]


def clocku() -> float:
    """Return the seconds of processor time of the process itself."""
    return clock2()[0]


def clocks() -> float:
    """Return the seconds of processor time of the system for the process."""
    return clock2()[1]
