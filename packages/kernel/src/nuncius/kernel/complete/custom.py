"""Take what extensions add: matchers of both versions of the interface, and hooks of commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nuncius.kernel.complete.model import (
    CompletionContext,
    MatcherResult,
    SimpleCompletion,
    completion_matcher,
)

__all__ = ["CompleteEvent", "ask", "hook_matcher", "hooks_for", "identifier_of", "priority_of"]


@dataclass(frozen=True, slots=True)
class CompleteEvent:
    """What a ``complete_command`` hook is given.

    Attributes:
        line: The whole line.
        symbol: The word to complete.
        command: The first word of the line.
        text_until_cursor: The line up to the cursor.
    """

    line: str
    symbol: str
    command: str
    text_until_cursor: str


def identifier_of(matcher: Callable[..., Any]) -> str:
    """Return the name of a matcher."""
    named = getattr(matcher, "matcher_identifier", None)
    return str(named or getattr(matcher, "__qualname__", type(matcher).__name__))


def priority_of(matcher: Callable[..., Any]) -> float:
    """Return the priority of a matcher."""
    return float(getattr(matcher, "matcher_priority", 0) or 0)


def ask(matcher: Callable[..., Any], context: CompletionContext) -> MatcherResult:
    """Call a matcher of either version, and return what it found."""
    if getattr(matcher, "matcher_api_version", 1) == 2:
        found = matcher(context)
    else:
        found = matcher(context.token)
    if isinstance(found, MatcherResult):
        return found
    if isinstance(found, Mapping):
        return _from_mapping(found, context)
    return _from_texts(found or (), context)


def _from_texts(texts: Sequence[str], context: CompletionContext) -> MatcherResult:
    completions = [SimpleCompletion(text) for text in texts if isinstance(text, str)]
    return MatcherResult(completions, context.offset - len(context.token))


def _from_mapping(found: Mapping[str, Any], context: CompletionContext) -> MatcherResult:
    fragment = found.get("matched_fragment")
    length = len(fragment if isinstance(fragment, str) else context.token)
    completions = [
        SimpleCompletion(c, None)
        if isinstance(c, str)
        else SimpleCompletion(
            str(c.text), getattr(c, "type", None), getattr(c, "signature", "") or ""
        )
        for c in found.get("completions", ())
    ]
    suppress = found.get("suppress", False)
    return MatcherResult(
        completions,
        context.offset - length,
        suppress=suppress if isinstance(suppress, bool) else frozenset(suppress or ()),
        do_not_suppress=frozenset(found.get("do_not_suppress", ())),
        ordered=bool(found.get("ordered", False)),
    )


def hook_matcher(shell: Any, hooks: Callable[[], Any]) -> Any:
    """Return the matcher that asks the hooks of commands.

    Args:
        shell: Given to the hooks.
        hooks: Gives the hooks by command: an object with ``flat_matches``.
    """

    @completion_matcher(
        identifier="IPCompleter.custom_completer_matcher", priority=80, api_version=2
    )
    def match(context: CompletionContext) -> MatcherResult:
        dispatch = hooks()
        line = context.text_until_cursor
        words = line.split(None, 1)
        if not words:
            return MatcherResult()
        event = CompleteEvent(context.line_with_cursor, context.token, words[0], line)
        for hook in hooks_for(dispatch, line):
            try:
                found = hook(shell, event)
            except Exception as passed:
                if type(passed).__name__ == "TryNext":
                    continue
                raise
            if found:
                texts = [f for f in found if f.lower().startswith(context.token.lower())] or found
                result = _from_texts(texts, context)
                return MatcherResult(result.completions, result.start, suppress=True)
        return MatcherResult()

    return match


def hooks_for(dispatch: Any, line: str) -> list[Callable[..., Any]]:
    """Return the hooks for the command of a line, with and without its percent sign, and for the whole line.

    Args:
        dispatch: The hooks by command, with ``flat_matches``; None for none.
        line: Up to the cursor.
    """
    command = line.split(None, 1)[0] if line.strip() else ""
    if dispatch is None or not command:
        return []
    keys = [command] if command.startswith("%") else [command, f"%{command}"]
    found: list[Callable[..., Any]] = []
    for key in (*keys, line):
        found += [hook for hook in dispatch.flat_matches(key) if hook not in found]
    return found
