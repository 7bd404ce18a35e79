"""What was asked to run, and what came of it.

Both objects are handed to event callbacks (``pre_run_cell`` gets the first, ``post_run_cell`` the second), so their attribute names are those that extensions know.
"""

from __future__ import annotations

from typing import Any

from nuncius.protocol.values import Value

__all__ = ["ExecutionInfo", "ExecutionResult"]


class ExecutionInfo(Value, frozen=False):
    """A cell that is to run.

    Attributes:
        raw_cell: The source as it was typed.
        store_history: Whether it is counted and remembered.
        silent: Whether it leaves no trace: no result, no history, no events but the ``_execute`` ones.
        shell_futures: Whether its ``__future__`` imports hold for later cells.
        cell_id: Of the cell in a notebook.
        transformed_cell: The source as Python, None if the transformation failed.
        cell_meta: The metadata of the request.
    """

    __slots__ = ("__weakref__",)

    raw_cell: str
    store_history: bool = False
    silent: bool = False
    shell_futures: bool = True
    cell_id: str | None = None
    transformed_cell: str | None = None
    cell_meta: dict[str, Any] | None = None


class ExecutionResult(Value, frozen=False):
    """What came of a cell.

    Attributes:
        info: The cell.
        execution_count: Its number, None if it was not counted.
        error_before_exec: Why it did not run: it could not be transformed or compiled.
        error_in_exec: What it raised.
        result: The value that was displayed.
    """

    __slots__ = ("__weakref__",)

    info: ExecutionInfo | None = None
    execution_count: int | None = None
    error_before_exec: BaseException | None = None
    error_in_exec: BaseException | None = None
    result: Any = None

    @property
    def success(self) -> bool:
        """Whether the cell ran to its end."""
        return self.error_before_exec is None and self.error_in_exec is None

    def raise_error(self) -> None:
        """Raise the error, if there was one."""
        if self.error_before_exec is not None:
            raise self.error_before_exec
        if self.error_in_exec is not None:
            raise self.error_in_exec
