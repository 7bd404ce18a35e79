"""Know the connection file of the kernel that runs."""

from __future__ import annotations

import sys
from typing import Any

from nuncius.kernel.current import get_shell

__all__ = ["connection_file"]


def connection_file() -> str:
    """Return the name of the connection file; an empty text where there is none."""
    kernel: Any = getattr(get_shell(), "kernel", None)
    if told := getattr(kernel, "connection_file", ""):
        return str(told)
    arguments = sys.argv
    for flag in ("-f", "--f"):
        if flag in arguments[:-1]:
            return arguments[arguments.index(flag) + 1]
    return ""
