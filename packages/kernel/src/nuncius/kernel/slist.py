"""Hold the output of a command: a list of lines that is also a text (``x = !ls``)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LSString", "SList"]


class LSString(str):
    """A text with its lines as ``.l``, as ``.n`` with new lines, as ``.s`` with spaces, as ``.p`` paths."""

    __slots__ = ()

    @property
    def l(self) -> Any:  # noqa: E743 - the name that people use
        """The lines."""
        return self.split("\n")

    list = l

    @property
    def nlstr(self) -> str:
        """The text itself."""
        return str(self)

    n = nlstr

    @property
    def spstr(self) -> str:
        """The lines, with spaces between them."""
        return self.replace("\n", " ")

    s = spstr

    @property
    def paths(self) -> Any:
        """The lines that are files, as paths."""
        return [Path(line) for line in self.split("\n") if Path(line).exists()]

    p = paths


class SList(list[str]):
    """A list of lines, with methods to pick from them."""

    @property
    def l(self) -> Any:  # noqa: E743 - the name that people use
        """The list itself."""
        return self

    list = l

    @property
    def nlstr(self) -> str:
        """The lines, with new lines between them."""
        return "\n".join(self)

    n = nlstr

    @property
    def spstr(self) -> str:
        """The lines, with spaces between them."""
        return " ".join(self)

    s = spstr

    @property
    def paths(self) -> Any:
        """The lines that are files, as paths."""
        return [Path(line) for line in self if Path(line).exists()]

    p = paths

    def grep(
        self,
        pattern: str | Callable[[str], Any],
        prune: bool = False,
        field: int | None = None,
    ) -> SList:
        """Return the lines that match.

        Args:
            pattern: A regular expression, without regard to case, or a function.
            prune: Return the others instead.
            field: Match this column, split at white space.
        """
        search: Callable[[str], Any] = (
            re.compile(pattern, re.IGNORECASE).search if isinstance(pattern, str) else pattern
        )

        def target(line: str) -> str:
            if field is None:
                return line
            columns = line.split()
            return columns[field] if -len(columns) <= field < len(columns) else ""

        return SList(line for line in self if bool(search(target(line))) != prune)

    def fields(self, *fields: int) -> Any:
        """Return the columns, split at white space: all of them as lists, or those named, joined."""
        if not fields:
            return [line.split() for line in self]
        picked = SList()
        for line in self:
            columns = line.split()
            if columns:
                found = [columns[i] for i in fields if -len(columns) <= i < len(columns)]
                if found:
                    picked.append(" ".join(found))
        return picked

    def sort(  # type: ignore[override]
        self, field: int | None = None, nums: bool = False
    ) -> SList:
        """Return the lines sorted, by a column, as numbers with ``nums``."""

        def key(line: str) -> Any:
            text = line
            if field is not None:
                columns: Sequence[str] = line.split()
                text = columns[field] if -len(columns) <= field < len(columns) else ""
            if not nums:
                return text
            digits = "".join(character for character in text if character.isdigit())
            return int(digits) if digits else 0

        return SList(sorted(self, key=key))
