"""Offer completion under the names that IPython has for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NotRequired, Protocol, TypedDict, runtime_checkable

from nuncius.kernel.complete import (
    Completer,
    Completion,
    CompletionContext,
    SimpleCompletion,
    completion_matcher,
)
from nuncius.kernel.current import get_shell
from nuncius.kernel.magics.completion_options import COMPLETION

__all__ = [
    "Completer",
    "Completion",
    "CompletionContext",
    "CompletionSplitter",
    "IPCompleter",
    "MatcherAPIv2",
    "ProvisionalCompleterWarning",
    "SimpleCompletion",
    "SimpleMatcherResult",
    "completion_matcher",
    "completions_sorting_key",
    "compress_user",
    "context_matcher",
    "cursor_to_position",
    "expand_user",
    "get__all__entries",
    "has_any_completions",
    "has_open_quotes",
    "position_to_cursor",
    "protect_filename",
    "provisionalcompleter",
    "rectify_completions",
]

#: What parts the words of a line for `CompletionSplitter`, and what stands before such a character in the name of a file.
_DELIMITERS = " \t\n`!@#$^&*()=+[{]}\\|;:'\",<>?"
_PROTECTED = " ()[]{}?=\\|;:'#*\"^&"


class ProvisionalCompleterWarning(FutureWarning):
    """Never given: completion is stable here."""


class SimpleMatcherResult(TypedDict):
    """What a matcher of version 2 returns."""

    completions: Sequence[SimpleCompletion]
    matched_fragment: NotRequired[str]
    suppress: NotRequired[bool | set[str]]
    do_not_suppress: NotRequired[set[str]]
    ordered: NotRequired[bool]


@runtime_checkable
class MatcherAPIv2(Protocol):
    """A matcher that takes a `CompletionContext`."""

    matcher_api_version: int

    def __call__(self, context: CompletionContext) -> SimpleMatcherResult:
        """Return what may stand at the cursor."""
        ...


class IPCompleter:
    """The completer of a shell, asked as extensions ask IPython's.

    Args:
        shell: The shell; the one that runs by default.
        **options: Ignored; they are the shell's.
    """

    def __init__(self, shell: Any = None, **options: Any) -> None:
        self.shell: Any = get_shell() if shell is None else shell
        self.splitter = CompletionSplitter()

    def __getattr__(self, name: str) -> Any:
        option = COMPLETION.get(name)
        return getattr(self.shell.completer, name) if option is None else option.get(self.shell)

    def __setattr__(self, name: str, value: Any) -> None:
        option = COMPLETION.get(name)
        if option is None:
            super().__setattr__(name, value)
        else:
            option.set(self.shell, value)

    @property
    def custom_matchers(self) -> list[Any]:
        """Matchers of version 1 and 2 that were added; the list may be changed."""
        found: list[Any] = self.shell.completer.custom
        return found

    @property
    def custom_completers(self) -> Any:
        """What completes the arguments of commands, by command."""
        return getattr(self.shell.hooks, "complete_command", None)

    @property
    def namespace(self) -> Any:
        """The variables of the cells."""
        return self.shell.user_ns

    @property
    def global_namespace(self) -> Any:
        """The globals of the cells."""
        return self.shell.user_global_ns

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


class CompletionSplitter:
    """Finds the word that is completed.

    Attributes:
        delims: The characters that part words.
    """

    def __init__(self, delims: str | None = None) -> None:
        self.delims = _DELIMITERS if delims is None else delims

    def split_line(self, line: str, cursor_pos: int | None = None) -> str:
        """Return the word before the cursor."""
        return re.split(f"[{re.escape(self.delims)}]", line[:cursor_pos])[-1]


def has_any_completions(result: Mapping[str, Any]) -> bool:
    """Tell whether a matcher has found anything."""
    return any(True for _ in result["completions"])


def has_open_quotes(s: str) -> str | bool:
    """Return the quote that is open at the end of a text, False if none is."""
    for quote in ('"', "'"):
        if s.count(quote) % 2:
            return quote
    return False


def protect_filename(s: str, protectables: str = _PROTECTED) -> str:
    """Return the name of a file with a backslash before each character that would end it."""
    return "".join(f"\\{char}" if char in protectables else char for char in s)


def expand_user(path: str) -> tuple[str, bool, str]:
    """Return a path without its tilde; whether it had one; and what stands for it."""
    if not path.startswith("~"):
        return path, False, path
    expanded = str(Path(path).expanduser()) + "/" * path.endswith("/")
    rest = path.partition("/")[2]
    return expanded, True, expanded.removesuffix(rest) if rest else expanded


def compress_user(path: str, tilde_expand: bool, tilde_val: str) -> str:
    """Undo `expand_user`."""
    return (
        path.replace(tilde_val, "~/" if tilde_val.endswith("/") else "~", 1)
        if tilde_expand
        else path
    )


def completions_sorting_key(word: str) -> tuple[int, str, int]:
    """Return a key that puts public names first, then magics by their names, then ``_`` and ``__``."""
    bare = word.lstrip("%")
    hidden = 2 if word.startswith("__") else int(word.startswith("_"))
    return -1 if word.endswith("=") else hidden, bare, len(word) - len(bare)


def get__all__entries(obj: Any) -> list[str]:
    """Return the names that a module exports."""
    names = getattr(obj, "__all__", ())
    return [name for name in names if isinstance(name, str)]


def cursor_to_position(text: str, line: int, column: int) -> int:
    """Return the offset of a line and a column, both from 0."""
    lines = text.split("\n")
    if line >= len(lines):
        raise ValueError(f"expected a line from 0 to {len(lines) - 1}, got {line}")
    return sum(len(each) + 1 for each in lines[:line]) + column


def position_to_cursor(text: str, offset: int) -> tuple[int, int]:
    """Return the line and the column of an offset, both from 0."""
    if not 0 <= offset <= len(text):
        raise ValueError(f"expected an offset from 0 to {len(text)}, got {offset}")
    before = text[:offset].split("\n")
    return len(before) - 1, len(before[-1])
