"""Complete as readline does: insert what all completions have in common; where that is nothing more, list them above the prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.completion import CompleteEvent, get_common_complete_suffix

from nuncius.terminal.formats.widths import padded, width_of

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion

__all__ = ["Listing", "in_columns"]

#: Blanks between columns.
_GAP = 2


def in_columns(texts: Sequence[str], width: int, lines: int) -> str:
    """Return texts in columns, from top to bottom; one that is longer than a line is left to the terminal to break.

    Args:
        texts: What is listed.
        width: Columns of the window.
        lines: At most so many; the last one tells how many texts are left out.
    """
    widest = min(width, max(map(width_of, texts), default=0) + _GAP)
    across = max(1, width // max(1, widest))
    left_out = max(0, len(texts) - across * lines)
    shown = texts[: across * (lines - 1)] if left_out else texts
    down = -(-len(shown) // across)
    rows = [
        "".join(padded(text, widest) for text in shown[row::down]).rstrip() for row in range(down)
    ]
    if left_out:
        rows.append(f"\N{HORIZONTAL ELLIPSIS} {len(texts) - len(shown):,} more")
    return "".join(f"{row}\n" for row in rows)


class Listing:
    """Completes the text of a prompt.

    Args:
        session: The prompt.
        completer: Knows the completions.
    """

    def __init__(self, session: PromptSession[str], completer: Completer) -> None:
        self._session = session
        self._completer = completer
        self._task: asyncio.Task[None] | None = None

    def complete(self) -> None:
        """Ask for the completions at the cursor, and insert or list them when they are there."""
        self.forget()
        self._task = asyncio.ensure_future(self._complete())

    def forget(self) -> None:
        """Drop what is asked: the prompt has ended."""
        if self._task is not None:
            self._task.cancel()

    async def _complete(self) -> None:
        buffer = self._session.default_buffer
        document = buffer.document
        event = CompleteEvent(completion_requested=True)
        found = [each async for each in self._completer.get_completions_async(document, event)]
        if not found or buffer.document != document:
            return
        if len(found) == 1:
            buffer.apply_completion(found[0])
        elif common := get_common_complete_suffix(document, found):
            buffer.insert_text(common)
        else:
            await run_in_terminal(lambda: self._list(found))
        self._session.app.invalidate()

    def _list(self, found: Sequence[Completion]) -> None:
        output = self._session.app.output
        size = output.get_size()
        texts = [each.display_text for each in found]
        output.write(in_columns(texts, size.columns, max(2, size.rows - 3)))
        output.flush()
