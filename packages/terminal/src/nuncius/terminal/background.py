"""Find out whether the terminal is dark or light: it is asked for the color behind the text, beside the first prompt that waits.

Rule 1: only terminals are asked that are known to understand the question, and that have said where their cursor is: those of which nothing is known get no code that they might show.
Rule 2: what the terminal answers never reaches the keys, whenever it comes, and no key waits for it.
Rule 3: it is asked once in a shell. What it has said is remembered for the first prompt of the next one, so that its colors do not change while a person looks.

Source: xterm's control sequences, OSC 11.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["QUERY", "Background", "Sieve", "may_ask", "theme_for"]

QUERY = "\x1b]11;?\x1b\\"

#: What terminals are called that answer, or take no notice.
_KNOWN = re.compile(
    r"xterm|tmux|rxvt|alacritty|kitty|foot|wezterm|ghostty|konsole|vte|gnome|mintty|iterm|contour"
)

#: Seconds between the moments at which it is looked whether the terminal can be asked.
_PAUSES = (0.02, 0.05, 0.1, 0.3, 1.0, 3.0)

_ANSWER = re.compile(r"\x1b\]11;([^\x07\x1b]{0,60})(?:\x07|\x1b\\)")

#: What an answer may begin with, at the end of what was read so far.
_BEGUN = re.compile(r"\x1b(?:\](?:1(?:1(?:;[\w:/#]{0,60}\x1b?)?)?)?)?\Z")

#: An answer without its end, and no key of a person's.
_BROKEN = re.compile(r"\x1b\]11;[rgba\d:/#A-F]*")

_COLOR = re.compile(
    r"rgba?:([\da-fA-F]{1,4})/([\da-fA-F]{1,4})/([\da-fA-F]{1,4})(?:/[\da-fA-F]{1,4})?"
    r"|#((?:[\da-fA-F]{3}){1,4})"
)


def may_ask(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether the terminal understands the question, and has colors enough to choose from."""
    if os.name != "posix" or environ.get("PROMPT_TOOLKIT_NO_CPR") == "1":
        return False
    term = environ.get("TERM", "")
    multiplexed = term.startswith("screen") and "TMUX" in environ
    if not multiplexed and _KNOWN.match(term) is None:
        return False
    return "256color" in term or bool(environ.get("COLORTERM")) or term in ("alacritty", "foot")


def theme_for(answer: str) -> str | None:
    """Return the theme for a background; None where the answer is no color.

    Args:
        answer: As in X11: ``rgb:ffff/ffff/ffff`` or ``#ffffff``, with one to four digits for each part.
    """
    match = _COLOR.fullmatch(answer)
    if match is None:
        return None
    digits = match[4]
    third = len(digits) // 3 if digits else 0
    parts = [digits[at : at + third] for at in range(0, 3 * third, third)] if digits else match.groups()[:3]  # fmt: skip
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in parts)
    # Rec. 601: how bright it looks.
    return "light" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "dark"


class Sieve:
    """Takes answers out of what is typed, also in pieces."""

    def __init__(self) -> None:
        self._held = ""
        #: What the terminal has answered.
        self.answer: str | None = None

    def sift(self, text: str) -> str:
        """Return the keys of what was read; what may be the beginning of an answer is held back."""
        text = self._held + text
        self._held = ""
        if "\x1b" not in text:
            return text
        if match := _ANSWER.search(text):
            self.answer = match[1]
            text = text[: match.start()] + text[match.end() :]
        if begun := _BEGUN.search(text):
            self._held = begun[0]
            text = text[: begun.start()]
        return text

    def release(self) -> str:
        """Return the keys of what was held back: nothing has followed."""
        held, self._held = self._held, ""
        return _BROKEN.sub("", held)


class Background:
    """Asks the terminal once.

    Args:
        source: The input of the prompt, with a parser that keys are fed to.
        ask: Writes a question, with one after it that every terminal answers; tells whether it could be.
        found: Is told the theme.
    """

    def __init__(
        self, source: Any, ask: Callable[[str], bool], found: Callable[[str], None]
    ) -> None:
        self._parser = source.vt100_parser
        self._ask = ask
        self._found = found
        self._sieve: Sieve | None = None
        self._waiting: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """A prompt begins."""
        if self._sieve is None:
            self._waiting = asyncio.ensure_future(self._wait())

    def end(self) -> None:
        """The prompt has ended."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    async def _wait(self) -> None:
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            self._watch()
            if self._ask(QUERY):
                return
            self._leave()

    def _watch(self) -> None:
        """Have all keys go through the sieve, until the answer is there."""
        sieve = self._sieve = Sieve()
        parser = self._parser
        feed, flush = parser.feed, parser.flush

        def feed_keys(data: str) -> None:
            keys = sieve.sift(data)
            if sieve.answer is None:
                feed(keys)
                return
            self._leave(forget=False)
            feed(keys + sieve.release())
            if theme := theme_for(sieve.answer):
                self._found(theme)

        def flush_keys() -> None:
            feed(sieve.release())
            flush()

        vars(parser).update(feed=feed_keys, flush=flush_keys)

    def _leave(self, *, forget: bool = True) -> None:
        for name in ("feed", "flush"):
            vars(self._parser).pop(name, None)
        if forget:
            self._sieve = None
