"""Show people what runs: a bar that stays in its line, or a line for each cell; and what cells write, as it comes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TextIO

from nuncius.nbconvert.execute.events import (
    CellFinished,
    CellStarted,
    Event,
    Listener,
    Published,
    RunFinished,
    RunStarted,
)
from nuncius.protocol.core.outputs import Appended, Change, Extended

__all__ = ["Progress", "copy_stream", "plain"]

Mode = Literal["bar", "lines", "none"]

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BAR = 20
#: Seconds between two pictures of the bar.
_PAUSE = 0.05


def plain(text: str) -> str:
    """Return a text without colors and other control sequences."""
    return _ANSI.sub("", text)


def copy_stream(name: str, file: TextIO) -> Listener:
    """Return a listener that writes one stream of all cells to a file, as it comes."""

    def listen(event: Event) -> None:
        if not isinstance(event, Published) or event.message.msg_type != "stream":
            return
        content = event.message.content
        if content.get("name") == name:
            file.write(str(content.get("text", "")))
            file.flush()

    return listen


@dataclass(slots=True)
class _Run:
    """One notebook that runs."""

    name: str
    total: int = 0
    done: int = 0
    source: str = ""
    over: bool = False


class Progress:
    """Shows the progress of one or many runs.

    Args:
        stream: Where to; a terminal for a bar.
        mode: A ``bar``, ``lines``, or ``none``.
        output: Show what cells write, too.
        notebooks: How many are run; where there are several, each line says which.
        columns: Gives the width of the terminal.
        clock: Gives the seconds since whenever.
    """

    def __init__(
        self,
        stream: TextIO,
        mode: Mode,
        *,
        output: bool = False,
        notebooks: int = 1,
        columns: Callable[[], int] = lambda: 80,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._mode = mode
        self._output = output
        self._notebooks = notebooks
        self._many = notebooks > 1
        self._columns = columns
        self._clock = clock
        self._begun = clock()
        self._drawn = 0.0
        self._shown = ""
        self._runs: list[_Run] = []
        #: Whose output was shown last.
        self._speaker: _Run | None = None
        #: What was written last did not end its line.
        self._open_line = False

    def listener(self, name: str) -> Listener:
        """Return a listener for the run of one notebook."""
        run = _Run(name)
        self._runs.append(run)

        def listen(event: Event) -> None:
            self._listen(run, event)

        return listen

    def say(self, text: str) -> None:
        """Write a line, above the bar."""
        self._end_line()
        self._above(text + "\n")

    def tick(self) -> None:
        """Show that time goes by."""
        self._draw(force=True)

    def close(self) -> None:
        """Take the bar away."""
        self._erase()
        self._end_line()
        self._stream.flush()

    # -- events

    def _listen(self, run: _Run, event: Event) -> None:
        match event:
            case RunStarted():
                run.total = event.cells
            case CellStarted():
                run.source = _head(event.cell["source"])
            case Published():
                if self._output:
                    for _, change in event.changes:
                        self._show(run, change)
            case CellFinished():
                run.done += 1
                if self._mode == "lines":
                    self._end_line()
                    self._above(self._line(run, event))
            case RunFinished():
                run.over = True
        self._draw()

    def _line(self, run: _Run, event: CellFinished) -> str:
        status = "ok (raised, as allowed)" if event.allowed else event.status
        where = f"{run.name} " if self._many else ""
        return f"{where}[{run.done}/{run.total}] {status} {event.seconds:.2f} s  {run.source}\n"

    def _show(self, run: _Run, change: Change) -> None:
        text = ""
        if isinstance(change, Extended):
            text = change.text
        elif isinstance(change, Appended):
            text = _text(change.output)
        if text and self._many and self._speaker is not run:
            self.say(f"-- {run.name}")
            self._speaker = run
        self._above(text)

    # -- the bar

    def _above(self, text: str) -> None:
        if not text:
            return
        self._erase()
        self._stream.write(text)
        self._open_line = not text.endswith("\n")
        self._stream.flush()

    def _end_line(self) -> None:
        if self._open_line:
            self._stream.write("\n")
            self._open_line = False

    def _erase(self) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._shown = ""

    def _draw(self, force: bool = False) -> None:
        now = self._clock()
        # A line that a cell has not ended must not be painted over.
        if self._mode != "bar" or self._open_line or (now - self._drawn < _PAUSE and not force):
            return
        text = self._bar(now)
        if text != self._shown:
            self._stream.write(f"\r{text}\x1b[K")
            self._stream.flush()
            self._shown, self._drawn = text, now

    def _bar(self, now: float) -> str:
        total = sum(run.total for run in self._runs)
        done = sum(run.done for run in self._runs)
        filled = _BAR * done // total if total else 0
        seconds = int(now - self._begun)
        live = [run for run in self._runs if not run.over]
        last = live[-1] if live else None
        said = f"{last.name}: {last.source}" if last and self._many else last.source if last else ""
        count = f"{sum(run.over for run in self._runs)}/{self._notebooks} notebooks, " if self._many else ""  # fmt: skip
        text = f"[{'#' * filled}{'.' * (_BAR - filled)}] {count}{done}/{total} cells {seconds // 60}:{seconds % 60:02} {said}"
        return text[: max(10, self._columns() - 1)]


def _head(source: str) -> str:
    """Return the first line of a cell that says something."""
    for line in source.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            return _CONTROL.sub("", line.strip())[:60]
    return _CONTROL.sub("", source.strip().partition("\n")[0])[:60]


def _text(output: Any) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return str(output["text"])
    if kind == "error":
        return ""  # it is told at the end, in full
    data = output["data"].get("text/plain", "")
    return f"{data}\n" if isinstance(data, str) and data else ""
