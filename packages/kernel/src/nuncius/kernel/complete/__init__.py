"""Completion that is fast and safe: `completer_for` makes the one of a shell.

The names are loaded when they are first used, see `nuncius.kernel.traceback`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.kernel.complete.build import completer_for, plain_completer
    from nuncius.kernel.complete.engine import Completer
    from nuncius.kernel.complete.model import (
        Completion,
        CompletionContext,
        CompletionResult,
        MatcherResult,
        SimpleCompletion,
        completion_matcher,
    )

__all__ = [
    "Completer",
    "Completion",
    "CompletionContext",
    "CompletionResult",
    "MatcherResult",
    "SimpleCompletion",
    "completer_for",
    "completion_matcher",
    "plain_completer",
]

_PLACES = {
    "Completer": "engine",
    "Completion": "model",
    "CompletionContext": "model",
    "CompletionResult": "model",
    "MatcherResult": "model",
    "SimpleCompletion": "model",
    "completer_for": "build",
    "completion_matcher": "model",
    "plain_completer": "build",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
