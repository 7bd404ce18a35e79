"""The history as the shell sees it: this session from memory, those before from the database, and what is typed goes to the spool.

Rule 1: remembering a cell never waits and never raises. If the disk does not take it, one warning says so, and the history of this session is kept in memory.
Rule 2: the database is opened by the first question about earlier sessions, and by a thread some seconds after something was typed; never by the start of a kernel.
"""

from __future__ import annotations

import os
import threading
from _queue import Empty, SimpleQueue  # what the module queue has in C, without its imports
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from nuncius.kernel.history.spool import Spool, orphans, read, remove
from nuncius.kernel.past import SessionHistory, ranges_of
from nuncius.kernel.threads import service_thread

if TYPE_CHECKING:
    from pathlib import Path

    from nuncius.kernel.history.database import Database

__all__ = ["HistoryManager"]

#: Seconds of quiet after which what was typed goes into the database.
_QUIET = 5.0

Entry = tuple[int, int, Any]
T = TypeVar("T")


class HistoryManager:
    """The history of a shell.

    Args:
        here: The cells of this session.
        path: The database; None keeps this session in memory only.
        quiet: Seconds of quiet after which the database is filled.
    """

    def __init__(
        self, here: SessionHistory, path: str | Path | None, *, quiet: float = _QUIET
    ) -> None:
        self._here = here
        #: Not a Path: pathlib takes 4 ms to load, and the first cell comes by here.
        self._file = "" if path is None else os.fspath(path)
        self._quiet = quiet
        self._lock = threading.RLock()
        #: Held while the database is read: closing its connection under a reader ends the process.
        self._reading = threading.Lock()
        #: Why nothing is written any more, empty while all is well.
        self.trouble = ""
        self._spool: Spool | None = None
        self._database: Database | None = None
        self._session: int | None = None
        self._merging: threading.Thread | None = None
        #: How often something was written: the thread that merges looks at it now and then. To wake it for each cell would cost as much as the cell's own code.
        self._written = 0
        #: Ends that thread. No `threading.Event`: an interrupt in its `set` can leave its lock locked for ever.
        self._ending: SimpleQueue[None] = SimpleQueue()
        self._closed = False

    @property
    def hist_file(self) -> Path | None:
        """The database; None where this session is kept in memory only."""
        from pathlib import Path

        return Path(self._file) if self._file else None

    @property
    def enabled(self) -> bool:
        """Whether what is typed is written."""
        return bool(self._file) and not self.trouble

    @property
    def input_hist_raw(self) -> Any:
        """The cells of this session as typed."""
        return self._here.input_hist_raw

    @property
    def input_hist_parsed(self) -> Any:
        """The cells of this session as Python."""
        return self._here.input_hist_parsed

    @property
    def output_hist_reprs(self) -> Any:
        """The texts of the values of this session, by their numbers."""
        return self._here.output_hist_reprs

    @property
    def session_number(self) -> int:
        """The number of this session in the database; 0 where it has none."""
        with self._lock:
            self._merge()
            return self._session or 0

    # -- remembering

    def store_inputs(self, line_num: int, source: str, source_raw: str | None = None) -> None:
        """Remember a cell; returns at once."""
        raw = source if source_raw is None else source_raw
        if raw.strip() in {"exit", "quit", "exit()", "quit()"}:
            return
        self._write(
            lambda spool: spool.write_input(line_num, source.rstrip("\n"), raw.rstrip("\n"))
        )

    def store_output(self, line_num: int, text: str = "") -> None:
        """Remember the text of a value; returns at once."""
        if text:
            self._write(lambda spool: spool.write_output(line_num, text))

    def _write(self, write: Any) -> None:
        if not self._file or self.trouble or self._closed:
            return
        try:
            with self._lock:
                if self._spool is None:
                    self._spool = Spool(self._folder, _now())
                write(self._spool)
            self._merge_later()
        except OSError as error:
            self._give_up(f"{error.strerror or error}")

    @property
    def _folder(self) -> str:
        return f"{os.path.splitext(self._file)[0]}.spool"  # noqa: PTH122 - see __init__

    def _give_up(self, why: str) -> None:
        self.trouble = why
        _log().warning(
            "the history is not written to %s any more (%s); this session's stays in memory",
            self._file,
            why,
        )

    # -- the database

    def _merge_later(self) -> None:
        self._written += 1
        if self._merging is None or not self._merging.is_alive():
            self._merging = service_thread("history", self._merge_when_quiet)
            self._merging.start()

    def _merge_when_quiet(self) -> None:
        seen = 0
        while seen != self._written:
            seen = self._written
            with suppress(Empty):
                self._ending.get(timeout=self._quiet)
                return
        with self._lock:
            if not self._closed:
                self._merge()

    def _open(self) -> Database | None:
        """Return the database, opened if need be; None if there is none to be had now."""
        if self._database is None and (path := self.hist_file) and not self._closed:
            from nuncius.kernel.history.database import Busy, Database

            try:
                self._database = Database(path)
            except Busy:
                return None
            except OSError as error:
                if not self.trouble:
                    self._give_up(str(error))
                return None
            self._tell_of(self._database)
        return self._database

    def _merge(self) -> Database | None:
        """Put all spools that can be had into the database; return it, None if it cannot be had now."""
        import sqlite3

        from nuncius.kernel.history.database import Busy

        with self._lock:
            database = self._open()
            if database is None:
                return None
            try:
                self._take_orphans(database)
                if self._spool is not None and (batch := self._spool.read()):
                    self._session = database.add(batch)
                    self._spool.begin_anew(self._session)
            except Busy:
                return database
            except (sqlite3.Error, OSError) as error:
                if _is_broken(error):
                    return self._begin_anew(database)
                _log().debug("the history could not be filled: %s", error)
            return database

    def _begin_anew(self, broken: Database) -> Database | None:
        """Move a file aside that turned out to be broken, and put what the spools hold into a new one."""
        try:
            with self._reading:
                broken.move_aside()
        except OSError as error:
            self._give_up(str(error))
            return None
        self._database = None
        self._tell_of(broken)
        database = self._open()
        if database is not None and self._spool is not None and (batch := self._spool.read()):
            self._session = database.add(batch)
            self._spool.begin_anew(self._session)
        return database

    def _tell_of(self, broken: Database) -> None:
        if broken.moved_aside is not None:
            _log().warning(
                "the history %s was broken: it was moved to %s, and a new one begun",
                self._file,
                broken.moved_aside,
            )

    def _ask(self, question: Callable[[Database], T], otherwise: T) -> T:
        """Return the answer of the database; ``otherwise`` where there is none to be had."""
        import sqlite3

        database = self._merge()
        if database is None:
            return otherwise
        try:
            with self._reading:
                return question(database)
        except sqlite3.DatabaseError as error:
            if self._closed:
                return otherwise
            if not _is_broken(error):
                _log().warning("the history cannot be read: %s", error)
                return otherwise
        with self._lock:
            fresh = self._begin_anew(database)
        return otherwise if fresh is None else question(fresh)

    def _take_orphans(self, database: Database) -> None:
        """Put what sessions have left that are gone into the database, the oldest first: they are numbered in this order."""
        found = list(orphans(self._folder))
        try:
            left = [(read(path), path) for path, _ in found]
            for batch, path in sorted(left, key=lambda entry: entry[0].start):
                session = database.add(batch) if batch else batch.session
                if session is not None:
                    database.end(session, _text_of(os.stat(path).st_mtime))  # noqa: PTH116 - see __init__
                remove(path)
        finally:
            for _, descriptor in found:
                os.close(descriptor)

    def flush(self) -> bool:
        """Put what was typed into the database now; tell whether that was possible."""
        return self._merge() is not None

    def close(self) -> None:
        """Let go of the files. What is not in the database yet, the next session puts there."""
        with self._lock:
            self._closed = True
            self._ending.put(None)
            if self._spool is not None:
                self._spool.close()
                self._spool = None
            if self._database is not None:
                with self._reading:
                    self._note_end(self._database)
                    self._database.close()
                self._database = None

    def _note_end(self, database: Database) -> None:
        import sqlite3

        from nuncius.kernel.history.database import Busy

        if self._session is not None:
            with suppress(Busy, sqlite3.Error):
                database.end(self._session, _now())

    def reset(self, new_session: bool = True) -> None:
        """Begin a new session, as ``%reset`` does."""
        with self._lock:
            if new_session and self._spool is not None:
                self._merge()
                self._spool.close()
                self._spool = None
                self._session = None

    # -- asking

    def get_range(
        self,
        session: int = 0,
        start: int = 1,
        stop: int | None = None,
        raw: bool = True,
        output: bool = False,
    ) -> Iterable[Entry]:
        """Return cells of one session: 0 is this one, negative ones count back from it."""
        if session == 0:
            return self._range_here(start, stop, raw, output)

        def question(database: Database) -> list[Entry]:
            number = session
            if session < 0:
                earlier = database.last_sessions(self._session)
                if -session > len(earlier):
                    return []
                number = earlier[-session - 1]
            return database.range(number, start, stop, raw=raw, output=output)

        return self._ask(question, [])

    def _range_here(self, start: int, stop: int | None, raw: bool, output: bool) -> Iterable[Entry]:
        """Return cells of this session: those that are not in memory any more from the database."""
        first = self._here.first
        if start >= first:
            return self._here.get_range(0, start, stop, raw, output)
        if stop is not None and stop < 0:
            stop += len(self._here.input_hist_raw)
        end = first if stop is None else min(stop, first)

        def question(database: Database) -> list[Entry]:
            if self._session is None:
                return []
            return database.range(self._session, start, end, raw=raw, output=output)

        nothing: list[Entry] = []
        older = [(0, number, source) for _, number, source in self._ask(question, nothing)]
        return [*older, *self._here.get_range(0, first, stop, raw, output)]

    def recall(self, number: int, *, raw: bool) -> str:
        """Return a cell of this session that is not in memory any more, an empty text where it cannot be had."""
        found = list(self._range_here(number, number + 1, raw, output=False))
        return str(found[0][2]) if found else ""

    def get_range_by_str(
        self, rangestr: str, raw: bool = True, output: bool = False
    ) -> Iterator[Entry]:
        """Yield the cells that a text such as ``1-3 ~2/4`` names; all but the last of this session for an empty one."""
        if not rangestr.strip():
            yield from self._here.get_range(0, 1, -1, raw, output)
        for session, start, stop in ranges_of(rangestr):
            yield from self.get_range(session, start, stop, raw, output)

    def get_tail(
        self, n: int = 10, raw: bool = True, output: bool = False, include_latest: bool = False
    ) -> list[Entry]:
        """Return the last ``n`` cells of all sessions, oldest first; not the one that runs, unless ``include_latest``."""
        found = self._ask(
            lambda database: database.tail(n if include_latest else n + 1, raw=raw, output=output),
            None,
        )
        if found is None:
            return self._here.get_tail(n, raw, output, include_latest)
        if not include_latest and found and found[-1][0] == self._session:
            found = found[:-1]
        return found[-n:]

    def search(
        self,
        pattern: str = "*",
        raw: bool = True,
        search_raw: bool = True,
        output: bool = False,
        n: int | None = None,
        unique: bool = False,
    ) -> list[Entry]:
        """Return the cells of all sessions that match a glob, oldest first."""
        found = self._ask(
            lambda database: database.search(
                pattern, raw=raw, search_raw=search_raw, output=output, n=n, unique=unique
            ),
            None,
        )
        if found is None:
            return self._here.search(pattern, raw, search_raw, output, n, unique)
        return found

    def trim(self, keep: int) -> int:
        """Delete all but the last ``keep`` cells from the database; return how many went."""
        return self._ask(lambda database: database.trim(keep), 0)


def _log() -> Any:
    import logging

    return logging.getLogger(__name__)


def _is_broken(error: Exception) -> bool:
    """Tell whether a file is no database any more; a full disk or a locked file passes."""
    import sqlite3

    # those are errors of operation, a class of their own
    kinds = (sqlite3.OperationalError, sqlite3.IntegrityError, sqlite3.ProgrammingError)
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, kinds)


def _text_of(seconds: float) -> str:
    """Return a time since the epoch as `_now` has it."""
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _now() -> str:
    from nuncius.protocol.session import utc_now

    return utc_now()
