"""Ask jedi where running values tell nothing, when a person has installed it and turned it on."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from nuncius.kernel.complete.model import (
    CompletionContext,
    MatcherResult,
    SimpleCompletion,
    completion_matcher,
)

__all__ = ["jedi_matcher"]


@completion_matcher(identifier="IPCompleter.jedi_matcher", priority=-5, api_version=2)
def jedi_matcher(context: CompletionContext) -> MatcherResult:
    """Complete by analysis of the source; empty when jedi is not installed."""
    if context.python is None or context.code.string or context.code.in_comment:
        return MatcherResult()
    try:
        jedi: Any = import_module("jedi")
    except ImportError:
        return MatcherResult()
    spaces = [dict(namespace) for namespace in context.namespaces]
    interpreter = jedi.Interpreter(context.full_text, spaces)
    # values are looked at by our own matchers: jedi would call properties
    interpreter._inference_state.allow_unsafe_executions = False  # noqa: SLF001 - jedi's own switch
    found = interpreter.complete(line=context.cursor_line + 1, column=context.cursor_position)
    start = context.offset - len(context.code.word)
    return MatcherResult([SimpleCompletion(c.name_with_symbols, c.type) for c in found], start)
