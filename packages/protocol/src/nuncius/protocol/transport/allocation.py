"""Let the memory of one large message serve the next one.

libzmq allocates each message that it receives. From 32 MiB on, glibc takes fresh pages from the system for each, and gives them back when it is freed; that the system clears them and maps them one by one costs up to twenty times as much as to fill them. So once a process has received such a message, glibc is told to keep up to `KEPT` bytes of freed memory.

Rule 1: a process that receives no large message is left alone, and so is one whose ``MALLOC_*`` variables say what is wanted.

Source: mallopt(3); malloc/malloc.c of glibc, DEFAULT_MMAP_THRESHOLD_MAX.
"""

from __future__ import annotations

import os
from typing import Final

__all__ = ["KEPT", "LARGE", "keep_memory"]

#: Bytes: up to here glibc keeps memory by itself.
LARGE: Final = 32 << 20

#: Bytes: larger messages get fresh memory still.
KEPT: Final = 128 << 20

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3

_done = False


def keep_memory() -> None:
    """Have this process keep the memory of large messages from now on. Does nothing the second time, or without glibc."""
    global _done
    if _done:
        return
    _done = True
    if any(name in os.environ for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")):
        return
    try:
        if not (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc"):
            return
        import ctypes

        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, ValueError, OSError, ImportError):
        return
    mallopt(_M_MMAP_THRESHOLD, KEPT)
    mallopt(_M_TRIM_THRESHOLD, KEPT)
