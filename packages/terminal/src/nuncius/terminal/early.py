"""Show the prompt before the editor is there, and run what was typed ahead.

Importing prompt_toolkit takes longer than everything else that a shell has to do before a person can type. So the first prompt is a few bytes, written as soon as it is known what stands in it. Keys that are pressed meanwhile wait in the terminal.

Rule 1: a complete line that was typed ahead runs at once: a program that feeds the shell, or a quick person, does not wait for an editor.
Rule 2: everything else is handed to the editor, key by key, in order: nothing that was typed is lost.
Rule 3: Ctrl-C after Enter is for the cell, also in the moment in which the terminal does not make a signal of it yet: the cell does not run, and what was typed between is dropped, as terminals do it.
"""

from __future__ import annotations

import os
import re
import select
import sys
from _thread import allocate_lock
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any, Protocol

from nuncius.terminal.prompts import Prompts, Styled, plain
from nuncius.terminal.themes import sgr

__all__ = ["EarlyPrompt", "Editor", "paint", "split_answer", "take_line"]


#: What stands in a prompt and takes no room: colors, and marks for the terminal.
_CODES = re.compile(r"\x1b(?:\[[\d;]*m|\][^\x07]*\x07)")


class Editor(Protocol):
    """What takes over: `nuncius.terminal.prompt.Prompt`."""

    prompts: Prompts
    #: When the last cell was read, as `time.monotonic` has it.
    read_at: float

    @property
    def has_drawn(self) -> bool:
        """Whether its own prompt stands on the screen."""
        ...

    async def read(self, number: int, default: str = "") -> str:
        """Read one cell."""
        ...

    @property
    def rows(self) -> int | None:
        """Rows of the screen that the last prompt has taken; None where nobody knows."""
        ...

    def feed(self, typed: bytes) -> None:
        """Take what was typed before."""
        ...

    def take_typed(self) -> bytes:
        """Return, and forget, the keys that were pressed after the last cell, if they are plain text."""
        ...

    def take_interrupt(self) -> bool:
        """Tell whether Ctrl-C was among the keys that were pressed after the last cell; forget it, and those before it."""
        ...

    def renumber(self, number: int) -> None:
        """Show another number in the prompt that waits."""
        ...


def take_line(typed: bytes) -> tuple[str | None, bytes]:
    """Split the first line off what was typed, if it is plain text.

    Args:
        typed: As the terminal delivers it.

    Returns:
        The line and the rest; None and everything, where the first line is not finished, or needs an editor.
    """
    for end, byte in enumerate(typed):
        if byte in b"\r\n":
            try:
                return typed[:end].decode(), typed[end + 1 :]
            except UnicodeDecodeError:
                break
        if byte < 0x20 or byte == 0x7F:
            break
    return None, typed


def split_answer(typed: bytes) -> tuple[str, bool, bytes]:
    """Split off the answer to a question that was typed before it was asked.

    Args:
        typed: As the terminal delivers single keys; Backspace takes one character away, Ctrl-U all.

    Returns:
        The answer, whether Enter ended it, and the rest. No answer, where there are keys that mean something else.
    """
    answer: list[str] = []
    text = typed.decode(errors="surrogateescape")
    for at, key in enumerate(text):
        if key in "\r\n":
            return "".join(answer), True, _encoded(text[at + 1 :])
        if key in "\x7f\x08":
            del answer[-1:]
        elif key == "\x15":
            answer.clear()
        elif key < " " or "\udc80" <= key <= "\udcff":
            return "", False, typed
        else:
            answer.append(key)
    return "".join(answer), False, b""


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


class EarlyPrompt:
    """The prompt until the editor is needed; then the editor.

    Args:
        judge: Tells whether a cell is complete.
        editor: Makes the editor.
        prompts: What stands before the input.
        theme: Its colors; the editor may find out that others suit the terminal better.
        accepted: Called when a cell has been read, before Ctrl-C becomes a signal: from now on it is for the cell.
    """

    def __init__(
        self,
        judge: Callable[[str], tuple[str, str]],
        editor: Callable[[Prompts], Editor],
        prompts: Prompts | None = None,
        theme: str = "none",
        accepted: Callable[[], object] = lambda: None,
    ) -> None:
        self._prompts = prompts or Prompts()
        self._judge = judge
        self._make_editor = editor
        self._accepted = accepted
        self.theme = theme
        # Cells may put something else in the place of both.
        self._keyboard, self._screen = sys.stdin, sys.stdout
        self._keys = sys.stdin.fileno()
        self._editor: Editor | None = None
        self._typed = b""
        #: Keys wait that were pressed before the terminal made lines of them.
        self._raw_keys = False
        self._read_at: float | None = None
        #: The terminal's settings from before the prompt that stands there now.
        self._before: list[Any] | None = None
        #: The prompt that stands there while there is no editor; another thread may have to write above it.
        self._stands = ""
        self._lock = allocate_lock()

    @property
    def prompts(self) -> Prompts:
        """What stands before input and output."""
        return self._prompts

    @prompts.setter
    def prompts(self, prompts: Prompts) -> None:
        self._prompts = prompts
        if self._editor is not None:
            self._editor.prompts = prompts

    @property
    def theme(self) -> str:
        """The name of its colors."""
        return self._theme

    @theme.setter
    def theme(self, theme: str) -> None:
        self._theme = theme
        self._colors = sgr(theme)

    def draw(self, number: int) -> None:
        """Write the prompt, and have keys wait instead of being echoed."""
        # On Windows the editor draws the first prompt.
        if self._before is None and os.name == "posix":
            self._hush()
            self._stands = paint(self.prompts.input(number), self._colors)
            self._write(self._stands)

    def erase(self) -> None:
        """Take the prompt away again, to make place for something else."""
        if self._before is not None:
            stood = self._stands
            self._restore()
            self._write(_to_start(stood) + "\x1b[J")

    def read_now(self, number: int, default: str = "") -> str | None:
        """Return a cell that was typed ahead; None if the editor has to be asked."""
        if self._editor is not None or default or os.name != "posix":
            return None
        self.draw(number)
        self._typed += _waiting(self._keys)
        line, rest = take_line(self._typed)
        if line is None or (line.strip() and self._judge(line)[0] not in ("complete", "invalid")):
            return None
        self._typed = rest
        self._accepted()
        self._restore()
        self._write(f"{line}\n")
        self._read_at = monotonic()
        self._check_interrupt()
        return line

    async def read(self, number: int, default: str = "") -> str:
        """Read one cell with the editor.

        Raises:
            EOFError: Ctrl-D on an empty prompt.
            KeyboardInterrupt: Ctrl-C: the cell is dropped.
        """
        try:
            if self._editor is None:
                if not default:
                    self.draw(number)
                self._editor = self._take_over()
            elif os.name == "posix":
                self._hush()
                self._editor.feed(self._typed)
                self._typed = b""
            code = await self._editor.read(number, default)
            self._accepted()
        finally:
            # Not before: a terminal that echoes in between would show what is pasted, and lose all but 4,096 bytes of it.
            self._restore()
        self._check_interrupt()
        return code

    def _check_interrupt(self) -> None:
        """Give up a cell that was read, if Ctrl-C was pressed since.

        Raises:
            KeyboardInterrupt: It was.
        """
        if self._editor is not None:
            pressed = self._editor.take_interrupt()
        else:
            pressed = b"\x03" in self._typed
            self._typed = self._typed.rpartition(b"\x03")[2]
        if pressed:
            self._write("KeyboardInterrupt\n")
            raise KeyboardInterrupt

    def _take_over(self) -> Editor:
        with self._streams():
            editor = self._make_editor(self.prompts)
        if self._read_at is not None:
            editor.read_at = self._read_at
        editor.feed(self._typed)
        self._typed = b""
        if self._before is not None:
            # The editor draws its own prompt over this one.
            self._write(_to_start(self._stands))
        return editor

    @contextmanager
    def _streams(self) -> Iterator[None]:
        """Have the editor find the terminal, which it keeps."""
        before = sys.stdin, sys.stdout
        sys.stdin, sys.stdout = self._keyboard, self._screen
        try:
            yield
        finally:
            sys.stdin, sys.stdout = before

    @property
    def rows(self) -> int | None:
        """Rows of the screen that the last prompt has taken; None where nobody knows."""
        return None if self._editor is None else self._editor.rows

    def feed(self, typed: bytes) -> None:
        """Take keys that were pressed before."""
        if self._editor is None:
            self._typed += typed
        else:
            self._editor.feed(typed)

    def take_answer(self) -> tuple[str, bool]:
        """Return what was typed between the last cell and the moment from which the terminal makes lines of keys, and whether Enter ended it."""
        if self._before is not None:
            return "", False  # a thread asks, and what is typed is the next cell
        typed = b"" if self._editor is None else self._editor.take_typed()
        typed, self._typed = self._typed + typed, b""
        if self._raw_keys:
            self._raw_keys = False
            # As single keys: a line without the end that terminals give it would wait for another Enter.
            before = _quiet(self._keys)
            try:
                typed += _waiting(self._keys).replace(b"\0", b"\x04")
            finally:
                _set(self._keys, before)
        answer, whole, rest = split_answer(typed)
        self.feed(rest)
        return answer, whole

    def show_result_prompt(self, number: int) -> None:
        """Print what stands before a result, without ending the line."""
        # Not flushed: beside a waiting editor, the beginning of a line alone would be drawn over.
        sys.stdout.write(paint(self.prompts.output(number), self._colors))

    def show_other_prompt(self, number: int) -> None:
        """Print what stands before the input of another frontend, without ending the line."""
        sys.stdout.write(paint(self.prompts.other_input(number), self._colors))

    def above(self, write: Callable[[], None]) -> None:
        """Call ``write``, which prints: above the prompt, if one stands there. From any thread."""
        with self._lock:
            if self._editor is not None and self._editor.has_drawn:
                self._stands = ""
            # An editor that is about to draw over the prompt expects the cursor at its beginning.
            back = _to_start(self._stands) if self._stands else ""
            over = self._editor is not None
            if self._stands:
                self._write(("\r" if over else back) + "\x1b[J")
            write()
            if self._stands:
                self._write(self._stands + (back if over else ""))

    def renumber(self, number: int) -> None:
        """Show another number in the prompt that waits."""
        if self._editor is not None:
            self._editor.renumber(number)

    def _hush(self) -> None:
        """Have keys wait instead of being echoed, and take those that were pressed before."""
        self._before = _quiet(self._keys)
        # While a cell ran the terminal made lines of what was typed; a Ctrl-D from then is left of it as a zero byte.
        self._typed += _waiting(self._keys).replace(b"\0", b"\x04")

    def _restore(self) -> None:
        if self._before is not None:
            before, self._before = self._before, None
            self._stands = ""
            try:
                # From here on Ctrl-C is a signal; what was pressed before is a key, and nobody else would find the Ctrl-C in it.
                _set(self._keys, _with_signals(self._keys))
                self.feed(_waiting(self._keys))
                self._raw_keys = bool(select.select([self._keys], [], [], 0)[0])
            finally:
                _set(self._keys, before)

    def _write(self, text: str) -> None:
        self._screen.write(text)
        self._screen.flush()


def paint(styled: Styled, colors: Mapping[str, str]) -> str:
    """Return styled text with ANSI codes.

    Args:
        styled: Pairs of style and text.
        colors: ANSI codes by style class; empty for none.
    """
    if not colors:
        return plain(styled)
    parts: list[str] = []
    for style, text in styled:
        if style == "[ZeroWidthEscape]":
            parts.append(text)
            continue
        code = colors.get(style.removeprefix("class:"), "")
        parts.append(f"{code}{text}\x1b[0m" if code else text)
    return "".join(parts)


def _to_start(prompt: str) -> str:
    """Return what moves the cursor from the end of a prompt to its beginning."""
    from nuncius.terminal.window import window_size

    columns = window_size().columns
    bare = _CODES.sub("", prompt)
    rows = sum(max(0, len(line) - 1) // columns for line in bare.split("\n")) + bare.count("\n")
    return "\r" + f"\x1b[{rows}A" * (rows > 0)


def _quiet(descriptor: int) -> list[Any]:
    """Have the terminal neither echo keys nor make lines and signals of them; return its settings from before."""
    import termios

    before = termios.tcgetattr(descriptor)
    after = termios.tcgetattr(descriptor)
    after[0] &= ~(termios.ICRNL | termios.IXON)
    after[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
    # What was typed before must not be thrown away, as tty.setraw would do it.
    termios.tcsetattr(descriptor, termios.TCSANOW, after)
    return before


def _with_signals(descriptor: int) -> list[Any]:
    """Return the terminal's settings, but that keys make signals."""
    import termios

    settings = termios.tcgetattr(descriptor)
    settings[3] |= termios.ISIG
    return settings


def _set(descriptor: int, settings: list[Any]) -> None:
    import termios

    termios.tcsetattr(descriptor, termios.TCSANOW, settings)


def _waiting(descriptor: int) -> bytes:
    """Return what can be read without waiting."""
    typed = b""
    while select.select([descriptor], [], [], 0)[0]:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:
            break
        if not chunk:
            break
        typed += chunk
    return typed
