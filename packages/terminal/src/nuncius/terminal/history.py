"""Give the prompt what was typed before: loaded from the kernel behind the first prompt, never before it.

Rule: the suggestion in grey is what Up would bring: the newest input that begins with what stands there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.history import History

if TYPE_CHECKING:
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.document import Document

__all__ = ["KernelHistory", "KernelSuggest", "suggest"]

#: Inputs that Up walks through and suggestions are made from.
_RECENT = 1000

#: Inputs that a search looks through.
_ALL = 1_000_000


class KernelHistory(History):
    """The kernel's history, newest first.

    Args:
        load: Returns the sources of the last cells, oldest first; takes how many.
    """

    def __init__(self, load: Callable[[int], Awaitable[Sequence[str]]]) -> None:
        super().__init__()
        self._load = load
        self._loaded_all = False

    @property
    def recent(self) -> Sequence[str]:
        """The last inputs, newest first, as far as they are loaded."""
        return self._loaded_strings[:_RECENT]

    async def load(self) -> AsyncGenerator[str, None]:
        """Yield the last entries, newest first; those of this session are there at once."""
        if not self._loaded:
            self._loaded = True
            past = _newest_first(await self._load(_RECENT))
            # What was typed while the past was loading is newer than it.
            self._loaded_strings = [*self._loaded_strings, *past]
        for entry in self._loaded_strings[:_RECENT]:
            yield entry

    async def expand(self, buffer: Buffer) -> None:
        """Load everything that was ever typed, and let ``buffer`` search in it."""
        if not self._loaded_all:
            self._loaded_all = True
            past = _newest_first(await self._load(_ALL))
            self._loaded_strings = past
        # prompt_toolkit loads once for each prompt, and has no public way to load more.
        state: Any = vars(buffer)
        lines = state["_working_lines"]
        missing = self._loaded_strings[len(lines) - 1 :]
        lines.extendleft(missing)
        state["_Buffer__working_index"] += len(missing)

    def load_history_strings(self) -> Iterable[str]:
        """Return nothing: the past comes through `load`."""
        return ()

    def store_string(self, string: str) -> None:
        """Do nothing: the kernel stores what it runs."""


class KernelSuggest(AutoSuggest):
    """Suggest how a line may go on, from the history."""

    def __init__(self, history: KernelHistory) -> None:
        self._history = history

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        """Return the rest of the line."""
        rest = suggest(document.text, self._history.recent)
        return Suggestion(rest) if rest else None


def suggest(text: str, past: Iterable[str]) -> str:
    """Return how the last line of ``text`` goes on in the newest input that begins with ``text``; empty if in none.

    Args:
        text: What stands there.
        past: Inputs, newest first.
    """
    if not text.strip() or text.endswith("\n"):
        return ""
    for entry in past:
        if entry.startswith(text) and len(entry) > len(text):
            return entry[len(text) :].partition("\n")[0]
    return ""


def _newest_first(past: Sequence[str]) -> list[str]:
    newest: list[str] = []
    for source in reversed(past):
        if source.strip() and (not newest or newest[-1] != source):
            newest.append(source)
    return newest
