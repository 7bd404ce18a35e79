"""Offer completion under the names that IPython has for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from nuncius.kernel.complete import (
    Completer,
    Completion,
    CompletionContext,
    SimpleCompletion,
    completion_matcher,
)

__all__ = [
    "Completer",
    "Completion",
    "CompletionContext",
    "IPCompleter",
    "SimpleCompletion",
    "context_matcher",
    "provisionalcompleter",
    "rectify_completions",
]

IPCompleter = Completer


def context_matcher(*, priority: float | None = None, identifier: str | None = None) -> object:
    """Return a decorator for matchers that take a `CompletionContext`."""
    return completion_matcher(priority=priority, identifier=identifier, api_version=2)


@contextmanager
def provisionalcompleter(action: str = "ignore") -> Iterator[None]:
    """Do nothing: completion is stable here."""
    yield


def rectify_completions(
    text: str, completions: Iterable[Completion], *, _debug: bool = False
) -> Iterator[Completion]:
    """Yield the completions with one range for all, the widest."""
    found = list(completions)
    if not found:
        return
    start, end = min(c.start for c in found), max(c.end for c in found)
    for each in found:
        wider = text[start : each.start] + each.text + text[each.end : end]
        yield replace(each, start=start, end=end, text=wider)
