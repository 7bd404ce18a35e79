"""Run the code of a cell magic as a part of the cell that it stands in: what it raises, the cell raises."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["nested", "run_nested"]


def run_nested(shell: Any, source: str) -> None:
    """Run ``source`` in the person's namespace, showing values as a cell does.

    Args:
        shell: The shell.
        source: As typed; may have magics.

    Raises:
        Exception: Whatever the code raises.
    """
    __tracebackhide__ = True
    from nuncius.kernel.runner import drive

    pieces, awaits = nested(shell, source)
    if awaits:
        shell.run_coroutine(pieces)
    else:
        drive(pieces)


def nested(shell: Any, source: str) -> tuple[Coroutine[Any, Any, None], bool]:
    """Return what runs ``source`` as `run_nested` does, and whether it awaits.

    Raises:
        Exception: What is wrong with the text.
    """
    __tracebackhide__ = True
    from nuncius.kernel.display.hook import ends_with_semicolon
    from nuncius.kernel.results import ExecutionInfo
    from nuncius.kernel.runner import run_pieces

    prepared = shell.prepare(ExecutionInfo(source))
    if prepared.error is not None:
        raise prepared.error
    show = _drop if ends_with_semicolon(prepared.cell) else _show
    pieces = run_pieces(prepared.pieces, shell.user_global_ns, shell.user_ns, show)
    return pieces, prepared.awaits


def _show(value: Any) -> None:
    sys.displayhook(value)  # what a capture has put there


def _drop(value: Any) -> None:
    """Take a value that a semicolon keeps from being shown."""
