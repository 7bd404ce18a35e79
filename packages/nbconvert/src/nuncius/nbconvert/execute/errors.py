"""Say why a notebook did not run to its end.

::

    NbConvertError
    └── ExecuteError
        ├── CellControlSignal        a cell did not end as it should
        │   ├── CellExecutionError   it raised; has the cell, the name, the text and the traceback
        │   ├── CellTimeoutError     (TimeoutError) it took too long
        │   └── CellExecutionComplete    it is finished: says `NotebookClient.process_message`
        ├── DeadKernelError          (RuntimeError) the kernel is gone; says why
        ├── NoInput                  a cell asked for more input than there is
        └── JournalError             (ValueError) what is left of an earlier run cannot be used

The names are those of nbclient where it has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nuncius.nbconvert.errors import NbConvertError

__all__ = [
    "CellControlSignal",
    "CellExecutionComplete",
    "CellExecutionError",
    "CellTimeoutError",
    "DeadKernelError",
    "ExecuteError",
    "JournalError",
    "NoInput",
]


class ExecuteError(NbConvertError):
    """The base of what can go wrong in a run."""


class CellControlSignal(ExecuteError):
    """A cell did not end as it should."""


class CellExecutionComplete(CellControlSignal):
    """Everything of a cell has arrived."""


class CellTimeoutError(CellControlSignal, TimeoutError):
    """A cell took too long."""

    @classmethod
    def error_from_timeout_and_cell(
        cls, msg: str, timeout: float, cell: Mapping[str, Any] | None
    ) -> CellTimeoutError:
        """Return the error for a cell.

        Args:
            msg: What was waited for.
            timeout: Seconds.
            cell: The cell; long ones are shortened.
        """
        source = str(cell["source"]) if cell and cell["source"] else "(the cell is unknown)"
        return cls(f"A cell timed out after {timeout:g} seconds: {msg}.\n{_frame(_shortened(source))}")  # fmt: skip


class DeadKernelError(ExecuteError, RuntimeError):
    """The kernel is gone.

    Attributes:
        exit_code: As `subprocess.Popen.returncode`; None where unknown.
    """

    def __init__(self, message: str = "the kernel died", exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class NoInput(ExecuteError):
    """A cell asked for more input than there is."""


class JournalError(ExecuteError, ValueError):
    """What is left of an earlier run cannot be used."""


class CellExecutionError(CellControlSignal):
    """A cell raised.

    Attributes:
        traceback: The cell, what it wrote and the traceback, as one text.
        ename: The name of the exception's class, in the kernel's language.
        evalue: Its text.
    """

    def __init__(self, traceback: str, ename: str, evalue: str) -> None:
        super().__init__(traceback)
        self.traceback, self.ename, self.evalue = traceback, ename, evalue

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.traceback, self.ename, self.evalue)

    def __str__(self) -> str:
        return self.traceback or f"{self.ename}: {self.evalue}"

    @classmethod
    def from_cell_and_msg(
        cls, cell: Mapping[str, Any], msg: Mapping[str, Any]
    ) -> CellExecutionError:
        """Return the error of a cell.

        Args:
            cell: The cell, with its outputs.
            msg: The content of the reply, or of the message ``error``.
        """
        written = [
            f"----- {output['name']} -----\n{str(output['text']).rstrip()}\n"
            for output in cell.get("outputs", ())
            if output["output_type"] == "stream"
        ]
        lines: Sequence[str] = msg.get("traceback") or ()
        ename, evalue = str(msg.get("ename", "<Error>")), str(msg.get("evalue", ""))
        trace = "\n".join(lines) or f"{ename}: {evalue}"
        text = f"This cell raised an exception:\n{_frame(str(cell['source']))}\n{''.join(written)}{trace}\n"  # fmt: skip
        return cls(text, ename, evalue)


def _frame(text: str) -> str:
    line = "-" * 18
    return f"{line}\n{text}\n{line}\n"


def _shortened(source: str) -> str:
    lines = source.strip().split("\n")
    return "\n".join(lines if len(lines) < 11 else [*lines[:5], "...", *lines[-5:]])
