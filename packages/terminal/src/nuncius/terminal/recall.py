"""Bring earlier inputs into the prompt: Up, Ctrl-R, the very first one, and what is suggested in grey.

What the prompt does not have yet is asked for; the keys that follow wait for it, so that they mean what it brought.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from prompt_toolkit.application import get_app

from nuncius.terminal.history import Lines

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.buffer import Buffer

    from nuncius.terminal.history import KernelHistory

__all__ = ["Recall"]

#: Seconds that keys wait for the history at most.
_HELD_BACK = 0.5


class Recall:
    """The ways from a prompt into its history.

    Args:
        session: The prompt.
        history: What was typed.
    """

    def __init__(self, session: PromptSession[str], history: KernelHistory) -> None:
        self._session = session
        self._history = history
        self._tasks: set[asyncio.Task[None]] = set()
        session.search_buffer.on_text_changed += self._search_changed
        session.app.key_processor.before_key_press += self._begin

    def _begin(self, _: object) -> None:
        """Load the history once somebody types, and suggest from it what could not be suggested before."""
        if not self._history.is_wanted:
            self._history.want()
            self._keep(self._suggest_late())

    async def _suggest_late(self) -> None:
        await self._history.wait()
        self.suggest()

    def suggest(self) -> None:
        """Suggest where nothing was inserted, which prompt_toolkit does not."""
        buffer = self._session.default_buffer
        if buffer.auto_suggest is not None and buffer.suggestion is None:
            buffer.suggestion = buffer.auto_suggest.get_suggestion(buffer, buffer.document)
            self._session.app.invalidate()

    def go_back(self, count: int) -> None:
        """Go back to inputs that the prompt does not have yet: so many."""
        buffer = self._session.default_buffer
        prefix = buffer.history_search_text or ""

        async def go() -> None:
            await self._history.wait()
            before = buffer.working_index
            buffer.history_backward(count)
            if buffer.working_index == before and await self._history.older(buffer, prefix):
                buffer.history_backward(count)

        self._before_other_keys(go())

    def go_to_oldest(self) -> None:
        """Go to the very first input."""
        buffer = self._session.default_buffer

        async def go() -> None:
            await self._history.oldest(buffer)
            buffer.go_to_history(0)

        self._before_other_keys(go())

    def run_and_get_next(self) -> None:
        """Run what stands there; the next prompt begins with the input that came after it, and goes on from its place."""
        buffer = self._session.default_buffer
        after = Lines(buffer).after()
        buffer.validate_and_handle()
        if after is not None:
            text, from_end = after
            # What runs now is one more input behind it.
            self._session.app.pre_run_callables.append(
                lambda: self._before_other_keys(self._go_to(buffer, text, from_end + 1))
            )

    async def _go_to(self, buffer: Buffer, text: str, from_end: int) -> None:
        await self._history.wait()
        place = Lines(buffer).nearest(text, from_end)
        if place is None:
            buffer.text = text
        else:
            buffer.go_to_history(place)

    def search_older(self) -> None:
        """While searching: go to the match before the one that is shown."""
        from prompt_toolkit.search import SearchDirection, do_incremental_search

        buffer, text = self._session.default_buffer, self._session.search_buffer.text

        async def go() -> None:
            if text and not self._history.knows(buffer, text, earlier=True):
                await self._history.containing(buffer, text)
            do_incremental_search(SearchDirection.BACKWARD)

        self._before_other_keys(go())

    def _search_changed(self, search: Buffer) -> None:
        buffer, text = self._session.default_buffer, search.text

        async def go() -> None:
            await self._history.wait()
            if not self._history.knows(buffer, text):
                await self._history.containing(buffer, text)

        if text and not self._history.knows(buffer, text):
            self._before_other_keys(go())

    def _before_other_keys(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Do something that may take a moment, and only then, in their order, what keys mean that are pressed meanwhile. They are not held back for long: a kernel may be busy."""
        processor = get_app().key_processor
        held = list(processor.input_queue)
        processor.input_queue.clear()
        # What comes in is put into the queue, and stays there.
        vars(processor)["process_keys"] = lambda: None

        async def go() -> None:
            try:
                await asyncio.wait({self._keep(coroutine)}, timeout=_HELD_BACK)
            finally:
                vars(processor).pop("process_keys", None)
                processor.feed_multiple(held, first=True)
                processor.process_keys()
                self._session.app.invalidate()

        self._keep(go())

    def _keep(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
