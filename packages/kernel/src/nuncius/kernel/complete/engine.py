"""Answer completion requests: ask the matchers in order, within a deadline, and merge what they found.

Rule 1: an answer is given in time, with what was found until then.
Rule 2: what a matcher raises is noted in the result, and never keeps the others from answering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nuncius.kernel.complete.custom import ask, identifier_of, priority_of
from nuncius.kernel.complete.model import (
    CompletionContext,
    CompletionResult,
    MatcherResult,
    SimpleCompletion,
)
from nuncius.kernel.worker import Worker

__all__ = ["Completer"]

_MAX_RESULTS = 10_000

Found = list[tuple[str, MatcherResult]]


class Completer:
    """Complete code over the namespaces of a shell.

    Args:
        namespaces: Gives where names are looked up, in this order.
        matchers: Functions that find completions; see `nuncius.kernel.complete.model`.
        deadline: Seconds after which the answer is given with what is there; None asks all matchers in this thread, however long that takes.
        patience: Further seconds to wait while nothing is found at all.
        policy: How far expressions are evaluated.
        hide: Which names with underscores are left out; see `CompletionContext`.
        instead: Gives the completer that answers in place of this one at the moment, None for none.
        at_once: Tells whether no matcher that was given can take long for a question: then they are asked in this thread.
        worker: Asks the matchers; one of its own by default.

    Attributes:
        disabled: Identifiers of matchers that are not asked.
        custom: Matchers that were added; they are asked like the others.
    """

    def __init__(
        self,
        namespaces: Callable[[], Sequence[Mapping[str, Any]]],
        matchers: Iterable[Callable[..., Any]],
        *,
        deadline: float | None = 0.05,
        patience: float = 0.15,
        policy: str = "limited",
        hide: int = 2,
        instead: Callable[[], Completer | None] = lambda: None,
        at_once: Callable[[CompletionContext], bool] = lambda context: False,
        worker: Worker | None = None,
    ) -> None:
        self._namespaces = namespaces
        self._builtin = list(matchers)
        self.deadline = deadline
        self.patience = patience
        self.policy = policy
        self.hide = hide
        self.disabled: set[str] = set()
        self.custom: list[Callable[..., Any]] = []
        self._instead = instead
        self._at_once = at_once
        self._worker = worker or Worker()

    @property
    def matchers(self) -> list[Callable[..., Any]]:
        """The matchers in the order in which they are asked."""
        enabled = [
            m for m in (*self.custom, *self._builtin) if identifier_of(m) not in self.disabled
        ]
        return sorted(enabled, key=lambda m: -priority_of(m))

    def add(self, matcher: Callable[..., Any], position: int = 0) -> None:
        """Add a matcher of version 1 or 2."""
        self.custom.insert(position, matcher)

    def complete(
        self, code: str, cursor: int | None = None, *, deadline: float | None = None
    ) -> CompletionResult:
        """Return what may stand at the cursor.

        Args:
            code: The cell.
            cursor: Offset in characters; the end by default.
            deadline: Seconds, instead of the usual ones.
        """
        other = self._instead()
        if other is not None:
            return other.complete(code, cursor, deadline=deadline)
        offset = len(code) if cursor is None else max(0, min(cursor, len(code)))
        context = CompletionContext(
            code, offset, tuple(self._namespaces()), self.policy, _MAX_RESULTS, self.hide
        )
        found: Found = []
        errors: list[tuple[str, str]] = []
        steps = (_step(matcher, context, found, errors) for matcher in self.matchers)
        seconds = self.deadline if deadline is None else deadline
        if seconds is None or (not self.custom and self._at_once(context)):
            for step in steps:
                if not step():
                    break
            finished = True
        else:
            patience = self.patience if deadline is None else 0.0
            finished = self._worker.run(steps, seconds, patience, lambda: bool(found))
        return _merge(context, list(found), not finished, tuple(errors))

    def close(self) -> None:
        """End the thread that asks the matchers."""
        self._worker.close()


def _step(
    matcher: Callable[..., Any],
    context: CompletionContext,
    found: Found,
    errors: list[tuple[str, str]],
) -> Callable[[], bool]:
    """Return a function that asks one matcher; it returns whether others are to be asked."""

    def step() -> bool:
        identifier = identifier_of(matcher)
        if any(_suppresses(result, identifier) for _, result in found):
            return True
        try:
            result = ask(matcher, context)
        except Exception as error:  # noqa: BLE001 - matchers are anybody's code
            errors.append((identifier, f"{type(error).__name__}: {error}"))
            return True
        if result.completions:
            found.append((identifier, result))
        return not (result.suppress is True and not result.do_not_suppress)

    return step


def _suppresses(result: MatcherResult, identifier: str) -> bool:
    if identifier in result.do_not_suppress:
        return False
    return result.suppress is True or (
        result.suppress is not False and identifier in result.suppress
    )


def _merge(
    context: CompletionContext, found: Found, partial: bool, errors: tuple[tuple[str, str], ...]
) -> CompletionResult:
    """Give all completions the same range, and leave out duplicates."""
    kept = [(i, r) for i, r in found if not any(_suppresses(o, i) for j, o in found if j != i)]
    if not kept:
        return CompletionResult((), context.offset, context.offset, partial, errors)
    start = min(result.start for _, result in kept)
    end = max(context.offset if r.end is None else r.end for _, r in kept)
    texts: dict[str, SimpleCompletion] = {}
    for _, result in kept:
        _add(texts, _widened(result, context, start, end))
    return CompletionResult(tuple(texts.values())[:_MAX_RESULTS], start, end, partial, errors)


def _widened(
    result: MatcherResult, context: CompletionContext, start: int, end: int
) -> Sequence[SimpleCompletion]:
    """Return the completions of a matcher for the range that all get."""
    before = context.full_text[start : result.start]
    after = context.full_text[context.offset if result.end is None else result.end : end]
    if not before and not after:
        return result.completions
    return [
        SimpleCompletion(f"{before}{text}{after}", kind, signature)
        for text, kind, signature in result.completions
    ]


def _add(texts: dict[str, SimpleCompletion], found: Sequence[SimpleCompletion]) -> None:
    """Add completions by their texts; of two with the same text, the first that has a type is kept."""
    for completion in found:
        known = texts.setdefault(completion.text, completion)
        if known is not completion and not known.type and completion.type:
            texts[completion.text] = completion
