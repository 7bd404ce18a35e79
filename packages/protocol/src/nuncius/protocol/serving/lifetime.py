"""The kernel's own beginning and end: an error in them is noted, and ends nothing; Ctrl-C ends what takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuncius.protocol.kernel import Kernel, KernelIO
    from nuncius.protocol.serving.answer import Outcome
    from nuncius.protocol.serving.interrupts import Interrupts
    from nuncius.protocol.serving.notes import Notes

__all__ = ["Lifetime"]


class Lifetime:
    """Starts a kernel, and shuts it down.

    Args:
        kernel: The kernel.
        interrupts: Those of the main thread.
        notes: Where errors are reported.

    Attributes:
        loaded: Called once, when the kernel is prepared or cannot be: what follows is the person's own.
    """

    def __init__(self, kernel: Kernel, interrupts: Interrupts, notes: Notes) -> None:
        self._kernel = kernel
        self._interrupts = interrupts
        self._notes = notes
        self.loaded: Callable[[], None] | None = None

    def begin(self, prepared: Callable[[], bool], make_io: Callable[[], KernelIO]) -> None:
        """Have the kernel get ready for cells.

        Args:
            prepared: Called in between; tells whether to go on.
            make_io: Makes what it can say something with.
        """
        try:
            # An interrupt that comes now was meant for nothing: half a kernel must not be the outcome.
            try:
                self._kernel.prepare()
            finally:
                if self.loaded is not None:
                    self.loaded()
            if prepared():
                self._interruptibly(lambda: self._kernel.start(make_io()))
        except BaseException as error:  # noqa: BLE001 - a broken start-up file must not end the kernel
            self.report("the kernel's start", error)

    def end(self, *, restart: bool) -> None:
        """Shut the kernel down."""
        try:
            # Who cannot wait for the end may press Ctrl-C.
            self._interruptibly(lambda: self._shutdown(restart))
        except KeyboardInterrupt:
            self._notes.say("end", "the kernel's shutdown was interrupted")
        except BaseException as error:  # noqa: BLE001 - as above
            self.report("the kernel's shutdown", error)

    def _shutdown(self, restart: bool) -> None:
        ended = self._kernel.shutdown(restart=restart)
        if ended is not None:
            import asyncio

            asyncio.run(_await(ended))

    def _interruptibly(self, action: Callable[[], Outcome]) -> Outcome:
        """Do what an interrupt may end with `KeyboardInterrupt`. When this returns or raises, no other one can come: whoever handles the first is not hit by a second."""
        interrupts = self._interrupts
        try:
            try:
                interrupts.armed = True
                return action()
            finally:
                interrupts.armed = False
        except KeyboardInterrupt:
            # It may have come just before the line above.
            interrupts.armed = False
            raise

    def report(self, what: str, error: BaseException) -> None:
        """Note an error that belongs to no request."""
        import traceback

        text = "".join(traceback.format_exception(error))
        self._notes.say(what, f"{what} failed: {text}")


async def _await(awaitable: Any) -> Any:
    return await awaitable
