"""Tell which frames a person wants to see in the debugger: theirs, not the kernel's, nor those that ask to be hidden."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import FrameType
from typing import Any

from nuncius.kernel.current import get_shell
from nuncius.kernel.traceback.formatter import asks_to_hide, is_kernel_frame

__all__ = ["Entry", "is_cell", "is_hidden", "is_outermost", "label_of", "next_visible", "visible"]

#: A frame, and the line that runs in it.
Entry = tuple[FrameType, int]


def is_cell(frame: FrameType) -> bool:
    """Tell whether ``frame`` runs code of a cell."""
    compiler = getattr(get_shell(), "compile", None)
    return compiler is not None and bool(compiler.is_cell(frame.f_code.co_filename))


def is_outermost(frame: FrameType) -> bool:
    """Tell whether ``frame`` runs code outside of any function."""
    return frame.f_code.co_name in ("<module>", "<cell line: 1>")


def is_hidden(frame: FrameType) -> bool:
    """Tell whether ``frame`` is left out while hidden frames are skipped."""
    return is_kernel_frame(frame) or asks_to_hide(frame)


def visible(stack: Sequence[Entry], index: int) -> tuple[list[Entry], int]:
    """Return the frames without those of the kernel below the cell and above an error, and where the current one is."""
    first = next((i for i, (frame, _) in enumerate(stack) if is_cell(frame)), 0)
    last = len(stack)
    while last > first + 1 and is_kernel_frame(stack[last - 1][0]):
        last -= 1
    return list(stack[first:last]), min(max(index - first, 0), last - first - 1)


def next_visible(stack: Sequence[Entry], index: int, step: int, skip: bool) -> tuple[int, int]:
    """Return the place of the next frame up (-1) or down (1), and how many hidden ones lie between; the place is ``index`` where there is none."""
    hidden = 0
    at = index + step
    while 0 <= at < len(stack):
        if not (skip and is_hidden(stack[at][0])):
            return at, hidden
        hidden += 1
        at += step
    return index, hidden


def label_of(frame: FrameType) -> str:
    """Return what a person calls the file of ``frame``."""
    filename = frame.f_code.co_filename
    shell: Any = get_shell()
    number = shell.compile.cell_of(filename) if is_cell(frame) else None
    if number is not None:
        return f"Cell In[{number}]"
    return filename.replace(os.path.expanduser("~"), "~", 1)  # noqa: PTH111 - text, not a path
