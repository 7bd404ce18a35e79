"""Tell which frames a person wants to see in the debugger: theirs, not the kernel's, nor those that ask to be hidden."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import FrameType
from typing import Any

from nuncius.kernel.current import get_shell
from nuncius.kernel.traceback.formatter import asks_to_hide, is_kernel_frame

__all__ = [
    "Entry",
    "Hiding",
    "is_cell",
    "is_outermost",
    "label_of",
    "next_visible",
    "visible",
    "with_labels",
]

#: A frame, and the line that runs in it.
Entry = tuple[FrameType, int]


def is_cell(frame: FrameType) -> bool:
    """Tell whether ``frame`` runs code of a cell."""
    compiler = getattr(get_shell(), "compile", None)
    return compiler is not None and bool(compiler.is_cell(frame.f_code.co_filename))


def is_outermost(frame: FrameType) -> bool:
    """Tell whether ``frame`` runs code outside of any function."""
    return frame.f_code.co_name in ("<module>", "<cell line: 1>")


class Hiding:
    """Which frames are left out while hidden ones are skipped, by the names of the reasons that IPython has.

    Attributes:
        reasons: Name -> whether it counts: ``tbhide``, they say ``__tracebackhide__ = True``; ``readonly``, their file cannot be written; ``ipython_internal``, they are the kernel's; ``debuggerskip``, they or a caller say ``__debuggerskip__ = True``: these are shown, and stepped over.
    """

    def __init__(self) -> None:
        self.reasons = {
            "tbhide": True,
            "readonly": False,
            "ipython_internal": True,
            "debuggerskip": True,
        }

    def hides(self, frame: FrameType) -> bool:
        """Tell whether ``frame`` is neither stopped in nor shown."""
        reasons = self.reasons
        return bool(
            (reasons["tbhide"] and asks_to_hide(frame))
            or (reasons["ipython_internal"] and is_kernel_frame(frame))
            or (reasons["readonly"] and _is_readonly(frame.f_code.co_filename))
        )

    def is_marked(self, frame: FrameType) -> bool:
        """Tell whether ``frame``, or its caller, may ask to be stepped over."""
        if not self.reasons["debuggerskip"]:
            return False
        caller = frame.f_back
        return _SKIP in frame.f_code.co_varnames or (caller is not None and _skips(caller))

    def steps_over(self, frame: FrameType) -> bool:
        """Tell whether one does not stop in ``frame`` by oneself: it or a caller asks for it."""
        if not self.reasons["debuggerskip"]:
            return False
        if _SKIP in frame.f_code.co_varnames:
            return True
        above = frame.f_back
        while above is not None and not _skips(above):
            above = above.f_back
        return above is not None


_SKIP = "__debuggerskip__"


def _skips(frame: FrameType) -> bool:
    # by its code first: to read the variables of a frame takes long
    code = frame.f_code
    return (_SKIP in code.co_varnames or _SKIP in code.co_names) and bool(frame.f_locals.get(_SKIP))


@lru_cache(maxsize=500)
def _is_readonly(path: str) -> bool:
    return os.path.exists(path) and not os.access(path, os.W_OK)  # noqa: PTH110 - a str


def visible(stack: Sequence[Entry], index: int) -> tuple[list[Entry], int]:
    """Return the frames without those of the kernel below the cell and above an error, and where the current one is."""
    first = next((i for i, (frame, _) in enumerate(stack) if is_cell(frame)), 0)
    last = len(stack)
    while last > first + 1 and is_kernel_frame(stack[last - 1][0]):
        last -= 1
    return list(stack[first:last]), min(max(index - first, 0), last - first - 1)


def next_visible(
    stack: Sequence[Entry], index: int, step: int, hides: Callable[[FrameType], bool]
) -> tuple[int, int]:
    """Return the place of the next frame up (-1) or down (1), and how many hidden ones lie between; the place is ``index`` where there is none."""
    hidden = 0
    at = index + step
    while 0 <= at < len(stack):
        if not hides(stack[at][0]):
            return at, hidden
        hidden += 1
        at += step
    return index, hidden


def label_of(frame: FrameType) -> str:
    """Return what a person calls the file of ``frame``."""
    filename: str = frame.f_code.co_filename
    return _label_of_cell(filename) or filename.replace(os.path.expanduser("~"), "~", 1)  # noqa: PTH111 - text, not a path


def with_labels(text: str) -> str:
    """Return a text with what a person calls their cells in the place of the cells' files."""
    shell: Any = get_shell()
    if shell is None or shell.compile.folder not in text:
        return text
    path = re.compile(re.escape(str(shell.compile.folder)) + r"[^/\\\s:]+\.py")
    return path.sub(lambda match: _label_of_cell(match[0]) or str(match[0]), text)


def _label_of_cell(filename: str) -> str | None:
    compiler: Any = getattr(get_shell(), "compile", None)
    if compiler is None or not compiler.is_cell(filename):
        return None
    number: int | None = compiler.cell_of(filename)
    return None if number is None else f"Cell In[{number}]"
