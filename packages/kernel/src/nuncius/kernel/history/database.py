"""Read and fill the history's SQLite file, in IPython's schema: tables ``sessions``, ``history`` and ``output_history``.

Rule 1: every operation is one short transaction; who finds the file locked waits a moment and gives up with `Busy`, and nothing is lost, because the spool still has it.
Rule 2: a file that is no database is moved aside, never deleted.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuncius.kernel.history.spool import Batch

__all__ = ["Busy", "Database", "Row"]

#: Session, line, and the source, or the source with its output.
Row = tuple[int, int, Any]

_SCHEMA = """\
CREATE TABLE IF NOT EXISTS sessions (session integer primary key autoincrement, start timestamp, end timestamp, num_cmds integer, remark text);
CREATE TABLE IF NOT EXISTS history (session integer, line integer, source text, source_raw text, PRIMARY KEY (session, line));
CREATE TABLE IF NOT EXISTS output_history (session integer, line integer, output text, PRIMARY KEY (session, line));
"""

#: Seconds to wait for another session that writes.
_PATIENCE = 1.0
#: The largest number that SQLite knows.
_LARGEST = (1 << 63) - 1


class Busy(Exception):
    """Another session holds the file; try again later."""


class Database:
    """The file.

    Args:
        path: Where it is; made if it is not there.

    Raises:
        OSError: It can be neither read nor made.
        Busy: Another session holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Where a broken file was moved to, None if it was not broken.
        self.moved_aside: Path | None = None
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                if "locked" in str(error):
                    raise Busy(str(error)) from None
                raise OSError(f"cannot open the history {path}: {error}") from None
            self._rename()
            self._connection = self._open()
        self._inode = self.path.stat().st_ino

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=_PATIENCE, check_same_thread=False)
        connection.isolation_level = None  # transactions are written out below
        try:
            connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def move_aside(self) -> None:
        """Close the file and give it another name, see `moved_aside`: it turned out to be broken.

        Where another session has done so meanwhile, its new file is left alone.

        Raises:
            OSError: The folder cannot be written.
        """
        self.close()
        if self.path.exists() and self.path.stat().st_ino == self._inode:
            self._rename()

    def _rename(self) -> None:
        name = f"{self.path.stem}-broken-{time.strftime('%Y%m%d-%H%M%S')}{self.path.suffix}"
        self.moved_aside = self.path.with_name(name)
        self.path.replace(self.moved_aside)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Busy(str(error)) from None
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def add(self, batch: Batch) -> int:
        """Put what a spool holds into the file; adding it twice changes nothing.

        Returns:
            The session's number.

        Raises:
            Busy: Another session holds the file.
            sqlite3.Error: The disk is full, or the file cannot be written.
        """
        with self._transaction() as connection:
            session = batch.session
            if session is None or not self._knows(session, batch.start):
                session = connection.execute(
                    "INSERT INTO sessions (start, remark) VALUES (?, '')", (batch.start,)
                ).lastrowid
                assert session is not None
            connection.executemany(
                "INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?)",
                [(session, *row) for row in batch.inputs],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO output_history VALUES (?, ?, ?)",
                [(session, *row) for row in batch.outputs],
            )
        return session

    def _knows(self, session: int, start: str) -> bool:
        """Tell whether that number is this session's: a file that was moved aside may have given it."""
        row = self._connection.execute("SELECT start FROM sessions WHERE session = ?", (session,))
        found = row.fetchone()
        return found is not None and found[0] == start

    def end(self, session: int, at: str) -> None:
        """Note when a session has ended, and how many cells it had.

        Raises:
            Busy: Another session holds the file.
        """
        with self._transaction() as connection:
            connection.execute(
                "UPDATE sessions SET end = ?, num_cmds = (SELECT count(*) FROM history WHERE history.session = sessions.session) WHERE session = ?",
                (at, session),
            )

    # -- reading

    def tail(self, n: int, *, raw: bool, output: bool) -> list[Row]:
        """Return the last ``n`` cells of all sessions, oldest first."""
        return self._rows("", (n,), raw, output, "ORDER BY session DESC, line DESC LIMIT ?")[::-1]

    def search(
        self,
        pattern: str,
        *,
        raw: bool,
        search_raw: bool,
        output: bool,
        n: int | None,
        unique: bool,
    ) -> list[Row]:
        """Return the cells that match a glob, oldest first."""
        column = "source_raw" if search_raw else "source"
        where = f"WHERE history.{column} GLOB ?"
        values: tuple[Any, ...] = (pattern,)
        tail = "ORDER BY session DESC, line DESC"
        if unique:
            tail = f"GROUP BY history.{column} HAVING max(session * 10000000 + line) {tail}"
        if n is not None:
            tail, values = f"{tail} LIMIT ?", (*values, n)
        return self._rows(where, values, raw, output, tail)[::-1]

    def range(
        self, session: int, start: int, stop: int | None, *, raw: bool, output: bool
    ) -> list[Row]:
        """Return cells of one session."""
        where, values = "WHERE session = ? AND line >= ?", (session, start)
        if stop is not None:
            where, values = f"{where} AND line < ?", (*values, stop)  # type: ignore[assignment]
        return self._rows(where, values, raw, output, "ORDER BY line")

    def last_sessions(self, before: int | None) -> list[int]:
        """Return the numbers of the sessions that have cells, newest first.

        Args:
            before: Leave out this session and those after it.
        """
        limit = before if before is not None else 1 << 62
        rows = self._connection.execute(
            "SELECT session FROM sessions WHERE session < ? ORDER BY session DESC", (limit,)
        )
        return [int(row[0]) for row in rows]

    def trim(self, keep: int) -> int:
        """Delete all but the last ``keep`` cells; return how many went."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "DELETE FROM history WHERE rowid NOT IN (SELECT rowid FROM history ORDER BY session DESC, line DESC LIMIT ?)",
                (keep,),
            )
            connection.execute(
                "DELETE FROM output_history WHERE NOT EXISTS (SELECT 1 FROM history WHERE history.session = output_history.session AND history.line = output_history.line)"
            )
        self._connection.execute("VACUUM")
        return cursor.rowcount

    def _rows(
        self, where: str, values: Sequence[Any], raw: bool, output: bool, tail: str
    ) -> list[Row]:
        column = "source_raw" if raw else "source"
        source, wanted = "history", f"session, line, history.{column}"
        if output:
            source = "history LEFT JOIN output_history USING (session, line)"
            wanted += ", output_history.output"
        within = [min(v, _LARGEST) if isinstance(v, int) else v for v in values]
        rows = self._connection.execute(f"SELECT {wanted} FROM {source} {where} {tail}", within)
        if output:
            return [(row[0], row[1], (row[2], row[3])) for row in rows]
        return [(row[0], row[1], row[2]) for row in rows]
