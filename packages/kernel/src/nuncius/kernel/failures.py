"""Show what went wrong, remember it for the reply and for ``%tb``, and let it go when the next cell has succeeded."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from nuncius.kernel import saying
from nuncius.kernel.errors import UsageError

__all__ = ["Failures", "letting_go", "text_of"]

#: Called with the shell, the exception's class, itself, its traceback, and ``tb_offset=``; returns the blocks to show, or None if it showed it itself.
Handler = Callable[..., Any]


def text_of(error: BaseException) -> str:
    """Return the text of an exception, whatever its ``__str__`` does."""
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - a broken __str__, or one that takes so long that it was interrupted
        return f"<{type(error).__name__} whose text cannot be made>"


class Failures:
    """The errors of one shell.

    Args:
        shell: Named to custom handlers; its ``_showtraceback`` shows the blocks, since extensions replace that.
        send: Sends a message to the frontends; False where there is none.
        options: With ``xmode`` and ``colors``.
        label: Gives the name to show for a file.

    Attributes:
        last: The name, the text and the blocks of the last error that was shown.
    """

    def __init__(
        self,
        shell: Any,
        send: Callable[[str, Mapping[str, Any]], bool],
        options: Any,
        label: Callable[[str], str],
    ) -> None:
        self._shell = shell
        self._send = send
        self._options = options
        self._label = label
        self._tracebacks: Any = None
        self.custom: tuple[type[BaseException], ...] = ()
        self._handler: Handler | None = None
        #: A handler may show the exception in the plain way, by the same means.
        self._handling = False
        self.last: tuple[str, str, list[str]] | None = None
        #: The cell that runs looks at the last exception: its success is no reason to let it go.
        self._stays = False

    @property
    def tracebacks(self) -> Any:
        """Formats exceptions; made when the first one is shown."""
        if self._tracebacks is None:
            from nuncius.kernel.traceback import CaptureOptions, Tracebacks
            from nuncius.kernel.traceback.formatter import is_kernel_frame

            made = Tracebacks(options=CaptureOptions(label=self._label, internal=is_kernel_frame))
            self._tracebacks = made
            # a configuration with a wrong name must not hide what cells raise
            for choose, name in (
                (made.set_mode, self._options.xmode),
                (made.set_theme, self._options.colors),
            ):
                try:
                    choose(name)
                except ValueError as error:
                    saying.complain(f"{error}\n")
        return self._tracebacks

    def set_custom(self, kinds: tuple[type[BaseException], ...], handler: Handler | None) -> None:
        """Have ``handler`` called for these exceptions.

        Raises:
            TypeError: ``kinds`` is no tuple.
        """
        if not isinstance(kinds, tuple):
            raise TypeError(f"expected a tuple of exception classes, got {kinds!r}")
        self.custom, self._handler = kinds, handler

    def show(
        self,
        error: BaseException,
        traceback: TracebackType | None = None,
        *,
        offset: int = 0,
        only: bool = False,
    ) -> None:
        """Show ``error``; never raises.

        Args:
            error: The exception.
            traceback: By default its own.
            offset: Frames to leave out at the start.
            only: Without any frames.
        """
        traceback = traceback or error.__traceback__
        if isinstance(error, UsageError):  # no error to be debugged: that before it stays
            self.last = ("UsageError", str(error), [f"UsageError: {error}"])
            self._shell.show_usage_error(error)  # extensions replace that, too
            return
        self._stays = False
        _keep(error, traceback)
        named = type(error).__name__, text_of(error)
        self.last = (*named, [])
        if type(error).__name__ == "BdbQuit":
            only = True  # the person left the debugger, and knows where
        blocks = self._blocks(error, traceback, offset, only)
        if blocks is not None:
            self.last = (*named, blocks)  # another thread may have forgotten it
            self._shell._showtraceback(type(error), error, blocks)  # noqa: SLF001 - see above

    def _blocks(
        self, error: BaseException, traceback: TracebackType | None, offset: int, only: bool
    ) -> list[str] | None:
        try:
            if self._handler is not None and not self._handling and isinstance(error, self.custom):
                return self._custom_blocks(error, traceback, offset)
            if only:
                return list(self.tracebacks.format_only(error))
            return list(self.tracebacks.format(error, traceback, offset=offset))
        except Exception as problem:  # noqa: BLE001 - the person must see something
            return [f"{type(error).__name__}: the traceback cannot be shown ({problem!r})"]

    def _custom_blocks(
        self, error: BaseException, traceback: TracebackType | None, offset: int
    ) -> list[str] | None:
        assert self._handler is not None
        self._handling = True
        try:
            blocks = self._handler(self._shell, type(error), error, traceback, tb_offset=offset)
        except Exception as problem:  # noqa: BLE001 - somebody else's handler
            self.custom, self._handler = (), None
            saying.complain(f"The exception handler failed, and is taken out: {problem!r}\n")
            return list(self.tracebacks.format(error, traceback))
        finally:
            self._handling = False
        if blocks is None:
            return None
        return [blocks] if isinstance(blocks, str) else list(blocks)

    def publish(self, name: str, text: str, blocks: list[str]) -> None:
        """Send the blocks to the frontends; print them where there is none."""
        saying.flush()
        content = {"ename": name, "evalue": text, "traceback": blocks}
        if not self._send("error", content):
            saying.say("\n".join(blocks) + "\n")

    def stay(self, wanted: bool = True) -> None:
        """Have the cell that runs leave the last exception where it is: it looks at it, and so may the next one."""
        self._stays = wanted

    def forget(self) -> None:
        """Let the last exception go, and with it what the variables in its frames hold."""
        if self._stays:
            self._stays = False
            return
        # hasattr(), where the answer is no, costs ten times as much; this runs for every cell.
        known = vars(sys)
        if "last_value" in known or "last_type" in known:
            with letting_go():
                for name in ("last_type", "last_value", "last_traceback", "last_exc"):
                    known.pop(name, None)
        self.last = None


@contextmanager
def letting_go() -> Iterator[None]:
    """Let an exception go without a warning of the coroutines that it kept from being awaited: who made them was told why."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* was never awaited", RuntimeWarning)
        yield


def _keep(error: BaseException, traceback: TracebackType | None) -> None:
    """Leave the exception where debuggers look for it."""
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, traceback
    if sys.version_info >= (3, 12):
        sys.last_exc = error
