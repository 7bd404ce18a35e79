"""Give the prompt what was typed before: loaded from the kernel behind the first prompt, never before it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence

from prompt_toolkit.history import History

__all__ = ["KernelHistory"]


class KernelHistory(History):
    """The kernel's history, newest first.

    Args:
        load: Returns the sources of the last cells, oldest first.
    """

    def __init__(self, load: Callable[[], Awaitable[Sequence[str]]]) -> None:
        super().__init__()
        self._load = load

    async def load(self) -> AsyncGenerator[str, None]:
        """Yield the entries, newest first; those of this session are there at once."""
        if not self._loaded:
            past = await self._load()
            # What was typed while the past was loading is newer than it.
            self._loaded_strings = [*self._loaded_strings, *_newest_first(past)]
            self._loaded = True
        for entry in self._loaded_strings:
            yield entry

    def load_history_strings(self) -> Iterable[str]:
        """Return nothing: the past comes through `load`."""
        return ()

    def store_string(self, string: str) -> None:
        """Do nothing: the kernel stores what it runs."""


def _newest_first(past: Sequence[str]) -> list[str]:
    newest: list[str] = []
    for source in reversed(past):
        if source.strip() and (not newest or newest[-1] != source):
            newest.append(source)
    return newest
