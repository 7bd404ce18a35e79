"""Say why a notebook cannot be given its parameters.

::

    NbConvertError
    └── PapermillException
        ├── PapermillMissingParameterException   a path needs a parameter that was not given
        ├── ParameterError                       (ValueError) a parameter cannot be read or written
        └── PapermillExecutionError              a cell raised; has the cell and the traceback
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nuncius.nbconvert.errors import NbConvertError

__all__ = [
    "PapermillException",
    "PapermillExecutionError",
    "PapermillMissingParameterException",
    "ParameterError",
]

_COLOR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class PapermillException(NbConvertError):
    """The base of what can go wrong with parameters; the name that papermill has."""


class PapermillMissingParameterException(PapermillException):
    """A path needs a parameter that was not given."""


class ParameterError(PapermillException, ValueError):
    """A parameter cannot be read, or cannot be written in the notebook's language."""


class PapermillExecutionError(PapermillException):
    """A cell raised.

    Attributes:
        cell_index: Its index from 0.
        exec_count: Its number.
        source: Its code.
        ename: The name of the exception's class.
        evalue: Its text.
        traceback: Lines, possibly with colors.
    """

    def __init__(
        self,
        cell_index: int,
        exec_count: int | None,
        source: str,
        ename: str,
        evalue: str,
        traceback: Sequence[str],
    ) -> None:
        self.cell_index, self.exec_count, self.source = cell_index, exec_count, source
        self.ename, self.evalue, self.traceback = ename, evalue, list(traceback)
        super().__init__(cell_index, exec_count, source, ename, evalue, self.traceback)

    def __str__(self) -> str:
        text = _COLOR.sub("", "\n".join(self.traceback)) or f"{self.ename}: {self.evalue}"
        return f'\n{"-" * 75}\nException encountered at "In [{self.exec_count}]":\n{text}\n'
