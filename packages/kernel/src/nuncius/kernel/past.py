"""Remember the cells of this session in memory: the history of a shell that keeps none on disk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["SessionHistory", "ranges_of"]

#: Session, number, and the source or the source with its output.
Entry = tuple[int, int, Any]


_RANGE = re.compile(r"(?:(~?\d+)/)?(\d+)?(?:([-:])(?:(~?\d+)/)?(\d+)?)?")


def ranges_of(text: str) -> Iterator[tuple[int, int, int | None]]:
    """Yield the ranges that a text such as ``1-3 ~2/4 7:9 ~1/ ~3/2-~1/4`` names: session, first line, line after the last.

    Sessions count from this one, 0, backwards: -2 is the one before the last. A range may go over several sessions. A text that is no range ends the reading.
    """
    for word in text.split():
        match = _RANGE.fullmatch(word)
        if match is None:
            return
        session_text, first_text, mark, end_text, last_text = match.groups()
        if session_text is None and first_text is None:
            return
        session = _session(session_text)
        first = int(first_text or 1)
        if mark is None:
            last = first + 1 if first_text else None
        else:
            last = None if last_text is None else int(last_text) + (mark == "-")
        end = session if end_text is None else _session(end_text)
        for between in range(session, end):
            yield between, first, None
            first = 1
        if end >= session:
            yield end, first, last


def _session(text: str | None) -> int:
    """Return the number of a session: ``~2`` is -2."""
    return int((text or "0").replace("~", "-"))


class SessionHistory:
    """The cells of one session.

    Args:
        raw: As typed; index 0 is not used.
        parsed: As Python.
        outputs: The text of their values, by their numbers.
    """

    session_number = 0

    def __init__(
        self, raw: Sequence[str], parsed: Sequence[str], outputs: Mapping[int, str | None]
    ) -> None:
        self.input_hist_raw = raw
        self.input_hist_parsed = parsed
        self.output_hist_reprs = outputs

    @property
    def first(self) -> int:
        """The number of the first cell that is in memory."""
        return int(getattr(self.input_hist_raw, "first", 1))

    def get_range(
        self,
        session: int = 0,
        start: int = 1,
        stop: int | None = None,
        raw: bool = True,
        output: bool = False,
    ) -> Iterator[Entry]:
        """Yield cells; there are none of other sessions."""
        sources = self.input_hist_raw if raw else self.input_hist_parsed
        if session != 0:
            return
        for number in range(*slice(max(start, 1), stop).indices(len(sources))):
            source = sources[number].rstrip("\n")
            yield 0, number, (source, self.output_hist_reprs.get(number)) if output else source

    def get_range_by_str(
        self, rangestr: str, raw: bool = True, output: bool = False
    ) -> Iterator[Entry]:
        """Yield the cells that a text names; all but the last for an empty one."""
        if not rangestr.strip():
            yield from self.get_range(0, 1, -1, raw, output)
        for session, start, stop in ranges_of(rangestr):
            yield from self.get_range(session, start, stop, raw, output)

    def get_tail(
        self, n: int = 10, raw: bool = True, output: bool = False, include_latest: bool = False
    ) -> list[Entry]:
        """Return the last ``n`` cells; not the one that runs, unless ``include_latest``."""
        cells = list(self.get_range(0, 1, None if include_latest else -1, raw, output))
        return cells[-n:] if n else cells

    def search(
        self,
        pattern: str = "*",
        raw: bool = True,
        search_raw: bool = True,
        output: bool = False,
        n: int | None = None,
        unique: bool = False,
    ) -> list[Entry]:
        """Return the cells that match a glob."""
        from fnmatch import fnmatchcase

        sources = self.input_hist_raw if search_raw else self.input_hist_parsed
        found = [
            entry
            for entry in self.get_range(0, 1, None, raw, output)
            if fnmatchcase(sources[entry[1]], pattern)
        ]
        if unique:
            found = list({entry[2]: entry for entry in found}.values())
        return found if n is None else found[-n:]
