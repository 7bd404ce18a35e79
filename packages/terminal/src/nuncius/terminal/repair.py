"""Draw the prompt again after something else has written to the terminal: a program in the background, a library in C.

What threads and tasks print goes through us, and is put above the prompt. What is written to the terminal itself cannot be seen; but then the cursor is no longer where it was left.

Rule 1: the terminal is asked where the cursor is when keys come, twice a second at most, and now and then while a program that this process has started still runs. Never otherwise: an idle prompt is silent.
Rule 2: what the terminal answers never reaches the keys, whatever is being typed.
Rule 3: in doubt nothing is drawn again. Terminals differ in how wide they show some characters, so a column counts only where there are none of them; and one that is never where it should be is not asked any more.
"""

from __future__ import annotations

import asyncio
import os
from asyncio import Future
from time import monotonic
from typing import TYPE_CHECKING, Any

from prompt_toolkit.keys import Keys
from prompt_toolkit.renderer import CPR_Support, HeightIsUnknownError

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.key_binding.key_processor import KeyPress

__all__ = ["Repair"]

#: Seconds between questions while keys come.
_PAUSE = 0.5

#: Seconds between questions while a program runs: at first, by how much it grows, at last.
_EVERY, _MORE, _LONGEST = 0.2, 1.3, 5.0

#: Wrong answers one after another, after which a terminal is not believed.
_WRONG = 3

#: Row (None if nobody knows it) and column of the cursor, from 1.
Place = tuple[int | None, int]


class Repair:
    """Watches one prompt.

    Args:
        session: The prompt.
        shares_terminal: Cells run in this process, so that its children write to this terminal.
    """

    def __init__(self, session: PromptSession[str], *, shares_terminal: bool) -> None:
        self._session = session
        self._shares_terminal = shares_terminal
        #: Where the cursor should be, while the terminal is asked where it is.
        self._expected: Place | None = None
        self._asked = 0.0
        self._wrong = 0
        self._watching: asyncio.Task[None] | None = None
        session.app.key_processor.before_key_press += self._before_key
        self._read_keys = session.input.read_keys
        vars(session.input)["read_keys"] = self._keys

    def begin(self) -> None:
        """A prompt begins."""
        self._expected = None
        self._asked = monotonic()
        if self._shares_terminal and _has_children():
            self._watching = asyncio.ensure_future(self._watch())

    def end(self) -> None:
        """The prompt has ended."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None

    def ask(self, before: str = "") -> bool:
        """Ask where the cursor is, unless that is under way; tell whether it was asked.

        Args:
            before: Written to the terminal before the question: its answer comes before that.
        """
        app = self._session.app
        renderer = app.renderer
        if (
            self._expected is not None
            or self._wrong >= _WRONG
            or not app.is_running
            or vars(app).get("_running_in_terminal")
            or renderer.cpr_support != CPR_Support.SUPPORTED
            or renderer.waiting_for_cpr
        ):
            return False
        self._expected, self._asked = self._place(), monotonic()
        # So that the prompt does not end before the answer is there.
        vars(renderer)["_waiting_for_cpr_futures"].append(Future())
        app.output.write_raw(before)
        app.output.ask_for_cpr()
        return True

    async def _watch(self) -> None:
        pause = _EVERY
        while _has_children():
            await asyncio.sleep(pause)
            pause = min(pause * _MORE, _LONGEST)
            self.ask()
        # What it wrote last.
        self.ask()

    def _before_key(self, _: object) -> None:
        if monotonic() - self._asked > _PAUSE:
            self.ask()

    def _place(self) -> Place:
        renderer = self._session.app.renderer
        cursor = vars(renderer)["_cursor_pos"]
        try:
            row = renderer.rows_above_layout + cursor.y + 1
        except HeightIsUnknownError:
            row = None
        return row, cursor.x + 1

    def _keys(self) -> list[KeyPress]:
        """Return what was typed, without what the terminal answers to us."""
        keys = self._read_keys()
        if self._expected is None:
            return keys
        answer = next((key for key in keys if key.key == Keys.CPRResponse), None)
        if answer is None:
            return keys
        expected, self._expected = self._expected, None
        waiting = vars(self._session.app.renderer)["_waiting_for_cpr_futures"]
        if waiting:
            waiting.popleft().set_result(None)
        row, column = (int(number) for number in answer.data[2:-1].split(";"))
        if self._is_torn(expected, row, column):
            self._wrong += 1
            self._draw_again(column)
        else:
            self._wrong = 0
        keys.remove(answer)
        return keys

    def _is_torn(self, expected: Place, row: int, column: int) -> bool:
        if column == 1:
            # The prompt itself never leaves it there: something has ended a line.
            return expected[1] != 1
        plain = self._session.default_buffer.text.isascii()
        return plain and (column != expected[1] or expected[0] not in (None, row))

    def _draw_again(self, column: int) -> None:
        app: Any = self._session.app
        if column != 1:
            app.output.write_raw("\r\n")
        app.renderer.reset()
        app.renderer.request_absolute_cursor_position()
        app.invalidate()


def _has_children() -> bool:
    """Tell whether a program that this process has started still runs."""
    if os.name != "posix":
        return False
    try:
        # Nothing is taken from whoever waits for them.
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False
