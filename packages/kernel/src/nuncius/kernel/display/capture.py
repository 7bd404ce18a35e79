"""Keep the output of a block of code instead of showing it: ``with capture_output() as captured``."""

from __future__ import annotations

import sys
from io import StringIO
from typing import TYPE_CHECKING, Any

from nuncius.kernel.current import get_shell
from nuncius.kernel.display.capturing import Capture, begin, end
from nuncius.kernel.display.publish import encode_binary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

__all__ = [
    "CapturedIO",
    "CapturingDisplayHook",
    "CapturingDisplayPublisher",
    "RichOutput",
    "capture_output",
]


class RichOutput:
    """One captured mime bundle; showing it shows what was captured."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        transient: Mapping[str, Any] | None = None,
        update: bool = False,
    ) -> None:
        self.data = dict(data or {})
        self.metadata = dict(metadata or {})
        self.transient = dict(transient or {})
        self.update = update

    def display(self) -> None:
        """Show it."""
        from nuncius.kernel.display.functions import publish_display_data

        publish_display_data(self.data, self.metadata, transient=self.transient, update=self.update)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self.data, self.metadata

    def __repr__(self) -> str:
        return str(self.data.get("text/plain", "<RichOutput>"))


class CapturedIO:
    """What a block of code put out.

    Attributes:
        outputs: Its rich output, a list of `RichOutput`.
    """

    def __init__(
        self,
        stdout: StringIO | None,
        stderr: StringIO | None,
        outputs: list[dict[str, Any]] | None = None,
    ) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._outputs = outputs if outputs is not None else []

    @property
    def stdout(self) -> str:
        """What was printed."""
        return self._stdout.getvalue() if self._stdout else ""

    @property
    def stderr(self) -> str:
        """What was printed to ``sys.stderr``."""
        return self._stderr.getvalue() if self._stderr else ""

    @property
    def outputs(self) -> list[RichOutput]:
        """What was displayed."""
        return [RichOutput(**arguments) for arguments in self._outputs]

    def __str__(self) -> str:
        return self.stdout

    def show(self) -> None:
        """Put it all out again."""
        sys.stdout.write(self.stdout)
        sys.stderr.write(self.stderr)
        for output in self.outputs:
            output.display()

    __call__ = show


class CapturingDisplayPublisher:
    """Keeps what is displayed in `outputs`."""

    def __init__(self, outputs: list[dict[str, Any]] | None = None) -> None:
        self.outputs: list[dict[str, Any]] = outputs if outputs is not None else []

    def publish(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        source: Any = None,
        *,
        transient: Mapping[str, Any] | None = None,
        update: bool = False,
        **kwargs: Any,
    ) -> None:
        """Keep a mime bundle."""
        self.outputs.append(
            {
                "data": encode_binary(data),
                "metadata": dict(metadata or {}),
                "transient": dict(transient or {}),
                "update": update,
            }
        )

    def clear_output(self, wait: bool = False) -> None:
        """Forget what was kept."""
        self.outputs.clear()


class CapturingDisplayHook:
    """Keeps the values of expressions in `outputs`."""

    def __init__(self, shell: Any, outputs: list[dict[str, Any]] | None = None) -> None:
        self.shell = shell
        self.outputs: list[dict[str, Any]] = outputs if outputs is not None else []

    def __call__(self, result: Any = None) -> None:
        """Keep a value."""
        if result is None:
            return
        data, metadata = self.shell.display_formatter.format(result)
        if data:
            self.outputs.append({"data": encode_binary(data), "metadata": metadata})


class capture_output:  # noqa: N801 - the name that people use
    """Capture what a ``with`` block puts out, and the tasks and threads that it starts.

    Args:
        stdout: Capture ``sys.stdout``.
        stderr: Capture ``sys.stderr``.
        display: Capture rich output and values.
    """

    def __init__(self, stdout: bool = True, stderr: bool = True, display: bool = True) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.display = display

    def __enter__(self) -> CapturedIO:
        self._shell: Any = get_shell() if self.display else None
        out = StringIO() if self.stdout else None
        err = StringIO() if self.stderr else None
        outputs: list[dict[str, Any]] | None = None if self._shell is None else []
        self._capture = Capture(out, err, outputs)
        begin(self._capture)
        if self._shell is not None:
            self._shell.displayhook.install(self)
        return CapturedIO(out, err, outputs)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end(self._capture)
        if self._shell is not None:
            self._shell.displayhook.uninstall(self)
