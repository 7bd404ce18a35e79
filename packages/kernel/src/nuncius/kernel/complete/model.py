"""What matchers get and give: the interface of completion, the one that extensions write against.

A matcher of version 2 is a function from a `CompletionContext` to a mapping with ``completions`` (see `MatcherResult`), marked by `completion_matcher`. One of version 1 is a function from a text to a list of texts.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from nuncius.kernel.complete.cells import python_start
from nuncius.kernel.complete.drafts import Draft, Drafts, read_drafts
from nuncius.kernel.complete.parse import Analysis, analyze
from nuncius.kernel.guarded import Evaluator

__all__ = [
    "Completion",
    "CompletionContext",
    "CompletionResult",
    "Matcher",
    "MatcherResult",
    "SimpleCompletion",
    "completion_matcher",
]

_DELIMITERS = frozenset(" \t\n`!@#$^&*()=+[{]}\\|;:'\",<>?")


@dataclass(frozen=True, slots=True)
class Completion:
    """One completion.

    Attributes:
        start: Offset in the cell of the text that it replaces.
        end: Where that ends.
        text: What comes instead.
        type: ``function``, ``class``, ``module``, ``instance``, ``property``, ``keyword``, ``param``, ``magic``, ``path``, ``dict key`` and so on; empty when unknown.
        signature: How it is called, such as ``(a, b=1)``.
    """

    start: int
    end: int
    text: str
    type: str = ""
    signature: str = ""


class SimpleCompletion(NamedTuple):
    """A completion that a matcher gives: the text for the fragment that it matched.

    A module has hundreds of names, and to make a tuple costs a third of what a frozen dataclass does.
    """

    text: str
    type: str | None = None
    signature: str = ""


@dataclass(frozen=True, slots=True)
class MatcherResult:
    """What one matcher found.

    Attributes:
        completions: What may stand there.
        start: Offset of the text that they replace.
        end: Where that ends; None for the cursor.
        suppress: Other matchers are not asked, or dropped: all of them, or those with these ids.
        ordered: They are in order already.
    """

    completions: Sequence[SimpleCompletion] = ()
    start: int = 0
    end: int | None = None
    suppress: bool | frozenset[str] = False
    do_not_suppress: frozenset[str] = frozenset()
    ordered: bool = False


@dataclass(frozen=True)
class CompletionContext:
    """The question: what may stand at the cursor.

    Attributes:
        full_text: The cell.
        offset: Of the cursor in it, in characters.
        namespaces: Where names are looked up, in this order.
        policy: How far expressions are evaluated; see `nuncius.kernel.guarded`.
        limit: At most so many completions are wanted; None for all.
        hide: Which names that begin with an underscore are left out while no underscore is typed: 0 none, 1 ``__names__``, 2 all.
    """

    full_text: str
    offset: int
    namespaces: Sequence[Mapping[str, Any]] = ()
    policy: str = "limited"
    limit: int | None = None
    hide: int = 2

    @cached_property
    def before(self) -> str:
        """The cell up to the cursor."""
        return self.full_text[: self.offset]

    @cached_property
    def cursor_line(self) -> int:
        """The line of the cursor, from 0."""
        return self.before.count("\n")

    @cached_property
    def cursor_position(self) -> int:
        """The column of the cursor, from 0."""
        return len(self.text_until_cursor)

    @cached_property
    def line_start(self) -> int:
        """Where the line of the cursor starts."""
        return self.before.rfind("\n") + 1

    @cached_property
    def text_until_cursor(self) -> str:
        """The line up to the cursor."""
        return self.before[self.line_start :]

    @cached_property
    def line_with_cursor(self) -> str:
        """The whole line of the cursor."""
        return self.full_text[self.line_start :].split("\n", 1)[0]

    @cached_property
    def token(self) -> str:
        """The text back to the last space or sign of punctuation other than a dot."""
        line = self.text_until_cursor
        start = len(line)
        while start and line[start - 1] not in _DELIMITERS:
            start -= 1
        return line[start:]

    @cached_property
    def code(self) -> Analysis:
        """Where in Python's grammar the cursor is."""
        return analyze(self.before)

    @cached_property
    def evaluator(self) -> Evaluator:
        """Evaluates expressions without side effects."""
        if not self.drafts:
            return Evaluator(self.namespaces, self.policy)
        return Evaluator((Drafts(self.drafts, self._value_of), *self.namespaces), self.policy)

    def _value_of(self, node: ast.expr) -> Any:
        return self.evaluator.node(node)

    @cached_property
    def drafts(self) -> Mapping[str, Draft]:
        """What the cell itself binds, which has not run yet."""
        return read_drafts(self.full_text, self.code.statement_start, self.offset)

    @cached_property
    def python(self) -> CompletionContext | None:
        """The question for the Python that the cursor is in, None when it is in none."""
        start = python_start(self.full_text, self.offset)
        if start is None:
            return None
        return self.at(start) if start else self

    def at(self, start: int) -> CompletionContext:
        """Return the same question for the part of the cell from ``start``: the argument of a magic.

        The offsets stay those of the cell: what comes before is taken for empty lines.
        """
        blank = "".join("\n" if c == "\n" else " " for c in self.full_text[:start])
        return CompletionContext(
            blank + self.full_text[start:],
            self.offset,
            self.namespaces,
            self.policy,
            self.limit,
            self.hide,
        )


@dataclass(frozen=True, slots=True)
class CompletionResult:
    """The answer.

    Attributes:
        found: Without duplicates, the best first; all have the same range.
        start: Offset of the text that they replace.
        end: Where that ends.
        partial: Not all matchers answered in time.
        errors: What matchers raised: identifier and text.
    """

    found: tuple[SimpleCompletion, ...]
    start: int
    end: int
    partial: bool = False
    errors: tuple[tuple[str, str], ...] = field(default=())

    @property
    def completions(self) -> tuple[Completion, ...]:
        """What was found, each with the range that it replaces."""
        return tuple(
            Completion(self.start, self.end, text, kind or "", signature)
            for text, kind, signature in self.found
        )

    @property
    def matches(self) -> list[str]:
        """The texts alone."""
        return [completion.text for completion in self.found]

    def reply(self) -> dict[str, Any]:
        """Return the content of ``complete_reply``."""
        start, end = self.start, self.end
        types = [
            {"start": start, "end": end, "text": text, "type": kind or "", "signature": signature}
            for text, kind, signature in self.found
        ]
        return {
            "status": "ok",
            "matches": self.matches,
            "cursor_start": start,
            "cursor_end": end,
            "metadata": {"_jupyter_types_experimental": types},
        }


Matcher = Callable[[CompletionContext], Any]


def completion_matcher(
    *, priority: float | None = None, identifier: str | None = None, api_version: int = 1
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a function as a matcher.

    Args:
        priority: Higher ones come first.
        identifier: Its name for suppression and ``disable_matchers``.
        api_version: 1 (text to list of texts) or 2 (context to result).
    """

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        marked: Any = function
        marked.matcher_priority = priority or 0
        marked.matcher_identifier = identifier or function.__qualname__
        marked.matcher_api_version = api_version
        return function

    return mark
