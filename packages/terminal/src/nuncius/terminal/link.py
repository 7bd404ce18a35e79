"""What the shell needs of a kernel, wherever the kernel runs.

Two classes offer it: `nuncius.terminal.inprocess.InProcessLink` and `nuncius.terminal.remote.RemoteLink`. The shell knows only this.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from nuncius.protocol.client.exchange import Input
    from nuncius.protocol.client.execution import ExecutionResult
    from nuncius.protocol.messages import Message

__all__ = ["Link"]

T = TypeVar("T")


class Link(Protocol):
    """A kernel behind a prompt."""

    #: Whether the kernel is the shell's own.
    owned: bool
    #: Whether it can go on when the shell has ended.
    can_outlive_shell: bool
    #: Whether it can be started anew.
    can_restart: bool
    #: Whether it runs in the shell's process, with the shell's terminal.
    shares_terminal: bool
    #: Whether programs that it starts may run here, in the shell's terminal.
    lends_terminal: bool

    @property
    def info(self) -> Mapping[str, Any]:
        """The content of ``kernel_info_reply``."""
        ...

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run the prompt on the event loop on which the user's own tasks go on meanwhile."""
        ...

    def execute(
        self,
        code: str,
        *,
        silent: bool = False,
        on_output: Callable[[Message], None],
        on_input: Callable[[Input], str],
    ) -> ExecutionResult:
        """Run a cell to its end. Ctrl-C interrupts the cell, not the shell.

        Args:
            code: The source.
            silent: It is not counted and not remembered, and its value is not shown.
            on_output: Called with what the cell publishes, on this thread.
            on_input: Answers its questions, on this thread.

        Raises:
            KernelDied: The kernel is gone.
        """
        ...

    def evaluate(self, expression: str) -> Mapping[str, Any]:
        """Have the kernel evaluate an expression; return its answer, as in ``user_expressions`` of ``execute_reply``.

        Raises:
            KernelDied: The kernel is gone.
            KernelTimeout: It is busy.
        """
        ...

    def judge(self, code: str) -> tuple[str, str]:
        """Tell whether a cell is complete: the status and the indentation of ``is_complete_reply``. Quick: it runs at each Enter."""
        ...

    async def complete(self, code: str, position: int) -> Mapping[str, Any]:
        """Return the content of ``complete_reply``; an empty one when the kernel takes too long."""
        ...

    async def complete_in_debugger(self, code: str, position: int) -> Mapping[str, Any]:
        """Return the content of ``complete_reply`` while a debugger waits: of the frame that is selected in it."""
        ...

    async def inspect(self, code: str, position: int) -> Mapping[str, Any]:
        """Return the content of ``inspect_reply``; an empty one when the kernel takes too long."""
        ...

    async def past(self, most: int) -> Sequence[str]:
        """Return the last inputs, oldest first."""
        ...

    async def find(self, pattern: str, most: int) -> Sequence[str]:
        """Return the last inputs that are like a pattern with ``*``, oldest first."""
        ...

    def watch_others(self, on_output: Callable[[Message], None]) -> None:
        """Have what belongs to no cell of this shell handed over: output of other frontends, and of background threads."""
        ...

    def restart(self) -> None:
        """Start the kernel anew.

        Raises:
            KernelError: It is not ours to restart, or did not come up.
        """
        ...

    def close(self, *, stop_kernel: bool) -> None:
        """Leave the kernel.

        Args:
            stop_kernel: End it as well.
        """
        ...
