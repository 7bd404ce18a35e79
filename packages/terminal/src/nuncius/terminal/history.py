"""Give the prompt what was typed before: asked for when the first key is pressed, never before the first prompt.

Rule: the suggestion in grey is what Up would bring: the newest input that begins with what stands there. It is looked for in the last thousand inputs, and then in all of them; Up and Ctrl-R reach all of them, too, a page at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.history import History

if TYPE_CHECKING:
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.document import Document

__all__ = ["KernelHistory", "KernelSuggest", "Lines", "glob_of", "merged", "suggest"]

#: Inputs that are loaded at first, and that suggestions are made from.
_RECENT = 1000

#: Each page that Up asks for makes so many times as many inputs available as there were.
_GROWTH = 8

#: More inputs than anybody types.
_ALL = 10_000_000


class KernelHistory(History):
    """The kernel's history, newest first.

    Args:
        load: Returns the sources of the last cells, oldest first; takes how many.
        find: Returns the sources of the last cells that are like a glob, oldest first; takes the glob and how many.
    """

    def __init__(
        self,
        load: Callable[[int], Awaitable[Sequence[str]]],
        find: Callable[[str, int], Awaitable[Sequence[str]]] | None = None,
    ) -> None:
        super().__init__()
        self._load = load
        self._find = find
        self._rows = _RECENT
        self._wanted = asyncio.Event()
        #: The buffer of the present prompt has the last inputs.
        self._filled = asyncio.Event()
        #: Found by a search, not by going back: that many at the left of the buffer's lines.
        self._found = 0
        #: What no input begins with.
        self._unknown: list[str] = []
        #: Globs of which everything is there already.
        self._exhausted: set[str] = set()

    @property
    def recent(self) -> Sequence[str]:
        """The last inputs, newest first, as far as they are loaded."""
        return self._loaded_strings[:_RECENT]

    @property
    def is_wanted(self) -> bool:
        """Whether somebody has typed."""
        return self._wanted.is_set()

    def begin(self) -> None:
        """Know that a new prompt begins, which has no history yet."""
        self._filled.clear()
        self._found = 0
        self._exhausted.clear()
        self._unknown.clear()

    def want(self) -> None:
        """Load the history from now on: someone types."""
        self._wanted.set()

    async def load(self) -> AsyncGenerator[str, None]:
        """Yield the last entries, newest first; those of this session are there at once."""
        self.begin()
        if not self._loaded:
            await self._wanted.wait()
            past = _newest_first(await self._load(_RECENT))
            self._loaded = True
            self._loaded_strings = merged(self._loaded_strings, past)
        for entry in self._loaded_strings[:_RECENT]:
            yield entry
        self._filled.set()

    async def wait(self) -> None:
        """Wait until the prompt has the last inputs."""
        self.want()
        await self._filled.wait()

    async def older(self, buffer: Buffer, prefix: str) -> bool:
        """Have ``buffer`` know earlier inputs that begin with ``prefix``; tell whether there are any.

        Args:
            buffer: Of the prompt.
            prefix: Empty for a page of all inputs.
        """
        await self.wait()
        if prefix:
            return await self._add_found(buffer, f"{glob_of(prefix)}*")
        if self._rows >= _ALL or "*" in self._exhausted:
            return False
        return await self._page(buffer, self._rows * _GROWTH)

    async def oldest(self, buffer: Buffer) -> None:
        """Have ``buffer`` know everything that was ever typed."""
        await self.wait()
        await self._page(buffer, _ALL)

    async def containing(self, buffer: Buffer, text: str) -> bool:
        """Have ``buffer`` know earlier inputs that contain ``text``; tell whether there are any."""
        await self.wait()
        glob = f"*{glob_of(text)}*"
        # What contains this contains every part of it.
        if any(known[0] == "*" and known[1:-1] in glob for known in self._exhausted):
            return False
        return await self._add_found(buffer, glob)

    def knows(self, buffer: Buffer, text: str, *, earlier: bool = False) -> bool:
        """Tell whether an input that ``buffer`` knows contains ``text``.

        Args:
            buffer: Of the prompt.
            text: What is searched for.
            earlier: Look only before the input that is shown.
        """
        lines = Lines(buffer)
        return any(text in line for line in lines.some(lines.index if earlier else len(lines)))

    async def newest(self, prefix: str) -> str:
        """Return the newest of all inputs that begins with ``prefix``; empty if there is none."""
        await self.wait()
        if self._find is None or any(map(prefix.startswith, self._unknown)):
            return ""
        found = await self._find(f"{glob_of(prefix)}?*", 1)
        if not found:
            self._unknown.append(prefix)
        return found[-1] if found else ""

    def load_history_strings(self) -> Iterable[str]:
        """Return nothing: the past comes through `load`."""
        return ()

    def store_string(self, string: str) -> None:
        """Do nothing: the kernel stores what it runs."""

    async def _page(self, buffer: Buffer, rows: int) -> bool:
        past = _newest_first(await self._load(rows))
        lines = Lines(buffer)
        if lines.index < self._found:
            return False
        lines.drop(self._found)
        self._found = 0
        self._rows = rows
        missing = past[len(lines) - 1 :]
        lines.put_before(missing)
        if not missing:
            self._exhausted.add("*")
        return bool(missing)

    async def _add_found(self, buffer: Buffer, glob: str) -> bool:
        if self._find is None or glob in self._exhausted:
            return False
        found = _newest_first(await self._find(glob, _RECENT))
        if len(found) < _RECENT:
            self._exhausted.add(glob)
        lines = Lines(buffer)
        missing = lines.missing(found)
        lines.put_before(missing)
        self._found += len(missing)
        return bool(missing)


class Lines:
    """The inputs that a buffer goes through, oldest first, and the one that is shown. prompt_toolkit fills them once for each prompt, and has no public way to add more.

    Args:
        buffer: Of the prompt.
    """

    def __init__(self, buffer: Buffer) -> None:
        self._state: dict[str, Any] = vars(buffer)
        self._lines = self._state["_working_lines"]

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def index(self) -> int:
        """Where the input is that is shown."""
        return int(self._state["_Buffer__working_index"])

    def after(self) -> tuple[str, int] | None:
        """Return the input after the one that is shown, and how far it is from the end; None where there is none."""
        place = self.index + 1
        return (self._lines[place], len(self) - place) if place < len(self) - 1 else None

    def nearest(self, text: str, from_end: int) -> int | None:
        """Return where the input ``text`` is that is nearest to a place counted from the end; None if it is not there."""
        places = [place for place, line in enumerate(self._lines) if line == text]
        return min(places, key=lambda place: abs(len(self) - place - from_end), default=None)

    def some(self, count: int) -> Iterator[str]:
        """Return the first inputs."""
        return islice(self._lines, count)

    def missing(self, entries: Iterable[str]) -> list[str]:
        """Return those of ``entries`` that are not there, each once."""
        known = set(self._lines)
        return [entry for entry in dict.fromkeys(entries) if entry not in known]

    def put_before(self, newest_first: Sequence[str]) -> None:
        """Have earlier inputs before the others."""
        self._lines.extendleft(newest_first)
        self._state["_Buffer__working_index"] += len(newest_first)

    def drop(self, count: int) -> None:
        """Forget the earliest inputs."""
        for _ in range(count):
            self._lines.popleft()
        self._state["_Buffer__working_index"] -= count


#: Characters from which on all inputs are searched for a suggestion.
_ENOUGH = 3

#: Seconds without a key before they are: the search reads the whole history.
_PAUSE = 0.15


class KernelSuggest(AutoSuggest):
    """Suggest how a line may go on, from the history."""

    def __init__(self, history: KernelHistory) -> None:
        self._history = history

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        """Return the rest of the line."""
        rest = suggest(document.text, self._history.recent)
        return Suggestion(rest) if rest else None

    async def get_suggestion_async(self, buff: Buffer, document: Document) -> Suggestion | None:
        """Return the rest of the line; where the last inputs have none, from all others."""
        near = self.get_suggestion(buff, document)
        if near is not None or len(document.text.strip()) < _ENOUGH:
            return near
        await asyncio.sleep(_PAUSE)
        if buff.document != document:
            return None
        older = await self._history.newest(document.text)
        rest = suggest(document.text, [older])
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


def merged(here: Sequence[str], past: Sequence[str]) -> list[str]:
    """Return what was typed here and what the kernel knows as one, newest first. The kernel may know some of the former, when it ran before the answer came.

    Args:
        here: Typed at this prompt, newest first.
        past: From the kernel, newest first.
    """
    new = next(at for at in range(len(here) + 1) if list(here[at:]) == list(past[: len(here) - at]))
    return [*here[:new], *past]


def glob_of(text: str) -> str:
    """Return a glob that only ``text`` is like."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in text)


def _newest_first(past: Sequence[str]) -> list[str]:
    newest: list[str] = []
    for source in reversed(past):
        if source.strip() and (not newest or newest[-1] != source):
            newest.append(source)
    return newest
