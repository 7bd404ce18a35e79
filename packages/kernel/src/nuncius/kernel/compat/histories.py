"""Read the history of all sessions without a shell: ``IPython.core.history.HistoryAccessor``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nuncius.kernel.history.manager import HistoryManager
from nuncius.kernel.past import SessionHistory

__all__ = ["HistoryAccessor", "HistoryOutput"]


@dataclass
class HistoryOutput:
    """An output of a cell.

    Attributes:
        output_type: ``display_data``, ``execute_result``, ``out_stream``, ``err_stream``.
        bundle: Its data by mime type.
    """

    output_type: str
    bundle: dict[str, str | list[str]]


class HistoryAccessor(HistoryManager):
    """The history in a file, for programs that only read it.

    Args:
        profile: The profile whose history it is; IPython's where we have none of that name.
        hist_file: The path of the file instead.
        **traits: Ignored.
    """

    def __init__(self, profile: str = "default", hist_file: str = "", **traits: Any) -> None:
        path = Path(hist_file) if hist_file else _file_of(profile)
        super().__init__(SessionHistory([""], [""], {}), path)

    def get_last_session_id(self) -> int | None:
        """Return the number of the last session in the file, None if there is none."""
        numbers = self._sessions()
        return numbers[0] if numbers else None

    def _sessions(self) -> list[int]:
        found: list[int] = self._ask(lambda database: database.last_sessions(None), [])
        return found

    def get_session_info(
        self, session: int
    ) -> tuple[int, datetime | None, datetime | None, int | None, str] | None:
        """Return a session's number, its beginning, its end, the number of its cells, and its remark.

        Args:
            session: Its number; negative ones count back from the last.
        """
        if session < 0:
            numbers = self._sessions()
            if -session > len(numbers):
                return None
            session = numbers[-session - 1]
        if self.hist_file is None or not self.hist_file.is_file():
            return None
        connection = sqlite3.connect(f"file:{self.hist_file}?mode=ro", uri=True)
        try:
            row = connection.execute(
                "SELECT session, start, end, num_cmds, remark FROM sessions WHERE session = ?",
                (session,),
            ).fetchone()
        finally:
            connection.close()
        if row is None:
            return None
        number, start, end, commands, remark = row
        return number, _time(start), _time(end), commands, remark or ""

    def get_range(
        self,
        session: int = 0,
        start: int = 1,
        stop: int | None = None,
        raw: bool = True,
        output: bool = False,
    ) -> Iterable[tuple[int, int, Any]]:
        """Return cells of one session; 0 is the last one in the file, negative ones count back from it."""
        if session <= 0:
            numbers = self._sessions()
            if -session >= len(numbers):
                return []
            session = numbers[-session]
        return super().get_range(session, start, stop, raw, output)


def _file_of(profile: str) -> Path:
    from nuncius.kernel.compat.functions import get_ipython_dir
    from nuncius.protocol.app.profile import find_profile

    try:
        ours = Path(find_profile(profile).folder) / "history.sqlite"
    except Exception:  # noqa: BLE001 - no such profile
        ours = Path()
    theirs = Path(get_ipython_dir()) / f"profile_{profile}" / "history.sqlite"
    return ours if ours.is_file() or not theirs.is_file() else theirs


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
