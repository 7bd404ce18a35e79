"""Count the forks that led to this process, so that objects of the parent know that they are in a child.

Asking the system for the process id costs a system call for each line of output.
"""

from __future__ import annotations

import os

__all__ = ["generation"]

_generation = 0


def generation() -> int:
    """Return how many forks this module has lived through; another number means another process."""
    return _generation


def _forked() -> None:
    global _generation
    _generation += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
