"""Write what is typed to a file as it is run: ``%logstart``."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import Flag, Opts, options, split_words
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import say

__all__ = ["LoggingMagics"]

_MODES = ("append", "backup", "global", "over", "rotate")


@magics_class
class LoggingMagics(Magics):
    """The log of a session; the file is a script that can be run by ``%run``."""

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        super().__init__(shell, **kwargs)
        self._file: IO[str] | None = None
        self._active = False
        self._opts = Opts()
        self._mode = "over"
        #: Whether `%logstart` says nothing (``%config LoggingMagics.quiet``).
        self.quiet = False

    @line_magic
    @options(
        Flag("o", "Log the values of the cells, too, as comments."),
        Flag("r", "Log the cells as they were typed, with their magics."),
        Flag("t", "Log the time of each cell, as a comment."),
        Flag("q", "Say nothing."),
    )
    def logstart(self, opts: Opts, rest: str) -> None:
        """Begin to log, with what was typed so far: ``%logstart [options] [FILE [MODE]]``.

        The file is ``ipython_log.py`` if none is named. A mode says what becomes of a file that there is: append, backup (rename it to ``FILE~``), which is the default, global (append to it in the home folder), over (overwrite), or rotate (number the old ones), which is the default if no file is named.

        ::

            %logstart -o session.py over
        """
        if self._file is not None:
            raise UsageError(f"%logstart: log file is already active: {self._file.name}")
        words = split_words(rest)
        name = words[0] if words else "ipython_log.py"
        self._mode = words[1] if len(words) > 1 else "backup" if words else "rotate"
        if self._mode not in _MODES:
            raise UsageError(
                f"%logstart: invalid log mode {self._mode!r}; there are {', '.join(_MODES)}"
            )
        try:
            self._file = _opened(Path(name).expanduser(), self._mode)
        except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
            raise UsageError(f"%logstart: Couldn't start log: {error}") from None
        self._opts, self._active = opts, True
        self._write("# nuncius log file\n\n" + "".join(self._past()))
        self.shell.events.register("post_run_cell", self._after)
        self.shell.at_close(self._close)
        if "q" not in opts and not self.quiet:
            say("Activating auto-logging. Current session state plus future input saved.")
            self._tell()

    def _past(self) -> list[str]:
        """Return what was typed so far, but for the cell that runs: it is logged when it is done."""
        past = self.shell.history_manager.get_range(0, 1, -1, raw="r" in self._opts)
        return [f"{source.rstrip()}\n{self._output(number)}" for _, number, source in past]

    def _output(self, number: int | None) -> str:
        """Return the value of a cell as comments, if values are logged and it has one."""
        output = self.shell.output_texts.get(number)
        if "o" not in self._opts or output is None:
            return ""
        return "".join(f"#[Out]# {line}\n" for line in output.splitlines())

    def _after(self, result: Any) -> None:
        if self._file is None or not self._active or result.info is None:
            return
        info = result.info
        source = info.raw_cell if "r" in self._opts else (info.transformed_cell or info.raw_cell)
        text = f"{source.rstrip()}\n"
        if "t" in self._opts:
            text = f"# {time.strftime('%a, %d %b %Y %H:%M:%S', time.localtime())}\n{text}"
        self._write(text + self._output(result.execution_count))

    def _write(self, text: str) -> None:
        assert self._file is not None
        self._file.write(text)
        self._file.flush()

    @line_magic
    def logstop(self, parameter_s: str = "") -> None:
        """End the log, and close its file; `%logstart` begins a new one."""
        if self._file is None:
            raise UsageError("%logstop: logging hadn't been started.")
        self.shell.events.unregister("post_run_cell", self._after)
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._active = None, False

    @line_magic
    def logoff(self, parameter_s: str = "") -> None:
        """Stop to log for a while; `%logon` goes on."""
        self._switch(False)

    @line_magic
    def logon(self, parameter_s: str = "") -> None:
        """Go on to log after `%logoff`."""
        self._switch(True)

    def _switch(self, active: bool) -> None:
        if self._file is None:
            raise UsageError("Logging hasn't been started yet (use logstart for that).")
        if self._active == active:
            say(f"Logging is already {'ON' if active else 'OFF'}")
        else:
            say(f"Switching logging {'ON' if active else 'OFF'}")
        self._active = active

    @line_magic
    def logstate(self, parameter_s: str = "") -> None:
        """Print whether there is a log, and which."""
        self._tell()

    def _tell(self) -> None:
        if self._file is None:
            say("Logging has not been activated.")
            return
        say(f"Filename       : {self._file.name}")
        say(f"Mode           : {self._mode}")
        say(f"Output logging : {'o' in self._opts}")
        say(f"Raw input log  : {'r' in self._opts}")
        say(f"Timestamping   : {'t' in self._opts}")
        say(f"State          : {'active' if self._active else 'temporarily suspended'}")


def _opened(path: Path, mode: str) -> IO[str]:
    if mode == "global":
        path = Path.home() / path.name
    if mode == "backup" and path.exists():
        path.replace(path.with_name(f"{path.name}~"))
    elif mode == "rotate" and path.exists():
        _rotate(path)
    return path.open("a" if mode in ("append", "global") else "w", encoding="utf-8")


def _rotate(path: Path) -> None:
    """Give the logs that there are higher numbers: ``log.py.001~``, ``.002~`` and so on."""
    numbers = []
    for old in path.parent.glob(f"{path.name}.*~"):
        with suppress(ValueError):
            numbers.append(int(old.name[len(path.name) + 1 : -1]))
    for number in sorted(numbers, reverse=True):
        path.with_name(f"{path.name}.{number:03}~").replace(
            path.with_name(f"{path.name}.{number + 1:03}~")
        )
    path.replace(path.with_name(f"{path.name}.001~"))
