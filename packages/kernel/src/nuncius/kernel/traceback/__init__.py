"""Tracebacks for people: `Tracebacks` turns an exception into lines of text."""

from __future__ import annotations

from nuncius.kernel.traceback.capture import CaptureOptions, capture
from nuncius.kernel.traceback.formatter import Tracebacks
from nuncius.kernel.traceback.model import ExceptionRecord, FrameRecord, Omitted, SyntaxDetail
from nuncius.kernel.traceback.render import MODES, render

__all__ = [
    "MODES",
    "CaptureOptions",
    "ExceptionRecord",
    "FrameRecord",
    "Omitted",
    "SyntaxDetail",
    "Tracebacks",
    "capture",
    "render",
]
