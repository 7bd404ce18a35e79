"""Tracebacks for people: `Tracebacks` turns an exception into lines of text; `capture.capture` and `render.render` are its two halves.

The names are loaded when they are first used: two threads that each import a module of a package whose ``__init__`` imports both could find one of them half made.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.kernel.traceback.capture import CaptureOptions
    from nuncius.kernel.traceback.formatter import Tracebacks
    from nuncius.kernel.traceback.model import ExceptionRecord, FrameRecord, Omitted, SyntaxDetail
    from nuncius.kernel.traceback.render import MODES

__all__ = [
    "MODES",
    "CaptureOptions",
    "ExceptionRecord",
    "FrameRecord",
    "Omitted",
    "SyntaxDetail",
    "Tracebacks",
]

_PLACES = {
    "MODES": "render",
    "CaptureOptions": "capture",
    "ExceptionRecord": "model",
    "FrameRecord": "model",
    "Omitted": "model",
    "SyntaxDetail": "model",
    "Tracebacks": "formatter",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
