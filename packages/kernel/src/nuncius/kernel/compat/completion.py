"""Offer completion under the names that IPython has for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from nuncius.kernel.complete import (
    Completer,
    Completion,
    CompletionContext,
    SimpleCompletion,
    completion_matcher,
)
from nuncius.kernel.current import get_shell

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


class IPCompleter:
    """The completer of a shell, asked as extensions ask IPython's.

    Args:
        shell: The shell; the one that runs by default.
        **options: Ignored; they are the shell's.
    """

    def __init__(self, shell: Any = None, **options: Any) -> None:
        self.shell: Any = get_shell() if shell is None else shell

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shell.completer, name)

    def completions(self, text: str, offset: int) -> Iterator[Completion]:
        """Yield what may stand at an offset of a cell."""
        yield from self.shell.completer.complete(text, offset).completions

    def complete(
        self, text: str | None = None, line_buffer: str | None = None, cursor_pos: int | None = None
    ) -> tuple[str, list[str]]:
        """Return the text that is completed, and its completions."""
        found: tuple[str, list[str]] = self.shell.complete(text or "", line_buffer, cursor_pos)
        return found

    def all_completions(self, text: str) -> list[str]:
        """Return the completions of a text."""
        return self.complete(text)[1]

    @property
    def use_jedi(self) -> bool:
        """Whether jedi is asked, too."""
        return bool(self.shell.options.use_jedi)

    @use_jedi.setter
    def use_jedi(self, value: bool) -> None:
        self.shell.set_option("use_jedi", value)


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
