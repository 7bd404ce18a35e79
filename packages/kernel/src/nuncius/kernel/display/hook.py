"""Show the value of an expression: format it, remember it in ``Out``, send it as ``execute_result``."""

from __future__ import annotations

import builtins
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from nuncius.kernel import saying
from nuncius.kernel.current import CURRENT_SHELL
from nuncius.kernel.display.capturing import captured_outputs
from nuncius.kernel.display.publish import DisplayPublisher, encode_binary, print_plain

if TYPE_CHECKING:
    from nuncius.kernel.results import ExecutionResult

__all__ = ["DisplayHook", "ends_with_semicolon"]

#: The hooks of the shells of this process whose cells run, the newest last.
_busy: list[DisplayHook] = []
#: What was ``sys.displayhook`` before the first of them.
_outer: list[Any] = []


def ends_with_semicolon(source: str) -> bool:
    """Tell whether the last thing in a cell, comments aside, is a semicolon: then its value is not shown."""
    if ";" not in source:
        return False
    stripped = source.rstrip()
    if stripped.endswith(";"):
        last_line = stripped[stripped.rfind("\n") + 1 :]
        if "#" not in last_line:
            return True
    import tokenize
    from io import StringIO

    last = ""
    try:
        for token in tokenize.generate_tokens(StringIO(source).readline):
            if token.type == tokenize.OP:
                last = token.string
            elif token.type in (tokenize.NAME, tokenize.NUMBER, tokenize.STRING):
                last = ""
    except (tokenize.TokenError, SyntaxError):
        return False
    return last == ";"


class DisplayHook:
    """The ``sys.displayhook`` of a shell.

    Args:
        shell: Whose values are shown: its formatter, namespace and counter are used.
        publisher: Sends them.
    """

    def __init__(self, shell: Any, publisher: DisplayPublisher) -> None:
        self.shell = shell
        self._publisher = publisher
        #: The number and the result of the cell that runs here; cells of subshells run at the same time.
        self.cell: ContextVar[tuple[int, ExecutionResult] | None] = ContextVar("cell", default=None)

        #: The cells that run, by `id`: a subshell's and the main one's may overlap.
        self._running: set[int] = set()

    def install(self, cell: object) -> None:
        """Be ``sys.displayhook`` until `uninstall`; a cell in another one leaves what is there in place."""
        if not self._running:
            if not _busy:
                _outer[:] = [sys.displayhook]
            _busy.append(self)
            sys.displayhook = self
        self._running.add(id(cell))

    def uninstall(self, cell: object) -> None:
        """Put back the hook that was there; the last cell of those that overlap does so."""
        self._running.discard(id(cell))
        if not self._running and self in _busy:
            _busy.remove(self)
            sys.displayhook = _busy[-1] if _busy else _outer[0]

    @property
    def prompt_count(self) -> int:
        """The number of the cell."""
        cell = self.cell.get()
        number: int = self.shell.execution_count if cell is None else cell[0]
        return number

    @property
    def exec_result(self) -> ExecutionResult | None:
        """The result that values belong to, while a cell runs."""
        cell = self.cell.get()
        return None if cell is None else cell[1]

    @property
    def exec_count(self) -> int:
        """The number of the cell."""
        return self.prompt_count

    def quiet(self) -> bool:
        """Tell whether the running cell ends with a semicolon."""
        inputs = self.shell.namespace.inputs
        return bool(inputs) and ends_with_semicolon(inputs[-1])

    def __call__(self, result: Any = None) -> None:
        """Show ``result``, unless it is None."""
        if result is None:
            return
        shell: Any = CURRENT_SHELL.get()
        if shell is not None and shell is not self.shell:
            shell.displayhook(result)  # cells of several shells run at the same time
            return
        if (captured := captured_outputs()) is not None:
            self._capture(result, captured)
            return
        if builtins.__dict__.get("_") is result and not callable(
            result
        ):  # set by Python's own hook, not by gettext
            del builtins._  # type: ignore[attr-defined]
        number = self.prompt_count
        self.shell.namespace.output.store(number, result)
        if (outcome := self.exec_result) is not None:
            outcome.result = result
        data, metadata = self.shell.display_formatter.format(result)
        if data:
            self.write(data, metadata)
        self.shell.note_output(number, data)

    def _capture(self, result: Any, outputs: list[dict[str, Any]]) -> None:
        """Keep a value for whoever captures the output."""
        data, metadata = self.shell.display_formatter.format(result)
        if data:
            outputs.append({"data": encode_binary(data), "metadata": metadata})

    def write(self, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Send a formatted value as the result of the cell."""
        content: dict[str, Any] = {
            "execution_count": self.prompt_count,
            "data": self._publisher.sendable(data),
            "metadata": metadata,
        }
        if not self._publisher.send("execute_result", content):
            saying.say(f"Out[{self.prompt_count}]: ")
            print_plain(content["data"])

    def flush(self) -> None:
        """Drop all values that are remembered."""
        self.shell.namespace.output.flush()

    def register_hook(self, hook: Any) -> None:
        """Have ``hook`` see the messages of this thread, as `DisplayPublisher.register_hook` does."""
        self._publisher.register_hook(hook)

    def unregister_hook(self, hook: Any) -> bool:
        """Undo `register_hook`."""
        return self._publisher.unregister_hook(hook)
