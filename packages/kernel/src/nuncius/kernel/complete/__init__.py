"""Completion that is fast and safe: `completer_for` makes the one of a shell."""

from __future__ import annotations

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
