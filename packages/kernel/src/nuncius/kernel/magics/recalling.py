"""Bring back what was typed: ``%history``, ``%recall``, ``%rerun``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nuncius.kernel.errors import UsageError
from nuncius.kernel.magics.flags import Flag, Opts, options, split_words
from nuncius.kernel.magics.registry import Magics, line_magic, magics_class
from nuncius.kernel.magics.text import agreed, say, writing

__all__ = ["HistoryMagics"]


@magics_class
class HistoryMagics(Magics):
    """The history."""

    @line_magic("hist")
    @line_magic
    @options(
        Flag("n", "Print the numbers of the cells."),
        Flag("o", "Print the outputs, too, as far as they are kept."),
        Flag("p", "Print Python's prompts, so that it can be used in a doctest."),
        Flag("t", "Print the cells as Python, and not as they were typed."),
        Flag("f", "Write to a file.", "FILE"),
        Flag("y", "With -f: overwrite a file without asking."),
        Flag(
            "g",
            "Print the cells of all sessions that match a pattern, or that have the word in them.",
        ),
        Flag("l", "Print the last cells of all sessions: 10 if no number is given.", "[N]"),
        Flag("u", "With -g: print each text once."),
        anywhere=True,
    )
    def history(self, opts: Opts, rest: str) -> None:
        """Print what was typed: in this session, or by ranges of cells.

        ::

            %history                 this session
            %history -n 1-5 7        cells 1 to 5, and 7
            %history ~1/3            cell 3 of the session before this one
            %history ~8/1-~6/5       from cell 1 of 8 sessions ago to cell 5 of 6 sessions ago
            %history -g read_csv     cells of all sessions with this in them
            %history -l 20           the last 20 cells of all sessions
            %history -f cells.py 1-5 written to a file
        """
        target = opts.get("f")
        if target is None:
            self._write(self._entries(opts, rest), opts, sys.stdout.write)
            return
        path = Path(target).expanduser()
        if path.exists() and "y" not in opts and not agreed(f"File {target!r} exists. Overwrite?"):
            say("Aborting.")
            return
        lines: list[str] = []
        self._write(self._entries(opts, rest), opts, lines.append)
        with writing("%history", path):
            path.write_text("".join(lines), encoding="utf-8")

    def _entries(self, opts: Opts, rest: str) -> Iterable[tuple[int, int, Any]]:
        history: Any = self.shell.history_manager
        raw, output = "t" not in opts, "o" in opts
        words = split_words(rest)
        if "l" in opts and "g" not in opts:
            count = int(opts["l"] or 10)
            return history.get_tail(count, raw=raw, output=output)  # type: ignore[no-any-return]
        if "g" not in opts:
            ranges = " ".join(words)
            return history.get_range_by_str(ranges, raw=raw, output=output)  # type: ignore[no-any-return]
        limit = int(opts["l"]) if opts.get("l") else None
        pattern = f"*{' '.join(words)}*" if words else "*"
        return history.search(pattern, raw=raw, output=output, n=limit, unique="u" in opts)  # type: ignore[no-any-return]

    def _write(self, entries: Iterable[tuple[int, int, Any]], opts: Opts, write: Any) -> None:
        numbered = "n" in opts or "g" in opts
        this_session = (0, self.shell.history_manager.session_number)
        for session, number, content in entries:
            source, output = content if "o" in opts else (content, None)
            source = source.expandtabs(4).rstrip()
            if numbered:
                where = str(number) if session in this_session else f"{session}/{number}"
                write(f"{where:>4}:" + ("\n" if "\n" in source else " "))
            if "p" in opts:
                lines = source.split("\n")
                source = "\n... ".join([f">>> {lines[0]}", *lines[1:]])
                if len(lines) > 1:
                    source += "\n..."
            write(f"{source}\n")
            if output:
                write(f"{output}\n")

    @line_magic("rep")
    @line_magic
    def recall(self, arg: str) -> None:
        """Put earlier input into the next cell, to be changed and run: the last output, or cells by a range.

        ::

            %recall              the text of the last output
            %recall 45           the input of cell 45
            %recall 1-4          the inputs of cells 1 to 4
            %recall name         the text of a variable
            %recall word         the last cell that has this word in it
        """
        arg = arg.strip()
        if not arg:
            self.shell.set_next_input(str(self.shell.user_ns["_"]))
            return
        source = self.shell.extract_input_lines(arg, raw=True)
        if source:
            self.shell.set_next_input(source.rstrip())
            return
        if arg.isidentifier() and arg in self.shell.user_ns:
            self.shell.set_next_input(str(self.shell.user_ns[arg]))
            return
        for _, _, source in reversed(list(self.shell.history_manager.search(f"*{arg}*"))):
            if "rep" not in source and "recall" not in source:
                self.shell.set_next_input(source.rstrip())
                return
        raise UsageError(f"%recall: couldn't evaluate or find in history: {arg}")

    @line_magic
    @options(
        Flag("l", "Run the last cells, so many.", "N"),
        Flag("g", "Run the last cell that has this text in it.", "TEXT"),
    )
    def rerun(self, opts: Opts, rest: str) -> None:
        """Run earlier cells again: the last one, or by a range.

        ::

            %rerun
            %rerun 3-5
            %rerun -l 4
            %rerun -g plot
        """
        history = self.shell.history_manager
        if "l" in opts:
            if not opts["l"].isdigit():
                raise UsageError(f"%rerun: -l takes a whole number, got {opts['l']!r}")
            entries = history.get_tail(int(opts["l"]))
        elif "g" in opts:
            found = history.search(f"*{opts['g']}*")
            entries = [entry for entry in found if "rerun" not in entry[2]][-1:]
        elif rest:
            entries = history.get_range_by_str(rest)
        else:
            entries = history.get_tail(1)
        sources = [source for _, _, source in entries]
        if not sources:
            say("No lines in history match specification")
            return
        code = "\n".join(sources)
        say("=== Executing: ===")
        say(code)
        say("=== Output: ===")
        self.shell.run_cell(code, store_history=False)
